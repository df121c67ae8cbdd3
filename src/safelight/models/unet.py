"""The UNet of Stable Diffusion v1: a noisy latent, its noise level and a prompt become the noise.

    eps = unet(x, t, context)

Rombach et al. 2022, arXiv 2112.10752, section 3.3 and appendix E.2; Ho et al. 2020, arXiv 2006.11239, appendix B.
Going down, every block keeps its result; going up, every block takes the latest one that is left.

    level   channels   attention   size at 512x512    down                  up (in this order 3, 2, 1, 0)
    0        320        yes         64x64             2 blocks, halve       3 blocks
    1        640        yes         32x32             2 blocks, halve       3 blocks, double
    2       1280        yes         16x16             2 blocks, halve       3 blocks, double
    3       1280        no           8x8              2 blocks              3 blocks, double
    middle  1280        yes          8x8              block, attention, block

Shapes: B batch, C channels, H W latent size (pixels / 8), T tokens, D width.
Read next: `vae.py`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.attention import Attention, Site

__all__ = ["Residuals", "UNet", "UNetConfig", "sinusoid"]


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of a UNet; the defaults are those of Stable Diffusion v1.1 to v1.5 (859,520,964 parameters).

    `in_channels` is 9 for the inpainting checkpoints (latent, mask, masked picture) and 8 for InstructPix2Pix.
    `attention` says for each level, finest first, whether its blocks look at the prompt; the middle always does.
    """

    in_channels: int = 4
    out_channels: int = 4
    channels: tuple[int, ...] = (320, 640, 1280, 1280)
    blocks: int = 2
    attention: tuple[bool, ...] = (True, True, True, False)
    heads: int = 8
    context: int = 768
    groups: int = 32


class Residuals(NamedTuple):
    """What another network adds to a UNet, as a ControlNet does (`controlnet.py`).

    kept holds one tensor for each result that the way down keeps, in their order, middle one for what the middle
    returns; each has the shape of what it is added to.
    """

    kept: tuple[Tensor, ...]
    middle: Tensor


def sinusoid(t: Tensor, width: int) -> Tensor:
    """Embed time steps (B,) as cosines, then sines, of `width` / 2 frequencies from 1 down to 1/10000: (B, width)."""
    half = width // 2
    frequencies = torch.exp(-math.log(10000) / half * torch.arange(half, dtype=torch.float32, device=t.device))
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class ResBlock(nn.Module):
    """Two convolutions, with the time step added between them, beside a skip."""

    def __init__(self, inputs: int, outputs: int, time: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=1e-5)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=1e-5)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """`time` (B, time) comes activated: every block would apply the same SiLU to it."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time(time)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return self.skip(x) + h


class FeedForward(nn.Module):
    """GEGLU, x * gelu(gate) with the exact GELU: Shazeer 2020, arXiv 2002.05202. The gate is the second half."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 8 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x, gate = self.up(x).chunk(2, dim=-1)
        return self.down(x * F.gelu(gate))


