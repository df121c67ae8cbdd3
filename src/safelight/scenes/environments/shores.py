"""Two shores: a beach by a warm sea, and a lake that mirrors the hills beyond it.

Each painter takes (canvas, rng, detail 0..2) and lays a few broad layers from far to near. A still surface shows what
stands above its far shore upside down, a little shorter and darker:  y' = shore + 0.75 * (shore - y).
Read next: cities.py.
"""

import math
from random import Random

from safelight.scenes.canvas import RGB, Canvas, Shade, across, down
from safelight.scenes.scenery import band, blend, clearing, ridge, sides, stone, tuft
from safelight.scenes.shapes import Point, box, oval, path, star, stroke

__all__ = ["beach", "lake_shore"]


def beach(canvas: Canvas, rng: Random, detail: int) -> None:
    """Turquoise sea under a wide sky, foam, warm sand, a palm."""
    band(canvas, 136, (46, 142, 186), down(118, 134), 3)
    band(canvas, 152, (56, 168, 196), down(124, 138), 5)
    canvas.fill(
        path((-20, 168), (70, 171), (150, 166), (280, 170), (280, 262, 0), (-20, 262, 0)),
        (96, 204, 208),
        down(128, 140),
        what=6,
    )
    for _ in range((0, 4, 14)[detail]):
        x, y = rng.uniform(0, 256), rng.uniform(142, 180)
        half = rng.uniform(6, 15)
        canvas.fill(path((x - half, y), (x, y - 1.5), (x + half, y), (x, y + 1.2)), (226, 246, 248), 132, what=6)
    shift = rng.uniform(-8, 8)
    edges: tuple[tuple[float, RGB, Shade, int], ...] = (
        (0, (250, 252, 250), 126, 7), (5, (214, 182, 132), 118, 8), (12, (240, 212, 160), down(140, 116), 8),
    )
    for drop, colour, shade, what in edges:
        y = 182 + drop
        wave = ((-20, y + 6 + shift), (50, y), (130, y + 8 - shift), (200, y), (280, y + 6))
        canvas.fill(path(*wave, (280, 290, 0), (-20, 290, 0)), colour, shade, what=what)
    if detail:
        # wind leaves long low ripples in the sand
        for _ in range(3 * detail):
            x, y = rng.uniform(0, 256), rng.uniform(212, 254)
            canvas.fill(path((x - 24, y), (x, y - 1.3), (x + 24, y), (x, y + 1)), (226, 194, 142), 118, what=8)
    _palm(canvas, rng.choice((-1, 1)), detail)
    if detail == 2:
        for x in sides(rng, 5, 80):
            y = rng.uniform(222, 248)
            canvas.fill(oval(x, y, 4.5, 3, pieces=14), (250, 226, 208), down(150, 110), what=9)
        for x in sides(rng, 2, 84):
            canvas.fill(star(x, rng.uniform(216, 246), 6, 2.6), (232, 112, 84), 132, what=9)
        for x in sides(rng, 5, 88):
            stone(canvas, rng, x, rng.uniform(206, 252), rng.uniform(6, 13), (156, 148, 150))


def _palm(canvas: Canvas, side: int, detail: int) -> None:
    """A leaning palm at the side of the picture."""
    x, y = 128 + side * 100, 206.0
    trunk = [(x, y), (x - side * 1, y - 44), (x - side * 7, y - 86), (x - side * 18, y - 122)]
    canvas.fill(stroke(trunk, 9, 5), (150, 112, 78), across(146, 100), what=9)
    if detail == 2:
        for k in range(11):
            h = 10 * k + 8
            at = x - side * 18 * (h / 122) ** 2
            canvas.fill(box(at - 4 + 0.018 * h, y - h, at + 4 - 0.018 * h, y - h + 1.6), (112, 80, 58), 110, what=9)
    tx, ty = trunk[-1]
    for k, a in enumerate((-2.9, -2.2, -1.45, -0.75, -0.1, 0.35, 2.75)):
        length = 38.0
        px, py = tx + length * math.cos(a), ty + length * 0.62 * math.sin(a) + 12
        mx, my = tx + 0.5 * length * math.cos(a), ty + 0.5 * length * math.sin(a) * 0.7 - 6
        leaf = path((tx, ty, 0), (mx, my - 5), (px, py, 0), (mx, my + 6))
        canvas.fill(leaf, (62, 142, 84), (150, 126, 100)[k % 3], what=9)
    if detail:
        for dx in (-3, 3):
            canvas.fill(oval(tx + dx, ty + 4, 3.4, pieces=14), (118, 82, 56), down(148, 96), what=9)


