"""The page: one HTML file with everything in it, to be read on a desk or a phone, by day or by night.

It is made of report.json and the pictures beside it, and of nothing else: no scripts, no fonts, no addresses. Pictures
are put in small, as JPEG. Everything that came from a file is escaped.

Read next: plots.py for the drawings in it, run.py for where its numbers come from.
"""

import base64
import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from safelight.evaluate.plots import bars, lines
from safelight.evaluate.style import STYLE
from safelight.scenes import words
from safelight.scenes.grammar import scene
from safelight.scenes.render import render

__all__ = ["TARGETS", "page"]

THUMB, SHOWN = 160, 12
Json = dict  # as json.loads gives it, in the shapes that run.py writes

TARGETS: dict[str, tuple[float, float]] = {
    "mean of six": (0.77, 0.92),
    "single subject": (0.92, 0.98),
    "its colour": (0.92, 0.98),
    "medium": (0.96, 0.99),
    "lighting": (0.95, 0.98),
    "environment": (0.90, 0.97),
    "count exact": (0.70, 0.88),
    "two subjects": (0.72, 0.92),
    "relation": (0.75, 0.93),
    "two-colour binding": (0.60, 0.85),
}
"""What the bundled model is to reach: at least, and where it learned on a large GPU."""
GAPS = (0.10, 0.04)
"""How far held-out combinations may lie below seen ones, in the same two cases."""
CLEAN = 0.005
"""The share of pictures that may show a defect which the negative prompt names."""


def page(report: Json, pictures: Path) -> str:
    """Make the page of a report as json.loads gives it; `pictures` is the folder of its pictures."""
    about, parts = report["about"], report["parts"]
    body = [_head(about, parts)]
    for name, (title, section) in _SECTIONS.items():
        if name in parts:
            body += [f'<h2 id="{name}">{title}</h2>', section(parts[name], pictures)]
    title = f"{escape(about['model'])}: evaluation"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
        f'content="light dark"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _head(about: Json, parts: Json) -> str:
    usual = about["defaults"]
    how = (
        f"{usual['width']}x{usual['height']}, {usual['sampler']} ({usual['schedule']}), {usual['steps']} steps, "
        f"guidance {usual['guidance_scale']:g}"
    )
    links = "".join(f'<a href="#{name}">{_SECTIONS[name][0]}</a>' for name in parts)
    return (
        f"<h1>Does {escape(about['model'])} draw what it is asked?</h1>"
        f'<p class="soft">{escape(how)}. Weights <code>{escape(about["model_hash"][:16])}</code>, recogniser '
        f"<code>{escape(about['recogniser'][:16])}</code>, prompts of version {about['prompts']}, up to "
        f"{about['plan']['seeds']} pictures of each.</p>"
        '<p class="soft">A closed world: the model knows the words of this world, and the recogniser knows nothing '
        "else. None of these numbers can be held against those of models that draw everything.</p>"
        f"<nav>{links}</nav>{_cards(parts)}"
    )


def _cards(parts: Json) -> str:
    found: list[tuple[str, str]] = []
    if mean := parts.get("prompts", {}).get("tasks", {}).get("mean of six"):
        found.append((f"{mean['all']['share']:.2f}", "mean of the six GenEval tasks"))
        if "held-out" in mean and "seen" in mean:
            gap = 100 * (mean["held-out"]["share"] - mean["seen"]["share"])
            found.append((f"{gap:+.1f}", "points, held-out combinations against seen"))
    if factors := parts.get("prompts", {}).get("factors", {}).get("all"):
        found += [(_percent(factors[name]["share"]), name) for name in ("single subject", "medium") if name in factors]
    if told := parts.get("negatives"):
        found.append((_percent(told["negative"]["any"]), "of pictures with a defect, under a negative prompt"))
    if apart := parts.get("distance"):
        ratio = apart["made"]["frechet"] / max(apart["through the autoencoder"]["frechet"], 1e-9)
        found.append((f"{ratio:.1f}x", "Frechet distance, as a multiple of the autoencoder's own"))
    cells = "".join(f"<div><b>{value}</b><span>{escape(what)}</span></div>" for value, what in found)
    return f'<div class="cards">{cells}</div>' if found else ""


# -- Sections ----------------------------------------------------------------------------------------------------------


