"""Pieces that places are put together from: ridges, hills, clouds, trees, grass, stones, tall houses. Picture units.

Each is a few polygons on the canvas; nothing here knows the light. Read next: environments/__init__.py.
"""

from collections.abc import Iterator, Sequence
from random import Random

from safelight.scenes.canvas import RGB, Canvas, Shade, across, down
from safelight.scenes.shapes import Point, box, oval, path, rounded

__all__ = [
    "LAMPS", "band", "blend", "bloom", "clearing", "cloud", "hill", "pine", "ridge", "sides", "stone", "tower_block",
    "tuft",
]

WINDOW: RGB = (150, 178, 200)
LAMPS: tuple[RGB, ...] = ((255, 206, 120), (255, 176, 110), (255, 226, 168))


def blend(a: RGB, b: RGB, share: float) -> RGB:
    """`a` with `share` (0..1) of `b` mixed in."""
    return (
        round(a[0] + share * (b[0] - a[0])), round(a[1] + share * (b[1] - a[1])), round(a[2] + share * (b[2] - a[2])),
    )


def band(canvas: Canvas, y: float, colour: RGB, shade: Shade, what: int) -> None:
    """All of the picture below the height `y`."""
    canvas.fill(box(-5, y, 262, 262), colour, shade, what=what)


def ridge(
    canvas: Canvas, rng: Random, y: float, rise: float, step: float, colour: RGB, shade: Shade, what: int
) -> list[Point]:
    """A range of hills or peaks across the whole picture; returns its corners, peaks and dips in turn."""
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
    """One cloud with a flat foot, about four `size` wide, lit above and shaded below."""
    white, grey = (252, 253, 255), (214, 222, 236)
    puffs = ((-1.35, 0.3, 0.55), (-0.55, -0.12, 0.86), (0.5, -0.3, 0.7), (0.75, 0.1, 0.72), (1.4, 0.36, 0.5))
    for colour, drop in ((grey, 0.16), (white, 0.0)):
        low = y + drop * size
        for dx, dy, r in puffs:
            puff = oval(x + dx * size, low + dy * size, r * size * 1.1, r * size * 0.86, pieces=26)
            canvas.fill(puff, colour, 150, what=2)
        foot = rounded(x - 1.95 * size, low + 0.34 * size, x + 1.95 * size, low + 0.86 * size, 0.25 * size)
        canvas.fill(foot, colour, 150 if drop == 0 else 134, what=2)


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


def tuft(canvas: Canvas, x: float, y: float, size: float, colour: RGB, what: int = 9) -> None:
    """Four blades of grass from (x, y), about 13 `size` high."""
    for lean in (-7, -3, 1, 5):
        blade = [(x - 2.4 * size, y), (x + lean * 1.4 * size, y - (13 - abs(lean)) * size), (x + 2.4 * size, y)]
        canvas.fill(blade, colour, down(150, 108), what=what)


def bloom(canvas: Canvas, x: float, y: float, size: float, petals: RGB, what: int = 9) -> None:
    """A flower with its foot at (x, y), about 10 `size` high, with a pale heart."""
    canvas.fill(box(x - 0.6 * size, y - 8 * size, x + 0.6 * size, y), (70, 130, 62), 118, what=what)
    canvas.fill(oval(x, y - 9 * size, 3.4 * size, 3.0 * size, pieces=10), petals, 140, what=what)
    canvas.fill(oval(x, y - 9 * size, 1.2 * size, 1.1 * size, pieces=6), (255, 240, 190), 140, what=what)


def stone(canvas: Canvas, rng: Random, x: float, y: float, size: float, colour: RGB, what: int = 9) -> None:
    """A stone lying on (x, y), about `size` wide, lit from the upper left."""
    tall = size * rng.uniform(0.34, 0.5)
    body = [
        (x - 0.5 * size, y), (x - 0.42 * size, y - 0.6 * tall), (x - 0.12 * size, y - tall),
        (x + 0.28 * size, y - 0.86 * tall), (x + 0.5 * size, y - 0.2 * tall), (x + 0.46 * size, y),
    ]
    canvas.fill(body, colour, down(128, 88), what=what)
    canvas.fill([body[1], body[2], body[3], (x, y - 0.5 * tall)], colour, 152, what=what)


def sides(rng: Random, count: int, inner: float = 62) -> list[float]:
    """Places left and right of the middle, which belongs to the subject."""
    return [128 + rng.choice((-1, 1)) * rng.uniform(inner, 132) for _ in range(count)]


def clearing(rng: Random, count: int, top: float, bottom: float) -> Iterator[tuple[float, float, float]]:
    """Spots (x, y, nearness 0..1) on the ground, far ones first, none before the feet of a subject in the middle."""
    spots: list[Point] = []
    while len(spots) < count:
        x, y = rng.uniform(0, 256), top + (bottom - top) * rng.random() ** 0.8
        if abs(x - 128) > 74 or y > 236:
            spots.append((y, x))
    for y, x in sorted(spots):
        yield x, y, (y - top) / (bottom - top)


def tower_block(
    canvas: Canvas, rng: Random, x0: float, x1: float, top: float, colour: RGB, what: int, lit: float, cell: float,
    lamps: Sequence[RGB] = LAMPS, glass: RGB = WINDOW, foot: float = 186,
) -> None:
    """A house front with windows about `cell` apart down to `foot`; a share `lit` of them glows at night."""
    canvas.fill(box(x0, top, x1, 262), colour, across(140, 108), what=what)
    columns = max(1, int((x1 - x0 - 4) / cell))
    pitch = (x1 - x0 - 4) / columns
    y = top + 8
    while y < foot:
        for i in range(columns):
            left = x0 + 2 + pitch * (i + 0.18)
            glow = rng.choice(lamps) if rng.random() < lit else None
            canvas.fill(box(left, y, left + pitch * 0.64, y + cell * 0.78), glass, 140 if glow else 108, glow, what)
        y += cell * 1.3
