"""Light on a drawn scene: sky, sun or moon, shade, air, shadows, glow. Four lights and one function.

    colour = albedo * (ambient + (key - ambient) * shade), then  lerp(colour, air, haze * depth)

Shade below 1 therefore turns towards the ambient colour, which is cool by day and blue by night, as painters do it.
Everything is in the picture's final size S; colours 0..255 float32. Read next: media.py.
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
    """Where a subject touches the ground, in picture units, how wide it is there, and how bright its colour is."""

    x: float
    y: float
    width: float
    brightness: float


LIGHTS: dict[str, Light] = {
    "daylight": Light(
        sky=((0, (74, 156, 228)), (0.55, (136, 200, 240)), (1, (214, 238, 246))),
        air=(196, 222, 242), haze=0.42, key=(1.02, 1.01, 0.98), ambient=(0.34, 0.38, 0.52), subject=(1.03, 1.02, 1.0),
        rim=(40, 40, 34), glow=0.0, shadow=0.50, slant=0.12, disc=Disc(40, 15, (255, 250, 222), (255, 246, 206), 0.5),
    ),
    "golden hour": Light(
        sky=((0, (98, 104, 172)), (0.42, (226, 142, 142)), (0.75, (252, 184, 116)), (1, (255, 222, 152))),
        air=(252, 186, 128), haze=0.58, key=(1.10, 0.86, 0.62), ambient=(0.40, 0.28, 0.42), subject=(1.12, 0.93, 0.78),
        rim=(120, 84, 34), glow=0.55, shadow=0.55, slant=0.6, disc=Disc(116, 22, (255, 244, 196), (255, 196, 104), 1.0),
    ),
    "night": Light(
        sky=((0, (14, 18, 52)), (0.55, (30, 42, 94)), (1, (66, 84, 146))),
        air=(58, 76, 138), haze=0.50, key=(0.36, 0.43, 0.70), ambient=(0.12, 0.14, 0.32), subject=(0.80, 0.80, 0.94),
        rim=(64, 84, 132), glow=1.0, shadow=0.55, slant=0.2, disc=Disc(44, 15, (250, 246, 222), (150, 176, 240), 0.55),
        stars=16,
    ),
    "fog": Light(
        sky=((0, (188, 198, 206)), (0.6, (206, 213, 217)), (1, (218, 223, 225))),
        air=(213, 219, 222), haze=0.90, key=(0.90, 0.92, 0.94), ambient=(0.50, 0.53, 0.58), subject=(0.94, 0.95, 0.96),
        rim=(12, 12, 12), glow=0.35, shadow=0.26, veil=0.12,
    ),
}


def illuminate(frame: Frame, light: Light, look: Look, spot: Spot, rng: Random) -> np.ndarray:
    """The lit picture, (S, S, 3) float32 0..255."""
    size = frame.ids.shape[0]
    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5) * (256 / size)
    subject = frame.subject[..., None]
    soft = blur_mask(frame.subject, 4.5)
    shade = _shade(frame, soft, look)[..., None]

    key = np.array(light.key, np.float32) * (1 - subject) + np.array(light.subject, np.float32) * subject
    ambient = np.array(light.ambient, np.float32) * (1 + 0.5 * subject)
    image = frame.albedo * (ambient + (key - ambient) * shade)

    image *= 1 - _shadow(light, spot, x, y)[..., None] * (1 - subject) * (1 - frame.sky[..., None])
    air = np.array(light.air, np.float32)
    haze = light.haze * (0.9 * frame.depth**1.4) + light.veil * (1 - frame.depth)
    haze = np.where(frame.subject > 0, haze * (1 - 0.45 * frame.subject), haze)[..., None]
    image += (air - image) * haze

    sky, halo = _sky(light, look, frame, x, y, rng)
    image += (sky - image) * frame.sky[..., None]
    image = _set_apart(image, frame, light, spot)
    if halo is not None:
        image += halo * (1 - 0.75 * subject)

    rim = _rim(soft, frame.subject)[..., None]
    image += rim * np.array(light.rim, np.float32)
    if light.glow and frame.glow.any():
        shine = frame.glow * light.glow
        image = image * (1 - 0.8 * light.glow * frame.glow.max(2, keepdims=True) / 255) + 0.95 * shine
        image += 0.5 * blur(shine, 3.5) + 0.75 * blur(shine, 11)
    return np.clip(image, 0, 255)


def _shade(frame: Frame, soft: np.ndarray, look: Look) -> np.ndarray:
    shade = frame.shade
    if look.rounded:
        # The slope of a blurred silhouette stands in for the normal of a rounded body (inflation).
        smooth = blur_mask(np.clip(shade / 2, 0, 1), 2.6) * 2
        shade = 0.35 * shade + 0.65 * (smooth * frame.subject + shade * (1 - frame.subject))
        gain = 256 / soft.shape[0]
        slope = np.zeros_like(soft)
        slope[:, 1:-1] += (soft[:, 2:] - soft[:, :-2]) * 0.55
        slope[1:-1] += (soft[2:] - soft[:-2]) * 0.85
        scale = soft.shape[0] / 256
        shade = shade + np.clip(slope * scale * 3.4, -0.55, 0.42) * frame.subject * min(gain, 1.0)
    if look.bands:
        step = 1 / look.bands
        flat = np.rint((shade - 1) / step) * step
        shade = 1 + 0.85 * flat
    return np.clip(shade, 0, 1.9)


def _shadow(light: Light, spot: Spot, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A soft contact shadow, 0..1, drawn out to the right where the light comes in low."""
    if spot.width <= 0:
        return np.zeros_like(x)
    dx = (x - spot.x - light.slant * spot.width * 0.5) / (spot.width * (1.05 + 0.5 * light.slant))
    dy = (y - spot.y - 1) / (5 + 0.055 * spot.width)
    r = dx * dx + dy * dy
    return light.shadow * np.exp(-(r**1.5)).astype(np.float32)


