"""Painters of animals that hang in the air or sit above the ground: bird and fish, seen from the side.

A fish is told by its outline alone, since most of the world is dry land: forked tail, back fin, round eye.

Read next: mounts.py.
"""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import oval, path, rounded, stroke
from safelight.scenes.subjects.coats import INK, brightness, cream, eye, fall, limb, side, tone

__all__ = ["bird", "bird_limbs", "bird_top", "fish", "fish_limbs", "fish_top"]

bird_top = 101.0
fish_top = 101.0
FOOT: RGB = (238, 150, 62)


def bird(pen: Pen, detail: int) -> None:
    """A round songbird on a branch, seen from the side; the plumage carries the colour."""
    _branch(pen, detail)
    pen.main(path((-22, -44), (-44, -30), (-62, -14, 0.2), (-57, -8, 0.2), (-36, -18), (-16, -26)), side(pen, 122, 96))
    if detail:
        pen.main(stroke([(-26, -32), (-42, -22), (-59, -11)], 1.6), tone(pen, 68))
    body = path(
        (14, -102), (32, -98), (42, -82), (41, -58), (30, -34), (8, -21), (-14, -24), (-30, -38), (-30, -54),
        (-16, -74), (-6, -92),
    )
    pen.main(body, side(pen, 124, 152, 142, 104))
    breast = path((40.6, -64), (41, -54), (30, -34), (8, -21), (0, -23), (8, -46), (26, -63))
    pen.trim(breast, cream(pen), down(140, 128, 96))
    if detail == 2:
        for x, y in ((30, -54), (36, -48), (24, -46), (30, -41), (18, -38), (24, -33)):
            pen.trim(limb((x - 2.4, y - 1.6, 0.7), (x, y, 1.7), (x + 2.4, y - 1.6, 0.7)), (206, 180, 152), 122)
    _bird_wing(pen, detail)
    pen.trim(path((38, -79), (56, -77.6, 0), (40, -72)), (224, 122, 44), 112)
    pen.trim(path((38, -87), (48, -85), (60, -77.5, 0), (39, -78, 0)), (250, 172, 62), down(150, 116))
    light: RGB = (255, 255, 255) if sum(pen.paint) < 660 else (206, 206, 214)
    pen.trim(oval(27, -83, 5.8), light, 136)
    eye(pen, 28, -83, 4.2, light)
    if detail == 2:
        pen.main(path((6, -99), (-3, -112), (8, -108), (12, -117, 0.4), (20, -101)), tone(pen, 116))
        pen.trim(oval(35, -70, 4.2, 3.2), (244, 150, 140), 128)
    for x in (4, 16):
        pen.trim(stroke([(x, -24), (x + 1, -17)], 2.8), FOOT, 116)
        pen.trim(rounded(x - 4, -20, x + 6, -15.2, 2), FOOT, down(140, 100))


def _branch(pen: Pen, detail: int) -> None:
    bark: RGB = (116, 84, 68)
    pen.trim(limb((-60, -13, 9), (-24, -18, 8), (16, -17, 7), (60, -25, 4)), bark, down(156, 84))
    for x, y, lean in ((-44, -19, -1), (42, -25, 1), (54, -21, 1))[: 1 + detail]:
        leaf = path((x, y, 0), (x + 4 * lean, y - 11), (x + 16 * lean, y - 14, 0), (x + 12 * lean, y - 3))
        pen.trim(leaf, (96, 156, 92), across(146, 110))


def _bird_wing(pen: Pen, detail: int) -> None:
    wing = path((-4, -68), (12, -61), (15, -46), (2, -33), (-22, -30), (-50, -21, 0.2), (-38, -40), (-23, -58))
    pen.main([(1.03 * x + 1.6, y + 1.8 if y > -60 else y - 1.4) for x, y in wing], tone(pen, 84))
    pen.main(wing, fall(pen, 126, 114, 92))
    if not detail:
        return
    for k in range(3):
        x, y = 3 - 10 * k, -42 + 4.4 * k
        pen.main(limb((x, y, 3.2), (x - 13, y + 7, 3), (x - 30 + 2 * k, y + 11, 0.8)), tone(pen, 136))
    if detail == 2:
        for k in range(4):
            x = 8 - 8.5 * k
            pen.main(limb((x - 4, -55 + 2 * k, 0.8), (x, -52 + 2 * k, 2.4), (x + 3, -56 + 2 * k, 0.8)), tone(pen, 140))


def bird_limbs(pen: Pen, detail: int) -> None:
    """A second wing, raised behind the back, and a third leg."""
    wing = path((0, -62), (-16, -86), (-36, -104), (-58, -111, 0.2), (-55, -96), (-49, -82), (-36, -64), (-16, -50))
    pen.main(wing, side(pen, 132, 92))
    for k in range(1 + detail):
        x, y = -48 + 8 * k, -98 + 15 * k
        pen.main(limb((x, y, 0.8), (x + 13, y + 12, 2.6), (x + 26, y + 24 - 4 * k, 1)), tone(pen, 72))
    pen.trim(limb((20, -34, 4), (32, -24, 3.4), (44, -30, 3.4)), FOOT, 124)
    for dx, dy in ((6, -6), (9, -1), (6, 4)):
        pen.trim(limb((43, -30, 3), (43 + dx, -30 + dy, 2)), FOOT, 132)


