"""Shades: how the light that reaches a shape changes across it. 128 is fully lit, 0 dark, 255 twice as bright.

A shade is one number, a ramp from one side of the shape to the other, or that of a ball. The ball is Lambert's law for
a light from the upper left, n . l, with a highlight and some light bounced from the ground. Read next: canvas.py.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

__all__ = ["BALL", "Ball", "Bounds", "Ramp", "Shade", "across", "down"]

Bounds = tuple[int, int, int, int]


@dataclass(frozen=True)
class Ramp:
    """A shade that runs through `stops` from top to bottom, or from left to right."""

    stops: tuple[int, ...]
    sideways: bool = False

    def middle(self) -> int:
        """One shade for shapes too small for a ramp."""
        return sum(self.stops) // len(self.stops)

    def evened(self, share: float) -> "Ramp":
        """The same run with its differences times `share`."""
        middle = self.middle()
        return Ramp(tuple(round(middle + share * (stop - middle)) for stop in self.stops), self.sideways)

    def image(self, whole: Bounds, part: Bounds) -> Image.Image:
        """What of the ramp over `whole` lies in `part`, as a grey picture."""
        width, height = part[2] - part[0], part[3] - part[1]
        side = 0 if self.sideways else 1
        scale = 256 / (whole[side + 2] - whole[side])
        first, last = (part[side] - whole[side]) * scale, (part[side + 2] - whole[side]) * scale
        if width * height < 8000:  # above that, copying rows is several times faster
            inner = (first, 0, last, 1) if self.sideways else (0, first, 1, last)
            return _strip(self).resize((width, height), Image.Resampling.NEAREST, inner)
        line = np.asarray(_strip(self)).ravel()
        line = line[np.arange(first, last - scale / 2, scale).astype(np.intp)]
        grown = np.broadcast_to(line if self.sideways else line[:, None], (height, width))
        return Image.fromarray(np.ascontiguousarray(grown))


@lru_cache(maxsize=512)
def _strip(ramp: Ramp) -> Image.Image:
    """The ramp over 256 pixels in a line."""
    line = Image.new("L", (len(ramp.stops), 1) if ramp.sideways else (1, len(ramp.stops)))
    line.putdata(ramp.stops)
    return line.resize((256, 1) if ramp.sideways else (1, 256), Image.Resampling.BILINEAR)


@dataclass(frozen=True)
class Ball:
    """The shade of a sphere lit from the upper left, with bounced light below and, unless dull, a soft highlight."""

    dull: bool = False

    def middle(self) -> int:
        """One shade for balls too small for a highlight."""
        return 124

    def image(self, whole: Bounds, part: Bounds) -> Image.Image:
        """What of a sphere that fills `whole` lies in `part`."""
        x, y = 96 / (whole[2] - whole[0]), 96 / (whole[3] - whole[1])
        inner = (part[0] - whole[0]) * x, (part[1] - whole[1]) * y, (part[2] - whole[0]) * x, (part[3] - whole[1]) * y
        return _ball(self.dull).resize((part[2] - part[0], part[3] - part[1]), Image.Resampling.BILINEAR, inner)


@lru_cache(maxsize=2)
def _ball(dull: bool) -> Image.Image:
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    diffuse = np.clip(-0.50 * x - 0.58 * y + 0.64 * z, 0, 1)
    highlight = np.exp(-((x + 0.36) ** 2 + (y + 0.42) ** 2) / 0.05)
    bounce = np.clip(y - 0.55, 0, 1) * 0.35
    shade = 96 + 44 * diffuse if dull else 62 + 98 * diffuse + 70 * highlight + 60 * bounce
    return Image.fromarray(np.clip(shade, 0, 255).astype(np.uint8))


BALL = Ball()
Shade = int | Ramp | Ball


def down(*stops: int) -> Ramp:
    """A shade from the top of the shape to its bottom."""
    return Ramp(stops)


def across(*stops: int) -> Ramp:
    """A shade from the left of the shape to its right; light comes from the left however the shape is turned."""
    return Ramp(stops, sideways=True)
