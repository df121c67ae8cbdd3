"""The two ways to have pictures: draw them, or have them from an earlier run; and the true ones, rendered.

Every picture lies in the output folder under the digest of its resolved recipe, which names weights, prompt, seed,
steps, everything that decides it. So a run that was stopped goes on, and two parts that ask for one picture share it.

Letters: B pictures of a batch, S pixels along a side.  Read next: run.py.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from safelight.errors import NumericalError, PictureError
from safelight.evaluate.prompts import Prompt, random_of, seed_of
from safelight.evaluate.read import Reading
from safelight.picture import Picture, write_file
from safelight.recipe import Defaults, Recipe
from safelight.scenes.grammar import Scene
from safelight.scenes.render import render

__all__ = ["Artist", "Easel", "Judge", "Tell", "renders", "replaced"]

BATCH = 32
Thing = TypeVar("Thing")
Tell = Callable[[float, str], None]
"""How far a part has come, 0 to 1, and what is being done."""


class Judge(Protocol):
    """Who says what a picture shows: `recogniser.Recogniser`, or in tests one who knows."""

    hash: str

    def read(self, pixels: np.ndarray) -> list[Reading]:
        """Read pictures (B, S, S, 3) uint8."""
        ...

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Return features (B, D) of pictures (B, S, S, 3) uint8."""
        ...


@dataclass(frozen=True)
class Artist:
    """The model under examination, as the few things that are asked of it.

    `draw` gives (place in the list, picture) in any order; `trace` a picture and its last latent (C, H, W); `roundtrip`
    takes pictures (B, S, S, 3) uint8 through the autoencoder and back.
    """

    name: str
    hash: str
    defaults: Defaults
    draw: Callable[[Sequence[Recipe]], Iterator[tuple[int, Picture]]]
    trace: Callable[[Recipe], tuple[Picture, np.ndarray]]
    roundtrip: Callable[[np.ndarray], np.ndarray]

    def recipe(self, prompt: Prompt, picture: int = 0, how: Mapping[str, object] | None = None) -> Recipe:
        """Return the resolved recipe of a prompt's picture; `how` are fields of a recipe that differ from the usual."""
        said = {"prompt": prompt.text, "negative_prompt": prompt.negative, "seed": seed_of(prompt, picture)}
        # Plain: what is measured is the model, not how brackets are read.
        asked = Recipe.model_validate({**said, "model": self.name, "prompt_syntax": "plain", **(how or {})})
        return asked.resolved(self.defaults, self.hash)


class Easel:
    """Draws what is not drawn yet, and keeps it in `folder`."""

    def __init__(self, artist: Artist, folder: Path) -> None:
        self.artist, self.folder = artist, folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, recipe: Recipe) -> Path:
        """Where a recipe's picture lies, or will lie."""
        return self.folder / f"{recipe.digest()[:24]}.png"

    def kept(self, recipe: Recipe) -> Picture | None:
        """Return the picture of a recipe if it is there and whole."""
        try:
            picture = Picture.open(self.path(recipe))
        except PictureError:
            return None
        return picture if picture.recipe == recipe else None

    def pictures(self, recipes: Sequence[Recipe], tell: Tell, what: str) -> None:
        """See to it that every recipe has its picture. Raises `NumericalError` where the model fails."""
        waiting = list({recipe.digest(): recipe for recipe in recipes if self.kept(recipe) is None}.values())
        done = len(recipes) - len(waiting)
        tell(done / max(1, len(recipes)), what)
        for index, picture in self.artist.draw(waiting):
            picture.save(self.path(waiting[index]))
            done += 1
            tell(done / len(recipes), f"{what}: {done} of {len(recipes)}")

    def batches(self, recipes: Sequence[Recipe]) -> Iterator[np.ndarray]:
        """Return the pictures of recipes as batches (B, S, S, 3) uint8, in their order."""
        for some in batched(recipes):
            yield np.stack([self._there(recipe).pixels for recipe in some])

    def trace(self, recipe: Recipe) -> np.ndarray:
        """Return the last latent of a recipe in one row, float32, and keep it and its picture."""
        path = self.path(recipe).with_suffix(".latent")
        if self.kept(recipe) is not None and path.exists():
            return np.frombuffer(path.read_bytes(), np.float32)
        picture, latent = self.artist.trace(recipe)
        write_file(path, np.ascontiguousarray(latent, np.float32).tobytes())
        picture.save(self.path(recipe))
        return latent.astype(np.float32).ravel()

    def _there(self, recipe: Recipe) -> Picture:
        picture = self.kept(recipe)
        if picture is None:
            raise NumericalError(f"no picture was made of {recipe.prompt!r}, seed {recipe.seed}")
        return picture


def replaced(scene: Scene, what: str) -> Scene:
    """Return the same scene laid out otherwise: everything said is the same, every place is another."""
    return replace(scene, layout=random_of("layout", what, scene.to_json()).getrandbits(32))


def renders(
    scenes: Iterable[Scene], size: int, tell: Callable[[int], None] = lambda done: None
) -> Iterator[np.ndarray]:
    """Draw scenes truly, as batches (B, size, size, 3) uint8; `tell` hears how many are done."""
    done = 0
    for some in batched(scenes):
        yield np.stack([render(scene, size).pixels for scene in some])
        done += len(some)
        tell(done)


def batched(things: Iterable[Thing], size: int = BATCH) -> Iterator[list[Thing]]:
    """Cut anything into lists of at most `size`."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
