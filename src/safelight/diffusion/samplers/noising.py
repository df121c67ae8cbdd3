"""What noisy samplers share: how much noise to leave, how much to add, and where it comes from.

    sigma_up^2 = eta^2 * s_next^2 * (s^2 - s_next^2) / s^2,        sigma_down^2 = s_next^2 - sigma_up^2

A step goes down to sigma_down, below the next rung, and climbs back to it with new noise of size sigma_up (Song et
al. 2020, arXiv 2010.02502, eq. 16, divided by sqrt(abar)).

Letters: s, s_next the sigmas of a step. Read next: stochastic.py.
"""

from torch import Tensor

from safelight.diffusion.noise import NoiseSource

__all__ = ["ancestral", "fresh", "root"]


def ancestral(s: float, s_next: float, eta: float) -> tuple[float, float]:
    """Return (sigma_down, sigma_up) of a step from `s` to `s_next` that draws the share `eta`, 0..1, anew."""
    up = eta * s_next * root(1 - (s_next / s) ** 2)
    return root(s_next**2 - up**2), up


def root(square: float) -> float:
    """Square root of what rounding may leave just below 0, where Python would answer with a complex number."""
    return max(0.0, square) ** 0.5


def fresh(noise: NoiseSource | None, amount: float, s: float, s_next: float, x: Tensor) -> Tensor | float:
    """Noise of standard deviation `amount`; none is drawn where none is wanted, as at the end of a ladder."""
    if amount == 0:
        return 0.0
    if noise is None:
        raise ValueError("this sampler adds noise: give it a source of noise, or eta=0")
    return amount * noise(s, s_next).to(x)
