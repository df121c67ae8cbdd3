"""Painters of vehicles that are no cars: sailboat, bicycle, rocket.

`bicycle_seat` is the spot for a rider's hip; its handlebars end where a rider's hands are, 27 to the right of the hip
and 11 above it. Lengths in the painter's own units. Read next: riders.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import Point, box, oval, path, rounded, stroke
from safelight.scenes.subjects.coats import brightness, fall, tone

__all__ = ["bicycle", "bicycle_seat", "bicycle_top", "rocket", "rocket_top", "sailboat", "sailboat_top"]

sailboat_top = 112.0
bicycle_top = 60.0
rocket_top = 111.0
bicycle_seat: Point = (-14.0, -56.5)

TYRE: RGB = (44, 46, 58)
STEEL: RGB = (206, 212, 222)
WOOD: RGB = (150, 104, 70)
LEATHER: RGB = (92, 60, 48)
SLATE: RGB = (74, 82, 108)
LAMP: RGB = (255, 246, 214)
TAIL: RGB = (226, 62, 58)


def sailboat(pen: Pen, detail: int) -> None:
    """Two full sails over a wooden hull, on its own patch of water; the sails carry the colour."""
    pen.trim(oval(0, -3, 58, 9), (86, 174, 206), down(116, 136))
    if detail:
        pen.trim(path((-50, -1), (-30, -3), (-12, -1), (-30, 0.4)), (206, 236, 244))
        pen.trim(path((14, 2), (30, 0), (46, 1), (30, 3)), (206, 236, 244))
    pen.trim(box(-3.4, -108, -0.8, -14), (112, 84, 66), across(140, 100))
    pen.main(
        path((0.6, -105, 0), (14, -84), (30, -58), (42, -31, 0.3), (24, -27.4), (0.6, -26, 0)),
        across(tone(pen, 150), tone(pen, 134), tone(pen, 100)),
    )
    pen.main(
        path((-4.8, -98, 0), (-15, -74), (-27, -52), (-42, -29, 0.3), (-24, -29.4), (-4.8, -26, 0), (-8, -52)),
        across(tone(pen, 124), tone(pen, 148), tone(pen, 168)),
    )
    if detail:
        for y, reach in ((-84, 12), (-65, 23.5), (-46, 33)):
            pen.main(stroke([(0.6, y), (0.5 * reach, y + 2.6), (reach, y + 1.2)], 1.2), tone(pen, 90))
        pen.trim(stroke([(-2, -27), (40, -28.6)], 2), (112, 84, 66), 120)
    if detail == 2:
        pen.trim(stroke([(-2, -106), (45, -22)], 0.6), (92, 80, 78), 120)
        pen.trim(stroke([(-2, -104), (-45, -21)], 0.6), (92, 80, 78), 120)
    pen.trim(path((-2, -113, 0), (11, -110), (-2, -105.6, 0)), (250, 246, 236), 132)
    pen.trim(
        path((-46, -20, 0), (0, -17.5), (48, -23, 0), (39, -8), (26, -2, 0), (-28, -2, 0), (-38, -8)),
        WOOD,
        down(148, 92),
    )
    if detail:
        for y, x0, x1 in ((-11.6, -38, 39), (-6.8, -33, 34)):
            pen.trim(stroke([(x0, y), (0, y + 1.4), (x1, y - 1)], 0.9), (104, 68, 48), 108)
    pen.trim(
        path((-46, -20, 0), (0, -17.5), (48, -23, 0), (46, -18), (0, -13), (-43, -15.5)),
        (250, 240, 222),
        down(136, 112),
    )
    if detail == 2:
        for x in (-20, 0, 20):
            pen.trim(oval(x, -8.6, 3), (212, 178, 110), 130)
            pen.trim(oval(x, -8.6, 2), (70, 60, 66), 120, (255, 214, 140))
    pen.trim(path((-46, -1.5), (-10, -4), (44, -2), (10, 2)), (226, 244, 250), 134)


def _ring(x: float, y: float, r: float, width: float, start: float = 0.0, turn: float = 2 * math.pi) -> list[Point]:
    """A band `width` wide along a circle round (x, y), from the angle `start` on, clockwise."""
    steps = 30
    angles = [start + turn * k / steps for k in range(steps + 1)]
    outer = [(x + (r + 0.5 * width) * math.cos(a), y + (r + 0.5 * width) * math.sin(a)) for a in angles]
    inner = [(x + (r - 0.5 * width) * math.cos(a), y + (r - 0.5 * width) * math.sin(a)) for a in angles]
    return outer + inner[::-1]


def bicycle(pen: Pen, detail: int) -> None:
    """A town bicycle with swept handlebars; frame and mudguards carry the colour."""
    back, front, crank, neck = (-31.0, -23.0), (33.0, -23.0), (-4.0, -22.0), (19.5, -57.0)
    for x, y in (back, front):
        for k in range((0, 5, 8)[detail]):
            a = math.pi * (k + 0.3) / (5 if detail == 1 else 8)
            dx, dy = 19 * math.cos(a), 19 * math.sin(a)
            pen.trim(stroke([(x - dx, y - dy), (x + dx, y + dy)], 0.8), (176, 184, 198), 132)
        pen.trim(_ring(x, y, 20.6, 4), TYRE, across(150, 120, 92))
        if detail:
            pen.trim(_ring(x, y, 18.2, 1.2), STEEL, 140)
    pen.main(_ring(*back, 24, 4, -2.95, 2.6), fall(pen, 160, 104))
    pen.main(_ring(*front, 24, 4, -2.6, 2.0), fall(pen, 160, 112))

    def tube(width: float, shade: int, *points: Point) -> None:
        pen.main(stroke(points, width), tone(pen, shade))
        if detail:
            pen.main(stroke([(x - 0.5, y - 1.1) for x, y in points], 0.26 * width), tone(pen, min(shade + 50, 190)))

    pen.trim(stroke([(-13, -52), (-15, -60)], 2.6), STEEL, across(156, 110))
    tube(3.6, 100, (-11, -50), back)
    tube(3.8, 106, crank, back)
    tube(5, 118, (neck[0] + 1.6, neck[1] + 8), (26, -40), front)
    tube(5.4, 128, crank, (-13, -54))
    tube(5.4, 134, (-11.5, -49), (20, -53))
    tube(5.8, 124, crank, (22, -46))
    pen.main(stroke([(18.6, -60), (23, -44)], 6.6), fall(pen, 164, 110))
    pen.trim(stroke([(19, -60), (17.6, -68)], 2.8), STEEL, across(160, 110))
    pen.trim(stroke([(11, -70), (19, -72.4), (23, -69.6), (17.6, -66)], 2.4), STEEL, down(158, 112))
    pen.trim(stroke([(5, -67.6), (12.6, -70.4)], 4), LEATHER, down(150, 104))
    for x, y in (back, front):
        pen.trim(oval(x, y, 3.4, pieces=20), STEEL, across(150, 104))
    pen.main(path((-31, -27.6), (-6, -30), (3, -27), (4, -19), (-4, -14.6), (-31, -19.6)), fall(pen, 158, 108))
    pen.trim(oval(*crank, 5.2), STEEL, across(152, 104))
    pen.trim(stroke([crank, (4, -15.6)], 2.6), (96, 102, 120), 130)
    pen.trim(rounded(-2, -17.6, 9.4, -14, 1.4), TYRE, down(150, 104))
    pen.trim(
        path((-27, -62.6), (-24, -66), (-14, -64.4), (-4, -64.4), (-2, -62), (-10, -60.4), (-17, -57.6), (-25, -58.6)),
        LEATHER,
        down(160, 96),
    )
    if detail:
        pen.trim(oval(27, -60.4, 4, 4.4), (228, 232, 238), across(110, 150))
        pen.trim(oval(29.6, -60.4, 1.8, 3.6), LAMP, 150, (255, 238, 190))
    if detail == 2:
        pen.trim(path((-57.4, -30, 0), (-54, -32), (-53, -27), (-56.6, -26, 0)), TAIL, 140, (255, 70, 52))
        pen.trim(stroke([(-45, -50), (-16, -49)], 2), STEEL, 132)
        pen.trim(stroke([(-40, -50), (-32, -25)], 1.4), STEEL, 116)
        pen.trim(oval(*crank, 2.2, pieces=16), (96, 102, 120), 120)


def rocket(pen: Pen, detail: int) -> None:
    """A stout rocket on its flame; the hull carries the colour."""
    for x, y, r in ((-20, -3, 8), (20, -3, 8), (-9, 0, 8), (10, 0, 8)):
        pen.trim(oval(x, y, r * 1.2, r * 0.8), (236, 236, 244), down(140, 104))
    pen.trim(path((-11, -28, 0), (-12, -16), (0, 6, 0.2), (12, -16), (11, -28, 0)), (255, 146, 54), 140, (255, 120, 34))
    pen.trim(path((-6, -28, 0), (-7, -18), (0, -4, 0.2), (7, -18), (6, -28, 0)), (255, 232, 136), 160, (255, 214, 110))
    for side in (-1, 1):
        fin = path((side * 15, -56, 0), (side * 34, -36), (side * 36, -18, 0), (side * 24, -27), (side * 12, -30, 0))
        pen.trim(fin, SLATE, across(156, 128) if side < 0 else across(116, 84))
    pen.main(
        path(
            (0, -112, 0.4), (15, -92), (22, -66), (19, -40), (13, -27, 0), (-13, -27, 0), (-19, -40), (-22, -66),
            (-15, -92),
        ),
        across(tone(pen, 134), tone(pen, 164), tone(pen, 126), tone(pen, 80)),
    )
    pen.trim(
        path((0, -112, 0.4), (9, -101), (14.5, -91, 0), (0, -88.5), (-14.5, -91, 0), (-9, -101)),
        (238, 240, 246) if brightness(pen.paint) < 225 else (150, 166, 198),
        across(136, 154, 90),
    )
    pen.trim(path((-14, -31, 0), (0, -29), (14, -31, 0), (11, -24, 0), (-11, -24, 0)), SLATE, across(150, 84))
    pen.trim(oval(0, -68, 10), (240, 242, 248), across(146, 100))
    pen.trim(oval(0, -68, 7.2), (108, 200, 236), down(108, 150), (130, 214, 255))
    if detail:
        pen.trim(oval(-2.4, -70.6, 2.6, 1.8), (240, 252, 255), 150)
        pen.main(
            path((-21, -48), (0, -45.5), (21, -48), (20, -44.5), (0, -42), (-20, -44.5)),
            across(tone(pen, 100), tone(pen, 116), tone(pen, 62)),
        )
        pen.trim(path((0, -50, 0), (3, -40), (3, -20, 0), (-3, -20, 0), (-3, -40)), SLATE, across(160, 104))
    if detail == 2:
        for k in range(8):
            a = math.pi * (k + 0.5) / 4
            pen.trim(oval(8.6 * math.cos(a), -68 + 8.6 * math.sin(a), 0.8, pieces=10), (128, 136, 156))
        pen.main(stroke([(-14, -84), (0, -82), (14, -84)], 1), tone(pen, 84))
        for x in (-10, 10):
            pen.main(stroke([(x * 1.2, -80), (x * 1.75, -58), (x * 1.5, -34)], 0.8), tone(pen, 92))
