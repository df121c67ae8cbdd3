"""Styles: words that are put around a prompt by name, kept in a CSV file as AUTOMATIC1111's web UI keeps them.

    name,prompt,negative_prompt
    watercolor,"{prompt}, watercolor painting","photo"

Where a style says `{prompt}` the prompt is put there, otherwise the style comes after it and a comma. Several styles
are applied in their order. What a picture carries is the text that comes out: a file of styles may change.

Read next: `finishing.py`.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from safelight.errors import RecipeError, nearest

__all__ = ["Style", "apply", "bundled", "read_styles", "select"]

_LONGEST_FILE = 4_000_000


@dataclass(frozen=True)
class Style:
    """One style: its name, and what it does to a prompt and to a negative prompt."""

    name: str
    prompt: str
    negative_prompt: str


def bundled() -> dict[str, Style]:
    """Return the styles that come with Safelight, by name."""
    text = files("safelight.prompts").joinpath("styles.csv").read_text("utf-8")
    return _parse(text, "styles.csv")


def read_styles(path: Path) -> dict[str, Style]:
    """Read a CSV file of styles, by name.

    It has a row of titles with `name` and `prompt` (older files: `text`) and perhaps `negative_prompt`. Rows without a
    name are skipped, as those that people use for headings are. Raises RecipeError that names file and line.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise RecipeError(f"the styles {path} cannot be read: {error.strerror}") from None
    if len(data) > _LONGEST_FILE:
        raise RecipeError(f"the styles {path} are larger than {_LONGEST_FILE // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"the styles {path} are not UTF-8, at byte {error.start}; save the file as UTF-8") from None
    return _parse(text, str(path))


def select(names: Iterable[str], known: Mapping[str, Style]) -> list[Style]:
    """Return the styles called `names`, in any case; raises RecipeError with the nearest names."""
    lowered = {name.lower(): style for name, style in known.items()}
    found = []
    for name in names:
        style = known.get(name) or lowered.get(name.strip().lower())
        if style is None:
            raise RecipeError(f"there is no style {name[:60]!r}.{nearest(name, known)}")
        found.append(style)
    return found


def apply(styles: Iterable[Style], prompt: str, negative_prompt: str = "") -> tuple[str, str]:
    """Return prompt and negative prompt with `styles` applied in their order."""
    for style in styles:
        prompt = _merged(style.prompt, prompt)
        negative_prompt = _merged(style.negative_prompt, negative_prompt)
    return prompt, negative_prompt


def _merged(style: str, prompt: str) -> str:
    if "{prompt}" in style:
        merged = style.replace("{prompt}", prompt.strip())
        return merged if prompt.strip() else merged.strip(" ,")
    return ", ".join(part for part in (prompt.strip(), style.strip()) if part)


def _parse(text: str, where: str) -> dict[str, Style]:
    reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    found: dict[str, Style] = {}
    try:
        titles = [title.strip().lower() for title in reader.fieldnames or ()]
        column = "prompt" if "prompt" in titles else "text"
        if "name" not in titles or column not in titles:
            raise RecipeError(f"{where}: the first line of a file of styles is name,prompt,negative_prompt")
        reader.fieldnames = titles
        for row in reader:
            name = (row["name"] or "").strip()
            if name:
                found[name] = Style(name, row[column] or "", row.get("negative_prompt") or "")
    except csv.Error as error:
        raise RecipeError(f"{where}, line {reader.line_num + 1}: {error}") from None
    return found
