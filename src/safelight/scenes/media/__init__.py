"""Seven media: how a lit scene is put on paper, canvas or screen. Each is one function from image to image.

    flat vector    bands of even tone, clear colours                                     screen.py
    pixel art      43 cells across, 13 tones a channel, a dark outline                   screen.py
    low poly       triangles of one tone each, finer on the subject                      low_poly.py
    realistic      rounded forms, contrast, a background out of focus, a vignette        photo.py
    watercolor     uneven washes, darker edges, white paper at the border                watercolor.py
    oil            thick strokes that follow the forms, bristles, canvas                 oil.py
    pencil sketch  grey paper, contours, hatching by shade; never any colour             pencil.py

Image (3, S, S) float32 0..255. To add a medium: one function, one line here, one line of words in words.py.
Read next: grades.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np

from safelight.scenes.canvas import Frame
from safelight.scenes.light import Look
from safelight.scenes.media.low_poly import low_poly
from safelight.scenes.media.oil import oil
from safelight.scenes.media.pencil import pencil_sketch
from safelight.scenes.media.photo import realistic
from safelight.scenes.media.screen import flat_vector, pixel_art
from safelight.scenes.media.watercolor import watercolor

__all__ = ["MEDIA", "Medium"]


@dataclass(frozen=True)
class Medium:
    """What the medium asks of the light, and what it does with the lit picture.

    `grey`: it leaves no colour. Then the palette is to follow it, not to go before it, and tints the paper.
    """

    look: Look
    finish: Callable[[np.ndarray, Frame, Random], np.ndarray]
    grey: bool = False


MEDIA: dict[str, Medium] = {
    "flat vector": Medium(Look(bands=5), flat_vector),
    "realistic": Medium(Look(rounded=True), realistic),
    "watercolor": Medium(Look(), watercolor),
    "oil": Medium(Look(rounded=True), oil),
    "pixel art": Medium(Look(), pixel_art),
    "pencil sketch": Medium(Look(rounded=True), pencil_sketch, grey=True),
    "low poly": Medium(Look(rounded=True), low_poly),
}
