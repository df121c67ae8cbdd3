"""Oil: the picture put together from thick strokes that follow the forms, with bristles and the weave of canvas.

    colour(pixel) = image(middle of the stroke that covers the pixel)

The idea is Haeberli's (1990, Paint by Numbers) and Litwinowicz's (1997): strokes lie across the gradient of brightness.
Here no stroke is drawn. For eight directions a sheet of strokes is made once: which stroke covers each pixel, where its
middle is, how the light catches its bristles. A picture only picks, for each pixel, the sheet of its own direction.

Letters: S size, K directions. Image (3, S, S) float32 0..255. Read next: pencil.py.
"""

from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, grid, luminance, mask_down, noise, saturate
from safelight.scenes.canvas import Frame

__all__ = ["oil"]

_DIRECTIONS = 8


@lru_cache(maxsize=6)
def _sheets(size: int, length: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Strokes in all directions: flat index of each one's middle (K * S * S) int32, and relief (K * S * S) about 1."""
    rng = Random(11)
    x, y = grid(size)
    middles, reliefs = [], []
    for k in range(_DIRECTIONS):
        angle = np.pi * k / _DIRECTIONS
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        wobble = noise(rng, size, 9) * (0.35 * width)
        u, v = c * x + s * y + 2000, c * y - s * x + 2000 + wobble
        row = np.floor(v / width)
        # every row of strokes starts elsewhere, and every stroke ends ragged
        start = np.modf(np.sin(row * 12.9898 + k) * 43758.547)[0] * length + noise(rng, size, 60) * (0.16 * length)
        column = np.floor((u + start) / length)
        mu, mv = (column + 0.5) * length - start, (row + 0.5) * width - wobble
        mx, my = c * (mu - 2000) - s * (mv - 2000), s * (mu - 2000) + c * (mv - 2000)
        unit = size / 256
        mx = np.clip(mx * unit, 0, size - 1).astype(np.int32)
        my = np.clip(my * unit, 0, size - 1).astype(np.int32)
        middles.append((my * size + mx).ravel())
        across, along = v / width - row - 0.5, (u + start) / length - column - 0.5
        own = np.modf(np.sin(row * 78.233 + column * 37.719 + k) * 24634.633)[0]
        bristle = np.sin(v * (19 / width) + 2.5 * own + noise(rng, size, 20))
        # light from the upper left catches one flank of each stroke, paint gathers at its end
        flank = -across * (0.8 * c + 0.6 * s)
        relief = 1 + 0.13 * flank * 2 + 0.035 * bristle + 0.06 * own + 0.10 * np.clip(abs(along) - 0.38, 0, 1)
        reliefs.append(relief.astype(np.float32).ravel())
    return np.concatenate(middles), np.concatenate(reliefs)


def _directions(tone: np.ndarray, rng: Random) -> np.ndarray:
    """Which of the K directions runs, on the whole, across the gradient of `tone`, (S, S) int32."""
    size = tone.shape[0]
    factor = max(1, size // 64)
    small = mask_down(tone, factor)
    gy, gx = np.zeros_like(small), np.zeros_like(small)
    gx[:, 1:-1], gy[1:-1] = small[:, 2:] - small[:, :-2], small[2:] - small[:-2]
    # Twice the angle, so that opposite gradients add up instead of cancelling (the structure tensor).
    cos, sin = gx * gx - gy * gy, 2 * gx * gy
    # where nothing changes, strokes lie nearly level and wander a little
    drift = noise(rng, len(small), 3) * 0.9
    both = np.stack([cos - 40 * np.cos(drift), sin + 40 * np.sin(drift)])
    peak = float(np.abs(both).max()) + 1e-6
    both = np.sign(both) * np.sqrt(np.abs(both) / peak)
    cos, sin = (blur(part * 100 + 128, 7) - 128 for part in both)
    angle = 0.5 * np.arctan2(sin, cos) + np.pi / 2
    bins = np.rint(angle * (_DIRECTIONS / np.pi)).astype(np.int32) % _DIRECTIONS
    return bins.repeat(factor, 0).repeat(factor, 1)[:size, :size]


def oil(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Broad strokes behind, short ones on the subject, light on the ridges of the paint."""
    size = image.shape[-1]
    image = saturate(image, 1.18)
    tone = luminance(image)
    base = _directions(tone, rng) * np.int32(size * size)
    base += np.arange(size * size, dtype=np.int32).reshape(size, size)
    base = base.ravel()
    subject = (frame.subject > 0.5).ravel()
    middles, reliefs = _sheets(size, 19.0, 5.5)
    fine_middles, fine_reliefs = _sheets(size, 8.0, 2.5)
    middle = np.where(subject, fine_middles.take(base), middles.take(base))
    relief = np.where(subject, fine_reliefs.take(base), reliefs.take(base))
    painted = image.reshape(3, -1).take(middle, axis=1)
    painted *= relief
    return painted.reshape(image.shape)
