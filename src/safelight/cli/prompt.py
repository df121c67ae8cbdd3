"""`safelight prompt`: what a prompt becomes, before any picture is computed.

Tokens and rows, what is cut, weights as written and as they are in the end, words that the model may not know, and how
far each word moves the conditioning. Only the tokenizer and the text encoder of the model are loaded, with
`--tokens-only` not even that.

Read next: `../prompts/report.py`, where the figures come from.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import JsonOption
from safelight.cli.saying import printable
from safelight.errors import RecipeError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from safelight.prompts.finishing import Finished
    from safelight.prompts.reading import LaidText, Reading
    from safelight.prompts.report import RowReport, WordReport

__all__ = ["prompt"]

Json = dict[str, object]

_MOST_SHOWN = 8
"""Stretches of steps that are shown to people."""


def prompt(
    text: Annotated[str | None, typer.Argument(metavar="PROMPT", help="The prompt.", show_default=False)] = None,
    negative_prompt: Annotated[str, typer.Option(help="Shown in the same way.")] = "",
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER|FILE", help="Whose tokenizer and text encoder read it.")
    ] = None,
    prompt_syntax: Annotated[
        str, typer.Option(metavar="weighted|plain|a1111|comfyui", help="How brackets and other marks are read.")
    ] = "weighted",
    prompt_weighting: Annotated[
        str, typer.Option(metavar="a1111|no-norm|comfy|compel", help="What a weight does.")
    ] = "a1111",
    clip_skip: Annotated[int, typer.Option(help="Which layer of the text encoder speaks, 1 is the last.")] = 1,
    steps: Annotated[
        int | None, typer.Option(help="Steps of the picture, for [a:b:0.5]. Default: the model's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what wildcards choose.")] = 0,
    style: Annotated[list[str] | None, typer.Option(metavar="NAME", help="A style to apply; repeatable.")] = None,
    styles: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Styles: name,prompt,negative_prompt. Default: styles.csv.")
    ] = None,
    wildcards: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where __name__ finds name.txt. Default: wildcards.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar='"subject=...; style=..."', help="Parts, instead of a prompt.")
    ] = None,
    file: Annotated[Path | None, typer.Option(metavar="FILE", help="Show every prompt of a file, one a line.")] = None,
    strict_prompt: Annotated[bool, typer.Option("--strict-prompt", help="Refuse a prompt that would be cut.")] = False,
    tokens_only: Annotated[
        bool, typer.Option("--tokens-only", help="Do not load the text encoder; words then show no effect.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a prompt becomes: tokens, rows, weights, unknown words, and what each word does.

    Styles, templates and wildcards are filled in first. No picture is computed.
    """
    if sum(given is not None for given in (text, template, file)) != 1:
        raise RecipeError('give one of a prompt, --template or --file: safelight prompt "a (red:1.3) car"')
    if steps is not None and not 1 <= steps <= 1000:
        raise RecipeError(f"steps {steps} is out of range; use 1 to 1000")
    from safelight.prompts.finishing import finish, known_styles, wildcards_folder
    from safelight.weights import library

    places = (Path(), library.home())
    given = [(text, negative_prompt)]
    if file is not None:
        from safelight.prompts.files import read_prompts

        lines = (line.fields for line in read_prompts(file))
        given = [(str(f.get("prompt", "")), str(f.get("negative_prompt", negative_prompt))) for f in lines]
    known = known_styles(styles, places) if style else None
    folder = wildcards_folder(wildcards, places)
    finished = [
        finish(one, negative, template=template, style_names=style or (), known=known, wildcards_in=folder, seed=seed)
        for one, negative in given
    ]
    name = model or library.default()
    look = _Look(name, prompt_syntax, prompt_weighting, clip_skip, steps, strict_prompt, tokens_only)
    for i, texts in enumerate(finished):
        if as_json:
            print(json.dumps(look.as_json(texts), ensure_ascii=False))
            continue
        if i > 0:
            print()
        for line in look.lines(texts):
            print(line)


