"""Painters of the two animals that carry riders: horse and dragon, both seen from the side.

A rider's hip goes to `horse_seat` or `dragon_seat`; the back dips there and nothing stands up between wing or tail and
neck. Legs on the far side are painted first and darker, which is all the depth that a side view needs.

Read next: people.py.
"""

from safelight.scenes.canvas import RGB, Pen, across, down
from safelight.scenes.shapes import Point, oval, path, stroke
from safelight.scenes.subjects.coats import INK, brightness, cream, eye, fall, limb, side, tone

__all__ = ["dragon", "dragon_limbs", "dragon_seat", "dragon_top", "horse", "horse_limbs", "horse_seat", "horse_top"]

horse_seat: Point = (-7.0, -65.0)
horse_top = 66.0
dragon_seat: Point = (4.0, -58.0)
dragon_top = 60.0

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
        (ax, ay, width) = joints[-2]
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
            (6, -70), (-8, -66), (-22, -67), (-34, -70), (-45, -65), (-51, -52), (-44, -40), (-28, -37), (-10, -33),
            (8, -33), (24, -38), (33, -50), (30, -66),
        ),
        fall(pen, 158, 146, 124, 84),
    )
    pen.main(
        path((2, -69), (10, -84), (20, -100), (32, -107), (42, -98), (40, -84), (37, -68), (35, -50), (24, -42), (8, -54)),
        side(pen, 122, 156, 136, 100),
    )
    pen.main(
        path((-20, -64), (-34, -69), (-46, -63), (-50, -50), (-43, -38), (-30, -38), (-20, -48)),
        side(pen, 152, 138, 116),
    )
    _horse_leg(pen, ((-40, -50, 22), (-37, -36, 13), (-43, -24, 8), (-40, -6, 7)), True, sock)
    _horse_leg(pen, ((25, -50, 18), (36, -36, 11), (41, -30, 8), (31, -18, 6.4), (29, -12, 6.4)), True, sock)
    _horse_head(pen, detail, hair)
    if detail == 2:
        for x0, y0, x1, y1 in ((14, -62, 18, -44), (-24, -60, -22, -46)):
            pen.main(limb((x0, y0, 1), (0.5 * (x0 + x1) - 3, 0.5 * (y0 + y1), 2.2), (x1, y1, 1)), tone(pen, 88))


def _horse_head(pen: Pen, detail: int, hair: RGB) -> None:
    pen.main(path((38, -100, 0), (42, -113, 0.3), (44, -99, 0)), tone(pen, 84))
    pen.main(
        path(
            (28, -104), (38, -106), (47, -98), (55, -85), (62, -77), (63, -70), (57, -66), (50, -69), (43, -77),
            (34, -80), (28, -90),
        ),
        side(pen, 138, 152, 122, 100),
    )
    pen.main(path((31, -102, 0), (33, -114, 0.3), (40, -103, 0)), tone(pen, 142))
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
    bone: RGB = (244, 228, 190)
    _wing(pen, 12, 4, 74, 60, detail)
    _claw_leg(pen, ((-26, -36, 20), (-16, -22, 12), (-20, -10, 8), (-16, -4, 8)), False)
    _claw_leg(pen, ((26, -40, 15), (32, -24, 10), (30, -10, 8), (32, -4, 8)), False)
    spade = path((-54, -42), (-66, -46, 0), (-58, -64, 0), (-44, -50, 0))
    pen.main(spade, side(pen, 150, 104))
    pen.main(
        limb((-26, -30, 26), (-42, -13, 18), (-56, -9, 12), (-66, -18, 8), (-66, -32, 6), (-56, -44, 4)),
        fall(pen, 148, 132, 92),
    )
    pen.main(
        limb((14, -44, 36), (28, -64, 24), (30, -80, 17), (36, -94, 15), (46, -98, 12)), side(pen, 126, 154, 128, 96)
    )
    pen.main(
        path(
            (22, -62), (4, -58), (-14, -60), (-30, -54), (-40, -38), (-34, -20), (-14, -15), (10, -17), (28, -26),
            (36, -42), (34, -56),
        ),
        fall(pen, 156, 140, 116, 80),
    )
    plates = path((41, -84), (36, -70), (39, -54), (38, -40), (28, -25), (10, -16), (-8, -15), (10, -23), (24, -34), (30, -50), (30, -66), (36, -78))
    pen.trim(plates, bone, down(142, 124, 92))
    _claw_leg(pen, ((-28, -38, 28), (-22, -22, 16), (-33, -12, 10), (-30, -4, 10)), True)
    _claw_leg(pen, ((18, -40, 20), (14, -24, 12), (19, -12, 9), (20, -4, 9)), True)
    for x, y, h, lean in ((18, -80, 8, -3), (23, -91, 7, -3), (-26, -59, 8, -4), (-36, -48, 8, -5), (-43, -26, 7, -4)):
        pen.trim(path((x - 4, y + 4, 0), (x + lean - 3, y - h, 0), (x + 4, y + 2, 0)), bone, across(140, 100))
    _dragon_head(pen, detail, bone)
    _wing(pen, 0, 0, 132, 96, detail)


