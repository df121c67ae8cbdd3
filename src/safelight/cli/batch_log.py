"""What a batch has made, beside its pictures: `batch.jsonl`, one line for each, by the recipe's digest.

    {"digest": "5f2c...", "file": "0001-7-a-red-car.png", "model_hash": "ab12..."}

The file is replaced as a whole after each picture, so that it is never half written. A picture counts as made while its
line and its file are there. Read next: `batch.py`.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from safelight.cli.output import SUFFIXES, slug
from safelight.errors import RecipeError, nearest

if TYPE_CHECKING:
    from safelight.cli.batch_file import Row
    from safelight.recipe import Recipe

__all__ = ["LOG", "Log", "check_template", "file_name"]

LOG = "batch.jsonl"
_PART = re.compile(r"\{(\w+)(?::0?(\d{1,2}))?\}")
_NAMES = ("row", "name", "seed", "prompt", "digest", "sampler", "schedule", "steps", "guidance_scale", "model")


@dataclass
class Log:
    """The lines of one folder, by digest."""

    folder: Path
    lines: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> "Log":
        """Read the log of a folder; what is damaged in it counts as not made."""
        log = cls(folder)
        try:
            text = (folder / LOG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return log
        for line in text.splitlines():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and all(isinstance(found.get(key), str) for key in ("digest", "file")):
                log.lines[found["digest"]] = {key: str(said) for key, said in found.items()}
        return log

    def made(self, recipe: "Recipe") -> Path | None:
        """Where the picture of a recipe is; None if it has still to be made."""
        line = self.lines.get(recipe.digest())
        if line is None or Path(line["file"]).name != line["file"]:
            return None
        path = self.folder / line["file"]
        return path if path.is_file() and path.stat().st_size else None

    def add(self, recipe: "Recipe", path: Path, model_hash: str) -> None:
        """Say that a picture is made; raises OutputError."""
        from safelight.picture import write_file

        digest = recipe.digest()
        self.lines[digest] = {"digest": digest, "file": path.name, "model_hash": model_hash}
        text = "".join(json.dumps(line) + "\n" for line in self.lines.values())
        write_file(self.folder / LOG, text.encode())


def check_template(template: str) -> None:
    """Refuse a template that names what a row has not got, or leaves the folder; raises RecipeError."""
    for part in _PART.finditer(template):
        if part.group(1) not in _NAMES:
            raise RecipeError(f"--name {part.group(0)} is not known.{nearest(part.group(1), _NAMES)}")
    rest = _PART.sub("", template)
    if any(c in rest for c in "{}/\\\0") or not template.strip() or template.startswith("."):
        raise RecipeError(f'--name {template[:60]!r} is no file name; write it as "{{row:04}}-{{seed}}-{{prompt}}.png"')
    suffix = Path(f"x{rest}").suffix.lower()
    if suffix[1:].isalpha() and suffix not in SUFFIXES:
        raise RecipeError(f"--name {template[:60]!r}: pictures are written as {', '.join(SUFFIXES)}")


def file_name(template: str, row: "Row", recipe: "Recipe") -> str:
    """Fill in a template that was checked: numbers as they are, texts as letters, digits and hyphens."""

    def part(found: re.Match[str]) -> str:
        key, width = found.group(1), int(found.group(2) or 0)
        if key == "row":
            return f"{row.number:0{width}d}"
        if key == "digest":
            return recipe.digest()[: width or 12]
        held = row.name if key == "name" else recipe.model_dump()[key]
        if isinstance(held, int):
            return f"{held:0{width}d}"
        return slug(str(held)) if isinstance(held, str) and held else "" if held in (None, "") else str(held)

    name = _PART.sub(part, template)
    return name if Path(name).suffix.lower() in SUFFIXES else f"{name}.png"
