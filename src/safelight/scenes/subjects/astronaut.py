"""The astronaut, from head to foot, facing us.

Sleeves, helmet and legs are white whatever the scene's colour is, as space suits are; suit, pack, boots and bands carry
the colour. Lengths in the painter's own units. Read next: robed.py.
"""

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import box, oval, path, rounded, stroke
from safelight.scenes.subjects.coats import brightness, limb, side, tone

__all__ = ["astronaut", "astronaut_limbs"]

SOLE: RGB = (76, 84, 106)
GREY: RGB = (120, 130, 152)


def _white(pen: Pen) -> RGB:
    """The white of a space suit, greyer where the paint itself is white."""
    return (238, 241, 247) if brightness(pen.paint) < 225 else (190, 198, 212)


def _space_arm(pen: Pen, joints: tuple[tuple[float, float, float], ...]) -> None:
    """A white sleeve through `joints`, with a coloured cuff and a grey glove at its end."""
    (ax, ay, _), (x, y, width) = joints[-2:]
    dx, dy = 0.16 * (x - ax), 0.16 * (y - ay)
    pen.trim(limb(*joints), _white(pen), across(146, 128, 96))
    pen.trim(oval(x + 2.4 * dx, y + 2.4 * dy, 0.58 * width, 0.62 * width), SOLE, BALL)
    pen.main(stroke([(x - dx, y - dy), (x + dx, y + dy)], 1.12 * width), side(pen, 156, 100))


def astronaut(pen: Pen, detail: int) -> None:
    """An astronaut who waves; suit, pack and boots carry the colour, sleeves and helmet stay white."""
    white = _white(pen)
    pen.main(rounded(-31, -74, 31, -30, 9), side(pen, 104, 92, 66))
    for x in (-1, 1):
        pen.trim(limb((x * 10, -34, 18), (x * 12, -20, 17), (x * 13, -9, 15)), white, across(146, 128, 92))
        pen.main(
            path(
                (x * 13 - 9, 0, 0), (x * 13 - 9.4, -9), (x * 13 - 8, -13), (x * 13 + 8, -13), (x * 13 + 9.4, -9),
                (x * 13 + 9, 0, 0),
            ),
            side(pen, 152, 128, 86),
        )
        pen.trim(box(x * 13 - 10, -2.6, x * 13 + 10, 0.4), SOLE, across(140, 92))
        if detail:
            pen.main(rounded(x * 11.6 - 8.6, -25, x * 11.6 + 8.6, -19.6, 2), side(pen, 150, 120, 88))
    _space_arm(pen, ((-24, -61, 14), (-37, -48, 13.4), (-40, -34, 11)))
    _space_arm(pen, ((24, -61, 14), (41, -60, 13.4), (47, -79, 11)))
    pen.main(
        path(
            (-24, -66), (-13, -72), (13, -72), (24, -66), (25, -50), (21, -32), (20, -27, 0.4), (-20, -27, 0.4),
            (-21, -32), (-25, -50),
        ),
        side(pen, 136, 162, 134, 88),
    )
    for x in (-1, 1):
        pen.main(oval(x * 24, -62, 9), BALL)
    pen.trim(path((-21, -35), (0, -32.6), (21, -35), (20.4, -30), (0, -27.6), (-20.4, -30)), white, across(140, 92))
    if detail:
        pen.trim(rounded(-13, -58, 13, -40, 3.6), white, across(142, 108))
        for x, tint in ((-8, (226, 62, 58)), (-2, (250, 190, 66)), (4, (74, 176, 110))):
            pen.trim(oval(x, -53.6, 2, pieces=16), tint, 140, tint)
        pen.trim(rounded(-10, -49, 10, -47.4, 0.7), GREY, 120)
        pen.trim(rounded(-10, -45.4, 4, -43.8, 0.7), GREY, 120)
    if detail == 2:
        pen.trim(stroke([(12, -43), (22, -42), (26, -50), (29, -56)], 2.2), GREY, across(150, 100))
        for x in (-17, 17):
            pen.main(stroke([(x, -66), (0.9 * x, -38)], 1), tone(pen, 84))
    _helmet(pen, detail)


def _helmet(pen: Pen, detail: int) -> None:
    white = _white(pen)
    pen.main(path((-19, -75), (0, -71), (19, -75), (20, -68), (0, -62), (-20, -68)), side(pen, 150, 158, 116, 84))
    pen.trim(oval(0, -89, 24, 22.4), white, across(132, 150, 128, 88))
    for x in (-1, 1):
        pen.main(rounded(x * 24 - 3.4, -96, x * 24 + 3.4, -82, 3), side(pen, 152, 100))
    pen.trim(oval(0, -88, 19, 16), (226, 180, 84), across(150, 104))
    pen.trim(oval(0, -88, 17, 14), (38, 50, 88), down(150, 108, 84))
    pen.trim(path((-13, -90), (-9, -97), (-1, -100), (-6, -96), (-9.6, -89), (-11, -84)), (178, 216, 244), 146)
    if detail:
        pen.trim(oval(8, -83, 3.4, 2.2, pieces=18), (96, 132, 188), 132)
    if detail == 2:
        pen.trim(stroke([(25, -95), (28, -108)], 1.4), GREY, 130)
        pen.trim(oval(28, -109, 2, pieces=14), (255, 196, 84), 146, (255, 190, 80))
        for x, y in ((2, -94), (10, -91), (5, -87)):
            pen.trim(oval(x, y, 0.7, pieces=8), (236, 244, 255), 146)


def astronaut_limbs(pen: Pen, detail: int) -> None:
    """Two more arms, stretched out low on both sides."""
    _space_arm(pen, ((-22, -54, 13), (-42, -62, 13), (-49, -84, 11)))
    _space_arm(pen, ((20, -42, 13), (40, -44, 13), (51, -24, 11)))
