"""`safelight evaluate`: does a model draw what it is asked? Fixed prompts, read by a recogniser, one page and one JSON.

Works with any model that draws the world of `safelight scenes`. Everything heavy is imported inside, so that `--help`
answers at once. Read `evaluate/run.py` for what the parts do.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import DeviceOption, DtypeOption, ExactOption, JsonOption, check_dtype
from safelight.cli.saying import note, on_a_terminal
from safelight.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np

    from safelight.engine import Engine
    from safelight.evaluate.pictures import Artist
    from safelight.evaluate.run import Report
    from safelight.picture import Picture
    from safelight.recipe import Recipe

__all__ = ["artist", "evaluate", "recogniser_of"]

BESIDE = Path("recogniser") / "recogniser.safetensors"
"""Where a model's folder holds its recogniser."""


def evaluate(
    model: Annotated[str | None, typer.Argument(help="A model's name, folder or file. Default: the usual one.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One picture of each prompt, and short curves.")] = False,
    parts: Annotated[
        str | None,
        typer.Option(
            metavar="PART,PART,...",
            help="Some of prompts, negatives, distance, guidance, samplers, memory; all if not given.",
        ),
    ] = None,
    recogniser: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The judge (.safetensors), if not the one beside the model.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Pictures and report.")] = Path(
        "evaluation"
    ),
    most: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="No more than N prompts of each task: to try things out.")
    ] = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    exact: ExactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge a model: prompts, negative prompts, distances, guidance, samplers, memory. Prints the report's path.

    Pictures are kept in the output folder: the same command again goes on where it was stopped, or adds other parts.
    """
    check_dtype(dtype)
    from safelight.weights import library

    name = model or library.default()
    judge = recogniser_of(library.find(name), recogniser)

    import safelight
    from safelight.evaluate import run
    from safelight.evaluate.recogniser import load

    asked = None if parts is None else [part.strip() for part in parts.split(",") if part.strip()]
    run.check_parts(asked)
    plan = run.limited(run.QUICK if quick else run.Plan(), most)
    reader = load(judge)
    engine = safelight.load(name, device=device, dtype=dtype, exact=exact)
    with _progress() as tell:
        report = run.evaluate(artist(engine), reader, output, plan, asked, tell)
    if as_json:
        print(json.dumps(report))
        return
    for line in summary(report):
        note(line)
    print(output / "report.html")


def recogniser_of(model: Path, given: Path | None) -> Path:
    """Return the recogniser's file: the one given, or the one in the model's folder. Raises `WeightsError`."""
    if given is not None:
        if not given.is_file():
            raise WeightsError(f"--recogniser {given}: there is no such file; name the .safetensors of a recogniser")
        return given
    path = (model if model.is_dir() else model.parent) / BESIDE
    if not path.is_file():
        raise WeightsError(
            f"there is no recogniser beside this model ({path}), so nobody can judge its pictures; "
            "name one with --recogniser FILE"
        )
    return path


def artist(engine: "Engine") -> "Artist":
    """Put a loaded model into the form in which it is examined."""
    import numpy as np
    import torch

    from safelight.diffusion.samplers import drive, finish
    from safelight.engine import Failed, Finished
    from safelight.evaluate.pictures import Artist
    from safelight.picture import from_tensor

    model = engine.model

    def draw(recipes: "Sequence[Recipe]") -> "Iterator[tuple[int, Picture]]":
        for event in engine.stream(recipes):
            if isinstance(event, Failed):
                raise event.error
            if isinstance(event, Finished):
                yield event.index, event.picture

    @torch.inference_mode()
    def trace(recipe: "Recipe") -> "tuple[Picture, np.ndarray]":
        drawing = model.begin(recipe)
        x = drive(drawing.sampling, drawing.guided, drawing.guided.both)
        return model.develop(drawing, x), finish(x, drawing.sigmas)[0].float().cpu().numpy()

    @torch.inference_mode()
    def roundtrip(pixels: "np.ndarray") -> "np.ndarray":
        scale = model.vae.network.config.scale
        found: list[np.ndarray] = []
        for some in torch.from_numpy(pixels).split(8):
            x = some.permute(0, 3, 1, 2).float().to(model.device) / 127.5 - 1
            z, _ = model.vae.ask(lambda vae, x: vae.encode(x).mean, x)
            found += [from_tensor(image) for image in model.decode(z.float() * scale)[0]]
        return np.stack(found)

    return Artist(model.name, engine.model_hash, engine.defaults, draw, trace, roundtrip)


def summary(report: "Report") -> "Iterator[str]":
    """What a person wants to know first, a line each."""
    parts = report["parts"]
    if "prompts" in parts:
        rows = parts["prompts"]["tasks"] | parts["prompts"]["factors"]["all"]
        for name, row in rows.items():
            said = row.get("all", row)
            yield f"{name}: {said['share']:.1%} of {said['pictures']} pictures"
    if "negatives" in parts:
        told = parts["negatives"]
        yield f"pictures with a defect: {told['unnamed']['any']:.1%}, negative prompt: {told['negative']['any']:.1%}"
    if "distance" in parts:
        made, least = (parts["distance"][name]["frechet"] for name in ("made", "through the autoencoder"))
        yield f"Frechet distance: {made:.3g} (through the autoencoder alone: {least:.3g})"


@contextmanager
def _progress() -> Iterator[Callable[[float, str], None]]:
    """A bar for people who watch, a line every few per cent for others."""
    if not on_a_terminal():
        last = [-1]

        def tell(done: float, what: str) -> None:
            if int(done * 50) != last[0]:
                last[0] = int(done * 50)
                note(f"{done:.0%} {what}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>5.1f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda done, what: bar.update(task, completed=done, description=what)
