"""Rain and snow over a lit picture: mirrors on wet ground, streaks, grey air; flakes and fresh snow.

    wet ground    image + (mirrored - image) * wetness      mirrored(y) = image(2 * line - y), blurred
    fresh snow    image + (SNOW * light - image) * cover    light = blur(image) / blur(albedo)

A reflection begins at the line on which a thing stands: the lowest row of each thing, and for the place itself the row
from which little but ground (ids 7 to 9) is seen. The light that falls on snow is measured from the picture, so snow
is golden in the evening, blue at night and two-coloured under neon. Image (3, S, S) float32 0..255; subjects change
least. Read next: palettes.py.
"""

from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from safelight.scenes.arrays import luminance, noise, picture, planes
from safelight.scenes.canvas import SUBJECT, Frame

__all__ = ["WEATHERS"]

_WET = np.zeros(256, np.float32)
_WET[:10] = (0, 0, 0, 0.1, 0.15, 0.3, 0.3, 0.42, 0.85, 0.16)  # by id: 8 is hard ground, 7 soft, 9 what grows on it
_SNOWED = np.zeros(256, np.float32)
_SNOWED[:10] = (0, 0.05, 0.12, 0.2, 0.2, 0.22, 0.32, 0.5, 0.5, 0.3)
SNOW = 246.0


