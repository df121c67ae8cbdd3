"""Painters of people in long robes: wizard and queen, from head to foot.

Light comes from the left, so every robe is a wide body lit across, with folds laid over it. Lengths in the painter's
own units. Read next: riders.py.
"""

import math

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import Point, oval, path, star, stroke
from safelight.scenes.subjects.coats import INK, brightness, limb, side, tone

__all__ = ["queen", "queen_limbs", "wizard", "wizard_limbs"]

SKIN: RGB = (240, 196, 160)
TAN: RGB = (214, 154, 116)
GOLD: RGB = (240, 190, 72)
HAIR: RGB = (74, 46, 42)


def _white(pen: Pen) -> RGB:
    """White for beard and ermine, greyer beside white paint so that both show."""
    return (246, 244, 240) if brightness(pen.paint) < 225 else (196, 200, 214)


def _hand(pen: Pen, x: float, y: float, skin: RGB, r: float = 5) -> None:
    pen.trim(oval(x, y, r, 1.08 * r, pieces=24), skin, down(146, 108))


def _fold(pen: Pen, shade: int, *points: Point) -> None:
    pen.main(stroke(points, 0.6, 4), tone(pen, shade))


def wizard(pen: Pen, detail: int) -> None:
    """A bearded wizard with a staff; pointed hat and robe carry the colour."""
    robe = path(
        (-13, -64), (-22, -56), (-27, -34), (-36, -8), (-40, 0, 0), (36, 0, 0), (32, -8), (25, -34), (21, -56),
        (13, -64),
    )
    pen.main(robe, side(pen, 132, 156, 136, 108, 78))
    if detail:
        for shade, points in (
            (92, ((-13, -32), (-18, -16), (-22, -1))),
            (98, ((-3, -26), (-4, -12), (-6, -1))),
            (84, ((10, -32), (13, -16), (16, -1))),
            (168, ((-20, -36), (-25, -18), (-30, -1))),
        ):
            _fold(pen, shade, *points)
    hem = path((-40.4, 0.5, 0), (-37.6, -6, 0), (-16, -3.4), (14, -3.4), (33.6, -6, 0), (36.4, 0.5, 0))
    pen.trim(hem, GOLD, across(150, 136, 92))
    pen.trim(
        path((-25, -38), (0, -34.4), (24, -38), (24.6, -33.4), (0, -29.6), (-26, -33.4)),
        (104, 70, 52),
        across(140, 84),
    )
    pen.trim(oval(0, -32, 4.2, pieces=20), GOLD, down(156, 104))
    _staff(pen, detail)
    _sleeve(pen, ((-19, -58, 12), (-29, -47, 15), (-25, -34, 20)), (-21, -32.6))
    _sleeve(pen, ((18, -58, 12), (28, -50, 14), (34, -46, 19)), (37, -51))
    _wizard_head(pen, detail)


def _staff(pen: Pen, detail: int) -> None:
    wood: RGB = (126, 84, 54)
    pen.trim(stroke([(41, 1), (39.4, -46), (38, -88)], 3.6), wood, across(150, 96))
    pen.trim(limb((38, -84, 3.6), (31, -92, 3.6), (31, -102, 3.2), (37, -106, 2.4)), wood, across(152, 100))
    pen.trim(limb((38, -84, 3.6), (46, -92, 3.4), (46, -100, 2)), wood, across(140, 96))
    pen.trim(oval(38.6, -96, 6.4, pieces=28), (120, 226, 246), BALL, (110, 220, 250))
    if detail == 2:
        for x, y, r in ((50, -106, 2.4), (26, -109, 1.8), (53, -90, 1.6)):
            pen.trim(star(x, y, r, 0.35 * r, 4), (226, 250, 255), 150, (150, 230, 255))
        for y in (-70, -66, -62):
            pen.trim(stroke([(36.6, y), (40.8, y - 1.4)], 1.4), GOLD, 136)


