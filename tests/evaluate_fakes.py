"""A world of flat colours for tests of the evaluation: each picture is one colour, which says what scene it shows."""

from pathlib import Path

import numpy as np

from safelight.evaluate import pictures
from safelight.evaluate.pictures import Artist
from safelight.evaluate.prompts import defect_prompts, prompts
from safelight.evaluate.read import Guess, Instance, Reading
from safelight.picture import Picture, Provenance
from safelight.recipe import Defaults
from safelight.scenes import words
from safelight.scenes.render import Rendered

SIZE = 64
PLACES = {
    "left of": ((0.2, 0.5), (0.8, 0.5)), "right of": ((0.8, 0.5), (0.2, 0.5)),
    "above": ((0.5, 0.2), (0.5, 0.8)), "below": ((0.5, 0.8), (0.5, 0.2)),
    "in front of": ((0.5, 0.55), (0.5, 0.45)), "behind": ((0.5, 0.45), (0.5, 0.55)),
    "riding": ((0.5, 0.4), (0.5, 0.55)),
}  # fmt: skip


def truth(scene):
    """What a judge who makes no mistakes reads in a picture of a scene."""
    things = []
    spots = PLACES.get(scene.relation, ((0.5, 0.5),))
    for i, thing in enumerate(scene.subjects):
        depth = 0.5 + 0.3 * ((i == 0) - (i == 1)) * (1 if scene.relation == "in front of" else -1)
        for k in range(thing.count):
            x, y = spots[i]
            things.append(Instance(thing.noun, thing.colour, x + 0.05 * k, y, 0.3, 0.3, 0.9, depth))
    axes = ("environment", "medium", "palette", "grade", "lighting", "weather", "detail")
    return Reading(
        tuple(things),
        *(Guess(getattr(scene, axis), 0.9) for axis in axes),
        defects={name: float(name == scene.defect) for name in words.DEFECTS},
        extras={name: float(name in scene.extras) for name in words.EXTRAS},
    )


class World:
    """Scenes by number; a picture's colour is the number."""

    def __init__(self, monkeypatch=None):
        self.scenes, self.drawn = [], []
        every = (*prompts(), *(one for three in defect_prompts() for one in three))
        self.by_text = {one.text: one.scene for one in every}
        self.hash = "b" * 64
        if monkeypatch is not None:
            monkeypatch.setattr(pictures, "render", self.render)

    def paint(self, scene):
        if scene not in self.scenes:
            self.scenes.append(scene)
        number = self.scenes.index(scene) + 1
        colour = (number // 256, number % 256, 40)
        return np.broadcast_to(np.array(colour, np.uint8), (SIZE, SIZE, 3)).copy()

    def render(self, scene, size):
        pixels = self.paint(scene)
        return Rendered(pixels, np.zeros((SIZE, SIZE), np.uint8), (), scene)

    def read(self, pixels):
        return [truth(self.scenes[int(one[0, 0, 0]) * 256 + int(one[0, 0, 1]) - 1]) for one in pixels]

    def features(self, pixels):
        return np.stack([np.random.default_rng(one[0, 0].astype(int)).normal(size=6) for one in pixels])

    def picture(self, recipe):
        self.drawn.append(recipe)
        made = Provenance.here("cpu", "float32", "none", "a" * 64)
        return Picture(self.paint(self.by_text[recipe.prompt]), recipe, made)

    def artist(self):
        """A model that draws exactly what it is asked; its latents come nearer to their end with every step."""
        return Artist(
            "fake",
            "a" * 64,
            Defaults(width=SIZE, height=SIZE, steps=5, sampler="dpmpp_2m", schedule="karras"),
            lambda recipes: ((i, self.picture(recipe)) for i, recipe in enumerate(recipes)),
            lambda recipe: (self.picture(recipe), np.full((4, 2, 2), 1.0 / (recipe.steps or 1), np.float32)),
            lambda pixels: pixels,
        )


def listed(folder: Path):
    """Names of all files in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
