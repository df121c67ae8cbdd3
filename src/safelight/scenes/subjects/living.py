"""Painters of people and animals: warrior, robot, cat, bird."""

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke

__all__ = ["bird", "cat", "medieval_warrior", "robot"]

STEEL: RGB = (178, 188, 204)
DARK: RGB = (46, 48, 62)
GOLD: RGB = (232, 186, 88)
LIGHT: RGB = (126, 236, 240)


def medieval_warrior(pen: Pen, detail: int) -> None:
    """A knight's portrait in plate, sword at the shoulder; cape, surcoat and plume carry the colour."""
    pen.main(path((-20, -62), (-44, -50), (-56, -18), (-60, 8, 0), (60, 8, 0), (56, -18), (44, -50), (20, -62)), across(112, 84, 66))
    pen.trim(path((-43, -98, 0), (-40, -106, 0), (-37, -98, 0), (-37, -34, 0), (-43, -34, 0)), (222, 228, 238), across(150, 150, 100, 100))
    pen.trim(rounded(-51, -37, -29, -32, 2), GOLD, down(146, 96))
    pen.trim(box(-42, -33, -38, -20), (96, 66, 52))
    pen.trim(path((-36, 8, 0), (-38, -30), (-28, -52), (0, -58), (28, -52), (38, -30), (36, 8, 0)), STEEL, across(140, 150, 84))
    pen.main(path((-22, -55, 0.3), (0, -50), (22, -55, 0.3), (27, -20), (29, 8, 0), (-29, 8, 0), (-27, -20)), across(134, 150, 128, 98))
    if detail:
        pen.trim(path((-3, -42, 0), (3, -42, 0), (3, -29, 0), (14, -29, 0), (14, -23, 0), (3, -23, 0), (3, -4, 0), (-3, -4, 0), (-3, -23, 0), (-14, -23, 0), (-14, -29, 0), (-3, -29, 0)), (248, 240, 222), 130)
    for side in (-1, 1):
        shade = across(150, 160, 104) if side < 0 else across(132, 120, 74)
        for k in range(2 if detail else 1):
            y = -36 + 9 * (1 - k)
            pen.trim(path((side * 22, y - 12), (side * 36, y - 11), (side * 48, y + 2), (side * 47, y + 12), (side * 34, y + 8), (side * 24, y + 4)), STEEL, shade)
        if detail == 2:
            pen.trim(path((side * 24, -33), (side * 34, -32), (side * 46, -22), (side * 46, -19.5), (side * 34, -29), (side * 24, -30)), GOLD, 132)
            for x, y in ((27, -42), (35, -39), (41, -33)):
                pen.trim(oval(side * x, y, 1.5, pieces=12), GOLD, 146)
    pen.trim(path((-17, -62), (0, -66), (17, -62), (20, -51), (0, -45), (-20, -51)), (138, 146, 164), across(132, 140, 76))
    pen.main(path((0, -108), (14, -122), (34, -118), (42, -98), (36, -82), (31, -96), (20, -103), (4, -104)), across(150, 96))
    pen.main(path((4, -107), (15, -117), (30, -112), (36, -98), (28, -106), (15, -109)), 168)
    pen.trim(path((0, -109), (16, -104), (22, -88), (20, -64), (12, -56), (0, -53), (-12, -56), (-20, -64), (-22, -88), (-16, -104)), STEEL, across(134, 168, 130, 78))
    pen.trim(path((-22, -86, 0), (-8, -81), (0, -79), (8, -81), (22, -86, 0), (21, -77, 0), (8, -74), (0, -72), (-8, -74), (-21, -77, 0)), DARK, 110)
    pen.trim(path((-2.4, -109, 0), (2.4, -109, 0), (2.6, -80), (2.2, -53, 0), (-2.2, -53, 0), (-2.6, -80)), GOLD if detail else (210, 218, 230), across(156, 110))
    for side in (-1, 1):
        pen.trim(oval(side * 9.5, -80, 2.7, 1.7, pieces=16), (250, 246, 236), 140, (96, 90, 78))
        if detail:
            for k in range(3):
                pen.trim(rounded(side * 9 - 1.1 + side * 3 * (k - 1), -68, side * 9 + 1.1 + side * 3 * (k - 1), -61, 1), DARK, 110)


