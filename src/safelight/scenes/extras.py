"""What a caption may ask for on top of a place: flying vehicles, clouds, neon signs.

Painted after the environment and before any subject, so that a subject always stands in front. Each painter takes
(canvas, rng, detail 0..2, name of the environment). Read next: weather.py.
"""

import math
from collections.abc import Callable
from random import Random

from safelight.scenes.canvas import RGB, Canvas, across, down
from safelight.scenes.environments.cities import NEON, neon_board
from safelight.scenes.scenery import blend, cloud
from safelight.scenes.shapes import Point, box, oval, path, star, stroke

__all__ = ["EXTRAS"]

_HULLS: tuple[RGB, ...] = ((72, 70, 104), (120, 60, 92), (56, 92, 120), (196, 200, 212))


def flying_vehicles(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """One to four hover cars in the upper third, far ones smaller, most of them at the sides."""
    count = rng.randint(1, 4)
    lanes = rng.sample([(44, 34), (206, 48), (72, 74), (188, 92), (128, 24)], count)
    for x, y in sorted(lanes, key=lambda lane: -lane[1]):
        size = (1.25 if count < 3 else 1.0) * rng.uniform(0.85, 1.1) * (1 if y < 70 else 0.8)
        at = (x + rng.uniform(-10, 10), y + rng.uniform(-6, 6))
        _hover_car(canvas, *at, size, rng.choice((-1, 1)), rng.choice(_HULLS), rng.choice(NEON[:3]), detail)


def _hover_car(
    canvas: Canvas, x: float, y: float, size: float, way: int, hull: RGB, tone: RGB, detail: int
) -> None:
    """A wedge with a glass canopy on two glowing lifters, 40 `size` long, flying to the right when `way` is 1."""

    def place(*points: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
        return tuple((x + way * p[0] * size, y + p[1] * size, *p[2:]) for p in points)

    def at(*points: Point) -> list[Point]:
        return [(x + way * px * size, y + py * size) for px, py in points]

    for px in (-11, 9):
        canvas.fill(oval(x + way * px * size, y + 5 * size, 5.5 * size, 1.8 * size, pieces=18), tone, 150, tone, 7)
    canvas.fill(path(*place((-8, -3, 0), (-4, -8.5), (4, -8.5), (10, -2.5, 0))), (150, 216, 238), down(156, 110), (40, 70, 84), 7)
    body = path(*place((-20, -3), (-14, -4.2), (8, -3.6), (20, 0.4), (15, 4), (-17, 4.4)))
    canvas.fill(body, hull, down(156, 92), None, 7)
    canvas.fill(at((-18, 0.2), (14, 0.4), (14, 1.9), (-18, 1.9)), tone, 140, tone, 7)
    canvas.fill(oval(x + way * 18 * size, y + 0.8 * size, 2.2 * size, 1.5 * size, pieces=12), (255, 250, 216), 150, (255, 244, 200), 7)
    canvas.fill(at((-21, -2.4), (-18.6, -2.6), (-18.6, 1.6), (-21, 1.2)), (255, 76, 70), 140, (255, 66, 60), 7)
    if detail:
        canvas.fill(at((-19, -3.4), (-22, -10), (-17, -10), (-12, -3.8)), blend(hull, (0, 0, 0), 0.3), 120, None, 7)
    if detail == 2:
        # a trail of light behind it
        for k in range(3):
            trail = at((-23 - 9 * k, 0.2), (-30 - 9 * k, 0.9), (-23 - 9 * k, 1.7))
            canvas.fill(trail, blend(tone, (255, 255, 255), 0.3), 140, blend(tone, (0, 0, 0), 0.25 * k), 7)


def big_clouds(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """Three to six large clouds with flat feet, at both sides and one high in the middle."""
    spots = [(46.0, 58.0, 19.0), (214.0, 44.0, 20.0), (132.0, 26.0, 14.0)]
    spots += [(20.0, 96.0, 12.0), (238.0, 92.0, 13.0), (86.0, 90.0, 9.0)][: (0, 1, 3)[detail]]
    for x, y, size in sorted(spots, key=lambda spot: spot[2]):
        cloud(canvas, x + rng.uniform(-14, 14), y + rng.uniform(-8, 8), size * rng.uniform(0.85, 1.15))


def neon_signs(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """Four to seven large signs of neon tube on the houses: boards of letters, an arrow, a ring, a star, a heart."""
    boards = [(10.0, 62.0, 15.0, 62.0), (230.0, 54.0, 15.0, 66.0), (36.0, 128.0, 34.0, 14.0), (188.0, 122.0, 34.0, 14.0)]
    for k, (x, y, wide, tall) in enumerate(boards):
        x, y = x + rng.uniform(-4, 4), y + rng.uniform(-8, 8)
        tone, text = rng.sample(NEON, 2)
        neon_board(canvas, rng, x, y, x + wide, y + tall, tone, text, 6 + k % 2)
    emblems = rng.sample(range(4), 1 + detail)
    for k, emblem in enumerate(emblems):
        x, y = ((56.0, 94.0), (206.0, 88.0), (64.0, 56.0))[k]
        _emblem(canvas, x + rng.uniform(-4, 4), y + rng.uniform(-5, 5), emblem, rng.choice(NEON))


def _emblem(canvas: Canvas, x: float, y: float, which: int, tone: RGB) -> None:
    """A ring, a star, an arrow or a heart of neon tube, about 24 wide."""
    dark: RGB = (34, 22, 52)
    if which == 0:
        outer, inner = oval(x, y, 11), oval(x, y, 8.4)
    elif which == 1:
        outer, inner = star(x, y, 13.5, 5.8), star(x, y, 8.6, 3.7)
    elif which == 2:
        outer = [(x - 13, y - 3.4), (x + 2, y - 3.4), (x + 2, y - 10), (x + 14, y), (x + 2, y + 10), (x + 2, y + 3.4), (x - 13, y + 3.4)]
        inner = [(x - 10.6, y - 1.1), (x + 4.3, y - 1.1), (x + 4.3, y - 5), (x + 10.3, y), (x + 4.3, y + 5), (x + 4.3, y + 1.1), (x - 10.6, y + 1.1)]
    else:
        outer, inner = _heart(x, y, 12), _heart(x, y + 0.2, 8.8)
    canvas.fill(outer, tone, 140, tone, 7)
    canvas.fill(inner, dark, 128, None, 7)


def _heart(x: float, y: float, r: float) -> list[Point]:
    turns = (2 * math.pi * k / 28 for k in range(28))
    return [
        (x + r * math.sin(a) ** 3, y - r / 16 * (13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)))
        for a in turns
    ]


EXTRAS: dict[str, Callable[[Canvas, Random, int, str], None]] = {
    "flying vehicles": flying_vehicles,
    "clouds": big_clouds,
    "neon signs": neon_signs,
}
