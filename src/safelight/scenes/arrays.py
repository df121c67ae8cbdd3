"""Small tools on pictures as arrays: blur, smooth noise, shifting pixels. Radii are in 256ths of the picture.

Arrays are float32, masks (S, S) and images (3, S, S), S the size of the picture; values 0..255 unless said otherwise.
Colour comes first because numpy is several times faster on long rows than on rows of three, and because a plane of
one colour fits the processor's cache. Read next: canvas.py.
"""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageFilter

__all__ = [
    "blur", "blur_mask", "grid", "luminance", "mask_down", "mask_up", "noise", "picture", "planes", "saturate",
    "shifted",
]

# Arrays of a few hundred kilobytes come and go by the hundred. glibc hands such memory back to the system each time and
# gets it again page by page, a third of the time of a render, until it has once seen a larger array freed (mallopt(3),
# M_MMAP_THRESHOLD). This one is never touched and costs nothing; other systems do not mind it.
np.empty(24 << 20, np.uint8)


def _bytes(plane: np.ndarray) -> np.ndarray:
    rounded = np.clip(plane, 0, 255)
    rounded += np.float32(0.5)
    return rounded.astype(np.uint8)


def picture(image: np.ndarray) -> Image.Image:
    """The image for Pillow, rounded to bytes and clipped; (S, S) becomes a grey one, a fourth plane is cover."""
    if image.ndim == 2:
        return Image.fromarray(_bytes(image))
    return Image.merge("RGBA"[: len(image)], [Image.fromarray(_bytes(plane)) for plane in image])


def planes(source: Image.Image) -> np.ndarray:
    """What `picture` made, back as an array."""
    values = np.asarray(source)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if values.ndim == 3 else values).astype(np.float32)


def _blur_plane(plane: np.ndarray, radius: float) -> np.ndarray:
    size = plane.shape[-1]
    shrink = 4 if radius > 6 and size % 4 == 0 else 2 if radius > 1.2 and size % 2 == 0 else 1
    small = picture(plane if shrink == 1 else mask_down(plane, shrink))
    small = small.filter(ImageFilter.GaussianBlur(radius / shrink))
    if shrink > 1:
        small = small.resize((size, size), Image.Resampling.BILINEAR)
    return planes(small)


def blur(image: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur; wide ones are made on a smaller copy, which no eye can tell."""
    radius = radius * image.shape[-1] / 256
    if image.ndim == 2:
        return _blur_plane(image, radius)
    return np.stack([_blur_plane(plane, radius) for plane in image])


def blur_mask(mask: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of a mask with values 0..1."""
    blurred = blur(mask * np.float32(255), radius)
    blurred *= np.float32(1 / 255)
    return blurred


def mask_down(mask: np.ndarray, factor: int) -> np.ndarray:
    """A plane of any range, `factor` times smaller: (S, S) -> (ceil(S / factor), ceil(S / factor))."""
    return np.asarray(Image.fromarray(mask).reduce(factor))


def mask_up(mask: np.ndarray, size: int) -> np.ndarray:
    """A plane of any range, enlarged smoothly to (size, size)."""
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.BILINEAR))


def luminance(image: np.ndarray) -> np.ndarray:
    """How bright each pixel looks, (S, S): the weights of ITU-R BT.601."""
    grey = image[0] * np.float32(0.299)
    grey += image[1] * np.float32(0.587)
    grey += image[2] * np.float32(0.114)
    return grey


def saturate(image: np.ndarray, gain: float) -> np.ndarray:
    """The image with its colours stronger (gain above 1) or weaker, equally bright."""
    grey = luminance(image) * np.float32(1 - gain)
    return image * np.float32(gain) + grey


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture coordinates (x, y) of every pixel's middle, each (S, S), in 256ths; not to be written to."""
    along = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(256 / size)
    x, y = np.ascontiguousarray(np.broadcast_to(along, (size, size))), np.repeat(along[:, None], size, 1)
    x.flags.writeable = y.flags.writeable = False
    return x, y


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
    unit = np.float32(size / 256)
    x, y = grid(size)
    column = np.clip((x + dx) * unit, 0, size - 1).astype(np.int32)
    row = np.clip((y + dy) * unit, 0, size - 1).astype(np.int32)
    row *= size
    row += column
    return image.reshape(-1, size * size).take(row.ravel(), axis=1).reshape(image.shape)