def _sky(
    light: Light, look: Look, frame: Frame, x: np.ndarray, y: np.ndarray, rng: Random
) -> tuple[np.ndarray, np.ndarray | None]:
    """The sky (S, S, 3), and the halo that sun or moon lay over everything."""
    side, height = rng.choice((-1, 1)), rng.uniform(-8, 8)
    places = [(rng.uniform(6, 250), rng.uniform(4, 112), rng.uniform(1.1, 1.9)) for _ in range(light.stars)]
    t = np.clip(y[:, :1] / 158, 0, 1)
    if look.bands:
        t = (np.floor(t * 6) + 0.5) / 6
    heights = [stop for stop, _ in light.sky]
    sky = np.stack([np.interp(t, heights, [c[i] for _, c in light.sky]) for i in range(3)], -1).astype(np.float32)
    sky = np.broadcast_to(sky, frame.albedo.shape).copy()
    open_sky = bool((frame.sky > 0.5).mean() > 0.02)
    if not open_sky:
        return sky, None
    pixel = 256 / y.shape[0]
    for sx, sy, r in places:
        sky += 190 * np.exp(-((x - sx) ** 2 + (y - sy) ** 2) / (r * r + 0.3 * pixel * pixel))[..., None]
    if light.disc is None:
        return sky, None
    disc = light.disc
    distance = np.hypot(x - (128 + side * 76), y - disc.y - height)
    edge = np.clip((disc.radius - distance) / pixel + 0.5, 0, 1)[..., None]
    halo = np.exp(-np.clip(distance - disc.radius, 0, None) / 26)
    if look.bands:
        halo = np.floor(halo * 4 + 0.35) / 4
    halo = (halo * disc.strength * 0.30)[..., None] * np.array(disc.halo, np.float32)
    sky += (np.array(disc.colour, np.float32) - sky) * edge
    return sky, halo * (0.35 + 0.65 * frame.sky[..., None])


def _set_apart(image: np.ndarray, frame: Frame, light: Light, spot: Spot) -> np.ndarray:
    """Lighten the ground round dark subjects and darken it round pale ones, softly, so that the outline reads."""
    wide = blur_mask(frame.subject, 15)
    near = (np.clip(wide * 1.7, 0, 1) * (1 - frame.subject))[..., None]
    if spot.brightness > 205:
        return image * (1 - 0.30 * near)
    strength = 0.40 if spot.brightness < 90 else 0.16
    target = np.array(light.air, np.float32) * 0.55 + image * 0.65
    return image + (target - image) * near * strength


def _rim(soft: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """A line of light on edges that face up and to the right, 0..1."""
    slope = np.zeros_like(soft)
    slope[1:-1, 1:-1] = soft[2:, 1:-1] - soft[:-2, 1:-1] - 0.7 * (soft[1:-1, 2:] - soft[1:-1, :-2])
    return np.clip(slope * (soft.shape[0] / 256) * 4.5 - 0.18, 0, 1) * subject
