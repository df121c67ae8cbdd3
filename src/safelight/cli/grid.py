"""`safelight grid`: the same picture over two or three fields of its recipe, on one labelled sheet.

    safelight grid "a red car" --x steps=10,20,30 --y sampler=euler,ddim --z guidance_scale=3,7

Every field of a recipe can be an axis: x goes to the right, y down, z is a table of its own for each value. All cells
have one seed unless the seed is an axis. Read next: `cells.py` for how values are written, `sheet.py` for the drawing.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli import options
from safelight.cli.asking import DeviceOption, DtypeOption, ExactOption, JsonOption, check_dtype, read_recipe
from safelight.cli.cells import axis, settings, shown
from safelight.cli.output import Output
from safelight.cli.saying import note
from safelight.cli.sheet import Block, check_sheet, save_sheet, sheet
from safelight.errors import RecipeError

if TYPE_CHECKING:
    from PIL import Image

    from safelight.picture import Picture
    from safelight.recipe import Recipe

__all__ = ["Making", "base_fields", "grid"]

_MOST_CELLS = 1024
AxisOption = Annotated[str | None, typer.Option(metavar="FIELD=V,V,...", help="Values with commas: part them by ';'.")]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Any other field of the recipe. Repeatable.")
]


@dataclass(frozen=True)
class Axis:
    """A field and its values, as they are and as they are written; no field is one value that says nothing."""

    name: str | None
    values: Sequence[object]

    @classmethod
    def of(cls, text: str | None, option: str) -> "Axis":
        """Read one of the three options; raises RecipeError."""
        return cls(*axis(text, option)) if text is not None else cls(None, [None])

    @property
    def labels(self) -> list[str]:
        """What stands at its rows or columns."""
        return [shown(self.name, value) for value in self.values] if self.name is not None else [""]

    def over(self, fields: dict[str, object]) -> Iterator[dict[str, object]]:
        """Put each value into the fields."""
        for value in self.values:
            yield fields if self.name is None else fields | {self.name: value}


def grid(
    prompt: Annotated[str | None, typer.Argument(help="What to show.", show_default=False)] = None,
    x: AxisOption = None,
    y: AxisOption = None,
    z: AxisOption = None,
    output: Annotated[str, typer.Option(metavar="FILE", help="The sheet.")] = "grid.png",
    keep: Annotated[str | None, typer.Option(metavar="FOLDER", help="Keep each picture here as well.")] = None,
    cell: Annotated[int | None, typer.Option(help="Pixels of a cell's longer side, 32 to 2048.")] = None,
    negative_prompt: options.NegativePrompt = None,
    model: options.Model = None,
    seed: options.Seed = None,
    others: SetOption = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.json|PICTURE", help="Begin from this recipe; other options change it.")
    ] = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    exact: ExactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw one sheet over two or three fields of a recipe: --x steps=10,20 --y sampler=euler,ddim."""
    check_dtype(dtype)
    if x is None or (y is None and z is not None):
        raise RecipeError("say what changes: safelight grid PROMPT --x steps=10,20,30 --y sampler=euler,ddim")
    axes = [Axis.of(text, option) for text, option in ((x, "--x"), (y, "--y"), (z, "--z"))]
    names = [one.name for one in axes if one.name is not None]
    if len(set(names)) != len(names):
        raise RecipeError(f"two axes change the same field; {', '.join(names)} must be different")
    if cell is not None and not 32 <= cell <= 2048:
        raise RecipeError(f"--cell {cell} is out of range; use 32 to 2048")
    typed = {"prompt": prompt, "negative_prompt": negative_prompt, "model": model, "seed": seed}
    fields = base_fields(typed | settings(others), recipe, names)
    recipes = _recipes(fields, axes)
    path = check_sheet(output)
    making = Making(device, dtype, exact, as_json, keep)
    found = iter(making.pictures(recipes))
    cells = [[[next(found) for _ in axes[0].values] for _ in axes[1].values] for _ in axes[2].values]
    blocks = [Block(title, block) for title, block in zip(axes[2].labels, cells, strict=True)]
    save_sheet(sheet(blocks, axes[0].labels, axes[1].labels, cell), path)
    making.end(path)