def _sleeve(pen: Pen, joints: tuple[tuple[float, float, float], ...], hand: Point, skin: RGB = SKIN) -> None:
    """A wide sleeve through `joints`, with a dark mouth and a hand."""
    x, y, width = joints[-1]
    pen.main(limb(*joints), side(pen, 158, 132, 96))
    pen.main(oval(x + 0.3 * (hand[0] - x), y + 0.3 * (hand[1] - y), 0.36 * width, 0.3 * width), tone(pen, 58))
    _hand(pen, *hand, skin)


def _wizard_head(pen: Pen, detail: int) -> None:
    white = _white(pen)
    pen.trim(path((-15, -76), (-18, -66), (-13, -56), (13, -56), (18, -66), (15, -76)), white, across(132, 96))
    pen.trim(path((-13, -78), (-14, -68), (-8, -60), (8, -60), (14, -68), (13, -78)), SKIN, across(140, 142, 104))
    pen.trim(
        path(
            (-14.4, -70), (-17, -60), (-13, -46), (-6, -34), (1, -24, 0.3), (7, -35), (13, -46), (17, -60),
            (14.4, -70), (8, -64.4), (0, -66), (-8, -64.4),
        ),
        white,
        across(132, 146, 130, 96),
    )
    if detail:
        for x in (-7.6, -2, 4.4):
            pen.trim(stroke([(1.3 * x, -56), (x, -44), (0.4 * x + 0.4, -34)], 1.1, 0.5), white, 104)
    lip = path((-9, -66.6), (-13, -61.6, 0.3), (-6, -61), (0, -63.4), (6, -61), (13, -61.6, 0.3), (9, -66.6), (0, -66))
    pen.trim(lip, white, down(152, 120))
    pen.trim(oval(0, -68.4, 3, 2.7, pieces=20), (232, 168, 138), down(150, 112))
    for x in (-1, 1):
        pen.trim(oval(x * 6, -71, 1.7, 2, pieces=16), INK, 120)
        pen.trim(limb((x * 2.6, -73.6, 1.4), (x * 6.4, -75.6, 2.8), (x * 11, -73.2, 1)), white, 140)
    pen.main(
        path((-17, -79, 0), (-11, -92), (-6, -103), (4, -111), (17, -112, 0.2), (11, -106), (11, -96), (17, -79, 0)),
        side(pen, 140, 158, 124, 80),
    )
    if detail:
        pen.main(path((10, -106), (4, -101), (-4, -99), (4, -97.4), (11.6, -98)), tone(pen, 82))
    pen.main(
        path((-31, -76, 0.4), (-16, -80.4), (0, -82), (16, -80.4), (31, -76, 0.4), (16, -74), (0, -75.4), (-16, -74)),
        side(pen, 150, 166, 132, 92),
    )
    pen.trim(
        path((-16.6, -80.2, 0), (0, -82), (16.6, -80.2, 0), (15, -85.6, 0), (0, -87.4), (-14.6, -85.6, 0)),
        GOLD,
        across(146, 152, 92),
    )
    if detail:
        pen.trim(star(-3, -92.4, 3.6, 1.5), GOLD, 146)
        pen.trim(star(5, -101, 2.4, 1), GOLD, 140)
    if detail == 2:
        for x, y, r in ((-24, -16, 3), (-8, -14, 2.2), (22, -16, 2.8), (6, -8.4, 2), (-17, -25, 2)):
            pen.trim(star(x, y, r, 0.42 * r), GOLD, 142)


def wizard_limbs(pen: Pen, detail: int) -> None:
    """Two more arms, thrown up on both sides."""
    for x in (-1, 1):
        _sleeve(pen, ((x * 15, -57, 11), (x * 39, -65, 13), (x * 48, -84, 17)), (x * 50, -92))


