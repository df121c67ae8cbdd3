"""A run in curves: `plots.png` to look at, and `plots.html` with the last figures and the newest contact sheets too.

The courses of the diffusion model follow one another on one axis of minutes; the other stages have axes of their own.
Next: `charts`, which draws; `readings`, which reads.
"""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from safelight.errors import TrainingError
from safelight.scenes.files import write
from safelight.train.charts import HEIGHT, WIDTH, Chart, Line, Png, Svg, draw
from safelight.train.readings import Readings, read

LEVELS = ("t below 250 (nearly clean)", "below 500", "below 750", "to 999 (nearly noise)")
COMMON = (
    ("samples per second", {"samples_per_second": "samples / s"}, False),
    ("norm of the gradient", {"gradient": "before clipping"}, True),
    ("update beside weight", {"update_ratio": "RMS of change / RMS of weights"}, True),
)
DIFFUSION = (
    ("loss of held-out scenes by noise level", {f"validation_loss_t{q}": LEVELS[q] for q in range(4)}, True),
    ("loss of training scenes by noise level", {f"loss_t{q}": LEVELS[q] for q in range(4)}, True),
    ("text gap", {"text_gap": "all noise levels", "text_gap_late": "t from 500"}, False),
)
STAGES: Mapping[str, Sequence[tuple[str, Mapping[str, str], bool]]] = {
    "encoder": (("error", {"validation_error": "held out", "validation_error_half": "at half size"}, True),),
    "decoder": (
        (
            "PSNR in dB",
            {
                "validation_psnr": "held out",
                "validation_psnr_half": "at half size",
                "validation_psnr_linear": "linear inverse",
            },
            False,
        ),
    ),
    "image-tower": (
        (
            "share that is right, of 256 held-out scenes",
            {
                "image_finds_text": "picture finds text",
                "text_finds_image": "text finds picture",
                "wrong_word_heard": "wrong word heard",
            },
            False,
        ),
    ),
}
"""Stage -> its charts: title, readings and what they are called, whether y is logarithmic. Readings that begin with
"accuracy" are drawn for every stage that has some."""


def runs(folder: Path) -> dict[str, list[Readings]]:
    """The readings of every stage in `folder`, in the order in which the stages began.

    Raises `TrainingError` where there are none.
    """
    if not folder.is_dir():
        raise TrainingError(f"no folder {folder}: give the folder of a training run")
    stages = {path.parent.name: read(path.parent) for path in folder.glob("*/readings.jsonl")}
    stages = {stage: lines for stage, lines in stages.items() if lines}
    if not stages:
        raise TrainingError(f"no readings in the stages of {folder}: nothing has been trained there yet")
    begun = {stage: (folder / stage / "readings.jsonl").stat().st_mtime for stage in stages}
    return {stage: stages[stage] for stage in sorted(stages, key=begun.__getitem__)}


def charts(found: Mapping[str, list[Readings]]) -> list[Chart]:
    """All charts of some stages that have anything in them."""
    courses = [stage for stage in found if stage.startswith("unet")]
    groups = [("diffusion model", courses)] if courses else []
    groups += [(stage, [stage]) for stage in found if stage not in courses]
    made: list[Chart] = []
    for name, members in groups:
        lines, marks = joined(found, members)
        kinds = [*(DIFFUSION if members is courses else STAGES.get(name, ())), *COMMON]
        judged = sorted({key for line in lines for key in line if key.startswith("accuracy")})
        kinds.insert(-3, ("accuracy", {key: key.removeprefix("accuracy_") for key in judged}, False))
        for title, wanted, log in kinds:
            curves = [
                Line(said, [(at["minutes"], at[key]) for at in lines if key in at]) for key, said in wanted.items()
            ]
            curves = [curve for curve in curves if curve.points]
            if curves:
                made.append(Chart(f"{name}: {title}", tuple(curves), log, marks=marks))
    return made


def joined(
    found: Mapping[str, list[Readings]], members: Sequence[str]
) -> tuple[list[Readings], tuple[tuple[float, str], ...]]:
    """The readings of stages one after another, minutes running on, and where each begins if they are several."""
    lines: list[Readings] = []
    marks: list[tuple[float, str]] = []
    offset = 0.0
    for stage in members:
        marks.append((offset, stage))
        lines += [{**line, "minutes": line["minutes"] + offset} for line in found[stage]]
        offset += found[stage][-1]["minutes"]
    return lines, tuple(marks) if len(members) > 1 else ()


def plot(folder: Path) -> tuple[Path, Path]:
    """Write plots.png and plots.html into the folder of a run; returns their paths.

    Raises `TrainingError` where nothing was trained, `OutputError` where they cannot be written.
    """
    found = runs(folder)
    made = charts(found)
    picture, page = folder / "plots.png", folder / "plots.html"
    columns = 2 if len(made) > 1 else 1
    paper = Png(columns * WIDTH, -(-len(made) // columns) * HEIGHT)
    drawn: list[str] = []
    for number, chart in enumerate(made):
        draw(chart, paper.at(number % columns * WIDTH, number // columns * HEIGHT))
        svg = Svg(WIDTH, HEIGHT)
        draw(chart, svg)
        drawn.append(svg.page())
    write(picture, lambda file: paper.page().save(file, "PNG"))
    text = html(folder, found, drawn)
    write(page, lambda file: file.write(text.encode()))
    return picture, page


def html(folder: Path, found: Mapping[str, list[Readings]], drawn: Sequence[str]) -> str:
    """One page that needs no other file."""
    rows = []
    for stage, lines in found.items():
        last: Readings = {}
        for line in lines:
            last |= line
        figures = ", ".join(
            f"{name} {value:.4g}" for name, value in last.items() if name not in ("step", "minutes", "eta_minutes")
        )
        cells = (stage, f"{last['step']:.0f}", f"{last['minutes']:.1f}", figures)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    sheets = []
    for stage in found:
        for path in sorted((folder / stage).glob("sheet-*.png"))[-1:]:
            coded = base64.b64encode(path.read_bytes()).decode()
            sheets.append(f'<h2>{escape(stage)}, {escape(path.stem)}</h2><img src="data:image/png;base64,{coded}">')
    head = "<tr><th>stage</th><th>steps</th><th>minutes</th><th>last readings</th></tr>"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{escape(folder.name)}</title>
<style>
body {{ font: 14px sans-serif; margin: 2em; color: #222 }}
td, th {{ text-align: left; padding: .2em 1em .2em 0; vertical-align: top }}
img {{ max-width: 100% }}
</style>
<h1>{escape(folder.name)}</h1>
<table>{head}{"".join(rows)}</table>
{"".join(drawn)}
{"".join(sheets)}
</html>
"""
