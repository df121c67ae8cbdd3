"""Wild places: a forest, a desert, and Mars.

Each painter takes (canvas, rng, detail 0..2) and lays a few broad layers from far to near. Mars has no blue sky, so it
paints its own, which light.py then only tints. Read next: __init__.py.
"""

from random import Random

from safelight.scenes.canvas import RGB, Canvas, across, down
from safelight.scenes.scenery import band, blend, bloom, clearing, hill, sides, stone, tuft
from safelight.scenes.shapes import box, oval, path, rounded

__all__ = ["desert", "forest", "mars"]


def forest(canvas: Canvas, rng: Random, detail: int) -> None:
    """Trunks fading into light, a dark frame of trees, a clearing in the middle."""
    band(canvas, 84, (150, 190, 150), down(150, 130), 3)
    for k, (what, colour, count) in enumerate(((3, (124, 170, 142), 9), (5, (84, 134, 112), 7))):
        x = rng.uniform(-20, 0)
        while x < 262:
            size = rng.uniform(30, 46) - 6 * k
            base = 66 + 20 * k + rng.uniform(-12, 12)
            crown = path(
                (x - size * 0.8, base + 40), (x - size * 0.6, base - 6), (x, base - size),
                (x + size * 0.6, base - 6), (x + size * 0.8, base + 40),
            )
            canvas.fill(crown, colour, down(142, 116), what=what)
            trunk = 3.4 + 1.4 * k
            canvas.fill(
                [(x - trunk * 0.7, base), (x + trunk * 0.7, base), (x + trunk, 200), (x - trunk, 200)],
                (112, 92, 84) if k else (134, 122, 112),
                across(136, 96),
                what=what,
            )
            x += 256 / count * rng.uniform(0.8, 1.2)
    hill(canvas, rng, 172, 5, (126, 168, 84), down(146, 112), 7)
    way = path((116, 172), (142, 172), (170, 214), (214, 268, 0), (40, 268, 0), (86, 214))
    canvas.fill(way, (196, 170, 124), down(138, 116), what=8)
    for side in (-1, 1):
        for _ in range((1, 2, 2)[detail]):
            _trunk(canvas, rng, 128 + side * rng.uniform(92, 122), rng.uniform(198, 224), detail)
        for _ in range((3, 6, 10)[detail]):
            r = rng.uniform(18, 30)
            x, y = 128 + side * rng.uniform(70, 134), rng.uniform(-8, 34)
            canvas.fill(oval(x, y, r * 1.15, r), (52, 112, 80), down(148, 104), what=9)
    for x in sides(rng, (0, 6, 16)[detail], 78):
        tuft(canvas, x, rng.uniform(196, 246), 1.0, (70, 134, 74))
    if detail == 2:
        for x in sides(rng, 5, 78):
            _mushroom(canvas, x, rng.uniform(206, 248))
        for x in sides(rng, 5, 76):
            bloom(canvas, x, rng.uniform(200, 250), 0.8, (250, 250, 240))


def _trunk(canvas: Canvas, rng: Random, x: float, base: float, detail: int) -> None:
    """A thick old trunk that leaves the picture at the top."""
    outline = [(x - 7, -10), (x + 7, -10), (x + 8, base - 12), (x + 13, base), (x - 13, base), (x - 8, base - 12)]
    canvas.fill(outline, (92, 68, 62), across(146, 118, 82), what=9)
    for _ in range((0, 0, 9)[detail]):
        at, y = x + rng.uniform(-5, 4), rng.uniform(40, base - 26)
        canvas.fill(box(at, y, at + 1.3, y + rng.uniform(8, 20)), (66, 46, 46), 104, what=9)


def _mushroom(canvas: Canvas, x: float, y: float) -> None:
    canvas.fill(rounded(x - 1.6, y - 7, x + 1.6, y, 1), (240, 230, 212), across(140, 100), what=9)
    cap = path((x - 5, y - 6, 0), (x - 3.4, y - 10), (x + 3.4, y - 10), (x + 5, y - 6, 0))
    canvas.fill(cap, (206, 60, 50), 134, what=9)
    canvas.fill(oval(x - 1, y - 8.6, 1, pieces=6), (255, 246, 236), 140, what=9)