class TransformerBlock(nn.Module):
    """Each position looks at the others, then at the prompt, then thinks for itself."""

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.self = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.cross = Attention(width, heads, context)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        x = x + self.self(self.norm1(x))
        x = x + self.cross(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """A transformer block over the positions of an image, beside a skip. Its group norm has eps 1e-6, not 1e-5."""

    def __init__(self, width: int, heads: int, context: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.block = TransformerBlock(width, heads, context)
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        h = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)  # (B, H W, C): a pixel is a token
        h = self.block(h, context)
        return x + self.proj_out(h.transpose(1, 2).unflatten(2, (height, width)))


class Level(nn.Module):
    """The blocks of one level: residual ones, each followed by a transformer where the level has attention."""

    def __init__(self, inputs: list[int], outputs: int, attention: bool, config: UNetConfig) -> None:
        super().__init__()
        time = 4 * config.channels[0]
        self.res = nn.ModuleList(ResBlock(channels, outputs, time, config.groups) for channels in inputs)
        self.attn = nn.ModuleList(
            SpatialTransformer(outputs, config.heads, config.context, config.groups) for _ in inputs if attention
        )

    def block(self, j: int, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
        """Run block `j` of this level."""
        x = self.res[j](x, time)
        return self.attn[j](x, context) if len(self.attn) else x


class Down(Level):
    """A level on the way down; all but the last end by halving the size."""

    def __init__(self, inputs: int, outputs: int, attention: bool, last: bool, config: UNetConfig) -> None:
        super().__init__([inputs] + [outputs] * (config.blocks - 1), outputs, attention, config)
        self.downsample = None if last else nn.Conv2d(outputs, outputs, 3, stride=2, padding=1)

    def forward(self, x: Tensor, time: Tensor, context: Tensor) -> list[Tensor]:
        """Return every intermediate result: the way up wants them all."""
        results = []
        for j in range(len(self.res)):
            x = self.block(j, x, time, context)
            results.append(x)
        if self.downsample is not None:
            results.append(self.downsample(x))
        return results


class Middle(Level):
    """Block, transformer, block at the coarsest size."""

    def __init__(self, channels: int, config: UNetConfig) -> None:
        super().__init__([channels, channels], channels, False, config)
        self.attn = SpatialTransformer(channels, config.heads, config.context, config.groups)

    def forward(self, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
        x = self.res[0](x, time)
        x = self.attn(x, context)
        return self.res[1](x, time)


class Up(Level):
    """A level on the way up: each block takes one kept result; all but the last level end by doubling the size."""

    def __init__(
        self, inputs: int, kept: list[int], outputs: int, attention: bool, last: bool, config: UNetConfig
    ) -> None:
        widths = [inputs] + [outputs] * (len(kept) - 1)
        super().__init__([a + b for a, b in zip(widths, kept, strict=True)], outputs, attention, config)
        self.upsample = None if last else nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor, kept: list[Tensor], time: Tensor, context: Tensor) -> Tensor:
        """Use up the last results of `kept`."""
        for j in range(len(self.res)):
            x = self.block(j, torch.cat([x, kept.pop()], dim=1), time, context)
        if self.upsample is not None:
            # To the size of what comes next rather than to twice this one: a latent of odd size was halved upwards.
            x = self.upsample(F.interpolate(x, size=kept[-1].shape[-2:], mode="nearest"))
        return x


class UNet(nn.Module):
    """Predict the noise (or v, for checkpoints trained so) in a latent at time step t, given a prompt's context."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        first, last = config.channels[0], len(config.channels) - 1
        self.time = nn.ModuleList([nn.Linear(first, 4 * first), nn.Linear(4 * first, 4 * first)])
        self.conv_in = nn.Conv2d(config.in_channels, first, 3, padding=1)

        kept = [first]  # channels of the results that the way down keeps
        self.down = nn.ModuleList()
        for level, (channels, attention) in enumerate(zip(config.channels, config.attention, strict=True)):
            self.down.append(Down(kept[-1], channels, attention, level == last, config))
            kept += [channels] * (config.blocks + (level < last))

        channels = config.channels[-1]
        self.mid = Middle(channels, config)

        self.up = nn.ModuleList()
        for level in reversed(range(last + 1)):
            takes = [kept.pop() for _ in range(config.blocks + 1)]
            outputs = config.channels[level]
            self.up.append(Up(channels, takes, outputs, config.attention[level], level == 0, config))
            channels = outputs

        self.norm_out = nn.GroupNorm(config.groups, first, eps=1e-5)
        self.conv_out = nn.Conv2d(first, config.out_channels, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor, context: Tensor, residuals: Residuals | None = None) -> Tensor:
        """Noisy latents (B, C, H, W), time steps (B,) in 0..999 (fractions allowed), context (B, T, D) -> (B, C, H, W).

        The latent is the variance-preserving one, sqrt(abar) x0 + sqrt(1 - abar) noise. H and W may be any numbers.
        `residuals` join what the way down kept only after the middle has run, which sees none of them.
        """
        time = sinusoid(t, self.config.channels[0]).to(x.dtype)
        time = F.silu(self.time[1](F.silu(self.time[0](time))))

        x = self.conv_in(x)
        kept = [x]
        for down in self.down:
            kept += down(kept[-1], time, context)
        x = self.mid(kept[-1], time, context)
        if residuals is not None:
            kept = [result + more for result, more in zip(kept, residuals.kept, strict=True)]
            x = x + residuals.middle
        for up in self.up:
            x = up(x, kept, time, context)
        return self.conv_out(F.silu(self.norm_out(x)))

    def sites(self) -> Iterator[tuple[Site, Attention]]:
        """Every place of attention, in the order in which a call passes them; attention.py says what that is for."""
        last, counts = len(self.config.channels) - 1, {"self": count(), "cross": count()}
        for name, module in self.named_modules():
            if isinstance(module, Attention):
                side, number, *_ = name.split(".")
                level = int(number) if side == "down" else last - int(number) if side == "up" else last
                kind = "self" if name.endswith("self") else "cross"
                yield Site(name, kind, level, next(counts[kind])), module
