"""Four media: how a lit scene is put on paper or screen. Each is one function from image to image.

    flat vector       bands of even tone, clear colours
    realistic         rounded forms, contrast, a background out of focus, a vignette
    watercolor        uneven washes, darker edges, white paper at the border
    pixel art         43 cells across, few colours, a dark outline

Image (S, S, 3) float32 0..255. Read next: defects.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from safelight.scenes.arrays import blur, blur_mask, luminance, noise, shifted, to_bytes
from safelight.scenes.canvas import Frame
from safelight.scenes.light import Look

__all__ = ["MEDIA", "Medium"]

CELL = 6


def _saturate(image: np.ndarray, gain: float) -> np.ndarray:
    grey = luminance(image)[..., None]
    return grey + (image - grey) * gain


def flat_vector(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Clear, slightly stronger colours; the bands come from the light."""
    return _saturate(image, 1.1)


def realistic(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """A camera's view: shallow depth of field, contact darkening, gentle contrast, vignette."""
    size = image.shape[0]
    around = 1 - frame.subject[..., None]
    far = blur(image * around, 3.0) / np.maximum(blur_mask(around[..., 0], 3.0)[..., None], 0.02)
    focus = np.clip(0.35 + 0.9 * frame.depth, 0, 1)[..., None] * around
    image = image + (far - image) * focus
    inside = blur_mask(frame.subject, 7)[..., None]
    image = image * (1 - 0.14 * inside * around)
    curve = image / 255
    image = 255 * (curve + 0.16 * (curve - 0.5) * 4 * curve * (1 - curve))
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    return image * (1.03 - 0.20 * np.clip(x * x + y * y - 0.35, 0, None))[..., None]


def watercolor(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Pigment on paper: density 1 - colour, uneven, gathered at the edges of each wash."""
    size = image.shape[0]
    image = shifted(image, noise(rng, size, 14) * 1.5, noise(rng, size, 14) * 1.5)
    smooth = blur(image, 1.6)
    tone = luminance(smooth)
    edges = np.clip(np.abs(tone - blur(tone, 3.2)) / 50, 0, 0.5)[..., None]
    wash = noise(rng, size, 7)[..., None] * 0.085 + noise(rng, size, 22)[..., None] * 0.05
    density = 1 - _saturate(0.55 * image + 0.45 * smooth, 1.12) / 255
    density = density * (0.86 + wash - 0.10 * (1 - frame.subject[..., None])) + edges * 0.30 * (0.25 + density)
    y, x = np.abs(np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32))
    border = (1 - np.maximum(x, y)) * 128 + noise(rng, size, 9) * 4.0 - np.clip(x + y - 1.72, 0, 1) * 90
    density = density * np.clip((border - 9) / 4, 0, 1)[..., None]
    paper = np.array([251, 248, 241], np.float32)
    return paper * (1 - np.clip(density, 0, 1))


def pixel_art(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Large square cells of few colours, the subject outlined in a dark tone of what lies behind it."""
    size = image.shape[0]
    cell = max(2, round(CELL * size / 256))
    cells = -(-size // cell)
    pad = cells * cell - size
    before = pad // 2

    def shrink(values: np.ndarray) -> np.ndarray:
        margin = [(before, pad - before), (before, pad - before)] + [(0, 0)] * (values.ndim - 2)
        wide = np.pad(values, margin, mode="edge")
        return wide.reshape(cells, cell, cells, cell, -1).mean((1, 3))

    small = shrink(_saturate(image, 1.12))
    solid = shrink(frame.subject)[..., 0] > 0.45
    palette = Image.fromarray(to_bytes(small)).quantize(26, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small = np.asarray(palette.convert("RGB")).astype(np.float32)
    near = np.zeros_like(solid)
    near[1:] |= solid[:-1]
    near[:-1] |= solid[1:]
    near[:, 1:] |= solid[:, :-1]
    near[:, :-1] |= solid[:, 1:]
    line = near & ~solid
    small[line] = small[line] * 0.30 + np.array([16, 12, 28], np.float32)
    large = small.repeat(cell, 0).repeat(cell, 1)
    return large[before : before + size, before : before + size]


@dataclass(frozen=True)
class Medium:
    """What the medium asks of the light, and what it does with the lit picture."""

    look: Look
    finish: Callable[[np.ndarray, Frame, Random], np.ndarray]


MEDIA: dict[str, Medium] = {
    "flat vector": Medium(Look(bands=5), flat_vector),
    "realistic": Medium(Look(rounded=True), realistic),
    "watercolor": Medium(Look(), watercolor),
    "pixel art": Medium(Look(), pixel_art),
}
