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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from safelight.errors import TrainingError
from safelight.train.patches import PATCH, Projection, resize


def to_unit(pixels: np.ndarray) -> Tensor:
    """Pixels (B, S, S, 3) in 0..255 as a contiguous float32 tensor (B, 3, S, S) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)).div(127.5).sub_(1.0)


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

    def to(self, device: torch.device) -> "PatchPCA":
        """The same on another device."""
        return PatchPCA(self.mean.to(device), self.basis.to(device), self.scale.to(device))

    def projection(self) -> Projection:
        """`encode` in numpy's numbers, for pixels (N, 8H, 8W, 3) in 0..255."""
        kernel = self.basis / self.scale
        bias = -kernel.sum(0) - kernel.T @ self.mean
        laid_out = (kernel / 127.5).reshape(3, PATCH, PATCH, -1).permute(1, 2, 0, 3).reshape(len(kernel), -1)
        return Projection(laid_out.contiguous().numpy(), bias.numpy())

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
