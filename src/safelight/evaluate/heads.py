"""The judge's network: one trunk, one end that looks at places, one that looks at the whole picture.

    input 128 x 128 -> stem 32 @ 64 -> 64 @ 32 -> 128 @ 16 -> 192 @ 8        back up: 128 @ 16 -> 48 @ 32
    at each of 32 x 32 cells: is the middle of a thing here, and if so which noun, colour, size, how near
    for the whole picture: features (192), and from them environment, medium, ... and the odds of each defect;
    these see the strength of textures too (textures.py), at full size, before any norm

Things are found as in "Objects as Points" (Zhou et al. 2019, arXiv 1904.07850), but its heat map of every noun is
written as a product, P(a thing) P(noun | a thing): the softmax learns from each thing what it is and what it is not,
and with a few ten thousand pictures it learns far sooner than 33 maps that are empty nearly everywhere.

Letters: B pictures, C channels, G cells along a side: a quarter of the pixels, 32.
Next: textures.py, then read.py, which turns the answers into words.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.evaluate.textures import TEXTURES, textures
from safelight.scenes import words

__all__ = ["AXES", "COLOURS", "FEATURES", "MARKS", "NOUNS", "SIDE", "Answers", "Network", "Sizes", "prepare"]

SIDE, FEATURES = 128, 192
NOUNS, COLOURS = tuple(words.NOUNS), words.COLOURS
AXES: dict[str, tuple[str, ...]] = {
    "environment": tuple(words.ENVIRONMENTS),
    "medium": tuple(words.MEDIA),
    "palette": tuple(words.PALETTES),
    "grade": tuple(words.GRADES),
    "lighting": tuple(words.LIGHTINGS),
    "weather": tuple(words.WEATHERS),
    "detail": tuple(words.DETAILS),
}
MARKS = (*words.DEFECTS, *words.EXTRAS)
"""What is there or is not: the seven defects, then the three extras."""


@dataclass(frozen=True)
class Sizes:
    """Channels at 64, 32, 16, 8 cells a side, inside the two residual blocks, of the map of places, of textures."""

    stem: int = 32
    fine: int = 64
    middle: int = 128
    coarse: int = 192
    waist2: int = 64
    waist3: int = 160
    places: int = 48
    touch: int = 64
    groups: int = 8


class Answers(NamedTuple):
    """What the network says before it is put into words; all but `size` and `offset` are logits.

    At every cell: heat (B, 1, G, G), noun (B, 33, G, G), colour (B, 10, G, G), size (B, 2, G, G) log of width and
    height in pictures, offset (B, 2, G, G) from the cell's middle to the thing's in cells, order (B, 2, G, G): how much
    of it is seen, and whether it is the nearer of two. For the whole: features (B, 192), axes in the order of `AXES`,
    marks (B, 10) in the order of `MARKS`, present (B, 43) nouns and colours that are there at all.
    """

    heat: Tensor
    noun: Tensor
    colour: Tensor
    size: Tensor
    offset: Tensor
    order: Tensor
    features: Tensor
    axes: tuple[Tensor, ...]
    marks: Tensor
    present: Tensor


class Residual(nn.Module):
    """x + conv(conv(x)) through a waist of fewer channels."""

    def __init__(self, channels: int, waist: int, groups: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, channels), nn.Conv2d(channels, waist, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, waist), nn.Conv2d(waist, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(h)))


class Network(nn.Module):
    """Pictures (B, 3, 128, 128) in [-1, 1] to `Answers`."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        s = sizes = sizes or Sizes()
        self.sizes = sizes
        self.stem = nn.Conv2d(12, s.stem, 3, padding=1)
        self.stem_norm = nn.GroupNorm(s.groups, s.stem)
        self.down1, self.norm1 = nn.Conv2d(s.stem, s.fine, 3, 2, 1), nn.GroupNorm(s.groups, s.fine)
        self.down2 = nn.Conv2d(s.fine, s.middle, 3, 2, 1)
        self.block2, self.norm2 = Residual(s.middle, s.waist2, s.groups), nn.GroupNorm(s.groups, s.middle)
        self.down3 = nn.Conv2d(s.middle, s.coarse, 3, 2, 1)
        self.block3, self.norm3 = Residual(s.coarse, s.waist3, s.groups), nn.GroupNorm(s.groups, s.coarse)

        self.up3, self.up2 = nn.Conv2d(s.coarse, s.middle, 1), nn.Conv2d(s.middle, s.fine, 3, padding=1)
        self.up_norm2, self.up_norm1 = nn.GroupNorm(s.groups, s.middle), nn.GroupNorm(s.groups, s.fine)
        self.up1, self.place_norm = nn.Conv2d(s.fine, s.places, 3, padding=1), nn.GroupNorm(s.groups, s.places)
        self.splits = (1, len(NOUNS), len(COLOURS), 2, 2, 2)
        self.place = nn.Conv2d(s.places, sum(self.splits), 1)

        self.touch = nn.Linear(TEXTURES, s.touch)
        self.features = nn.Linear(s.stem + s.fine + 2 * s.middle + s.coarse + s.touch, FEATURES)
        self.counts = (*map(len, AXES.values()), len(MARKS), len(NOUNS) + len(COLOURS))
        self.whole = nn.Linear(FEATURES, sum(self.counts))
        self._begin()

    def _begin(self) -> None:
        """Start with residual blocks that add nothing, and with the odds of a thing in a cell at about 1 : 100."""
        for block in (self.block2, self.block3):
            nn.init.zeros_(block.conv2.weight)
        assert self.place.bias is not None
        with torch.no_grad():
            self.place.bias[0] = -4.6

    def forward(self, x: Tensor, side: int = SIDE) -> Answers:
        """Look at pictures, at the textures as they are and at all else at `side` pixels, a multiple of 32."""
        touch = F.silu(self.touch(textures(x)))
        if side != x.shape[-1]:
            x = F.interpolate(x, size=(side, side), mode="area")
        stem = F.silu(self.stem_norm(self.stem(F.pixel_unshuffle(x, 2))))
        fine = F.silu(self.norm1(self.down1(stem)))
        middle = F.silu(self.norm2(self.block2(self.down2(fine))))
        coarse = F.silu(self.norm3(self.block3(self.down3(middle))))

        up = F.silu(self.up_norm2(F.interpolate(self.up3(coarse), scale_factor=2.0) + middle))
        up = F.silu(self.up_norm1(F.interpolate(self.up2(up), scale_factor=2.0) + fine))
        up = F.silu(self.place_norm(self.up1(up)))
        heat, noun, colour, size, offset, order = self.place(up).split(self.splits, dim=1)

        # Means tell texture and light; the maximum tells small things anywhere, a flying car or a cloud.
        seen = [layer.mean((2, 3)) for layer in (stem, fine, middle, coarse)]
        features = F.silu(self.features(torch.cat([*seen, middle.amax((2, 3)), touch], dim=1)))
        *axes, marks, present = self.whole(features).split(self.counts, dim=1)
        return Answers(heat, noun, colour, size, offset, order, features, tuple(axes), marks, present)


def prepare(pixels: Tensor) -> Tensor:
    """Pixels (B, H, W, 3) uint8 as the network's input (B, 3, 128, 128) in [-1, 1], by the mean over areas."""
    x = pixels.permute(0, 3, 1, 2).float()
    if x.shape[-2:] != (SIDE, SIDE):
        x = F.interpolate(x, size=(SIDE, SIDE), mode="area")
    return x.div(127.5).sub(1.0).contiguous()
