"""Three palettes: which colours a picture is made of, whatever its light and medium.

    toned = lerp(image, ramp(brightness), share),  share smaller where the subject carries its named colour

A palette may bend the surroundings as it likes; a red car stays a car that everyone calls red. On a picture without
any colour (a pencil sketch) there is nothing to bend, and the palette tints the paper.
Image (3, S, S) float32 0..255. Read next: media/.
"""

from collections.abc import Callable

import numpy as np

from safelight.scenes.arrays import grid, luminance
from safelight.scenes.canvas import Frame

__all__ = ["PALETTES"]

Stops = tuple[tuple[float, tuple[float, float, float]], ...]

# brightness -> colour
_CYAN: Stops = (
    (0, (6, 6, 30)), (60, (10, 44, 92)), (130, (16, 132, 178)), (200, (70, 226, 240)), (255, (206, 255, 255)),
)
_MAGENTA: Stops = (
    (0, (16, 2, 34)), (60, (78, 10, 98)), (130, (204, 30, 158)), (200, (255, 112, 206)), (255, (255, 222, 246)),
)
_SEPIA: Stops = ((0, (58, 44, 40)), (90, (122, 96, 74)), (180, (206, 178, 134)), (255, (250, 234, 198)))

# vintage: how much of each channel is left, and how far black is lifted
_FADE, _LIFT = (0.86, 0.81, 0.72), (32.0, 28.0, 28.0)


def _ramp(tone: np.ndarray, stops: Stops) -> np.ndarray:
    """Colours (3, S, S) for brightnesses (S, S)."""
    at = [stop for stop, _ in stops]
    table = np.stack([np.interp(np.arange(256), at, [colour[c] for _, colour in stops]) for c in range(3)])
    return table.astype(np.float32).take(np.clip(tone, 0, 255).astype(np.uint8), axis=1)


def _colourless(image: np.ndarray) -> bool:
    return np.array_equal(image[0], image[1]) and np.array_equal(image[1], image[2])


def natural(image: np.ndarray, frame: Frame) -> np.ndarray:
    """As it is."""
    return image


def cyberpunk(image: np.ndarray, frame: Frame) -> np.ndarray:
    """Magenta where the picture is warm and low, cyan where it is cool and high; darker."""
    tone = luminance(image)
    if _colourless(image):
        return tone * np.array([0.94, 0.84, 1.0], np.float32)[:, None, None]
    _, y = grid(len(tone))
    warm = (image[0] - image[2]) * np.float32(1 / 90) + (y - np.float32(128)) * np.float32(1 / 220) + np.float32(0.45)
    np.clip(warm, 0, 1, out=warm)
    dark = tone * np.float32(0.78)
    cyan = _ramp(dark, _CYAN)
    toned = cyan + (_ramp(dark, _MAGENTA) - cyan) * warm
    share = 0.84 - 0.44 * frame.subject - 0.33 * frame.coloured
    return image + (toned - image) * share


def vintage(image: np.ndarray, frame: Frame) -> np.ndarray:
    """An old print: faded, warm, blacks lifted."""
    tone = luminance(image)
    if _colourless(image):
        return tone * np.array([1.0, 0.93, 0.79], np.float32)[:, None, None]
    sepia = _ramp(tone, _SEPIA)
    share = 0.66 - 0.20 * frame.subject - 0.20 * frame.coloured
    kept = 1 - 0.5 * frame.coloured
    old = np.empty_like(image)
    for c in range(3):
        plane = image[c] * np.float32(_FADE[c] - 1)
        plane += np.float32(_LIFT[c])
        plane += (sepia[c] - image[c] - plane) * share
        plane *= kept
        plane += image[c]
        old[c] = plane
    return old


PALETTES: dict[str, Callable[[np.ndarray, Frame], np.ndarray]] = {
    "natural": natural,
    "cyberpunk": cyberpunk,
    "vintage": vintage,
}
