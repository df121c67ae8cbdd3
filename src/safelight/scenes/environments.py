"""Where a scene takes place: painters of six backgrounds, each a few broad layers from far to near.

Sky is whatever stays unpainted (id 0); light.py fills it. Layers carry ids 1 (farthest) to 9 (nearest), from which
light.py takes how much air lies before them. The horizon of an environment is fixed and the middle is kept calm, so
that a subject always reads well before it.

Read next: light.py.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from safelight.scenes.canvas import RGB, Canvas, across, down
from safelight.scenes.scenery import clouds, hill, pine, ridge, sides, tower_block
from safelight.scenes.shapes import box, oval, path, stroke

__all__ = ["ENVIRONMENTS", "Environment"]


def mountain_road(canvas: Canvas, rng: Random, detail: int) -> None:
    """Snow-capped peaks, green foothills, a road that comes towards us."""
    clouds(canvas, rng, detail)
    peaks = ridge(canvas, rng, 146, 78, 44, (118, 138, 176), down(136, 120), 3)
    for (ax, ay), (x, y), (bx, by) in zip(peaks, peaks[1:], peaks[2:], strict=False):
        if y < ay and y < by:
            canvas.fill([(x, y), (bx, by), (x + 0.28 * (bx - x), 150)], (118, 138, 176), 88, what=3)
            left, right = (x + 0.34 * (ax - x), y + 0.34 * (ay - y)), (x + 0.36 * (bx - x), y + 0.36 * (by - y))
            cap = [
                (x, y),
                right,
                (x + 0.3 * (right[0] - x), right[1] - 3), (x - 1, right[1] + 5),
                (x + 0.5 * (left[0] - x), left[1] - 4),
                left,
            ]
            canvas.fill(cap, (244, 247, 252), across(138, 112), what=3)
    hill(canvas, rng, 140, 9, (96, 142, 134), down(138, 110), 5)
    for x in sides(rng, (0, 8, 14)[detail], 20):
        pine(canvas, x, rng.uniform(146, 158), rng.uniform(0.5, 0.7), (58, 108, 100), 6)
    hill(canvas, rng, 158, 6, (122, 172, 92), down(142, 112), 7)
    bend = rng.choice((-1, 1)) * rng.uniform(8, 26)
    road = path(
        (126 + bend, 156, 0), (134 + bend, 156, 0), (142, 184), (196, 232), (232, 264, 0), (24, 264, 0), (60, 232),
        (112, 184),
    )
    canvas.fill(road, (236, 230, 214), 120, what=8)
    road = path(
        (127 + bend, 156, 0), (133 + bend, 156, 0), (139, 184), (187, 232), (219, 264, 0), (37, 264, 0), (69, 232),
        (115, 184),
    )
    canvas.fill(road, (98, 100, 114), down(142, 118), what=8)
    for k in range(4):
        y0, y1, w = 188 + 20 * k, 197 + 22 * k, 1.2 + 1.1 * k
        canvas.fill(
            [(127 - w, y0), (127 + w, y0), (127 + w * 1.3, y1), (127 - w * 1.3, y1)], (250, 214, 120), 130, what=8
        )
    for x in sorted(sides(rng, (0, 4, 7)[detail], 84)):
        pine(canvas, x, rng.uniform(176, 214), rng.uniform(1.0, 1.5), (52, 116, 86), 8)


def city_street(canvas: Canvas, rng: Random, detail: int) -> None:
    """A skyline, tall houses on both sides, a street between them."""
    clouds(canvas, rng, min(detail, 1))
    x = -10.0
    while x < 262:
        width = rng.uniform(16, 30)
        canvas.fill(box(x, 150 - rng.uniform(10, 74), x + width, 262), (148, 164, 196), across(134, 120), what=3)
        x += width
    tones: tuple[RGB, ...] = ((142, 112, 128), (112, 126, 158), (176, 138, 122), (104, 134, 148), (164, 150, 156))
    for side in (-1, 1):
        for k, what in ((0, 5), (1, 6), (2, 7)):
            inner = 128 + side * (34 + 30 * k + rng.uniform(0, 8))
            outer = inner + side * rng.uniform(40, 56)
            top = (98, 62, 18)[k] + rng.uniform(-14, 14)
            x0, x1 = min(inner, outer), max(inner, outer)
            if detail == 0:
                canvas.fill(box(x0, top, x1, 262), rng.choice(tones), across(140, 108), what=what)
            else:
                tower_block(canvas, rng, x0, x1, top, rng.choice(tones), what, 0.6, (12.0, 9.0)[detail - 1] + 2 * k)
    canvas.fill(box(-5, 186, 262, 262), (188, 186, 192), down(128, 112), what=8)
    canvas.fill([(62, 186), (194, 186), (290, 264), (-34, 264)], (92, 95, 112), down(142, 112), what=8)
    for k in range(3):
        y0, y1, w = 192 + 24 * k, 203 + 27 * k, 1.6 + 1.4 * k
        canvas.fill(
            [(128 - w, y0), (128 + w, y0), (128 + w * 1.3, y1), (128 - w * 1.3, y1)], (244, 238, 220), 130, what=8
        )
    if detail:
        for side in (-1, 1):
            x = 128 + side * rng.uniform(98, 108)
            canvas.fill(box(x - 1.6, 122, x + 1.6, 206), (62, 66, 84), across(140, 100), what=8)
            canvas.fill(stroke([(x, 123), (x - side * 6, 118), (x - side * 14, 119)], 3), (62, 66, 84), what=8)
            canvas.fill(oval(x - side * 15, 122, 5.5, 4), (255, 240, 205), 150, (255, 214, 140), what=8)


def forest(canvas: Canvas, rng: Random, detail: int) -> None:
    """Trunks fading into light, a dark frame of trees, a clearing in the middle."""
    canvas.fill(box(-5, 84, 262, 262), (150, 190, 150), down(150, 130), what=3)
    for k, (what, colour, count) in enumerate(((3, (124, 170, 142), 9), (5, (84, 134, 112), 7))):
        x = rng.uniform(-20, 0)
        while x < 262:
            size = rng.uniform(30, 46) - 6 * k
            base = 66 + 20 * k + rng.uniform(-12, 12)
            canvas.fill(
                path(
                    (x - size * 0.8, base + 40), (x - size * 0.6, base - 6), (x, base - size),
                    (x + size * 0.6, base - 6), (x + size * 0.8, base + 40),
                ),
                colour,
                down(142, 116),
                what=what,
            )
            trunk = 3.4 + 1.4 * k
            canvas.fill(
                [(x - trunk * 0.7, base), (x + trunk * 0.7, base), (x + trunk, 200), (x - trunk, 200)],
                (112, 92, 84) if k else (134, 122, 112),
                across(136, 96),
                what=what,
            )
            x += 256 / count * rng.uniform(0.8, 1.2)
    hill(canvas, rng, 172, 5, (126, 168, 84), down(146, 112), 7)
    canvas.fill(
        path((116, 172), (142, 172), (170, 214), (214, 268, 0), (40, 268, 0), (86, 214)),
        (196, 170, 124),
        down(138, 116),
        what=8,
    )
    for side in (-1, 1):
        for _ in range((1, 2, 2)[detail]):
            x = 128 + side * rng.uniform(92, 122)
            base = rng.uniform(198, 224)
            canvas.fill(
                [(x - 7, -10), (x + 7, -10), (x + 8, base - 12), (x + 13, base), (x - 13, base), (x - 8, base - 12)],
                (92, 68, 62),
                across(146, 118, 82),
                what=8,
            )
        for _ in range((3, 6, 8)[detail]):
            r = rng.uniform(18, 30)
            x, y = 128 + side * rng.uniform(70, 134), rng.uniform(-8, 34)
            canvas.fill(oval(x, y, r * 1.15, r), (52, 112, 80), down(148, 104), what=8)
    for x in sides(rng, (0, 6, 11)[detail], 78):
        y = rng.uniform(196, 246)
        for lean in (-7, -3, 1, 5):
            canvas.fill(
                [(x - 2.4, y), (x + lean * 1.4, y - 13 + abs(lean)), (x + 2.4, y)],
                (70, 134, 74),
                down(150, 108),
                what=9,
            )


def beach(canvas: Canvas, rng: Random, detail: int) -> None:
    """Turquoise sea under a wide sky, foam, warm sand, a palm."""
    clouds(canvas, rng, detail)
    canvas.fill(box(-5, 136, 262, 262), (46, 142, 186), down(118, 134), what=3)
    canvas.fill(box(-5, 152, 262, 262), (56, 168, 196), down(124, 138), what=5)
    canvas.fill(
        path((-20, 168), (70, 171), (150, 166), (280, 170), (280, 262, 0), (-20, 262, 0)),
        (96, 204, 208),
        down(128, 140),
        what=6,
    )
    if detail:
        for _ in range(3 * detail):
            x, y = rng.uniform(0, 256), rng.uniform(144, 178)
            canvas.fill(path((x - 13, y), (x, y - 1.5), (x + 13, y), (x, y + 1.2)), (226, 246, 248), 132, what=6)
    shift = rng.uniform(-8, 8)
    canvas.fill(
        path((-20, 188 + shift), (50, 182), (130, 190 - shift), (200, 182), (280, 188), (280, 290, 0), (-20, 290, 0)),
        (248, 250, 248),
        126,
        what=7,
    )
    canvas.fill(
        path((-20, 193 + shift), (50, 187), (130, 195 - shift), (200, 187), (280, 193), (280, 290, 0), (-20, 290, 0)),
        (214, 182, 132),
        118,
        what=8,
    )
    canvas.fill(
        path((-20, 200 + shift), (50, 193), (130, 202 - shift), (200, 193), (280, 200), (280, 290, 0), (-20, 290, 0)),
        (240, 212, 160),
        down(140, 116),
        what=8,
    )
    side = rng.choice((-1, 1))
    x, y = 128 + side * 100, 206.0
    trunk = [(x, y), (x - side * 1, y - 44), (x - side * 7, y - 86), (x - side * 18, y - 122)]
    canvas.fill(stroke(trunk, 9, 5), (150, 112, 78), across(146, 100), what=8)
    tx, ty = trunk[-1]
    for k, a in enumerate((-2.9, -2.2, -1.45, -0.75, -0.1, 0.35, 2.75)):
        length = 38.0
        px, py = tx + length * math.cos(a), ty + length * 0.62 * math.sin(a) + 12
        mx, my = tx + 0.5 * length * math.cos(a), ty + 0.5 * length * math.sin(a) * 0.7 - 6
        canvas.fill(
            path((tx, ty, 0), (mx, my - 5), (px, py, 0), (mx, my + 6)), (62, 142, 84), (150, 126, 100)[k % 3], what=8
        )
    if detail == 2:
        for sx in sides(rng, 4, 80):
            sy = rng.uniform(224, 248)
            canvas.fill(oval(sx, sy, 4.5, 3), (250, 226, 208), down(150, 110), what=9)


def snowy_field(canvas: Canvas, rng: Random, detail: int) -> None:
    """Soft white hills in blue shadow, pines under snow."""
    ridge(canvas, rng, 148, 46, 50, (142, 166, 204), down(140, 124), 3)
    hill(canvas, rng, 146, 7, (206, 222, 242), down(138, 112), 5)
    for x in sides(rng, (3, 9, 15)[detail], 24):
        pine(canvas, x, rng.uniform(150, 164), rng.uniform(0.55, 0.8), (84, 124, 136), 5, snow=detail > 0)
    hill(canvas, rng, 166, 6, (220, 232, 246), down(138, 108), 7)
    for x in sorted(sides(rng, (2, 5, 8)[detail], 82)):
        pine(canvas, x, rng.uniform(182, 206), rng.uniform(1.2, 1.7), (58, 106, 112), 8, snow=True)
    hill(canvas, rng, 196, 6, (228, 238, 248), down(134, 108), 9)
    if detail:
        for _ in range((0, 12, 22)[detail]):
            r = rng.uniform(1.5, 2.6)
            canvas.fill(
                oval(rng.uniform(0, 256), rng.uniform(6, 190), r, pieces=14), (250, 252, 255), 140, (40, 44, 54), what=6
            )


def studio(canvas: Canvas, rng: Random, detail: int) -> None:
    """A seamless paper background with one large pale disc."""
    tones: tuple[RGB, ...] = ((164, 184, 200), (186, 188, 196), (172, 192, 182), (190, 184, 206), (176, 198, 204))
    tone = rng.choice(tones)
    canvas.fill(box(-5, -5, 262, 262), tone, down(134, 142, 128), what=7)
    if detail:
        light: RGB = (min(255, tone[0] + 20), min(255, tone[1] + 20), min(255, tone[2] + 20))
        canvas.fill(oval(128 + rng.uniform(-8, 8), 118, 96), light, down(142, 132), what=7)
    canvas.fill(path((-30, 196), (128, 190), (290, 196), (290, 290, 0), (-30, 290, 0)), tone, down(112, 140), what=8)


@dataclass(frozen=True)
class Environment:
    """A painter and the height (picture units) on which subjects stand."""

    paint: Callable[[Canvas, Random, int], None]
    ground: float


ENVIRONMENTS: dict[str, Environment] = {
    "mountain road": Environment(mountain_road, 218),
    "city street": Environment(city_street, 220),
    "forest": Environment(forest, 216),
    "beach": Environment(beach, 220),
    "snowy field": Environment(snowy_field, 218),
    "studio": Environment(studio, 218),
}