def fish(pen: Pen, detail: int) -> None:
    """A plump fish in mid-leap; scales and fins carry the colour."""
    _fins(pen, detail)
    pen.main(
        path(
            (53, -54), (48, -66), (36, -78), (16, -87), (-8, -84), (-28, -68), (-42, -55), (-42, -45), (-28, -35),
            (-8, -21), (16, -16), (36, -25), (48, -42),
        ),
        fall(pen, 160, 146, 128, 96),
    )
    belly = path((49, -42), (36, -25), (16, -16), (-8, -21), (-28, -35), (-38, -43), (-14, -36), (14, -30), (34, -36))
    pen.trim(belly, cream(pen), down(140, 130, 100))
    if detail:
        rows = ((-68, 6), (-58, 0), (-48, 6)) if detail == 1 else ((-74, 0), (-66, 6), (-58, 0), (-50, 6), (-42, 0))
        for y, shift in rows:
            for k in range(3 if detail == 1 else 4):
                x = 10 - shift - 12 * k
                if abs(y + 51) < 33 - 0.016 * (x - 8) ** 2:
                    scale = limb((x + 4, y - 4.5, 1), (x - 1, y, 2.2), (x + 4, y + 4.5, 1))
                    pen.main(scale, tone(pen, 94 if y > -70 else 104))
    pen.main(path((26, -83), (32, -70), (33, -54), (28, -38), (22, -30), (25, -46), (26, -62)), tone(pen, 92))
    pen.main(path((15, -50, 0), (0, -46), (-13, -36, 0.4), (-10, -28), (-2, -27), (10, -34)), side(pen, 116, 94))
    if detail:
        for dx, dy in ((-20, 8), (-16, 14)):
            pen.main(limb((9, -43, 1), (9 + 0.9 * dx, -43 + 0.9 * dy, 1.6)), tone(pen, 140))
    _fish_face(pen, detail)


def _fins(pen: Pen, detail: int) -> None:
    tail = path(
        (-36, -50, 0.4), (-46, -64), (-60, -84), (-68, -88, 0.3), (-65, -68), (-57, -50, 0.4), (-65, -32),
        (-68, -12, 0.3), (-60, -16), (-46, -36),
    )
    pen.main(tail, side(pen, 128, 94))
    back = path((-22, -66, 0), (-24, -88), (-14, -101), (4, -106), (20, -101, 0.3), (16, -93), (32, -78, 0))
    pen.main(back, fall(pen, 122, 92))
    pen.main(path((2, -20, 0), (-8, -8), (-22, -3, 0.3), (-20, -14), (-16, -26, 0)), fall(pen, 96, 116))
    pen.main(path((28, -25, 0), (24, -12), (12, -6, 0.3), (13, -18, 0)), tone(pen, 86))
    if not detail:
        return
    for k in range(2 + detail):
        share = (k + 0.5) / (2 + detail)
        bow = 1 - (2 * share - 1) ** 2
        for x0, y0, x1, y1 in (
            (-44, -52 + 4 * share, -64 + 10 * bow, -78 + 56 * share),
            (-12 + 26 * share, -76, -17 + 30 * share, -97 - 4 * bow),
        ):
            pen.main(limb((x0, y0, 1), (0.5 * (x0 + x1), 0.5 * (y0 + y1), 2.2), (x1, y1, 1)), tone(pen, 148))


def _fish_face(pen: Pen, detail: int) -> None:
    white: RGB = (252, 248, 236) if brightness(pen.paint) < 225 else (212, 210, 214)
    pen.trim(oval(38, -59, 7.4, 7.4), white, down(112, 140), (70, 68, 60))
    eye(pen, 39.4, -59, 4.6, white)
    pen.main(path((47, -50), (54, -55), (58, -52), (54, -48.5)), tone(pen, 140))
    pen.main(path((45, -47), (53, -49), (56, -46), (51, -42)), tone(pen, 108))
    pen.trim(limb((54.5, -49, 1.6), (49, -46.6, 1.8), (43.5, -49.4, 1.1)), INK, 108)
    if detail == 2:
        pen.trim(oval(36, -44, 3.8, 2.8), (244, 150, 140), 128)


def fish_limbs(pen: Pen, detail: int) -> None:
    """Two long legs with feet, which reach below the hovering fish."""
    for x, shade in ((14, 104), (-10, 146)):
        pen.main(limb((x, -34, 13), (x + 5, -16, 10), (x, 3, 8)), side(pen, shade + 8, shade - 28))
        foot = path((x - 6, 2), (x + 3, -1), (x + 16, 5), (x + 17, 10, 0), (x - 7, 10, 0))
        pen.trim(foot, cream(pen), down(shade, shade - 30))
