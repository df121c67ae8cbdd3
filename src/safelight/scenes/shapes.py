"""Outlines as lists of points: the vocabulary every painter of the world draws with.

A painter works in its own units, y pointing down, and hands outlines to a `Pen` (canvas.py), which places them. All of
them are closed polygons, so one drawing call serves every shape. The one formula is the Hermite segment of `path`,
whose tangents are those of Catmull and Rom (1974), half the chord between the neighbours, or zero at a corner.

Read next: canvas.py.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["Point", "box", "oval", "path", "rounded", "star", "stroke"]

Point = tuple[float, float]


@lru_cache(maxsize=2048)
def path(*points: tuple[float, ...]) -> tuple[Point, ...]:
    """A closed smooth outline through `points`; a point (x, y, 0) is a sharp corner, (x, y) a smooth one."""
    count = len(points)
    tangents: list[Point] = []
    for i, point in enumerate(points):
        (ax, ay), (bx, by) = points[i - 1][:2], points[(i + 1) % count][:2]
        ease = 0.5 * (point[2] if len(point) > 2 else 1.0)
        tangents.append(((bx - ax) * ease, (by - ay) * ease))
    outline: list[Point] = []
    for i in range(count):
        j = (i + 1) % count
        (ax, ay), (bx, by) = points[i][:2], points[j][:2]
        (ux, uy), (vx, vy) = tangents[i], tangents[j]
        if ux == uy == vx == vy == 0.0:
            outline.append((ax, ay))
            continue
        outline += [(a * ax + u * ux + b * bx + v * vx, a * ay + u * uy + b * by + v * vy) for a, u, b, v in _HERMITE]
    return tuple(outline)


def _hermite(t: float) -> tuple[float, float, float, float]:
    return 2 * t**3 - 3 * t * t + 1, t**3 - 2 * t * t + t, 3 * t * t - 2 * t**3, t**3 - t * t


_HERMITE = tuple(_hermite(k / 6) for k in range(6))


@lru_cache(maxsize=64)
def _circle(pieces: int) -> tuple[Point, ...]:
    return tuple((math.cos(2 * math.pi * i / pieces), math.sin(2 * math.pi * i / pieces)) for i in range(pieces))


def oval(x: float, y: float, rx: float, ry: float | None = None, pieces: int = 40) -> list[Point]:
    """An ellipse round (x, y); a circle when `ry` is left out."""
    ry = rx if ry is None else ry
    return [(x + rx * c, y + ry * s) for c, s in _circle(pieces)]


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """An upright rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def rounded(x0: float, y0: float, x1: float, y1: float, r: float) -> list[Point]:
    """A rectangle whose corners are quarter circles of radius `r`."""
    corners = ((x1 - r, y1 - r, 0), (x0 + r, y1 - r, 8), (x0 + r, y0 + r, 16), (x1 - r, y0 + r, 24))
    circle = _circle(32)
    return [(x + r * circle[(k + i) % 32][0], y + r * circle[(k + i) % 32][1]) for x, y, k in corners for i in range(9)]


def stroke(points: Sequence[Point], width: float, tip: float | None = None) -> list[Point]:
    """A ribbon along `points`, `width` wide at the start and `tip` wide (default: `width`) at the end."""
    tip = width if tip is None else tip
    left: list[Point] = []
    right: list[Point] = []
    last = len(points) - 1
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(i - 1, 0)], points[min(i + 1, last)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        half = 0.5 * (width + (tip - width) * i / max(last, 1))
        nx, ny = -(by - ay) / length * half, (bx - ax) / length * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return left + right[::-1]


def star(x: float, y: float, outer: float, inner: float, points: int = 5) -> list[Point]:
    """A star with one point upwards; corners alternate between the two radii."""
    corners: list[Point] = []
    for i in range(2 * points):
        r = inner if i % 2 else outer
        a = math.pi * i / points - math.pi / 2
        corners.append((x + r * math.cos(a), y + r * math.sin(a)))
    return corners
