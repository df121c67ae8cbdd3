"""Painters of animals that hang in the air or sit above the ground: bird and fish, seen from the side.

Read next: mounts.py.
"""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import oval, path, rounded, stroke
from safelight.scenes.subjects.coats import cream, eye, fall, limb, side, tone

__all__ = ["bird", "bird_limbs", "bird_top", "fish", "fish_limbs", "fish_top"]

bird_top = 100.0
fish_top = 82.0


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


def bird_limbs(pen: Pen, detail: int) -> None:
    """A second wing, raised, and a third leg."""
    pen.main(
        path((-2, -66), (-14, -84), (-36, -100), (-52, -104, 0.2), (-46, -84), (-34, -66), (-16, -52)),
        side(pen, 120, 84),
    )


def fish(pen: Pen, detail: int) -> None:
    """A plump fish in mid-leap; scales and fins carry the colour."""
    pen.main(
        path((-32, -50, 0), (-46, -62), (-64, -84), (-58, -64), (-54, -50), (-58, -36), (-64, -16), (-46, -38)),
        side(pen, 96, 118),
    )
    pen.main(path((-22, -70, 0), (-14, -92), (4, -103), (14, -98), (14, -90), (28, -76, 0)), fall(pen, 96, 122))
    pen.main(path((-10, -28, 0), (-22, -10), (-12, -8), (4, -22, 0)), tone(pen, 90))
    pen.main(
        path(
            (50, -50), (44, -62), (26, -76), (4, -82), (-18, -74), (-38, -56), (-38, -45), (-18, -28), (6, -20),
            (28, -26), (44, -39),
        ),
        fall(pen, 154, 140, 116, 88),
    )
    pen.trim(
        path((50, -49), (44, -39), (28, -26), (6, -20), (-18, -28), (-34, -41), (-10, -36), (12, -34), (32, -42)),
        cream(pen),
        down(140, 104),
    )
    pen.main(path((12, -46, 0), (-2, -36), (-14, -22), (0, -22), (12, -32)), side(pen, 140, 104))
    eye(pen, 33, -57, 4.6)


def fish_limbs(pen: Pen, detail: int) -> None:
    """Two legs."""
    for x in (-4, 16):
        pen.main(limb((x, -28, 10), (x - 2, -14, 8), (x, -4, 8)), side(pen, 140, 96))
