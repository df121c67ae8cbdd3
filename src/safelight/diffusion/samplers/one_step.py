"""Samplers without a memory: each step looks only at where it stands. They solve dx/dsigma = (x - D(x; sigma)) / sigma.

Karras et al. 2022 (arXiv 2206.00364), algorithm 1, without churn. Read next: stochastic.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, derivative, steps

__all__ = ["dpm2", "euler", "heun", "heunpp2"]


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


def dpm2(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Walk halfway in log sigma, then the whole step along the slope found there: order 2, two questions a step.

    k-diffusion's `sample_dpm_2`, made after DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927) and the midpoint rule of
    arXiv 2206.00364.
    """
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        if s_next > 0:
            middle = math.sqrt(s * s_next)
            d = yield from derivative(x + d * (middle - s), middle)
        x = x + d * (s_next - s)
    return x


def heunpp2(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Look two steps ahead and mix the slopes, the later the less (sd-webui-samplers-scheduler, no paper).

    The weights of the slopes ahead are their sigmas over 2 or 3 times the first of the ladder, so this is close to
    Euler where noise is low: order 1, three questions a step.
    """
    first, ladder = float(sigmas[0]), sigmas.tolist()
    for i, (s, s_next) in enumerate(steps(sigmas)):
        d = yield from derivative(x, s)
        if i + 2 < len(ladder):  # the last step is Euler's, as if s_next were 0
            ahead = x + d * (s_next - s)
            d_next = yield from derivative(ahead, s_next)
            if i + 3 < len(ladder):
                s_far = ladder[i + 2]
                d_far = yield from derivative(ahead + d_next * (s_far - s_next), s_far)
                w_next, w_far = s_next / (3 * first), s_far / (3 * first)
                d = (1 - w_next - w_far) * d + w_next * d_next + w_far * d_far
            else:
                w_next = s_next / (2 * first)
                d = (1 - w_next) * d + w_next * d_next
        x = x + d * (s_next - s)
    return x
