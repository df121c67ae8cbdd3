"""How far two sets of pictures are apart, by features (N, D) that the recogniser makes of them.

    Frechet    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))          biased upwards where N is small
    kernel     E k(x, x') + E k(y, y') - 2 E k(x, y),  k(x, y) = (x.y / D + 1)^3       unbiased: may be below zero
    precision  share of made pictures within the k-th neighbour's distance of some true one; recall the other way round

A number alone says little, so three others stand beside it: renders against other renders of the same scenes (what
chance gives), renders through the autoencoder (the least that a latent model can reach), and blurred renders (what is
known to be bad). Features are our own: no number here can be held against one that was made with Inception.

Heusel et al. 2017 (arXiv 1706.08500), Binkowski et al. 2018 (1801.01401), Kynkaanniemi et al. 2019 (1904.06991).
Letters: N pictures, D features.  Read next: memory.py.
"""

from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image, ImageFilter

from safelight.errors import RecipeError

__all__ = ["Distances", "blurred", "distances", "frechet", "kernel", "precision_recall"]

NEIGHBOUR = 3
BLUR = 2.0 / 128
"""Radius of the known-bad blur, as a share of the picture's side."""


@dataclass(frozen=True)
class Distances:
    """Of one set of pictures from the true one. `pictures` is how many it holds."""

    frechet: float
    kernel: float
    precision: float
    recall: float
    pictures: int

    def to_json(self) -> dict[str, float]:
        """As plain numbers."""
        return asdict(self)


def distances(made: np.ndarray, true: np.ndarray) -> Distances:
    """All of them, of features (N, D) and (M, D)."""
    precision, recall = precision_recall(made, true)
    return Distances(frechet(made, true), kernel(made, true), precision, recall, len(made))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Frechet distance of the Gaussians that fit features (N, D) and (M, D); 0 or more.

    The trace of the square root is taken of C1^(1/2) C2 C1^(1/2), which has the same eigenvalues and is symmetric.
    """
    _expect(a, b, 2)
    a, b = a.astype(np.float64), b.astype(np.float64)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(np.atleast_2d(first))
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    middle = np.linalg.eigvalsh(root @ np.atleast_2d(second) @ root)
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    trace = np.trace(np.atleast_2d(first)) + np.trace(np.atleast_2d(second)) - 2 * np.sqrt(middle.clip(min=0)).sum()
    return float(max(apart + trace, 0.0))


def kernel(a: np.ndarray, b: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with the cubic kernel, of features (N, D) and (M, D)."""
    _expect(a, b, 2)
    a, b = a.astype(np.float64), b.astype(np.float64)

    def k(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / a.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        table = k(x, x)
        return float((table.sum() - np.trace(table)) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(k(a, b).mean())


def precision_recall(made: np.ndarray, true: np.ndarray, neighbour: int = NEIGHBOUR) -> tuple[float, float]:
    """How much of what is made is like something true, and how much of what is true is made; each 0 to 1."""
    _expect(made, true, neighbour + 1)
    return _covered(made, true, neighbour), _covered(true, made, neighbour)


def squared_apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared distances (N, M) of rows (N, D) and (M, D)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T).clip(min=0)


def _covered(points: np.ndarray, by: np.ndarray, neighbour: int) -> float:
    own = squared_apart(by, by)
    np.fill_diagonal(own, np.inf)
    reach = np.partition(own, neighbour - 1, axis=1)[:, neighbour - 1]
    return float((squared_apart(points, by) <= reach).any(1).mean())


def _expect(a: np.ndarray, b: np.ndarray, least: int) -> None:
    if min(len(a), len(b)) < least:
        raise RecipeError(f"{min(len(a), len(b))} pictures have no distance; draw at least {least}")


def blurred(pixels: np.ndarray) -> np.ndarray:
    """Blur pictures (B, S, S, 3) uint8 so that anybody sees it."""
    radius = BLUR * pixels.shape[1]
    return np.stack([np.asarray(Image.fromarray(one).filter(ImageFilter.GaussianBlur(radius))) for one in pixels])
