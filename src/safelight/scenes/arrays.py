"""Small tools on pictures as arrays: blur, smooth noise, shifting pixels. Radii are in 256ths of the picture.

Arrays are float32, masks (S, S) and images (3, S, S), S the size of the picture; values 0..255 unless said otherwise.
Colour comes first because numpy is several times faster on long rows than on rows of three.
"""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["blur", "blur_mask", "luminance", "noise", "picture", "planes", "shifted"]


def picture(image: np.ndarray) -> Image.Image:
    """The image for Pillow, rounded to bytes and clipped; (S, S) becomes a grey one."""
    rounded = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(rounded.transpose(1, 2, 0)) if rounded.ndim == 3 else rounded)


def planes(source: Image.Image) -> np.ndarray:
    """What `picture` made, back as an array."""
    values = np.asarray(source)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if values.ndim == 3 else values).astype(np.float32)


def blur(image: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur; wide ones are made on a smaller copy, which no eye can tell."""
    size = image.shape[-1]
    radius = radius * size / 256
    source = picture(image)
    shrink = 4 if radius > 7 and size % 4 == 0 else 2 if radius > 3 and size % 2 == 0 else 1
    if shrink == 1:
        return planes(source.filter(ImageFilter.GaussianBlur(radius)))
    small = source.reduce(shrink).filter(ImageFilter.GaussianBlur(radius / shrink))
    return planes(small.resize((size, size), Image.Resampling.BILINEAR))


def blur_mask(mask: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of a mask with values 0..1."""
    return blur(mask * 255, radius) / 255


def luminance(image: np.ndarray) -> np.ndarray:
    """How bright each pixel looks, (S, S): the weights of ITU-R BT.601."""
    return 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]


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
    size = image.shape[-1]
    unit = size / 256
    y, x = np.mgrid[:size, :size]
    x = np.clip(np.rint(x + dx * unit), 0, size - 1).astype(np.int32)
    y = np.clip(np.rint(y + dy * unit), 0, size - 1).astype(np.int32)
    return image.reshape(-1, size * size).take((y * size + x).ravel(), axis=1).reshape(image.shape)
