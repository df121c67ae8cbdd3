"""Light on a drawn scene: sky, sun or moon, shade, air, shadows, glow. One function for all seven lightings.

    colour = albedo * (ambient + (key - ambient) * shade), then  lerp(colour, air, haze * depth)

Shade below 1 therefore turns towards the ambient colour, which is cool by day and blue by night, as painters do it.
Nothing here knows the third dimension: the slope of a blurred silhouette stands in for the direction in which a form
faces (inflation; Johnston 2002). Everything is in the picture's final size S; images (3, S, S) float32 0..255.
Read next: media/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, blur_mask, grid, luminance, mask_down, mask_up
from safelight.scenes.canvas import Frame
from safelight.scenes.lights import LIGHTS, Light

__all__ = ["LIGHTS", "Light", "Look", "Spot", "illuminate"]


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


@dataclass(frozen=True)
class _Surroundings:
    """Wide, soft fields round the subjects, all (S, S): made together on one small copy.

    near 0..1, how close the next subject is | pale 0..255, how bright it is | turn -1..1, whether its form looks
    to the right (-1) or to the left (1)
    """

    near: np.ndarray
    pale: np.ndarray
    turn: np.ndarray


def illuminate(frame: Frame, light: Light, look: Look, spots: Sequence[Spot], rng: Random) -> np.ndarray:
    """The lit picture, (3, S, S) float32 0..255; `spots`: where subjects stand, none for a landscape."""
    subject = frame.subject
    soft = blur_mask(subject, 4.5)
    wide = _surroundings(frame)
    shade = _shade(frame, light, look, soft, wide)
    sky, halo = _sky(light, look, frame, rng)

    # Light on a pixel is linear in its shade; what lies before it (air, sky, the set-off) is one product and one sum.
    lit_subject = subject * shade
    haze = _haze(frame, light)
    dark, pale = _set_off(frame, light, wide)
    through = (1 - haze) * (1 - frame.sky)
    through *= 1 - _cast_shadow(frame, light, spots)
    pool = _pool(frame, light, look, spots)
    around = through * pool
    around *= 1 - dark * 0.35 - pale
    haze *= (1 - frame.sky) * pool
    haze *= 1 - dark * 0.35 - pale
    behind = frame.sky * pool
    behind *= 1 - dark * 0.35 - pale
    beam = _beam(frame, light, look)
    rim = _rim(soft, subject)
    left, right = _sides(frame, wide)

    albedo = frame.albedo
    if light.mute:
        grey = luminance(albedo)
        weight = light.mute * (1 - subject)
        albedo = albedo + (grey - albedo) * weight
    image = np.empty_like(albedo)
    for c in range(3):  # plane by plane: a plane fits the processor's cache
        key, own, ambient = light.key[c], light.subject[c], light.ambient[c]
        plane = shade * np.float32(key - ambient)
        plane += np.float32(ambient)
        plane += subject * np.float32(0.5 * ambient)
        plane += lit_subject * np.float32(own - key - 0.5 * ambient)
        if light.sides is not None:
            plane += left * np.float32(light.sides[0][c] / 255)
            plane += right * np.float32(light.sides[1][c] / 255)
        plane *= albedo[c]
        plane *= around
        plane += haze * np.float32(light.air[c])
        plane += behind * sky[c]
        plane += dark * np.float32(light.halo[c])
        if light.disc is not None and halo is not None:
            plane += halo * np.float32(light.disc.halo[c])
        if beam is not None and light.beam is not None:
            plane += beam * np.float32(light.beam[c])
        plane += rim * np.float32(light.rim[c])
        if light.sides is not None:
            plane += left * subject * np.float32(0.20 * light.sides[0][c])
            plane += right * subject * np.float32(0.20 * light.sides[1][c])
        image[c] = _roll_off(plane)

    if light.glow and frame.glow.any():
        _add_glow(image, frame.glow * np.float32(light.glow))
    return np.clip(image, 0, 255, out=image)


def _add_glow(image: np.ndarray, shine: np.ndarray) -> None:
    core = np.maximum(np.maximum(shine[0], shine[1]), shine[2])
    core *= np.float32(1 / 255)
    image *= 1 - 0.85 * core
    image += 0.95 * shine
    image += (0.5 * blur(shine, 3.5) + 0.75 * blur(shine, 11)) * (1 - 0.7 * core)


def _roll_off(plane: np.ndarray) -> np.ndarray:
    """Bend what is brighter than 205 towards 255, so that highlights keep their colour."""
    over = np.maximum(plane - np.float32(205), 0)
    return plane - over * over / (over + np.float32(60))


def _surroundings(frame: Frame) -> _Surroundings:
    size = frame.ids.shape[0]
    factor = max(1, size // 64)
    subject = mask_down(frame.subject, factor)
    tone = mask_down(luminance(frame.albedo) * frame.subject, factor)
    near = blur_mask(subject, 15)
    # The mean brightness of the subject round here: what its outline has to stand out with.
    pale = blur(tone, 15) / np.maximum(near, 0.02)
    slope = np.zeros_like(near)
    slope[:, 1:-1] = near[:, 2:] - near[:, :-2]
    turn = np.clip(slope / np.maximum(near, 0.05) * (len(near) / 64 * 2.2), -1, 1)
    near = np.clip(near * 1.7, 0, 1)
    return _Surroundings(*(mask_up(field, size) for field in (near, pale, turn)))


def _set_off(frame: Frame, light: Light, wide: _Surroundings) -> tuple[np.ndarray, np.ndarray]:
    """How much to lighten the ground round dark subjects, and to darken it round pale ones, so that outlines read."""
    near = wide.near * (1 - frame.subject)
    dark = near * np.clip(0.62 - wide.pale * np.float32(0.62 / 150), 0.12, 0.62)
    pale = near * np.clip(wide.pale * np.float32(0.28 / 50) - np.float32(0.28 * 3.1), 0, 0.28)
    return dark, pale


def _haze(frame: Frame, light: Light) -> np.ndarray:
    depth = frame.depth
    haze = depth * np.float32(0.55)
    haze += np.float32(0.35)
    haze *= depth * np.float32(light.haze)
    if light.veil:
        haze += light.veil * (1 - depth)
    haze *= 1 - 0.45 * frame.subject
    return haze


def _shade(frame: Frame, light: Light, look: Look, soft: np.ndarray, wide: _Surroundings) -> np.ndarray:
    shade = frame.shade
    if look.rounded:
        smooth = blur_mask(np.clip(shade / 2, 0, 1), 2.2) * 2
        shade = 1 + 1.22 * (shade + 0.6 * (smooth - shade) * frame.subject - 1)
        slope = np.zeros_like(soft)
        slope[:, 1:-1] += (soft[:, 2:] - soft[:, :-2]) * 0.55
        slope[1:-1] += (soft[2:] - soft[:-2]) * 0.85
        shade += np.clip(slope * (soft.shape[0] / 256 * 3.6), -0.55, 0.42) * frame.subject
    if light.contrast != 1:
        shade = 1 + light.contrast * (shade - 1)
    if light.turn:
        lit = np.clip(0.72 + 1.1 * wide.turn, 0.0, 1.2) - 1
        shade = shade * (1 + light.turn * lit * frame.subject)
    if look.bands:
        step = 1 / look.bands
        shade = 1 + 0.9 * np.rint((shade - 1) / step) * step
    return np.clip(shade, 0, 1.9)


def _sides(frame: Frame, wide: _Surroundings) -> tuple[np.ndarray, np.ndarray]:
    """Where light from the left and from the right falls (S, S): on forms by their turn, else by nearness."""
    x, _ = grid(len(wide.turn))
    t = x * np.float32(1 / 256)
    around = 1 - frame.subject
    left = np.clip(wide.turn, 0, 1) * frame.subject + np.clip(0.85 - 1.6 * t, 0, 1) * around
    right = np.clip(-wide.turn, 0, 1) * frame.subject + np.clip(1.6 * t - 0.75, 0, 1) * around
    return left, right


def _pool(frame: Frame, light: Light, look: Look, spots: Sequence[Spot]) -> np.ndarray:
    """How much light reaches each place (S, S): all round the subjects, `light.pool` in the corners."""
    if light.pool == 1:
        return np.ones_like(frame.sky)
    x, y = grid(len(frame.sky))
    middle = sum(spot.x for spot in spots) / len(spots) if spots else 128
    across, down = (x - np.float32(middle)) * np.float32(1 / 150), (y - np.float32(134)) * np.float32(1 / 158)
    distance = np.sqrt(across * across + down * down)
    fall = np.clip(1.25 * distance - 0.22, 0, 1)
    if look.bands:
        fall = np.floor(fall * look.bands) / look.bands
    return 1 - (1 - light.pool) * fall * (1 - 0.75 * frame.subject)


def _beam(frame: Frame, light: Light, look: Look) -> np.ndarray | None:
    """A shaft of light from the upper left to the middle of the ground (S, S), behind the subjects."""
    if light.beam is None:
        return None
    x, y = grid(len(frame.sky))
    along = np.clip((0.62 * (x + 30) + 0.78 * (y + 30)) / 300, 0.02, 1.2)
    off = (0.78 * (x + 30) - 0.62 * (y + 30)) / (16 + 74 * along)
    shaft = np.exp(-(off * off) ** 2) * np.clip(1.15 - 0.95 * along, 0, 1)
    if look.bands:
        shaft = np.rint(shaft * 3) / 3
    return shaft * (0.36 * (1 - 0.85 * frame.subject))


def _cast_shadow(frame: Frame, light: Light, spots: Sequence[Spot]) -> np.ndarray:
    """Soft contact shadows on the ground (S, S) 0..1, drawn out to the right where the light comes in low."""
    size = len(frame.sky)
    x, y = grid(size)
    dark = np.zeros_like(x)
    for spot in spots:
        if spot.width <= 0:
            continue
        reach = 5 + 0.055 * spot.width
        first, last = (int(np.clip((spot.y + side * 2.2 * reach) * size / 256, 0, size)) for side in (-1, 1))
        rows = slice(first, last)
        dx = (x[rows] - spot.x - light.slant * spot.width * 0.5) / (spot.width * (1.05 + 0.5 * light.slant))
        dy = (y[rows] - spot.y - 1) / reach
        r = dx * dx + dy * dy
        here = spot.shadow * light.shadow * np.exp(-r * np.sqrt(r)) * (1 - frame.subject[rows]) * (1 - frame.sky[rows])
        np.maximum(dark[rows], here, out=dark[rows])
    return dark


def _sky(light: Light, look: Look, frame: Frame, rng: Random) -> tuple[np.ndarray, np.ndarray | None]:
    """The sky (3, S, S) or (3, S, 1), and the strength (S, S) of the halo that sun or moon lay over everything."""
    side, height = rng.choice((-1, 1)), rng.uniform(-8, 8)
    stars = [(rng.uniform(6, 250), rng.uniform(4, 112), rng.uniform(1.2, 2.0)) for _ in range(light.stars)]
    size = len(frame.sky)
    x, y = grid(size)
    t = np.clip(y[:, :1] / 158, 0, 1)
    if look.bands:
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
    distance = np.hypot(x - np.float32(128 + side * 76), y - np.float32(disc.y + height)) - np.float32(disc.radius)
    inside = np.clip(0.5 - distance * np.float32(unit), 0, 1)
    for c in range(3):
        sky[c] += (np.float32(disc.colour[c]) - sky[c]) * inside
    halo = 1 / (1 + (np.maximum(distance, 0) / 22) ** 2)
    if look.bands:
        halo = np.floor(halo * 4 + 0.35) / 4
    halo *= np.float32(disc.strength * 0.30)
    halo *= (0.35 + 0.65 * frame.sky) * (1 - 0.75 * frame.subject)
    return sky, halo


def _rim(soft: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """A line of light on edges that face up and to the right, 0..1."""
    slope = np.zeros_like(soft)
    slope[1:-1, 1:-1] = soft[2:, 1:-1] - soft[:-2, 1:-1] - 0.7 * (soft[1:-1, 2:] - soft[1:-1, :-2])
    return np.clip(slope * (soft.shape[0] / 256) * 4.5 - 0.18, 0, 1) * subject
