"""Painters of animals: cat and dog here; bird and fish, horse and dragon in the files they are taken from.

Beside each painter stand what it offers a scene: `*_top`, the height on which a thing can be set down, and `*_limbs`,
which paints the surplus limbs of a picture gone wrong onto the finished animal.

Read next: coats.py, flyers.py, mounts.py.
"""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import oval, path, stroke
from safelight.scenes.subjects.coats import INK, brightness, cream, eye, fall, limb, side, tone
from safelight.scenes.subjects.flyers import bird, bird_limbs, bird_top, fish, fish_limbs, fish_top
from safelight.scenes.subjects.mounts import (
    dragon, dragon_limbs, dragon_seat, dragon_top, horse, horse_limbs, horse_seat, horse_top,
)

__all__ = [
    "bird", "bird_limbs", "bird_top", "cat", "cat_limbs", "cat_top", "dog", "dog_limbs", "dog_top", "dragon",
    "dragon_limbs", "dragon_seat", "dragon_top", "fish", "fish_limbs", "fish_top", "horse", "horse_limbs",
    "horse_seat", "horse_top",
]

cat_top = 100.0
dog_top = 108.0
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


def cat_limbs(pen: Pen, detail: int) -> None:
    """A second tail and a third foreleg, raised."""
    tail = [(-26, -8), (-42, -8), (-51, -18), (-50, -36), (-43, -50), (-47, -62)]
    pen.main(path(*stroke(tail, 12, 8)), side(pen, 136, 104))
    pen.main(oval(-47, -62, 5), tone(pen, 128))


def dog(pen: Pen, detail: int) -> None:
    """A dog that sits and looks to the side, ears hanging; the fur carries the colour."""
    pen.main(limb((-30, -9, 12), (-46, -10, 11), (-56, -22, 9), (-55, -38, 6), (-50, -46, 3)), side(pen, 150, 110))
    pen.main(path((20, -46), (38, -46), (37, -12), (45, -6), (45, 0, 0), (28, 0, 0), (26, -20)), tone(pen, 82))
    pen.main(path((0, -8), (18, -9), (27, -4), (26, 0, 0), (-2, 0, 0)), tone(pen, 80))
    pen.main(
        path(
            (-4, -84), (-14, -66), (-28, -48), (-38, -26), (-36, -6), (-20, 0), (6, -2), (22, -16), (34, -36), (39, -54),
            (33, -74), (14, -90),
        ),
        side(pen, 140, 148, 124, 94),
    )
    pen.trim(path((36, -68), (40, -54), (35, -36), (28, -26), (25, -42), (29, -58)), cream(pen), down(136, 108))
    pen.main(
        path((11, -50), (24, -52), (31, -44), (29, -12), (37, -7), (38, 0, 0), (18, 0, 0), (17, -14), (13, -32)),
        side(pen, 146, 128, 100),
    )
    pen.main(
        path((-37, -18), (-34, -36), (-18, -46), (-2, -38), (5, -22), (2, -8), (-12, 0), (-34, -1)),
        side(pen, 156, 142, 112),
    )
    pen.main(path((-14, -10), (4, -10), (15, -6), (16, 0, 0), (-16, 0, 0)), fall(pen, 150, 110))
    _dog_head(pen, detail)


def _dog_head(pen: Pen, detail: int) -> None:
    collar: RGB = (120, 62, 48) if brightness(pen.paint) > 100 else (226, 184, 104)
    pen.main(
        path(
            (-4, -82), (-3, -98), (8, -109), (22, -110), (32, -102), (42, -96), (54, -94), (60, -87), (57, -78),
            (44, -73), (33, -70), (24, -62), (6, -60),
        ),
        side(pen, 132, 152, 138, 108),
    )
    pen.trim(path((38, -94), (54, -94), (60, -87), (57, -78), (44, -73), (34, -72), (32, -82)), cream(pen), down(138, 110))
    pen.trim(oval(56.5, -91, 5.4, 4.4), INK, down(150, 100))
    pen.trim(stroke([(56, -82), (48, -78.5), (40, -80)], 1.5, 1.1), INK, 110)
    eye(pen, 29, -94, 3.6)
    pen.trim(limb((-3, -68, 6), (12, -62, 6.5), (29, -64, 6)), collar, across(140, 120, 90))
    pen.trim(oval(25, -56, 4.2), (246, 204, 92), down(156, 108))
    pen.main(
        path((4, -107), (14, -104), (17, -92), (12, -76), (4, -66), (-6, -70), (-9, -86), (-5, -100)),
        side(pen, 110, 92, 76),
    )


def dog_limbs(pen: Pen, detail: int) -> None:
    """A second tail and a third foreleg, raised."""
    pen.main(limb((-34, -28, 12), (-46, -36, 10), (-54, -50, 8), (-50, -66, 5), (-44, -72, 3)), side(pen, 150, 110))
    pen.main(limb((24, -44, 14), (40, -38, 11), (54, -46, 9), (58, -52, 9)), fall(pen, 150, 110))
