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

    from safelight.engine import Finished

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
        # rich would otherwise send what we print on stdout to stderr, where the bar is.
        bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
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
        if self._bar is not None:
            self._bar.stop()
        if not self.quiet:
            size, how = f"{recipe.width}x{recipe.height}", f"{recipe.steps} steps of {recipe.sampler}"
            note(f"seed {recipe.seed}, {size}, {how}, {event.seconds:.1f} s")
        if self.as_json:
            line = {
                "path": str(path),
                "seed": recipe.seed,
                "seconds": round(event.seconds, 3),
                "recipe": recipe.model_dump(),
            }
            print(json.dumps(line), flush=True)
        elif not self.quiet:
            print(path, flush=True)
        if self._bar is not None:
            self._bar.start()

    def kept(self) -> str:
        """Say what a run that ended early leaves behind."""
        if self.saved == 0:
            return "no picture was finished"
        return f"{self.saved} of {self.place.count} pictures finished, and kept in {self.place.folder}"
