"""The KL autoencoder of Stable Diffusion v1: pixels to latents an eighth of the size, and back.

    z ~ N(mean(pixels), exp(logvar(pixels)));   pixels ~ decode(z);   the UNet sees scale * z

Rombach et al. 2022, arXiv 2112.10752, section 3.1 (the model "kl-f8"). All group norms have eps 1e-6, and the
encoder pads only on the right and below before it halves.

Shapes: B batch, C channels, H W latent size; pixels are (B, 3, 8H, 8W) in [-1, 1].
Read next: `tokenizer.py`, or `stable_diffusion.py` to see the networks at work.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.attention import attend

__all__ = ["Autoencoder", "AutoencoderConfig", "Posterior"]


@dataclass(frozen=True)
class AutoencoderConfig:
    """Sizes of an autoencoder; the defaults are those of Stable Diffusion v1 (83,653,863 parameters).

    `scale` makes latents of about unit variance for the UNet: `scale * z`.
    """

    image_channels: int = 3
    latent_channels: int = 4
    channels: tuple[int, ...] = (128, 256, 512, 512)
    blocks: int = 2
    groups: int = 32
    scale: float = 0.18215


@dataclass(frozen=True)
class Posterior:
    """A Gaussian over latents: `mean` and `logvar`, each (B, C, H, W)."""

    mean: Tensor
    logvar: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """Move unit normal `noise` (B, C, H, W) to this Gaussian."""
        return self.mean + torch.exp(0.5 * self.logvar) * noise


class ResBlock(nn.Module):
    """Two convolutions beside a skip."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=1e-6)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=1e-6)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return self.skip(x) + h


class SelfAttention(nn.Module):
    """Every position looks at every other, with one head, beside a skip."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.q = nn.Linear(channels, channels)
        self.k = nn.Linear(channels, channels)
        self.v = nn.Linear(channels, channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        h = self.norm(x).flatten(2).transpose(1, 2)[:, None]  # (B, 1, H W, C): one head
        h = self.out(attend(self.q(h), self.k(h), self.v(h)))[:, 0]
        return x + h.transpose(1, 2).unflatten(2, (height, width))


class Middle(nn.Module):
    """Block, attention, block at the latent's size."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.res = nn.ModuleList(ResBlock(channels, channels, groups) for _ in range(2))
        self.attn = SelfAttention(channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.res[1](self.attn(self.res[0](x)))


class Down(nn.Module):
    """The blocks of one size in the encoder; all but the last end by halving it."""

    def __init__(self, inputs: int, outputs: int, blocks: int, last: bool, groups: int) -> None:
        super().__init__()
        widths = [inputs] + [outputs] * (blocks - 1)
        self.res = nn.ModuleList(ResBlock(channels, outputs, groups) for channels in widths)
        self.downsample = None if last else nn.Conv2d(outputs, outputs, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.res:
            x = block(x)
        if self.downsample is not None:
            x = self.downsample(F.pad(x, (0, 1, 0, 1)))  # right and below only; torch's own padding is symmetric
        return x


class Up(nn.Module):
    """The blocks of one size in the decoder; all but the last end by doubling it."""

    def __init__(self, inputs: int, outputs: int, blocks: int, last: bool, groups: int) -> None:
        super().__init__()
        widths = [inputs] + [outputs] * (blocks - 1)
        self.res = nn.ModuleList(ResBlock(channels, outputs, groups) for channels in widths)
        self.upsample = None if last else nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.res:
            x = block(x)
        if self.upsample is not None:
            x = self.upsample(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return x


class Encoder(nn.Module):
    """Pixels (B, 3, 8H, 8W) to the moments of a latent (B, 2 C, H, W)."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        channels, groups = config.channels, config.groups
        self.conv_in = nn.Conv2d(config.image_channels, channels[0], 3, padding=1)
        self.down = nn.ModuleList(
            Down(channels[max(level - 1, 0)], width, config.blocks, level == len(channels) - 1, groups)
            for level, width in enumerate(channels)
        )
        self.mid = Middle(channels[-1], groups)
        self.norm_out = nn.GroupNorm(groups, channels[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(channels[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for down in self.down:
            x = down(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    """A latent (B, C, H, W) to pixels (B, 3, 8H, 8W); one block a level more than the encoder."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        channels, groups = config.channels[::-1], config.groups
        self.conv_in = nn.Conv2d(config.latent_channels, channels[0], 3, padding=1)
        self.mid = Middle(channels[0], groups)
        self.up = nn.ModuleList(
            Up(channels[max(level - 1, 0)], width, config.blocks + 1, level == len(channels) - 1, groups)
            for level, width in enumerate(channels)
        )
        self.norm_out = nn.GroupNorm(groups, channels[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(channels[-1], config.image_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for up in self.up:
            x = up(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class Autoencoder(nn.Module):
    """Encoder and decoder. Latents are unscaled here: times `config.scale` they are what the UNet knows."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        channels = config.latent_channels
        self.encoder = Encoder(config)
        self.quant = nn.Conv2d(2 * channels, 2 * channels, 1)
        self.post_quant = nn.Conv2d(channels, channels, 1)
        self.decoder = Decoder(config)

    @property
    def factor(self) -> int:
        """Pixels a latent cell is wide: 8."""
        return 2 ** (len(self.config.channels) - 1)

    def encode(self, pixels: Tensor) -> Posterior:
        """Pixels (B, 3, 8H, 8W) in [-1, 1] -> a Gaussian over latents (B, C, H, W), unscaled."""
        mean, logvar = self.quant(self.encoder(pixels)).chunk(2, dim=1)
        return Posterior(mean, logvar.clamp(-30, 20))

    def decode(self, z: Tensor) -> Tensor:
        """Unscaled latents (B, C, H, W) -> pixels (B, 3, 8H, 8W), about in [-1, 1] and not clamped."""
        return self.decoder(self.post_quant(z))