def robot(pen: Pen, detail: int) -> None:
    """A friendly machine with a screen for a face; head and body carry the colour."""
    grey: RGB = (150, 160, 178)
    for side in (-1, 1):
        pen.trim(rounded(side * 12 - 6, -24, side * 12 + 6, -6, 3), grey, across(146, 130, 80))
        pen.trim(path((side * 12 - 10, 0, 0), (side * 12 - 10, -5), (side * 12 - 4, -10), (side * 12 + 5, -10), (side * 12 + 10, -5), (side * 12 + 10, 0, 0)), (76, 84, 106), down(158, 104))
        pen.trim(stroke([(side * 24, -54), (side * 38, -46), (side * 41, -30)], 9), grey, across(140, 90))
        pen.main(oval(side * 27, -55, 8.5), BALL)
        pen.trim(path((side * 34, -31), (side * 41, -34), (side * 48, -31), (side * 49, -22), (side * 44, -24), (side * 41, -22), (side * 37, -24), (side * 34, -21)), (76, 84, 106), across(150, 100))
    pen.trim(box(-6, -70, 6, -60), (104, 112, 132), across(146, 84))
    pen.main(path((-24, -60), (-14, -65), (14, -65), (24, -60), (26, -42), (22, -24), (12, -19), (-12, -19), (-22, -24), (-26, -42)), across(132, 160, 128, 86))
    if detail:
        pen.trim(rounded(-14, -54, 14, -34, 5), (236, 240, 246), across(136, 112))
        pen.trim(oval(-6, -44, 4.4), (255, 170, 70), down(150, 110), (255, 150, 50))
        pen.trim(rounded(2, -49, 11, -46.6, 1.2), (112, 124, 148), 120)
        pen.trim(rounded(2, -43.6, 11, -41.2, 1.2), (112, 124, 148), 120)
    if detail == 2:
        for x in (-18, 18):
            for y in (-58, -28):
                pen.main(oval(x, y, 1.8, pieces=14), 72)
        pen.main(box(-17, -30.5, 17, -28.8), 80)
    pen.trim(box(-1.4, -108, 1.4, -100), (104, 112, 132))
    pen.trim(oval(0, -110, 4.2), (255, 214, 98), down(160, 110), (255, 206, 90))
    for side in (-1, 1):
        pen.trim(rounded(side * 33 - 4, -90, side * 33 + 4, -76, 3), (104, 112, 132), across(146, 90))
    pen.main(rounded(-32, -102, 32, -66, 13), across(130, 160, 136, 90))
    pen.trim(rounded(-25, -95, 25, -73, 9), (40, 46, 66), down(100, 136))
    for side in (-1, 1):
        pen.trim(oval(side * 11, -86, 5, 5.6), LIGHT, 150, (110, 236, 240))
    pen.trim(path((-8, -79.5), (0, -77.4), (8, -79.5), (6.5, -76.6), (0, -74.8), (-6.5, -76.6)), LIGHT, 150, (110, 236, 240))


