"""Pictures that steer a drawing, read into numbers: masks of regions, hints of ControlNets, image prompts.

They come from strangers: size and kind are checked before anything is decoded, as for pictures with recipes.

Shapes: C channels, H W pixels, or latent size for masks.
Read next: `drawing.py`.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from safelight.metadata import decoding, open_image

__all__ = ["read_mask", "read_pixels"]


def read_pixels(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture as uint8 (H, W, 3), resized to `size` (H, W). What is transparent becomes white.

    Raises PictureError.
    """
    with open_image(path) as image, decoding(path):
        flat = image.convert("RGBA")
        flat = Image.alpha_composite(Image.new("RGBA", flat.size, "white"), flat).convert("RGB")
        if size is not None and flat.size != size[::-1]:
            flat = flat.resize((size[1], size[0]), Image.Resampling.LANCZOS)
        return np.asarray(flat)


def read_mask(path: Path, size: tuple[int, int]) -> Tensor:
    """Read the white of a picture as the share, 0 to 1, of each cell: (1, 1, *size). Raises PictureError."""
    with open_image(path) as image, decoding(path):
        grey = image.convert("L").resize((size[1], size[0]), Image.Resampling.BOX)
        pixels = np.asarray(grey)
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None, None]
