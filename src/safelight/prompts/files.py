"""Files of prompts: a line is a prompt, and may go on with options of its own.

    # my cars
    a red sports car, golden hour
    a blue truck in the snow --seed 7 --steps 30 --negative-prompt "people, text"
    --prompt "a bus" --width 256

Options are the fields of a recipe, with hyphens or underscores; those that AUTOMATIC1111's script of this kind knows
by other names are known by those too. Empty lines, and lines that begin with #, are skipped.

Read next: `finishing.py`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from safelight.errors import RecipeError, nearest
from safelight.recipe import Recipe

__all__ = ["Line", "read_prompts"]

_LONGEST_FILE = 16_000_000
_OPTION = re.compile(r'(?:^|\s)--([A-Za-z][A-Za-z_-]*)(?:\s+|=)("(?:[^"\\]|\\.)*"|[^\s"]\S*)')
_BEGINS = re.compile(r"(?:^|\s)--[A-Za-z]")
_ALSO = {
    "cfg_scale": "guidance_scale",
    "sampler_name": "sampler",
    "scheduler": "schedule",
    "negative": "negative_prompt",
}


@dataclass(frozen=True)
class Line:
    """One prompt of a file: its line, counted from 1, and the fields of a recipe that it gives."""

    number: int
    fields: dict[str, object]


def read_prompts(path: Path) -> list[Line]:
    """Read a file of prompts; raises RecipeError that names file and line."""
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise RecipeError(f"the prompts {path} cannot be read: {error.strerror}") from None
    if len(data) > _LONGEST_FILE:
        raise RecipeError(f"the prompts {path} are larger than {_LONGEST_FILE // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"the prompts {path} are not UTF-8, at byte {error.start}; save the file as UTF-8") from None
    lines = ((number, line.strip()) for number, line in enumerate(text.split("\n"), 1))
    found = [
        Line(number, _fields(line, f"{path}, line {number}"))
        for number, line in lines
        if line and not line.startswith("#")
    ]
    if not found:
        raise RecipeError(f"the prompts {path} have no line to draw; write one prompt a line")
    return found


def _fields(line: str, where: str) -> dict[str, object]:
    begins = _BEGINS.search(line)
    if begins is None:
        return {"prompt": line}
    fields: dict[str, object] = {"prompt": line[: begins.start()].strip()} if begins.start() > 0 else {}
    place = begins.start()
    while place < len(line):
        match = _OPTION.match(line, place)
        if match is None:
            raise RecipeError(f"{where}: {line[place : place + 40].strip()!r} is no option; write --name value")
        name = match.group(1).replace("-", "_").lower()
        name = _ALSO.get(name, name)
        if name not in Recipe.model_fields:
            raise RecipeError(
                f"{where}: there is no option --{match.group(1)[:40]}.{nearest(name, Recipe.model_fields)}"
            )
        if name in fields:
            raise RecipeError(f"{where}: {name} is given twice")
        fields[name] = _value(name, match.group(2))
        place = match.end()
        if not line[place:].strip():
            break
    return fields


def _value(name: str, written: str) -> object:
    """Read a value as text where the field is a text, as JSON where it is anything else and looks like it."""
    text = re.sub(r"\\(.)", r"\1", written[1:-1]) if written.startswith('"') else written
    annotation = Recipe.model_fields[name].annotation
    kinds = get_args(annotation) or (annotation,)
    if any(kind is str or isinstance(kind, str) for kind in kinds):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
