"""Painters of people: warrior and robot here, the others gathered from astronaut.py, robed.py and riders.py.

The warrior is a bust that the picture's lower edge cuts off, the others stand on the ground and face us. `<noun>_limbs`
adds two surplus arms to the finished person, `<noun>_rider` (riders.py) seats one. Read next: astronaut.py.
"""

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import Point, box, oval, path, rounded, stroke
from safelight.scenes.subjects.astronaut import astronaut, astronaut_limbs
from safelight.scenes.subjects.coats import brightness, limb, tone
from safelight.scenes.subjects.riders import astronaut_rider, medieval_warrior_rider, robot_rider
from safelight.scenes.subjects.robed import queen, queen_limbs, wizard, wizard_limbs

__all__ = [
    "astronaut", "astronaut_limbs", "astronaut_rider", "medieval_warrior", "medieval_warrior_limbs",
    "medieval_warrior_rider", "queen", "queen_limbs", "robot", "robot_limbs", "robot_rider", "wizard", "wizard_limbs",
]

STEEL: RGB = (178, 188, 204)
DARK: RGB = (46, 48, 62)
GOLD: RGB = (232, 186, 88)
LIGHT: RGB = (126, 236, 240)
METAL: RGB = (150, 160, 178)
SOLE: RGB = (76, 84, 106)


def medieval_warrior(pen: Pen, detail: int) -> None:
    """A knight's portrait in plate, sword at the shoulder; cape, surcoat and plume carry the colour."""
    pen.main(
        path((-20, -62), (-44, -50), (-56, -18), (-60, 8, 0), (60, 8, 0), (56, -18), (44, -50), (20, -62)),
        across(112, 84, 66),
    )
    pen.trim(
        path((-43, -98, 0), (-40, -106, 0), (-37, -98, 0), (-37, -34, 0), (-43, -34, 0)),
        (222, 228, 238),
        across(150, 150, 100, 100),
    )
    pen.trim(rounded(-51, -37, -29, -32, 2), GOLD, down(146, 96))
    pen.trim(box(-42, -33, -38, -20), (96, 66, 52))
    pen.trim(
        path((-36, 8, 0), (-38, -30), (-28, -52), (0, -58), (28, -52), (38, -30), (36, 8, 0)),
        STEEL,
        across(140, 150, 84),
    )
    pen.main(
        path((-22, -55, 0.3), (0, -50), (22, -55, 0.3), (27, -20), (29, 8, 0), (-29, 8, 0), (-27, -20)),
        across(134, 150, 128, 98),
    )
    if detail:
        pen.trim(
            path(
                (-3, -42, 0), (3, -42, 0), (3, -29, 0), (14, -29, 0), (14, -23, 0), (3, -23, 0), (3, -4, 0),
                (-3, -4, 0), (-3, -23, 0), (-14, -23, 0), (-14, -29, 0), (-3, -29, 0),
            ),
            (248, 240, 222) if brightness(pen.paint) < 225 else GOLD,
            130,
        )
    _shoulders(pen, detail)
    _visor(pen, detail)


def _shoulders(pen: Pen, detail: int) -> None:
    for side in (-1, 1):
        shade = across(150, 160, 104) if side < 0 else across(132, 120, 74)
        for k in range(2 if detail else 1):
            y = -36 + 9 * (1 - k)
            pen.trim(
                path(
                    (side * 22, y - 12), (side * 36, y - 11), (side * 48, y + 2), (side * 47, y + 12),
                    (side * 34, y + 8), (side * 24, y + 4),
                ),
                STEEL,
                shade,
            )
        if detail == 2:
            pen.trim(
                path(
                    (side * 24, -33), (side * 34, -32), (side * 46, -22), (side * 46, -19.5), (side * 34, -29),
                    (side * 24, -30),
                ),
                GOLD,
                132,
            )
            for x, y in ((27, -42), (35, -39), (41, -33)):
                pen.trim(oval(side * x, y, 1.5, pieces=12), GOLD, 146)


def _visor(pen: Pen, detail: int) -> None:
    """The great helm on its gorget, with the plume behind it."""
    pen.trim(
        path((-17, -62), (0, -66), (17, -62), (20, -51), (0, -45), (-20, -51)), (138, 146, 164), across(132, 140, 76)
    )
    pen.main(
        path((0, -108), (14, -122), (34, -118), (42, -98), (36, -82), (31, -96), (20, -103), (4, -104)), across(150, 96)
    )
    pen.main(path((4, -107), (15, -117), (30, -112), (36, -98), (28, -106), (15, -109)), 168)
    pen.trim(
        path(
            (0, -109), (16, -104), (22, -88), (20, -64), (12, -56), (0, -53), (-12, -56), (-20, -64), (-22, -88),
            (-16, -104),
        ),
        STEEL,
        across(134, 168, 130, 78),
    )
    pen.trim(
        path(
            (-22, -86, 0), (-8, -81), (0, -79), (8, -81), (22, -86, 0), (21, -77, 0), (8, -74), (0, -72), (-8, -74),
            (-21, -77, 0),
        ),
        DARK,
        110,
    )
    pen.trim(
        path((-2.4, -109, 0), (2.4, -109, 0), (2.6, -80), (2.2, -53, 0), (-2.2, -53, 0), (-2.6, -80)),
        GOLD if detail else (210, 218, 230),
        across(156, 110),
    )
    for side in (-1, 1):
        pen.trim(oval(side * 9.5, -80, 2.7, 1.7, pieces=16), (250, 246, 236), 140, (96, 90, 78))
        if detail:
            for k in range(3):
                pen.trim(
                    rounded(side * 9 - 1.1 + side * 3 * (k - 1), -68, side * 9 + 1.1 + side * 3 * (k - 1), -61, 1),
                    DARK,
                    110,
                )


