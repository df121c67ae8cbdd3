"""Teaching an encoder and a decoder, apart from each other, what the closed-form latents of `latents` mean.

    encoder:  mean squared error of its mean to the latent;  its log-variance is a constant
    decoder:  |x - y| + (x - y)^2 + 0.5 (|d/dx (x - y)| + |d/dy (x - y)|),   y = decoder(z + 0.05 noise)

Trained together from random weights they wait for one another; apart, the encoder is done in minutes and the decoder
passes what any linear decoder can do soon after. Little noise on the latents makes it forgiving about what a diffusion
model will hand it. Small crops are cheap and varied, but a group norm sees the whole picture: so the last part of a run
alternates crops with whole pictures of the same number of pixels.

Letters: B pictures, H W latent size, pixels 8H x 8W.  Next: `text_to_image`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.vae import Autoencoder
from safelight.train.latents import PatchPCA, to_unit
from safelight.train.loop import Now
from safelight.train.optimiser import Part
from safelight.train.readings import Readings
from safelight.train.sheets import write_sheet

LOG_VARIANCE = -12.0  # a standard deviation of 0.0025: the posterior is all but a point


def prepare(autoencoder: Autoencoder) -> None:
    """Make the 1 x 1 convolutions the identity and the encoder's log-variance a constant."""
    with torch.no_grad():
        for conv in (autoencoder.quant, autoencoder.post_quant):
            nn.init.dirac_(conv.weight)
            nn.init.zeros_(_bias(conv))
        last = autoencoder.encoder.conv_out
        half = last.out_channels // 2
        last.weight[half:] = 0.0
        _bias(last)[half:] = LOG_VARIANCE


def _bias(conv: nn.Conv2d) -> Tensor:
    assert conv.bias is not None
    return conv.bias


