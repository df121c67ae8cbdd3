"""Painters of people, made of flesh or metal: warrior, robot."""

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke

__all__ = ["medieval_warrior", "robot"]

STEEL: RGB = (178, 188, 204)
DARK: RGB = (46, 48, 62)
GOLD: RGB = (232, 186, 88)
LIGHT: RGB = (126, 236, 240)


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
            (248, 240, 222),
            130,
        )
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
    grey: RGB = (150, 160, 178)
    for side in (-1, 1):
        pen.trim(rounded(side * 12 - 6, -24, side * 12 + 6, -6, 3), grey, across(146, 130, 80))
        pen.trim(
            path(
                (side * 12 - 10, 0, 0), (side * 12 - 10, -5), (side * 12 - 4, -10), (side * 12 + 5, -10),
                (side * 12 + 10, -5), (side * 12 + 10, 0, 0),
            ),
            (76, 84, 106),
            down(158, 104),
        )
        pen.trim(stroke([(side * 24, -54), (side * 38, -46), (side * 41, -30)], 9), grey, across(140, 90))
        pen.main(oval(side * 27, -55, 8.5), BALL)
        pen.trim(
            path(
                (side * 34, -31), (side * 41, -34), (side * 48, -31), (side * 49, -22), (side * 44, -24),
                (side * 41, -22), (side * 37, -24), (side * 34, -21),
            ),
            (76, 84, 106),
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
        pen.main(box(-17, -30.5, 17, -28.8), 80)
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
