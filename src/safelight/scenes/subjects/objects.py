"""Painters of things of the house: mug, vase with flowers, chair, lamp, apple, umbrella.

One part of each carries the colour (glaze, shade, canopy) and is large enough to read at a glance; what else belongs to
the thing keeps a colour of its own, chosen so that it stands out from every named one. Read next: shapes_solid.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke
from safelight.scenes.subjects.shapes_solid import cube, heart, heart_at, sphere, star_shape

__all__ = [
    "apple", "apple_top", "chair", "chair_top", "cube", "heart", "lamp", "lamp_top", "mug", "mug_top", "sphere",
    "star_shape", "umbrella", "umbrella_top", "vase", "vase_top",
]

mug_top = 72.0
vase_top = 104.0
chair_top = 48.0
lamp_top = 104.0
apple_top = 80.0
umbrella_top = 106.0
BRASS: RGB = (206, 164, 92)
LEAF: RGB = (58, 128, 66)


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
    heads = ((-28, -82, _rose), (0, -97, _daisy), (27, -84, _tulip), (-13, -78, _tulip), (13, -76, _rose))
    for x, y, _ in heads if detail else heads[:3]:
        pen.trim(stroke([(0.1 * x, -52), (0.55 * x, 0.5 * y - 30), (x, y)], 2.6, 2), LEAF, 108)
    for side in (-1, 1):
        leaf = path((side * 4, -58, 0), (side * 14, -70), (side * 38, -66, 0), (side * 22, -57))
        pen.trim(leaf, LEAF, 134 if side < 0 else 96)
        if detail:
            pen.trim(path((side * 2, -60, 0), (side * 10, -92), (side * 18, -102, 0), (side * 4, -88)), LEAF, 118)
    for k, (x, y, flower) in enumerate(heads if detail else heads[:3]):
        flower(pen, x, y, 11.5 if k < 3 else 9.5, colours[k % len(colours)], detail)
    pen.main(
        path((-17, -60, 0), (-13, -52), (-24, -40), (-31, -24), (-25, -8), (-17, 0, 0.3), (17, 0, 0.3), (25, -8),
             (31, -24), (24, -40), (13, -52), (17, -60, 0)),
        across(104, 160, 148, 116, 84, 66, 82),
    )
    pen.main(path((-19, -61), (0, -64), (19, -61), (0, -55)), across(176, 120))


def chair(pen: Pen, detail: int) -> None:
    """A wooden chair seen from the side of its front; the whole frame carries the colour."""
    pen.main([(33, -52), (41, -50), (41, -8), (34, -8)], across(84, 58))
    pen.main([(-14, -44), (-6, -44), (-7, -13), (-14, -13)], 60)
    pen.main(path((-42, -108, 0.4), (-34, -110, 0.4), (-25, -52), (-29, 0, 0), (-38, 0, 0), (-35, -52)), down(170, 118))
    pen.main(path((2, -112, 0.4), (10, -110, 0.4), (16, -58, 0), (7, -58, 0)), across(150, 96))
    for y, tall in ((-106, 15), (-83, 11), (-67, 8)) if detail else ((-106, 15), (-80, 14)):
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
        pen.trim(oval(-38, -112, 4, pieces=16), BRASS, across(160, 104))
        pen.trim(oval(6, -113, 4, pieces=16), BRASS, across(160, 104))


def lamp(pen: Pen, detail: int) -> None:
    """A table lamp with a wide shade, lit; the shade carries the colour."""
    r, g, b = pen.paint
    glow: RGB = (min(255, r * 9 // 10 + 14), min(255, g * 9 // 10 + 10), b * 9 // 10)
    pen.trim(path((-25, 0, 0), (-24, -5), (-8, -10), (8, -10), (24, -5), (25, 0, 0)), BRASS, across(118, 176, 126, 76))
    pen.trim(
        path((-5, -8, 0), (-4, -14), (-13, -26), (-10, -37), (-3, -44), (-3, -58, 0), (3, -58, 0), (3, -44),
             (10, -37), (13, -26), (4, -14), (5, -8, 0)),
        BRASS, across(112, 186, 130, 74),
    )
    pen.trim(oval(0, -52, 40, 7), (255, 226, 150), 172, (255, 214, 130))
    pen.main(
        path((-24, -103, 0), (0, -106), (24, -103, 0), (46, -53, 0), (24, -47.5), (0, -46), (-24, -47.5), (-46, -53, 0)),
        across(96, 142, 176, 150, 100), glow,
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
        pen.trim(path((-36, -62), (-31, -73), (-22, -76), (-27, -66), (-33, -54)), (255, 255, 255), 140)
    if detail == 2:
        for x, y in ((-16, -62), (2, -56), (20, -66), (-26, -40), (-8, -36), (12, -38), (28, -46), (-12, -18), (8, -20)):
            pen.main(oval(x, y, 1.5, 1.9, 10), 196 if x < 16 else 132)


def umbrella(pen: Pen, detail: int) -> None:
    """An open umbrella on its crook; the canopy carries the colour."""
    pen.trim(stroke([(0, -50), (0, -12)], 4.4), (150, 152, 166), across(190, 84))
    crook = [(8.5 - 8.5 * math.cos(a), -11 + 9 * math.sin(a)) for a in [math.pi * k / 12 for k in range(14)]]
    pen.trim(stroke(crook, 6.4), (146, 92, 54), across(166, 98))
    pen.main(path((-54, -50, 0), (-30, -57), (0, -60), (30, -57), (54, -50, 0), (20, -46), (-20, -46)), down(40, 70))
    pen.trim(box(-2.2, -56, 2.2, -44), (150, 152, 166), 84)
    edges = (-54.0, -33.0, -11.0, 11.0, 33.0, 54.0)
    shades = (148, 178, 152, 108, 70)
    for k, shade in enumerate(shades):
        a, b = edges[k], edges[k + 1]
        middle = (a + b) / 2
        pen.main(
            path((0, -104, 0), (0.70 * a, -86 + 0.0 * a), (a, -48, 0), (middle, -56), (b, -48, 0), (0.70 * b, -86)),
            shade if not detail else down(min(shade + 26, 210), shade - 12),
        )
    pen.trim(rounded(-1.8, -112, 1.8, -102, 1.7), (150, 152, 166), across(180, 90))