class _Look:
    """A text encoder, and how prompts are to be read with it."""

    def __init__(
        self,
        name: str,
        syntax: str,
        weighting: str,
        clip_skip: int,
        steps: int | None,
        strict: bool,
        tokens_only: bool,
    ) -> None:
        from safelight.errors import nearest
        from safelight.models.text import TextEncoder
        from safelight.models.tokenizer import Tokenizer
        from safelight.prompts.conditioning import Conditioner
        from safelight.prompts.syntax import SYNTAXES
        from safelight.prompts.weighting import WEIGHTINGS
        from safelight.weights import library
        from safelight.weights.checkpoint import open_model

        for what, value, choices in (
            ("--prompt-syntax", syntax, SYNTAXES),
            ("--prompt-weighting", weighting, WEIGHTINGS),
        ):
            if value not in choices:
                raise RecipeError(f"{what} {value!r} is not known.{nearest(value, choices)}")
        path = library.find(name)
        files = open_model(path)
        if not 1 <= clip_skip <= files.text_config.layers:
            raise RecipeError(
                f"clip_skip {clip_skip} is out of range; this text encoder has 1 to {files.text_config.layers}"
            )
        tokenizer = Tokenizer(*files.tokenizer, length=files.text_config.length)
        encoder: TextEncoder | None = None if tokens_only else files.load_text().requires_grad_(False)
        self.encoder = encoder
        self.conditioner = Conditioner(tokenizer, encoder or _nobody)
        self.name, self.syntax, self.weighting, self.clip_skip = name, syntax, weighting, clip_skip
        self.steps = steps or files.defaults.steps
        self.strict = strict
        self.knows = _knows(path)
        self._reports: dict[LaidText, tuple[RowReport, ...]] = {}

    def as_json(self, texts: "Finished") -> Json:
        """Return all there is to know, for machines."""
        told: Json = {
            "model": self.name,
            "prompt_syntax": self.syntax,
            "prompt_weighting": self.weighting,
            "clip_skip": self.clip_skip,
            "steps": self.steps,
            "draws": [asdict(draw) for draw in texts.draws],
        }
        for field, text in (("prompt", texts.prompt), ("negative_prompt", texts.negative_prompt)):
            reading = self._read(text)
            told[field] = {
                "text": text,
                "cut": reading.cut,
                "mentions": [asdict(mention) for mention in reading.mentions],
                "stretches": [
                    {
                        "first": part.first,
                        "last": part.last,
                        "branches": [
                            {
                                "weight": branch.weight,
                                "blend": [
                                    {"share": laid.share, "rows": [asdict(row) for row in self._report(laid)]}
                                    for laid in branch.blend
                                ],
                            }
                            for branch in part.branches
                        ],
                    }
                    for part in reading.stretches
                ],
            }
        return told

    def lines(self, texts: "Finished") -> Iterator[str]:
        """Return the same for people, line by line."""
        both = (("prompt", texts.prompt), ("negative prompt", texts.negative_prompt))
        readings = [(name, text, self._read(text)) for name, text in both if name == "prompt" or text]
        yield f"model {printable(self.name)}, syntax {self.syntax}, weighting {self.weighting}"
        for draw in texts.draws:
            yield f"chance: {printable(draw.source)[:60]} is {printable(draw.chosen)}"
        for name, text, reading in readings:
            yield f"{name}: {printable(text)}"
            yield from self._lines(reading)

    def _lines(self, reading: "Reading") -> Iterator[str]:
        for mention in reading.mentions:
            own = "" if mention.text_scale is None else f", {mention.text_scale:g} in the text encoder"
            yield f"  asks for the {mention.kind} {printable(mention.name)} at {mention.scale:g}{own}"
        for part in reading.stretches[:_MOST_SHOWN]:
            if len(reading.stretches) > 1:
                yield f"  steps {part.first} to {part.last} of {self.steps}"
            for number, branch in enumerate(part.branches, 1):
                if len(part.branches) > 1:
                    yield f"  AND, part {number} of {len(part.branches)}, weight {branch.weight:g}"
                for laid in branch.blend:
                    if len(branch.blend) > 1:
                        yield f"  blend, {laid.share:.0%} of"
                    yield from _rows(self._report(laid))
        if len(reading.stretches) > _MOST_SHOWN:
            yield f"  and {len(reading.stretches) - _MOST_SHOWN} more stretches of steps; --json shows all"
        if reading.cut is not None:
            yield f"  CUT, not read at all: {printable(reading.cut)}"

    def _read(self, text: str) -> "Reading":
        return self.conditioner.read(text, syntax=self.syntax, strict=self.strict, steps=self.steps)

    def _report(self, laid: "LaidText") -> "tuple[RowReport, ...]":
        import torch

        from safelight.prompts.report import report

        if laid not in self._reports:  # a text comes back wherever a prompt changes to and fro
            with torch.inference_mode():
                self._reports[laid] = report(
                    self.conditioner,
                    laid,
                    weighting=self.weighting,
                    clip_skip=self.clip_skip,
                    with_encoder=self.encoder is not None,
                    knows=self.knows,
                )
        return self._reports[laid]


def _rows(rows: "tuple[RowReport, ...]") -> Iterator[str]:
    for number, row in enumerate(rows, 1):
        which = f"row {number} of {len(rows)}, " if len(rows) > 1 else ""
        factor = "" if row.factor == 1 else f"; all weights times {row.factor:.3g}, which restores the mean"
        yield f"  {which}{row.tokens} of {row.room} tokens{factor}"
        width = min(max((len(word.text) for word in row.words), default=0), 30)
        for word in row.words:
            yield f"    {printable(word.text):<{width}}{_about(word)}".rstrip()


def _about(word: "WordReport") -> str:
    """Say of a word what is not as usual, and what it does."""
    said = f"  {len(word.ids)} token{'s' if len(word.ids) > 1 else ' '}"
    if word.moves is not None:
        said += f"  moves {word.moves:4.2f} {'#' * round(20 * min(word.moves, 1)):<20}"
    if word.weight != 1:
        said += f"  weight {word.weight:.3g}"
    if word.unknown is not None:
        spelled = f": {printable('+'.join(word.pieces))}" if len(word.pieces) > 1 else ""
        said += f"  UNKNOWN? {word.unknown}{spelled}"
    return said


def _knows(path: Path) -> frozenset[str] | None:
    """Return the words that a model's safelight.json says it was taught, None if it says nothing."""
    try:
        told = json.loads((path / "safelight.json").read_text("utf-8")).get("knows")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(told, list):
        return None
    return frozenset(word for line in told if isinstance(line, str) for word in line.lower().split())


def _nobody(*_: object) -> "Tensor":
    raise WeightsError("the text encoder was not loaded")
