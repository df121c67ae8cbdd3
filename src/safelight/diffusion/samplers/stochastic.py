"""Samplers that throw in fresh noise: step down below the next sigma, then climb back to it with new noise.

    sigma_up^2 = eta^2 * s_next^2 * (s^2 - s_next^2) / s^2,        sigma_down^2 = s_next^2 - sigma_up^2
    x_next = D + sigma_down * eps + sigma_up * z,                  eps = (x - D) / s

This is DDIM's equation 12 with its sigma_t of equation 16 (Song et al. 2020, arXiv 2010.02502) divided by
sqrt(abar). Written with sigmas, three samplers known under different names turn out to be one step:

    euler_a(eta) = ddim(eta),       ddpm = ddim(eta = 1)

What sets them apart is where they start, where they stop and which ladder they usually take (__init__.py).
Read next: multistep.py.
"""

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, steps

__all__ = ["ddim", "ddpm", "euler_a"]


def ddim(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Denoising diffusion implicit models, arXiv 2010.02502, eq. 12: eta 0 needs no noise, eta 1 is `ddpm`."""
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        eps = (x - denoised) / s
        up = eta * s_next * _root(1 - (s_next / s) ** 2)
        down = _root(s_next**2 - up**2)
        x = denoised + down * eps + _fresh(noise, up, s, s_next, x)
    return x


def euler_a(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """Euler with ancestral noise, k-diffusion's `sample_euler_ancestral`: an Euler step to sigma_down, then up again.

    D + sigma_down * eps is where an Euler step from s to sigma_down leads, so this is `ddim` with another eta.
    """
    return (yield from ddim(x, sigmas, noise, eta))


def ddpm(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """Draw from the posterior q(x_next | x, D), arXiv 2006.11239, eq. 6-7, whose variance is the paper's beta-tilde.

    In sigmas the posterior is two lines: D and x are mixed by how much of the noise remains. It has no eta to choose.
    """
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        remains = (s_next / s) ** 2
        mean = remains * x + (1 - remains) * denoised
        x = mean + _fresh(noise, s_next * _root(1 - remains), s, s_next, x)
    return x


def _root(square: float) -> float:
    """Square root of what rounding may leave just below 0, where Python would answer with a complex number."""
    return max(0.0, square) ** 0.5


def _fresh(noise: NoiseSource | None, amount: float, s: float, s_next: float, x: Tensor) -> Tensor | float:
    """Noise of standard deviation `amount`; none is drawn where none is wanted, as at the end of a ladder."""
    if amount == 0:
        return 0.0
    if noise is None:
        raise ValueError("this sampler adds noise: give it a source of noise, or eta=0")
    return amount * noise(s, s_next).to(x)
