"""The rows of a batch: a file in which each row is a recipe or a part of one.

    CSV      a header with names of fields, an empty cell says nothing        prompt,seed,steps
    JSONL    one object on a line
    TOML     [[picture]] tables; what stands above the first one holds for all

A row may also have `name`, a word for the file name. A row without a seed gets one that follows from what it says, so
that the same file asks for the same pictures on every run. Read next: `batch.py`.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safelight.cli.cells import check_names, value
from safelight.errors import RecipeError, SafelightError

if TYPE_CHECKING:
    from safelight.recipe import Recipe

__all__ = ["Row", "read"]

_MOST_BYTES = 64 * 2**20
_MOST_ROWS = 100_000
_ALSO = ("name",)


@dataclass(frozen=True)
class Row:
    """One row: its number from 1, and its recipe, or the line that says why it has none."""

    number: int
    name: str
    recipe: "Recipe | None"
    error: str = ""


def read(path: Path, base: dict[str, object]) -> list[Row]:
    """Read all rows over the fields `base`; raises RecipeError if the file as a whole cannot be read.

    A row that cannot be a picture is a `Row` with an error, so that the others can be made.
    """
    readers = {".csv": _csv, ".jsonl": _jsonl, ".toml": _toml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise RecipeError(f"{path} is no batch; name a file that ends in {', '.join(readers)}")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RecipeError(f"{path}: {path.stat().st_size} bytes are too many for a batch")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path} is not UTF-8; save it as UTF-8 text") from None
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, found in enumerate(reader(text, str(path)), 1):
        if number > _MOST_ROWS:
            raise RecipeError(f"{path} has more than {_MOST_ROWS} rows; cut it in two")
        rows.append(_row(number, found, base, f"{path} row {number}", seen))
    if not rows:
        raise RecipeError(f"{path} has no rows")
    return rows


def _row(
    number: int, found: dict[str, object] | SafelightError, base: dict[str, object], where: str, seen: dict[str, int]
) -> Row:
    from safelight.recipe import recipe_from

    try:
        if isinstance(found, SafelightError):
            raise found
        check_names(found, where, _ALSO)
        name = found.get("name", "")
        if not isinstance(name, str | int):
            raise RecipeError(f"{where}: name must be a word for the file, not {str(name)[:40]!r}")
        known = dict(base)
        if "model" in found:
            known.pop("model_hash", None)
        recipe = recipe_from({**known, **{key: held for key, held in found.items() if key != "name"}}, where)
        if "seed" not in recipe.model_fields_set:
            digest = recipe.digest()
            seen[digest] = again = seen.get(digest, 0) + 1  # the same row twice is two pictures
            seed = int(hashlib.sha256(f"{digest} {again}".encode()).hexdigest()[:8], 16)
            recipe = recipe.model_copy(update={"seed": seed})
        return Row(number, str(name), recipe)
    except SafelightError as error:
        return Row(number, "", None, str(error))


def _csv(text: str, where: str) -> Iterator[dict[str, object] | SafelightError]:
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
                check_names(header, where, _ALSO)  # a wrong column is wrong in every row
                if len(set(header)) != len(header):
                    raise RecipeError(f"{where}: a column is named twice in its first line")
                continue
            if len(cells) > len(header):
                yield RecipeError(
                    f"{where} line {reader.line_num}: {len(cells)} cells for {len(header)} columns; "
                    'put "quotes" around a text that holds a comma'
                )
                continue
            yield _cells(header, cells)
    except csv.Error as error:
        raise RecipeError(f"{where} line {reader.line_num}: {error}") from None


def _cells(header: list[str], cells: list[str]) -> dict[str, object] | SafelightError:
    try:
        given = zip(header, cells, strict=False)
        return {name: cell if name == "name" else value(name, cell) for name, cell in given if cell.strip()}
    except SafelightError as error:
        return error


def _jsonl(text: str, where: str) -> Iterator[dict[str, object] | SafelightError]:
    from safelight.strict_json import json_object

    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json_object(line, f"{where} line {number}")
            except RecipeError as error:
                yield error


def _toml(text: str, where: str) -> Iterator[dict[str, object] | SafelightError]:
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{where} is not TOML: {str(error)[:200] or 'nested too deeply'}") from None
    except ValueError:
        raise RecipeError(f"{where} holds a number of thousands of digits") from None
    pictures = found.pop("picture", None)
    if not isinstance(pictures, list) or not all(isinstance(picture, dict) for picture in pictures):
        raise RecipeError(f"{where} has no [[picture]] tables; each of them is one row")
    check_names(found, where)
    for picture in pictures:
        yield {**found, **picture}
