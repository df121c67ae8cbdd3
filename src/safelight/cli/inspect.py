"""`safelight inspect`: the recipe that a picture carries, ours or the `parameters` text that other tools write."""

import json
from pathlib import Path
from typing import Annotated

import typer

from safelight.cli.asking import JsonOption
from safelight.cli.saying import printable

__all__ = ["inspect"]


def inspect(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A PNG, JPEG or WebP file.")],
    as_json: JsonOption = False,
) -> None:
    """Show the recipe that a picture carries."""
    from safelight.picture import read_metadata

    found = read_metadata(picture)
    provenance = found.provenance.model_dump() if found.provenance is not None else None
    recipe = found.recipe.model_dump()
    if as_json:
        line = {
            "path": str(picture),
            "source": found.source,
            "recipe": recipe,
            "provenance": provenance,
            "left_out": found.left_out,
        }
        print(json.dumps(line))
        return
    print(f"recipe (from {found.source})")
    _table(recipe)
    if provenance is not None:
        print("made with")
        _table(provenance)
    for line in found.left_out:
        print(f"not understood: {printable(line)}")


def _table(fields: dict[str, object]) -> None:
    """Print names and values in two columns, leaving out what is not said."""
    width = max(map(len, fields))
    for name, value in fields.items():
        if value is not None:
            print(f"  {name:<{width}}  {printable(str(value))}")
