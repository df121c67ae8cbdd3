"""Where everything stands: from a scene to one place per thing, in the order of drawing.

Layouts are few and fixed, with jitter, because free placement multiplies the pictures that a model must see. A thing's
outline is measured once by painting it onto a ruler, so whatever a painter draws is fitted into the room that a layout
gives it:

    scale = min(the painter's own, room's width / thing's width, room's height / thing's height)

Relations are those of GenEval (Ghosh et al. 2023), seen from the viewer. Coordinates are 256ths of the picture, y down;
(x, y) of a place is the spot below the thing on which it stands. Read next: render.py.
"""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from safelight.scenes.canvas import Pen, Ruler
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.grammar import Scene, Subject
from safelight.scenes.subjects import SUBJECTS, Painter

__all__ = ["Place", "arrange"]

_SIZES = {"small": 0.72, "medium": 1.0, "large": 1.3}
_MARGIN = 5.0


@dataclass(frozen=True)
class Place:
    """Where one thing stands: `subject` indexes `Scene.subjects`, `who` is its number in the picture, from 0.

    `scale` is in picture units per painter's unit; `lift` is how far it hovers above (x, y), in picture units;
    `grounded`: it casts its shadow on the ground; `rides`: it is painted seated, its hip at (x, y).
    """

    subject: int
    who: int
    x: float
    y: float
    scale: float
    flip: bool = False
    lift: float = 0.0
    grounded: bool = True
    rides: bool = False


def arrange(scene: Scene) -> tuple[Place, ...]:
    """The places of a scene's things, far ones first; none for a landscape."""
    rng = Random(scene.layout)
    ground = ENVIRONMENTS[scene.environment].ground
    if not scene.subjects:
        return ()
    if len(scene.subjects) == 1:
        only = scene.subjects[0]
        if only.count > 1:
            return _several(rng, only, ground)
        return (_alone(rng, only, ground, scene.defect == "extra limbs"),)
    first, second = scene.subjects
    match scene.relation:
        case "left of" | "right of":
            return _beside(rng, first, second, ground, scene.relation == "left of")
        case "above":
            return _stacked(rng, first, second, ground, upper=0)
        case "below":
            return _stacked(rng, second, first, ground, upper=1)
        case "in front of":
            return _behind(rng, first, second, ground, near=0)
        case "behind":
            return _behind(rng, second, first, ground, near=1)
        case "riding":
            return _riding(rng, first, second, ground)
        case _:
            raise ValueError(f"no layout for two things with the relation {scene.relation!r}")


@dataclass(frozen=True)
class _Reach:
    """How far a thing reaches round its foot, in its own units; y0 is negative, above the foot."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0


@lru_cache(maxsize=128)
def _reach(noun: str, seated: bool = False, limbs: bool = False) -> _Reach:
    painter, ruler = SUBJECTS[noun], Ruler()
    pen = Pen(ruler, 0, 0, 1.0, (128, 128, 128), angle=0.0 if seated else painter.lean)
    paint = painter.rider if seated and painter.rider else painter.paint
    paint(pen, 1)
    if limbs and painter.limbs:
        painter.limbs(pen, 1)
    return _Reach(*ruler.reach())


def _fitted(noun: str, size: float, width: float, height: float) -> float:
    """The painter's own scale times `size`, or less where the room is smaller."""
    reach = _reach(noun)
    return min(SUBJECTS[noun].size * size, width / reach.width, height / reach.height)


def _centred(reach: _Reach, x: float, scale: float, flip: bool) -> float:
    """Where the foot must be for the outline's middle to be at `x`, kept inside the picture."""
    half = 0.5 * reach.width * scale
    x = min(max(x, _MARGIN + half), 256 - _MARGIN - half) if half < 128 - _MARGIN else 128.0
    return x - 0.5 * (reach.x0 + reach.x1) * scale * (-1 if flip else 1)


def _lift(painter: Painter, scale: float) -> float:
    return painter.hover * scale / painter.size


def _turned(rng: Random, noun: str) -> bool:
    return rng.random() < 0.5 and SUBJECTS[noun].turns


def _alone(rng: Random, only: Subject, ground: float, limbs: bool) -> Place:
    painter, reach = SUBJECTS[only.noun], _reach(only.noun, limbs=limbs)
    scale = painter.size * rng.uniform(0.9, 1.2) * _SIZES[only.size]
    x, dy, flip = 128 + rng.uniform(-20, 20), rng.uniform(-6, 6), _turned(rng, only.noun)
    if painter.ground is not None:  # a bust, cut off by the picture's lower edge
        y = painter.ground + dy
        scale = min(scale, 256 / reach.width, (y - _MARGIN) / -reach.y0)
        return Place(0, 0, 128 + (x - 128) * (0.1 if limbs else 0.6), y, scale, flip)
    y = ground + dy + (12 if only.size == "large" else 0)
    scale = min(scale, (256 - 2 * _MARGIN) / reach.width, (y - _MARGIN) / (painter.hover / painter.size - reach.y0))
    return Place(0, 0, _centred(reach, x, scale, flip), y, scale, flip, _lift(painter, scale))


