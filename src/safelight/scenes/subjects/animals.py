"""Painters of animals: cat, bird."""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import oval, path, rounded, stroke

__all__ = ["bird", "cat"]

DARK: RGB = (46, 48, 62)


def cat(pen: Pen, detail: int) -> None:
    """A sitting cat that looks at you; the fur carries the colour."""
    tail = [(24, -8), (40, -8), (50, -18), (50, -36), (42, -50), (46, -62)]
    pen.main(path(*stroke(tail, 12, 8)), across(120, 96))
    pen.main(oval(46, -62, 5), 124)
    pen.main(
        path((-14, -66), (14, -66), (27, -38), (34, -14), (30, -2), (0, 0), (-30, -2), (-34, -14), (-27, -38)),
        across(128, 142, 124, 90),
    )
    for side in (-1, 1):
        pen.main(
            path((side * 16, -34), (side * 33, -22), (side * 34, -5), (side * 24, -1), (side * 12, -8)),
            across(140, 118) if side < 0 else across(112, 88),
        )
    cream: RGB = (250, 240, 226) if min(pen.paint) < 225 else (222, 214, 214)
    pen.trim(path((-11, -58), (0, -62), (11, -58), (9, -44), (0, -33), (-9, -44)), cream, down(136, 112))
    for side in (-1, 1):
        pen.main(
            path((side * 1, -38), (side * 13, -36), (side * 14, -10), (side * 13, -3), (side * 2, -3)), down(132, 112)
        )
        pen.trim(
            path((side * 2, -9), (side * 8, -11), (side * 14.5, -8), (side * 15, -1), (side * 8, 1), (side * 1.5, -1)),
            cream,
            down(138, 110),
        )
        ear = path((side * 33, -112, 0.2), (side * 35, -92), (side * 28, -76), (side * 6, -96), (side * 18, -104))
        pen.main(ear, 132 if side < 0 else 100)
        pen.trim(
            path((side * 30.5, -105, 0.2), (side * 31, -92), (side * 26, -84), (side * 14, -95), (side * 20, -100)),
            (240, 156, 160),
            down(120, 130),
        )
    pen.main(
        path((-12, -100), (12, -100), (31, -92), (37, -74), (28, -58), (0, -52), (-28, -58), (-37, -74), (-31, -92)),
        across(132, 152, 132, 92),
    )
    if detail == 2:
        for x in (-8, 0, 8):
            pen.main(path((x - 2.2, -101, 0), (x + 2.2, -101, 0), (x, -89, 0)), 70)
        for side in (-1, 1):
            for y in (-74, -67):
                pen.main(path((side * 37, y - 2, 0), (side * 27, y, 0), (side * 36, y + 2.5, 0)), 70)
    pen.trim(path((-14, -66), (0, -72), (14, -66), (11, -57), (0, -54), (-11, -57)), cream, down(138, 116))
    for side in (-1, 1):
        pen.trim(oval(side * 15, -77, 7.6, 7.2), (246, 226, 110) if detail else DARK, down(116, 150), (120, 112, 40))
        pen.trim(oval(side * 14.4, -77, 4.2, 6.4), (34, 34, 44), 120)
        pen.trim(oval(side * 14.4 - 2, -79.6, 1.9, pieces=14), (255, 255, 255), 140, (90, 90, 90))
        if detail:
            for dy in (-2.5, 2.5):
                pen.trim(
                    stroke([(side * 13, -63 + dy * 0.4), (side * 40, -65 + dy * 2)], 1.2, 0.6),
                    (250, 246, 240) if max(pen.paint) < 232 or min(pen.paint) < 120 else (140, 134, 140),
                )
    pen.trim(path((-4, -68), (0, -68.6), (4, -68), (0, -63.6)), (222, 112, 122))
    pen.trim(stroke([(0, -64), (-0.6, -61), (-3.6, -59.4), (-7, -61)], 1.5), (112, 76, 80))
    pen.trim(stroke([(0, -64), (0.6, -61), (3.6, -59.4), (7, -61)], 1.5), (112, 76, 80))


def bird(pen: Pen, detail: int) -> None:
    """A round songbird on a branch, seen from the side; the plumage carries the colour."""
    bark: RGB = (116, 84, 68)
    pen.trim(path(*stroke([(-60, -14), (-24, -19), (16, -18), (60, -25)], 8, 5)), bark, down(148, 90))
    for x, y, lean in ((-44, -19, -1), (42, -25, 1), (54, -20, 1))[: 1 + detail]:
        pen.trim(
            path((x, y, 0), (x + 4 * lean, y - 11), (x + 16 * lean, y - 14, 0), (x + 12 * lean, y - 3)),
            (96, 156, 92),
            across(146, 110),
        )
    pen.main(path((-22, -44), (-44, -30), (-62, -14, 0.2), (-57, -8, 0.2), (-36, -18), (-16, -26)), across(112, 88))
    body = path(
        (14, -102), (32, -98), (42, -82), (41, -58), (30, -34), (8, -21), (-14, -24), (-30, -38), (-30, -54),
        (-16, -74), (-6, -92),
    )
    pen.main(body, across(122, 152, 140, 104))
    cream: RGB = (252, 238, 214) if min(pen.paint) < 225 else (224, 216, 214)
    pen.trim(path((40, -64), (41, -54), (30, -34), (8, -21), (2, -24), (10, -46), (28, -62)), cream, down(136, 100))
    pen.main(
        path((-4, -66), (12, -58), (14, -44), (0, -32), (-22, -30), (-48, -22, 0.2), (-36, -42), (-22, -58)),
        down(112, 72),
    )
    if detail:
        for k in range(2 + (detail == 2)):
            pen.main(
                stroke([(4 - 9 * k, -46 + 4 * k), (-8 - 9 * k, -38 + 3 * k), (-24 - 7 * k, -34 + 3 * k)], 2.6, 1), 132
            )
    pen.trim(path((38, -86), (58, -78, 0), (40, -73)), (248, 166, 60), down(148, 104))
    pen.trim(oval(27, -83, 5.4), (255, 255, 255) if sum(pen.paint) < 660 else (206, 206, 214), 136)
    pen.trim(oval(28, -83, 4), (34, 34, 46), 120)
    pen.trim(oval(29.4, -84.6, 1.5, pieces=14), (255, 255, 255), 140, (90, 90, 90))
    if detail == 2:
        pen.main(path((6, -100), (-2, -112), (8, -108), (12, -116), (20, -102)), 112)
        pen.trim(oval(35, -70, 4.2, 3.2), (244, 150, 140), 128)
    for x in (4, 16):
        pen.trim(stroke([(x, -24), (x + 1, -17)], 2.6), (238, 150, 62))
        pen.trim(rounded(x - 4, -20, x + 6, -15.5, 2), (238, 150, 62), down(140, 100))
