"""Light on a drawn scene: shade, air, shadows, glow. One function for all seven lightings.

    colour = albedo * (ambient + (key - ambient) * shade), then  lerp(colour, air, haze * depth)

Shade below 1 therefore turns towards the ambient colour, which is cool by day and blue by night, as painters do it.
Nothing here knows the third dimension: the slope of a blurred silhouette stands in for the direction in which a form
faces (inflation; Johnston 2002). Everything is in the picture's final size S; images (3, S, S) float32 0..255.
Read next: sky.py, then media/.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, blur_mask, grid, luminance, mask_down, mask_up
from safelight.scenes.canvas import Frame
from safelight.scenes.lights import LIGHTS, Light
from safelight.scenes.sky import beam_through, sky_of

__all__ = ["LIGHTS", "Light", "Look", "Spot", "illuminate"]


@dataclass(frozen=True)
class Look:
    """What a medium wants from the light: `bands` of flat tone (0: smooth), and whether forms are rounded off."""

    bands: int = 0
    rounded: bool = False


@dataclass(frozen=True)
class Spot:
    """Where a subject touches the ground, in picture units, how wide its shadow, and how dark it is (1: the subject
    stands, less: it floats)."""

    x: float
    y: float
    width: float
    shadow: float = 1.0


@dataclass(frozen=True)
class _Surroundings:
    """Wide, soft fields round the subjects, made together on one small copy; None where nothing would come of them.

    dark (S, S) how much to lighten the ground round dark subjects | pale (S, S) how much to darken it round pale ones
    turn (S, S) -1..1, whether a form looks to the right (-1) or to the left (1)
    """

    dark: np.ndarray
    pale: np.ndarray | None
    turn: np.ndarray | None


def illuminate(frame: Frame, light: Light, look: Look, spots: Sequence[Spot], rng: Random) -> np.ndarray:
    """The lit picture, (3, S, S) float32 0..255; `spots`: where subjects stand, none for a landscape."""
    subject = frame.subject
    around = 1 - subject
    slopes = _slopes(subject)
    wide = _surroundings(frame, light)
    shade = _shade(frame, light, look, slopes, wide)
    sky = sky_of(light, look.bands, frame, rng)
    beam = None if light.beam is None else beam_through(len(subject), look.bands) * (1 - 0.85 * subject)
    rim = _rim(slopes, subject)
    sides = None if light.sides is None or wide.turn is None else _sides(wide.turn, subject, around)

    # Light on a pixel is linear in its shade; what lies before it (air, sky, the set-off) is one product and one sum.
    lit_subject = subject * shade
    haze = _haze(frame, light)
    dark = wide.dark * around
    kept = 1 - dark * np.float32(0.35)
    if wide.pale is not None:
        kept -= wide.pale * around
    if light.pool != 1:
        kept *= _pool(frame, light, spots)
    behind = frame.sky * kept
    kept -= behind
    through = kept - haze * kept
    through *= 1 - _cast_shadow(frame, light, spots)
    haze *= kept

    albedo = frame.albedo
    if light.mute:
        grey = luminance(albedo)
        albedo = albedo + (grey - albedo) * (around * np.float32(light.mute))
    # (field, its colour) pairs: what multiplies the albedo, then what is added to it
    times: list[tuple[np.ndarray, Sequence[float]]] = [
        (shade, [key - ambient for key, ambient in zip(light.key, light.ambient, strict=True)]),
        (subject, [0.5 * ambient for ambient in light.ambient]),
        (
            lit_subject,
            [own - key - 0.5 * a for own, key, a in zip(light.subject, light.key, light.ambient, strict=True)],
        ),
    ]
    plus: list[tuple[np.ndarray, Sequence[float]]] = [(haze, light.air), (dark, light.halo), (rim, light.rim)]
    if sides is not None and light.sides is not None:
        for side, colour in zip(sides, light.sides, strict=True):
            times.append((side, [value / 255 for value in colour]))
            plus.append((side * subject, [0.2 * value for value in colour]))
    if light.disc is not None and sky.halo is not None:
        plus.append((sky.halo, light.disc.halo))
    if beam is not None and light.beam is not None:
        plus.append((beam, light.beam))

    image = np.empty_like(albedo)
    term = np.empty_like(subject)
    for c in range(3):  # plane by plane, in place: what fits the processor's cache is several times faster
        plane = image[c]
        plane.fill(light.ambient[c])
        for field, colour in times:
            plane += np.multiply(field, np.float32(colour[c]), out=term)
        plane *= albedo[c]
        plane *= through
        plane += np.multiply(behind, sky.rows[c], out=term)
        for where, more in sky.patches:
            plane[where] += behind[where] * more[c]
        for field, colour in plus:
            plane += np.multiply(field, np.float32(colour[c]), out=term)
        _roll_off(plane, term)

    if light.glow and frame.glow.any():
        _add_glow(image, frame.glow * np.float32(light.glow))
    return np.clip(image, 0, 255, out=image)


def _add_glow(image: np.ndarray, shine: np.ndarray) -> None:
    """Lamps and windows at their own brightness, and two halos round them, narrow and wide; `shine` is used up."""
    size = shine.shape[-1]
    factor = max(1, size // 64)
    small = np.stack([mask_down(plane, factor) for plane in shine])
    halo = np.float32(0.5) * blur(small, 3.8) + np.float32(0.75) * blur(small, 11)
    core = np.maximum(shine[0], shine[1])
    np.maximum(core, shine[2], out=core)
    core *= np.float32(-0.85 / 255)
    core += 1
    for c in range(3):
        plane, light = image[c], shine[c]
        plane *= core
        light *= np.float32(0.95)
        plane += light
        plane += np.multiply(mask_up(halo[c], size), core, out=light)


def _roll_off(plane: np.ndarray, spare: np.ndarray) -> None:
    """Bend what is brighter than 205 towards 255 in place, so that highlights keep their colour."""
    over = np.clip(np.subtract(plane, np.float32(205), out=spare), 0, None, out=spare)
    # p - o * o / (o + 60), written as one quotient less: p - o + 60 * o / (o + 60)
    plane -= over
    over /= over + np.float32(60)
    over *= np.float32(60)
    plane += over


def _surroundings(frame: Frame, light: Light) -> _Surroundings:
    size = frame.ids.shape[0]
    factor = max(1, size // 64)
    subject = mask_down(frame.subject, factor)
    tone = mask_down(luminance(frame.albedo) * frame.subject, factor)
    near = blur_mask(subject, 15)
    # The mean brightness of the subject round here: what its outline has to stand out with.
    bright = blur(tone, 15) / np.maximum(near, 0.02)
    close = np.clip(near * 1.7, 0, 1)
    dark = close * np.clip(0.62 - bright * np.float32(0.62 / 150), 0.12, 0.62)
    pale = close * np.clip(bright * np.float32(0.28 / 50) - np.float32(0.28 * 3.1), 0, 0.28)
    turn = None
    if light.turn or light.sides is not None:
        turn = np.zeros_like(near)
        turn[:, 1:-1] = near[:, 2:] - near[:, :-2]
        turn = np.clip(turn / np.maximum(near, 0.05) * (len(near) / 64 * 2.2), -1, 1)
        turn = mask_up(turn, size)
    return _Surroundings(mask_up(dark, size), mask_up(pale, size) if pale.max() > 0.01 else None, turn)


def _haze(frame: Frame, light: Light) -> np.ndarray:
    depth = frame.depth
    haze = depth * np.float32(0.55)
    haze += np.float32(0.35)
    haze *= depth * np.float32(light.haze)
    if light.veil:
        haze += light.veil * (1 - depth)
    haze *= 1 - 0.45 * frame.subject
    return haze


def _slopes(subject: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How the softened silhouette rises to the right and downwards, each (S, S), the same at every size."""
    soft = blur(subject * np.float32(255), 4.5)
    soft *= np.float32(len(soft) / (255 * 256))
    right, down = np.zeros_like(soft), np.zeros_like(soft)
    np.subtract(soft[:, 2:], soft[:, :-2], out=right[:, 1:-1])
    np.subtract(soft[2:], soft[:-2], out=down[1:-1])
    return right, down


