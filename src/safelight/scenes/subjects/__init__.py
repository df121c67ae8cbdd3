"""The things a scene can be about: one painter each, gathered here with how they stand in a picture.

A painter takes a `Pen` and a level of detail (0 minimalist, 1 plain, 2 ultra-detailed), and paints about 100 units wide
and up to 112 high round (0, 0), the point on the ground below the middle. What carries the scene's colour is painted
with `pen.main`, everything else with `pen.trim`. To add a noun: one function, one line here, one line of words in
words.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from safelight.scenes.canvas import Pen
from safelight.scenes.subjects.animals import bird, cat
from safelight.scenes.subjects.buildings import castle, house, lighthouse
from safelight.scenes.subjects.objects import cube, heart, mug, sphere, star_shape
from safelight.scenes.subjects.people import medieval_warrior, robot
from safelight.scenes.subjects.vehicles import hot_air_balloon, rocket, sailboat, sports_car

__all__ = ["SUBJECTS", "Painter"]


@dataclass(frozen=True)
class Painter:
    """How to paint a noun and where: `size` picture units per unit, `ground` overrides the environment's height.

    `hover` lifts the subject, in picture units; `shadow` is the half width of its contact shadow in units, 0 for none;
    `lean` is in radians; `turns`: it may face left or right. In own units: `top` is the height on which another thing
    can stand, `seat` the spot (x, y) for a rider's hip. `rider` paints the person seated, hip at (0, 0), facing as the
    mount does; `limbs` paints surplus arms or legs onto the finished subject.
    """

    paint: Callable[[Pen, int], None]
    size: float = 1.4
    ground: float | None = None
    hover: float = 0.0
    shadow: float = 46.0
    lean: float = 0.0
    turns: bool = True
    seat: tuple[float, float] | None = None
    rider: Callable[[Pen, int], None] | None = None
    limbs: Callable[[Pen, int], None] | None = None
    top: float = 100.0


SUBJECTS: dict[str, Painter] = {
    "sports car": Painter(sports_car, size=1.52, shadow=58),
    "sailboat": Painter(sailboat, size=1.5, shadow=0),
    "rocket": Painter(rocket, size=1.5, hover=8, shadow=22, lean=0.14),
    "hot air balloon": Painter(hot_air_balloon, size=1.5, hover=22, shadow=14),
    "medieval warrior": Painter(medieval_warrior, size=1.70, ground=264, shadow=0),
    "robot": Painter(robot, size=1.5, shadow=34),
    "cat": Painter(cat, size=1.5, shadow=40),
    "bird": Painter(bird, size=1.45, shadow=0),
    "house": Painter(house, size=1.42, shadow=56),
    "castle": Painter(castle, size=1.4, shadow=58),
    "lighthouse": Painter(lighthouse, size=1.5, shadow=44),
    "mug": Painter(mug, size=1.5, shadow=46),
    "cube": Painter(cube, size=1.4, shadow=52, turns=False),
    "sphere": Painter(sphere, size=1.42, shadow=42, turns=False),
    "heart": Painter(heart, size=1.42, hover=4, shadow=26, turns=False),
    "star": Painter(star_shape, size=1.42, hover=4, shadow=30, turns=False),
}