def base_fields(typed: dict[str, object], file: Path | None, varied: Sequence[str]) -> dict[str, object]:
    """Put together what all cells have: what was typed, over the file's, over what is usual; raises RecipeError."""
    from safelight.weights import library

    asked = {name: value for name, value in typed.items() if value is not None}
    known = read_recipe(file).model_dump(exclude_unset=True) if file is not None else {}
    if file is None and "prompt" not in asked and "prompt" not in varied:
        raise RecipeError('say what to show: "a red sports car" (an empty prompt is "")')
    if "model" in asked or "model" in varied:
        known.pop("model_hash", None)
    elif file is None:
        known["model"] = library.default()
    changed = asked.keys() | set(varied)
    if "sampler" in changed:  # schedule and eta were the other sampler's
        known |= {"schedule": None, "eta": None}
    if changed & {"steps", "schedule", "sigmas", "timesteps"}:
        known |= {"sigmas": None, "timesteps": None}
    if "seed" not in asked | known and "seed" not in varied:
        known["seed"] = random.SystemRandom().randrange(2**32)
    return known | asked


def _recipes(fields: dict[str, object], axes: list[Axis]) -> "list[Recipe]":
    """Make the recipes of all cells, z outermost and x innermost; raises RecipeError for any that cannot be."""
    from safelight.recipe import recipe_from

    cells = [c for z in axes[2].over(fields) for y in axes[1].over(z) for c in axes[0].over(y)]
    if len(cells) > _MOST_CELLS:
        raise RecipeError(f"{len(cells)} cells are too many for one sheet; at most {_MOST_CELLS} fit")
    return [recipe_from(cell) for cell in cells]


@dataclass
class Making:
    """Makes the pictures of a sheet in their order, and keeps them if asked to."""

    device: str
    dtype: str
    exact: bool
    as_json: bool
    keep: str | None
    failed: int = 0

    def pictures(
        self, recipes: "Sequence[Recipe]", look: "Callable[[Picture], Image.Image] | None" = None
    ) -> "list[Image.Image | None]":
        """Make all of them; None for one that cannot be, which is reported. Pictures of one model go together."""
        place = Output.of(self.keep.rstrip("/") + "/", len(recipes)) if self.keep is not None else None
        found: list[Image.Image | None] = [None] * len(recipes)
        try:
            for model in dict.fromkeys(recipe.model for recipe in recipes):
                self._of(model, [i for i, recipe in enumerate(recipes) if recipe.model == model], recipes, found, place)
        except KeyboardInterrupt:
            kept = f"; the finished ones are in {self.keep}" if self.keep else ""
            note(f"stopped before the sheet was drawn{kept}")
            raise typer.Exit(130) from None
        if recipes and all(picture is None for picture in found):
            raise RecipeError("none of the pictures could be made, so there is no sheet")
        return found

    def _of(
        self,
        model: str,
        indices: list[int],
        recipes: "Sequence[Recipe]",
        found: "list[Image.Image | None]",
        place: Output | None,
    ) -> None:
        """Make those of one model into `found`."""
        import json

        import safelight
        from safelight.engine import Failed, Finished

        engine = safelight.load(model, device=self.device, dtype=self.dtype, exact=self.exact)
        for event in engine.stream(recipes[i] for i in indices):
            at = indices[event.index]
            if isinstance(event, Failed):
                self.failed += 1
                note(f"cell {at + 1} of {len(recipes)}: {event.error}")
            elif isinstance(event, Finished):
                made = event.picture
                found[at] = made.image()
                path = place.write(at, made.recipe.seed, made.recipe.prompt, made.save) if place is not None else None
                if self.as_json:
                    line = {"cell": at, "path": str(path) if path else None, "recipe": made.recipe.model_dump()}
                    print(json.dumps(line), flush=True)

    def end(self, path: Path) -> None:
        """Say where the sheet is; exit with 1 if it has empty cells."""
        import json

        print(json.dumps({"sheet": str(path), "failed": self.failed}) if self.as_json else path, flush=True)
        if self.failed:
            raise typer.Exit(1)