def _shade(
    frame: Frame, light: Light, look: Look, slopes: tuple[np.ndarray, np.ndarray], wide: _Surroundings
) -> np.ndarray:
    shade = frame.shade
    if look.rounded:
        smooth = blur_mask(shade * np.float32(0.5), 2.2) * np.float32(2)
        slope = slopes[0] * np.float32(0.55 * 3.6)
        slope += slopes[1] * np.float32(0.85 * 3.6)
        np.clip(slope, -0.55, 0.42, out=slope)
        slope += (smooth - shade) * np.float32(1.22 * 0.6)
        slope *= frame.subject
        shade = shade * np.float32(1.22) + slope
        shade -= np.float32(0.22)
    if light.contrast != 1:
        shade = 1 + light.contrast * (shade - 1)
    if light.turn and wide.turn is not None:
        lit = np.clip(0.66 + 1.5 * wide.turn, 0.0, 1.2) - 1
        shade = shade * (1 + light.turn * lit * frame.subject)
    if look.bands:
        step = 1 / look.bands
        shade = 1 + 0.9 * np.rint((shade - 1) / step) * step
    return np.clip(shade, 0, 1.9)


def _sides(turn: np.ndarray, subject: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where light from the left and from the right falls (S, S): on forms by their turn, else by nearness."""
    x, _ = grid(len(turn))
    left = np.clip(turn, 0, 1) * subject
    left += np.clip(np.float32(0.85) - x * np.float32(1.6 / 256), 0, 1) * around
    right = np.clip(-turn, 0, 1) * subject
    right += np.clip(x * np.float32(1.6 / 256) - np.float32(0.75), 0, 1) * around
    return left, right


def _pool(frame: Frame, light: Light, spots: Sequence[Spot]) -> np.ndarray:
    """How much light reaches each place (S, S): all round the subjects, `light.pool` in the corners."""
    x, y = grid(len(frame.sky))
    middle = sum(spot.x for spot in spots) / len(spots) if spots else 128
    across, down = (x - np.float32(middle)) * np.float32(1 / 150), (y - np.float32(134)) * np.float32(1 / 158)
    across *= across
    down *= down
    across += down
    fall = np.clip(np.float32(1.25) * np.sqrt(across) - np.float32(0.22), 0, 1)
    return 1 - np.float32(1 - light.pool) * fall * (1 - np.float32(0.75) * frame.subject)


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


def _rim(slopes: tuple[np.ndarray, np.ndarray], subject: np.ndarray) -> np.ndarray:
    """A line of light on edges that face up and to the right, 0..1."""
    rim = slopes[1] * np.float32(4.5)
    rim -= slopes[0] * np.float32(0.7 * 4.5)
    rim -= np.float32(0.18)
    np.clip(rim, 0, 1, out=rim)
    rim *= subject
    return rim
