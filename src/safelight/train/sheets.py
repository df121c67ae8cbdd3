"""Contact sheets: rows of pictures in one PNG, to look at while a run goes on.  Next: `loop`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor


def to_bytes(x: Tensor) -> np.ndarray:
    """Pictures (B, 3, H, W) in [-1, 1], wherever they lie, as (B, H, W, 3) uint8."""
    return ((x.permute(0, 2, 3, 1).float() + 1) * 127.5).round().clamp(0, 255).byte().cpu().numpy()


def write_sheet(path: Path, rows: Sequence[Tensor]) -> None:
    """Write rows of pictures, each (B, 3, H, W) in [-1, 1] with the same H and W, below one another, on white."""
    height, width = rows[0].shape[-2:]
    page = np.full((len(rows) * height, max(map(len, rows)) * width, 3), 255, np.uint8)
    for r, row in enumerate(rows):
        for c, picture in enumerate(to_bytes(row)):
            page[r * height : (r + 1) * height, c * width : (c + 1) * width] = picture
    part = path.with_suffix(".part")
    Image.fromarray(page).save(part, format="PNG")
    part.replace(path)