def _prompts(part: Json, pictures: Path) -> str:
    factors, tasks, ceilings = part["factors"], part["tasks"], part["ceilings"]
    known = factors["all"] | ({"mean of six": tasks["mean of six"]["all"]} if "mean of six" in tasks else {})
    rows: list[Sequence[str]] = []
    for name, (least, wanted) in TARGETS.items():
        if name not in known:
            continue
        of = [
            tasks[name].get(k, {}) if name == "mean of six" else factors[k].get(name, {}) for k in ("seen", "held-out")
        ]
        tops = [ceilings[k].get(name, {}).get("all", factors[k].get(name, {})) for k in ("renders", "roundtrip")]
        reached = known[name]["share"]
        kind = "good" if reached >= least else "bad"
        mark = f'<span class="{kind}">{_share(known[name])}</span>'
        told = [_percent(one.get("share")) for one in (*of, *tops)]
        rows.append([escape(name), mark, *told, _percent(least), _percent(wanted)])
    heads = ("what is asked", "right", "seen", "held-out", "ceiling: renders", "and autoencoder", "target", "with GPU")
    text = "<p>A colour counts where its thing is there; relation and two-colour binding where both things are.</p>"
    return text + _table(heads, rows) + _tasks(tasks, ceilings) + _sheets(part["pictures"], pictures)


def _tasks(tasks: Json, ceilings: Json) -> str:
    columns = ("seen", "held-out", "reworded")
    values = {name: [row.get(column, {}).get("share") for column in columns] for name, row in tasks.items()}
    marks = {name: row["all"]["share"] for name, row in ceilings["roundtrip"].items() if "all" in row}
    rows = [
        [escape(name), *(_share(row.get(column)) for column in ("all", *columns)), str(row["all"]["pictures"])]
        for name, row in tasks.items()
    ]
    tops = [
        [f"ceiling, {escape(where)}: {escape(name)}", *(_share(row.get(column)) for column in ("all", *columns)), ""]
        for where in ("renders", "roundtrip")
        for name, row in ceilings[where].items()
    ]
    table = _table(("task", "all", *columns, "pictures"), rows)
    more = f"<details><summary>Ceilings of every task</summary>{_table(('task', 'all', *columns, ''), tops)}</details>"
    plot = bars(values, columns, marks)
    return (
        "<h3>By task</h3><p>A picture is right when everything that its prompt asks is. The upright line is the "
        "ceiling: what the recogniser finds in true renders that went through the autoencoder.</p>"
        f'<figure class="plot">{plot}</figure>{table}{more}'
    )


def _sheets(told: Sequence[Json], pictures: Path) -> str:
    found = [
        "<h3>What was drawn</h3><p>The first pictures of every task; green is right, red is not, a star stands for "
        "a held-out combination.</p>"
    ]
    for task in dict.fromkeys(one["task"] for one in told):
        first = list({one["name"]: one for one in reversed(told) if one["task"] == task}.values())[::-1][:SHOWN]
        found.append(f"<h3>{escape(task)}</h3>")
        found.append(_sheet((_figure(one, pictures) for one in first), "sheet"))
    return "".join(found)


def _figure(one: Json, pictures: Path) -> str:
    wrong = ", ".join(name for name, right in one["answers"].items() if not right)
    text = escape(one["text"]) + (" *" if one["held_out"] else "")
    text += f"<br>not right: {escape(wrong)}" if wrong else ""
    kind, image = "yes" if one["right"] else "no", _image(pictures / one["file"])
    return f'<figure class="{kind}">{image}<figcaption>{text}</figcaption></figure>'


def _negatives(part: Json, pictures: Path) -> str:
    columns = ("asked", "unnamed", "negative", "clean renders")
    rows = [[escape(name), *(_percent(part[column][name]) for column in columns)] for name in (*words.DEFECTS, "any")]
    kind = "good" if part["negative"]["any"] <= max(CLEAN, part["clean renders"]["any"]) else "bad"
    heads = ("pictures that show", "a defect asked for", "none named", "negative prompt", "clean renders (the judge)")
    sheets = [
        f"<h3>{title}</h3>" + _sheet((f"<figure>{_image(pictures / f)}</figure>" for f in part[way]["files"]), "sheet")
        for way, title in (("asked", "Asked for"), ("unnamed", "Not named"), ("negative", "With the negative prompt"))
    ]
    return (
        f"<p>Defects that are asked for appear in {_share(part['obeyed'])} of pictures (true renders of them are read "
        f"so in {_share(part['obeyed, renders'])}). With all seven in the negative prompt "
        f'<b class="{kind}">{_percent(part["negative"]["any"])}</b> of pictures show any, against '
        f"{_percent(part['unnamed']['any'])} without; {_percent(CLEAN)} is allowed. The last column is what the "
        f"recogniser wrongly finds in clean renders.</p>{_table(heads, rows)}{''.join(sheets)}"
    )


def _distance(part: Json, pictures: Path) -> str:
    rows = [
        [
            escape(name),
            f"{row['frechet']:.3g}",
            f"{row['kernel']:.3g}",
            _percent(row["precision"]),
            _percent(row["recall"]),
            str(row["pictures"]),
        ]
        for name, row in part.items()
    ]
    heads = ("from true renders of the same prompts", "Frechet", "kernel", "precision", "recall", "pictures")
    return (
        "<p>On the recogniser's own features. Other renders show what chance gives, the autoencoder the least that a "
        "latent model can reach, blurred renders what is known to be bad. Frechet distances grow as pictures get fewer;"
        f" the kernel's does not, and may lie a little below zero.</p>{_table(heads, rows, plain=1)}"
    )


