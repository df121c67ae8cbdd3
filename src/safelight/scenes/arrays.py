"""Small tools on pictures as arrays: blur, smooth noise, shifting pixels. Radii are in 256ths of the picture.

All arrays are float32, (S, S) or (S, S, 3) with S the size of the picture; values 0..255 unless said otherwise.
"""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["blur", "blur_mask", "luminance", "noise", "shifted", "to_bytes"]


def to_bytes(image: np.ndarray) -> np.ndarray:
    """Round to uint8, clipped to 0..255."""
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def blur(image: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur; wide ones are made on a smaller copy, which no eye can tell."""
    size = image.shape[0]
    radius = radius * size / 256
    picture = Image.fromarray(to_bytes(image))
    shrink = 4 if radius > 7 and size % 4 == 0 else 2 if radius > 3 and size % 2 == 0 else 1
    if shrink > 1:
        small = picture.reduce(shrink).filter(ImageFilter.GaussianBlur(radius / shrink))
        picture = small.resize((size, size), Image.Resampling.BILINEAR)
    else:
        picture = picture.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(picture).astype(np.float32)


def blur_mask(mask: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of a mask with values 0..1."""
    return blur(mask * 255, radius) / 255


def luminance(image: np.ndarray) -> np.ndarray:
    """How bright each pixel looks, (S, S): the weights of ITU-R BT.601."""
    return image @ np.array([0.299, 0.587, 0.114], np.float32)


@lru_cache(maxsize=32)
def _field(size: int, cells: int) -> np.ndarray:
    values = np.random.default_rng(cells).standard_normal((2 * cells, 2 * cells)).astype(np.float32)
    return np.asarray(Image.fromarray(values).resize((2 * size, 2 * size), Image.Resampling.BICUBIC))


def noise(rng: Random, size: int, cells: int) -> np.ndarray:
    """Smooth noise of about unit variance, (S, S), with `cells` bumps across the picture."""
    x, y = int(rng.random() * size), int(rng.random() * size)
    return _field(size, cells)[y : y + size, x : x + size]


def shifted(image: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Every pixel taken from (x + dx, y + dy), shifts in 256ths, nearest neighbour, clamped at the border."""
    size = image.shape[0]
    unit = size / 256
    y, x = np.mgrid[:size, :size]
    x = np.clip(np.rint(x + dx * unit), 0, size - 1).astype(np.int32)
    y = np.clip(np.rint(y + dy * unit), 0, size - 1).astype(np.int32)
    return image.reshape(size * size, -1)[(y * size + x).ravel()].reshape(image.shape)
