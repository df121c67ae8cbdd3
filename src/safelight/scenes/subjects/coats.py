"""What the painters of animals share: limbs that swell and taper, and fur that shows its form in every colour.

A limb is a centre line with a width at every joint; its outline runs smoothly along both sides. Black swallows shades
and white bleaches them, so the stops of a ramp are spread for dark paint and lowered for pale paint:

    dark   stop -> 136 + 1.8 (stop - 116)        pale   stop -> 124 + 1.2 (stop - 138)

Read next: animals.py.
"""

import math

from safelight.scenes.canvas import RGB, Pen, Shade, across, down
from safelight.scenes.shapes import Point, oval, path

__all__ = ["CREAM", "INK", "brightness", "cream", "eye", "fall", "limb", "side", "tone"]

INK: RGB = (40, 38, 48)
CREAM: RGB = (250, 240, 226)


def brightness(paint: RGB) -> float:
    """Luma of a colour, 0..255."""
    return 0.299 * paint[0] + 0.587 * paint[1] + 0.114 * paint[2]


def tone(pen: Pen, stop: int) -> int:
    """A shade 0..255 fitted to the pen's paint."""
    light = brightness(pen.paint)
    if light < 60:
        stop = round(136 + 1.8 * (stop - 116))
    elif light > 225:
        stop = round(124 + 1.2 * (stop - 138))
    return min(max(stop, 0), 255)


def fall(pen: Pen, *stops: int) -> Shade:
    """A shade from top to bottom, fitted to the pen's paint."""
    return down(*(tone(pen, stop) for stop in stops))


def side(pen: Pen, *stops: int) -> Shade:
    """A shade from left to right, fitted to the pen's paint."""
    return across(*(tone(pen, stop) for stop in stops))


def cream(pen: Pen) -> RGB:
    """The pale tone of bellies and muzzles: greyer on white fur, so that it still shows."""
    return CREAM if min(pen.paint) < 225 else (216, 206, 204)


def limb(*joints: tuple[float, float, float]) -> tuple[Point, ...]:
    """A smooth outline round the centre line through joints (x, y, width)."""
    left: list[Point] = []
    right: list[Point] = []
    last = len(joints) - 1
    for i, (x, y, width) in enumerate(joints):
        (ax, ay, _), (bx, by, _) = joints[max(i - 1, 0)], joints[min(i + 1, last)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length * 0.5 * width, (bx - ax) / length * 0.5 * width
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    return path(*left, *right[::-1])


def eye(pen: Pen, x: float, y: float, r: float, iris: RGB | None = None) -> None:
    """A round eye with a spark of light, ringed by its iris where the fur is dark or `iris` says so."""
    if iris is not None:
        pen.trim(oval(x, y, 1.45 * r, 1.38 * r), iris, down(112, 148), (iris[0] // 3, iris[1] // 3, iris[2] // 3))
    elif brightness(pen.paint) < 110:
        pen.trim(oval(x, y, 1.36 * r, 1.36 * r), (204, 146, 84), down(104, 146), (50, 36, 20))
    pen.trim(oval(x, y, r, 1.08 * r), INK, 118)
    pen.trim(oval(x + 0.32 * r, y - 0.38 * r, 0.36 * r, pieces=14), (255, 255, 255), 140, (90, 90, 90))
