"""Painters of things that carry people; here car, truck and bus, the others in craft.py.

All are seen from the side and face right. `<noun>_top` is the height, in the painter's own units, on which another
thing can stand. Read next: craft.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import Point, box, oval, path, rounded, stroke
from safelight.scenes.subjects.coats import brightness, fall, tone

__all__ = ["bus", "bus_top", "sports_car", "sports_car_top", "truck", "truck_top"]

sports_car_top = 42.0
truck_top = 73.0
bus_top = 66.0

GLASS: RGB = (152, 200, 222)
SHINE: RGB = (232, 246, 252)
TYRE: RGB = (44, 46, 58)
STEEL: RGB = (206, 212, 222)
SLATE: RGB = (74, 82, 108)
LAMP: RGB = (255, 246, 214)
TAIL: RGB = (226, 62, 58)


def _band(pen: Pen) -> RGB:
    """Cream for stripes; slate where the paint is too pale for it."""
    return (248, 240, 222) if brightness(pen.paint) < 200 else (112, 122, 146)


def _wheel(pen: Pen, x: float, r: float, bottom: float, detail: int) -> None:
    """A wheel that stands on the ground, in the dark of its arch, which ends at height `bottom`."""
    rim = r + 2.4
    turns = [math.pi * k / 16 for k in range(17)]
    arch: list[Point] = [(x + rim * math.cos(a), -r - rim * math.sin(a)) for a in turns]
    pen.trim([(x + rim, bottom), *arch, (x - rim, bottom)], (30, 32, 42), 96)
    pen.trim(oval(x, -r, r), TYRE, down(146, 96))
    pen.trim(oval(x, -r, 0.6 * r), STEEL, down(152, 100))
    if detail:
        pen.trim(oval(x, -r, 0.46 * r), (92, 98, 116), down(96, 128))
        for k in range(5):
            a = 2 * math.pi * k / 5 - math.pi / 2
            tip = (x + 0.5 * r * math.cos(a), -r + 0.5 * r * math.sin(a))
            pen.trim(stroke([(x, -r), tip], 0.16 * r, 0.24 * r), STEEL, 138)
    pen.trim(oval(x, -r, 0.15 * r, pieces=16), (226, 230, 238) if detail else (108, 114, 130), 136)


def sports_car(pen: Pen, detail: int) -> None:
    """A low, wide-hipped coupé with a wing; the body carries the colour."""
    pen.trim(box(-50, -12, 52, -6), (30, 32, 42), 90)
    for x in (-48, -42):
        pen.trim(path((x - 3, -36, 0), (x + 1, -36, 0), (x + 3, -28, 0), (x - 1, -28, 0)), (40, 42, 54), 110)
    pen.main(
        path(
            (-57, -8, 0), (-59, -18), (-57, -26), (-44, -29.5), (-30, -32), (-17, -39.5), (0, -42.5), (14, -40),
            (29, -30.5), (46, -26), (57, -19.5), (61, -13), (60, -8, 0),
        ),
        fall(pen, 172, 148, 128, 118),
    )
    pen.main(
        path((-58.5, -17), (-34, -21), (-8, -17.5), (22, -16), (60, -14), (60, -8, 0), (-57, -8, 0)),
        fall(pen, 118, 96, 78),
    )
    pen.main(
        path((-55, -25.5), (-38, -29), (-16, -27), (20, -26.5), (48, -24), (24, -24.6), (-14, -25), (-38, -26)),
        tone(pen, 186),
    )
    pen.trim(path((-29, -30.5, 0), (-16, -37.5, 0.7), (-4, -39.6, 0), (-3, -28.5, 0)), (70, 92, 118), across(150, 104))
    pen.trim(path((0.5, -39.8, 0), (12, -37.4, 0.7), (25, -29, 0), (0.5, -28.5, 0)), (86, 122, 152), across(156, 110))
    pen.trim(path((-61, -39, 0), (-58, -41.5), (-38, -38, 0), (-39, -35.5, 0)), (44, 46, 58), down(150, 96))
    if detail:
        pen.trim(path((4, -39, 0), (9, -38, 0), (20, -29, 0), (12, -29, 0)), SHINE, 146)
        pen.trim(path((-20, -35, 0), (-15, -37.2, 0), (-20, -30, 0), (-26, -30.2, 0)), SHINE, 134)
        pen.main(stroke([(-3, -28), (-4.6, -18), (-3, -10)], 1.1), tone(pen, 66))
        pen.main(stroke([(23, -28), (20, -18), (20, -10)], 1.1), tone(pen, 66))
        pen.main(rounded(0, -24, 7, -22.2, 0.8), tone(pen, 70))
        pen.trim(path((-21, -22, 0), (-9, -20.5, 0), (-11, -15, 0), (-17, -15.6)), (40, 42, 54), 106)
    if detail == 2:
        pen.trim(box(-56, -8.6, 60, -6.6), STEEL, across(140, 150, 96))
        pen.main(path((19, -29.6), (23, -32), (26.6, -30), (24, -27.6)), tone(pen, 150))
        pen.trim(path((49, -13), (60, -12.6), (59, -9.6), (50, -10)), (40, 42, 54), 100)
    pen.trim(path((45, -24.6), (55, -19.6), (55.6, -17.4), (47, -20)), LAMP, 150, (255, 238, 190))
    pen.trim(path((-58.6, -24, 0), (-50, -25.4), (-51, -22), (-59, -20.6, 0)), TAIL, 140, (255, 70, 52))
    for x in (-35, 37):
        _wheel(pen, x, 11.5, -8, detail)


def truck(pen: Pen, detail: int) -> None:
    """A lorry with a long bonnet and a tall box behind; cab and box carry the colour."""
    pen.trim(box(-55, -19, 56, -11), (50, 54, 68), down(120, 84))
    if detail:
        pen.trim(stroke([(18.2, -20), (18.2, -76)], 3), STEEL, across(160, 84))
        pen.trim(stroke([(18.2, -76), (16.4, -80)], 3), STEEL, 130)
    pen.main(rounded(-60, -73, 14, -18, 2.5), fall(pen, 150, 136, 124, 106))
    pen.main(box(-57.5, -73, 11.5, -70), tone(pen, 176))
    pen.trim(box(-60, -37, 14, -29), _band(pen), across(138, 126, 104))
    if detail == 2:
        for k in range(8):
            x = -56 + 8.6 * k
            pen.main(box(x, -68, x + 1.2, -39), tone(pen, 92))
            pen.main(box(x + 1.2, -68, x + 2.2, -39), tone(pen, 158))
    pen.main(rounded(-60, -21.5, 14, -18, 1.2), tone(pen, 82))
    pen.main(
        path(
            (17.5, -14, 0), (17.5, -56), (21, -63), (36, -63), (41, -58), (45, -43, 0), (55, -41), (60, -35),
            (60.5, -14, 0),
        ),
        fall(pen, 170, 146, 128, 96),
    )
    pen.main(path((42, -41.6), (55, -40), (59, -35.5), (52, -37.4), (42, -38)), tone(pen, 188))
    pen.trim(path((24, -58, 0), (35.5, -58, 0.5), (41, -43, 0), (24, -43, 0)), GLASS, across(160, 116))
    pen.trim(rounded(57.5, -35, 61.5, -17, 1.5), STEEL, down(156, 132, 92))
    pen.trim(rounded(51, -17, 63, -11, 2), STEEL, down(158, 96))
    pen.trim(oval(55.4, -27, 3.4, 4.2), LAMP, 150, (255, 238, 190))
    if detail:
        pen.trim(path((28, -58, 0), (32, -58, 0), (27, -43, 0), (24, -43, 0), (24, -46, 0)), SHINE, 142)
        pen.main(stroke([(22.6, -60), (22.6, -17)], 1), tone(pen, 70))
        pen.main(stroke([(42.6, -42), (42.6, -17)], 1), tone(pen, 70))
        pen.main(rounded(24.5, -39, 30, -37, 0.8), tone(pen, 64))
        pen.trim(rounded(43.5, -55, 46, -47, 1), (60, 64, 78), across(150, 100))
        pen.trim(rounded(-60.6, -27, -57.6, -21.5, 1), TAIL, 140, (255, 70, 52))
    if detail == 2:
        for y in (-32, -28.5, -25, -21.5):
            pen.trim(box(58, y, 61, y + 1.2), (92, 98, 116))
        pen.main(rounded(45, -30, 51, -23, 1), tone(pen, 96))
        for x in (24, 30, 36):
            pen.trim(oval(x, -64, 1.5, 1.1, pieces=12), (255, 184, 76), 140, (255, 170, 60))
    for x in (-45, -20, 43):
        _wheel(pen, x, 11, -12, detail)


def bus(pen: Pen, detail: int) -> None:
    """A town bus with a row of tall windows; the body carries the colour."""
    pen.trim(box(-54, -13, 56, -6), (36, 38, 50), 92)
    pen.main(
        path(
            (-58, -9, 0), (-60, -36), (-59, -58), (-52, -65), (0, -66), (48, -65), (57, -58), (61, -32), (61, -9, 0),
        ),
        fall(pen, 176, 150, 136, 124, 100),
    )
    pen.main(path((-56, -62), (-50, -64.8), (48, -64.8), (54, -62), (46, -62.6), (-48, -62.6)), tone(pen, 192))
    pen.main(path((-59.6, -20, 0), (61, -20, 0), (61, -9, 0), (-58, -9, 0)), fall(pen, 112, 86))
    pen.trim(box(-59.8, -28, 61, -23.5), _band(pen), across(136, 128, 110))
    pen.trim(rounded(-55, -57, 32, -34, 3), (56, 70, 92), across(124, 104))
    for k in range(5):
        x = -53.4 + 17.1 * k
        pen.trim(rounded(x, -55.6, x + 15.4, -35.4, 2), GLASS, across(156, 132, 114))
        if detail:
            pen.trim([(x + 6, -55.6), (x + 10, -55.6), (x + 4, -35.4), (x + 0.6, -35.4), (x + 0.6, -37)], SHINE, 140)
    pen.trim(path((48.5, -57, 0.4), (55, -57, 0.4), (60.6, -33, 0.4), (48.5, -33, 0.4)), GLASS, across(164, 118))
    pen.trim(rounded(35, -57, 46, -10, 1.6), (56, 70, 92), down(124, 100))
    for x in (36.2, 41.1):
        pen.trim(rounded(x, -55.4, x + 3.9, -13, 1), GLASS, down(150, 112))
    if detail:
        pen.trim(path((50, -57, 0), (53, -57, 0), (54, -33, 0), (49, -33, 0)), SHINE, 142)
        pen.trim(path((55, -54), (60, -55), (64, -51), (63.4, -44), (61.4, -44), (61.4, -50)), TYRE, 116)
        pen.trim(rounded(-60.6, -33, -57.6, -28.6, 1), TAIL, 140, (255, 70, 52))
    if detail == 2:
        pen.main(rounded(-36, -69, -8, -65, 2), tone(pen, 128))
        pen.main(stroke([(-56, -15), (32, -15)], 1), tone(pen, 70))
        pen.trim(rounded(48, -63, 57, -59, 1), (50, 44, 40), 120, (255, 176, 66))
        for k in range(3):  # passengers
            x = -45.4 + 34.2 * k
            pen.trim(path((x - 5, -35.4, 0), (x - 4, -40), (x, -42), (x + 4, -40), (x + 5, -35.4, 0)), SLATE, 112)
            pen.trim(oval(x, -45, 3.4, 3.9), (206, 156, 124), 118)
    pen.trim(oval(58, -18, 2.6, 3.2), LAMP, 150, (255, 238, 190))
    pen.trim(rounded(49, -11.5, 62.6, -7, 1.6), (70, 76, 94), down(140, 96))
    for x in (-36, 22):
        _wheel(pen, x, 11, -9, detail)
