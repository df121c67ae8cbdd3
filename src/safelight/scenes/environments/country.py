"""The country: a road in the mountains, a meadow in flower, a snowy field.

Each painter takes (canvas, rng, detail 0..2) and lays a few broad layers from far to near; `rng` moves only what stands
at the sides, the horizon stays. Read next: shores.py.
"""

from random import Random

from safelight.scenes.canvas import RGB, Canvas, across, down
from safelight.scenes.scenery import blend, bloom, clearing, hill, pine, ridge, sides, stone, tuft
from safelight.scenes.shapes import Point, box, oval, path

__all__ = ["meadow", "mountain_road", "snow_caps", "snowy_field"]


def snow_caps(canvas: Canvas, peaks: list[Point], foot: float, rock: RGB, what: int) -> None:
    """Snow on every peak of a ridge, and shade on the slopes that turn away from the light."""
    for (ax, ay), (x, y), (bx, by) in zip(peaks, peaks[1:], peaks[2:], strict=False):
        if y < ay and y < by:
            canvas.fill([(x, y), (bx, by), (x + 0.28 * (bx - x), foot)], rock, 88, what=what)
            left, right = (x + 0.34 * (ax - x), y + 0.34 * (ay - y)), (x + 0.36 * (bx - x), y + 0.36 * (by - y))
            cap = [
                (x, y), right, (x + 0.3 * (right[0] - x), right[1] - 3), (x - 1, right[1] + 5),
                (x + 0.5 * (left[0] - x), left[1] - 4), left,
            ]
            canvas.fill(cap, (244, 247, 252), across(138, 112), what=what)


def mountain_road(canvas: Canvas, rng: Random, detail: int) -> None:
    """Snow-capped peaks, green foothills, a road that comes towards us."""
    if detail == 2:
        ridge(canvas, rng, 140, 96, 56, (150, 168, 204), down(136, 124), 1)
    rock: RGB = (112, 130, 170)
    snow_caps(canvas, ridge(canvas, rng, 146, 80, 44, rock, down(136, 120), 3), 150, rock, 3)
    hill(canvas, rng, 140, 9, (96, 142, 134), down(138, 110), 5)
    for x in sides(rng, (0, 8, 18)[detail], 20):
        pine(canvas, x, rng.uniform(146, 158), rng.uniform(0.5, 0.7), (58, 108, 100), 6)
    hill(canvas, rng, 158, 6, (122, 172, 92), down(142, 112), 7)
    bend = rng.choice((-1, 1)) * rng.uniform(8, 26)
    for wide, colour, shade in ((13, (236, 230, 214), down(122, 118)), (0, (98, 100, 114), down(142, 118))):
        road = path(
            (127 + bend - wide / 13, 156, 0), (133 + bend + wide / 13, 156, 0), (139 + wide / 4, 184),
            (187 + wide * 0.7, 232), (219 + wide, 264, 0), (37 - wide, 264, 0), (69 - wide * 0.7, 232),
            (115 - wide / 4, 184),
        )
        canvas.fill(road, colour, shade, what=8)
    for k in range(4):
        y0, y1, w = 188 + 20 * k, 197 + 22 * k, 1.2 + 1.1 * k
        canvas.fill(
            [(127 - w, y0), (127 + w, y0), (127 + w * 1.3, y1), (127 - w * 1.3, y1)], (250, 214, 120), 130, what=8
        )
    for x in sorted(sides(rng, (0, 4, 7)[detail], 84)):
        pine(canvas, x, rng.uniform(176, 214), rng.uniform(1.0, 1.5), (52, 116, 86), 9)
    if detail == 2:
        for x in sides(rng, 5, 96):
            stone(canvas, rng, x, rng.uniform(206, 244), rng.uniform(8, 15), (150, 150, 160))
        for x in sides(rng, 12, 92):
            tuft(canvas, x, rng.uniform(190, 250), rng.uniform(0.5, 0.9), (82, 142, 66))


_PETALS: tuple[RGB, ...] = ((240, 84, 92), (250, 206, 70), (250, 250, 250), (176, 110, 214), (250, 150, 190))