def none(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Dry weather: the image as it is."""
    return image


def rain(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Grey air, a ground that mirrors what stands on it, streaks and splashes."""
    size = image.shape[-1]
    line = _ground_line(frame)
    air = (0.30 * frame.depth * frame.depth + 0.45 * frame.sky) * (1 - frame.glow.max(0) / 300)
    image = _overcast(image, frame, air, (0.80, 0.87, 0.96))
    image *= 0.86 + 0.08 * frame.subject

    far = np.linspace(1, 0, size - line, dtype=np.float32)[:, None]
    puddles = np.clip(1 + 0.22 * noise(rng, size, 7)[line:] + 0.16 * noise(rng, size, 22)[line:], 0.3, 1.4)
    wet = np.clip(_WET[frame.ids[line:]] * (0.55 + 0.35 * far) * puddles, 0, 0.85) * (1 - frame.subject[line:])
    mirrored = _reflections(image, frame, line)
    ground = image[:, line:]
    ground *= 1 - 0.25 * wet
    ground += (mirrored - ground) * wet

    streaks = _streaks(rng, size, line) * (1 - 0.45 * frame.subject)
    for plane, tint in zip(image, (0.92, 0.97, 1.0), strict=True):
        plane += (np.minimum(plane + 125, 252) * tint - plane) * streaks
    return np.clip(image, 0, 255, out=image)


def snow(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Pale air, snow on the ground and on every upper edge, flakes of three sizes."""
    size = image.shape[-1]
    line = _ground_line(frame)
    image = _overcast(image, frame, 0.28 * frame.depth * frame.depth + 0.36 * frame.sky, (1.08, 1.11, 1.16))
    drifts = np.clip(0.55 + 0.9 * noise(rng, size, 9) + 0.6 * noise(rng, size, 26), 0, 1)
    cover = _SNOWED[frame.ids] * (0.55 + 0.95 * drifts)
    cover[:line] *= 0.4
    cover = np.maximum(cover, _upper_edges(frame.ids))
    cover = np.clip(cover, 0, 0.9)
    flakes = _flakes(rng, size) * (1 - 0.35 * frame.subject)
    for plane, fallen in zip(image, SNOW * _light(image, frame), strict=True):
        plane += (fallen - plane) * cover
        plane += np.minimum(150, 253 - plane) * flakes
    return np.clip(image, 0, 255, out=image)


def _ground_line(frame: Frame) -> int:
    """The first row (pixels) below which the picture is ground and what stands on it."""
    size = frame.ids.shape[0]
    first = int(0.56 * size)
    share = (frame.ids[first : int(0.84 * size)] >= 7).mean(1)
    open_rows = np.flatnonzero(share < 0.8)
    return first + int(open_rows[-1]) + 1 if len(open_rows) else first


def _overcast(image: np.ndarray, frame: Frame, air: np.ndarray, tint: tuple[float, float, float]) -> np.ndarray:
    """The image with its far parts (by `air`, 0..1) drawn towards the grey of an even cloud cover."""
    grey = luminance(image)
    mean = float((grey * frame.depth).sum() / max(float(frame.depth.sum()), 1.0))
    # the sun and the moon stay behind the clouds
    level = 0.5 * np.minimum(grey, mean * 1.15 + 12) + 0.5 * mean
    clear, grey = 1 - air, level * air
    return np.stack([plane * clear + grey * part for plane, part in zip(image, tint, strict=True)])


def _mirror(image: np.ndarray, mask: np.ndarray, line: int, radius: float) -> np.ndarray:
    """What `mask` (S, S) 0..1 covers, upside down from `line`, blurred: colour times cover, cover (4, S - line, S)."""
    size = image.shape[-1]
    first = max(0, 2 * line - size)
    up = mask[first:line][::-1]
    layer = np.concatenate([image[:, first:line][:, ::-1] * up, 255 * up[None]])
    soft = picture(layer).reduce(2).filter(ImageFilter.GaussianBlur(radius * size / 512))
    return planes(soft.resize((size, up.shape[0]), Image.Resampling.BILINEAR))


def _reflections(image: np.ndarray, frame: Frame, line: int) -> np.ndarray:
    """What wet ground from `line` down shows (3, S - line, S): the place, then each thing at its own feet."""
    size = image.shape[-1]
    place = _mirror(image, 1 - frame.subject, line, 3.0)
    shown = place[:3] / np.maximum(place[3] / 255, 0.04)
    whose = frame.ids // SUBJECT
    for who in range(1, int(whose.max()) + 1):
        mask = whose == who
        rows = np.flatnonzero(mask.any(1))
        if not len(rows):
            continue
        # a thing that hovers, or stands on another, is mirrored about the ground beneath it
        foot = int(rows[-1]) + 1
        foot = foot if foot > line + 0.03 * size else int(0.85 * size)
        if foot < size - 2:
            thing = _mirror(image, mask.astype(np.float32), foot, 1.6)
            below = shown[:, foot - line : foot - line + thing.shape[1]]
            below *= 1 - thing[3] / 255
            below += thing[:3]
    return shown


def _streaks(rng: Random, size: int, line: int) -> np.ndarray:
    """Falling drops, all slanting alike, and rings where they meet the ground: (S, S) 0..1."""
    unit = 2 * size / 256
    page = Image.new("L", (2 * size, 2 * size))
    draw = ImageDraw.Draw(page)
    slant = rng.choice((-1, 1)) * rng.uniform(0.14, 0.3)
    for _ in range(130):
        x, y, length = rng.uniform(-20, 276), rng.uniform(-16, 250), rng.uniform(10, 30)
        ends = (x * unit, y * unit, (x + slant * length) * unit, (y + length) * unit)
        draw.line(ends, fill=rng.randint(90, 235), width=max(1, round(unit * 1.25)))
    for _ in range(26):
        x, y = rng.uniform(4, 252) * unit, 2 * rng.uniform(line + 0.03 * size, size)
        wide = rng.uniform(2.0, 4.6) * unit * (0.5 + y / (4 * size))
        ring, tone = (x - wide, y - 0.34 * wide, x + wide, y + 0.34 * wide), rng.randint(70, 140)
        draw.ellipse(ring, outline=tone, width=max(1, round(unit * 0.6)))
    return planes(page.reduce(2)) / 255


def _flakes(rng: Random, size: int) -> np.ndarray:
    """Snow in the air: many small far flakes, a few large near ones, (S, S) 0..1."""
    unit = 2 * size / 256
    page = Image.new("L", (2 * size, 2 * size))
    draw = ImageDraw.Draw(page)
    for count, least, most, tone in ((110, 0.6, 1.0, 150), (60, 1.1, 1.8, 215), (20, 2.0, 3.1, 245)):
        for _ in range(count):
            x, y, r = rng.uniform(0, 256) * unit, rng.uniform(0, 256) * unit, rng.uniform(least, most) * unit
            draw.ellipse((x - r, y - r, x + r, y + r), fill=tone)
    return planes(page.reduce(2)) / 255


def _upper_edges(ids: np.ndarray) -> np.ndarray:
    """How much snow lies along the tops of near things, (S, S) 0..1; less on subjects, whose colour must stay."""
    thick = max(1, round(2.6 * ids.shape[0] / 256))
    level = np.where(ids >= SUBJECT, 9 + ids // SUBJECT, ids).astype(np.int16)
    edge = np.zeros(ids.shape, np.float32)
    edge[thick:] = (level[thick:] > level[:-thick] + 1) * np.where(level[thick:] > 9, 0.55, 0.8)
    edge *= ids > 1
    return edge


def _light(image: np.ndarray, frame: Frame) -> np.ndarray:
    """How much light falls on each part of the place, by colour (3, S, S), from wide means of image and albedo."""
    size = image.shape[-1]
    step = max(1, size // 64)
    solid = 1 - frame.sky[::step, ::step]

    def wide(values: np.ndarray) -> np.ndarray:
        return planes(picture(values[:, ::step, ::step] * solid).filter(ImageFilter.GaussianBlur(5)))

    albedo = wide(frame.albedo)
    # half of its own colour is kept, lest blue air on red rock turn snow bright blue
    light = np.clip((wide(image) + 3) / (0.5 * albedo + 0.5 * albedo.mean(0) + 3), 0.05, 1.05)
    return planes(picture(light * 240).resize((size, size), Image.Resampling.BILINEAR)) / 240


WEATHERS: dict[str, Callable[[np.ndarray, Frame, Random], np.ndarray]] = {"none": none, "rain": rain, "snow": snow}
