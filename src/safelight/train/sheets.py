"""Contact sheets: rows of pictures in one PNG, to look at while a run goes on.  Next: `loop`."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def write_sheet(path: Path, rows: Sequence[Tensor]) -> None:
    """Write rows of pictures, each (B, 3, H, W) in [-1, 1] with the same B, H and W, below one another."""
    grid = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
    pixels = ((grid.permute(1, 2, 0).float() + 1) * 127.5).round().clamp(0, 255).byte().numpy()
    part = path.with_suffix(".part")
    Image.fromarray(pixels).save(part, format="PNG")
    part.replace(path)
