"""What a run tells while it goes: a bar for people who watch, a line for each picture that is done.

stdout gets results only: the path of each picture, or with `--json` one object per line (path, seed, seconds, recipe).
Everything else goes to stderr, the bar only when that is a terminal.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from safelight.cli.output import Output
from safelight.cli.saying import note, on_a_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

    from safelight.engine import Failed, Finished

__all__ = ["Telling"]


class Telling:
    """Saves and announces the pictures of one run, and remembers how many there are."""

    def __init__(self, place: Output, as_json: bool, quiet: bool) -> None:
        self.place = place
        self.as_json = as_json
        self.quiet = quiet
        self.saved = 0
        self._bar: Progress | None = None

    @contextmanager
    def progress(self) -> Iterator[Callable[[int, int, int], None]]:
        """Show a bar while the block runs; yields what to call with (index, step, steps) after each step."""
        if self.quiet or not on_a_terminal():
            yield lambda index, step, steps: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        texts = TextColumn("{task.description}"), TextColumn("{task.fields[step]}")
        columns = texts[0], BarColumn(), texts[1], TimeRemainingColumn()
        # By default rich takes over both streams: results would go to stderr, and "[0]" would be read as markup.
        bar = Progress(
            *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
        )
        task = bar.add_task("", total=None, step="")
        reached: dict[int, int] = {}

        def advance(index: int, step: int, steps: int) -> None:
            reached[index] = step
            which = f"picture {self.saved + 1} of {self.place.count}"
            at = f"step {step} of {steps}"
            total, done = steps * self.place.count, sum(reached.values())
            bar.update(task, description=which, step=at, total=total, completed=done)

        with bar:
            self._bar = bar
            try:
                yield advance
            finally:
                self._bar = None

    def finished(self, event: "Finished") -> None:
        """Save a finished picture and say where it is; raises OutputError."""
        recipe = event.picture.recipe
        path = self.place.write(event.index, recipe.seed, recipe.prompt, event.picture.save)
        self.saved += 1
        with self._bar_aside():
            if not self.quiet:
                size, how = f"{recipe.width}x{recipe.height}", f"{recipe.steps} steps of {recipe.sampler}"
                note(f"seed {recipe.seed}, {size}, {how}, {event.seconds:.1f} s")
            if self.as_json:
                line = {"path": str(path), "seed": recipe.seed, "seconds": round(event.seconds, 3)}
                print(json.dumps(line | {"recipe": recipe.model_dump()}), flush=True)
            elif not self.quiet:
                print(path, flush=True)

    def failed(self, event: "Failed") -> None:
        """Say that one picture of several cannot be made."""
        with self._bar_aside():
            note(f"seed {event.recipe.seed}: {event.error}")

    def kept(self) -> str:
        """Say what a run that ended early leaves behind."""
        if self.saved == 0:
            return "no picture was finished"
        return f"{self.saved} of {self.place.count} pictures finished, and kept in {self.place.folder}"

    @contextmanager
    def _bar_aside(self) -> Iterator[None]:
        """Take the bar off the terminal while something else is printed."""
        if self._bar is None:
            yield
            return
        self._bar.stop()
        yield
        self._bar.start()
