"""`safelight batch`: many pictures from one file, and only those that are not there yet.

Each row is a recipe or a part of one (see `batch_file.py`). What has been made is remembered beside the pictures (see
`batch_log.py`): the same command again makes what is missing. A row that cannot be made is reported, and the rest goes
on.

    0   every row has its picture
    1   some row could not be made
    2   nothing could be tried
    130 Ctrl-C; the same command goes on from there
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import DeviceOption, DtypeOption, ExactOption, JsonOption, check_dtype, read_recipe
from safelight.cli.batch_file import Row, read
from safelight.cli.batch_log import LOG, Log, check_template, file_name
from safelight.cli.output import Output
from safelight.cli.saying import note
from safelight.errors import SafelightError

if TYPE_CHECKING:
    from safelight.engine import Event, Finished
    from safelight.recipe import Recipe

__all__ = ["batch"]


def batch(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv|FILE.jsonl|FILE.toml", help="A recipe in each row.")],
    output: Annotated[str | None, typer.Option(metavar="FOLDER", help="Default: pictures/NAME OF FILE.")] = None,
    name: Annotated[
        str,
        typer.Option(
            metavar="TEMPLATE",
            help="File names: {row} {name} {seed} {prompt} {digest} {sampler} {schedule} {steps} {guidance_scale} "
            "{model}; {row:04} has four digits; .png, .jpg or .webp at the end.",
        ),
    ] = "{row:04}-{seed}-{prompt}",
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER|FILE", help="Which model, where a row says none.")
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.json|PICTURE", help="What holds where a row says nothing.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Make all of them, also those that are there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and make nothing.")] = False,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    exact: ExactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a picture for each row of a file; run again, only what is missing is made."""
    check_dtype(dtype)
    check_template(name)
    rows = read(file, _base(recipe, model))
    given = output if output is not None else f"pictures/{file.stem}"
    folder = Path(given) if dry_run else Output.of(given.rstrip("/") + "/", 1).folder
    work = _Work(folder, name, Log.read(folder), as_json)
    waiting = work.plan(rows, again)
    if not dry_run:
        try:
            for named in dict.fromkeys(recipe.model for _, recipe in waiting):
                work.make(named, [(row, found) for row, found in waiting if found.model == named], device, dtype, exact)
        except KeyboardInterrupt:
            note(f"stopped; {work.made} made. The same command goes on from there")
            raise typer.Exit(130) from None
    work.end(len(waiting) if dry_run else None)
    if work.failed:
        raise typer.Exit(1)


def _base(recipe: Path | None, model: str | None) -> dict[str, object]:
    from safelight.weights import library

    known = read_recipe(recipe).model_dump(exclude_unset=True) if recipe is not None else {}
    known.pop("seed", None)
    if model is not None or "model" not in known:
        known.pop("model_hash", None)
        known["model"] = model if model is not None else library.default()
    return known


@dataclass
class _Work:
    """One run: what it counts, and what it says."""

    folder: Path
    template: str
    log: Log
    as_json: bool
    made: int = 0
    kept: int = 0
    failed: int = 0

    def plan(self, rows: list[Row], again: bool) -> list[tuple[Row, "Recipe"]]:
        """Tell of the rows that are made or cannot be; return the others."""
        waiting: list[tuple[Row, Recipe]] = []
        asked: set[str] = set()
        for row in rows:
            if row.recipe is None:
                self.fail(row, row.error)
                continue
            path = None if again else self.log.made(row.recipe)
            if path is not None or row.recipe.digest() in asked:
                self.kept += 1
                self.say("kept", row, path=str(path) if path else None)
                continue
            asked.add(row.recipe.digest())
            waiting.append((row, row.recipe))
            self.say("waiting", row, file=file_name(self.template, row, row.recipe), seed=row.recipe.seed)
        return waiting

    def make(self, model: str, waiting: list[tuple[Row, "Recipe"]], device: str, dtype: str, exact: bool) -> None:
        """Make the pictures of one model."""
        import safelight

        try:
            engine = safelight.load(model, device=device, dtype=dtype, exact=exact)
        except SafelightError as error:
            for row, _ in waiting:
                self.fail(row, str(error))
            return
        # A stream takes recipes as it has room for them; index counts them as they stand here.
        for event in engine.stream(recipe for _, recipe in waiting):
            self.heard(event, *waiting[event.index], engine.model_hash)

    def heard(self, event: "Event", row: Row, recipe: "Recipe", model_hash: str) -> None:
        """Save a picture that is done, or tell that it cannot be made."""
        from safelight.engine import Failed, Finished

        if isinstance(event, Failed):
            self.fail(row, str(event.error))
        elif isinstance(event, Finished):
            path = self.save(event, row, recipe)
            self.log.add(recipe, path, model_hash)
            self.made += 1
            self.say("finished", row, path=str(path), seed=recipe.seed, seconds=round(event.seconds, 3))

    def save(self, event: "Finished", row: Row, recipe: "Recipe") -> Path:
        """Save under the template's name, or one beside it where another recipe's picture has that."""
        first = self.folder / file_name(self.template, row, recipe)
        own = self.log.made(recipe)
        path, number = first, 1
        while path.exists() and path != own:
            number += 1
            path = first.with_stem(f"{first.stem}-{number}")
        event.picture.save(path)
        return path

    def fail(self, row: Row, reason: str) -> None:
        """Report a row that cannot be made."""
        self.failed += 1
        self.say("failed", row, error=reason)
        note(reason if f"row {row.number}" in reason else f"row {row.number}: {reason}")

    def say(self, event: str, row: Row, **more: str | int | float | None) -> None:
        """Print an event: with --json always, else the path of a picture that is done."""
        if self.as_json:
            print(json.dumps({"event": event, "row": row.number, **more}), flush=True)
        elif event == "finished":
            print(more["path"], flush=True)

    def end(self, planned: int | None) -> None:
        """Say what came of it; `planned` pictures would be made in a dry run."""
        if self.as_json:
            counts = {"made": self.made, "kept": self.kept, "failed": self.failed}
            print(json.dumps({"event": "done", **counts, **({} if planned is None else {"would_make": planned})}))
        made = f"{self.made} made" if planned is None else f"{planned} would be made"
        note(f"{made}, {self.kept} there already, {self.failed} failed; {self.folder / LOG}")
