"""Low poly: everything in flat triangles, large ones behind, small ones on the subject.

    colour(facet) = mean of the image over the facet * brightness(facet)

Meshes of jittered triangles are made once for each of a few seeds. Sky, scenery, and the subject's plain and coloured
parts are averaged apart, so that no facet reaches across an outline, and laid side by side by their smooth masks.

Letters: S size, F facets. Image (3, S, S) float32 0..255. Read next: __init__.py.
"""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from safelight.scenes.arrays import saturate
from safelight.scenes.canvas import Frame

__all__ = ["low_poly"]

_MESHES = 6


@lru_cache(maxsize=32)
def _mesh(size: int, cells: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which facet each pixel belongs to, (S * S) int64, and the brightness of each of the F facets, about 1."""
    rng = Random(1000 * cells + seed)
    step = size / cells
    corners = {
        (i, j): (
            (i + (0.5 if j % 2 else 0) + rng.uniform(-0.34, 0.34)) * step,
            (j + rng.uniform(-0.34, 0.34)) * step,
        )
        for i in range(-1, cells + 2)
        for j in range(-1, cells + 2)
    }
    labels = Image.new("I", (size, size))
    draw = ImageDraw.Draw(labels)
    lights: list[float] = [1.0]
    for j in range(-1, cells + 1):
        for i in range(-1, cells + 1):
            a, b, c, d = corners[i, j], corners[i + 1, j], corners[i, j + 1], corners[i + 1, j + 1]
            halves = ((a, b, c), (b, d, c)) if j % 2 == 0 else ((a, b, d), (a, d, c))
            for corner in halves:
                draw.polygon(corner, fill=len(lights))
                tilt = sum(p[0] for p in corner) / 3 - corner[0][0] + sum(p[1] for p in corner) / 3 - corner[0][1]
                lights.append(1 + 0.055 * float(np.clip(tilt / step * 1.5, -1, 1)) + rng.uniform(-0.085, 0.085))
    return np.asarray(labels).astype(np.int64).ravel(), np.array(lights, np.float32)


def _lay(result: np.ndarray, image: np.ndarray, weight: np.ndarray, mesh: tuple[np.ndarray, np.ndarray]) -> None:
    """Average the image (3, S * S) over each facet by `weight` (S * S), and cover `result` with that by `weight`."""
    labels, lights = mesh
    where = np.flatnonzero(weight)
    if not len(where):
        return
    weight, labels = weight[where], labels[where]
    gain = lights / np.maximum(np.bincount(labels, weight, len(lights)), 1e-3)
    for below, plane in zip(result, image, strict=True):
        mean = (np.bincount(labels, plane[where] * weight, len(lights)) * gain).astype(np.float32)
        here = below[where]
        below[where] = here + (mean[labels] - here) * weight


def low_poly(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Three layers of facets, and over them what stands out most within a facet: eyes, windows, lamps."""
    size = image.shape[-1]
    flat = saturate(image, 1.12).reshape(3, -1)
    coarse, fine = _mesh(size, 14, int(rng.random() * _MESHES)), _mesh(size, 18, int(rng.random() * _MESHES))
    sky, subject, coloured = frame.sky.ravel(), frame.subject.ravel(), frame.coloured.ravel()
    result = flat.copy()
    _lay(result, flat, np.clip(1 - sky - subject, 0, 1), coarse)
    _lay(result, flat, sky, coarse)
    _lay(result, flat, subject - coloured, fine)
    _lay(result, flat, coloured, fine)
    left = flat - result
    left -= np.clip(left, -34, 34)
    result += left
    return result.reshape(image.shape)
