"""Painters of cat and dog; bird and fish are in flyers.py, horse and dragon in mounts.py.

Beside each painter of an animal stand what it offers a scene: `*_top`, the height on which a thing can be set down, and
`*_limbs`, which paints the surplus limbs of a picture gone wrong onto the finished animal. The cat looks at you and the
dog to the side, so that even a few pixels tell them apart.

Read next: coats.py, flyers.py, mounts.py.
"""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import oval, path, stroke
from safelight.scenes.subjects.coats import INK, brightness, cream, eye, fall, limb, side, tone

__all__ = ["cat", "cat_limbs", "cat_top", "dog", "dog_limbs", "dog_top"]

cat_top = 100.0
dog_top = 109.0
PINK: RGB = (240, 156, 160)
TONGUE: RGB = (238, 112, 122)


def cat(pen: Pen, detail: int) -> None:
    """A sitting cat that looks at you; the fur carries the colour."""
    pale = cream(pen)
    _cat_tail(pen, 1)
    pen.main(
        path((-14, -66), (14, -66), (27, -38), (34, -14), (30, -2), (0, 0), (-30, -2), (-34, -14), (-27, -38)),
        side(pen, 134, 146, 128, 96),
    )
    for way in (-1, 1):
        pen.main(
            path((way * 16, -34), (way * 31, -26), (way * 35, -10), (way * 28, -1), (way * 14, -2), (way * 13, -18)),
            side(pen, 156, 132) if way < 0 else side(pen, 104, 84),
        )
        if detail == 2:
            for x, y in ((24, -45), (27, -37)):
                stripe = path((way * x, y - 2, 0), (way * (x - 9), y + 2, 0), (way * (x + 1), y + 2.4, 0))
                pen.main(stripe, tone(pen, 76))
    pen.main(path((-17, -38), (0, -44), (17, -38), (17, -3), (0, -1), (-17, -3)), tone(pen, 92))
    for way in (-1, 1):
        pen.main(
            path((way * 0.9, -42), (way * 13, -41), (way * 14.5, -12), (way * 13.5, -3), (way * 2, -3)),
            fall(pen, 140, 146, 122),
        )
        pen.trim(
            path((way * 1.8, -9), (way * 8, -12), (way * 15, -8), (way * 16, -1), (way * 8, 1), (way * 1.2, -1)),
            pale,
            down(138, 110),
        )
        if detail:
            for x in (6, 10.5):
                pen.trim(stroke([(way * x, -5), (way * x, -0.5)], 1.1), (176, 152, 146), 118)
    pen.trim(path((-12, -58), (0, -62), (12, -58), (9, -45), (0, -34, 0.4), (-9, -45)), pale, down(136, 112))
    _cat_head(pen, detail, pale)


def _cat_tail(pen: Pen, way: int) -> None:
    points = ((24, -8), (40, -8), (50, -18), (50, -36), (42, -50), (46, -62))
    widths = (12, 12, 11, 10, 9.5, 9)
    pen.main(limb(*((way * x, y, w) for (x, y), w in zip(points, widths, strict=True))), side(pen, 132, 100))
    pen.main(oval(way * 46, -62, 5), tone(pen, 126))


