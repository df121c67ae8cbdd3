"""Two grades: what a colourist does to a finished picture.

    graded = curve(image) + shadows * teal + highlights * orange, darker towards the corners

Image (3, S, S) float32 0..255. Read next: defects.py.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from safelight.scenes.arrays import grid, luminance
from safelight.scenes.canvas import Frame

__all__ = ["GRADES"]

_TEAL, _ORANGE = (-34.0, 8.0, 28.0), (30.0, 4.0, -34.0)


@lru_cache(maxsize=8)
def _vignette(size: int) -> np.ndarray:
    x, y = (axis / 128 - 1 for axis in grid(size))
    return np.clip(1.06 - 0.44 * np.maximum(x * x + 0.9 * y * y - 0.28, 0), 0.3, 1.06).astype(np.float32)


def none(image: np.ndarray, frame: Frame) -> np.ndarray:
    """As it is."""
    return image


def cinematic(image: np.ndarray, frame: Frame) -> np.ndarray:
    """Contrast, teal shadows, orange highlights, a vignette."""
    tone = np.clip(luminance(image) * np.float32(1 / 255), 0, 1)
    # the split leaves the coloured part nearly alone, and white stays white: paper and snow
    share = (1 - 0.72 * frame.coloured - 0.2 * (frame.subject - frame.coloured)) * np.float32(1.5)
    high = 4.5 * tone * tone * (1 - tone) * share
    low = (1 - tone) ** 2 * share
    vignette = _vignette(len(tone))
    graded = np.empty_like(image)
    for c in range(3):
        t = image[c] * np.float32(1 / 255)
        plane = image[c] + (255 * 0.9) * (t - np.float32(0.5)) * t * (1 - t)
        plane += low * np.float32(_TEAL[c])
        plane += high * np.float32(_ORANGE[c])
        plane *= vignette
        graded[c] = plane
    return np.clip(graded, 0, 255, out=graded)


GRADES: dict[str, Callable[[np.ndarray, Frame], np.ndarray]] = {"none": none, "cinematic": cinematic}