def cat(pen: Pen, detail: int) -> None:
    """A sitting cat that looks at you; the fur carries the colour."""
    tail = [(24, -8), (40, -8), (50, -18), (50, -36), (42, -50), (46, -62)]
    pen.main(path(*stroke(tail, 12, 8)), across(120, 96))
    pen.main(oval(46, -62, 5), 124)
    pen.main(path((-14, -66), (14, -66), (27, -38), (34, -14), (30, -2), (0, 0), (-30, -2), (-34, -14), (-27, -38)), across(128, 142, 124, 90))
    for side in (-1, 1):
        pen.main(path((side * 16, -34), (side * 33, -22), (side * 34, -5), (side * 24, -1), (side * 12, -8)), across(140, 118) if side < 0 else across(112, 88))
    cream: RGB = (250, 240, 226) if min(pen.paint) < 225 else (222, 214, 214)
    pen.trim(path((-11, -58), (0, -62), (11, -58), (9, -44), (0, -33), (-9, -44)), cream, down(136, 112))
    for side in (-1, 1):
        pen.main(path((side * 1, -38), (side * 13, -36), (side * 14, -10), (side * 13, -3), (side * 2, -3)), down(132, 112))
        pen.trim(path((side * 2, -9), (side * 8, -11), (side * 14.5, -8), (side * 15, -1), (side * 8, 1), (side * 1.5, -1)), cream, down(138, 110))
        ear = path((side * 33, -112, 0.2), (side * 35, -92), (side * 28, -76), (side * 6, -96), (side * 18, -104))
        pen.main(ear, 132 if side < 0 else 100)
        pen.trim(path((side * 30.5, -105, 0.2), (side * 31, -92), (side * 26, -84), (side * 14, -95), (side * 20, -100)), (240, 156, 160), down(120, 130))
    pen.main(path((-12, -100), (12, -100), (31, -92), (37, -74), (28, -58), (0, -52), (-28, -58), (-37, -74), (-31, -92)), across(132, 152, 132, 92))
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
                pen.trim(stroke([(side * 13, -63 + dy * 0.4), (side * 40, -65 + dy * 2)], 1.2, 0.6), (250, 246, 240) if max(pen.paint) < 232 or min(pen.paint) < 120 else (140, 134, 140))
    pen.trim(path((-4, -68), (0, -68.6), (4, -68), (0, -63.6)), (222, 112, 122))
    pen.trim(stroke([(0, -64), (-0.6, -61), (-3.6, -59.4), (-7, -61)], 1.5), (112, 76, 80))
    pen.trim(stroke([(0, -64), (0.6, -61), (3.6, -59.4), (7, -61)], 1.5), (112, 76, 80))


def bird(pen: Pen, detail: int) -> None:
    """A round songbird on a branch, seen from the side; the plumage carries the colour."""
    bark: RGB = (116, 84, 68)
    pen.trim(path(*stroke([(-60, -14), (-24, -19), (16, -18), (60, -25)], 8, 5)), bark, down(148, 90))
    for x, y, lean in (((-44, -19, -1), (42, -25, 1), (54, -20, 1))[: 1 + detail]):
        pen.trim(path((x, y, 0), (x + 4 * lean, y - 11), (x + 16 * lean, y - 14, 0), (x + 12 * lean, y - 3)), (96, 156, 92), across(146, 110))
    pen.main(path((-22, -44), (-44, -30), (-62, -14, 0.2), (-57, -8, 0.2), (-36, -18), (-16, -26)), across(112, 88))
    body = path((14, -102), (32, -98), (42, -82), (41, -58), (30, -34), (8, -21), (-14, -24), (-30, -38), (-30, -54), (-16, -74), (-6, -92))
    pen.main(body, across(122, 152, 140, 104))
    cream: RGB = (252, 238, 214) if min(pen.paint) < 225 else (224, 216, 214)
    pen.trim(path((40, -64), (41, -54), (30, -34), (8, -21), (2, -24), (10, -46), (28, -62)), cream, down(136, 100))
    pen.main(path((-4, -66), (12, -58), (14, -44), (0, -32), (-22, -30), (-48, -22, 0.2), (-36, -42), (-22, -58)), down(112, 72))
    if detail:
        for k in range(2 + (detail == 2)):
            pen.main(stroke([(4 - 9 * k, -46 + 4 * k), (-8 - 9 * k, -38 + 3 * k), (-24 - 7 * k, -34 + 3 * k)], 2.6, 1), 132)
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
