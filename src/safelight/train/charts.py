"""Line charts, drawn once and put on either of two kinds of paper: SVG for a page, Pillow for a PNG.

    chart -> lines and words at places in points -> Svg.page() or Png.page()

Letters: x, y places in points from the left and the top.  Next: `plots`, which says what is drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, Protocol

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 560, 300  # of a chart, in points
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 58, 34  # margins
INK, GREY, GRID = "#222222", "#777777", "#e4e4e4"
COLOURS = ("#2563a8", "#d1495b", "#3a8f5c", "#e08e1b", "#7a4fa3", "#3aa6a6", "#8a6a4f", "#555555")
MOST = 500  # points of a line; of more, neighbours are averaged

Points = list[tuple[float, float]]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """One curve: its name, and points (x, y) with x rising."""

    name: str
    points: Points


@dataclass(frozen=True)
class Chart:
    """Curves over the same axes, x from 0. `log` is for y; `marks` are upright lines, each with a word."""

    title: str
    lines: tuple[Line, ...]
    log: bool = False
    across: str = "minutes"
    marks: tuple[tuple[float, str], ...] = ()


class Paper(Protocol):
    """What a chart is drawn on."""

    def line(self, points: Points, colour: str, width: float = 1.0) -> None:
        """Draw straight lines from point to point."""
        ...

    def text(self, x: float, y: float, text: str, colour: str, size: int = 11, anchor: Anchor = "start") -> None:
        """Write words whose baseline is at y."""
        ...


class Svg:
    """Paper that becomes an SVG element."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height, self.parts = width, height, list[str]()

    def line(self, points: Points, colour: str, width: float = 1.0) -> None:
        """See `Paper`."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        stroke = f'stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"'
        self.parts.append(f'<polyline points="{path}" fill="none" {stroke}/>')

    def text(self, x: float, y: float, text: str, colour: str, size: int = 11, anchor: Anchor = "start") -> None:
        """See `Paper`."""
        style = f'fill="{colour}" font-size="{size}" text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>')

    def page(self) -> str:
        """The element."""
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        inside = "\n".join(self.parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n{inside}\n</svg>'


class Png:
    """Paper that becomes a picture; drawn at three times its size, so that slanting lines are smooth."""

    FINE = 3

    def __init__(
        self, width: int, height: int, origin: tuple[int, int] = (0, 0), canvas: Image.Image | None = None
    ) -> None:
        self.canvas = canvas or Image.new("RGB", (width * self.FINE, height * self.FINE), "white")
        self.pen, self.origin = ImageDraw.Draw(self.canvas), origin

    def at(self, x: int, y: int) -> "Png":
        """A part of the same paper whose corner is at (x, y)."""
        return Png(0, 0, (x, y), self.canvas)

    def line(self, points: Points, colour: str, width: float = 1.0) -> None:
        """See `Paper`."""
        self.pen.line([self._place(x, y) for x, y in points], colour, max(1, round(width * self.FINE)), joint="curve")

    def text(self, x: float, y: float, text: str, colour: str, size: int = 11, anchor: Anchor = "start") -> None:
        """See `Paper`."""
        font = ImageFont.load_default(size * self.FINE)
        where = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
        self.pen.text(self._place(x, y), text, colour, font, where)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return (x + self.origin[0]) * self.FINE, (y + self.origin[1]) * self.FINE

    def page(self) -> Image.Image:
        """The picture."""
        return self.canvas.reduce(self.FINE)


def draw(chart: Chart, paper: Paper) -> None:
    """Draw a chart of WIDTH x HEIGHT points. Points that are not finite, or not positive under `log`, are left out."""
    lines = [Line(line.name, thinned(usable(line.points, chart.log))) for line in chart.lines]
    lines = [line for line in lines if line.points]
    paper.text(LEFT, 20, chart.title, INK, 14)
    if not lines:
        paper.text(WIDTH / 2, HEIGHT / 2, "nothing measured", GREY, 11, "middle")
        return
    xs = [x for line in lines for x, _ in line.points]
    ys = [math.log10(y) if chart.log else y for line in lines for _, y in line.points]
    across, up = (min(0.0, *xs), max(xs)), padded(min(ys), max(ys))

    def place(x: float, y: float) -> tuple[float, float]:
        share_x = (x - across[0]) / ((across[1] - across[0]) or 1.0)
        share_y = ((math.log10(y) if chart.log else y) - up[0]) / (up[1] - up[0])
        return LEFT + share_x * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share_y * (HEIGHT - TOP - BOTTOM)

    for value in log_ticks(*up) if chart.log else ticks(*up):
        (_, y) = place(across[0], value)
        paper.line([(LEFT, y), (WIDTH - RIGHT, y)], GRID)
        paper.text(LEFT - 6, y + 4, f"{value:g}", GREY, 10, "end")
    for value in ticks(*across):
        (x, _) = place(value, 10 ** up[0] if chart.log else up[0])
        paper.line([(x, HEIGHT - BOTTOM), (x, HEIGHT - BOTTOM + 4)], GREY)
        paper.text(x, HEIGHT - BOTTOM + 16, f"{value:g}", GREY, 10, "middle")
    paper.text(WIDTH - RIGHT, HEIGHT - 4, chart.across, GREY, 10, "end")
    for value, word in chart.marks:
        if across[0] <= value <= across[1]:
            (x, _) = place(value, 10 ** up[0] if chart.log else up[0])
            paper.line([(x, TOP), (x, HEIGHT - BOTTOM)], "#bbbbbb")
            paper.text(x + 3, TOP + 10, word, GREY, 9)
    at = float(LEFT)
    for line, colour in zip(lines, COLOURS * 4, strict=False):
        paper.line([place(x, y) for x, y in line.points] * (1 if len(line.points) > 1 else 2), colour, 1.6)
        paper.line([(at, 38), (at + 14, 38)], colour, 3)
        paper.text(at + 18, 42, line.name, INK, 10)
        at += 30 + 5.6 * len(line.name)


def usable(points: Points, log: bool) -> Points:
    """The points that can be drawn."""
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y) and (y > 0 or not log)]


def thinned(points: Points) -> Points:
    """At most MOST points: means of neighbours."""
    step = -(-len(points) // MOST) or 1
    groups = (points[i : i + step] for i in range(0, len(points), step))
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def padded(low: float, high: float) -> tuple[float, float]:
    """A little more than a range, so that no curve runs along the frame; something where the range is nothing."""
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between two others, some `about` of them."""
    if high <= low:
        return [low]
    raw = (high - low) / about
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(unit * k for k in (1, 2, 2.5, 5, 10) if unit * k >= raw * 0.999)
    return [round(k * step, 12) for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between 10^low and 10^high; the powers alone where those are many."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    factors: Sequence[float] = (1, 2, 5) if high - low < 2.5 else (1,)
    found = [factor * 10.0**power for power in powers for factor in factors]
    found = [value for value in found if low <= math.log10(value) <= high]
    return found if len(found) > 1 else ticks(10.0**low, 10.0**high)
