"""The media of screens: flat vector illustration and pixel art.

    tone = round(tone / 20) * 20 on cells of 6 x 6 256ths

Image (3, S, S) float32 0..255. Read next: low_poly.py.
"""

from random import Random

import numpy as np
from PIL import ImageFilter

from safelight.scenes.arrays import picture, planes, saturate
from safelight.scenes.canvas import Frame

__all__ = ["CELL", "TONE", "flat_vector", "pixel_art"]

CELL, TONE = 6, 20


def flat_vector(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Clear, slightly stronger colours; the bands come from the light."""
    return saturate(image, 1.1)


def pixel_art(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Large square cells of few tones, the subject outlined in a dark tone of what lies behind it."""
    size = image.shape[-1]
    cell = max(2, round(CELL * size / 256))
    cells = -(-size // cell)
    pad = cells * cell - size
    before = pad // 2

    def shrink(values: np.ndarray) -> np.ndarray:
        edge = (before, pad - before)
        wide = np.pad(values, [(0, 0)] * (values.ndim - 2) + [edge, edge], mode="edge")
        return wide.reshape(-1, cells, cell, cells, cell).mean((2, 4))

    small = saturate(shrink(image), 1.12)
    small += 0.55 * (small - planes(picture(small).filter(ImageFilter.GaussianBlur(1.0))))
    solid = shrink(frame.subject)[0] > 0.45
    small = np.rint(small / TONE) * TONE
    near = np.zeros_like(solid)
    near[1:] |= solid[:-1]
    near[:-1] |= solid[1:]
    near[:, 1:] |= solid[:, :-1]
    near[:, :-1] |= solid[:, 1:]
    line = near & ~solid
    small[:, line] = small[:, line] * 0.30 + np.array([[16], [12], [28]], np.float32)
    large = small.repeat(cell, 1).repeat(cell, 2)
    return large[:, before : before + size, before : before + size]
