"""The sky behind a scene: a gradient, sun or moon with a halo, stars, and a shaft of light falling from it.

    halo(d) = strength / (1 + (d / 22)^2),  d the distance from the disc's edge in picture units

Letters: S size of the picture in pixels. Images (3, S, S) float32 0..255. Read next: media/.
"""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import grid
from safelight.scenes.canvas import Frame
from safelight.scenes.lights import Light

__all__ = ["Sky", "beam_through", "sky_of"]


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


@dataclass(frozen=True)
class Sky:
    """rows (3, S, 1), the gradient | patches, what stands out from it: where, and how much more (3, h, w)
    halo (S, S), how strongly the disc shines over everything, None without one."""

    rows: np.ndarray
    patches: tuple[tuple[tuple[slice, slice], np.ndarray], ...]
    halo: np.ndarray | None


@lru_cache(maxsize=16)
def _round(size: int, radius: float, bands: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc's inside and its halo, each 0..1 and (2 S, 2 S), the disc in the middle: a picture cuts its part out."""
    x, y = (axis - 256 for axis in np.meshgrid(*[(np.arange(2 * size, dtype=np.float32) + 0.5) * (256 / size)] * 2))
    distance = np.hypot(x, y) - radius
    inside = np.clip(0.5 - distance * (size / 256), 0, 1)
    halo = 1 / (1 + (np.clip(distance, 0, None) / 22) ** 2)
    if bands:
        halo = np.floor(halo * 4 + 0.35) / 4
    return inside.astype(np.float32), halo.astype(np.float32)


def sky_of(light: Light, bands: int, frame: Frame, rng: Random) -> Sky:
    """The sky behind a frame; with `bands` it comes in steps of even tone.

    `rng` says on which side the disc stands and where the stars are.
    """
    side, height = rng.choice((-1, 1)), rng.uniform(-8, 8)
    stars = [(rng.uniform(6, 250), rng.uniform(4, 112), rng.uniform(1.2, 2.0)) for _ in range(light.stars)]
    size = len(frame.sky)
    x, y = grid(size)
    t = np.clip(y[:, :1] / 158, 0, 1)
    if bands:
        t = (np.floor(t * 6) + 0.5) / 6
    heights = [stop for stop, _ in light.sky]
    rows = np.stack([np.interp(t, heights, [c[i] for _, c in light.sky]) for i in range(3)]).astype(np.float32)
    if light.disc is None or float(frame.sky.mean()) < 0.02:
        return Sky(rows, (), None)

    def window(at_x: float, at_y: float, reach: float) -> tuple[slice, slice]:
        spans = ((int((at - reach) * unit), int((at + reach) * unit) + 1) for at in (at_y, at_x))
        down, across = (slice(max(0, first), max(0, last)) for first, last in spans)
        return down, across

    unit = size / 256
    patches: list[tuple[tuple[slice, slice], np.ndarray]] = []
    for sx, sy, r in stars:
        r = max(r, 0.7 / unit)
        near = window(sx, sy, 4 * r)
        star = 200 * np.exp(-((x[near] - sx) ** 2 + (y[near] - sy) ** 2) / (r * r))
        patches.append((near, np.broadcast_to(star, (3, *star.shape))))
    disc = light.disc
    at_x, at_y = 128 + side * 76, disc.y + height
    near = window(at_x, at_y, disc.radius + 2)
    left, top = (size - round(at * unit) for at in (at_x, at_y))
    inside, halo = (whole[top : top + size, left : left + size] for whole in _round(size, disc.radius, bands))
    colour = np.array(disc.colour, np.float32)[:, None, None]
    patches.append((near, (colour - rows[:, near[0]]) * inside[near]))
    weight = frame.sky * np.float32(0.65 * 0.3 * disc.strength)
    weight += np.float32(0.35 * 0.3 * disc.strength)
    weight *= halo
    weight *= 1 - np.float32(0.75) * frame.subject
    return Sky(rows, tuple(patches), weight)
