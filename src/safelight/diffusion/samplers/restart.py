"""Restart sampling (Xu et al. 2023, arXiv 2306.14878, algorithm 1): walk down, jump back up with new noise, walk again.

    x at t_max = x at t_min + sqrt(t_max^2 - t_min^2) z

The noise of a jump contracts what errors had gathered, and between jumps the steps are Heun's, of order 2.
Read next: guided.py.
"""

from itertools import pairwise

import torch
from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, steps
from safelight.diffusion.samplers.noising import fresh, root
from safelight.diffusion.samplers.one_step import heun

__all__ = ["restart"]

T_MIN, T_MAX = 0.1, 2.0


def restart(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Restart between sigma 0.1 and 2, as AUTOMATIC1111 does: n steps of Heun in all, n from 20 on.

    From 20 steps one restart of 9 steps, from 36 two of n // 4 each; they and what remains of the n steps stand on
    `karras` ladders. Below 20 steps it is `heun` on the ladder that is given. Two questions a step.
    """
    for s, s_next, z in _plan(sigmas):
        x = x + fresh(noise, z, root(s**2 - z**2), s, x)
        x = yield from heun(x, torch.tensor([s, s_next], dtype=torch.float64))
    return x


def _plan(sigmas: Tensor) -> list[tuple[float, float, float]]:
    """The steps (from, to, noise added before) that the ladder `sigmas` (n + 1,) is exchanged for."""
    n, end = len(sigmas) - 1, float(sigmas[-1])
    if n < 20:
        return [(s, s_next, 0.0) for s, s_next in steps(sigmas)]
    length, times = (n // 4, 2) if n >= 36 else (9, 1)
    # A ladder that stops above 0 keeps its own last rung in the place of the 0.
    down = [*_karras(n - length * times, float(sigmas[0]), float(sigmas[-2])), end]
    low = min(range(len(down)), key=lambda i: abs(down[i] - T_MIN))
    high = min(range(len(down)), key=lambda i: abs(down[i] - T_MAX))
    plan = [(s, s_next, 0.0) for s, s_next in pairwise(down)]
    if not (high < low and down[low] > 0):
        return plan
    again = list(pairwise(_karras(length + 1, down[high], down[low])))
    jump = root(down[high] ** 2 - down[low] ** 2)
    extra = [(s, s_next, jump if i == 0 else 0.0) for i, (s, s_next) in enumerate(again)]
    return plan[:low] + extra * times + plan[low:]


def _karras(n: int, high: float, low: float, rho: float = 7.0) -> list[float]:
    """Return n sigmas from high to low, even in sigma^(1/rho)."""
    ramp = torch.linspace(0, 1, n, dtype=torch.float64)
    start, end = high ** (1 / rho), low ** (1 / rho)
    return ((start + ramp * (end - start)) ** rho).tolist()
