"""A photograph: what is far lies out of focus, tones bend as film does, the corners are darker.

    far = blur(image * around) / blur(around)

Divided by the blurred mask, so that nothing of the subject bleeds into the background.
Image (3, S, S) float32 0..255. Read next: watercolor.py.
"""

from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, blur_mask, grid
from safelight.scenes.canvas import Frame

__all__ = ["realistic"]


@lru_cache(maxsize=8)
def _vignette(size: int) -> np.ndarray:
    x, y = (axis / 128 - 1 for axis in grid(size))
    return 1.03 - 0.20 * np.clip(x * x + y * y - 0.35, 0, None)


def realistic(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """A camera's view: shallow depth of field, contact darkening, gentle contrast, vignette."""
    around = 1 - frame.subject
    far = blur(image * around, 3.1)
    far *= 1 / np.clip(blur_mask(around, 3.1), 0.02, None)
    soft = np.clip(0.3 + 1.2 * frame.depth, 0, 1)
    soft *= around
    contact = 1 - 0.14 * blur_mask(frame.subject, 7) * around
    vignette = _vignette(image.shape[-1])
    for c in range(3):
        plane = far[c]
        plane -= image[c]
        plane *= soft
        plane += image[c]
        plane *= contact
        t = plane * np.float32(1 / 255)
        # a curve through black, middle grey and white that is steeper in the middle
        plane += (255 * 0.64) * (t - np.float32(0.5)) * t * (1 - t)
        plane *= vignette
    return far