def robot(pen: Pen, detail: int) -> None:
    """A friendly machine with a screen for a face; head and body carry the colour."""
    for side in (-1, 1):
        pen.trim(rounded(side * 12 - 6, -24, side * 12 + 6, -6, 3), METAL, across(146, 130, 80))
        pen.trim(
            path(
                (side * 12 - 10, 0, 0), (side * 12 - 10, -5), (side * 12 - 4, -10), (side * 12 + 5, -10),
                (side * 12 + 10, -5), (side * 12 + 10, 0, 0),
            ),
            SOLE,
            down(158, 104),
        )
        pen.trim(stroke([(side * 24, -54), (side * 38, -46), (side * 41, -30)], 9), METAL, across(140, 90))
        pen.main(oval(side * 27, -55, 8.5), BALL)
        pen.trim(
            path(
                (side * 34, -31), (side * 41, -34), (side * 48, -31), (side * 49, -22), (side * 44, -24),
                (side * 41, -22), (side * 37, -24), (side * 34, -21),
            ),
            SOLE,
            across(150, 100),
        )
    pen.trim(box(-6, -70, 6, -60), (104, 112, 132), across(146, 84))
    pen.main(
        path(
            (-24, -60), (-14, -65), (14, -65), (24, -60), (26, -42), (22, -24), (12, -19), (-12, -19), (-22, -24),
            (-26, -42),
        ),
        across(132, 160, 128, 86),
    )
    if detail:
        pen.trim(rounded(-14, -54, 14, -34, 5), (236, 240, 246), across(136, 112))
        pen.trim(oval(-6, -44, 4.4), (255, 170, 70), down(150, 110), (255, 150, 50))
        pen.trim(rounded(2, -49, 11, -46.6, 1.2), (112, 124, 148), 120)
        pen.trim(rounded(2, -43.6, 11, -41.2, 1.2), (112, 124, 148), 120)
    if detail == 2:
        for x in (-18, 18):
            for y in (-58, -28):
                pen.main(oval(x, y, 1.8, pieces=14), 72)
        pen.main(stroke([(-17, -29.6), (17, -29.6)], 1.6), tone(pen, 80))
        for x in (-1, 1):
            for y in (-19, -15.6, -12.2):
                pen.trim(box(x * 12 - 6, y, x * 12 + 6, y + 1.2), SOLE, 96)
            pen.main(rounded(x * 17 - 7, -100, x * 17 + 7, -98.4, 0.8), tone(pen, 184))
            pen.trim(oval(x * 33, -83, 2, pieces=14), LIGHT, 140, (110, 236, 240))
    pen.trim(box(-1.4, -108, 1.4, -100), (104, 112, 132))
    pen.trim(oval(0, -110, 4.2), (255, 214, 98), down(160, 110), (255, 206, 90))
    for side in (-1, 1):
        pen.trim(rounded(side * 33 - 4, -90, side * 33 + 4, -76, 3), (104, 112, 132), across(146, 90))
    pen.main(rounded(-32, -102, 32, -66, 13), across(130, 160, 136, 90))
    pen.trim(rounded(-25, -95, 25, -73, 9), (40, 46, 66), down(100, 136))
    for side in (-1, 1):
        pen.trim(oval(side * 11, -86, 5, 5.6), LIGHT, 150, (110, 236, 240))
    pen.trim(
        path((-8, -79.5), (0, -77.4), (8, -79.5), (6.5, -76.6), (0, -74.8), (-6.5, -76.6)), LIGHT, 150, (110, 236, 240)
    )


def _claw_arm(pen: Pen, points: list[Point]) -> None:
    """A grey arm along `points`, from the shoulder to a pincer that opens upwards."""
    pen.trim(stroke(points, 9), METAL, across(146, 92))
    pen.main(oval(*points[0], 7.5), BALL)
    x, y = points[-1]
    pen.trim(
        path(
            (x - 7, y + 2), (x, y + 5), (x + 7, y + 2), (x + 9, y - 9), (x + 3.6, y - 6), (x, y - 8), (x - 3.6, y - 6),
            (x - 9, y - 9),
        ),
        SOLE,
        across(150, 100),
    )


def robot_limbs(pen: Pen, detail: int) -> None:
    """Two more arms, raised on both sides."""
    for x in (-1, 1):
        _claw_arm(pen, [(x * 22, -40), (x * 44, -52), (x * 52, -84)])


def medieval_warrior_limbs(pen: Pen, detail: int) -> None:
    """Two more arms in plate, raised beside the helmet."""
    for x in (-1, 1):
        pen.trim(limb((x * 36, -14, 22), (x * 60, -32, 19), (x * 60, -68, 13)), STEEL, across(156, 136, 84))
        pen.trim(oval(x * 60, -34, 9.4), STEEL, BALL)
        pen.trim(limb((x * 60, -62, 17.5), (x * 60, -76, 14)), (120, 128, 146), across(150, 92))
        pen.trim(oval(x * 60, -84, 8.6, 9.4), (138, 146, 164), BALL)
        for k in range(3 if detail else 0):
            pen.trim(stroke([(x * (56 + 4 * k), -91), (x * (56.4 + 3.6 * k), -84)], 1.1), DARK, 110)
