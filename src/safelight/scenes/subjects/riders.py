"""Painters of people in the saddle, seen from the side: astronaut, warrior, robot.

The hip is at (0, 0) and the rider looks right: about 60 above the hip, a leg that reaches 39 below it, hands on reins
or handlebars 27 to the right and 11 above. Only the near leg is painted; the mount hides the other. Each piece is laid
over what lies farther away: pack or cape, body, leg, head, arm. Lengths in the painter's own units.
Read next: craft.py.
"""

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke
from safelight.scenes.subjects.coats import brightness, fall, limb, side, tone

__all__ = ["astronaut_rider", "medieval_warrior_rider", "robot_rider"]

STEEL: RGB = (178, 188, 204)
DARK: RGB = (46, 48, 62)
GOLD: RGB = (232, 186, 88)
SOLE: RGB = (76, 84, 106)
METAL: RGB = (150, 160, 178)
LIGHT: RGB = (126, 236, 240)

_LEG = ((-2.0, -3.0, 16.0), (9.0, 2.0, 14.5), (17.0, 9.0, 12.5), (15.0, 20.0, 11.0), (12.0, 31.0, 9.5))
_ARM = ((-1.0, -29.0, 11.0), (9.0, -20.0, 10.0), (24.0, -12.0, 7.5))


def astronaut_rider(pen: Pen, detail: int) -> None:
    """An astronaut in the saddle; pack, suit and boot carry the colour, sleeve and helmet stay white."""
    white: RGB = (238, 241, 247) if brightness(pen.paint) < 225 else (190, 198, 212)
    pen.main(rounded(-23, -38, -5, -6, 6), side(pen, 140, 116, 84))
    if detail:
        pen.trim(rounded(-20.6, -33, -15, -11, 2.4), white, across(140, 112))
    pen.main(
        path((-11, -34), (0, -38), (9, -34), (12, -20), (9, -4), (4, 5), (-8, 6), (-12, -4)),
        side(pen, 132, 156, 124, 88),
    )
    pen.main(limb(*_LEG), fall(pen, 156, 134, 104))
    pen.trim(limb((16.4, 14, 13.4), (14, 23, 11.6)), white, across(146, 100))
    pen.main(path((6, 29), (17, 29), (19, 33), (24, 35), (24.6, 38.4, 0), (5.6, 38.4, 0)), side(pen, 152, 120, 84))
    pen.trim(path((5, 36.6, 0), (25, 36.6, 0), (25, 39.2, 0), (5, 39.2, 0)), SOLE, across(140, 92))
    pen.main(path((-13, -37), (1, -34), (14, -38), (14, -32), (1, -28), (-12, -31)), side(pen, 150, 146, 92))
    pen.trim(oval(1, -47, 16.4, 15.6), white, across(132, 150, 126, 88))
    pen.trim(
        path((1, -57), (10, -59), (18, -52), (18.4, -43), (11, -36), (2, -38), (-1.6, -47)),
        GOLD,
        across(140, 104),
    )
    pen.trim(
        path((3, -55), (10, -57), (16.8, -51), (17, -43.6), (10.6, -38), (3.4, -40), (0.6, -47)),
        (38, 50, 88),
        down(150, 84),
    )
    pen.trim(path((4, -52), (10, -55), (13, -52), (8, -51), (4.6, -46)), (178, 216, 244), 146)
    pen.main(rounded(-10, -51, -4, -42, 2.8), side(pen, 154, 100))
    if detail == 2:
        pen.trim(stroke([(-8, -51), (-10, -61)], 1.4), (120, 130, 152), 130)
        pen.trim(oval(-10.2, -62, 1.9, pieces=14), (255, 196, 84), 146, (255, 190, 80))
    pen.trim(limb(*_ARM), white, across(146, 128, 100))
    pen.main(oval(-1, -29, 7), BALL)
    pen.trim(oval(27, -11, 4.8), SOLE, BALL)
    pen.main(stroke([(21, -14), (24.6, -12.4)], 8.6), side(pen, 152, 104))


