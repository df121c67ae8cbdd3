"""Samplers without a memory: each step looks only at where it stands. They solve dx/dsigma = (x - D(x; sigma)) / sigma.

Karras et al. 2022 (arXiv 2206.00364), algorithm 1, without churn. Read next: stochastic.py.
"""

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, derivative, steps

__all__ = ["euler", "heun"]


def euler(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Walk straight along the slope: order 1, one question a step. DDIM with eta 0 is this, in other coordinates."""
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        x = x + d * (s_next - s)
    return x


def heun(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Try an Euler step, then walk along the mean of the slopes at both of its ends: order 2, two questions a step."""
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        if s_next > 0:  # at sigma 0 there is no slope, and no noise to look for
            d_next = yield from derivative(x + d * (s_next - s), s_next)
            d = (d + d_next) / 2
        x = x + d * (s_next - s)
    return x