def queen(pen: Pen, detail: int) -> None:
    """A crowned queen in a wide gown, sceptre in hand; gown and cape carry the colour."""
    pen.main(
        path((-14, -64), (-27, -50), (-38, -22), (-48, 0, 0), (48, 0, 0), (38, -22), (27, -50), (14, -64)),
        side(pen, 92, 84, 58),
    )
    edge = [(-15.0, -62.0), (-27.0, -46.0), (-36.0, -22.0), (-45.0, -1.0)]
    for x in (-1, 1):
        pen.trim(stroke([(x * a, b) for a, b in edge], 4, 5.4), _white(pen), 140 if x < 0 else 106)
    _gown(pen, detail)
    _queen_arms(pen, detail)
    _queen_head(pen, detail)


def _gown(pen: Pen, detail: int) -> None:
    """The bell of the skirt as panels that spread from the waist, and the bodice above it."""
    waist, hem = -44.0, 0.0

    def seam(share: float) -> list[Point]:
        line: list[Point] = []
        for k in range(13):
            t = k / 12
            line.append((share * (8.5 + 31.5 * math.sin(t * math.pi / 2) ** 0.9), waist + (hem - waist) * t))
        return line

    seams = [seam(s) for s in (-1, -0.72, -0.38, 0, 0.38, 0.72, 1)]
    pen.main(seams[0] + seams[-1][::-1], side(pen, 134, 152, 124, 84))
    if detail:
        shades = ((146, 118), (168, 136), (154, 126), (134, 110), (122, 96), (96, 74))
        for left, right, shade in zip(seams, seams[1:], shades, strict=False):
            pen.main(left + right[::-1], side(pen, *shade))
    trim = [(x, y) for x, y in ((-40.4, -3.6), (-20, -1.6), (0, -1), (20, -1.6), (40.4, -3.6))]
    pen.trim(stroke(trim, 3.4), GOLD, across(150, 140, 94))
    if detail == 2:
        for k, left in enumerate(seams[:-1]):
            (x, y), (nx, _) = left[9], seams[k + 1][9]
            pen.trim(oval(0.5 * (x + nx), y + 2, 1.5, pieces=14), GOLD, 146)
            pen.trim(stroke([(x, y - 2), (0.5 * (x + nx), y + 1), (nx, y - 2)], 1), GOLD, 132)
    pen.main(
        path((-14, -65), (-12.4, -54), (-8.5, -43, 0.4), (8.5, -43, 0.4), (12.4, -54), (14, -65), (0, -62)),
        side(pen, 132, 160, 130, 92),
    )
    pen.trim(
        path((-9, -47, 0), (0, -43.6), (9, -47, 0), (9, -42.6, 0), (0, -39), (-9, -42.6, 0)),
        GOLD,
        across(150, 96),
    )
    if detail:
        pen.trim(path((-3.6, -62), (3.6, -62), (2.4, -46), (0, -43.6), (-2.4, -46)), _white(pen), across(140, 112))
        for y in (-57, -53, -49):
            pen.trim(oval(0, y, 1, pieces=10), GOLD, 146)


def _queen_arms(pen: Pen, detail: int) -> None:
    pen.trim(stroke([(33, -30), (37, -78)], 2.4), GOLD, across(156, 108))
    pen.trim(oval(37.3, -82, 4.6, pieces=24), GOLD, BALL)
    pen.trim(stroke([(37.8, -91), (37.6, -86)], 1.8), GOLD, 150)
    pen.trim(stroke([(35, -89), (40.4, -88.6)], 1.8), GOLD, 142)
    pen.trim(limb((-18, -58, 7), (-27, -47, 6.4), (-24, -36, 5)), TAN, across(148, 112))
    pen.trim(limb((18, -58, 7), (26, -47, 6.4), (33.6, -51, 5)), TAN, across(136, 100))
    _hand(pen, -23.6, -34.6, TAN, 3.6)
    _hand(pen, 35, -53, TAN, 3.8)
    for x in (-1, 1):
        pen.main(oval(x * 17, -60.6, 8, 7.4), BALL)
        if detail:
            pen.trim(stroke([(x * 18, -54.6), (x * 24.6, -58.6)], 2), GOLD, 136)


