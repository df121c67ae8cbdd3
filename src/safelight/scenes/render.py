"""From a scene to its picture and the truth about it: the main path of the world, read top to bottom.

    paint (environment, then subjects)  ->  light  ->  medium  ->  defect

Deterministic: the same scene and size give the same bytes with the same versions of numpy and Pillow. All jitter comes
from `scene.layout`. Letters: S size of the picture in pixels.
"""

import json
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image

from safelight.scenes.arrays import picture
from safelight.scenes.canvas import RGB, SUBJECT, Canvas, Frame, Pen
from safelight.scenes.defects import DEFECTS
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.grammar import Scene
from safelight.scenes.light import LIGHTS, Spot, illuminate
from safelight.scenes.media import MEDIA
from safelight.scenes.subjects import SUBJECTS

__all__ = ["COLOURS", "Box", "Rendered", "paint", "render"]

COLOURS: dict[str, RGB] = {
    "red": (218, 44, 46),
    "orange": (246, 132, 30),
    "yellow": (252, 210, 48),
    "green": (52, 164, 74),
    "blue": (40, 98, 214),
    "purple": (130, 62, 184),
    "pink": (248, 134, 184),
    "brown": (128, 82, 48),
    "black": (44, 44, 52),
    "white": (240, 240, 238),
}

_DETAIL = {"minimalist": 0, "plain": 1, "ultra-detailed": 2}


@dataclass(frozen=True)
class Box:
    """Where a subject is: pixels, x1 and y1 exclusive."""

    noun: str
    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True)
class Rendered:
    """A picture and the truth about it: pixels (S, S, 3) uint8, ids (S, S) uint8 as in canvas.py, boxes, the scene."""

    pixels: np.ndarray
    ids: np.ndarray
    boxes: tuple[Box, ...]
    scene: Scene

    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return Image.fromarray(self.pixels)

    def to_json(self) -> str:
        """The scene and its boxes, one line of JSON."""
        return json.dumps({"scene": json.loads(self.scene.to_json()), "boxes": [vars(box) for box in self.boxes]})


def paint(scene: Scene, size: int) -> tuple[Frame, Spot]:
    """Draw a scene without any light: the frame at `size` pixels, and where the subject stands."""
    rng = Random(scene.layout)
    painter, environment = SUBJECTS[scene.noun], ENVIRONMENTS[scene.environment]
    scale = painter.size * rng.uniform(0.9, 1.2)
    x = 128 + rng.uniform(-20, 20) * (0.6 if painter.ground else 1.0)
    y = (painter.ground or environment.ground) + rng.uniform(-6, 6)
    flip = rng.random() < 0.5 and painter.turns
    detail = _DETAIL[scene.detail]

    canvas = Canvas(size)
    environment.paint(canvas, Random(scene.layout ^ 0x5EED), detail)
    colour = COLOURS[scene.colour]
    pen = Pen(canvas, x, y - painter.hover, scale, colour, flip, painter.lean * (-1 if flip else 1))
    painter.paint(pen, detail)
    brightness = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    return canvas.develop(), Spot(x, y, painter.shadow * scale, brightness, 1.0 if painter.hover < 10 else 0.5)


def render(scene: Scene, size: int = 256) -> Rendered:
    """Render a scene at `size` by `size` pixels (32 or more)."""
    frame, spot = paint(scene, size)
    rng = Random(scene.layout ^ 0x11917)
    medium = MEDIA[scene.medium]
    image = illuminate(frame, LIGHTS[scene.lighting], medium.look, spot, rng)
    image = medium.finish(image, frame, rng)
    if scene.defect is not None:
        image = DEFECTS[scene.defect](image, rng)
    return Rendered(np.asarray(picture(image)), frame.ids, _boxes(scene, frame.ids), scene)


def _boxes(scene: Scene, ids: np.ndarray) -> tuple[Box, ...]:
    found: list[Box] = []
    for k, noun in enumerate((scene.noun,)):
        mask = ids // 10 == SUBJECT // 10 + k
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows):
            found.append(Box(noun, int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
    return tuple(found)
