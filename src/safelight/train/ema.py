"""Averages of the weights along the way, which draw better pictures than the weights themselves.

    average <- beta average + (1 - beta) weights,   beta(n) = (1 - 1/n)^(gamma + 1)     after step n = 1, 2, ...

is an average in which step m weighs like m^gamma: it forgets its beginning at every length of run, and wants no
warm-up. `width` is the standard deviation of that profile relative to n; 0.05 to 0.10 is usual.
Karras et al. 2023, arXiv 2312.02696, section 3.1 and algorithm 2. Several widths can be kept, and chosen from later.

Next: `optimiser`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def exponent(width: float) -> float:
    """The gamma of a power-function average of this relative width (0 < width < 0.28)."""
    t = width**-2
    return float(np.roots([1.0, 7.0, 16.0 - t, 12.0 - t]).real.max())


def decay(width: float, step: int) -> float:
    """The beta used after step number `step`, counted from 1; the first is 0, the average starts at the weights."""
    return (1.0 - 1.0 / step) ** (exponent(width) + 1.0)


@torch.no_grad()
def put(places: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    """Copy each of `values` into the tensor at its place."""
    for place, value in zip(places, values, strict=True):
        place.copy_(value)


class Ema:
    """One average for each of `widths` of the float32 tensors `weights`, which only `applied` ever changes."""

    def __init__(self, weights: Sequence[Tensor], widths: Sequence[float]) -> None:
        self.weights = list(weights)
        self.tracks = {width: [w.detach().clone() for w in self.weights] for width in widths}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights as they are after step number `step`, counted from 1."""
        for width, track in self.tracks.items():
            share = 1.0 - decay(width, step)
            for average, weight in zip(track, self.weights, strict=True):
                average.lerp_(weight, share)

    @contextmanager
    def applied(self, width: float) -> Iterator[None]:
        """Inside, the weights hold the average of this width; afterwards they hold exactly what they held."""
        kept = [w.detach().clone() for w in self.weights]
        put(self.weights, self.tracks[width])
        try:
            yield
        finally:
            put(self.weights, kept)
