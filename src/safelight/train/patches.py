"""Pictures made smaller, and cut into latents, with numpy alone: what workers that draw scenes need.

    z = p K + b,     p the 192 numbers of a patch of 8 x 8 pixels in 0..255, K (192, 4), b (4,)

This module imports no torch, so that worker processes start quickly and stay small.

Letters: N pictures, S their side in pixels, H = S / 8 that of the latents.  Next: `filling`, then `data`.
"""

from dataclasses import dataclass

import numpy as np

PATCH = 8


def area_matrix(size: int, target: int) -> np.ndarray:
    """The (target, size) float32 matrix of area resampling along one axis; rows sum to 1."""
    edges = np.linspace(0.0, size, target + 1)
    low, high = edges[:-1, None], edges[1:, None]
    pixel = np.arange(size)[None, :]
    covered = np.clip(np.minimum(high, pixel + 1) - np.maximum(low, pixel), 0.0, None)
    return (covered / covered.sum(1, keepdims=True)).astype(np.float32)


def resize(pixels: np.ndarray, target: int) -> np.ndarray:
    """Area-resample square pictures (N, S, S, 3), uint8 or float32, to float32 (N, target, target, 3).

    Every small pixel is the mean of the part of the large picture that it covers; at half the size, of 2 x 2 pixels.
    """
    size = pixels.shape[1]
    if size == target:
        return pixels.astype(np.float32)
    if size % target == 0:
        k = size // target
        parts = [pixels[:, i::k, j::k].astype(np.float32) for i in range(k) for j in range(k)]
        return np.sum(parts, axis=0) / k**2
    matrix = area_matrix(size, target)
    rows = np.matmul(matrix, pixels.astype(np.float32).reshape(-1, size, size * 3)).reshape(-1, target, size, 3)
    return np.matmul(matrix, rows)


@dataclass(frozen=True)
class Projection:
    """The linear encoder in numbers: `kernel` (192, 4) for patches laid out as (8, 8, 3), and `bias` (4,), float32."""

    kernel: np.ndarray
    bias: np.ndarray

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures (N, 8H, 8H, 3) in 0..255 to latents (N, 4, H, H) float32."""
        count, size = pixels.shape[:2]
        side = size // PATCH
        cut = pixels.astype(np.float32, copy=False).reshape(count, side, PATCH, side, PATCH, 3)
        patches = cut.transpose(0, 1, 3, 2, 4, 5).reshape(count * side * side, -1)
        z = (patches @ self.kernel + self.bias).reshape(count, side, side, -1)
        return z.transpose(0, 3, 1, 2)