_SHORE = 142.0


def _mirrored(line: list[Point]) -> list[Point]:
    return [(x, _SHORE + 0.75 * (_SHORE - y)) for x, y in line]


def lake_shore(canvas: Canvas, rng: Random, detail: int) -> None:
    """Hills and dark firs mirrored in still water, a pebbled bank with reeds in front."""
    deep: RGB = (44, 108, 148)
    ranges: list[tuple[list[Point], RGB, Shade, int]] = []
    for y, rise, step, colour, shade, what in (
        (138, 66, 62, (126, 150, 186), down(140, 124), 2),
        (144, 30, 40, (84, 132, 124), down(142, 108), 3),
    ):
        ranges.append((ridge(canvas, rng, y, rise, step, colour, shade, what), colour, shade, what))
    firs = [(x, rng.uniform(12, 22)) for x in sides(rng, (4, 22, 44)[detail], 14)]
    for x, tall in firs:
        fir = [(x - tall * 0.3, _SHORE + 1), (x, _SHORE - tall), (x + tall * 0.3, _SHORE + 1)]
        canvas.fill(fir, (46, 96, 84), across(146, 92), what=4)
    band(canvas, _SHORE, deep, down(150, 116), 5)
    for line, colour, _, _ in ranges:
        top = [(-20.0, _SHORE), *_mirrored(line), (276.0, _SHORE)]
        canvas.fill(top, blend(colour, deep, 0.5), down(112, 124), what=5)
    for x, tall in firs:
        canvas.fill(
            [(x - tall * 0.3, _SHORE), (x, _SHORE + 0.75 * tall), (x + tall * 0.3, _SHORE)], (44, 94, 100), 112, what=5
        )
    canvas.fill(box(-5, _SHORE - 1.1, 262, _SHORE + 0.7), (190, 216, 222), 128, what=5)
    for _ in range((5, 12, 26)[detail]):
        x, y = rng.uniform(-10, 266), _SHORE + 4 + 50 * rng.random() ** 0.8
        half, thin = rng.uniform(12, 34) * (0.4 + (y - _SHORE) / 50), 0.5 + (y - _SHORE) / 46
        ripple = path((x - half, y), (x, y - thin), (x + half, y), (x, y + thin))
        canvas.fill(ripple, blend(deep, (206, 232, 240), 0.55), 130, what=5)
    _bank(canvas, rng, detail)


def _bank(canvas: Canvas, rng: Random, detail: int) -> None:
    """The near shore: wet stones, grass, reeds at both sides."""
    shift = rng.uniform(-3, 3)
    for drop, colour in ((0, (116, 112, 96)), (5, (176, 166, 136)), (17, (134, 160, 86))):
        y = 192 + drop
        edge = ((-20, y - 8), (50, y + shift), (130, y + 3), (206, y - shift), (280, y - 9))
        canvas.fill(path(*edge, (280, 290, 0), (-20, 290, 0)), colour, down(136, 110), what=7 if drop else 6)
    for x, y, near in clearing(rng, (4, 16, 46)[detail], 197, 256):
        if y < 212 or rng.random() < 0.3:
            stone(canvas, rng, x, y, 4 + 8 * near + 4 * rng.random(), rng.choice(((150, 148, 146), (124, 126, 134))), 8)
        else:
            tuft(canvas, x, y, 0.45 + 0.6 * near, (96, 146, 62))
    for side in (-1, 1):
        for _ in range((3, 7, 12)[detail]):
            x, y = 128 + side * rng.uniform(90, 130), rng.uniform(198, 222)
            tall, lean = rng.uniform(38, 68), rng.uniform(-7, 7)
            reed = stroke([(x, y), (x + 0.3 * lean, y - 0.5 * tall), (x + lean, y - tall)], 2.6, 0.9)
            canvas.fill(reed, (92, 134, 62), across(146, 104), what=9)
            if rng.random() < 0.6:
                canvas.fill(oval(x + lean, y - tall, 2.3, 7, pieces=14), (122, 76, 48), across(148, 92), what=9)
