"""Painters of the two animals that carry riders: horse and dragon, both seen from the side.

A rider's hip goes to `horse_seat` or `dragon_seat`; the back dips there and nothing stands up between wing or tail and
neck. Legs on the far side are painted first and darker, which is all the depth that a side view needs.

Read next: people.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import Point, oval, path, stroke
from safelight.scenes.subjects.coats import INK, brightness, cream, eye, fall, limb, side, tone

__all__ = ["dragon", "dragon_limbs", "dragon_seat", "dragon_top", "horse", "horse_limbs", "horse_seat", "horse_top"]

horse_seat: Point = (-9.0, -65.0)
horse_top = 104.0
dragon_seat: Point = (4.0, -58.0)
dragon_top = 106.0

HOOF: RGB = (70, 58, 58)


def _mane(paint: RGB) -> RGB:
    """Hair that sets itself off from the coat: dark on bright coats, flaxen on dark ones, silver on white."""
    if min(paint) > 225:
        return (164, 162, 178)
    return (66, 48, 50) if brightness(paint) > 96 else (232, 212, 178)


def _hoof(pen: Pen, x: float, y: float, near: bool) -> None:
    outline = path((x - 4, y - 7, 0), (x + 4, y - 7, 0), (x + 6.6, y, 0), (x - 5, y, 0))
    pen.trim(outline, HOOF, across(150, 96) if near else 84)


def _horse_leg(pen: Pen, joints: tuple[tuple[float, float, float], ...], near: bool, sock: bool) -> None:
    x, y, _ = joints[-1]
    pen.main(limb(*joints), side(pen, 140, 122, 92) if near else tone(pen, 78))
    if sock:
        ax, ay, width = joints[-2]
        pen.trim(limb((x + 0.7 * (ax - x), y + 0.7 * (ay - y), width), (x, y, 8)), cream(pen), 130 if near else 86)
    _hoof(pen, x + 1, y + 6, near)


def horse(pen: Pen, detail: int) -> None:
    """A horse that lifts a foreleg; the coat carries the colour, mane and tail do not."""
    hair = _mane(pen.paint)
    sock = detail > 0
    _horse_leg(pen, ((-34, -52, 20), (-27, -36, 12), (-27, -24, 7.5), (-21, -6, 7)), False, sock)
    _horse_leg(pen, ((24, -48, 15), (21, -28, 9), (19, -16, 6.5), (18, -6, 7)), False, sock)
    tail = path(
        (-45, -66), (-54, -66), (-61, -52), (-61, -34), (-66, -16), (-60, -6, 0.2), (-58, -12), (-52, -4, 0.2),
        (-49, -20), (-50, -38), (-47, -52),
    )
    pen.trim(tail, hair, across(150, 124, 88))
    pen.main(
        path(
            (6, -70), (-8, -66), (-22, -67), (-34, -70), (-45, -66), (-50, -54), (-44, -42), (-28, -37), (-10, -33),
            (8, -33), (24, -38), (33, -50), (30, -66),
        ),
        fall(pen, 160, 150, 128, 82),
    )
    pen.main(
        path(
            (2, -69), (10, -84), (20, -100), (32, -107), (42, -98), (40, -84), (38, -68), (36, -50), (24, -42),
            (10, -52),
        ),
        side(pen, 122, 158, 138, 100),
    )
    pen.main(
        path((-20, -64), (-34, -69.5), (-45, -66), (-51, -54), (-49, -42), (-40, -34), (-29, -36), (-20, -48)),
        side(pen, 158, 146, 116),
    )
    _horse_leg(pen, ((-38, -50, 24), (-38, -37, 16), (-43, -24, 8.5), (-40, -6, 7)), True, sock)
    _horse_leg(pen, ((25, -50, 18), (36, -36, 11), (41, -30, 8), (31, -18, 6.4), (29, -12, 6.4)), True, sock)
    _horse_head(pen, detail, hair)
    if detail == 2:
        for x0, y0, x1, y1 in ((14, -62, 18, -44), (-24, -60, -22, -46)):
            pen.main(limb((x0, y0, 1), (0.5 * (x0 + x1) - 3, 0.5 * (y0 + y1), 2.2), (x1, y1, 1)), tone(pen, 88))


def _horse_head(pen: Pen, detail: int, hair: RGB) -> None:
    pen.main(path((36, -100, 0), (43, -114, 0.2), (46, -98, 0)), tone(pen, 84))
    pen.main(
        path(
            (28, -104), (38, -106), (47, -98), (55, -85), (62, -77), (63, -70), (57, -66), (50, -69), (43, -77),
            (34, -80), (28, -90),
        ),
        side(pen, 138, 152, 122, 100),
    )
    pen.main(path((30, -102, 0), (34, -116, 0.2), (41, -102, 0)), tone(pen, 146))
    pen.trim(
        path(
            (36, -110, 0.4), (26, -108), (14, -97), (5, -82), (-3, -70, 0.3), (3, -69), (1, -60, 0.2), (8, -66),
            (10, -57, 0.2), (15, -74), (20, -76, 0.2), (22, -88), (28, -90, 0.2), (29, -100), (36, -103),
        ),
        hair,
        across(152, 126, 96),
    )
    pen.trim(path((33, -109), (41, -106), (45, -94, 0.2), (38, -99), (36, -93, 0.2), (33, -101)), hair, 132)
    if detail:
        pen.trim(path((46, -99), (51, -92), (59, -81), (57, -79), (49, -88), (45, -95)), cream(pen), 136)
    muzzle = (112, 84, 84) if brightness(pen.paint) > 60 else (92, 82, 92)
    pen.trim(path((57, -81), (62, -77), (63, -70), (57, -66), (52, -69), (54, -76)), muzzle, down(140, 104))
    pen.trim(oval(60, -75, 1.5, 2, pieces=12), INK, 100)
    pen.trim(stroke([(61, -69.5), (56, -70.5)], 1.1), INK, 100)
    eye(pen, 43, -92, 2.9)
    if detail == 2:
        strap: RGB = (92, 56, 44) if brightness(pen.paint) > 100 else (214, 170, 110)
        pen.trim(stroke([(33, -103), (37, -92), (42, -79)], 2), strap, 130)
        pen.trim(stroke([(51, -90), (47, -82), (44, -78)], 2), strap, 130)
        pen.trim(oval(43, -78, 1.8, pieces=12), (236, 196, 96), 150)


def horse_limbs(pen: Pen, detail: int) -> None:
    """Two more legs under the belly."""
    _horse_leg(pen, ((-12, -44, 17), (-8, -28, 10), (-13, -18, 7), (-11, -6, 7)), True, detail > 0)
    _horse_leg(pen, ((6, -44, 16), (9, -28, 9.5), (4, -18, 6.6), (4, -6, 7)), True, detail > 0)


def dragon(pen: Pen, detail: int) -> None:
    """A dragon on four legs, wings up, that looks ahead; scales and wings carry the colour."""
    bone: RGB = (246, 230, 188)
    _wing(pen, 15, -2, 96, 68, detail)
    _claw_leg(pen, ((-24, -36, 20), (-12, -22, 12), (-17, -10, 8), (-14, -4, 8)), near=False)
    _claw_leg(pen, ((28, -40, 15), (34, -24, 10), (31, -10, 8), (33, -4, 8)), near=False)
    _dragon_tail(pen, bone, ((-26, -30), (-40, -12), (-52, -8), (-62, -14), (-64, -26), (-61, -36)))
    neck = limb((12, -42, 38), (27, -64, 25), (30, -80, 18), (36, -94, 16), (46, -98, 12))
    pen.main(neck, side(pen, 124, 156, 132, 98))
    pen.main(
        path(
            (24, -62), (4, -57), (-14, -59), (-30, -53), (-40, -38), (-34, -20), (-14, -14), (10, -16), (28, -26),
            (36, -42), (34, -56),
        ),
        fall(pen, 158, 146, 122, 80),
    )
    plates = path(
        (42, -84), (37, -70), (40, -54), (38, -40), (28, -24), (10, -14.5), (-10, -14), (8, -24), (22, -36), (28, -50),
        (29, -66), (36, -78),
    )
    pen.trim(plates, bone, down(144, 130, 90))
    seams = ((33, -73, 38, -71), (30, -62, 39, -60), (28, -50, 40, -49), (24, -38, 38, -36))
    for x0, y0, x1, y1 in seams[: 4 * detail]:
        pen.trim(limb((x0, y0, 1.2), (0.5 * (x0 + x1), y0 + 2.4, 1.6), (x1, y1, 1.2)), (176, 146, 104), 112)
    _claw_leg(pen, ((-28, -38, 30), (-21, -22, 17), (-33, -12, 10.5), (-30, -4, 10.5)), near=True)
    _claw_leg(pen, ((18, -42, 21), (15, -25, 13), (19, -12, 9.5), (20, -4, 9.5)), near=True)
    if detail == 2:
        for x, y in (
            (-36, -42), (-28, -46), (-32, -34), (-24, -36), (-8, -46), (0, -40), (8, -48), (22, -72), (28, -83),
        ):
            pen.main(limb((x - 3, y - 1.5, 0.8), (x, y + 1.4, 2.1), (x + 3, y - 1.5, 0.8)), tone(pen, 92))
    for x, y, h, lean in ((17, -76, 10, -4), (21, -87, 9, -5), (-28, -54, 9, -5), (-37, -44, 8, -7)):
        pen.trim(path((x - 5, y + 5, 0), (x + lean - 3, y - h, 0), (x + 4, y + 2, 0)), bone, across(144, 104))
    _dragon_head(pen, detail, bone)
    _wing(pen, 0, 0, 150, 92, detail)


def _dragon_tail(pen: Pen, bone: RGB, line: tuple[Point, ...]) -> None:
    """A tapering tail along six points, its last stretch pointing the spade at the tip."""
    (ax, ay), (bx, by) = line[-2:]
    length = math.hypot(bx - ax, by - ay)
    dx, dy = (bx - ax) / length, (by - ay) / length
    spade = ((3, 0), (-2, 8), (21, 0), (-2, -8))
    pen.main(limb(*((x, y, w) for (x, y), w in zip(line, (27, 19, 13, 9, 7, 5), strict=True))), fall(pen, 150, 136, 94))
    pen.trim([(bx + u * dx - v * dy, by + u * dy + v * dx) for u, v in spade], bone, across(150, 110))


def _wing(pen: Pen, x: float, y: float, bones: int, skin: int, detail: int) -> None:
    """A wing of four fingers that rises from the shoulder at (x - 4, y - 54)."""
    root, wrist = (x - 4, y - 54), (x - 18, y - 106)
    tips = [(x - 66, y - 98), (x - 62, y - 72), (x - 46, y - 54), (x - 24, y - 46)]
    outline: list[tuple[float, ...]] = [(*root, 0), (x - 3, y - 84), (*wrist, 0), (x - 44, y - 108)]
    for k, (tx, ty) in enumerate(tips):
        if k:
            px, py = tips[k - 1]
            outline.append((0.5 * (px + tx) + 0.18 * (wrist[0] - tx), 0.5 * (py + ty) + 0.18 * (wrist[1] - ty)))
        outline.append((tx, ty, 0))
    pen.main(path(*outline), side(pen, skin + 10, skin, skin - 14))
    for tx, ty in tips[: 2 + detail]:
        middle = (0.5 * (wrist[0] + tx) - 3, 0.5 * (wrist[1] + ty) - 3)
        pen.main(limb((*wrist, 4.6), (*middle, 3.2), (tx, ty, 1)), tone(pen, bones - 12))
    pen.main(limb((*root, 12), (x - 4, y - 84, 8), (*wrist, 6)), tone(pen, bones))
    pen.trim(path((x - 21, y - 104, 0), (x - 15, y - 112, 0), (x - 13, y - 102, 0)), (246, 230, 188), bones)


def _claw_leg(pen: Pen, joints: tuple[tuple[float, float, float], ...], near: bool) -> None:
    x = joints[-1][0]
    pen.main(limb(*joints), side(pen, 156, 138, 100) if near else tone(pen, 78))
    foot = path((x - 6.5, -9), (x + 5, -9.5), (x + 12, -4), (x + 11, 0, 0), (x - 7, 0, 0))
    pen.main(foot, fall(pen, 148, 116) if near else tone(pen, 72))
    for at in (x - 1, x + 5, x + 11):
        claw = path((at - 2.4, -3.6, 0), (at + 2, -4, 0), (at + 4.4, 0.6, 0), (at - 1, 0.4, 0))
        pen.trim(claw, (250, 240, 214), 140 if near else 92)


def _dragon_head(pen: Pen, detail: int, bone: RGB) -> None:
    pen.trim(path((41, -102, 0), (31, -108), (21, -108, 0), (30, -101), (38, -94, 0)), bone, 98)
    if detail:
        pen.main(path((38, -92, 0), (24, -92, 0), (33, -87, 0), (27, -80, 0), (40, -84, 0)), side(pen, 96, 120))
    pen.main(path((42, -88), (58, -86), (67, -85), (63, -80), (50, -78), (41, -81)), tone(pen, 96))
    pen.main(
        path(
            (34, -95), (40, -106), (50, -108), (57, -102), (65, -98), (71, -95), (72, -88), (62, -85.5), (50, -85),
            (39, -83),
        ),
        side(pen, 128, 156, 132, 108),
    )
    pen.trim(path((46, -107, 0), (38, -115), (25, -117, 0), (33, -109), (41, -100, 0)), bone, across(116, 148))
    for x in (68, 62)[:detail]:
        pen.trim([(x - 1.6, -87), (x + 1.6, -87), (x, -82.6)], (255, 250, 236), 140)
    pen.trim(limb((71, -87.6, 1.4), (60, -86, 1.6), (50, -88, 1.3)), INK, 100)
    pen.trim(oval(67.6, -94, 1.7, 1.3, pieces=12), INK, 100)
    eye(pen, 52.5, -98, 2.9, (252, 214, 80))
    pen.main(limb((47, -103, 1.6), (53, -103.4, 2.6), (59, -99.6, 1)), tone(pen, 84))


def dragon_limbs(pen: Pen, detail: int) -> None:
    """A fifth leg under the belly, and a sixth stretched out before the chest."""
    _claw_leg(pen, ((-4, -36, 22), (1, -22, 13), (-6, -11, 9.5), (-4, -4, 9.5)), near=True)
    pen.main(limb((26, -46, 20), (40, -38, 14), (54, -44, 10.5), (63, -56, 9.5)), fall(pen, 154, 116))
    for k in (-1, 0, 1):
        x, y = 64 + 4 * k, -58 + 2 * k
        pen.trim(path((x - 2.6, y + 2, 0), (x + 2.6, y + 2.6, 0), (x + 3 + 2 * k, y - 7 + abs(k), 0)), (250, 240, 214))
