"""`safelight train`: make the model that ships with Safelight, from nothing, and draw how its making goes.

Everything heavy is imported inside, so that `--help` answers at once. Read `train/bundled.py` for what the stages do.
Here too training and judging meet, which know nothing of one another: `_judge` and `_teach_recogniser`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.saying import note, on_a_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import ndarray

    from safelight.scenes.grammar import Scene
    from safelight.train.text_to_image import Judge
    from safelight.train.work import Work

__all__ = ["app"]

app = typer.Typer(help="Train a model, and draw how it goes.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Train a model, and draw how it goes."""


@app.command()
def bundled(
    folder: Annotated[Path, typer.Option(help="Where all of the run lies; give the same one to go on.")] = Path(
        "runs/bundled"
    ),
    stage: Annotated[
        str | None,
        typer.Option(
            help="One of renders, tokenizer, latents, encoder, decoder, recogniser, unet-coarse, unet-middle, "
            "unet-fine, image-tower, export; all in this order if not given. Encoder, decoder and unet-coarse may run "
            "side by side."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Time for the stage, earlier parts of it included; the learning rate ends with it."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads to compute with; for scenes: processes.")] = 1,
    scenes: Annotated[int | None, typer.Option(min=64, help="How many scenes to learn from.")] = None,
    device: Annotated[
        str, typer.Option(help="Where networks learn: cpu, cuda, or auto; cuda has a plan of its own.")
    ] = ("cpu"),
    stop_after: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="MINUTES", help="Save everything and stop then; the same command goes on."),
    ] = None,
    ignore_gates: Annotated[
        bool, typer.Option("--ignore-gates", help="Go on from a stage that has not come far enough.")
    ] = False,
) -> None:
    """Make the bundled model: scenes, latents, autoencoder, diffusion model, and the folder that ships.

    Ctrl-C stops after the current step with everything saved; the same command goes on from there.
    """
    from dataclasses import replace

    from safelight.train.bundled import Plan, run
    from safelight.train.plan import for_gpu
    from safelight.train.process import find_device

    plan = Plan() if find_device(device).type == "cpu" else for_gpu(Plan())
    plan = plan if scenes is None else replace(plan, scenes=scenes)

    def go(tell: Callable[[float, str], None]) -> bool:
        return run(
            folder,
            stage,
            minutes,
            threads,
            tell,
            plan,
            device=device,
            stop_after=stop_after,
            ignore_gates=ignore_gates,
            open_judge=_judge,
            teach_recogniser=_teach_recogniser,
        )

    finished = _on_a_bar(go) if on_a_terminal() else go(lambda done, what: note(f"{done:.1%} {what}"))
    if not finished and stop_after is None:
        raise KeyboardInterrupt
    if not finished:
        note("everything is saved; the same command goes on")


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a run, which may be going on.")],
) -> None:
    """Draw a run's readings: losses by noise level, text gap, PSNR, accuracy, speed; as plots.png and plots.html."""
    from safelight.train.plots import plot

    for path in plot(folder):
        print(path)


def _on_a_bar(go: Callable[[Callable[[float, str], None]], bool]) -> bool:
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
        return go(lambda done, what: bar.update(task, completed=done, description=what))


def _judge(path: Path) -> "Judge":
    """A judge of contact sheets from a recogniser's file: the shares that are right, by kind of question."""
    from safelight.evaluate.ceilings import Tally
    from safelight.evaluate.recogniser import load

    recogniser = load(path)

    def judge(pixels: "ndarray", scenes: "Sequence[Scene]") -> dict[str, float]:
        tally = Tally()
        for scene, reading in zip(scenes, recogniser.read(pixels), strict=True):
            tally.add(scene, reading)
        return {f"accuracy_{name}": value for name, value in tally.table().items() if not name.endswith("AUC")}

    return judge


def _teach_recogniser(work: "Work") -> bool:
    """The stage `recogniser`: lessons from the run's renders, the network, and its ceilings beside it."""
    from dataclasses import replace

    import numpy as np

    from safelight.evaluate.ceilings import ceilings
    from safelight.evaluate.heads import Network, Sizes
    from safelight.evaluate.lessons import Lessons, collect, reduced, truth_of
    from safelight.evaluate.read import THRESHOLD
    from safelight.evaluate.recogniser import Recogniser, export
    from safelight.scenes.render import Rendered
    from safelight.train.data import open_renders
    from safelight.train.recogniser import RUN, LearnRecogniser
    from safelight.train.work import RECOGNISER

    place = work.folder / RECOGNISER
    learnt = sorted(place.parent.glob("step-*.pt"))
    if place.exists() and learnt and place.stat().st_mtime >= learnt[-1].stat().st_mtime:
        return True
    renders, held_out = (open_renders(work.folder / "renders" / which) for which in ("train", "held-out"))
    trip = work.painter().there_and_back
    scenes = renders.scenes[: len(renders.pixels)]
    share = len(scenes) // 4
    collect(
        place.parent / "lessons",
        renders.pixels,
        scenes,
        extra=share,
        trips=share,
        roundtrip=trip,
        tell=lambda what: work.tell(0.0, what),
    )
    network = Network(Sizes())
    settings = RUN if work.plan.recogniser_minutes is None else replace(RUN, minutes=work.plan.recogniser_minutes)
    known = held_out.scenes[: len(held_out.pixels)]
    method = LearnRecogniser(
        network, Lessons(place.parent / "lessons"), reduced(np.array(held_out.pixels)), truth_of(known)
    )
    if not work.learn(method, settings, place.parent.name):
        return False
    work.average(place.parent.name, {"recogniser": network}, settings.ema[0])
    nothing = np.zeros((1, 1), np.uint8)
    shown = [Rendered(np.array(held_out.pixels[i]), nothing, (), one) for i, one in enumerate(known[:256])]
    export(network, place, THRESHOLD, ceilings(Recogniser(network), shown, trip))
    return True
