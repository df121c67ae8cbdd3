"""DPM-Solver (Lu et al. 2022, arXiv 2206.00927): steps of order 1, 2 and 3 that look at points within themselves.

In lambda = -log(sigma) the flow is d(x)/d(lambda) = -sigma * eps, whose linear part the paper solves exactly: a step of
length h along one eps is

    x_next = x - s_next * (e^h - 1) * eps                                                (eq. 4.1, x for x_t / alpha_t)

The higher orders (algorithms 1 and 2) ask for eps at a third, a half, two thirds of h and combine them. `dpm_fast`
shares out a given number of questions among such steps (section 3.4); `dpm_adaptive` chooses the steps by the
difference between orders 2 and 3 (appendix C), so its number of questions depends on the picture.

lambda has no end at sigma 0. On a ladder that ends there, both walk to its last rung above 0, ask once more and take
D itself. Letters: s, s_next the sigmas of a step. Read next: consistency.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, derivative
from safelight.diffusion.samplers.noising import ancestral, fresh, root

__all__ = ["dpm_adaptive", "dpm_fast"]


def dpm_fast(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """DPM-Solver-fast: as many questions as the ladder has steps, in steps of order 3 even in log sigma, and a rest.

    Of the ladder only its ends and its length matter.
    """
    ladder = sigmas.tolist()
    to_zero = ladder[-1] == 0
    last, asks = (ladder[-2], len(ladder) - 2) if to_zero else (ladder[-1], len(ladder) - 1)
    orders = [3] * (asks // 3) + [asks % 3]
    if asks % 3 == 0:
        orders = [3] * (asks // 3 - 1) + [2, 1] if asks else []
    h = math.log(ladder[0] / last) / max(len(orders), 1)
    for i, order in enumerate(orders):
        s = ladder[0] * math.exp(-i * h)
        s_next = last if i + 1 == len(orders) else ladder[0] * math.exp(-(i + 1) * h)
        down, up = _downwards(s, s_next, last, eta)
        eps = yield from derivative(x, s)
        x_next = yield from _STEPS[order](x, eps, s, down)
        x = x_next + fresh(noise, up, s, s_next, x)
    if to_zero:
        x = yield x, last
    return x


RTOL, ATOL, FIRST = 0.05, 0.0078, 0.05
SAFETY = 0.81
MOST = 400
"""Steps tried at most, for answers that never settle; what is left then is one step of order 1."""


def dpm_adaptive(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """DPM-Solver-23: order 3, steps as long as order 2 agrees to within 0.05 x + 0.0078 (k-diffusion's tolerances).

    Of the ladder only its ends matter. A step that is refused is tried again, shorter: about 20 to 60 questions in all.
    """
    ladder = sigmas.tolist()
    to_zero = ladder[-1] == 0
    s, last = ladder[0], ladder[-2] if to_zero else ladder[-1]
    h, compared, eps = FIRST, x, None
    for _ in range(MOST):
        if math.log(s / last) <= 1e-5:
            break
        s_next = max(last, s * math.exp(-h))
        down, up = _downwards(s, s_next, last, eta)
        if eps is None:
            eps = yield from derivative(x, s)
        third = yield from _slope_within(x, eps, s, down, 1 / 3)
        low = _second(x, eps, third, s, down, 1 / 3)
        high = yield from _third(x, eps, third, s, down)
        within = (RTOL * low.abs().maximum(compared.abs())).clamp(min=ATOL)
        error = float(((low - high) / within).square().mean()) ** 0.5
        # Integral control (Soederlind): a step of order 3, limited smoothly.
        change = 1 + math.atan((1 / (error + 1e-8)) ** (1 / (1.5 if eta else 3)) - 1)
        h *= change
        if change >= SAFETY:
            compared, eps = low, None
            x = high + fresh(noise, up, s, s_next, x)
            s = s_next
    else:
        eps = yield from derivative(x, s)
        x, s = x + (last - s) * eps, last
    if to_zero:
        x = yield x, last
    return x


def _downwards(s: float, s_next: float, last: float, eta: float) -> tuple[float, float]:
    """Where to go down to, and how much noise then leads to s_next; never below the last rung."""
    if eta == 0:
        return s_next, 0.0
    down = max(ancestral(s, s_next, eta)[0], last)
    return down, root(s_next**2 - down**2)


def _slope_within(x: Tensor, eps: Tensor, s: float, s_next: float, r: float) -> Sampling:
    """Ask for eps at the share r of the step, where a step of order 1 leads."""
    s_r = s * (s_next / s) ** r
    return (yield from derivative(x + (s_r - s) * eps, s_r))


def _first_order(x: Tensor, eps: Tensor, s: float, s_next: float) -> Sampling:
    return x + (s_next - s) * eps
    yield  # a generator, though it asks nothing more


def _second_order(x: Tensor, eps: Tensor, s: float, s_next: float) -> Sampling:
    eps_r = yield from _slope_within(x, eps, s, s_next, 1 / 2)
    return _second(x, eps, eps_r, s, s_next, 1 / 2)


def _third_order(x: Tensor, eps: Tensor, s: float, s_next: float) -> Sampling:
    eps_1 = yield from _slope_within(x, eps, s, s_next, 1 / 3)
    return (yield from _third(x, eps, eps_1, s, s_next))


def _second(x: Tensor, eps: Tensor, eps_r: Tensor, s: float, s_next: float, r: float) -> Tensor:
    """DPM-Solver-2 (algorithm 1): s_next (e^h - 1) is s - s_next."""
    return x + (s_next - s) * eps + (s_next - s) / (2 * r) * (eps_r - eps)


def _third(x: Tensor, eps: Tensor, eps_1: Tensor, s: float, s_next: float) -> Sampling:
    """DPM-Solver-3 (algorithm 2), r1 = 1/3 and r2 = 2/3; eps_1 is known."""
    h = math.log(s / s_next)
    s_2 = s * (s_next / s) ** (2 / 3)

    def bend(length: float) -> float:
        return math.expm1(length) / length - 1

    u = x + (s_2 - s) * eps - s_2 * 2 * bend(2 / 3 * h) * (eps_1 - eps)
    eps_2 = yield from derivative(u, s_2)
    return x + (s_next - s) * eps - s_next * 1.5 * bend(h) * (eps_2 - eps)


_STEPS = {1: _first_order, 2: _second_order, 3: _third_order}
