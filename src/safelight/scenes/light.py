"""Light on a drawn scene: sky, sun or moon, shade, air, shadows, glow. Four lights and one function.

    colour = albedo * (ambient + (key - ambient) * shade), then  lerp(colour, air, haze * depth)

Shade below 1 therefore turns towards the ambient colour, which is cool by day and blue by night, as painters do it.
Everything is in the picture's final size S; images (3, S, S) float32 0..255. Read next: media.py.
"""

from dataclasses import dataclass
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, blur_mask
from safelight.scenes.canvas import Frame

__all__ = ["LIGHTS", "Light", "Look", "Spot", "illuminate"]

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Disc:
    """The sun or the moon: height and radius in picture units, its colour, and the strength of its halo."""

    y: float
    radius: float
    colour: Colour
    halo: Colour
    strength: float


@dataclass(frozen=True)
class Light:
    """One lighting. `sky` is a gradient from the top (0) to the horizon (1); multipliers are 1 for plain daylight."""

    sky: tuple[tuple[float, Colour], ...]
    air: Colour
    haze: float
    key: Colour
    ambient: Colour
    subject: Colour
    rim: Colour
    glow: float
    shadow: float
    halo: Colour = (110, 124, 140)
    veil: float = 0.0
    slant: float = 0.0
    disc: Disc | None = None
    stars: int = 0


@dataclass(frozen=True)
class Look:
    """What a medium wants from the light: `bands` of flat tone (0: smooth), and whether forms are rounded off."""

    bands: int = 0
    rounded: bool = False


@dataclass(frozen=True)
class Spot:
    """Where a subject touches the ground, in picture units, how wide its shadow, how bright its
    colour (0..255), and how dark the shadow (1: it stands, less: it floats)."""

    x: float
    y: float
    width: float
    brightness: float
    shadow: float = 1.0


LIGHTS: dict[str, Light] = {
    "daylight": Light(
        sky=((0, (74, 156, 228)), (0.55, (136, 200, 240)), (1, (214, 238, 246))),
        air=(196, 222, 242),
        haze=0.42,
        key=(1.02, 1.01, 0.98),
        ambient=(0.34, 0.38, 0.52),
        subject=(1.03, 1.02, 1.0),
        rim=(40, 40, 34),
        glow=0.0,
        shadow=0.50,
        slant=0.12,
        disc=Disc(40, 15, (255, 250, 222), (255, 246, 206), 0.5),
    ),
    "golden hour": Light(
        sky=((0, (98, 104, 172)), (0.42, (226, 142, 142)), (0.75, (252, 184, 116)), (1, (255, 222, 152))),
        air=(252, 186, 128),
        haze=0.58,
        halo=(150, 104, 74),
        key=(1.10, 0.86, 0.62),
        ambient=(0.40, 0.28, 0.42),
        subject=(1.10, 0.96, 0.84),
        rim=(120, 84, 34),
        glow=0.55,
        shadow=0.55,
        slant=0.6,
        disc=Disc(116, 22, (255, 244, 196), (255, 196, 104), 1.0),
    ),
    "night": Light(
        sky=((0, (14, 18, 52)), (0.55, (30, 42, 94)), (1, (66, 84, 146))),
        air=(58, 76, 138),
        haze=0.50,
        key=(0.36, 0.43, 0.70),
        ambient=(0.12, 0.14, 0.32),
        subject=(0.88, 0.86, 0.98),
        rim=(76, 96, 146),
        glow=1.0,
        halo=(74, 96, 160),
        shadow=0.55,
        slant=0.2,
        disc=Disc(44, 15, (250, 246, 222), (150, 176, 240), 0.55),
        stars=16,
    ),
    "fog": Light(
        sky=((0, (188, 198, 206)), (0.6, (206, 213, 217)), (1, (218, 223, 225))),
        air=(213, 219, 222),
        haze=0.90,
        key=(0.90, 0.92, 0.94),
        ambient=(0.50, 0.53, 0.58),
        subject=(0.94, 0.95, 0.96),
        rim=(12, 12, 12),
        glow=0.35,
        shadow=0.26,
        veil=0.12,
    ),
}


def illuminate(frame: Frame, light: Light, look: Look, spot: Spot, rng: Random) -> np.ndarray:
    """The lit picture, (3, S, S) float32 0..255."""
    size = frame.ids.shape[0]
    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5) * (256 / size)
    subject, depth = frame.subject, frame.depth
    soft = blur_mask(subject, 4.5)
    shade = _shade(frame, soft, look)
    lit = 1 - _cast_shadow(frame, light, spot, x, y)
    haze = (light.haze * depth * (0.35 + 0.55 * depth) + light.veil * (1 - depth)) * (1 - 0.45 * subject)
    sky, halo = _sky(light, look, frame, x, y, rng)
    halo = halo * (1 - 0.75 * subject)
    near = np.clip(blur_mask(subject, 15) * 1.7, 0, 1) * (1 - subject)
    rim = _rim(soft, subject)

    image = np.empty_like(frame.albedo)
    for c in range(3):  # plane by plane: a plane fits the processor's cache
        key, own, ambient = light.key[c], light.subject[c], light.ambient[c]
        plane = ambient + (key - ambient) * shade
        plane += subject * (0.5 * ambient + (own - key - 0.5 * ambient) * shade)
        plane *= frame.albedo[c]
        plane *= lit
        plane += (light.air[c] - plane) * haze
        plane += (sky[c] - plane) * frame.sky
        plane = _set_apart(plane, near, light.halo[c], spot)
        if light.disc is not None:
            plane += halo * light.disc.halo[c]
        plane += rim * light.rim[c]
        image[c] = _roll_off(plane)

    if light.glow and frame.glow.any():
        shine = frame.glow * light.glow
        core = np.maximum(np.maximum(shine[0], shine[1]), shine[2]) / 255
        image *= 1 - 0.85 * core
        image += 0.95 * shine + (0.5 * blur(shine, 3.5) + 0.75 * blur(shine, 11)) * (1 - 0.7 * core)
    return np.clip(image, 0, 255, out=image)