def desert(canvas: Canvas, rng: Random, detail: int) -> None:
    """Red mesas on the horizon, golden dunes with sharp crests, cacti at the sides."""
    for left, right, wide, top in ((18, 52, 34, 88), (186, 220, 42, 78), (84, 160, 20, 116)):
        _mesa(canvas, rng.uniform(left, right), wide, top + rng.uniform(-6, 6), detail)
    band(canvas, 148, (228, 176, 112), down(140, 118), 4)
    flip = rng.choice((-1, 1))
    dunes: tuple[tuple[float, float, float, int, RGB], ...] = (
        (128 - flip * 86, 138, 96, 5, (234, 184, 118)),
        (128 + flip * 92, 150, 110, 5, (238, 188, 116)),
        (128 - flip * 122, 172, 118, 6, (240, 194, 122)),
    )
    for x, y, wide, what, colour in dunes:
        _dune(canvas, x + rng.uniform(-12, 12), y + rng.uniform(-3, 3), wide, colour, what)
    hill(canvas, rng, 188, 4, (244, 202, 132), down(140, 112), 7)
    for k in range((0, 5, 12)[detail]):
        y = 200 + (52 / (5, 5, 12)[detail]) * k + rng.uniform(-2, 2)
        x, half = rng.uniform(0, 256), rng.uniform(26, 52)
        ripple = path((x - half, y), (x, y - 1.6), (x + half, y + 1), (x, y + 0.8))
        canvas.fill(ripple, (220, 168, 104), 120, what=7)
    side = rng.choice((-1, 1))
    _cactus(canvas, 128 + side * rng.uniform(98, 108), rng.uniform(204, 212), 1.0, detail)
    if detail:
        _cactus(canvas, 128 - side * rng.uniform(96, 116), rng.uniform(186, 192), 0.62, detail)
    for x in sides(rng, (1, 4, 9)[detail], 84):
        stone(canvas, rng, x, rng.uniform(204, 248), rng.uniform(7, 16), (178, 120, 88))
    if detail == 2:
        for x in sides(rng, 7, 84):
            tuft(canvas, x, rng.uniform(200, 248), 0.7, (150, 142, 76))


def _mesa(canvas: Canvas, x: float, wide: float, top: float, detail: int) -> None:
    """A table mountain with a slope of rubble at its foot."""
    red: RGB = (190, 100, 72)
    rubble = [(x - wide * 1.5, 152), (x - wide * 0.9, 132), (x + wide * 0.9, 132), (x + wide * 1.5, 152)]
    canvas.fill(rubble, (206, 128, 90), down(134, 118), what=2)
    foot, edge = (x + wide, 136), (x + wide * 0.84, top + 1)
    wall = [(x - wide, 136), (x - wide * 0.9, top + 2), (x - wide * 0.7, top), edge, foot]
    canvas.fill(wall, red, across(142, 104), what=2)
    canvas.fill([(x + wide * 0.3, top), edge, foot, (x + wide * 0.42, 136)], red, 88, what=2)
    for k in range((0, 2, 4)[detail]):
        y = top + 7 + (136 - top) / (1, 3, 5)[detail] * k
        canvas.fill(box(x - wide * 0.9, y, x + wide * 0.88, y + 2.4), blend(red, (240, 176, 130), 0.5), 122, what=2)


def _dune(canvas: Canvas, x: float, y: float, wide: float, colour: RGB, what: int) -> None:
    """A dune with its crest at (x, y): a bright side to the left, a slip face in shadow to the right."""
    windward = ((x - wide * 1.3, y + 52, 0), (x - wide * 0.5, y + 18))
    lee = ((x, y, 0), (x + wide * 0.5, y + 24), (x + wide * 1.3, y + 52, 0))
    canvas.fill(path(*windward, *lee), colour, down(150, 124), what=what)
    face = path(*lee, (x + wide * 0.3, y + 52, 0), (x + wide * 0.02, y + 32), (x + wide * 0.09, y + 14))
    canvas.fill(face, blend(colour, (190, 112, 82), 0.42), down(112, 124), what=what)


def _cactus(canvas: Canvas, x: float, y: float, size: float, detail: int) -> None:
    """A saguaro with two arms, about 70 `size` high."""
    green: RGB = (70, 142, 84)

    def limb(x0: float, y0: float, x1: float, y1: float, r: float) -> None:
        outline = rounded(x + x0 * size, y + y0 * size, x + x1 * size, y + y1 * size, r * size)
        canvas.fill(outline, green, across(150, 120, 84), what=9)

    limb(-18, -34, 0, -27, 3)
    limb(-19, -50, -12, -28, 3.4)
    limb(0, -44, 18, -37, 3)
    limb(12, -60, 19, -38, 3.4)
    limb(-6, -70, 6, 0, 5.8)
    for at in (-2.6, 1.4)[: (0, 2, 2)[detail]]:
        canvas.fill(box(x + at * size, y - 64 * size, x + (at + 1.1) * size, y - 3), (48, 110, 66), 116, what=9)
    if detail == 2:
        canvas.fill(oval(x, y - 70 * size, 4 * size, 2.6 * size, pieces=12), (246, 110, 150), 140, what=9)
        canvas.fill(oval(x + 15.5 * size, y - 60 * size, 3 * size, 2 * size, pieces=12), (246, 110, 150), 140, what=9)


