"""`safelight inspect`: the recipe that a picture carries, ours or another program's, and what was not carried over.

Known are AUTOMATIC1111's text and those who write it, InvokeAI, ComfyUI, NovelAI and stable-diffusion.cpp. Nothing that
they wrote is dropped without a word. Read next: `../foreign/__init__.py`.
"""

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
    """Show the recipe that a picture carries, also one that another program made."""
    from safelight.picture import read_metadata

    found = read_metadata(picture)
    provenance = found.provenance.model_dump() if found.provenance is not None else None
    recipe = found.recipe.model_dump()
    if as_json:
        line = {
            "path": str(picture),
            "program": found.program,
            "source": found.source,
            "recipe": recipe,
            "provenance": provenance,
            "carried": found.carried,
            "left_out": found.left_out,
        }
        print(json.dumps(line))
        return
    ours = found.source == "safelight"
    print("recipe" if ours else f"recipe (of {found.program}, from {found.source})")
    # Of another program's picture only what it said; the rest is what a recipe says where nothing was said.
    _table(recipe if ours else {name: recipe[name] for name in recipe if name in found.recipe.model_fields_set})
    if provenance is not None:
        print("made with")
        _table(provenance)
    _list("carried over", found.carried)
    _list("left out" if ours else "not carried over", found.left_out)


def _table(fields: dict[str, object]) -> None:
    """Print names and values in two columns, leaving out what is not said."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        if value is not None:
            print(f"  {name:<{width}}  {printable(str(value))}")


def _list(title: str, lines: list[str]) -> None:
    if lines:
        print(title)
        for line in lines:
            print(f"  {printable(line)}")