def _roll_off(plane: np.ndarray) -> np.ndarray:
    """Bend what is brighter than 205 towards 255, so that highlights keep their colour."""
    over = np.clip(plane - 205, 0, None)
    return np.minimum(plane, 205) + over * (60 / (60 + over))


def _set_apart(plane: np.ndarray, near: np.ndarray, halo: float, spot: Spot) -> np.ndarray:
    """Lighten the ground round dark subjects and darken it round pale ones, softly, so that the outline reads."""
    if spot.brightness > 205:
        return plane * (1 - 0.28 * near)
    strength = 0.62 * (1 - min(spot.brightness, 120) / 150)
    return plane + (halo - 0.35 * plane) * (near * strength)


def _shade(frame: Frame, soft: np.ndarray, look: Look) -> np.ndarray:
    shade = frame.shade
    if look.rounded:
        # The slope of a blurred silhouette stands in for the normal of a rounded body (inflation).
        smooth = blur_mask(np.clip(shade / 2, 0, 1), 2.2) * 2
        shade = 1 + 1.22 * (shade + 0.6 * (smooth - shade) * frame.subject - 1)
        slope = np.zeros_like(soft)
        slope[:, 1:-1] += (soft[:, 2:] - soft[:, :-2]) * 0.55
        slope[1:-1] += (soft[2:] - soft[:-2]) * 0.85
        shade += np.clip(slope * (soft.shape[0] / 256 * 3.6), -0.55, 0.42) * frame.subject
    if look.bands:
        step = 1 / look.bands
        shade = 1 + 0.9 * np.rint((shade - 1) / step) * step
    return np.clip(shade, 0, 1.9)


def _cast_shadow(frame: Frame, light: Light, spot: Spot, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A soft contact shadow on the ground (S, S) 0..1, drawn out to the right where the light comes in low."""
    dark = np.zeros_like(x)
    if spot.width <= 0:
        return dark
    reach = 5 + 0.055 * spot.width
    first, last = (int(np.clip((spot.y + side * 2.2 * reach) * len(x) / 256, 0, len(x))) for side in (-1, 1))
    rows = slice(first, last)
    dx = (x[rows] - spot.x - light.slant * spot.width * 0.5) / (spot.width * (1.05 + 0.5 * light.slant))
    dy = (y[rows] - spot.y - 1) / reach
    r = dx * dx + dy * dy
    dark[rows] = (
        spot.shadow * light.shadow * np.exp(-r * np.sqrt(r)) * (1 - frame.subject[rows]) * (1 - frame.sky[rows])
    )
    return dark


def _sky(
    light: Light, look: Look, frame: Frame, x: np.ndarray, y: np.ndarray, rng: Random
) -> tuple[np.ndarray, np.ndarray]:
    """The sky (3, S, S), and the strength (S, S) of the halo that sun or moon lay over everything."""
    side, height = rng.choice((-1, 1)), rng.uniform(-8, 8)
    stars = [(rng.uniform(6, 250), rng.uniform(4, 112), rng.uniform(1.2, 2.0)) for _ in range(light.stars)]
    size = frame.ids.shape[0]
    t = np.clip(y[:, :1] / 158, 0, 1)
    if look.bands:
        t = (np.floor(t * 6) + 0.5) / 6
    heights = [stop for stop, _ in light.sky]
    sky = np.stack([np.interp(t, heights, [c[i] for _, c in light.sky]) for i in range(3)]).astype(np.float32)
    sky = sky.repeat(size, 2)
    if float(frame.sky.mean()) < 0.02:
        return sky, np.zeros_like(x)
    unit = size / 256
    for sx, sy, r in stars:
        r = max(r, 0.7 / unit)
        near = tuple(slice(max(0, int((at - 4 * r) * unit)), int((at + 4 * r) * unit) + 1) for at in (sy, sx))
        sky[:, *near] += 200 * np.exp(-((x[near] - sx) ** 2 + (y[near] - sy) ** 2) / (r * r))
    if light.disc is None:
        return sky, np.zeros_like(x)
    disc = light.disc
    distance = np.hypot(x - (128 + side * 76), y - disc.y - height) - disc.radius
    sky += (np.array(disc.colour, np.float32)[:, None, None] - sky) * np.clip(0.5 - distance * unit, 0, 1)
    halo = 1 / (1 + (np.clip(distance, 0, None) / 22) ** 2)
    if look.bands:
        halo = np.floor(halo * 4 + 0.35) / 4
    return sky, halo * (disc.strength * 0.30) * (0.35 + 0.65 * frame.sky)


def _rim(soft: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """A line of light on edges that face up and to the right, 0..1."""
    slope = np.zeros_like(soft)
    slope[1:-1, 1:-1] = soft[2:, 1:-1] - soft[:-2, 1:-1] - 0.7 * (soft[1:-1, 2:] - soft[1:-1, :-2])
    return np.clip(slope * (soft.shape[0] / 256) * 4.5 - 0.18, 0, 1) * subject