def _queen_head(pen: Pen, detail: int) -> None:
    pen.trim(path((-13, -88), (-17, -76), (-14, -64), (14, -64), (17, -76), (13, -88), (0, -96)), HAIR, across(144, 84))
    pen.trim(path((-4, -72), (4, -72), (4.6, -64), (9, -62), (0, -57), (-9, -62), (-4.6, -64)), TAN, across(120, 92))
    pen.trim(
        path(
            (-19, -65.6), (-9, -65), (0, -58.6), (9, -65), (19, -65.6), (15, -60), (8, -58), (0, -52.6), (-8, -58),
            (-15, -60),
        ),
        _white(pen),
        across(146, 132, 104),
    )
    if detail:
        for x, y in ((-14, -63), (-7, -61), (0, -56), (7, -61), (14, -63)):
            pen.trim(oval(x, y, 0.9, 1.2, pieces=10), INK, 110)
    face = path((-11, -86), (-11.4, -78), (-7, -69), (0, -66.4), (7, -69), (11.4, -78), (11, -86), (0, -92))
    pen.trim(face, TAN, across(142, 146, 108))
    for x, shade in ((-1, across(150, 112)), (1, across(120, 84))):
        lock = path((0, -92), (x * 11, -90), (x * 14, -80), (x * 12, -70), (x * 10.4, -79), (x * 5.6, -84), (1, -87))
        pen.trim(lock, HAIR, shade)
    for x in (-1, 1):
        pen.trim(oval(x * 4.6, -78, 1.6, 2.1, pieces=16), INK, 116)
        pen.trim(oval(x * 7.6, -73.8, 2.2, 1.4, pieces=16), (222, 126, 104), 130)
        if detail:
            pen.trim(oval(x * 4.6 + 0.6, -78.8, 0.6, pieces=10), (255, 255, 255), 140)
            pen.trim(stroke([(x * 2.8, -82), (x * 5, -83), (x * 7, -82)], 1), HAIR, 116)
            pen.trim(oval(x * 12.4, -71, 1.6, pieces=14), GOLD, 150)
    pen.trim(path((-3.2, -72.4, 0.2), (0, -72.8), (3.2, -72.4, 0.2), (0, -70)), (186, 62, 70), 126)
    crown = [(-13.0, -90.0), (-16.0, -104.0), (-9.0, -97.0), (-6.6, -108.0), (-2.6, -98.4), (0.0, -111.0)]
    points = crown + [(-x, y) for x, y in crown[-2::-1]]
    pen.trim([*points, (0, -87.6)], GOLD, across(146, 160, 128, 92))
    for x, y in (crown[1], crown[3], crown[5], (6.6, -108.0), (16.0, -104.0)):
        pen.trim(oval(x, y, 1.9, pieces=16), (255, 232, 150), BALL)
    pen.trim(stroke([(-13.2, -91.6), (0, -89.4), (13.2, -91.6)], 3), (214, 152, 50), across(146, 96))
    if detail:
        for x in (-8, 0, 8):
            pen.main(oval(x, -94 + 0.1 * abs(x), 2.1, 2.5, pieces=18), tone(pen, 140))


def queen_limbs(pen: Pen, detail: int) -> None:
    """Two more arms, raised on both sides."""
    for x in (-1, 1):
        pen.trim(limb((x * 13, -56, 7), (x * 35, -67, 7.4), (x * 46, -92, 5.6)), TAN, across(148, 108))
        _hand(pen, x * 47, -96, TAN, 4.6)
        pen.trim(stroke([(x * 41.6, -90), (x * 49, -87.4)], 2), GOLD, 140)
