"""`safelight scenes`: look at the world that the bundled model was taught, and make pictures of it.

The world is drawn by counter: scene 7 of seed 0 is the same scene on every machine. `render` writes, for each scene,
the picture, the truth about it as JSON, and one caption.
"""

from pathlib import Path
from typing import Annotated

import typer

from safelight.cli.asking import JsonOption
from safelight.cli.saying import note

__all__ = ["app"]

app = typer.Typer(help="Draw the world that the bundled model knows.", no_args_is_help=True)

SizeOption = Annotated[int, typer.Option(min=32, max=1024, metavar="PIXELS", help="The side of each picture.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write.")]


@app.command("sheet")
def sheet(output: OutputOption = Path("sheet.png"), size: SizeOption = 128) -> None:
    """Draw a contact sheet: every noun in every medium, lighting and environment."""
    from safelight.scenes.files import write
    from safelight.scenes.sheet import sheet as draw

    page = draw(size)
    write(output, lambda file: page.save(file, "PNG"))
    print(output)


@app.command("render")
def render(
    output: OutputOption = Path("scenes"),
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many scenes.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Which world; scene i of a seed never changes.")] = 0,
    size: SizeOption = 256,
    held_out: Annotated[bool, typer.Option("--held-out", help="Scenes that training never shows.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw scenes 0 .. N-1 of a seed into a folder: picture, truth and caption of each."""
    from safelight.scenes.files import write_scenes

    for index, (path, caption) in enumerate(write_scenes(output, seed, count, size, held_out)):
        if as_json:
            import json

            print(json.dumps({"index": index, "path": str(path), "caption": caption}))
        else:
            print(f"{path}  {caption}")
    note(f"{count} scenes of seed {seed} in {output}")