def _guidance(part: Json, pictures: Path) -> str:
    points = part["points"]
    right = lines({"right": [(p["at"], p["share"]["share"]) for p in points]}, "guidance scale", "share", percent=True)
    apart = lines({"kernel distance": [(p["at"], p["kernel"]) for p in points]}, "guidance scale", "kernel distance")
    best = max(points, key=lambda p: p["share"]["share"])
    rows = [[f"{p['at']:g}", _share(p["share"]), f"{p['kernel']:.3g}"] for p in points]
    return (
        f"<p>{part['prompts']} prompts; most are right at {best['at']:g}.</p>"
        f'<figure class="plot">{right}<figcaption>Prompts that are answered</figcaption></figure>'
        f'<figure class="plot">{apart}<figcaption>Kernel distance to true renders</figcaption></figure>'
        f"{_table(('scale', 'right', 'kernel distance'), rows)}"
    )


def _samplers(part: Json, pictures: Path) -> str:
    points = part["points"]
    right = {name: [(p["at"], p["share"]["share"]) for p in row] for name, row in points.items()}
    errors = {name: [(p["at"], p["error"]) for p in row if p["error"] is not None] for name, row in points.items()}
    errors = {name: row for name, row in errors.items() if row}
    steps = sorted({p["at"] for row in points.values() for p in row})
    rows = [[escape(name), *(_percent(p["share"]["share"]) for p in row)] for name, row in points.items()]
    far = [[escape(name), *(f"{y:.3g}" for _, y in row)] for name, row in errors.items()]
    heads = ("right, at steps", *(f"{at:g}" for at in steps))
    return (
        f"<p>{part['prompts']} prompts, each sampler with its usual noise levels. The error is that of the last latent,"
        f" against DDIM in {part['reference']} steps from the same noise; a sampler of order two falls twice as steeply"
        " as one of order one. Samplers that draw noise as they go have none.</p>"
        f'<figure class="plot">{lines(right, "steps", "share", percent=True)}<figcaption>Prompts that are answered'
        f'</figcaption></figure><figure class="plot">{lines(errors, "steps", "error", log=True)}<figcaption>'
        f"Error of the latent</figcaption></figure>{_table(heads, rows)}{_table(('error, at steps', *heads[1:]), far)}"
    )


def _memory(part: Json, pictures: Path) -> str:
    def taught(index: int) -> str:
        return _embedded(render(scene(part["training_seed"], index), THUMB).pixels)

    pairs = (
        f"<figure>{_image(pictures / one['file'])}{taught(one['training'])}"
        f"<figcaption>{one['distance']:.1f} apart (left: made; right: training)</figcaption></figure>"
        for one in part["nearest"]
    )
    return (
        f"<p>A made picture lies {part['made']:.1f} grey levels from the nearest training picture of the sample, a "
        f"fresh render of the same prompts {part['fresh']:.1f} (medians). {_percent(part['nearer'])} of made pictures "
        "lie nearer than the nearest hundredth of fresh renders: about 1 % is chance; far more would be memory, or "
        f"pictures that are softer and so nearer to everything.</p>{_sheet(pairs, 'pairs')}"
    )


# -- Parts of a page ---------------------------------------------------------------------------------------------------


def _percent(value: float | None) -> str:
    return "" if value is None or value != value else f"{100 * value:.1f} %"


def _share(one: Json | None) -> str:
    if not one or one.get("share") is None:
        return ""
    error = one["error"]
    return _percent(one["share"]) + ("" if error is None or error != error else f" &plusmn; {100 * error:.1f}")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], plain: int = 0) -> str:
    """Make a table; cells are HTML. After the first `plain` rows (0: everywhere) rows are ceilings and anchors."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = ""
    for i, row in enumerate(rows):
        kind = ' class="ceiling"' if plain and i >= plain else ""
        body += f"<tr{kind}>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _sheet(figures: Iterable[str], kind: str) -> str:
    inside = "".join(figures)
    return f'<div class="{kind}">{inside}</div>'


def _image(path: Path) -> str:
    """Put a picture into the page, small; one that is gone leaves its place empty."""
    try:
        with Image.open(path) as image:
            return _embedded(np.asarray(image.convert("RGB")))
    except (OSError, ValueError):
        return ""


def _embedded(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    image.resize((THUMB, THUMB), Image.Resampling.LANCZOS).save(file, "JPEG", quality=85)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="" loading="lazy" src="data:image/jpeg;base64,{data}">'


_SECTIONS: dict[str, tuple[str, Callable[[Json, Path], str]]] = {
    "prompts": ("Prompts", _prompts),
    "negatives": ("Negative prompts", _negatives),
    "distance": ("Distance", _distance),
    "guidance": ("Guidance", _guidance),
    "samplers": ("Samplers", _samplers),
    "memory": ("Memory", _memory),
}
