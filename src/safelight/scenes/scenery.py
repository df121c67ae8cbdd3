"""Pieces that backgrounds are put together from: ridges, hills, clouds, pines, tall houses. Picture units."""

from random import Random

from safelight.scenes.canvas import RGB, Canvas, Shade, across, down
from safelight.scenes.shapes import Point, box, oval, path, rounded

__all__ = ["clouds", "hill", "pine", "ridge", "sides", "tower_block"]

WINDOW: RGB = (150, 178, 200)
LAMP: RGB = (255, 206, 120)


def ridge(
    canvas: Canvas, rng: Random, y: float, rise: float, step: float, colour: RGB, shade: Shade, what: int
) -> list[Point]:
    """A range of hills or peaks across the whole picture; returns the peaks."""
    line: list[Point] = []
    x = -20.0 - rng.uniform(0, step)
    up = rng.random() < 0.5
    while x < 276 + step:
        line.append((x, y - (rise * rng.uniform(0.65, 1.0) if up else rise * rng.uniform(0.0, 0.25))))
        x += step * rng.uniform(0.75, 1.25)
        up = not up
    canvas.fill([(-20, 262), *line, (276, 262)], colour, shade, what=what)
    return line


def hill(canvas: Canvas, rng: Random, y: float, rise: float, colour: RGB, shade: Shade, what: int) -> None:
    """One long soft swell of ground."""
    a, b, c = (rng.uniform(-rise, rise) for _ in range(3))
    top = path((-30, y + a), (60, y + b), (150, y + c), (240, y - b), (290, y - a), (290, 300, 0), (-30, 300, 0))
    canvas.fill(top, colour, shade, what=what)


def cloud(canvas: Canvas, x: float, y: float, size: float) -> None:
    """One cloud with a flat foot, about four `size` wide."""
    for dx, dy, r in ((-1.3, 0.25, 0.6), (-0.45, -0.1, 0.85), (0.55, 0.0, 0.75), (1.3, 0.3, 0.5)):
        canvas.fill(
            oval(x + dx * size, y + dy * size, r * size * 1.1, r * size * 0.8), (250, 251, 255), down(140, 116), what=2
        )
    canvas.fill(
        rounded(x - 2 * size, y + 0.3 * size, x + 1.9 * size, y + 0.85 * size, 0.27 * size),
        (250, 251, 255),
        112,
        what=2,
    )


def clouds(canvas: Canvas, rng: Random, detail: int) -> None:
    """A few clouds, away from the middle."""
    for _ in range((0, 2, 3)[detail]):
        cloud(canvas, rng.choice((rng.uniform(14, 84), rng.uniform(172, 244))), rng.uniform(22, 62), rng.uniform(9, 14))


def pine(canvas: Canvas, x: float, y: float, size: float, colour: RGB, what: int, snow: bool = False) -> None:
    """A pine of three tiers with its foot at (x, y), about 38 `size` high."""
    canvas.fill(box(x - 1.6 * size, y - 6 * size, x + 1.6 * size, y), (96, 70, 56), across(130, 90), what=what)
    for k in range(3):
        half, low, high = (11 - 2.6 * k) * size, y - (4 + 9 * k) * size, y - (21 + 8.5 * k) * size
        canvas.fill([(x - half, low), (x, high), (x + half, low)], colour, across(150, 128, 92), what=what)
        if snow:
            # the lower edge of the snow runs in a wave
            cap = [
                (x, high), (x + half * 0.62, low - (low - high) * 0.38), (x + half * 0.2, low - (low - high) * 0.3),
                (x - half * 0.1, low - (low - high) * 0.42), (x - half * 0.62, low - (low - high) * 0.38),
            ]
            canvas.fill(cap, (240, 246, 252), across(140, 112), what=what)


def sides(rng: Random, count: int, inner: float = 62) -> list[float]:
    """Places left and right of the middle, which belongs to the subject."""
    return [128 + rng.choice((-1, 1)) * rng.uniform(inner, 132) for _ in range(count)]


def tower_block(
    canvas: Canvas, rng: Random, x0: float, x1: float, top: float, colour: RGB, what: int, lit: float, cell: float
) -> None:
    """A house front of windows about `cell` apart; a share `lit` of them glows at night."""
    canvas.fill(box(x0, top, x1, 262), colour, across(140, 108), what=what)
    columns = max(1, int((x1 - x0 - 4) / cell))
    pitch = (x1 - x0 - 4) / columns
    y = top + 8
    while y < 186:
        for i in range(columns):
            left = x0 + 2 + pitch * (i + 0.18)
            glow = rng.choice((LAMP, (255, 176, 110), (255, 226, 168))) if rng.random() < lit else None
            canvas.fill(box(left, y, left + pitch * 0.64, y + cell * 0.78), WINDOW, 140 if glow else 108, glow, what)
        y += cell * 1.3
