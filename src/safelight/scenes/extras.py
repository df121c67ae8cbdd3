"""What a caption may ask for on top of a place: flying vehicles, clouds, neon signs.

Painted after the environment and before any subject, so that a subject always stands in front. Each painter takes
(canvas, rng, detail 0..2, name of the environment). Read next: weather.py.
"""

import math
from collections.abc import Callable
from random import Random

from safelight.scenes.canvas import RGB, Canvas, down
from safelight.scenes.environments.cities import NEON, neon_board
from safelight.scenes.scenery import blend, cloud
from safelight.scenes.shapes import Point, oval, path, star

__all__ = ["EXTRAS"]

_HULLS: tuple[RGB, ...] = ((72, 70, 104), (120, 60, 92), (56, 92, 120), (196, 200, 212))


def flying_vehicles(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """One to four hover cars above the horizon; the first two keep to the sides, where no subject hides them."""
    lanes = rng.sample([(38, 86), (217, 78)], 2) + rng.sample([(96, 62), (164, 54)], 2)
    for k, (x, y) in reversed(list(enumerate(lanes[: rng.randint(1, 4)]))):
        size = (1.5, 1.35, 0.95, 0.8)[k] * rng.uniform(0.92, 1.08)
        at = (x + rng.uniform(-7, 7), y + rng.uniform(-8, 8))
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
    canopy = path(*place((-8, -3, 0), (-4, -8.5), (4, -8.5), (10, -2.5, 0)))
    canvas.fill(canopy, (150, 216, 238), down(156, 110), (40, 70, 84), 7)
    body = path(*place((-20, -3), (-14, -4.2), (8, -3.6), (20, 0.4), (15, 4), (-17, 4.4)))
    canvas.fill(body, hull, down(156, 92), None, 7)
    canvas.fill(at((-18, 0.2), (14, 0.4), (14, 1.9), (-18, 1.9)), tone, 140, tone, 7)
    lamp = oval(x + way * 18 * size, y + 0.8 * size, 2.2 * size, 1.5 * size, pieces=12)
    canvas.fill(lamp, (255, 250, 216), 150, (255, 244, 200), 7)
    canvas.fill(at((-21, -2.4), (-18.6, -2.6), (-18.6, 1.6), (-21, 1.2)), (255, 76, 70), 140, (255, 66, 60), 7)
    if detail:
        canvas.fill(at((-19, -3.4), (-22, -10), (-17, -10), (-12, -3.8)), blend(hull, (0, 0, 0), 0.3), 120, None, 7)
    if detail == 2:
        # a trail of light behind it
        for k in range(3):
            trail = at((-23 - 9 * k, 0.2), (-30 - 9 * k, 0.9), (-23 - 9 * k, 1.7))
            canvas.fill(trail, blend(tone, (255, 255, 255), 0.3), 140, blend(tone, (0, 0, 0), 0.25 * k), 7)


_CLOUDS = ((44, 40, 18), (212, 34, 19), (130, 24, 14), (98, 46, 11), (162, 52, 10), (236, 72, 11), (16, 76, 11))


def big_clouds(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """Three to five large clouds with flat feet, behind everything but the sky."""
    farthest = 4 if environment == "mars" else 1  # the layers that count as sky
    side = canvas.ids.size[0]
    before = [image.crop((0, 0, side, side // 2)) for image in (canvas.albedo, canvas.shade, canvas.ids)]
    solid = before[2].point([255 * (what > farthest) for what in range(256)])
    small = solid.reduce(canvas.oversampling)
    shine = canvas.glow.crop((0, 0, *small.size))

    def open_sky(spot: tuple[int, int, int]) -> bool:
        return not solid.getpixel((round(spot[0] * canvas.unit), round(spot[1] * canvas.unit)))

    spots = sorted(_CLOUDS, key=open_sky, reverse=True)[: 3 + detail]
    for x, y, size in sorted(spots, key=lambda spot: spot[2]):
        cloud(canvas, x + rng.uniform(-10, 10), y + rng.uniform(-6, 6), size * rng.uniform(0.9, 1.15))
    for image, kept in zip((canvas.albedo, canvas.shade, canvas.ids), before, strict=True):
        image.paste(kept, (0, 0), solid)
    canvas.glow.paste(shine, (0, 0), small)


def neon_signs(canvas: Canvas, rng: Random, detail: int, environment: str) -> None:
    """Four to seven large signs of neon tube on the houses: boards of letters, an arrow, a ring, a star, a heart."""
    boards = [(8.0, 60.0, 17.0, 66.0), (230.0, 54.0, 17.0, 68.0), (36.0, 128.0, 36.0, 15.0), (188.0, 124.0, 36.0, 15.0)]
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
        outer, inner = _arrow(x - 13, x + 2, x + 14, y, 3.4, 10), _arrow(x - 10.6, x + 4.3, x + 10.3, y, 1.1, 5)
    else:
        outer, inner = _heart(x, y, 12), _heart(x, y + 0.2, 8.8)
    canvas.fill(outer, tone, 140, tone, 7)
    canvas.fill(inner, dark, 128, None, 7)


def _arrow(tail: float, neck: float, tip: float, y: float, shaft: float, barb: float) -> list[Point]:
    upper = [(tail, y - shaft), (neck, y - shaft), (neck, y - barb)]
    return [*upper, (tip, y), *((x, 2 * y - at) for x, at in reversed(upper))]


def _heart(x: float, y: float, r: float) -> list[Point]:
    outline: list[Point] = []
    for k in range(28):
        a = 2 * math.pi * k / 28
        height = 13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)
        outline.append((x + r * math.sin(a) ** 3, y - r / 16 * height))
    return outline


EXTRAS: dict[str, Callable[[Canvas, Random, int, str], None]] = {
    "flying vehicles": flying_vehicles,
    "clouds": big_clouds,
    "neon signs": neon_signs,
}
