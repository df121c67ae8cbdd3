"""The sky behind a scene: a gradient, sun or moon with a halo, stars, and a shaft of light falling from it.

    halo(d) = strength / (1 + (d / 22)^2),  d the distance from the disc's edge in picture units

Letters: S size of the picture in pixels. Images (3, S, S) float32 0..255. Read next: media/.
"""

from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import grid
from safelight.scenes.canvas import Frame
from safelight.scenes.lights import Light

__all__ = ["beam_through", "sky_of"]


@lru_cache(maxsize=16)
def beam_through(size: int, bands: int) -> np.ndarray:
    """A shaft of light from the upper left to the middle of the ground (S, S)."""
    x, y = grid(size)
    along = np.clip((0.62 * (x + 30) + 0.78 * (y + 30)) / 300, 0.02, 1.2)
    off = (0.78 * (x + 30) - 0.62 * (y + 30)) / (16 + 74 * along)
    shaft = np.exp(-(off * off) ** 2) * np.clip(1.15 - 0.95 * along, 0, 1)
    if bands:
        shaft = np.rint(shaft * 3) / 3
    return shaft * np.float32(0.36)


def sky_of(light: Light, bands: int, frame: Frame, rng: Random) -> tuple[np.ndarray, np.ndarray | None]:
    """The sky (3, S, S) or (3, S, 1), and the strength (S, S) of the halo that sun or moon lay over everything.

    With `bands` it comes in steps of even tone. `rng` says on which side the disc stands and where the stars are.
    """
    side, height = rng.choice((-1, 1)), rng.uniform(-8, 8)
    stars = [(rng.uniform(6, 250), rng.uniform(4, 112), rng.uniform(1.2, 2.0)) for _ in range(light.stars)]
    size = len(frame.sky)
    x, y = grid(size)
    t = np.clip(y[:, :1] / 158, 0, 1)
    if bands:
        t = (np.floor(t * 6) + 0.5) / 6
    heights = [stop for stop, _ in light.sky]
    sky = np.stack([np.interp(t, heights, [c[i] for _, c in light.sky]) for i in range(3)]).astype(np.float32)
    if light.disc is None or float(frame.sky.mean()) < 0.02:
        return sky, None
    sky = sky.repeat(size, 2)
    unit = size / 256
    for sx, sy, r in stars:
        r = max(r, 0.7 / unit)
        near = tuple(slice(max(0, int((at - 4 * r) * unit)), int((at + 4 * r) * unit) + 1) for at in (sy, sx))
        sky[:, *near] += 200 * np.exp(-((x[near] - sx) ** 2 + (y[near] - sy) ** 2) / (r * r))
    disc = light.disc
    dx, dy = x - np.float32(128 + side * 76), y - np.float32(disc.y + height)
    dx *= dx
    dy *= dy
    dx += dy
    distance = np.sqrt(dx) - np.float32(disc.radius)
    rows = slice(0, int((disc.y + height + disc.radius + 2) * unit) + 1)
    inside = np.clip(0.5 - distance[rows] * np.float32(unit), 0, 1)
    for c in range(3):
        sky[c, rows] += (np.float32(disc.colour[c]) - sky[c, rows]) * inside
    distance = np.clip(distance, 0, None) * np.float32(1 / 22)
    distance *= distance
    halo = 1 / (1 + distance)
    if bands:
        halo = np.floor(halo * 4 + np.float32(0.35)) * np.float32(0.25)
    halo *= np.float32(disc.strength * 0.30)
    halo *= (0.35 + 0.65 * frame.sky) * (1 - 0.75 * frame.subject)
    return sky, halo
