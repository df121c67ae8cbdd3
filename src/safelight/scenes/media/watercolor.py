"""Watercolour: pigment on white paper, uneven, gathered at the edges of each wash.

    colour = paper * (1 - density),  density = (1 - image) * (even + noise + edges)

After the effects of Curtis et al. 1997 (Computer-Generated Watercolor): edge darkening, granulation, backruns, here
without any fluid. Image (3, S, S) float32 0..255. Read next: oil.py.
"""

from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.arrays import blur, grid, luminance, noise, saturate, shifted
from safelight.scenes.canvas import Frame

__all__ = ["watercolor"]

_PAPER = (251, 248, 241)


@lru_cache(maxsize=8)
def _border(size: int) -> np.ndarray:
    """How far each pixel lies from the painting's rounded rim, in 256ths."""
    x, y = (abs(axis / 128 - 1) for axis in grid(size))
    return (1 - np.maximum(x, y)) * 128 - np.clip(x + y - 1.80, 0, 1) * 80 - 8


def watercolor(image: np.ndarray, frame: Frame, rng: Random) -> np.ndarray:
    """Washes that wobble, thin out and darken at their edges, with a rim of bare paper."""
    size = image.shape[-1]
    image = shifted(image, noise(rng, size, 11) * 1.1, noise(rng, size, 11) * 1.1)
    smooth = blur(image, 1.4)
    tone = luminance(smooth)
    edges = np.clip((blur(tone, 3.0) - tone) / 60, 0, 0.5)
    wash = noise(rng, size, 5) * 0.07 + noise(rng, size, 13) * 0.045
    wash += 0.80 + 0.06 * frame.subject + 0.45 * edges
    wash *= np.clip((_border(size) + noise(rng, size, 6) * 2.6) * np.float32(0.2), 0, 1)
    image *= np.float32(0.6)
    image += smooth * np.float32(0.4)
    image = saturate(image, 1.2)
    for c, paper in enumerate(_PAPER):
        density = image[c] * np.float32(-1 / 255)
        density += 1
        density *= wash
        np.clip(density, 0, 1, out=density)
        density *= -paper
        density += paper
        image[c] = density
    return image
