"""A picture: its pixels, the recipe that made them, and what carried the recipe out.

    picture = model.generate(recipe)
    picture.save("a.png")                 # the recipe is inside the file
    Picture.open("a.png").recipe          # and comes out exactly as it went in

Three kinds of file: PNG and WebP hold exactly these pixels, JPEG nearly. A file is written beside its final place and
renamed, so that there is either the whole picture or nothing. Where in a file the recipe lies: read `metadata.py`.
"""

import errno
import io
import math
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from safelight import infotext
from safelight.errors import NumericalError, OutputError, PictureError
from safelight.metadata import (
    Metadata,
    decoding,
    exif_with,
    jpeg_with,
    metadata_of,
    open_image,
    png_with,
    read_metadata,
    xmp_with,
)
from safelight.provenance import Provenance, explain
from safelight.recipe import Recipe

if TYPE_CHECKING:
    import torch

__all__ = [
    "Difference",
    "Metadata",
    "Picture",
    "Provenance",
    "compare",
    "explain",
    "from_tensor",
    "read_metadata",
    "write_file",
]

Pixels = NDArray[np.uint8]


# -- Comparing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """How far two pictures of one size are apart."""

    same: bool
    """Equal to the last bit."""
    differing: int
    """Pixels that differ in any channel."""
    largest: int
    """The largest difference of a channel, 0 to 255."""
    mean: float
    """The mean absolute difference of the channels, 0 to 255."""
    psnr: float
    """Peak signal-to-noise ratio in dB, `10 log10(255^2 / mean squared difference)`; infinite when all is the same."""


def compare(a: Pixels, b: Pixels) -> Difference:
    """Measure the difference of two pictures (H, W, 3); raises `PictureError` when their sizes differ."""
    if a.shape != b.shape:
        sizes = " and ".join(f"{pixels.shape[1]}x{pixels.shape[0]}" for pixels in (a, b))
        raise PictureError(f"pictures of different sizes cannot be compared: {sizes}")
    distance = np.abs(a.astype(np.int32) - b.astype(np.int32))
    squared = float(np.mean(distance.astype(np.float64) ** 2))
    return Difference(
        same=not distance.any(),
        differing=int(distance.any(axis=2).sum()),
        largest=int(distance.max()),
        mean=float(distance.mean()),
        psnr=10 * math.log10(255**2 / squared) if squared else math.inf,
    )


# -- Writing a file whole or not at all --------------------------------------------------------------------------------


def write_file(path: Path, data: bytes) -> None:
    """Write a file beside its final place and rename it; after a failure nothing is left.

    Raises `OutputError`.
    """
    part = path.parent / f".{secrets.token_hex(6)}.part"
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder; name a file in it")
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:  # also when Ctrl-C comes in between; after the rename there is nothing to remove
            part.unlink(missing_ok=True)
    except FileNotFoundError:
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}") from None
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "the disk is full" if full else os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(f"{path} cannot be written: {reason}") from None
    except ValueError:  # a NUL in the name
        raise OutputError(f"{str(path)!r} cannot be the name of a file") from None


# -- The picture -------------------------------------------------------------------------------------------------------


def from_tensor(tensor: "torch.Tensor") -> Pixels:
    """Turn a tensor (3, H, W), where -1 is black and 1 is full, into pixels (H, W, 3); what lies beyond is cut off.

    Rounds to the nearest of the 256 values, halves to the even one, as diffusers does. Raises `NumericalError` for a
    tensor with NaN or infinity, which would otherwise become black.
    """
    values = tensor.detach().float().cpu()
    if not values.isfinite().all():
        raise NumericalError("the decoded picture holds NaN or infinity")
    levels = (values / 2 + 0.5).clamp(0, 1).mul(255).round()
    return levels.permute(1, 2, 0).numpy().astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels (H, W, 3) of 8 bits, the recipe that made them, and what produced them."""

    pixels: Pixels
    recipe: Recipe
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
            raise PictureError(f"a picture needs uint8 pixels (H, W, 3), not {pixels.dtype} {pixels.shape}")
        kept = np.array(pixels, order="C")
        kept.flags.writeable = False  # frozen means frozen
        object.__setattr__(self, "pixels", kept)

    @classmethod
    def open(cls, path: Path | str) -> "Picture":
        """Read a picture file with its recipe; raises `PictureError`, also when there is no recipe in it."""
        path = Path(path)
        with open_image(path) as image:
            found = metadata_of(image, path)
            with decoding(path):
                pixels = np.asarray(image.convert("RGB"))
        return cls(pixels, found.recipe, found.provenance)

    def image(self) -> Image.Image:
        """Give the pixels as a Pillow image."""
        return Image.fromarray(self.pixels)

    def save(self, path: Path | str, quality: int | None = None) -> None:
        """Write the picture, its recipe inside, as PNG, JPEG or WebP: what the name's suffix says.

        `quality` (1 to 100) is for JPEG (95 by default, its colours at full resolution) and for WebP, which without it
        is lossless: then the file holds the same pixels, and `safelight verify` can say so.
        Raises `PictureError` for another suffix or quality, `OutputError` when the file cannot be written.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in _ENCODERS:
            raise PictureError(f"{path} cannot be written: the name of a picture must end in .png, .jpg or .webp")
        if quality is not None and (kind == ".png" or isinstance(quality, bool) or not 1 <= quality <= 100):
            raise PictureError(f"quality {quality!r} has no meaning for {kind}; JPEG and WebP take 1 to 100, PNG none")
        write_file(path, _ENCODERS[kind](self, quality))

    def _text(self) -> str:
        height, width, _ = self.pixels.shape
        return infotext.write(self.recipe, width, height)


def _png(picture: Picture, quality: int | None) -> bytes:
    file = io.BytesIO()
    picture.image().save(file, "PNG", pnginfo=png_with(picture.recipe, picture.provenance, picture._text()))
    return file.getvalue()


def _jpeg(picture: Picture, quality: int | None) -> bytes:
    file = io.BytesIO()
    picture.image().save(file, "JPEG", quality=quality or 95, subsampling="4:4:4")
    return jpeg_with(file.getvalue(), picture.recipe, picture.provenance, picture._text())


def _webp(picture: Picture, quality: int | None) -> bytes:
    file = io.BytesIO()
    exif, xmp = exif_with(picture._text()), xmp_with(picture.recipe, picture.provenance)
    if quality is None:
        picture.image().save(file, "WEBP", lossless=True, exif=exif, xmp=xmp)
    else:
        picture.image().save(file, "WEBP", quality=quality, exif=exif, xmp=xmp)
    return file.getvalue()


_ENCODERS = {".png": _png, ".jpg": _jpeg, ".jpeg": _jpeg, ".webp": _webp}
