"""Four canvases drawn at once, two or three times too large: what a thing is, before any light falls on it.

Deferred shading (Deering et al. 1988, Saito and Takahashi 1990): painters say only albedo (its own colour), shade (how
much of the light reaches it, 128 = 1), glow (light it gives off) and id (what it is). Light, medium and defects come
later, on whole arrays, so that every medium works with every light and the truth of a picture is known exactly.

    ids    0 sky | 1..9 scenery, far to near | 10, 20, .. 80 a thing | 11, 21, .. 81 its coloured part

Coordinates are 256ths of the picture, y down. Letters: S size of the picture in pixels.
Read next: light.py.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from safelight.scenes.arrays import planes
from safelight.scenes.shades import BALL, Ball, Bounds, Ramp, Shade, across, down
from safelight.scenes.shapes import Point

__all__ = ["BALL", "COLOURED", "RGB", "SUBJECT", "Canvas", "Frame", "Pen", "Ruler", "Shade", "across", "down"]

RGB = tuple[int, int, int]
SUBJECT, COLOURED = 10, 11


@dataclass(frozen=True)
class Frame:
    """What the painters left, at the size of the picture; light.py turns it into an image.

    albedo (3, S, S) 0..255 | shade (S, S) 1 = fully lit | glow (3, S, S) 0..255 | ids (S, S) uint8
    subject, coloured, sky (S, S) 0..1: smooth masks | depth (S, S) 0 near .. 1 far
    """

    albedo: np.ndarray
    shade: np.ndarray
    glow: np.ndarray
    ids: np.ndarray
    subject: np.ndarray
    coloured: np.ndarray
    sky: np.ndarray
    depth: np.ndarray


def _overlap(box: Bounds, others: list[Bounds]) -> bool:
    x0, y0, x1, y1 = box
    return any(x0 < right and left < x1 and y0 < low and high < y1 for left, high, right, low in others)


class Surface(Protocol):
    """What a pen draws on."""

    def fill(
        self, outline: Sequence[Point], colour: RGB, shade: Shade = 128, glow: RGB | None = None, what: int = 1
    ) -> None:
        """Cover the inside of `outline`."""


class Ruler:
    """A surface that keeps nothing but how far was drawn, so that a thing can be measured before it is placed."""

    def __init__(self) -> None:
        self._x: list[float] = []
        self._y: list[float] = []

    def fill(
        self, outline: Sequence[Point], colour: RGB, shade: Shade = 128, glow: RGB | None = None, what: int = 1
    ) -> None:
        """Take note of `outline`."""
        self._x += (min(x for x, _ in outline), max(x for x, _ in outline))
        self._y += (min(y for _, y in outline), max(y for _, y in outline))

    def reach(self) -> tuple[float, float, float, float]:
        """The bounds x0, y0, x1, y1 of all that was drawn."""
        return min(self._x), min(self._y), max(self._x), max(self._y)


class Canvas:
    """Albedo, shade, glow and id, drawn together."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.oversampling = 2 if size > 160 else 3
        side = size * self.oversampling
        self.unit = side / 256
        self.albedo = Image.new("RGB", (side, side))
        self.shade = Image.new("L", (side, side), 128)
        self.glow = Image.new("RGB", (size, size))  # it is blurred anyway
        self.ids = Image.new("L", (side, side), 0)
        self._mask = Image.new("1", (side, side))  # clean between fills
        self._draw_mask = ImageDraw.Draw(self._mask)
        self._glowing: list[Bounds] = []
        self._draw = [ImageDraw.Draw(image) for image in (self.albedo, self.shade, self.glow, self.ids)]

    def fill(
        self, outline: Sequence[Point], colour: RGB, shade: Shade = 128, glow: RGB | None = None, what: int = 1
    ) -> None:
        """Cover the inside of `outline` (picture units) on all four canvases."""
        unit = self.unit
        points = array("f", [along * unit for point in outline for along in point])
        albedo, shades, glows, ids = self._draw
        albedo.polygon(points, fill=colour)
        ids.polygon(points, fill=what)
        xs, ys = points[::2], points[1::2]
        bounds = (math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)) + 1, math.ceil(max(ys)) + 1)
        if glow is not None or _overlap(bounds, self._glowing):
            small = 1 / self.oversampling
            glows.polygon(array("f", [along * small for along in points]), fill=glow or (0, 0, 0))
            if glow is not None:
                self._glowing.append(bounds)
        if isinstance(shade, int):
            shades.polygon(points, fill=shade)
        else:
            self._fill_shade(points, bounds, shade)

    def _fill_shade(self, points: "array[float]", whole: Bounds, shade: Ramp | Ball) -> None:
        if whole[2] - whole[0] < 16 and whole[3] - whole[1] < 16:
            self._draw[1].polygon(points, fill=shade.middle())
            return
        side = self.shade.size[0]
        x0, y0, x1, y1 = part = (max(0, whole[0]), max(0, whole[1]), min(side, whole[2]), min(side, whole[3]))
        if x0 >= x1 or y0 >= y1:
            return
        self._draw_mask.polygon(points, fill=1)
        self.shade.paste(shade.image(whole, part), part, self._mask.crop(part))
        self._mask.paste(0, part)

    def count(self, who: int) -> int:
        """How many of the canvas's pixels now belong to thing number `who`."""
        seen = self.ids.histogram()
        return seen[SUBJECT + 10 * who] + seen[COLOURED + 10 * who]

    def polish(self, who: int, paint: RGB) -> None:
        """Lay two slanting bands of light over the coloured part of thing `who`, of sky where its paint is as pale."""
        coloured = self.ids.point([255 * (i == COLOURED + 10 * who) for i in range(256)])
        bounds = coloured.getbbox()
        if bounds is None:
            return
        x0, y0, x1, y1 = bounds
        width, height = x1 - x0, y1 - y0
        bands = Image.new("L", (width, height))
        draw = ImageDraw.Draw(bands)
        for start, end in ((0.12, 0.27), (0.33, 0.38)):
            corners = [(start, 0.62), (start + 0.34, -0.02), (end + 0.34, -0.02), (end, 0.62)]
            draw.polygon([(x * width, y * height) for x, y in corners], fill=150)
        bands = ImageChops.multiply(bands, coloured.crop(bounds))
        pale = min(paint) > 200
        self.albedo.paste((150, 172, 204) if pale else (255, 255, 255), bounds, bands)
        self.shade.paste(128 if pale else 158, bounds, bands)

    def develop(self) -> Frame:
        """Shrink everything to the picture's size; edges become smooth, ids stay exact."""
        step = self.oversampling
        ids = np.asarray(self.ids)
        subject = ids >= SUBJECT
        coloured = np.zeros_like(subject)
        for who in range(max(0, int(ids.max()) // 10)):
            coloured |= ids == COLOURED + 10 * who

        def small(image: Image.Image) -> np.ndarray:
            return planes(image.reduce(step))

        return Frame(
            albedo=small(self.albedo),
            shade=small(self.shade) * np.float32(1 / 128),
            glow=planes(self.glow),
            ids=ids[1::step, 1::step].copy(),
            subject=_share(subject, step),
            coloured=_share(coloured, step),
            sky=_share(ids == 0, step),
            depth=small(self.ids.point(_DEPTH)) * np.float32(1 / 255),
        )


_DEPTH = [round(255 * max(0, 9 - i) / 8) if i else 255 for i in range(256)]


def _share(mask: np.ndarray, step: int) -> np.ndarray:
    """How much of each square of `step` pixels a mask covers, 0..1."""
    whole = mask.view(np.uint8)
    rows = whole[::step].copy()
    for k in range(1, step):
        rows += whole[k::step]
    share = rows[:, ::step].copy()
    for k in range(1, step):
        share += rows[:, k::step]
    return share.astype(np.float32) * np.float32(1 / step**2)


@dataclass(frozen=True)
class Pen:
    """Draws one subject: its own units and its own upright, placed into the picture.

    The subject stands on (x, y), its units are `scale` picture units, it looks to the left when `flip`, leans by
    `angle` radians; `paint` fills the part that carries the scene's colour. `who` is its number in the picture, 0 to 7;
    `gloss` is -1 for a matte finish, which evens the shades out, 1 for a shiny one, which drives them apart.
    """

    canvas: Surface
    x: float
    y: float
    scale: float
    paint: RGB
    flip: bool = False
    angle: float = 0.0
    who: int = 0
    gloss: int = 0

    def place(self, outline: Sequence[Point]) -> list[Point]:
        """The outline in picture units."""
        c, s = math.cos(self.angle) * self.scale, math.sin(self.angle) * self.scale
        side = -1 if self.flip else 1
        return [(self.x + side * (c * x - s * y), self.y + s * x + c * y) for x, y in outline]

    def main(self, outline: Sequence[Point], shade: Shade = 128, glow: RGB | None = None) -> None:
        """Fill a piece of the coloured part."""
        if self.gloss and isinstance(shade, Ramp):
            shade = shade.evened(0.3 if self.gloss < 0 else 1.25)
        elif self.gloss < 0 and isinstance(shade, Ball):
            shade = Ball(dull=True)
        self.canvas.fill(self.place(outline), self.paint, shade, glow, COLOURED + 10 * self.who)

    def trim(self, outline: Sequence[Point], colour: RGB, shade: Shade = 128, glow: RGB | None = None) -> None:
        """Fill a piece of anything else that belongs to the subject."""
        self.canvas.fill(self.place(outline), colour, shade, glow, SUBJECT + 10 * self.who)
