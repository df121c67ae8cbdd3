"""What there is to know about a prompt before a picture is made of it: the words, their weights, and what they do.

    moves(word) = |c - c without the word| / |c - c of the empty prompt|

"Without the word" hides its tokens from all others and puts the empty prompt's states in their place, so no other word
changes its position. A word of 0 could be left out; the words of a prompt do not add up to 1, for they speak of each
other.

Shapes: T tokens of a row, D width.
Read next: `../cli/prompt.py`, which prints it.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from safelight.models.tokenizer import Tokenizer
from safelight.prompts.chunks import Row, Slot
from safelight.prompts.conditioning import Conditioner
from safelight.prompts.reading import LaidText
from safelight.prompts.weighting import mean_factor

__all__ = ["MOST_MOVED", "RowReport", "WordReport", "report"]

MOST_MOVED = 1024
"""Words of one text that are left out in turn; each costs a row of the text encoder."""


@dataclass(frozen=True)
class WordReport:
    """One word of a row.

    Attributes:
        text: its letters, in lower case.
        pieces: the letters of each of its tokens.
        ids: its tokens.
        weight: as it is written.
        effective: what its states are multiplied by in the end; None without a text encoder.
        moves: how far it moves the conditioning, 0 to about 1; None without a text encoder.
        unknown: why the model may not know it, None if it seems to.
    """

    text: str
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    weight: float
    effective: float | None
    moves: float | None
    unknown: str | None


@dataclass(frozen=True)
class RowReport:
    """One row: how many of its places are taken, by what all its weights are multiplied to restore its mean, words."""

    tokens: int
    room: int
    factor: float
    words: tuple[WordReport, ...]


def report(
    conditioner: Conditioner,
    text: LaidText,
    *,
    weighting: str = "a1111",
    clip_skip: int = 1,
    with_encoder: bool = True,
    knows: Collection[str] | None = None,
) -> tuple[RowReport, ...]:
    """Tell all about one text of a prompt; with `with_encoder` by asking the text encoder once for each word.

    `knows` are the words that the model was taught, in lower case, None where nobody said.
    """
    tokenizer = conditioner.tokenizer
    moved: dict[int, float] = {}
    factors = [1.0] * len(text.rows)
    if with_encoder:
        states = conditioner.states(text.rows, clip_skip)
        if weighting == "a1111":
            weights = [row.weights(tokenizer.length) for row in text.rows]
            factors = [
                1.0 if all(weight == 1 for weight in row) else factor
                for row, factor in zip(weights, mean_factor(states, torch.tensor(weights)).tolist(), strict=True)
            ]
        if sum(len(_words(row)) for row in text.rows) <= MOST_MOVED:
            moved = _moves(conditioner, text, states, weighting, clip_skip)
    return tuple(
        RowReport(
            len(row.slots),
            tokenizer.length - 2,
            factor,
            tuple(
                WordReport(
                    _letters(slots := [slot for slot in row.slots if slot.word == word]),
                    tuple(slot.text for slot in slots),
                    tuple(slot.id for slot in slots),
                    slots[0].weight,
                    slots[0].weight * factor if with_encoder else None,
                    moved.get(word),
                    _unknown(_letters(slots), [slot.id for slot in slots], tokenizer, knows),
                )
                for word in _words(row)
            ),
        )
        for row, factor in zip(text.rows, factors, strict=True)
    )


def _words(row: Row) -> list[int]:
    return sorted({slot.word for slot in row.slots})


def _letters(slots: list[Slot]) -> str:
    if slots[0].id < 0:
        return slots[0].text
    return "".join(slot.text for slot in slots)


def _moves(conditioner: Conditioner, text: LaidText, states: Tensor, weighting: str, skip: int) -> dict[int, float]:
    """Leave each word of `text` out in turn; states (R, T, D) are those of the text as it is."""
    weighting = "comfy" if weighting == "compel" else weighting  # the same but for light words, and asks for less
    empty = conditioner.empty(skip)
    told = conditioner.weigh(states, text, weighting, skip)
    whole = float((told - empty).norm())
    moved: dict[int, float] = {}
    for row, context in zip(text.rows, told, strict=True):
        places = torch.tensor(row.words(conditioner.tokenizer.length))
        words = _words(row)
        if not words:
            continue
        seen = torch.stack([places != word for word in words])
        without = conditioner.states([row] * len(words), skip, seen)
        without = torch.where(seen[:, :, None], without, empty)
        for word, left in zip(words, without, strict=True):
            weighed = conditioner.weigh(left[None], LaidText(1.0, (row,)), weighting, skip)
            moved[word] = float((context - weighed).norm()) / whole if whole else 0.0
    return moved


def _unknown(word: str, ids: list[int], tokenizer: Tokenizer, knows: Collection[str] | None) -> str | None:
    """Say why a model may not know a word: nobody taught it, or its tokenizer has to spell it."""
    if not any(letter.isalpha() for letter in word) or ids[0] < 0:
        return None
    if knows is not None:
        return None if word in knows else "the model was not taught it"
    # CLIP's 49,408 pieces hold every common word whole; a small vocabulary holds those that it was trained on.
    many = 2 if tokenizer.size < 10_000 else 3
    return f"spelled in {len(ids)} pieces" if len(ids) >= many else None