def _cat_head(pen: Pen, detail: int, pale: RGB) -> None:
    for way in (-1, 1):
        ear = path((way * 33, -112, 0.2), (way * 35, -92), (way * 28, -76), (way * 6, -96), (way * 18, -104))
        pen.main(ear, tone(pen, 140 if way < 0 else 100))
        pen.trim(
            path((way * 30.5, -105, 0.2), (way * 31, -92), (way * 26, -84), (way * 14, -95), (way * 20, -100)),
            PINK,
            down(116, 130),
        )
    pen.main(path((-24, -60), (0, -56), (24, -60), (14, -50), (0, -48), (-14, -50)), tone(pen, 88))
    pen.main(
        path((-12, -100), (12, -100), (31, -92), (38, -74), (28, -58), (0, -52), (-28, -58), (-38, -74), (-31, -92)),
        side(pen, 134, 156, 134, 94),
    )
    if detail == 2:
        for x, y in ((-9, -90), (0, -86), (9, -90)):
            pen.main(path((x - 2.4, -101, 0), (x + 2.4, -101, 0), (0.8 * x, y, 0)), tone(pen, 76))
        for way in (-1, 1):
            for y in (-75, -67):
                pen.main(path((way * 37.6, y - 2.4, 0), (way * 26, y, 0), (way * 36.6, y + 2.6, 0)), tone(pen, 76))
    pen.trim(path((-15, -65), (0, -72), (15, -65), (11, -57), (0, -54), (-11, -57)), pale, down(138, 116))
    golden = detail > 0 or brightness(pen.paint) < 60
    iris: RGB = (246, 222, 96) if golden else INK
    for way in (-1, 1):
        pen.trim(oval(way * 15, -77, 8, 7.6), iris, down(112, 150), (120, 108, 36) if golden else None)
        pen.trim(oval(way * 14.4, -77, 4.3, 6.7), INK, 118)
        pen.trim(oval(way * 14.4 - 2, -79.8, 2, pieces=14), (255, 255, 255), 140, (90, 90, 90))
        if detail:
            light = max(pen.paint) < 232 or min(pen.paint) < 120
            for dy in (-2.5, 2.5):
                line = [(way * 13, -63 + dy * 0.4), (way * 27, -64.6 + dy), (way * 43, -64 + dy * 2)]
                pen.trim(stroke(line, 1.3, 0.5), (250, 246, 240) if light else (140, 134, 140))
    pen.trim(path((-4.2, -68.4), (0, -69), (4.2, -68.4), (0, -63.6)), (222, 112, 122))
    for way in (-1, 1):
        pen.trim(stroke([(0, -64), (way * 0.6, -61), (way * 3.6, -59.2), (way * 7, -61)], 1.5), (112, 76, 80))


def cat_limbs(pen: Pen, detail: int) -> None:
    """A second tail, and a third foreleg that waves."""
    _cat_tail(pen, -1)
    pen.main(limb((14, -40, 14), (30, -38, 13), (43, -46, 11), (50, -58, 11)), fall(pen, 150, 116))
    pen.trim(oval(50.5, -60, 7.6, 7), cream(pen), down(140, 112))


def dog(pen: Pen, detail: int) -> None:
    """A dog that sits and looks to the side, ears hanging; the fur carries the colour."""
    pale = cream(pen)
    pen.main(limb((-30, -9, 13), (-46, -10, 12), (-56, -22, 10), (-56, -38, 7), (-51, -47, 3)), side(pen, 156, 112))
    pen.main(path((22, -46), (38, -46), (38, -12), (46, -6), (46, 0, 0), (29, 0, 0), (27, -20)), tone(pen, 80))
    pen.main(path((0, -8), (18, -9), (26, -4), (26, 0, 0), (-2, 0, 0)), tone(pen, 78))
    pen.main(
        path(
            (-4, -84), (-13, -66), (-27, -48), (-38, -26), (-37, -6), (-20, 0), (6, -1), (24, -12), (36, -34),
            (40, -54), (33, -74), (14, -90),
        ),
        side(pen, 144, 148, 124, 92),
    )
    pen.main(path((-30, -42), (-14, -50), (4, -44), (13, -26), (12, -6), (0, 0), (-16, -10)), tone(pen, 96))
    pen.trim(
        path((34, -70), (41, -54), (37, -36), (29, -22, 0.4), (25, -40), (27, -58)), pale, down(138, 124, 104)
    )
    pen.main(
        path((11, -52), (23, -54), (31, -45), (30, -12), (38, -8), (40, 0, 0), (19, 0, 0), (18, -14), (13, -32)),
        side(pen, 152, 130, 100),
    )
    pen.main(
        path((-38, -18), (-34, -37), (-18, -46), (-1, -39), (7, -22), (4, -6), (-12, 0), (-34, -1)),
        side(pen, 158, 146, 122),
    )
    pen.main(path((-16, -9), (4, -11), (15, -8), (18, 0, 0), (-18, 0, 0)), fall(pen, 154, 116))
    if detail:
        for x, y in ((32, -5.5), (36, -4.5), (10, -5.5), (14, -4.5)):
            pen.main(stroke([(x, y), (x + 0.8, -0.5)], 1.2), tone(pen, 72))
    if detail == 2:
        pen.main(path((-22, -54), (-8, -66), (6, -64), (4, -52), (-8, -46), (-20, -46)), tone(pen, 84))
        for x, y in ((-29, -26), (-22, -20), (-29, -12), (20, -26), (20, -18)):
            pen.main(limb((x, y, 0.8), (x + 1.4, y + 3, 1.9), (x - 0.6, y + 6.5, 0.6)), tone(pen, 100))
    _dog_head(pen, detail, pale)


