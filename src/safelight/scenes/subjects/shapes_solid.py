"""Painters of plain solids and signs: cube, sphere, pyramid, cylinder, heart, star.

Nothing but form: each is all in the scene's colour, so light, edge and pattern have to tell it from the others. Faces
are flat tones as of a thing lit from the upper left, in one light with every other painter.

Read next: objects.py.
"""

import math
from collections.abc import Sequence

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import Point, oval, path, rounded, star, stroke

__all__ = [
    "cube", "cube_top", "cylinder", "cylinder_top", "heart", "heart_at", "heart_top", "is_dark", "pyramid",
    "pyramid_top", "reflect", "sphere", "sphere_top", "star_shape", "star_top",
]

cube_top = 78.0
sphere_top = 88.0
pyramid_top = 101.0
cylinder_top = 92.0
heart_top = 84.0
star_top = 104.0
WHITE: RGB = (255, 255, 255)


def is_dark(pen: Pen) -> bool:
    """Black keeps its form only where its lit faces go far up the scale."""
    return max(pen.paint) < 80


def reflect(pen: Pen, detail: int, outline: Sequence[Point]) -> None:
    """The white reflection on what is glazed or polished by nature; a matte finish has none.

    The plainest pictures leave it out, save on black, which would show no form without it.
    """
    if pen.gloss >= 0 and (detail or is_dark(pen)):
        pen.trim(outline, (176, 178, 192) if is_dark(pen) else WHITE, 142)


def heart_at(pen: Pen, x: float, y: float, size: float, colour: RGB) -> None:
    """A small heart as decoration, its tip at (x, y)."""
    pen.trim([(x + size * a, y + size * b) for a, b in _HEART], colour, across(136, 110))


_HEART = path(
    (0, -2, 0.12), (-26, -28), (-46, -56), (-42, -82), (-22, -92), (-6, -84), (0, -72, 0), (6, -84), (22, -92),
    (42, -82), (46, -56), (26, -28),
)


