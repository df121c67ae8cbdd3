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

PAPER = 246.0
# Direction of the strokes in radians, distance in 256ths, the brightness below which they appear, their strength.
_LAYERS = ((2.36, 3.6, 190.0, 0.40), (2.62, 4.2, 128.0, 0.52), (0.78, 4.4, 74.0, 0.62))
_LENGTH = 26.0


@lru_cache(maxsize=8)
def _strokes(size: int) -> tuple[np.ndarray, ...]:
    """One sheet of pencil strokes for each layer, (S, S) 0..1: rows of single strokes, pressed and lifted."""
    rng = Random(5)
    x, y = grid(size)
    sheets: list[np.ndarray] = []
    for angle, step, _, _ in _LAYERS:
        across = -np.sin(angle) * x + np.cos(angle) * y + noise(rng, size, 4) * 1.6 + noise(rng, size, 12) * 0.35
        along = np.cos(angle) * x + np.sin(angle) * y
        row = np.floor(across / step)
        own = np.modf(abs(np.sin(row * 12.9898) * 43758.547))[0]
        within = np.modf((along + 500) / _LENGTH + 7 * own)[0]
        lifted = np.clip(within * 9, 0, 1) * np.clip((1 - within) * 2.2, 0, 1)
        off = (across / step - row - 0.5 + 0.25 * (own - 0.5)) * 2
        line = np.clip(1.25 - 1.5 * abs(off), 0, 1)
        pressure = np.clip(0.75 + 0.25 * noise(rng, size, 14) + 0.3 * own, 0.25, 1.2)
        grain = np.clip(0.95 + 0.30 * noise(rng, size, 128), 0.25, 1.3)
        sheets.append((line * (0.2 + 0.8 * lifted) * pressure * grain).astype(np.float32))
    return tuple(sheets)


def _change(values: np.ndarray) -> np.ndarray:
    """How far each pixel differs from the one above or to the left, whichever is more."""
    change = np.zeros_like(values)
    np.abs(values[:, 1:] - values[:, :-1], out=change[:, 1:])
    np.maximum(change[1:], np.abs(values[1:] - values[:-1]), out=change[1:])
    return change


def _contours(frame: Frame) -> np.ndarray:
    """Lines (S, S) 0..1: dark round the subjects, lighter between other things and between tones."""
    things = (frame.ids // 10).astype(np.float32)
    kinds = np.minimum(frame.ids, 10).astype(np.float32)
    line = np.where(_change(things) > 0, np.float32(0.95), np.float32(0.55) * (_change(kinds) > 0))
    # the channel that changes most, not brightness: a door is to be seen in a wall as bright as itself
    changes = [_change(plane) for plane in frame.albedo]
    tones = np.maximum(np.maximum(changes[0], changes[1]), changes[2])
    np.maximum(line, np.clip(tones * np.float32(0.8 / 60) - np.float32(0.8 * 14 / 60), 0, 0.8), out=line)
    line = blur(line * np.float32(255), 0.62)
    line *= np.float32(1.55 / 255)
    return line


def pencil_sketch(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """The sheet: two passes of contour that do not quite agree, three layers of hatching, a little smudging."""
    size = image.shape[-1]
    tone = luminance(image)
    # A draughtsman draws form, not pigment: on the subjects shade counts for half, and dark colours become lighter.
    tone += (frame.shade * np.float32(96) + np.float32(52) + tone * np.float32(0.15) - tone) * (frame.subject * 0.5)
    line = _contours(frame)
    first = shifted(line, noise(rng, size, 7) * 0.7, noise(rng, size, 7) * 0.7)
    second = shifted(line, noise(rng, size, 5) * 1.7, noise(rng, size, 5) * 1.7)
    contour = 0.72 * first + 0.38 * second
    contour *= np.clip(0.84 + 0.22 * noise(rng, size, 10), 0.35, 1.1)
    grey = tone * np.float32(0.42 / 255)
    grey += np.float32(0.60)
    for sheet, (_, _, below, strength) in zip(_strokes(size), _LAYERS, strict=True):
        weight = np.clip((np.float32(below + 20) - tone) * np.float32(1 / 60), 0, 1)
        weight *= np.float32(strength)
        weight *= sheet
        grey *= 1 - weight
    grey *= 1 - np.minimum(contour, np.float32(0.88))
    np.minimum(grey, 1, out=grey)
    grey *= PAPER + noise(rng, size, 128) * 3
    return np.repeat(grey[None], 3, 0)
