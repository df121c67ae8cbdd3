"""Where a scene takes place: eleven backgrounds, each a few broad layers from far to near.

Sky is whatever stays unpainted (id 0); light.py fills it. Layers carry ids 1 (farthest) to 9 (nearest), from which
light.py takes how much air lies before them; 7 and 8 are the ground that things stand on, 8 its hard part (a road, wet
sand), from which rain is mirrored most. The horizon of an environment is fixed and its middle is kept calm, so that a
subject always reads well before it. Clouds, falling snow and flying things are left to extras.py and weather.py: a
picture shows them only when its caption says so.

Read next: country.py, then ../light.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from safelight.scenes.canvas import RGB, Canvas, down
from safelight.scenes.environments.cities import city_street, cyberpunk_city
from safelight.scenes.environments.country import meadow, mountain_road, snowy_field
from safelight.scenes.environments.shores import beach, lake_shore
from safelight.scenes.environments.wild import desert, forest, mars
from safelight.scenes.scenery import band, blend
from safelight.scenes.shapes import oval, path

__all__ = ["ENVIRONMENTS", "Environment"]


def studio(canvas: Canvas, rng: Random, detail: int) -> None:
    """A seamless paper background with one large pale disc."""
    tones: tuple[RGB, ...] = ((164, 184, 200), (186, 188, 196), (172, 192, 182), (190, 184, 206), (176, 198, 204))
    tone = rng.choice(tones)
    band(canvas, -5, tone, down(134, 142, 128), 6)
    x = 128 + rng.uniform(-8, 8)
    for k in range(detail):
        canvas.fill(oval(x, 118, 96 - 22 * k), blend(tone, (255, 255, 255), 0.24 + 0.16 * k), down(142, 132), what=6)
    canvas.fill(path((-30, 196), (128, 190), (290, 196), (290, 290, 0), (-30, 290, 0)), tone, down(112, 140), what=7)


@dataclass(frozen=True)
class Environment:
    """A painter (canvas, rng, detail 0..2) and the height (picture units) on which subjects stand."""

    paint: Callable[[Canvas, Random, int], None]
    ground: float


ENVIRONMENTS: dict[str, Environment] = {
    "mountain road": Environment(mountain_road, 218),
    "city street": Environment(city_street, 220),
    "cyberpunk city": Environment(cyberpunk_city, 220),
    "desert": Environment(desert, 218),
    "forest": Environment(forest, 216),
    "beach": Environment(beach, 220),
    "snowy field": Environment(snowy_field, 218),
    "meadow": Environment(meadow, 218),
    "lake shore": Environment(lake_shore, 218),
    "mars": Environment(mars, 218),
    "studio": Environment(studio, 218),
}
