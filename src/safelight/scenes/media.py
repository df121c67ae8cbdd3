"""Four media: how a lit scene is put on paper or screen. Each is one function from image to image.

    flat vector       bands of even tone, clear colours
    realistic         rounded forms, contrast, a background out of focus, a vignette
    watercolor        uneven washes, darker edges, white paper at the border
    pixel art         43 cells across, 13 tones a channel, a dark outline

Image (3, S, S) float32 0..255. Read next: defects.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import ImageFilter

from safelight.scenes.arrays import blur, blur_mask, luminance, noise, picture, planes, shifted
from safelight.scenes.canvas import Frame
from safelight.scenes.light import Look

__all__ = ["MEDIA", "Medium"]

CELL, TONE = 6, 20


def _saturate(image: np.ndarray, gain: float) -> np.ndarray:
    grey = luminance(image)
    return grey + (image - grey) * gain


def flat_vector(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Clear, slightly stronger colours; the bands come from the light."""
    return _saturate(image, 1.1)


def realistic(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """A camera's view: shallow depth of field, contact darkening, gentle contrast, vignette."""
    size = image.shape[-1]
    around = 1 - frame.subject
    # Divided by the blurred mask, so that nothing of the subject bleeds into the background.
    far = blur(image * around, 3.1) / np.maximum(blur_mask(around, 3.1), 0.02)
    image = image + (far - image) * (np.clip(0.3 + 1.2 * frame.depth, 0, 1) * around)
    inside = blur_mask(frame.subject, 7)
    image = image * (1 - 0.14 * inside * around)
    curve = image / 255
    image = 255 * (curve + 0.16 * (curve - 0.5) * 4 * curve * (1 - curve))
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    return image * (1.03 - 0.20 * np.clip(x * x + y * y - 0.35, 0, None))


def watercolor(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Pigment on paper: density 1 - colour, uneven, gathered at the edges of each wash."""
    size = image.shape[-1]
    image = shifted(image, noise(rng, size, 11) * 1.1, noise(rng, size, 11) * 1.1)
    smooth = blur(image, 1.4)
    tone = luminance(smooth)
    edges = np.clip((blur(tone, 3.0) - tone) / 60, 0, 0.5)
    wash = noise(rng, size, 5) * 0.07 + noise(rng, size, 13) * 0.045
    density = 1 - _saturate(0.6 * image + 0.4 * smooth, 1.2) / 255
    density *= 0.80 + wash + 0.06 * frame.subject + 0.45 * edges
    y, x = np.abs(np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32))
    border = (1 - np.maximum(x, y)) * 128 + noise(rng, size, 6) * 2.6 - np.clip(x + y - 1.80, 0, 1) * 80
    density = density * np.clip((border - 8) / 5, 0, 1)
    paper = np.array([251, 248, 241], np.float32)[:, None, None]
    return paper * (1 - np.clip(density, 0, 1))


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

    small = shrink(_saturate(image, 1.12))
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
