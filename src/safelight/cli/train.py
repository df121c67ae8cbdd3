"""`safelight train`: make the model that ships with Safelight, from nothing.

Everything heavy is imported inside, so that `--help` answers at once. Read `train/bundled.py` for what the stages do.
"""

from pathlib import Path
from typing import Annotated

import typer

from safelight.cli.saying import note, on_a_terminal

__all__ = ["app"]

app = typer.Typer(help="Train a model.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Train a model."""


@app.command()
def bundled(
    folder: Annotated[Path, typer.Option(help="Where all of the run lies; give the same one to go on.")] = Path(
        "runs/bundled"
    ),
    stage: Annotated[
        str | None,
        typer.Option(
            help="One of renders, tokenizer, latents, encoder, decoder, unet-coarse, unet-middle, unet-fine, export; "
            "all in this order if not given. Encoder, decoder and unet-coarse may run side by side."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Time for the stage, earlier parts of it included; the learning rate ends with it."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads to compute with; for renders: processes.")] = 1,
    scenes: Annotated[int | None, typer.Option(min=64, help="How many scenes to render and learn from.")] = None,
) -> None:
    """Make the bundled model: scenes, latents, autoencoder, diffusion model, and the folder that ships.

    Ctrl-C stops after the current step with everything saved; the same command goes on from there.
    """
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from safelight.train.bundled import Plan, run

    plan = Plan() if scenes is None else replace(Plan(), scenes=scenes)
    if not on_a_terminal():
        finished = run(folder, stage, minutes, threads, lambda done, what: note(f"{done:.1%} {what}"), plan)
    else:
        columns = (
            BarColumn(),
            TextColumn("{task.percentage:>5.1f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("starting", total=1.0)
            finished = run(
                folder,
                stage,
                minutes,
                threads,
                lambda done, what: bar.update(task, completed=done, description=what),
                plan,
            )
    if not finished:
        raise KeyboardInterrupt
