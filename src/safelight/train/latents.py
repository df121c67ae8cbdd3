"""Latents by closed form: whitened principal components of 8 x 8 patches.

    z = W^T (p - mean),   W = V_4 diag(lambda_4)^(-1/2);        p ~ mean + V_4 diag(lambda_4)^(1/2) z

where p are the 192 numbers of a patch of pixels in [-1, 1], and V_4, lambda_4 the four greatest eigenvectors and
eigenvalues of their covariance. An autoencoder that starts from random weights spends its first hour agreeing on what
its four channels mean. Here the meaning is fixed beforehand (brightness, two colours, a gradient), every channel has
unit variance, and encoder, decoder and diffusion model can be taught at the same time, without waiting for one another.

The decoder learns to draw far better pictures from these latents than the linear inverse does; the latents stay as they
are, smooth and easy to diffuse. A trained encoder only imitates `encode`.

Letters: B pictures, H W latent size, so pixels are 8H x 8W.  Next: `autoencoder`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from safelight.errors import TrainingError

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


def to_unit(pixels: np.ndarray) -> Tensor:
    """Pixels (B, S, S, 3) in 0..255 as a contiguous float32 tensor (B, 3, S, S) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)).div_(127.5).sub_(1.0)


@dataclass(frozen=True)
class PatchPCA:
    """The linear autoencoder: `mean` (192,), `basis` (192, 4) of orthonormal columns, `scale` (4,) deviations."""

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, 8H, 8W) in [-1, 1] to latents (B, 4, H, W) of unit variance."""
        kernel = (self.basis / self.scale).T.reshape(-1, 3, PATCH, PATCH)
        return F.conv2d(pixels, kernel, -kernel.flatten(1) @ self.mean, stride=PATCH)

    def decode(self, z: Tensor) -> Tensor:
        """Latents (B, 4, H, W) to the nearest pixels (B, 3, 8H, 8W); may lie a little outside [-1, 1]."""
        kernel = (self.basis * self.scale).T.reshape(-1, 3, PATCH, PATCH)
        mean = self.mean.reshape(1, 3, PATCH, PATCH).repeat(1, 1, z.shape[2], z.shape[3])
        return F.conv_transpose2d(z, kernel, stride=PATCH) + mean

    def save(self, path: Path) -> None:
        """Write to `path` by renaming a finished file."""
        part = path.with_suffix(".part")
        torch.save({"mean": self.mean, "basis": self.basis, "scale": self.scale}, part)
        part.replace(path)

    @staticmethod
    def load(path: Path) -> "PatchPCA":
        """Read what `save` wrote. Raises `TrainingError` if there is none."""
        if not path.exists():
            raise TrainingError(f"no {path}: run the stage `latents` first")
        return PatchPCA(**torch.load(path, weights_only=True))


def fit(pictures: Iterable[Tensor], components: int = 4) -> PatchPCA:
    """Fit to batches of pictures (B, 3, 8H, 8W), which may differ in size; every patch counts the same.

    The sign of a component is the one that makes its product with a rising ramp positive, so that the same renders
    always give the same latents.
    """
    count, total, products = 0, torch.zeros(192, dtype=torch.float64), torch.zeros(192, 192, dtype=torch.float64)
    for batch in pictures:
        patches = F.unfold(batch, PATCH, stride=PATCH).transpose(1, 2).reshape(-1, 192).double()
        count, total, products = count + len(patches), total + patches.sum(0), products + patches.T @ patches
    mean = total / count
    values, vectors = torch.linalg.eigh(products / count - torch.outer(mean, mean))
    basis = vectors[:, -components:].flip(1)
    basis = basis * torch.sign(torch.linspace(1.0, 2.0, len(mean), dtype=torch.float64) @ basis)
    return PatchPCA(mean.float(), basis.float(), values[-components:].flip(0).sqrt().float())


def fit_renders(pixels: np.ndarray, sizes: Sequence[int], sample: int = 600) -> PatchPCA:
    """Fit to `sample` renders, evenly spread over `pixels` (N, S, S, 3), at each side length in `sizes`."""
    chosen = pixels[:: max(1, len(pixels) // sample)][:sample]
    return fit(to_unit(resize(chosen[i : i + 20], size)) for size in sizes for i in range(0, len(chosen), 20))


def encode_renders(pca: PatchPCA, pixels: np.ndarray, size: int, path: Path, chunk: int = 128) -> Iterator[int]:
    """Write the latents of all renders at `size` to `path`, float16 (N, 4, size/8, size/8); yields pictures done."""
    side = size // PATCH
    part = path.with_suffix(".part")
    latents = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=(len(pixels), 4, side, side))
    for start in range(0, len(pixels), chunk):
        batch = np.asarray(pixels[start : start + chunk])
        latents[start : start + len(batch)] = pca.encode(to_unit(resize(batch, size))).half().numpy()
        yield len(batch)
    latents.flush()
    part.replace(path)