def mars(canvas: Canvas, rng: Random, detail: int) -> None:
    """Rust-red ground with craters under a butterscotch sky, dark overhead, with stars and two moons."""
    band(canvas, -5, (206, 128, 84), 128, 4)
    # the sky darkens upwards in its shade, so that its colour stays one and the dark turns towards the ambient light
    canvas.fill(box(-5, -5, 262, 160), (206, 122, 78), down(20, 64, 118, 150), what=4)
    for _ in range((10, 22, 44)[detail]):
        x, y, r = rng.uniform(4, 252), rng.uniform(3, 92), rng.uniform(0.6, 1.25)
        canvas.fill(oval(x, y, r, pieces=6), (236, 214, 196), 128, (230, 226, 255), 4)
    side = rng.choice((-1, 1))
    _planet(canvas, 128 + side * rng.uniform(62, 84), rng.uniform(42, 54), 25, detail)
    small = oval(128 - side * rng.uniform(78, 100), rng.uniform(30, 66), 6.5, pieces=20)
    canvas.fill(small, (226, 206, 190), across(150, 80), (88, 76, 78), 4)
    rust: RGB = (186, 84, 54)
    line = [(-20.0, 160.0)]
    x = -20.0
    while x < 276:
        wide, y = rng.uniform(16, 40), rng.uniform(116, 146)
        line += [(x, y + 12), (x + 5, y), (x + wide, y + rng.uniform(-3, 3)), (x + wide + 6, y + 12)]
        x += wide + rng.uniform(8, 22)
    canvas.fill([*line, (276, 160)], (158, 78, 62), down(140, 116), what=5)
    band(canvas, 150, (184, 90, 62), down(138, 120), 6)
    hill(canvas, rng, 166, 5, rust, down(142, 116), 7)
    bowls = ((40, 164, 18), (212, 168, 21), (128, 159, 9), (14, 206, 26), (244, 200, 28), (66, 246, 30), (190, 250, 34))
    for k, (cx, cy, wide) in enumerate(bowls):
        if detail or k in (1, 3, 5):
            _crater(canvas, cx + rng.uniform(-8, 8), cy + rng.uniform(-3, 3), wide * rng.uniform(0.85, 1.1), rust)
    for x, y, near in clearing(rng, (5, 18, 46)[detail], 170, 256):
        stone(canvas, rng, x, y, 3 + 9 * near + 4 * rng.random(), blend(rust, (104, 46, 40), rng.uniform(0.2, 0.7)))


def _planet(canvas: Canvas, x: float, y: float, r: float, detail: int) -> None:
    """A large pale moon, lit from the left, with dark spots."""
    canvas.fill(oval(x, y, r), (232, 196, 164), across(156, 128, 52), (74, 58, 56), 4)
    spots = ((-0.35, -0.3, 0.22), (0.05, 0.34, 0.16), (-0.5, 0.25, 0.12), (0.2, -0.1, 0.12))
    for dx, dy, s in spots[: (2, 4, 4)[detail]]:
        canvas.fill(oval(x + dx * r, y + dy * r, s * r, s * r, pieces=18), (204, 160, 130), 118, (58, 44, 44), 4)


def _crater(canvas: Canvas, x: float, y: float, wide: float, rust: RGB) -> None:
    """A bowl seen from the side: bright rim, dark inner wall, sunlit far floor."""
    flat = 0.27 * wide
    canvas.fill(oval(x, y, wide, flat), blend(rust, (236, 150, 104), 0.5), across(150, 118), what=8)
    dark = blend(rust, (70, 26, 30), 0.55)
    canvas.fill(oval(x, y + 0.12 * flat, wide * 0.84, flat * 0.78), dark, down(84, 120), what=8)
    canvas.fill(oval(x + 0.06 * wide, y + 0.36 * flat, wide * 0.66, flat * 0.46), rust, 116, what=8)
