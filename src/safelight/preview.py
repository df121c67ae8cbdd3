"""A cheap look at a latent: each cell becomes one pixel, by the linear map that follows the decoder best.

    pixel = matrix · z + offset,   fitted by least squares to what the decoder makes of a patchwork of flat latents

Three products a cell instead of a decoder: good enough to see what a picture becomes, an eighth of its size.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from safelight.picture import from_tensor

__all__ = ["Preview"]


@dataclass(frozen=True)
class Preview:
    """The fitted map: `matrix` (C, 3) and `offset` (3,), float32."""

    matrix: Tensor
    offset: Tensor

    @classmethod
    def fit(cls, decode: Callable[[Tensor], Tensor], channels: int) -> "Preview":
        """Ask the decoder once, for an 8 x 8 patchwork of flat latents (1, C, 16, 16) of unit variance."""
        flat = torch.randn(1, channels, 8, 8, generator=torch.Generator().manual_seed(0))
        pixels = decode(flat.repeat_interleave(2, 2).repeat_interleave(2, 3)).cpu()
        seen = F.adaptive_avg_pool2d(pixels, 8)[0].flatten(1).T
        known = torch.cat([flat[0].flatten(1).T, torch.ones(64, 1)], dim=1)
        solution = torch.linalg.lstsq(known, seen).solution
        return cls(solution[:-1], solution[-1])

    def __call__(self, latent: Tensor) -> np.ndarray:
        """A scaled latent (1, C, H, W) -> an image (H, W, 3), uint8."""
        z = latent[0].float().cpu()
        return from_tensor(torch.einsum("chw,cp->phw", z, self.matrix) + self.offset[:, None, None])
