"""The grammar of prompts: from what was typed to pieces of text with weights, for every step of the sampler.

    prompt  =  branch AND branch : 0.7 AND ...             each drawn for itself, the answers added by weight
    branch  =  text, or  text :: 0.6 | text :: 0.4         the texts mixed as conditionings, weights made to add up to 1
    text    =  pieces, see `weights.py`, and what changes with the steps, see `brackets.py`

AND stands above everything else, brackets included. Four ways to read a prompt:

    plain      brackets are brackets; what is too long for one row of tokens is cut
    weighted   everything above and in the two files
    a1111      without compel's signs and without blends; a weight at the end counts without AND too
    comfyui    ComfyUI's weights alone

Parsing takes time in proportion to the text and never fails but for brackets nested out of all measure.

Papers: Liu et al. 2022, arXiv 2206.01714 (AND).
Read next: `conditioning.py`.
"""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from safelight.errors import RecipeError, nearest
from safelight.prompts.brackets import NUMBER, Node, read, render, turning_points
from safelight.prompts.weights import Piece, comfyui, weigh

__all__ = ["SYNTAXES", "Branch", "Piece", "Prompt", "Syntax", "Text", "parse"]

Syntax = Literal["plain", "weighted", "a1111", "comfyui"]
SYNTAXES: tuple[str, ...] = get_args(Syntax)

_AND = re.compile(r"\bAND\b")
_NUMBER = re.compile(rf"\s*+({NUMBER})\s*+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a blend at one step: its share of the blend, and its pieces."""

    share: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One side of an AND at one step: its weight, and the texts that are mixed, usually one."""

    weight: float
    blend: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    """A branch as it was read: its weight, and for each text of the blend its share and its nodes."""

    weight: float
    blend: tuple[tuple[float, tuple[Node, ...]], ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt that was read; ask it what it says at a step."""

    syntax: str
    branches: tuple[_Source, ...]

    def at(self, step: int, steps: int) -> tuple[Branch, ...]:
        """Return the branches at `step`, counted from 1, of `steps`."""
        return tuple(
            Branch(
                source.weight,
                tuple(Text(share, self._pieces(render(nodes, step, steps))) for share, nodes in source.blend),
            )
            for source in self.branches
        )

    def stretches(self, steps: int) -> tuple[tuple[int, int], ...]:
        """Return the stretches of steps, first and last, between which nothing changes."""
        points = {0}
        for source in self.branches:
            for _, nodes in source.blend:
                points |= turning_points(nodes, steps)
        return tuple((a + 1, b) for a, b in pairwise(sorted(points)))

    def _pieces(self, text: str) -> tuple[Piece, ...]:
        if self.syntax == "plain":
            return (Piece(text),)
        return comfyui(text) if self.syntax == "comfyui" else weigh(text, signs=self.syntax == "weighted")


def parse(text: str, syntax: str = "weighted") -> Prompt:
    """Read a prompt in one of `SYNTAXES`.

    Raises RecipeError, of one line, for an unknown syntax, for brackets more than 64 deep, and for a blend whose
    weights add up to nothing.
    """
    if syntax not in SYNTAXES:
        raise RecipeError(f"prompt_syntax {syntax!r} is not known.{nearest(syntax, SYNTAXES)}")
    if syntax in ("plain", "comfyui"):
        if syntax == "comfyui":
            read(text)  # for its bound on the depth alone
        return Prompt(syntax, (_Source(1.0, ((1.0, (text,)),)),))
    sides = _AND.split(text)
    weigh_alone = syntax == "a1111"
    return Prompt(syntax, tuple(_branch(side, syntax, len(sides) > 1 or weigh_alone) for side in sides))


def _branch(text: str, syntax: str, weighted: bool) -> _Source:
    weight = 1.0
    if weighted:
        head, colon, tail = text.rpartition(":")
        number = _NUMBER.fullmatch(tail) if colon and not head.endswith((":", "\\")) else None
        if number is not None:
            text, weight = head.rstrip(), float(number.group(1))
    nodes, bars = read(text)
    if syntax == "weighted" and bars and (blend := _blend(nodes, bars)):
        return _Source(weight, blend)
    return _Source(weight, ((1.0, tuple(nodes)),))


def _blend(nodes: list[Node], bars: list[int]) -> tuple[tuple[float, tuple[Node, ...]], ...] | None:
    """Return the shares and the nodes of a blend; None where no text between the bars has a `:: weight`."""
    options = [nodes[a + 1 : b] for a, b in pairwise([-1, *bars, len(nodes)])]
    shares = [_share(option) for option in options]
    if all(share is None for share in shares):
        return None
    weights = [1.0 if share is None else share for share in shares]
    total = math.fsum(weights) if all(map(math.isfinite, weights)) else math.nan
    if not abs(total) > 1e-6:
        raise RecipeError(
            f"the weights of the blend {' and '.join(f'{w:g}' for w in weights[:5])} must not add up to 0"
        )
    return tuple(
        (weight / total, tuple(option if share is None else option[:-3]))
        for weight, share, option in zip(weights, shares, options, strict=True)
    )


def _share(option: list[Node]) -> float | None:
    """Return the weight that a text of a blend ends in: `:: 0.6`."""
    if len(option) < 3 or option[-3] != ":" or option[-2] != ":" or not isinstance(option[-1], str):
        return None
    number = _NUMBER.fullmatch(option[-1])
    return None if number is None else float(number.group(1))
