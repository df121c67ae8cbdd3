"""The list of commands. To add one, write its file and add one line here; `generate.py` is the one to read."""

from typing import Annotated

import typer

from safelight import __version__
from safelight.cli import atlas, batch, evaluate, generate, grid, inspect, models, prompt, scenes, table, train, verify

__all__ = ["app"]

app = typer.Typer(
    name="safelight",
    help="Stable Diffusion v1: one recipe, one picture.",
    epilog='Begin with: safelight generate "a red sports car on a mountain road, golden hour"',
    add_completion=False,
    rich_markup_mode=None,  # rich needs more than half the time that --help may take
    no_args_is_help=True,
)
app.command("generate")(generate.generate)
app.command("batch")(batch.batch)
app.command("grid")(grid.grid)
app.command("atlas")(atlas.atlas)
app.command("verify")(verify.verify)
app.command("inspect")(inspect.inspect)
app.command("prompt")(prompt.prompt)
app.command("table")(table.table)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(models.app, name="models")
app.add_typer(scenes.app, name="scenes")
app.add_typer(train.app, name="train")


def _version(asked: bool) -> None:
    if asked:
        print(f"safelight {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Stable Diffusion v1: one recipe, one picture."""
