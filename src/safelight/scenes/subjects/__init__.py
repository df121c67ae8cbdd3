"""The things a scene can be about: one painter each, gathered here with how they stand in a picture.

A painter takes a `Pen` and a level of detail (0 minimalist, 1 plain, 2 ultra-detailed), and paints about 100 units wide
and up to 112 high round (0, 0), the point on the ground below the middle. What carries the scene's colour is painted
with `pen.main`, everything else with `pen.trim`. To add a noun: one function, one line here, one line of words in
words.py.
"""

from collections.abc import Callable
from dataclasses import dataclass

from safelight.scenes.canvas import Pen
from safelight.scenes.subjects.animals import cat, cat_limbs, cat_top, dog, dog_limbs, dog_top
from safelight.scenes.subjects.astronaut import astronaut, astronaut_limbs
from safelight.scenes.subjects.buildings import (
    castle,
    castle_top,
    house,
    house_top,
    lighthouse,
    lighthouse_top,
    tower,
    tower_top,
)
from safelight.scenes.subjects.craft import (
    bicycle,
    bicycle_seat,
    bicycle_top,
    rocket,
    rocket_top,
    sailboat,
    sailboat_top,
)
from safelight.scenes.subjects.flyers import bird, bird_limbs, bird_top, fish, fish_limbs, fish_top
from safelight.scenes.subjects.mounts import (
    dragon,
    dragon_limbs,
    dragon_seat,
    dragon_top,
    horse,
    horse_limbs,
    horse_seat,
    horse_top,
)
from safelight.scenes.subjects.objects import (
    apple,
    apple_top,
    chair,
    chair_top,
    lamp,
    lamp_top,
    mug,
    mug_top,
    umbrella,
    umbrella_top,
    vase,
    vase_top,
)
from safelight.scenes.subjects.people import (
    medieval_warrior,
    medieval_warrior_limbs,
    robot,
    robot_limbs,
)
from safelight.scenes.subjects.riders import astronaut_rider, medieval_warrior_rider, robot_rider
from safelight.scenes.subjects.robed import queen, queen_limbs, wizard, wizard_limbs
from safelight.scenes.subjects.shapes_solid import (
    cube,
    cube_top,
    cylinder,
    cylinder_top,
    heart,
    heart_top,
    pyramid,
    pyramid_top,
    sphere,
    sphere_top,
    star_shape,
    star_top,
)
from safelight.scenes.subjects.vehicles import bus, bus_top, sports_car, sports_car_top, truck, truck_top

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
    "sports car": Painter(sports_car, size=1.52, shadow=58, top=sports_car_top),
    "truck": Painter(truck, size=1.52, shadow=58, top=truck_top),
    "bus": Painter(bus, size=1.52, shadow=58, top=bus_top),
    "sailboat": Painter(sailboat, size=1.5, shadow=0, top=sailboat_top),
    "bicycle": Painter(bicycle, size=1.5, shadow=50, seat=bicycle_seat, top=bicycle_top),
    "rocket": Painter(rocket, size=1.5, hover=8, shadow=22, lean=0.14, top=rocket_top),
    "medieval warrior": Painter(
        medieval_warrior,
        size=1.70,
        ground=264,
        shadow=0,
        rider=medieval_warrior_rider,
        limbs=medieval_warrior_limbs,
        top=109,
    ),
    "astronaut": Painter(astronaut, size=1.5, shadow=34, rider=astronaut_rider, limbs=astronaut_limbs, top=112),
    "robot": Painter(robot, size=1.5, shadow=34, rider=robot_rider, limbs=robot_limbs, top=112),
    "wizard": Painter(wizard, size=1.5, shadow=36, limbs=wizard_limbs, top=110),
    "queen": Painter(queen, size=1.5, shadow=42, limbs=queen_limbs, top=110),
    "cat": Painter(cat, size=1.5, shadow=40, limbs=cat_limbs, top=cat_top),
    "dog": Painter(dog, size=1.5, shadow=42, limbs=dog_limbs, top=dog_top),
    "horse": Painter(horse, size=1.5, shadow=46, limbs=horse_limbs, seat=horse_seat, top=horse_top),
    "bird": Painter(bird, size=1.45, shadow=0, limbs=bird_limbs, top=bird_top),
    "fish": Painter(fish, size=1.45, hover=30, shadow=30, limbs=fish_limbs, top=fish_top),
    "dragon": Painter(dragon, size=1.5, shadow=44, limbs=dragon_limbs, seat=dragon_seat, top=dragon_top),
    "house": Painter(house, size=1.42, shadow=56, top=house_top),
    "castle": Painter(castle, size=1.4, shadow=58, top=castle_top),
    "lighthouse": Painter(lighthouse, size=1.5, shadow=44, top=lighthouse_top),
    "tower": Painter(tower, size=1.5, shadow=34, top=tower_top),
    "mug": Painter(mug, size=1.5, shadow=46, top=mug_top),
    "vase with flowers": Painter(vase, size=1.5, shadow=30, top=vase_top),
    "chair": Painter(chair, size=1.5, shadow=38, top=chair_top),
    "lamp": Painter(lamp, size=1.5, shadow=32, top=lamp_top),
    "apple": Painter(apple, size=1.42, shadow=40, top=apple_top),
    "umbrella": Painter(umbrella, size=1.5, shadow=40, top=umbrella_top),
    "cube": Painter(cube, size=1.4, shadow=52, turns=False, top=cube_top),
    "sphere": Painter(sphere, size=1.42, shadow=42, turns=False, top=sphere_top),
    "pyramid": Painter(pyramid, size=1.42, shadow=52, turns=False, top=pyramid_top),
    "cylinder": Painter(cylinder, size=1.42, shadow=44, turns=False, top=cylinder_top),
    "star": Painter(star_shape, size=1.42, hover=4, shadow=30, turns=False, top=star_top),
    "heart": Painter(heart, size=1.42, hover=4, shadow=26, turns=False, top=heart_top),
}