def medieval_warrior_rider(pen: Pen, detail: int) -> None:
    """A knight in the saddle; cape, surcoat and plume carry the colour."""
    pen.main(
        path((-6, -36), (-17, -28), (-27, -8), (-38, 10, 0.3), (-27, 9), (-20, 14, 0.3), (-10, 8), (-2, -12), (2, -34)),
        side(pen, 124, 104, 76),
    )
    pen.trim(limb(*_LEG), STEEL, across(152, 134, 92))
    pen.trim(oval(16.6, 9, 6.6), STEEL, BALL)
    pen.trim(
        path((7, 28), (16.6, 28), (19, 32), (26, 35.4), (26, 38.6, 0), (6.4, 38.6, 0)),
        (138, 146, 164),
        across(150, 92),
    )
    pen.main(
        path(
            (-10, -33), (0, -37), (9, -33), (12, -20), (9.4, -6), (19, 3), (15, 14, 0.3), (5, 10), (-6, 14, 0.3),
            (-13, 6), (-11, -8),
        ),
        side(pen, 136, 158, 128, 92),
    )
    pen.trim(path((-11, -8), (0, -6), (10, -8), (10, -4.6), (0, -2), (-11.6, -4.4)), (96, 66, 52), across(140, 92))
    if detail:
        cross: RGB = (248, 240, 222) if brightness(pen.paint) < 225 else GOLD
        pen.trim(stroke([(4, -30), (4, -11)], 3), cross, 132)
        pen.trim(stroke([(-1.6, -23), (9.6, -23)], 3), cross, 132)
    if detail == 2:
        pen.trim(stroke([(-12, 9), (-5, 12), (5, 8.6), (14, 12)], 1.2), GOLD, 136)
    pen.trim(stroke([(-4, -9), (-34, 8)], 4), (96, 66, 52), down(150, 100))
    pen.trim(stroke([(-4, -9), (4, -14)], 3.4), GOLD, 140)
    pen.trim(stroke([(-5.6, -13.6), (-0.6, -5)], 2.4), GOLD, 132)
    pen.main(
        path(
            (0, -62), (-5, -71), (-17, -73), (-27, -66), (-30, -55), (-26, -47, 0.3), (-24, -55), (-17, -61),
            (-8, -60),
        ),
        side(pen, 120, 160),
    )
    pen.main(path((-2, -63), (-8, -69), (-18, -70), (-25, -63), (-16, -66), (-8, -65)), tone(pen, 178))
    pen.trim(path((-9, -38), (4, -36), (12, -38), (13, -31), (0, -27), (-11, -31)), (138, 146, 164), across(150, 96))
    pen.trim(
        path((-12, -46), (-10, -58), (0, -64), (10, -60), (14, -50), (18, -44, 0.3), (13, -35), (0, -33), (-10, -36)),
        STEEL,
        across(132, 164, 130, 84),
    )
    pen.trim(path((16, -49, 0), (3, -51.4), (1, -49, 0), (3, -46.6), (17, -45.4, 0)), DARK, 108)
    pen.trim(path((-2, -65), (4, -64), (11, -59), (15, -50), (12, -52), (7, -58), (1, -61)), GOLD, across(156, 112))
    pen.trim(oval(11, -48, 1.5, 1.2, pieces=12), (250, 246, 236), 140, (96, 90, 78))
    if detail:
        for k in range(3):
            pen.trim(oval(8 + 2.6 * k, -40 + 0.2 * k, 0.9, pieces=10), DARK, 110)
        pen.trim(oval(-3, -48, 2, pieces=14), GOLD, 140)
    pen.trim(limb(*_ARM), STEEL, across(150, 132, 96))
    pen.trim(path((-9, -33), (0, -37), (8, -32), (8, -24), (0, -21), (-8, -25)), STEEL, across(156, 140, 96))
    pen.trim(limb((18, -15.4, 11), (25, -12, 8.4)), (138, 146, 164), across(150, 104))
    pen.trim(oval(27, -11, 4.8), (120, 128, 146), BALL)


def robot_rider(pen: Pen, detail: int) -> None:
    """A robot in the saddle; head, body and hip carry the colour."""
    pen.trim(limb((-1, -2, 9), (16, 8, 8), (12, 30, 8)), METAL, across(146, 128, 92))
    pen.trim(path((4, 39, 0), (4, 33), (9, 29), (18, 30), (25, 35), (25, 39, 0)), SOLE, across(156, 104))
    pen.trim(box(-7, -38, 8, -30), (104, 112, 132), across(146, 84))
    pen.main(
        path((-15, -29), (-9, -34), (8, -34), (14, -29), (15, -14), (11, 2), (4, 6), (-9, 6), (-14, 1), (-16, -14)),
        side(pen, 134, 160, 128, 86),
    )
    if detail:
        pen.trim(rounded(2, -29, 12.4, -12, 3), (236, 240, 246), across(136, 112))
        pen.trim(oval(7, -23, 3, pieces=20), (255, 170, 70), 136, (255, 150, 50))
        pen.trim(rounded(4, -17.6, 10.4, -15.8, 0.8), (112, 124, 148), 120)
    if detail == 2:
        for x, y in ((-12, -26), (-11, -2), (8, -6)):
            pen.main(oval(x, y, 1.5, pieces=12), tone(pen, 70))
        for y in (-22, -18, -14):
            pen.main(stroke([(-12.6, y), (-6, y)], 1.2), tone(pen, 78))
    pen.main(oval(0, -1, 7.4), BALL)
    pen.main(oval(16.4, 8.4, 5.6), BALL)
    pen.trim(stroke([(-4, -65), (-6, -71)], 2.2), (104, 112, 132))
    pen.trim(oval(-6.6, -73, 3.4), (255, 214, 98), down(160, 110), (255, 206, 90))
    pen.main(rounded(-20, -66, 20, -36, 9), side(pen, 130, 160, 136, 90))
    pen.trim(
        path((0, -60, 0.5), (19, -60, 0.6), (21, -51), (19, -42, 0.6), (0, -42, 0.5), (-3, -51)),
        (40, 46, 66),
        down(100, 136),
    )
    for x, r in ((4.6, 3.4), (14.6, 2.9)):
        pen.trim(oval(x, -52.6, r, 4.2), LIGHT, 150, (110, 236, 240))
    pen.trim(path((5.6, -46.8), (10, -45.4), (14.6, -46.8), (10, -43.8)), LIGHT, 150, (110, 236, 240))
    pen.trim(oval(-12, -51, 4.6), (104, 112, 132), across(150, 96))
    pen.trim(limb((-3, -26, 8), (8, -17, 8), (23, -12, 7)), METAL, across(146, 100))
    pen.main(oval(-3, -26, 7), BALL)
    pen.trim(
        path((21, -16), (26, -17.4), (32, -14), (29, -12), (32, -8.4), (26, -6.4), (21, -8)),
        SOLE,
        across(150, 100),
    )
