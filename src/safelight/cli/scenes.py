"""`safelight scenes`: look at the world that the bundled model was taught, and make pictures of it.

The world is drawn by counter: scene 7 of seed 0 is the same scene on every machine. `render` writes, for each scene,
the picture, the truth about it as JSON, and one caption; the same command again goes on where it was stopped.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from safelight.cli.asking import JsonOption
from safelight.cli.saying import note, on_a_terminal

__all__ = ["app"]

app = typer.Typer(help="Draw the world that the bundled model knows.", no_args_is_help=True)

SizeOption = Annotated[int, typer.Option(min=32, max=1024, metavar="PIXELS", help="The side of each picture.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write.")]


@app.command("sheet")
def sheet(
    output: OutputOption = Path("sheet.png"),
    size: SizeOption = 128,
    noun: Annotated[
        list[str] | None, typer.Option("--noun", metavar="NOUN", help="Only this one; may be given several times.")
    ] = None,
) -> None:
    """Draw a contact sheet: a row for each noun in every medium, lighting, environment and so on."""
    from safelight.errors import RecipeError, nearest
    from safelight.scenes.files import write
    from safelight.scenes.sheet import sheet as draw
    from safelight.scenes.words import NOUNS

    for asked in noun or ():
        if asked not in NOUNS:
            raise RecipeError(f"--noun {asked!r} is nothing that this world knows.{nearest(asked, NOUNS)}")
    page = draw(size, tuple(noun) if noun else None)
    write(output, lambda file: page.save(file, "PNG"))
    print(output)


@app.command("render")
def render(
    output: OutputOption = Path("scenes"),
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many scenes.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Which world; scene i of a seed never changes.")] = 0,
    size: SizeOption = 256,
    held_out: Annotated[bool, typer.Option("--held-out", help="Scenes that training never shows.")] = False,
    masks: Annotated[bool, typer.Option("--masks", help="Also which pixels show what, as a PNG of ids.")] = False,
    shards: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Write N tar files, as webdataset reads them.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, metavar="N", help="How many processes render.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Draw scenes 0 .. N-1 of a seed into a folder: picture, truth and caption of each.

    What is there already is kept: the same command goes on where it was stopped.
    """
    from safelight.scenes.files import write_scenes
    from safelight.scenes.shards import write_shards

    with _progress(count, "scenes") as advance:
        if shards is not None:
            for path, scenes in write_shards(output, seed, count, shards, size, held_out, masks, workers):
                print(json.dumps({"path": str(path), "scenes": scenes}) if as_json else path, flush=True)
                advance(scenes)
        else:
            written = write_scenes(output, seed, count, size, held_out, masks, workers)
            for index, (path, caption) in enumerate(written):
                line = {"index": index, "path": str(path), "caption": caption}
                print(json.dumps(line) if as_json else f"{path}  {caption}", flush=True)
                advance(1)
    note(f"{count} scenes of seed {seed} in {output}")


@contextmanager
def _progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while the block runs, if a person watches; yields what to call with how many more."""
    if not on_a_terminal():
        yield lambda more: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    # On a terminal rich prints the lines above the bar; into a file or a pipe they must go untouched.
    both, console = sys.stdout.isatty(), Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=both, redirect_stderr=False) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)
