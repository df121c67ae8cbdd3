"""Painters of small things and plain shapes: mug, cube, sphere, heart, star."""

import math

from safelight.scenes.canvas import BALL, RGB, Pen, across, down
from safelight.scenes.shapes import Point, oval, path, rounded, star, stroke

__all__ = ["cube", "heart", "mug", "sphere", "star_shape"]


def mug(pen: Pen, detail: int) -> None:
    """A big mug of coffee; the glaze carries the colour."""
    ring = [(30 + 17 * math.cos(a), -38 + 21 * math.sin(a)) for a in [-1.75 + 3.5 * k / 16 for k in range(17)]]
    pen.main(stroke(ring, 8.5), across(120, 138, 92))
    pen.main(
        path((-35, -72, 0), (35, -72, 0), (35, -40), (32, -12), (22, -1), (0, 1), (-22, -1), (-32, -12), (-35, -40)),
        across(122, 164, 132, 108, 78),
    )
    pen.main(oval(0, -72, 35, 9.5), across(150, 122))
    pen.main(oval(0, -71.4, 31, 7.4), down(70, 96))
    pen.trim(oval(0, -69.8, 28.6, 5.6), (112, 70, 46), across(112, 150))
    if detail:
        pen.trim(oval(-4, -70, 15, 2.6), (222, 182, 138), 130)
        for x, sway in ((-12, 5), (6, -5)):
            steam = [(x + sway * math.sin(k * 0.62) * 0.8, -80 - 3.2 * k) for k in range(11)]
            pen.trim(stroke(steam, 5, 2), (238, 238, 242), 132)
    if detail == 2:
        pale: RGB = (250, 244, 232) if min(pen.paint) < 225 else (120, 132, 158)
        heart_at(pen, -3, -22, 0.30, pale)


def heart_at(pen: Pen, x: float, y: float, size: float, colour: RGB) -> None:
    """A small heart as decoration, its tip at (x, y)."""
    pen.trim([(x + size * a, y + size * b) for a, b in _HEART], colour, across(136, 110))


_HEART = path(
    (0, -2, 0.12), (-26, -28), (-46, -56), (-42, -82), (-22, -92), (-6, -84), (0, -72, 0), (6, -84), (22, -92),
    (42, -82), (46, -56), (26, -28),
)


def cube(pen: Pen, detail: int) -> None:
    """A cube seen from above a corner; all of it carries the colour."""
    top: list[Point] = [(-6, -96), (48, -80), (6, -60), (-48, -76)]
    left: list[Point] = [(-48, -76), (6, -60), (6, 2), (-46, -17)]
    right: list[Point] = [(6, -60), (48, -80), (46, -21), (6, 2)]
    pen.main(left, down(136, 112))
    pen.main(right, down(90, 66))
    pen.main(top, across(186, 162))
    if detail:
        pen.main(stroke([(-48, -76), (6, -60), (48, -80)], 1.8), 206)
        pen.main(stroke([(6, -60), (6, 2)], 1.6), 160)
    if detail == 2:
        for face, shade in ((left, 92), (right, 50), (top, 140)):
            cx, cy = sum(p[0] for p in face) / 4, sum(p[1] for p in face) / 4
            inner = [(cx + 0.74 * (x - cx), cy + 0.74 * (y - cy)) for x, y in face]
            pen.main(stroke([*inner, inner[0]], 2.4), shade)


def sphere(pen: Pen, detail: int) -> None:
    """A glossy ball; all of it carries the colour."""
    pen.main(oval(0, -44, 44), BALL)
    if detail:
        pen.trim(path((-26, -70), (-16, -79), (-9, -79), (-18, -69), (-25, -60)), (255, 255, 255), 142)
    if detail == 2:
        pen.main(
            path((-43.6, -48), (-20, -36), (20, -36), (43.6, -48), (43.8, -40), (20, -28), (-20, -28), (-43.8, -40)),
            across(96, 128, 56),
        )


def heart(pen: Pen, detail: int) -> None:
    """A plump heart; all of it carries the colour."""
    pen.main(_HEART, across(132, 156, 130, 88))
    pen.main(path((0, -2, 0), (26, -28), (46, -56), (43, -78), (38, -54), (20, -28)), 84)
    pen.main(path((-37, -62), (-34, -76), (-22, -82), (-13, -78), (-24, -74), (-31, -64)), 206)
    if detail:
        pen.trim(path((-32, -68), (-27, -75), (-20, -77), (-25, -70), (-29, -64)), (255, 255, 255), 142)
    if detail == 2:
        pen.main(stroke([(0.88 * x, -47 + 0.88 * (y + 47)) for x, y in [*_HEART, _HEART[0]]], 2), 96)


def star_shape(pen: Pen, detail: int) -> None:
    """A star of ten facets; all of it carries the colour."""
    corners = star(0, -50, 54, 25)
    centre = (0.0, -50.0)
    shades = (112, 92, 74, 78, 84, 118, 138, 160, 178, 168)
    for k, shade in enumerate(shades):
        pen.main([centre, corners[k], corners[(k + 1) % 10]], shade if detail else (shade + 260) // 3)
    if detail == 2:
        pen.main(stroke([*star(0, -50, 34, 15.6), star(0, -50, 34, 15.6)[0]], 2.2), 196)
        pen.trim(rounded(-3, -53, 3, -47, 3), (255, 252, 240), 140, (90, 84, 60))
