"""Painters of things that carry people: car, boat, rocket, balloon."""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke

__all__ = ["hot_air_balloon", "rocket", "sailboat", "sports_car"]

GLASS: RGB = (152, 200, 222)
TYRE: RGB = (44, 46, 58)
STEEL: RGB = (206, 212, 222)
WOOD: RGB = (150, 104, 70)
SLATE: RGB = (74, 82, 108)


def sports_car(pen: Pen, detail: int) -> None:
    """A low coupé seen from the side; the body carries the colour."""
    body = path(
        (-55, -7, 0), (-56, -17), (-53, -25), (-38, -29), (-20, -40), (0, -43), (14, -39), (30, -28), (47, -24),
        (56, -17), (57, -7, 0),
    )
    pen.trim(path((-56, -30, 0), (-40, -33), (-38, -29, 0), (-50, -26, 0)), (58, 60, 74))
    pen.main(body, down(168, 138, 122))
    pen.main(path((-56, -17), (-30, -18), (20, -17), (57, -16), (57, -7, 0), (-55, -7, 0)), down(122, 84))
    pen.main(path((-50, -24), (-20, -25), (20, -25), (50, -22), (20, -22.5), (-20, -22.5)), 182)
    pen.trim(path((-30, -29, 0), (-17, -38, 0.6), (-2, -40, 0), (-2, -28, 0)), GLASS, across(158, 118))
    pen.trim(path((2, -40, 0), (11, -37.5), (24, -28, 0), (2, -28, 0)), GLASS, across(168, 120))
    if detail:
        pen.trim(path((-22, -29, 0), (-14, -36.5, 0), (-9, -38, 0), (-16, -29, 0)), (236, 248, 252), 150)
        pen.main(box(-1.2, -27, 0.4, -10), 74)
        pen.main(rounded(-14, -22.5, -6, -20.5, 1), 76)
    if detail == 2:
        pen.main(path((-50, -19, 0), (-36, -23, 0), (-34, -20, 0), (-46, -15, 0)), 66)
        pen.trim(rounded(-20, -10, 22, -8, 0.8), STEEL, 130)
    pen.trim(path((47, -22), (55, -17), (54, -14.5), (46, -18)), (255, 246, 214), 150, (255, 238, 190))
    pen.trim(rounded(-56, -22.5, -50, -18.5, 1.6), (226, 62, 58), 140, (255, 70, 52))
    for x in (-33, 34):
        pen.main(oval(x, -11, 14.2), 58)
        pen.trim(oval(x, -11, 12.2), TYRE, down(140, 100))
        pen.trim(oval(x, -11, 7.4), STEEL, down(146, 104))
        if detail:
            for k in range(5):
                a = 2 * math.pi * k / 5 + 0.3
                pen.trim(oval(x + 4.4 * math.cos(a), -11 + 4.4 * math.sin(a), 1.6, pieces=12), TYRE)
        pen.trim(oval(x, -11, 2.2, pieces=16), (108, 114, 130))


def sailboat(pen: Pen, detail: int) -> None:
    """Two full sails over a wooden hull, on its own patch of water; the sails carry the colour."""
    pen.trim(oval(0, -3, 58, 9), (86, 174, 206), down(116, 136))
    if detail:
        pen.trim(path((-50, -1), (-30, -3), (-12, -1), (-30, 0.4)), (206, 236, 244))
        pen.trim(path((14, 2), (30, 0), (46, 1), (30, 3)), (206, 236, 244))
    pen.trim(box(-3.4, -106, -0.8, -14), (112, 84, 66), across(140, 100))
    pen.main(path((1, -104, 0), (16, -72), (40, -32, 0.3), (38, -28, 0), (1, -26, 0)), across(146, 126, 104))
    pen.main(path((-5, -98, 0), (-8, -62), (-38, -30, 0.3), (-34, -27, 0), (-5, -26, 0)), across(128, 162))
    if detail:
        for y in (-80, -60, -42):
            right = 1 + (y + 104) * 0.52
            pen.main(stroke([(1, y), (right * 0.6, y + 2.4), (right, y + 1.4)], 1.5), 92)
    pen.trim(path((-2, -112, 0), (10, -109), (-2, -105, 0)), (250, 246, 236), 132)
    pen.trim(
        path((-44, -20, 0), (0, -17.5), (46, -22, 0), (38, -8), (26, -2, 0), (-28, -2, 0), (-38, -8)),
        WOOD,
        down(148, 92),
    )
    pen.trim(
        path((-44, -20, 0), (0, -17.5), (46, -22, 0), (44, -17.5), (0, -13), (-42, -15.5)),
        (250, 240, 222),
        down(136, 112),
    )
    if detail == 2:
        for x in (-20, 0, 20):
            pen.trim(oval(x, -8.4, 2.6), (70, 60, 66), 120, (255, 214, 140))
    pen.trim(path((-46, -1.5), (-10, -4), (44, -2), (10, 2)), (226, 244, 250), 134)


