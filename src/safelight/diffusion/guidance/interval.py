"""Guidance only where it helps: in the middle of the noise levels, and by how much at which of them.

    D = D_guided where low < sigma <= high, else D_pos      (Kynkäänniemi et al. 2024, arXiv 2404.07724)

At high noise guidance takes away variety, at low noise it does next to nothing and costs a network call.

    scale(p) = 1 + (scale - 1) * f(p),     p = 0 at the first step, 1 at the end   (Wang et al. 2024, arXiv 2404.13040)

The curves f have a mean of 1 over the way, so that a curve is compared with a constant of the same scale.

    constant  1         linear  2p         cosine  1 - cos(pi p)         power  3 p^2

Letters: B batch. Read next: dynamic_threshold.py.
"""

import math
from bisect import bisect_right
from collections.abc import Callable

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise, by_row
from safelight.errors import RecipeError, nearest

__all__ = ["CURVES", "Curve", "curve", "curved", "interval", "one", "progress"]

Curve = Callable[[float], float]
"""Progress 0..1 -> a factor; or, for `progress`, sigma -> progress 0..1."""


def interval(guided: Denoise, positive: Denoise, low: float, high: float) -> Denoise:
    """Answer with `guided` for low < sigma <= high and with `positive`, the prompt alone, elsewhere.

    Only what is needed is asked. Raises ValueError unless 0 <= low < high.
    """
    if not 0 <= low < high:
        raise ValueError(f"a guidance interval goes from a lower sigma to a higher one, not from {low} to {high}")

    def within(x: Tensor, sigma: Tensor | float) -> Tensor:
        sigmas = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").expand(len(x))
        inside = (sigmas > low) & (sigmas <= high)
        if inside.all():
            return guided(x, sigma)
        if not inside.any():
            return positive(x, sigma)
        return torch.where(by_row(inside, x) != 0, guided(x, sigma), positive(x, sigma))

    return within


def curved(at: Callable[[float], Denoise], scale: float, factor: Callable[[float], float]) -> Denoise:
    """Guide by 1 + (scale - 1) * factor(sigma): `at` makes the denoiser of a scale, `factor` is made of a curve.

    All rows of a question must be at one sigma, as those of one picture are; else ValueError.
    """
    return lambda x, sigma: at(1 + (scale - 1) * factor(one(sigma)))(x, sigma)


def curve(text: str) -> Curve:
    """The curve of a name, or through points "progress:factor, progress:factor, ..." with straight lines between.

    Before the first point and after the last one the factor stays. Raises RecipeError for what cannot be read.
    """
    if text in CURVES:
        return CURVES[text]
    if ":" not in text:
        raise RecipeError(
            f"guidance curve {text[:60]!r} is not known.{nearest(text, CURVES)} Points are written 0:1, 0.5:2, 1:0."
        )
    try:
        points = [(float(p), float(f)) for p, f in (part.split(":") for part in text.split(","))]
    except ValueError:
        points = [(math.nan, math.nan)]
    at, factors = zip(*points, strict=True)
    if not all(map(math.isfinite, at + factors)) or not 0 <= at[0] <= at[-1] <= 1 or list(at) != sorted(set(at)):
        raise RecipeError(
            f"guidance curve {text[:60]!r} is no curve; write points progress:factor, as 0:1, 0.5:2, 1:0, "
            "the progress rising from point to point within 0 to 1"
        )

    def through(p: float) -> float:
        i = bisect_right(at, p)
        if i in (0, len(at)):
            return factors[min(i, len(at) - 1)]
        share = (p - at[i - 1]) / (at[i] - at[i - 1])
        return factors[i - 1] + share * (factors[i] - factors[i - 1])

    return through


def progress(sigmas: Tensor) -> Curve:
    """How far along a ladder (n + 1,), descending, a sigma is: 0 at the first rung, i / n at rung i, 1 at the last.

    Between two rungs it is linear in sigma, so that samplers that ask in mid-step are between the two.
    """
    rungs = [-s for s in sigmas.tolist()]

    def along(sigma: float) -> float:
        i = bisect_right(rungs, -sigma)
        if i in (0, len(rungs)):
            return float(i > 0)
        return (i - 1 + (-sigma - rungs[i - 1]) / (rungs[i] - rungs[i - 1])) / (len(rungs) - 1)

    return along


def one(sigma: Tensor | float) -> float:
    """The one sigma of all rows. Raises ValueError where they differ."""
    if isinstance(sigma, Tensor):
        if (sigma != sigma.flatten()[0]).any():
            raise ValueError("what changes on the way needs all rows at one sigma: ask for one picture at a time")
        return float(sigma.flatten()[0])
    return sigma


CURVES: dict[str, Curve] = {
    "constant": lambda p: 1.0,
    "linear": lambda p: 2 * p,
    "cosine": lambda p: 1 - math.cos(math.pi * p),
    "power": lambda p: 3 * p**2,
}
