"""Samplers that throw in fresh noise: step down below the next sigma, then climb back to it with new noise.

    x_next = D + sigma_down * eps + sigma_up * z,                  eps = (x - D) / s

(sigma_down and sigma_up: noising.py.) This is DDIM's equation 12 (Song et al. 2020, arXiv 2010.02502) divided by
sqrt(abar). Written with sigmas, three samplers known under different names turn out to be one step:

    euler_a(eta) = ddim(eta),       ddpm = ddim(eta = 1)

What sets them apart is where they start, where they stop and which ladder they usually take (__init__.py). `dpm2_a`
and `dpmpp_2s_a` go down by a step of order 2, through the middle, before they climb.
Read next: sde.py, multistep.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, steps
from safelight.diffusion.samplers.noising import ancestral, fresh, root

__all__ = ["ddim", "ddpm", "dpm2_a", "dpmpp_2s_a", "euler_a"]


def ddim(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Denoising diffusion implicit models, arXiv 2010.02502, eq. 12: eta 0 needs no noise, eta 1 is `ddpm`."""
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        eps = (x - denoised) / s
        down, up = ancestral(s, s_next, eta)
        x = denoised + down * eps + fresh(noise, up, s, s_next, x)
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
        x = mean + fresh(noise, s_next * root(1 - remains), s, s_next, x)
    return x


def dpm2_a(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """`dpm2` with ancestral noise, k-diffusion's `sample_dpm_2_ancestral`: two questions a step."""
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        d = (x - denoised) / s
        down, up = ancestral(s, s_next, eta)
        if down > 0:
            middle = math.sqrt(s * down)
            halfway = x + d * (middle - s)
            d = (halfway - (yield halfway, middle)) / middle
        x = x + d * (down - s) + fresh(noise, up, s, s_next, x)
    return x


def dpmpp_2s_a(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """DPM-Solver++(2S), arXiv 2211.01095, algorithm 1 with r = 1/2, and ancestral noise: two questions a step.

    The slope of the whole step is D halfway down, halfway in lambda = -log(sigma).
    """
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        down, up = ancestral(s, s_next, eta)
        if down > 0:
            middle = math.sqrt(s * down)
            u = middle / s * x + (1 - middle / s) * denoised
            denoised = yield u, middle
        x = down / s * x + (1 - down / s) * denoised + fresh(noise, up, s, s_next, x)
    return x
