"""Ladders by name: each gives the n sigmas at which a network is asked, the greatest first.

All of them say where the steps stand; none says anything of how a step is taken. They are even in one thing or another:

    leading uniform trailing sgm_uniform simple normal ddim    even in t, from here or to there
    karras                                                     even in sigma^(1/7)
    exponential polyexponential                                even in log sigma
    kl_optimal                                                 even in atan sigma
    beta                                                       more at both ends, by a beta distribution over t
    align_your_steps                                           as an optimisation found, for Stable Diffusion v1

Lin et al. 2023 (arXiv 2305.08891, table 2) compares the first three. What other programs make of the same names stands
in `presets.py`, for theirs are not always n, nor always different.

Letters: t a training step, possibly fractional; n steps. Read next: samplers/.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["ALIGNED", "ALIGNED_ROUNDED", "LADDERS", "align", "beta_quantile"]

# Sabour et al. 2024 (arXiv 2404.14507): the eleven levels of ten steps that its authors publish for Stable Diffusion
# 1.5, and the same in full, as they stand in ComfyUI.
ALIGNED_ROUNDED = (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029)
ALIGNED = (
    14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
    0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582,
)  # fmt: skip


def leading(schedule: "NoiseSchedule", n: int, offset: int | None = None) -> Tensor:
    """Every (1000 // n)-th step, counted from `steps_offset`: DDIM and PLMS in CompVis and diffusers.

    It starts below the noisiest step (981 for n = 50), and one step lands on t = 1. Where the offset would lead
    past the last training step (n = 1000 with offset 1) it is lowered by as much; the originals run out of their
    table there.
    """
    total = len(schedule.sigmas)
    t = torch.arange(n) * (total // n)
    offset = min(schedule.config.steps_offset if offset is None else offset, total - 1 - int(t[-1]))
    return schedule.sigmas[(t + offset).flip(0)]


def uniform(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Evenly in t from the last step to the first, both included, even between steps: k-diffusion's `get_sigmas`."""
    return schedule.sigma(torch.linspace(len(schedule.sigmas) - 1, 0, n, dtype=torch.float64))


def trailing(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Evenly, counted back from the last step: starts at pure noise and never stands on step 0 unless n is 1000."""
    total = len(schedule.sigmas)
    t = (total - torch.arange(n, dtype=torch.float64) * (total / n)).round().long() - 1
    return schedule.sigmas[t]


def karras(schedule: "NoiseSchedule", n: int, rho: float = 7.0) -> Tensor:
    """Evenly in sigma^(1/rho) over the model's own range (arXiv 2206.00364, eq. 5): more steps where noise is low."""
    low, high = schedule.sigmas[0] ** (1 / rho), schedule.sigmas[-1] ** (1 / rho)
    return torch.lerp(high, low, torch.linspace(0, 1, n, dtype=torch.float64)) ** rho


def exponential(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Evenly in log sigma over the model's own range."""
    low, high = schedule.log_sigmas[0], schedule.log_sigmas[-1]
    return torch.lerp(high, low, torch.linspace(0, 1, n, dtype=torch.float64)).exp()


def polyexponential(schedule: "NoiseSchedule", n: int, rho: float = 1.0) -> Tensor:
    """Evenly in (log sigma)^(1/rho) (k-diffusion). With rho = 1, which everyone takes, this is `exponential`."""
    low, high = schedule.log_sigmas[0], schedule.log_sigmas[-1]
    return torch.lerp(low, high, torch.linspace(1, 0, n, dtype=torch.float64) ** rho).exp()


def sgm_uniform(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Evenly in t from the last step, one stride short of the first: `trailing`, but between whole steps."""
    return schedule.sigma(torch.linspace(len(schedule.sigmas) - 1, 0, n + 1, dtype=torch.float64)[:-1])


def simple(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Every (1000 / n)-th training step counted down from the last, rounded towards noise (ComfyUI)."""
    total = len(schedule.sigmas)
    back = (torch.arange(n, dtype=torch.float64) * (total / n)).long()
    return schedule.sigmas[total - 1 - back]


def normal(schedule: "NoiseSchedule", n: int) -> Tensor:
    """ComfyUI's name for `uniform`."""
    return uniform(schedule, n)


def ddim(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Every (1000 // n)-th step counted from step 1, whatever offset the model has: `leading` of Stable Diffusion."""
    return leading(schedule, n, offset=1)


def beta(schedule: "NoiseSchedule", n: int, alpha: float = 0.6) -> Tensor:
    """Quantiles of a Beta(alpha, alpha) distribution over t (Lee et al. 2024, arXiv 2407.12173): dense at both ends.

    Steps may stand between training steps; who rounds them, as ComfyUI does, finds some twice and has to drop them.
    """
    chances = 1 - torch.arange(n, dtype=torch.float64) / n
    return schedule.sigma(beta_quantile(chances, alpha) * (len(schedule.sigmas) - 1))


def beta_quantile(chances: Tensor, alpha: float) -> Tensor:
    """Where a symmetric Beta(alpha, alpha) variable lies below with the given chances 0..1; float64 (n,).

    The distribution's integral up to x <= 1/2 is a power series whose terms halve; it is inverted by bisection.
    """
    scale = math.gamma(2 * alpha) / math.gamma(alpha) ** 2
    k = torch.arange(60, dtype=torch.float64)
    # (1 - x)^(alpha - 1) = sum of (1 - alpha)(2 - alpha)...(k - alpha) / k! x^k, integrated term by term
    factors = torch.cat([k.new_ones(1), torch.cumprod((k[1:] - alpha) / k[1:], 0)]) / (k + alpha)

    def below(x: Tensor) -> Tensor:
        return scale * x**alpha * (torch.linalg.vander(x, N=len(k)) @ factors)

    tail = torch.minimum(chances, 1 - chances)
    low, high = torch.zeros_like(tail), torch.full_like(tail, 0.5)
    for _ in range(60):
        middle = (low + high) / 2
        more = below(middle) < tail
        low, high = torch.where(more, middle, low), torch.where(more, high, middle)
    x = torch.where(tail <= 0, torch.zeros_like(low), (low + high) / 2)
    x = torch.where(tail == 0.5, torch.full_like(x, 0.5), x)  # exactly, for who rounds to whole steps
    return torch.where(chances > 0.5, 1 - x, x)


def kl_optimal(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Evenly in atan sigma: the least divergence for data of variance 1 (Sabour et al. 2024, arXiv 2404.14507, 3.1)."""
    low, high = schedule.sigmas[0].atan(), schedule.sigmas[-1].atan()
    return torch.lerp(high, low, torch.linspace(0, 1, n, dtype=torch.float64)).tan()


def align_your_steps(schedule: "NoiseSchedule", n: int) -> Tensor:
    """Align Your Steps (arXiv 2404.14507): ten steps found by optimisation, other numbers drawn between them.

    The published levels are those of Stable Diffusion v1; another range of noise gets them stretched, in log sigma.
    """
    published = torch.tensor(ALIGNED, dtype=torch.float64).log()
    levels = align(published, n + 1)[:-1]
    where = (levels - published[-1]) / (published[0] - published[-1])
    return torch.lerp(schedule.log_sigmas[0], schedule.log_sigmas[-1], where).exp()


def align(logs: Tensor, count: int) -> Tensor:
    """Draw `count` values evenly along a polyline of logarithms, its first and last included (the first alone of 1)."""
    place = torch.linspace(0, len(logs) - 1, count, dtype=torch.float64)
    low = place.long().clamp(max=len(logs) - 2)
    return torch.lerp(logs[low], logs[low + 1], place - low)


LADDERS: dict[str, Callable[["NoiseSchedule", int], Tensor]] = {
    "leading": leading,
    "uniform": uniform,
    "trailing": trailing,
    "karras": karras,
    "exponential": exponential,
    "polyexponential": polyexponential,
    "sgm_uniform": sgm_uniform,
    "simple": simple,
    "normal": normal,
    "ddim": ddim,
    "beta": beta,
    "kl_optimal": kl_optimal,
    "align_your_steps": align_your_steps,
}