def rocket(pen: Pen, detail: int) -> None:
    """A stout rocket on its flame; the hull carries the colour."""
    for x, y, r in ((-20, -3, 8), (20, -3, 8), (-9, 0, 8), (10, 0, 8)):
        pen.trim(oval(x, y, r * 1.2, r * 0.8), (236, 236, 244), down(140, 104))
    pen.trim(path((-11, -28, 0), (-12, -16), (0, 6, 0.2), (12, -16), (11, -28, 0)), (255, 146, 54), 140, (255, 120, 34))
    pen.trim(path((-6, -28, 0), (-7, -18), (0, -4, 0.2), (7, -18), (6, -28, 0)), (255, 232, 136), 160, (255, 214, 110))
    for side in (-1, 1):
        fin = path((side * 15, -56, 0), (side * 34, -36), (side * 36, -20, 0), (side * 24, -27), (side * 12, -30, 0))
        pen.trim(fin, SLATE, 146 if side < 0 else 100)
    hull = path(
        (0, -112, 0.4), (15, -92), (22, -66), (19, -40), (13, -27, 0), (-13, -27, 0), (-19, -40), (-22, -66), (-15, -92)
    )
    pen.main(hull, across(136, 160, 126, 82))
    pen.trim(
        path((0, -112, 0.4), (9, -101), (14.5, -91, 0), (0, -88.5), (-14.5, -91, 0), (-9, -101)),
        (238, 240, 246),
        across(136, 154, 90),
    )
    pen.trim(path((-14, -31, 0), (0, -29), (14, -31, 0), (11, -24, 0), (-11, -24, 0)), SLATE, across(150, 84))
    pen.trim(oval(0, -68, 10), (240, 242, 248), across(146, 100))
    pen.trim(oval(0, -68, 7.2), (108, 200, 236), down(108, 150), (130, 214, 255))
    if detail:
        pen.trim(oval(-2.4, -70.6, 2.6, 1.8), (240, 252, 255), 150)
        pen.main(path((-21, -48), (0, -45.5), (21, -48), (20, -44.5), (0, -42), (-20, -44.5)), across(100, 116, 62))
    if detail == 2:
        pen.trim(oval(0, -52, 4.4), (240, 242, 248), across(146, 100))
        pen.trim(oval(0, -52, 2.8), (108, 200, 236), 120, (130, 214, 255))
        for y in (-84, -80):
            pen.main(box(-9, y, 9, y + 1.4), 84)


def hot_air_balloon(pen: Pen, detail: int) -> None:
    """A great envelope of vertical panels over a basket; the envelope carries the colour."""
    skirt, top = -36.0, -112.0
    for x in (-5.5, 5.5):
        pen.trim(stroke([(x * 1.8, skirt - 2), (x, -12)], 1.3), (104, 84, 72))
    pen.trim(path((-3, -26), (0, -35), (3, -26), (0, -22)), (255, 190, 84), 150, (255, 170, 70))

    def panel(share: float) -> list[tuple[float, float]]:
        rows = 22
        edge: list[tuple[float, float]] = []
        for k in range(rows + 1):
            t = k / rows
            width = (
                42 * math.sqrt(max(0.0, 1 - (1 - t / 0.56) ** 2)) if t < 0.56 else 42 - 32 * ((t - 0.56) / 0.44) ** 1.55
            )
            edge.append((share * width, top + (skirt - top) * t))
        return edge

    edges = [panel(math.sin(a * math.pi / 2 / 3.5)) for a in (-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5)]
    pen.main(edges[0] + edges[-1][::-1], across(128, 150, 124, 86), (14, 9, 4))
    shades = (
        down(142, 120, 104),
        down(160, 134, 112),
        down(176, 152, 122),
        down(160, 142, 124),
        down(150, 122, 108),
        down(124, 106, 92),
        down(102, 84, 76),
    )
    for k, shade in enumerate(shades):
        if k % 2 == 0 or detail:
            pen.main(edges[k] + edges[k + 1][::-1], shade, (14, 9, 4))
    if detail == 2:
        for y, w in ((-88, 37.5), (-64, 41)):
            pen.trim(
                path((-w, y), (0, y + 5), (w, y), (w + 0.6, y + 5), (0, y + 10), (-w - 0.6, y + 5)),
                (250, 244, 230),
                across(130, 144, 88),
            )
    pen.trim(
        path(
            (-10.5, skirt - 1), (0, skirt + 1), (10.5, skirt - 1), (9, skirt + 3.5), (0, skirt + 5), (-9, skirt + 3.5)
        ),
        (92, 74, 70),
    )
    pen.trim(path((-8.5, -15, 0), (8.5, -15, 0), (7, -1, 0.4), (-7, -1, 0.4)), (170, 118, 74), across(146, 128, 90))
    pen.trim(rounded(-9.5, -16.5, 9.5, -12.5, 1.8), (116, 78, 54), across(146, 96))
