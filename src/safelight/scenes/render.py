"""From a scene to its picture and the truth about it: the main path of the world, read top to bottom.

    paint (environment, extras, things far to near)
      -> light -> weather -> palette -> medium -> grade -> defect    (a palette follows a medium that leaves no colour)

Deterministic: the same scene and size give the same bytes with the same versions of numpy and Pillow. All jitter comes
from `scene.layout`. Letters: S size of the picture in pixels, N things in it. Read next: layout.py, canvas.py.
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
from safelight.scenes.extras import EXTRAS
from safelight.scenes.grades import GRADES
from safelight.scenes.grammar import Scene
from safelight.scenes.layout import Place, arrange
from safelight.scenes.light import LIGHTS, Spot, illuminate
from safelight.scenes.media import MEDIA
from safelight.scenes.palettes import PALETTES
from safelight.scenes.subjects import SUBJECTS
from safelight.scenes.weather import WEATHERS

__all__ = ["COLOURS", "Box", "Painting", "Rendered", "paint", "render"]

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
_GLOSS = {None: 0, "matte": -1, "shiny": 1}


@dataclass(frozen=True)
class Box:
    """Where one thing is: pixels, x1 and y1 exclusive; all zero if nothing of it is seen.

    `subject` indexes `Scene.subjects`; `visible` is the share 0..1 of it that no other thing hides.
    """

    noun: str
    colour: str
    subject: int
    x0: int
    y0: int
    x1: int
    y1: int
    visible: float


@dataclass(frozen=True)
class Rendered:
    """A picture and the truth about it: pixels (S, S, 3) uint8, ids (S, S) uint8 as in canvas.py, N boxes, scene."""

    pixels: np.ndarray
    ids: np.ndarray
    boxes: tuple[Box, ...]
    scene: Scene

    def image(self) -> Image.Image:
        """The picture for Pillow."""
        return Image.fromarray(self.pixels)

    def masks(self) -> np.ndarray:
        """Which pixels show which thing, (N, S, S) bool, in the order of the boxes."""
        whose = np.arange(1, len(self.boxes) + 1, dtype=np.uint8)
        return self.ids[None] // 10 == whose[:, None, None]

    def to_json(self) -> str:
        """The scene and its boxes, one line of JSON."""
        return json.dumps({"scene": json.loads(self.scene.to_json()), "boxes": [vars(box) for box in self.boxes]})


@dataclass(frozen=True)
class Painting:
    """A scene before any light: the frame, where things stand, and how much is seen of those that others hide."""

    frame: Frame
    spots: tuple[Spot, ...]
    visible: dict[int, float]


def paint(scene: Scene, size: int) -> Painting:
    """Draw a scene without any light at `size` pixels: the environment, what floats about in it, then its things."""
    detail = _DETAIL[scene.detail]
    canvas = Canvas(size)
    ENVIRONMENTS[scene.environment].paint(canvas, Random(scene.layout ^ 0x5EED), detail)
    for extra in scene.extras:
        EXTRAS[extra](canvas, Random(scene.layout ^ 0xE87A), detail, scene.environment)

    places = arrange(scene)
    whole: dict[int, int] = {}
    for place in places:
        _paint_thing(canvas, scene, place, detail)
        if len(places) > 1:
            whole[place.who] = canvas.count(place.who)
    visible = {who: round(canvas.count(who) / max(area, 1), 3) for who, area in whole.items()}
    return Painting(canvas.develop(), tuple(_spot(scene, place) for place in places), visible)


def _paint_thing(canvas: Canvas, scene: Scene, place: Place, detail: int) -> None:
    """Draw one thing over all that is there already."""
    subject = scene.subjects[place.subject]
    painter = SUBJECTS[subject.noun]
    gloss = _GLOSS[subject.material]
    lean = 0.0 if place.rides else painter.lean
    y = place.y - place.lift
    pen = Pen(canvas, place.x, y, place.scale, COLOURS[subject.colour], place.flip, lean, place.who, gloss)
    if place.rides and painter.rider is not None:
        painter.rider(pen, detail)
    else:
        painter.paint(pen, detail)
    if gloss > 0:
        canvas.polish(place.who, COLOURS[subject.colour])
    if scene.defect == "extra limbs" and painter.limbs is not None:
        painter.limbs(pen, detail)


def _spot(scene: Scene, place: Place) -> Spot:
    subject = scene.subjects[place.subject]
    painter = SUBJECTS[subject.noun]
    width = painter.shadow * place.scale if place.grounded else 0.0
    return Spot(place.x, place.y, width, 1.0 if place.lift < 10 else 0.5)


def render(scene: Scene, size: int = 256) -> Rendered:
    """Render a scene at `size` by `size` pixels (32 or more)."""
    painting = paint(scene, size)
    frame, rng = painting.frame, Random(scene.layout ^ 0x11917)
    medium = MEDIA[scene.medium]
    image = illuminate(frame, LIGHTS[scene.lighting], medium.look, painting.spots, rng)
    if scene.weather != "none":
        image = WEATHERS[scene.weather](image, frame, rng)
    toned = scene.palette != "natural"
    if toned and not medium.grey:
        image = PALETTES[scene.palette](image, frame)
    image = medium.finish(image, frame, rng)
    if toned and medium.grey:  # it would take all colour away again: the palette tints its paper instead
        image = PALETTES[scene.palette](image, frame)
    if scene.grade != "none":
        image = GRADES[scene.grade](image, frame)
    if scene.defect is not None:
        image = DEFECTS[scene.defect](image, rng)
    return Rendered(np.asarray(picture(image)), frame.ids, _boxes(scene, frame.ids, painting.visible), scene)


def _boxes(scene: Scene, ids: np.ndarray, visible: dict[int, float]) -> tuple[Box, ...]:
    found: list[Box] = []
    for subject, thing in enumerate(scene.subjects):
        for _ in range(thing.count):
            who = len(found)
            bounds = _bounds(ids // 10 == SUBJECT // 10 + who)
            found.append(Box(thing.noun, thing.colour, subject, *bounds, visible.get(who, 1.0)))
    return tuple(found)


def _bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