def meadow(canvas: Canvas, rng: Random, detail: int) -> None:
    """Rolling green hills with round trees, grass and flowers near by."""
    hill(canvas, rng, 132, 9, (150, 184, 190), down(136, 118), 2)
    hill(canvas, rng, 144, 10, (136, 190, 130), down(146, 110), 4)
    for x in sides(rng, (2, 6, 10)[detail], 30):
        y, r = rng.uniform(144, 154), rng.uniform(4, 7)
        canvas.fill(oval(x, y - r, r * 1.1, r, pieces=18), (86, 142, 96), down(150, 98), what=5)
    swell = rng.choice((-1, 1))
    canvas.fill(
        path((-30, 168 - 12 * swell), (60, 162 - 8 * swell), (150, 160 + 4 * swell), (290, 164 + 14 * swell),
             (290, 300, 0), (-30, 300, 0)),
        (140, 200, 92), down(148, 108), what=6,
    )
    if detail:
        # stripes of mown grass give the slope its form
        for k in range(2 + 2 * detail):
            y = 172 + (6.5 if detail == 1 else 3.6) * k
            stripe = path((-20, y), (80, y - 3), (190, y + 2), (276, y - 1), (276, y + 1.6), (190, y + 5), (80, y))
            canvas.fill(stripe, (156, 212, 102), 134, what=6)
    tree = 128 + rng.choice((-1, 1)) * rng.uniform(98, 112)
    canvas.fill(box(tree - 4, 150, tree + 4, 194), (112, 82, 62), across(140, 90), what=6)
    for dx, dy, r in ((-15, 4, 17), (14, 2, 18), (0, -16, 20), (0, 2, 20)):
        canvas.fill(oval(tree + dx, 134 + dy, r * 1.1, r), (82, 152, 80), down(152, 92), what=6)
    hill(canvas, rng, 192, 4, (112, 182, 74), down(142, 104), 7)
    count = (10, 34, 80)[detail]
    for k, (x, y, near) in enumerate(clearing(rng, count, 196, 258)):
        size = 0.45 + 0.6 * near
        if k % 5 < (2, 2, 3)[detail]:
            bloom(canvas, x, y, size * 1.15, _PETALS[rng.randrange(5)])
        else:
            tuft(canvas, x, y, size * 1.1, blend((88, 160, 58), (120, 190, 70), rng.random()))


def snowy_field(canvas: Canvas, rng: Random, detail: int) -> None:
    """Soft white hills in blue shadow, pines under snow."""
    rock: RGB = (142, 166, 204)
    peaks = ridge(canvas, rng, 148, 46, 50, rock, down(140, 124), 3)
    if detail:
        snow_caps(canvas, peaks, 150, rock, 3)
    hill(canvas, rng, 146, 7, (206, 222, 242), down(138, 112), 5)
    for x in sides(rng, (3, 9, 18)[detail], 24):
        pine(canvas, x, rng.uniform(150, 164), rng.uniform(0.55, 0.8), (84, 124, 136), 5, snow=detail > 0)
    hill(canvas, rng, 166, 6, (220, 232, 246), down(138, 108), 6)
    for x in sorted(sides(rng, (2, 5, 8)[detail], 82)):
        pine(canvas, x, rng.uniform(182, 206), rng.uniform(1.2, 1.7), (58, 106, 112), 9, snow=True)
    hill(canvas, rng, 196, 6, (232, 240, 250), down(134, 108), 7)
    if detail:
        for k in range(2 * detail):
            y = 206 + 12 * k + rng.uniform(-3, 3)
            x = rng.choice((rng.uniform(-10, 50), rng.uniform(206, 266)))
            drift = path((x - 46, y), (x, y - 3.4), (x + 46, y), (x + 8, y + 2.4))
            canvas.fill(drift, (204, 218, 242), 126, what=7)
    if detail == 2:
        side = rng.choice((-1, 1))
        for k in range(5):
            x = 128 + side * (70 + 15 * k)
            canvas.fill(box(x - 1.8, 184 + k, x + 1.8, 203 + 2 * k), (120, 92, 74), across(140, 96), what=9)
            canvas.fill(oval(x, 184 + k, 2.8, 2, pieces=10), (246, 250, 255), 140, what=9)
            if k:
                rail = [(x, 189 + k), (x - side * 15, 188 + k), (x - side * 15, 191 + k), (x, 192 + k)]
                canvas.fill(rail, (132, 102, 82), 122, what=9)
        for x in sides(rng, 4, 92):
            stone(canvas, rng, x, rng.uniform(220, 248), rng.uniform(8, 14), (150, 160, 182))
