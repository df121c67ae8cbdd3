"""Samplers of distilled models, whose D jumps to the end of the flow in one go: jump, add noise, jump again.

    lcm:  x_next = D + s_next z
    tcd:  x_next = D + sigma_r eps + sqrt(s_next^2 - sigma_r^2) z,      eps = (x - D) / s

They work with any network, but only one that was distilled for it makes good pictures in four steps.
Letters: s, s_next the sigmas of a step, r where TCD walks to. Read next: restart.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, steps
from safelight.diffusion.samplers.noising import fresh, root
from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["lcm", "tcd"]

_V1 = NoiseSchedule()


def lcm(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Multistep consistency sampling (Song et al. 2023, arXiv 2303.01469, algorithm 1; LCM, arXiv 2310.04378).

    The boundary terms c_skip and c_out of the paper are 0 and 1 to within 1e-5 from t = 20 on, and left out.
    """
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        x = denoised + fresh(noise, s_next, s, s_next, x)
    return x


def tcd(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.3) -> Sampling:
    """Trajectory consistency distillation, strategic stochastic sampling (Zheng et al. 2024, arXiv 2402.19159, alg. 4).

    eta is the paper's gamma: walk to the training step r = (1 - eta) t_next (of Stable Diffusion v1's schedule), then
    climb back with new noise. 0 is DDIM, 1 nearly `lcm`.
    """
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        r = min(_below(s_next, eta), s_next)
        x = denoised + (x - denoised) * (r / s) + fresh(noise, root(s_next**2 - r**2), s, s_next, x)
    return x


def _below(s_next: float, eta: float) -> float:
    """The sigma at the whole training step below the share 1 - eta of t(s_next); s_next itself without noise."""
    if eta == 0 or s_next <= float(_V1.sigmas[0]):
        return s_next
    t = (1 - eta) * float(_V1.t(s_next))
    return float(_V1.sigmas[math.floor(t + 1e-4)])  # rounding must not make 343 a 342
