"""Painters of buildings: house, castle, lighthouse, tower.

Windows glow when the light asks for it, roofs and rock are no part of the coloured share. Read next: objects.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke

__all__ = ["castle", "castle_top", "house", "house_top", "lighthouse", "lighthouse_top", "tower", "tower_top"]

house_top = 89.0
castle_top = 88.0
lighthouse_top = 114.0
tower_top = 110.0

ROOF: RGB = (92, 88, 108)
CREAM: RGB = (250, 244, 230)
WARM: RGB = (255, 208, 122)
PANE: RGB = (164, 206, 222)
BUSH: RGB = (92, 148, 90)


def _window(pen: Pen, x: float, y: float, w: float, h: float, bars: bool = True) -> None:
    pen.trim(box(x - w / 2 - 1.6, y - h / 2 - 1.6, x + w / 2 + 1.6, y + h / 2 + 1.6), CREAM, 126)
    pen.trim(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), PANE, down(146, 112), WARM)
    if bars:
        pen.trim(box(x - 0.7, y - h / 2, x + 0.7, y + h / 2), CREAM, 126)
        pen.trim(box(x - w / 2, y - 0.7, x + w / 2, y + 0.7), CREAM, 126)


def house(pen: Pen, detail: int) -> None:
    """A cottage with a gable and a long side; the walls carry the colour."""
    pen.trim(box(26, -96, 38, -64), (150, 112, 100), across(144, 92))
    pen.trim(rounded(24, -99, 40, -93, 1.6), CREAM, across(138, 104))
    pen.main([(-6, -58), (52, -58), (52, 0), (-6, 0)], across(98, 86))
    pen.main([(-50, -50), (-24, -86), (4, -50), (4, 0), (-50, 0)], across(150, 132))
    pen.trim([(-24, -92), (40, -88), (59, -50), (6, -50)], ROOF, down(146, 104))
    if detail == 2:
        for k, y in enumerate((-80, -70, -60)):
            pen.trim(
                [(-14 + 7.6 * k, y), (44 + 4.4 * k, y + 1.5), (45 + 4.4 * k, y + 3.4), (-13 + 7.6 * k, y + 2)], ROOF, 84
            )
        for y in (-40, -26, -12):
            pen.main(box(-50, y, 4, y + 1.4), 104)
    pen.trim([(-24, -94), (-21, -86), (-52, -42), (-58, -47)], ROOF, 152)
    pen.trim([(-24, -94), (-27, -86), (4, -44), (11, -48)], ROOF, 92)
    pen.trim(path((-32, 0, 0), (-32, -26, 0), (-24, -33), (-16, -26, 0), (-16, 0, 0)), (118, 78, 58), across(146, 104))
    pen.trim(oval(-19, -14, 1.5, pieces=12), (246, 206, 110), 150)
    _window(pen, -24, -56, 12, 13)
    _window(pen, 17, -30, 13, 17)
    _window(pen, 39, -30, 13, 17)
    if detail:
        _window(pen, -7, -22, 9, 14, bars=False)
        for x, r in ((-51, 7.5), (-43, 5), (53, 7.5), (45, 5.5)):
            pen.trim(oval(x, -r * 0.62, r, r * 0.86), BUSH, down(150, 96))
        for x in (17, 39):
            pen.trim(rounded(x - 9, -21, x + 9, -17, 1.6), (222, 110, 110), down(140, 110))


def _battlement(pen: Pen, x0: float, x1: float, y: float, teeth: int, shade: int) -> None:
    step = (x1 - x0) / (2 * teeth - 1)
    for k in range(teeth):
        pen.main(box(x0 + 2 * k * step, y - 6, x0 + (2 * k + 1) * step, y + 1), shade)


def _slit(pen: Pen) -> RGB:
    """Glass without a frame has to stand out even from black walls."""
    return (60, 58, 76) if max(pen.paint) > 80 else (132, 142, 176)


def castle(pen: Pen, detail: int) -> None:
    """Two round towers, a keep and a gate; the walls carry the colour."""
    slit = _slit(pen)
    pen.main(box(-17, -82, 17, -20), across(104, 96, 76))
    _battlement(pen, -19, 19, -83, 4, 100)
    pen.trim(box(-0.9, -112, 0.9, -86), (96, 86, 84))
    pen.trim(path((0.9, -112, 0), (12, -110), (22, -107, 0.2), (12, -103), (0.9, -102, 0)), CREAM, across(140, 116))
    pen.main(box(-46, -46, 46, 0), down(146, 124, 112))
    _battlement(pen, -44, 44, -47, 8, 146)
    for side in (-1, 1):
        x = side * 42
        pen.main(
            path(
                (x - 14, 0, 0), (x - 12, -66, 0), (x - 15, -70, 0), (x - 15, -77, 0), (x + 15, -77, 0),
                (x + 15, -70, 0), (x + 12, -66, 0), (x + 14, 0, 0),
            ),
            across(132, 154, 122, 80),
        )
        pen.trim(path((x - 18, -75, 0), (x, -110, 0.1), (x + 18, -75, 0), (x, -71)), ROOF, across(158, 128, 78))
        pen.trim(path((x - 4, -50, 0), (x - 4, -58), (x, -62), (x + 4, -58), (x + 4, -50, 0)), slit, 120, WARM)
        if detail:
            pen.trim(
                path((x - 3, -24, 0), (x - 3, -31), (x, -34), (x + 3, -31), (x + 3, -24, 0)), slit, 120, WARM
            )
    pen.trim(path((-5, -62, 0), (-5, -70), (0, -74), (5, -70), (5, -62, 0)), slit, 120, WARM)
    pen.main(path((-17, 0, 0), (-17, -22), (0, -39), (17, -22), (17, 0, 0)), 96)
    pen.trim(path((-13, 0, 0), (-13, -20), (0, -34), (13, -20), (13, 0, 0)), (104, 72, 58), across(132, 96))
    if detail:
        for x in (-4.4, 4.4):
            pen.trim(box(x - 0.8, -30, x + 0.8, 0), (66, 50, 50))
    if detail == 2:
        for x, y in (
            (-26, -36), (-24, -12), (24, -34), (25, -10), (-48, -42), (37, -40), (47, -16), (-38, -14), (-9, -56),
            (9, -52),
        ):
            pen.main(rounded(x - 3.6, y - 1.8, x + 3.6, y + 1.8, 0.8), 92)


def lighthouse(pen: Pen, detail: int) -> None:
    """A banded tower on a rock; the broad bands carry the colour."""
    rock: RGB = (124, 122, 138)
    pen.trim(
        path((-41, 0, 0), (-36, -7), (-27, -10), (-19, -16), (17, -17), (26, -11), (34, -8), (41, 0, 0)),
        rock,
        down(150, 92),
    )
    pale: RGB = CREAM if min(pen.paint) < 225 else (104, 118, 146)

    def half(y: float) -> float:
        return 14 + (y + 84) * 0.14

    def band(y0: float, y1: float) -> list[tuple[float, float]]:
        return [(-half(y0), y0), (half(y0), y0), (half(y1), y1), (-half(y1), y1)]

    round_shade = across(128, 158, 122, 76)
    pen.main(band(-84, -12), round_shade)
    for y0, y1 in ((-68, -59), (-41, -32)):
        pen.trim(band(y0, y1), pale, round_shade)
    pen.trim(path((-5, -12, 0), (-5, -22), (0, -26), (5, -22), (5, -12, 0)), (84, 62, 60), across(140, 100))
    for y in (-50, -76) if detail else (-50,):
        pen.trim(rounded(-3, y - 4.4, 3, y + 4.4, 2.4), (66, 72, 96), 120, WARM)
    pen.trim(rounded(-19, -88, 19, -83, 1.6), (66, 70, 92), across(158, 96))
    if detail:
        for x in (-17, -10, 10, 17):
            pen.trim(box(x - 0.8, -94, x + 0.8, -86), (66, 70, 92))
        pen.trim(box(-18, -95, 18, -93.2), (66, 70, 92), across(158, 96))
    pen.trim(box(-10, -102, 10, -87), (255, 240, 186), down(140, 120), (255, 232, 150))
    for x in (-10, -0.8, 8.4):
        pen.trim(box(x, -102, x + 1.6, -87), (66, 70, 92))
    pen.main(path((-13, -101, 0), (-9, -108), (0, -113), (9, -108), (13, -101, 0)), across(140, 150, 84))
    pen.trim(oval(0, -114, 2), (66, 70, 92))
    if detail == 2:
        for x, y, r in ((-29, -4, 4), (-14, -7, 4), (18, -5, 5), (31, -3, 3)):
            pen.trim(oval(x, y, r * 1.3, r * 0.7), rock, down(160, 104))


def _clock(pen: Pen, x: float, y: float, r: float, detail: int) -> None:
    pen.trim(oval(x, y, r + 2.2), (70, 64, 78), across(150, 90))
    pen.trim(oval(x, y, r), (252, 246, 226), down(140, 120), (255, 236, 178))
    if detail == 2:
        for k in range(12):
            a, reach = math.pi * k / 6, 0.70 if k % 3 == 0 else 0.78
            pen.trim(
                stroke([(x + q * r * math.sin(a), y - q * r * math.cos(a)) for q in (reach, 0.92)], 1.1), (70, 64, 78)
            )
    pen.trim(stroke([(x, y + 1), (x, y - 0.74 * r)], 2, 1.2), (52, 48, 62))
    pen.trim(stroke([(x - 1, y), (x + 0.52 * r, y + 0.26 * r)], 2.2, 1.4), (52, 48, 62))


def tower(pen: Pen, detail: int) -> None:
    """A slender square clock tower under a steep roof; the walls carry the colour."""
    slit = _slit(pen)
    pen.main([(9, -52), (20, -50), (21, -6), (10, -6)], across(86, 62))
    pen.main([(-19, -52), (9, -52), (10, -6), (-21, -6)], across(154, 130, 116))
    if detail == 2:
        for k, y in enumerate((-45, -38, -31, -24, -17)):
            shift = 4.0 if k % 2 else 0.0
            pen.main(box(-19.4, y, 9.2, y + 1.1), 102)
            pen.main([(9.4, y), (20.2, y + 0.6), (20.2, y + 1.6), (9.4, y + 1.1)], 50)
            for x in (-16 + shift, -8 + shift, shift):
                pen.main(box(x, y - 6, x + 1.1, y), 104)
            pen.main(box(12.5 + shift, y - 5.4, 13.5 + shift, y + 0.4), 52)
    pen.main([(-27, 0), (-24, -13), (10, -13), (13, 0)], across(160, 126))
    pen.main([(10, -13), (24, -12), (28, 0), (13, 0)], across(94, 66))
    pen.main([(-24, -57), (11, -57), (9, -50), (-20, -50)], 92)
    pen.main([(11, -57), (25, -56), (20, -49), (9, -50)], 50)
    pen.main([(-24, -82), (11, -82), (11, -56), (-24, -56)], across(162, 136, 124))
    pen.main([(11, -82), (25, -80), (25, -55), (11, -56)], across(90, 64))
    if detail:
        pen.trim(path((15.4, -60, 0), (15.4, -69, 0.4), (18, -74), (20.6, -69, 0.4), (20.6, -60, 0)), slit, 96, WARM)
        pen.main(box(-24, -60, 11, -57), 182)
        pen.main([(11, -60), (25, -59), (25, -56), (11, -57)], 108)
    _clock(pen, -6.5, -70, 9.4, detail)
    pen.trim([(11, -82), (0, -110), (30, -79)], ROOF, across(100, 70))
    pen.trim([(-30, -79), (0, -110), (12, -79)], ROOF, across(172, 130))
    if detail == 2:
        for t in (0.4, 0.6, 0.8):
            pen.trim(stroke([(-30 * t, -110 + 31 * t), (12 * t, -110 + 31 * t)], 1.2), ROOF, 96)
            pen.trim(stroke([(12 * t, -110 + 31 * t), (30 * t, -110 + 31 * t)], 1.2), ROOF, 58)
    pen.trim(oval(0, -109.6, 2.2, pieces=16), (246, 206, 110), 140)
    pen.trim(path((-12, 0, 0), (-12, -12, 0.3), (-6, -19), (0, -12, 0.3), (0, 0, 0)), (104, 72, 58), across(140, 98))
    pen.trim(path((-9, -28, 0), (-9, -37, 0.4), (-5.5, -42), (-2, -37, 0.4), (-2, -28, 0)), slit, 120, WARM)
    if detail:
        pen.trim(path((12.8, -26, 0), (12.8, -34, 0.4), (15, -38), (17.2, -34, 0.4), (17.2, -26, 0)), slit, 92, WARM)
        pen.trim(oval(-2.4, -8, 1.1, pieces=10), (246, 206, 110), 150)
