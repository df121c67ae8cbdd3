"""CFG++ (Chung et al. 2024, arXiv 2406.08070, algorithm 2): walk to the guided picture, but with the unguided noise.

    x_next = D + sigma_down * eps_u + sigma_up z,               eps_u = (x - D_u) / s

Guidance moves D, the place that a step aims at; the noise that is put back is what the network sees without a prompt,
so a step does not leave the manifold of noisy pictures. The scale is then a share: 0 to 1 in the paper, and the
denoised latent is D = D_u + scale * (D_pos - D_u) as ever. ComfyUI takes the scale as it is, as do we;
AUTOMATIC1111 divides it by 12.5.

Each asks for both answers (asking.py, AskBoth). Letters: s, s_next the sigmas of a step. Read next: __init__.py.
"""

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, ask_both, steps
from safelight.diffusion.samplers.noising import ancestral, fresh

__all__ = ["ddim_cfgpp", "euler_a_cfgpp", "euler_cfgpp"]


def ddim_cfgpp(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """`ddim` with CFG++: one question for both answers a step."""
    for s, s_next in steps(sigmas):
        denoised, unguided = yield from ask_both(x, s)
        down, up = ancestral(s, s_next, eta)
        x = denoised + (x - unguided) * (down / s) + fresh(noise, up, s, s_next, x)
    return x


def euler_cfgpp(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """`euler` with CFG++: that is `ddim_cfgpp` without noise, from where and to where Euler goes."""
    return (yield from ddim_cfgpp(x, sigmas, None, 0.0))


def euler_a_cfgpp(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """`euler_a` with CFG++: `ddim_cfgpp` with ancestral noise."""
    return (yield from ddim_cfgpp(x, sigmas, noise, eta))