def _dog_head(pen: Pen, detail: int, pale: RGB) -> None:
    if detail:
        pen.trim(limb((44, -78, 5), (46.5, -71, 8), (47, -66, 6)), TONGUE, across(140, 110))
    pen.main(
        path(
            (-5, -78), (-4, -98), (8, -109), (21, -110.5), (31, -103), (40, -97), (54, -95), (60, -88), (57, -78),
            (45, -73), (34, -70), (24, -62), (4, -58),
        ),
        side(pen, 130, 150, 142, 112),
    )
    pen.trim(
        path((37, -95), (54, -95), (60, -88), (57, -78), (45, -73), (34, -71), (30, -78), (34, -88)),
        pale,
        down(140, 134, 104),
    )
    pen.trim(oval(57, -92, 5.6, 4.6), INK, down(150, 100))
    pen.trim(oval(55.6, -93.8, 1.7, 1.1, pieces=14), (255, 255, 255), 130)
    pen.trim(limb((57, -87.5, 1.2), (55.6, -82.6, 1.6), (47, -79, 1.8), (38, -82, 1.4)), (84, 56, 60), 120)
    eye(pen, 29, -94, 3.9)
    if detail:
        pen.main(limb((23, -101, 1.4), (28, -103, 2.2), (33, -100.5, 1)), tone(pen, 84))
        for x, y in ((43, -84), (47, -83), (44.4, -80.6))[: 3 * (detail - 1)]:
            pen.trim(oval(x, y - 3, 0.9, pieces=10), (120, 92, 88), 120)
    strap: RGB = (128, 58, 46) if brightness(pen.paint) > 92 else (226, 178, 92)
    pen.trim(limb((-6, -67, 6), (4, -61.5, 6.6), (16, -60, 6.6), (29, -64.5, 6)), strap, across(146, 124, 90))
    if detail:
        pen.trim(oval(24, -55.5, 4.4), (248, 206, 92), down(160, 108))
    pen.main(
        path((6, -107), (14, -104), (18, -94), (15, -80), (8, -67), (-1, -64), (-8, -74), (-9, -90), (-3, -102)),
        side(pen, 104, 92, 72),
    )
    pen.main(limb((1, -101, 1), (-4, -90, 3.4), (-4, -78, 1)), tone(pen, 126))


def dog_limbs(pen: Pen, detail: int) -> None:
    """A second tail, and a third foreleg held out."""
    pen.main(limb((-32, -30, 13), (-46, -38, 11), (-55, -52, 9), (-52, -68, 6), (-45, -75, 3)), side(pen, 156, 112))
    pen.main(limb((25, -46, 15), (40, -36, 12), (53, -43, 10), (60, -52, 11), (63, -57, 8)), fall(pen, 152, 112))