def _wing(pen: Pen, x: float, y: float, bones: int, skin: int, detail: int) -> None:
    root, wrist = (x - 4, y - 56), (x - 16, y - 104)
    tips = [(x - 62, y - 96), (x - 58, y - 72), (x - 44, y - 54), (x - 24, y - 48)]
    outline: list[tuple[float, ...]] = [(*root, 0), (x - 4, y - 84), (*wrist, 0)]
    for k, (tx, ty) in enumerate(tips):
        if k:
            px, py = tips[k - 1]
            outline.append((0.5 * (px + tx) + 0.16 * (wrist[0] - tx), 0.5 * (py + ty) + 0.16 * (wrist[1] - ty)))
        else:
            outline.append((x - 40, y - 106))
        outline.append((tx, ty, 0))
    pen.main(path(*outline), side(pen, skin - 14, skin + 10, skin))
    for tx, ty in tips[: 2 + detail]:
        pen.main(limb((*wrist, 4.5), (0.5 * (wrist[0] + tx) - 2, 0.5 * (wrist[1] + ty) - 3, 3), (tx, ty, 1)), tone(pen, bones))
    pen.main(limb((root[0], root[1], 10), (x - 5, y - 84, 7), (*wrist, 5)), tone(pen, bones + 10))


def _claw_leg(pen: Pen, joints: tuple[tuple[float, float, float], ...], near: bool) -> None:
    x, _, width = joints[-1]
    pen.main(limb(*joints), side(pen, 150, 130, 94) if near else tone(pen, 76))
    pen.main(path((x - 6, -8), (x + 6, -8), (x + 12, -3), (x + 11, 0, 0), (x - 7, 0, 0)), tone(pen, 120 if near else 72))
    for k in range(3):
        at = x + 2 + 4.5 * k
        pen.trim(path((at - 2, -4, 0), (at + 2.5, -4, 0), (at + 3.5, 0.5, 0)), (250, 240, 214), 136 if near else 90)


def _dragon_head(pen: Pen, detail: int, bone: RGB) -> None:
    pen.trim(path((40, -103, 0), (30, -110), (20, -110, 0), (30, -103), (38, -96, 0)), bone, 100)
    pen.main(
        path(
            (34, -96), (40, -106), (50, -107), (57, -101), (66, -97), (71, -93), (70, -87), (60, -84), (50, -82),
            (40, -84),
        ),
        side(pen, 128, 156, 126, 104),
    )
    pen.trim(path((46, -106, 0), (38, -115), (26, -117, 0), (34, -109), (41, -101, 0)), bone, across(120, 146))
    pen.trim(stroke([(70, -88.5), (60, -88), (52, -90)], 1.5, 1), INK, 100)
    pen.trim(oval(67, -94, 1.5, 1.2, pieces=12), INK, 100)
    eye(pen, 52, -98, 2.7, (252, 214, 80))


def dragon_limbs(pen: Pen, detail: int) -> None:
    """Two more legs."""
    _claw_leg(pen, ((-6, -34, 20), (-2, -20, 12), (-8, -10, 9), (-6, -4, 9)), True)