def _several(rng: Random, only: Subject, ground: float) -> tuple[Place, ...]:
    """Two to four alike: in a row, or in two rows where that leaves more room for each."""
    noun, count, size = only.noun, only.count, 0.8 * min(1.1, _SIZES[only.size])
    cell = 238 / count
    in_row, in_rows = _fitted(noun, size, cell * 0.93, 160), _fitted(noun, size, 106, 80)
    if count > 2 and in_rows > 1.12 * in_row:
        back = count - 2
        middles = [(128 + 116 * (i - 0.5 * (back - 1)), ground - 57, 0.94 * in_rows) for i in range(back)]
        middles += [(128 + 118 * (i - 0.5), ground + 26, in_rows) for i in range(2)]
    else:
        middles = [(128 + cell * (i - 0.5 * (count - 1)), ground + 2, in_row) for i in range(count)]
    flip, shift = _turned(rng, noun), rng.uniform(-5, 5)
    places: list[Place] = []
    for who, (x, y, scale) in enumerate(middles):
        scale *= rng.uniform(0.92, 1.0)
        x, y = x + shift + rng.uniform(-0.03, 0.03) * cell, y + rng.uniform(-5, 5)
        places.append(
            Place(0, who, _centred(_reach(noun), x, scale, flip), y, scale, flip, _lift(SUBJECTS[noun], scale))
        )
    return tuple(places)


def _beside(rng: Random, first: Subject, second: Subject, ground: float, first_left: bool) -> tuple[Place, ...]:
    places: list[Place] = []
    for k, thing in enumerate((first, second)):
        at_left = (k == 0) == first_left
        size = min(1.12, _SIZES[thing.size]) * rng.uniform(0.88, 1.0)
        scale = size * _fitted(thing.noun, 0.95, 104, 140)
        flip = not at_left if SUBJECTS[thing.noun].turns and rng.random() < 0.7 else _turned(rng, thing.noun)
        x = (69 if at_left else 187) + rng.uniform(-6, 6)
        y = ground + rng.uniform(-5, 8)
        x = _centred(_reach(thing.noun), x, scale, flip)
        places.append(Place(k, k, x, y, scale, flip, _lift(SUBJECTS[thing.noun], scale)))
    return tuple(sorted(places, key=lambda place: place.y))


def _stacked(rng: Random, above: Subject, below: Subject, ground: float, upper: int) -> tuple[Place, ...]:
    """One thing on top of the other; `upper` is the index of `above` in the scene."""
    x, y = 128 + rng.uniform(-14, 14), ground + 10 + rng.uniform(-4, 4)
    size = min(1.1, _SIZES[below.size]) * rng.uniform(0.9, 1.0)
    base, flip = SUBJECTS[below.noun], _turned(rng, below.noun)
    scale = size * _fitted(below.noun, 0.85, 150, 100)
    lift = _lift(base, scale)
    low = Place(1 - upper, 1 - upper, _centred(_reach(below.noun), x, scale, flip), y, scale, flip, lift)

    tall = -_reach(below.noun).y0 * scale
    foot = y - lift - min(base.top * scale, tall) + 1.5
    size = min(1.1, _SIZES[above.size]) * rng.uniform(0.9, 1.0)
    scale = size * _fitted(above.noun, 0.85, 140, min(112, (foot - _MARGIN) * 0.92))
    # By GenEval's rule "above" wants the middles more than a fifth of both heights apart; on a low back it floats.
    foot = min(foot, y - lift - 0.78 * tall + 0.3 * _reach(above.noun).height * scale)
    flip, lift = _turned(rng, above.noun), _lift(SUBJECTS[above.noun], scale)
    return low, Place(upper, upper, low.x + rng.uniform(-3, 3), foot, scale, flip, lift, grounded=False)


def _behind(rng: Random, close: Subject, far: Subject, ground: float, near: int) -> tuple[Place, ...]:
    """One thing partly hides the other, which stands higher and is smaller; `near` is the index of `close`."""
    side, middle, y = rng.choice((-1, 1)), 128 + rng.uniform(-6, 6), ground + 20 + rng.uniform(-3, 3)
    flips = [_turned(rng, thing.noun) for thing in (far, close)]
    scales = [
        min(1.1, _SIZES[far.size]) * rng.uniform(0.92, 1.0) * _fitted(far.noun, 0.76, 132, 122),
        min(1.1, _SIZES[close.size]) * rng.uniform(0.92, 1.0) * _fitted(close.noun, 0.8, 126, 108),
    ]
    widths = [_reach(thing.noun).width * scale for thing, scale in zip((far, close), scales, strict=True)]
    apart = 0.5 * sum(widths) - 0.55 * min(widths)
    # A low thing hides something only if the far one's foot is below its top.
    deep = min(44.0, 0.55 * _reach(close.noun).height * scales[1])
    places: list[Place] = []
    for thing, k, way, dy, scale, flip in (
        (far, 1 - near, -0.5, -deep, scales[0], flips[0]),
        (close, near, 0.5, 0.0, scales[1], flips[1]),
    ):
        x = _centred(_reach(thing.noun), middle + side * way * apart, scale, flip)
        lift = min(8.0, _lift(SUBJECTS[thing.noun], scale))
        places.append(Place(k, k, x, y + dy + rng.uniform(-3, 3), scale, flip, lift))
    return tuple(places)


def _riding(rng: Random, person: Subject, mount: Subject, ground: float) -> tuple[Place, ...]:
    """A person in the saddle, facing as the mount does."""
    painter, seated, flip = SUBJECTS[mount.noun], _reach(person.noun, seated=True), _turned(rng, mount.noun)
    seat = painter.seat or (0.0, -painter.top)
    height = max(-_reach(mount.noun).y0, -seat[1] - seated.y0)
    y = ground + 10 + rng.uniform(-5, 5)
    room = _fitted(mount.noun, 1.0, 236, 256)
    scale = min(room, (y - _MARGIN) / (height + painter.hover / painter.size)) * rng.uniform(0.88, 1.0)
    x = _centred(_reach(mount.noun), 128 + rng.uniform(-14, 14), scale, flip)
    lift = _lift(painter, scale)
    hip_x = x + (-1 if flip else 1) * seat[0] * scale
    return (
        Place(1, 1, x, y, scale, flip, lift),
        Place(0, 0, hip_x, y - lift + seat[1] * scale, scale, flip, grounded=False, rides=True),
    )
