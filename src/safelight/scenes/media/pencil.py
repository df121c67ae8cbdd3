"""Pencil: grey paper, wavering contours, hatching that thickens with the shade. Strictly without colour.

    grey = paper * (1 - contours) * (1 - hatching(tone))

Tonal hatching after Praun et al. 2001 (Real-Time Hatching): layers of strokes, one more with each darker tone.
The colour of a picture is gone after this; palettes therefore work on the finished sheet and tint the paper.
Image (3, S, S) float32 0..255. Read next: low_poly.py.
"""

from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, grid, luminance, noise, shifted
from safelight.scenes.canvas import Frame

__all__ = ["pencil_sketch"]

PAPER = 240.0
# Direction of the strokes in radians, distance in 256ths, the brightness below which they appear, their strength.
_LAYERS = ((2.30, 3.4, 176.0, 0.42), (0.62, 3.8, 112.0, 0.46), (1.52, 3.0, 62.0, 0.55))


@lru_cache(maxsize=8)
def _strokes(size: int) -> tuple[np.ndarray, ...]:
    """One sheet of pencil strokes for each layer, (S, S) 0..1."""
    rng = Random(5)
    x, y = grid(size)
    sheets: list[np.ndarray] = []
    for angle, step, _, _ in _LAYERS:
        across = -np.sin(angle) * x + np.cos(angle) * y + noise(rng, size, 5) * 0.9
        line = 0.5 + 0.5 * np.cos(across * (2 * np.pi / step))
        pressure = np.clip(0.82 + 0.22 * noise(rng, size, 14), 0.2, 1.1)
        grain = np.clip(0.9 + 0.22 * noise(rng, size, 128), 0.3, 1.2)
        sheets.append((line**1.3 * pressure * grain).astype(np.float32))
    return tuple(sheets)


def _contours(frame: Frame, tone: np.ndarray) -> np.ndarray:
    """Lines (S, S) 0..1 between things, and finer ones between tones."""
    size = tone.shape[0]
    kinds = frame.ids.astype(np.float32)
    kinds = np.where(kinds >= 10, 40 + 4 * np.floor(kinds / 10) + 1.2 * (kinds % 10), kinds)
    albedo = luminance(frame.albedo)
    line = np.zeros_like(tone)
    for values, threshold, scale, most in ((kinds, 0.5, 8.0, 0.9), (albedo, 9.0, 46.0, 0.75)):
        change = np.zeros_like(tone)
        change[:, 1:] = abs(values[:, 1:] - values[:, :-1])
        change[1:] = np.maximum(change[1:], abs(values[1:] - values[:-1]))
        np.maximum(line, np.clip((change - threshold) / scale, 0, most), out=line)
    line = blur(line * 255, 0.75) * np.float32(1.9 / 255)
    return np.clip(line, 0, 1) if size else line


def pencil_sketch(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """The sheet: two passes of contour that do not quite agree, three layers of hatching, a little smudging."""
    size = image.shape[-1]
    tone = luminance(image)
    line = _contours(frame, tone)
    first = shifted(line, noise(rng, size, 7) * 0.7, noise(rng, size, 7) * 0.7)
    second = shifted(line, noise(rng, size, 5) * 1.6, noise(rng, size, 5) * 1.6)
    contour = np.clip(0.78 * first + 0.42 * second, 0, 0.92)
    grey = np.clip(tone * np.float32(0.55 / 255) + np.float32(0.52), 0, 1)
    for sheet, (_, _, below, strength) in zip(_strokes(size), _LAYERS, strict=True):
        weight = np.clip((below + 22 - tone) * np.float32(1 / 52), 0, 1)
        weight *= np.float32(strength)
        grey *= 1 - weight * sheet
    grey *= 1 - contour
    grey *= PAPER + noise(rng, size, 128) * 3.5
    return np.repeat(grey[None], 3, 0)