def cube(pen: Pen, detail: int) -> None:
    """A cube seen from above a corner; all of it carries the colour."""
    bright = 60 if is_dark(pen) else 0
    top: list[Point] = [(-6, -96), (48, -80), (6, -60), (-48, -76)]
    left: list[Point] = [(-48, -76), (6, -60), (6, 2), (-46, -17)]
    right: list[Point] = [(6, -60), (48, -80), (46, -21), (6, 2)]
    pen.main(left, down(132 + bright, 108 + bright // 2))
    pen.main(right, down(86, 60))
    pen.main(top, across(190 + bright, 162 + bright))
    if detail:
        pen.main(stroke([(-48, -76), (6, -60), (48, -80)], 1.8), 206)
        pen.main(stroke([(6, -60), (6, 2)], 1.6), 160)
    if detail == 2:
        for face, shade in ((left, 92), (right, 50), (top, 140)):
            cx, cy = sum(p[0] for p in face) / 4, sum(p[1] for p in face) / 4
            inner = [(cx + 0.74 * (x - cx), cy + 0.74 * (y - cy)) for x, y in face]
            pen.main(stroke([*inner, inner[0]], 2.4), shade)


def _parallel(r: float, latitude: float) -> list[Point]:
    """The near half of a circle of latitude (radians) on the sphere, which is tipped a little towards us."""
    tip, flat, high = 0.32, r * math.cos(latitude), r * math.sin(latitude)
    turns = [math.pi * (k / 24 - 0.5) for k in range(25)]
    return [(flat * math.sin(a), -r - high * math.cos(tip) + flat * math.cos(a) * math.sin(tip)) for a in turns]


def sphere(pen: Pen, detail: int) -> None:
    """A glossy ball; all of it carries the colour."""
    pen.main(oval(0, -44, 44), BALL)
    if detail and pen.gloss >= 0:
        pen.main(path((4, -5.5), (22, -11), (35, -26), (40, -44), (40.5, -36), (34, -18), (22, -7.5)), 112)
    if detail == 2:
        for wide, shade in ((0.14, across(70, 104, 86, 50, 40)), (0.10, across(112, 190, 140, 60))):
            pen.main([*_parallel(44, wide), *_parallel(44, -wide)[::-1]], shade)
    reflect(pen, detail, path((-26, -70), (-16, -79), (-9, -79), (-18, -69), (-25, -60)))


def pyramid(pen: Pen, detail: int) -> None:
    """A four-sided pyramid of which two sides show; all of it carries the colour."""
    tip, left, front, right = (-3.0, -101.0), (-58.0, -18.0), (12.0, 2.0), (56.0, -24.0)
    bright = 60 if is_dark(pen) else 0
    pen.main([tip, left, front], across(122 + bright, 152 + bright))
    pen.main([tip, front, right], across(92, 62))

    def mix(a: Point, b: Point, t: float) -> Point:
        return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)

    if detail == 2:
        courses = (0.30, 0.48, 0.66, 0.84)
        for k, t in enumerate(courses):
            below = (*courses, 1.0)[k + 1]
            pen.main(stroke([mix(tip, left, t), mix(tip, front, t)], 1.8), 96 + bright // 2)
            pen.main(stroke([mix(tip, front, t), mix(tip, right, t)], 1.8), 44)
            for j in range(k + 2):
                at = (j + (0.35 if k % 2 else 0.7)) / (k + 2.2)
                rows = [mix(mix(tip, left, u), mix(tip, front, u), at) for u in (t, below)]
                pen.main(stroke(rows, 1.6), 98 + bright // 2)
                if j % 2 == 0:
                    rows = [mix(mix(tip, front, u), mix(tip, right, u), at) for u in (t, below)]
                    pen.main(stroke(rows, 1.6), 46)
    pen.main(stroke([tip, front], 1.6, 2.4), 206 + bright // 2)
    if detail:
        pen.main(stroke([left, front], 2.2), 84 + bright // 2)
        pen.main(stroke([front, right], 2.2), 44)
        pen.main([tip, mix(tip, left, 0.16), mix(tip, front, 0.16)], 184 + bright)
        pen.main([tip, mix(tip, front, 0.16), mix(tip, right, 0.16)], 108)


def cylinder(pen: Pen, detail: int) -> None:
    """An upright round column, its lid seen from above; all of it carries the colour."""
    bright = 40 if is_dark(pen) else 0
    low = [(37 * math.cos(math.pi * k / 16), -9 + 10.5 * math.sin(math.pi * k / 16)) for k in range(17)]
    pen.main([*low, (-37, -92), (37, -92)], across(92, 142 + bright, 170 + bright, 128, 92, 66, 48, 64))
    if detail and pen.gloss >= 0:
        pen.main([(-27, -84), (-21, -82), (-21, -10), (-27, -12)], 214)
    if detail == 2:
        for y in (-74, -26):
            rows = [(37 * math.cos(math.pi * k / 16), y + 10.5 * math.sin(math.pi * k / 16)) for k in range(17)]
            pen.main([*rows, *[(a, b + 8) for a, b in rows[::-1]]], across(80, 122, 138, 104, 74, 52, 40, 52))
            pen.main(stroke(rows, 1.5), across(120, 216, 240, 160, 112, 84, 70))
            for k in (3, 6, 9, 12, 14):
                x, b = rows[k]
                pen.main(oval(x, b + 4.4, 1.9 * math.sin(math.pi * k / 16) + 0.4, 1.9, 10), 190 if x < 10 else 126)
    pen.main(oval(0, -92, 37, 10.5), 214 if detail else 196)
    pen.main(oval(0, -91.6, 34.6, 9.2), across(190 + bright, 152 + bright))
    if detail == 2:
        pen.main(oval(0, -91.4, 22, 5.6), 122)
        pen.main(oval(0, -90.9, 20.6, 4.9), across(160 + bright, 142 + bright))


def heart(pen: Pen, detail: int) -> None:
    """A plump heart; all of it carries the colour."""
    pen.main(_HEART, across(132, 156, 130, 88))
    pen.main(path((0, -2, 0), (26, -28), (46, -56), (43, -78), (38, -54), (20, -28)), 84)
    pen.main(path((-37, -62), (-34, -76), (-22, -82), (-13, -78), (-24, -74), (-31, -64)), 206)
    if detail and pen.gloss >= 0:
        pen.main(path((8, -16), (28, -37), (40, -60), (37, -46), (24, -24)), 128)
    reflect(pen, detail, path((-32, -68), (-27, -75), (-20, -77), (-25, -70), (-29, -64)))
    if detail == 2:
        pen.main(stroke([(0.88 * x, -47 + 0.88 * (y + 47)) for x, y in [*_HEART, _HEART[0]]], 2), 96)


def star_shape(pen: Pen, detail: int) -> None:
    """A star of ten facets; all of it carries the colour."""
    corners = star(0, -50, 54, 25)
    centre = (0.0, -50.0)
    shades = (112, 92, 66, 72, 84, 118, 138, 160, 178, 168)
    bright = 70 if is_dark(pen) else 0
    for k, shade in enumerate(shades):
        lit = shade + bright * (shade > 110)
        pen.main([centre, corners[k], corners[(k + 1) % 10]], lit if detail else (lit + 128) // 2)
    if detail == 2:
        pen.main(stroke([*star(0, -50, 34, 15.6), star(0, -50, 34, 15.6)[0]], 2.2), 196)
        pen.trim(rounded(-3, -53, 3, -47, 3), (255, 252, 240), 140, (90, 84, 60))
