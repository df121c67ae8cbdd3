"""What several commands ask in the same words: where to compute and how, and which recipe to begin from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.output import SUFFIXES
from safelight.errors import RecipeError, WeightsError, nearest

if TYPE_CHECKING:
    from safelight.recipe import Recipe

__all__ = [
    "DTYPES",
    "DeviceOption",
    "DtypeOption",
    "ExactOption",
    "JsonOption",
    "check_dtype",
    "check_model",
    "read_recipe",
    "remarks_of",
]

DTYPES = ("auto", "float32", "bfloat16", "float16")

DtypeOption = Annotated[str, typer.Option(metavar="|".join(DTYPES), help="What the networks compute in.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 and so on.")]
ExactOption = Annotated[
    bool, typer.Option("--exact", help="Compute each picture alone, so that its neighbours cannot change a bit of it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, one object per line.")]


def check_dtype(name: str) -> None:
    """Refuse an unknown dtype at once, before torch is loaded; raises RecipeError."""
    if name not in DTYPES:
        raise RecipeError(f"dtype {name!r} is not known.{nearest(name, DTYPES)}")


def check_model(recipe: "Recipe", where: Path) -> None:
    """Ask for the model that a file was made with, if it is not known by the name it has there; raises WeightsError.

    Outside the library a model is named by the last part of its path, which says what it is but not where.
    """
    from safelight.weights import library

    try:
        library.find(recipe.model)
    except WeightsError:
        if recipe.model == library.BUNDLED:
            raise
        weights = f" (weights {recipe.model_hash[:10]})" if recipe.model_hash else ""
        raise WeightsError(
            f"{where} was made with the model {recipe.model!r}{weights}, which is not known here by that name; "
            "say where it is with --model"
        ) from None


def remarks_of(path: Path) -> list[str]:
    """What a person should know of a picture that a recipe is read from: what could not be carried over."""
    if path.suffix.lower() not in SUFFIXES:
        return []
    from safelight.metadata import recipe_of

    return [f"{path}: {line}" for line in recipe_of(path)[1]]


def read_recipe(path: Path) -> "Recipe":
    """Read a recipe from a JSON file, from what `--json` printed, or from a picture; raises a SafelightError."""
    if path.suffix.lower() in SUFFIXES:
        from safelight.picture import read_metadata

        return read_metadata(path).recipe
    from safelight.recipe import json_object, recipe_from

    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(2**20 + 1)  # json_object refuses what is longer
    except OSError as error:
        raise RecipeError(f"--recipe {path}: {error.strerror}; name a .json file or a picture") from None
    except UnicodeDecodeError:
        raise RecipeError(f"--recipe {path} is neither JSON nor a picture ({', '.join(SUFFIXES)})") from None
    fields = json_object(text, str(path))
    inner = fields.get("recipe")
    return recipe_from(inner if isinstance(inner, dict) else fields, str(path))
