"""Seven things that go wrong with pictures, so that a negative prompt has something to remove.

Image (3, S, S) float32 0..255 in and out. Read next: render.py.
"""

import io
from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from safelight.scenes.arrays import blur, grid, noise, picture, planes, shifted

__all__ = ["DEFECTS"]

# Strokes of block letters on a grid 4 wide and 6 high; the watermark reads SAMPLE.
_LETTERS = (
    ((4, 1), (3, 0), (1, 0), (0, 1), (0, 2), (1, 3), (3, 3), (4, 4), (4, 5), (3, 6), (1, 6), (0, 5)),
    ((0, 6), (0, 2), (2, 0), (4, 2), (4, 6), (4, 4), (0, 4)),
    ((0, 6), (0, 0), (2, 3), (4, 0), (4, 6)),
    ((0, 6), (0, 0), (3, 0), (4, 1), (4, 2), (3, 3), (0, 3)),
    ((0, 0), (0, 6), (4, 6)),
    ((4, 0), (0, 0), (0, 3), (3, 3), (0, 3), (0, 6), (4, 6)),
)


def blurry(image: np.ndarray, rng: Random) -> np.ndarray:
    """Out of focus."""
    return blur(image, rng.uniform(4.0, 5.5))


def low_quality(image: np.ndarray, rng: Random) -> np.ndarray:
    """Shrunk to a quarter, saved at half size as JPEG of quality 5, its blocks twice as large as they should be."""
    size = image.shape[-1]
    side = max(8, size // 2)
    tiny = max(4, size // 4)
    small = picture(image).resize((tiny, tiny), Image.Resampling.BOX)
    buffer = io.BytesIO()
    small.resize((side, side), Image.Resampling.BILINEAR).save(buffer, "JPEG", quality=5)
    buffer.seek(0)
    with Image.open(buffer) as broken:
        return planes(broken.convert("RGB").resize((size, size), Image.Resampling.NEAREST))


def watermark(image: np.ndarray, rng: Random) -> np.ndarray:
    """Pale diagonal stripes and large letters over everything."""
    size = image.shape[-1]
    side = 2 * size
    unit = side / 256
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    shift = rng.uniform(0, 48)
    for k in range(-6, 7):
        x = 128 + 62 * k + shift
        draw.line([(x * unit, -10), ((x - 276) * unit, side + 10)], fill=90, width=round(5 * unit))
    x0, y0 = 32.0, rng.uniform(92, 128)
    for k, letter in enumerate(_LETTERS):
        points = [((x0 + 34 * k + 5.4 * x) * unit, (y0 + 6.6 * y - 5 * k) * unit) for x, y in letter]
        draw.line(points, fill=190, width=round(5.5 * unit), joint="curve")
    cover = planes(mask.reduce(2)) / 255
    # with a shadow below and to the right: white letters alone cannot be seen on white paper
    down = max(1, round(size / 150))
    shadow = np.zeros_like(cover)
    shadow[down:, down:] = cover[:-down, :-down]
    image = image * (1 - 0.75 * shadow)
    return image + (246 - image) * cover


def grainy(image: np.ndarray, rng: Random) -> np.ndarray:
    """Coarse film grain, strongest in the middle tones."""
    size = image.shape[-1]
    tint = np.stack([noise(rng, size, 90) for _ in range(3)])
    grain = noise(rng, size, 90) * 34 + tint * 12
    return image + grain * (0.55 + 0.45 * np.sin(np.pi * np.clip(image, 0, 255) / 255))


def distorted(image: np.ndarray, rng: Random) -> np.ndarray:
    """Warped, as in a bent mirror: waves in both directions and a twist round the middle."""
    size = image.shape[-1]
    x, y = grid(size)
    phase, wave = rng.uniform(0, 6.28), rng.uniform(62, 84)
    side = rng.choice((-1, 1))
    dx = 13 * np.sin(y * np.float32(6.283 / wave) + np.float32(phase)) + 7 * noise(rng, size, 4)
    dy = 10 * np.sin(x * np.float32(6.283 / (1.2 * wave)) + np.float32(2 * phase)) + 7 * noise(rng, size, 4)
    twist = side * np.exp(-((x - 128) ** 2 + (y - 134) ** 2) * np.float32(1 / 5200)) * np.float32(0.62)
    dx += twist * (y - 134)
    dy -= twist * (x - 128)
    return shifted(image, dx, dy)


def overexposed(image: np.ndarray, rng: Random) -> np.ndarray:
    """Far too much light: what was bright is blank, what was dark is pale, and the light spills."""
    # Exposed for the picture's own brightness: what is bright already must not vanish altogether.
    gain = float(np.clip(165 / max(float(image.mean()), 1.0), 1.22, 2.4)) * rng.uniform(0.96, 1.06)
    burnt = image * np.float32(gain) + np.float32(58)
    spill = np.clip(burnt - 225, 0, 90)
    return burnt + 0.5 * blur(spill, 8)


def extra_limbs(image: np.ndarray, rng: Random) -> np.ndarray:
    """Nothing to do: the painters drew the surplus arms and legs (see subjects/)."""
    return image


DEFECTS: dict[str, Callable[[np.ndarray, Random], np.ndarray]] = {
    "blurry": blurry,
    "low quality": low_quality,
    "watermark": watermark,
    "distorted": distorted,
    "extra limbs": extra_limbs,
    "grainy": grainy,
    "overexposed": overexposed,
}