@dataclass(frozen=True)
class Pixels:
    """Where training pictures come from: renders (N, S, S, 3) uint8, and how much of them a step takes.

    A step takes `batch` crops of `crop` pixels, half of them from renders at half size, a tenth no renders at all.
    From `whole_from` of the run on, every second step takes whole pictures instead, of the same number of pixels.
    """

    renders: np.ndarray
    crop: int = 64
    batch: int = 16
    textures: float = 0.1
    whole_from: float = 0.7

    def draw(self, now: Now) -> Tensor:
        """This step's pictures (B, 3, 8H, 8W) in [-1, 1]."""
        side, area = self.renders.shape[1], self.batch * self.crop**2
        if now.progress >= self.whole_from and now.step % 2:
            halving = 1 if now.step % 4 == 1 and area >= side**2 else 2
            return self._cut(max(1, area * halving**2 // side**2), side // halving, halving, now.generator)
        odd = round(self.batch * self.textures)
        large = (self.batch - odd + 1) // 2
        return torch.cat(
            [
                self._cut(large, self.crop, 1, now.generator),
                self._cut(self.batch - odd - large, self.crop, 2, now.generator),
                textures(odd, self.crop, now.generator),
            ]
        )

    def _cut(self, count: int, size: int, halving: int, generator: torch.Generator) -> Tensor:
        """`count` crops of `size` from renders reduced `halving` times, aligned to whole latent cells."""
        span, side = size * halving, self.renders.shape[1]
        cell = 8 * halving
        places = (side - span) // cell + 1
        which = torch.randint(len(self.renders), (count,), generator=generator).tolist()
        corners = (cell * torch.randint(places, (count, 2), generator=generator)).tolist()
        pixels = np.empty((count, span, span, 3), np.uint8)
        for i, (index, (top, left)) in enumerate(zip(which, corners, strict=True)):
            pixels[i] = self.renders[index, top : top + span, left : left + span]
        cut = to_unit(pixels)
        return F.avg_pool2d(cut, halving) if halving > 1 else cut


def textures(count: int, size: int, generator: torch.Generator) -> Tensor:
    """Pictures (count, 3, size, size) in [-1, 1] of nothing: noise in coarse cells, blurred or with hard edges.

    They keep an autoencoder from failing on pictures that are not of the scenes.
    """
    made = []
    for _ in range(count):
        cells, hard = torch.randint(2, 17, (2,), generator=generator).tolist()
        noise = torch.randn(1, 3, cells, cells, generator=generator) * torch.rand(1, 3, 1, 1, generator=generator)
        offset = torch.rand(1, 3, 1, 1, generator=generator) * 1.6 - 0.8
        if hard % 2:
            made.append(F.interpolate(noise, size=(size, size), mode="nearest") + offset)
        else:
            made.append(F.interpolate(noise, size=(size, size), mode="bilinear", align_corners=False) + offset)
    return torch.cat(made).clamp(-1, 1) if made else torch.empty(0, 3, size, size)


def psnr(x: Tensor, y: Tensor) -> float:
    """Mean over pictures (B, 3, H, W) in [-1, 1] of the peak signal-to-noise ratio, in dB."""
    return float(-10 * ((x - y.clamp(-1, 1)) / 2).square().mean((1, 2, 3)).log10().mean())


def exactly(map: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a map in float32, where networks around it may compute in less: what is learnt from should be exact."""
    with torch.autocast(x.device.type, enabled=False):
        return map(x)


class LearnEncoder:
    """Regress the encoder on the closed-form latents; `held_out` (B, S, S, 3) uint8 are pictures to be measured on."""

    def __init__(self, autoencoder: Autoencoder, pca: PatchPCA, pixels: Pixels, held_out: np.ndarray) -> None:
        prepare(autoencoder)
        self.encoder, self.pca, self.pixels = autoencoder.encoder, pca, pixels
        self.held_out = to_unit(held_out)

    def parts(self) -> list[Part]:
        """Return the encoder alone."""
        return [Part("encoder", self.encoder)]

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, Tensor], int]:
        """Return the mean squared error of this step's latents, which have unit variance."""
        x = self.pixels.draw(now)
        return self._error(x), {}, len(x)

    def _mean(self, x: Tensor) -> Tensor:
        # Where the weights are and in their type: a bfloat16 copy must be fed bfloat16.
        return self.encoder(x.to(self.encoder.conv_in.weight))[:, :4].float()

    def _error(self, x: Tensor) -> Tensor:
        x = x.to(self.encoder.conv_in.weight.device)
        return F.mse_loss(self._mean(x), exactly(self.pca.encode, x))

    def validate(self) -> Readings:
        """Return the mean squared error on held-out pictures at full and at half size."""
        halved = F.avg_pool2d(self.held_out, 2)
        full = sum(float(self._error(x)) for x in self.held_out.split(4)) / len(self.held_out.split(4))
        return {"validation_error": full, "validation_error_half": float(self._error(halved))}

    def sheet(self, path: Path) -> None:
        """Draw held-out pictures, the linear inverse of their latents, and that of the encoder's."""
        x = self.held_out[:6].to(self.encoder.conv_in.weight.device)
        mean = self._mean(x)
        write_sheet(path, [x, self.pca.decode(self.pca.encode(x)), self.pca.decode(mean)])


class LearnDecoder:
    """Teach the decoder to draw pictures from their closed-form latents; `held_out` (B, S, S, 3) uint8."""

    def __init__(
        self, autoencoder: Autoencoder, pca: PatchPCA, pixels: Pixels, held_out: np.ndarray, noise: float = 0.05
    ) -> None:
        prepare(autoencoder)
        self.decoder, self.pca, self.pixels, self.noise = autoencoder.decoder, pca, pixels, noise
        self.held_out = to_unit(held_out)

    def parts(self) -> list[Part]:
        """Return the decoder alone."""
        return [Part("decoder", self.decoder)]

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, Tensor], int]:
        """Return the three-part loss of the module's docstring, and its first part as `l1`."""
        x = self.pixels.draw(now).to(self.decoder.conv_in.weight.device)
        z = exactly(self.pca.encode, x)
        error = self._decode(z + self.noise * torch.randn(z.shape, generator=now.generator).to(z.device)) - x
        l1 = error.abs().mean()
        edges = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
        return l1 + error.square().mean() + 0.5 * edges, {"l1": l1.detach()}, len(x)

    def _decode(self, z: Tensor) -> Tensor:
        return self.decoder(z.to(self.decoder.conv_in.weight)).float()

    def _redraw(self, x: Tensor) -> Tensor:
        return torch.cat([self._decode(z) for z in exactly(self.pca.encode, x).split(2)])

    def validate(self) -> Readings:
        """Return the PSNR in dB on held-out pictures at full and half size, and the linear decoder's at full size."""
        x = self.held_out.to(self.decoder.conv_in.weight.device)
        halved = F.avg_pool2d(x, 2)
        return {
            "validation_psnr": psnr(x, self._redraw(x)),
            "validation_psnr_half": psnr(halved, self._redraw(halved)),
            "validation_psnr_linear": psnr(x, exactly(lambda x: self.pca.decode(self.pca.encode(x)), x)),
        }

    def sheet(self, path: Path) -> None:
        """Draw held-out pictures above what the linear inverse and the decoder make of their latents."""
        x = self.held_out[:6].to(self.decoder.conv_in.weight.device)
        write_sheet(path, [x, self.pca.decode(self.pca.encode(x)), self._redraw(x)])
