"""Painters of things of the house: mug, vase with flowers, chair, lamp, apple, umbrella.

One part of each carries the colour (glaze, shade, canopy) and is large enough to read at a glance; what else belongs to
the thing keeps a colour of its own, chosen so that it stands out from every named one. Read next: shapes_solid.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke
from safelight.scenes.subjects.shapes_solid import heart_at, is_dark, reflect

__all__ = [
    "apple", "apple_top", "chair", "chair_top", "lamp", "lamp_top", "mug", "mug_top", "umbrella", "umbrella_top",
    "vase", "vase_top",
]

mug_top = 72.0
vase_top = 104.0
chair_top = 48.0
lamp_top = 104.0
apple_top = 80.0
umbrella_top = 106.0
BRASS: RGB = (206, 164, 92)
LEAF: RGB = (58, 128, 66)
STEEL: RGB = (150, 152, 166)


def mug(pen: Pen, detail: int) -> None:
    """A big mug of coffee; the glaze carries the colour."""
    ring = [(30 + 17 * math.cos(a), -38 + 21 * math.sin(a)) for a in [-1.75 + 3.5 * k / 16 for k in range(17)]]
    pen.main(stroke(ring, 8.5), across(120, 138, 92))
    pen.main(
        path((-35, -72, 0), (35, -72, 0), (35, -40), (32, -12), (22, -1), (0, 1), (-22, -1), (-32, -12), (-35, -40)),
        across(122, 164, 132, 108, 78),
    )
    pen.main(oval(0, -72, 35, 9.5), across(150, 122))
    pen.main(oval(0, -71.4, 31, 7.4), down(70, 96))
    pen.trim(oval(0, -69.8, 28.6, 5.6), (112, 70, 46), across(112, 150))
    reflect(pen, detail, path((-27, -58), (-24, -60), (-22.5, -50), (-22.5, -30), (-25, -26), (-27, -40)))
    if detail:
        pen.trim(oval(-4, -70, 15, 2.6), (222, 182, 138), 130)
        for x, sway in ((-12, 5), (6, -5)):
            steam = [(x + sway * math.sin(k * 0.62) * 0.8, -80 - 3.2 * k) for k in range(11)]
            pen.trim(stroke(steam, 5, 2), (238, 238, 242), 132)
    if detail == 2:
        pale: RGB = (250, 244, 232) if min(pen.paint) < 225 else (120, 132, 158)
        heart_at(pen, -3, -22, 0.30, pale)


FLOWERS: tuple[RGB, ...] = ((232, 74, 84), (250, 196, 66), (244, 236, 240), (168, 104, 214), (250, 140, 170))


def _apart(paint: RGB, colours: tuple[RGB, ...]) -> list[RGB]:
    """The colours, without the one nearest to `paint`."""
    near = min(colours, key=lambda c: sum((a - b) ** 2 for a, b in zip(c, paint, strict=True)))
    return [c for c in colours if c != near]


def _daisy(pen: Pen, x: float, y: float, r: float, colour: RGB, detail: int) -> None:
    petals = 8
    for k in range(petals):
        a = 2 * math.pi * k / petals + 0.2
        shade = 132 - int(26 * math.cos(a - 0.8))
        pen.trim(oval(x + 0.62 * r * math.cos(a), y + 0.62 * r * math.sin(a), 0.42 * r, pieces=14), colour, shade)
    heart_colour: RGB = (122, 76, 44) if min(colour[:2]) > 180 else (252, 206, 84)
    pen.trim(oval(x, y, 0.36 * r, pieces=16), heart_colour, across(146, 108))
    if detail == 2:
        pen.trim(oval(x - 0.1 * r, y - 0.12 * r, 0.14 * r, pieces=10), heart_colour, 180)


def _tulip(pen: Pen, x: float, y: float, r: float, colour: RGB, detail: int) -> None:
    cup = path((x - 0.7 * r, y - 0.9 * r, 0), (x, y - 0.4 * r), (x + 0.7 * r, y - 0.9 * r, 0), (x + 0.75 * r, y),
               (x, y + 0.9 * r), (x - 0.75 * r, y))
    pen.trim(cup, colour, across(140, 96))
    pen.trim(path((x, y - 1.2 * r, 0), (x + 0.42 * r, y - 0.2 * r), (x, y + 0.8 * r), (x - 0.42 * r, y - 0.2 * r)),
             colour, across(162, 128))
    if detail == 2:
        pen.trim(stroke([(x - 0.05 * r, y - 0.7 * r), (x - 0.1 * r, y + 0.4 * r)], 1.1), colour, 188)


def _rose(pen: Pen, x: float, y: float, r: float, colour: RGB, detail: int) -> None:
    pen.trim(oval(x, y, r, 0.94 * r, 24), colour, across(150, 104))
    for k, q in enumerate((0.72, 0.46, 0.22) if detail else (0.6,)):
        pen.trim(oval(x + (0.10 if k % 2 else -0.06) * r, y - 0.10 * r * k, q * r, 0.9 * q * r, 20), colour,
                 across(88, 124) if k % 2 == 0 else across(164, 130))


def vase(pen: Pen, detail: int) -> None:
    """A bellied vase with a bunch of flowers; the vase carries the colour."""
    colours = _apart(pen.paint, FLOWERS)
    heads = ((-29, -82, _rose), (1, -98, _daisy), (29, -84, _tulip), (-14, -79, _tulip), (15, -77, _rose))
    shown = heads if detail else heads[:3]
    for side in (-1, 1):
        if detail:
            pen.trim(path((side * 2, -60, 0), (side * 11, -92), (side * 20, -106, 0), (side * 5, -90)), LEAF, 108)
        leaf = path((side * 4, -58, 0), (side * 14, -71), (side * 42, -66, 0), (side * 22, -56))
        pen.trim(leaf, LEAF, 138 if side < 0 else 92)
        if detail == 2:
            pen.trim(stroke([(side * 8, -60), (side * 20, -64), (side * 40, -66)], 1.4, 0.8), LEAF, 68)
    for x, y, _ in shown:
        pen.trim(stroke([(0.1 * x, -52), (0.55 * x, 0.5 * y - 30), (x, y)], 2.8, 2.2), LEAF, 112)
    for k, (x, y, flower) in enumerate(shown):
        flower(pen, x, y, 13 if k < 3 else 10.5, colours[k % len(colours)], detail)
    round_shade = across(92, 158, 150, 116, 82, 60, 80)
    pen.main(
        path((-17, -60, 0), (-13, -52), (-25, -40), (-33, -25), (-27, -9), (-17, -3, 0.3), (-19, 0, 0), (19, 0, 0),
             (17, -3, 0.3), (27, -9), (33, -25), (25, -40), (13, -52), (17, -60, 0)),
        round_shade,
    )
    pen.main(path((-19, -61), (0, -64.5), (19, -61), (0, -55)), across(182, 116))
    if detail == 2:
        _vase_pattern(pen)
    reflect(pen, detail, path((-23, -32), (-20, -38), (-16.5, -38), (-19, -30), (-20, -20), (-23, -22)))


def _vase_pattern(pen: Pen) -> None:
    """Two painted rings and a row of drops between them, as the belly bends them."""
    pale: RGB = (250, 240, 218) if min(pen.paint) < 225 else (70, 104, 168)
    shade = across(122, 138, 118, 88, 66)
    for y, wide in ((-36, 26.5), (-13, 28.5)):
        pen.trim(stroke([(wide * t / 6, y + 3.4 * (1 - t * t / 36)) for t in range(-6, 7)], 1.8), pale, shade)
    for k in range(-3, 4):
        x, y = 31 * math.sin(0.38 * k), -24.5 + 3.6 * math.cos(0.38 * k)
        pen.trim(oval(x, y, 3.2 * math.cos(0.4 * k), 5.2, 14), pale, 128 - 14 * k)
        pen.main(oval(x, y, 1.4 * math.cos(0.4 * k), 2.8, 10), 128 - 14 * k)


def chair(pen: Pen, detail: int) -> None:
    """A wooden chair seen from the side of its front; the whole frame carries the colour."""
    pen.main([(33, -52), (41, -50), (41, -8), (34, -8)], across(84, 58))
    pen.main([(-14, -44), (-6, -44), (-7, -13), (-14, -13)], 60)
    pen.main(path((-42, -106, 0.4), (-34, -108, 0.4), (-25, -52), (-29, 0, 0), (-38, 0, 0), (-35, -52)), down(170, 118))
    pen.main(path((2, -108, 0.4), (10, -106, 0.4), (16, -58, 0), (7, -58, 0)), across(150, 96))
    for y, tall in ((-103, 15), (-82, 11), (-67, 8)) if detail else ((-103, 15), (-79, 14)):
        bend = 1.5 * (y + 112) / 12
        pen.main(
            path((-38 + bend / 4, y + 2, 0), (-16, y - 3), (6 + bend / 5, y - 2, 0), (7 + bend / 5, y + tall - 2, 0),
                 (-16, y + tall - 2), (-37 + bend / 4, y + tall + 2, 0)),
            down(158, 112),
        )
    pen.main([(-34, -50), (8, -61), (43, -52), (-1, -39)], across(188, 158))
    pen.main([(-34, -50), (-1, -39), (-1, -31), (-34, -42)], 128)
    pen.main([(-1, -39), (43, -52), (43, -44), (-1, -31)], 84)
    pen.main([(-5, -33), (5, -35), (4, 2), (-4, 2)], across(152, 96))
    pen.main([(35, -44), (43, -46), (42, -5), (35, -5)], across(118, 72))
    if detail:
        pen.main([(-30, -21), (-3, -14), (-3, -9), (-30, -16)], 118)
        pen.main([(3, -14), (36, -22), (36, -17), (3, -9)], 80)
        pen.main(stroke([(-34, -50), (-1, -39), (43, -52)], 1.5), 216)
    if detail == 2:
        cushion: RGB = (246, 232, 206) if min(pen.paint) < 190 else (120, 146, 178)
        pen.trim(path((-26, -52), (8, -61), (36, -53), (0, -43)), cushion, across(142, 112))
        pen.trim(stroke([(-25, -50), (0, -42), (35, -51.6)], 3), cushion, 92)
        for x, y in ((-6, -53), (16, -54), (4, -50)):
            pen.trim(oval(x, y, 1.8, 1.1, 10), cushion, 84)
        pen.trim(oval(-37.5, -108.5, 3.4, pieces=16), BRASS, across(160, 104))
        pen.trim(oval(6.2, -108.5, 3.4, pieces=16), BRASS, across(160, 104))


def lamp(pen: Pen, detail: int) -> None:
    """A table lamp with a wide shade, lit; the shade carries the colour."""
    r, g, b = pen.paint
    glow: RGB = (0, 0, 0) if is_dark(pen) else (r * 3 // 10, g * 3 // 10, b * 3 // 10)
    pen.trim(path((-25, 0, 0), (-24, -5), (-8, -10), (8, -10), (24, -5), (25, 0, 0)), BRASS, across(118, 176, 126, 76))
    pen.trim(
        path((-5, -8, 0), (-4, -14), (-13, -26), (-10, -37), (-3, -44), (-3, -58, 0), (3, -58, 0), (3, -44),
             (10, -37), (13, -26), (4, -14), (5, -8, 0)),
        BRASS, across(112, 186, 130, 74),
    )
    pen.trim(oval(0, -52, 40, 7), (255, 226, 150), 172, (255, 214, 130))
    pen.main(
        path((-24, -103, 0), (0, -106), (24, -103, 0), (46, -53, 0), (24, -47.5), (0, -46), (-24, -47.5),
             (-46, -53, 0)),
        across(92, 142, 180, 150, 96), glow,
    )
    pen.trim(oval(0, -103, 23, 3.6), (255, 236, 176), 160, (255, 226, 160))
    if detail:
        pen.main(stroke([(-46, -54), (-24, -48.8), (0, -47.4), (24, -48.8), (46, -54)], 3), 84, glow)
        pen.trim(stroke([(33, -48), (33, -31)], 1.2), BRASS, 110)
        pen.trim(oval(33, -29, 2.6, pieces=14), BRASS, 160)
    if detail == 2:
        for k in range(-3, 4):
            pen.main(stroke([(6.6 * k, -100 + 0.3 * abs(k)), (12.6 * k, -51 - 0.4 * abs(k))], 1.3), 104, glow)
        for y in (-12, -42):
            pen.trim(rounded(-6, y - 1.6, 6, y + 1.6, 1.5), BRASS, across(176, 88))


def apple(pen: Pen, detail: int) -> None:
    """An apple with a dimple, a stem and one leaf; the skin carries the colour."""
    pen.main(
        path((0, -78, 0.5), (-18, -88), (-40, -78), (-48, -52), (-40, -22), (-22, -2), (-8, 0), (0, -4, 0.6), (8, 0),
             (22, -2), (40, -22), (48, -52), (40, -78), (18, -88)),
        across(104, 152, 150, 124, 96, 66, 74),
    )
    pen.main(path((-20, -83), (0, -86), (20, -83), (8, -73), (0, -70), (-8, -73)), down(66, 104))
    pen.trim(path((-3, -74, 0), (-2, -88), (5, -104, 0), (11, -102, 0), (4, -88), (3, -74, 0)), (112, 74, 46),
             across(150, 84))
    pen.trim(path((5, -90, 0), (14, -108), (42, -106, 0), (28, -90)), LEAF, down(156, 104))
    if detail:
        pen.trim(stroke([(6, -90.5), (22, -98), (40, -105.4)], 1.6, 0.8), LEAF, 84)
    reflect(pen, detail, path((-36, -62), (-31, -73), (-22, -76), (-27, -66), (-33, -54)))
    if detail == 2:
        for x, y in (
            (-16, -62), (2, -56), (20, -66), (-26, -40), (-8, -36), (12, -38), (28, -46), (-12, -18), (8, -20),
        ):
            pen.main(oval(x, y, 1.5, 1.9, 10), 196 if x < 16 else 132)


def umbrella(pen: Pen, detail: int) -> None:
    """An open umbrella on its crook; the canopy carries the colour."""
    pen.trim(stroke([(0, -50), (0, -12)], 4.6), STEEL, across(190, 84))
    crook = [(9 - 9 * math.cos(a), -12 + 9 * math.sin(a)) for a in [math.pi * k / 12 for k in range(14)]]
    pen.trim(stroke(crook, 6.4), (146, 92, 54), across(166, 98))
    pen.main(path((-55, -48, 0), (-36, -68), (36, -68), (55, -48, 0), (22, -43), (-22, -43)), down(30, 62))
    pen.trim(box(-2.3, -58, 2.3, -40), STEEL, 78)
    edges = (-55.0, -33.0, -11.0, 11.0, 33.0, 55.0)
    bright = 40 if is_dark(pen) else 0
    for k, shade in enumerate((140, 186, 154, 104, 64)):
        a, b = edges[k], edges[k + 1]
        lit = shade + bright * (k < 3)
        panel = path(
            (0, -105, 0), (0.72 * a, -84), (a, -48, 0), ((a + b) / 2, -57), (b, -48, 0), (0.72 * b, -84)
        )
        pen.main(panel, down(min(lit + 24, 240), lit - 16) if detail else lit)
        if detail == 2:
            hem = path((a, -48, 0), ((a + b) / 2, -57), (b, -48, 0), (0.96 * b, -56, 0), ((a + b) / 2, -64),
                       (0.96 * a, -56, 0))
            pen.main(hem, max(36, lit - 50))
            for t, x in ((0.62, 0.5), (0.82, 0.3), (0.82, 0.72)):
                pen.main(oval((a + (b - a) * x) * (0.3 + 0.72 * t), -105 + 52 * t * t, 2.2, 1.9, 12), lit + 50)
    if detail:
        for x in edges[1:-1]:
            pen.main(stroke([(0, -104), (0.56 * x, -95), (0.88 * x, -74), (x, -48)], 0.8, 1.5), 92 if x < 0 else 58)
        for x in edges:
            pen.trim(oval(0.985 * x, -47.6, 1.8, pieces=12), STEEL, 150)
    pen.trim(rounded(-1.8, -112, 1.8, -102, 1.7), STEEL, across(180, 90))
