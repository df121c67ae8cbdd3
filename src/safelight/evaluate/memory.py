"""Does the model invent, or does it hand out pictures that it was taught with?

    d(picture) = least root mean square difference to any of a sample of training pictures, both reduced to 32 x 32

Near a training picture means nothing by itself: many scenes are alike. So the same distance is taken of fresh renders
of the same prompts, which nobody can have remembered. A model that remembers lies nearer than they do: more than a few
of its pictures are then nearer than the nearest hundredth of the fresh ones.

Letters: N made, F fresh, M training pictures.  Read next: report.py.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from safelight.evaluate.distance import squared_apart

__all__ = ["Memory", "remembered", "small"]

SIDE = 32
SHOWN = 8


@dataclass(frozen=True)
class Memory:
    """`made`, `fresh`: median distance (0 to 255) to the nearest training picture. `threshold`: the fresh renders'
    nearest hundredth; `nearer`: the share of made pictures below it, about 0.01 where nothing is remembered.
    `nearest`: the closest pairs, (made, training, distance), closest first."""

    made: float
    fresh: float
    threshold: float
    nearer: float
    nearest: tuple[tuple[int, int, float], ...]

    def to_json(self) -> dict[str, object]:
        """As plain numbers."""
        return asdict(self)


def small(batches: Iterable[np.ndarray]) -> np.ndarray:
    """Pictures (B, S, S, 3) uint8, batch by batch, as rows (N, 3072) float32 of 32 by 32 pixels."""
    rows = [
        np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BOX), np.float32).ravel()
        for batch in batches
        for one in batch
    ]
    return np.stack(rows)


def remembered(made: np.ndarray, fresh: np.ndarray, training: np.ndarray) -> Memory:
    """Compare rows of `small`: made (N, 3072), fresh (F, 3072), each with training (M, 3072)."""
    own, others = (np.sqrt(squared_apart(rows, training) / rows.shape[1]) for rows in (made, fresh))
    nearest, least = own.argmin(1), own.min(1)
    threshold = float(np.quantile(others.min(1), 0.01))
    first = np.argsort(least, kind="stable")[:SHOWN]
    return Memory(
        made=float(np.median(least)),
        fresh=float(np.median(others.min(1))),
        threshold=threshold,
        nearer=float((least < threshold).mean()),
        nearest=tuple((int(i), int(nearest[i]), float(least[i])) for i in first),
    )
