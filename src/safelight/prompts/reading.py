"""A prompt laid out for a text encoder, before anything is computed: what `safelight prompt` shows.

    text -> mentions taken out -> grammar -> for each stretch of steps: branches -> texts -> rows of tokens

Plain prompts are one row, and what is longer is cut, or refused with `strict`. Every other syntax lays out rows without
end, so nothing is cut.

Read next: `conditioning.py`, which asks the text encoder.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from safelight.errors import RecipeError
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.chunks import Row, Words, cut, rows
from safelight.prompts.mentions import Mention, mentions
from safelight.prompts.syntax import Text, parse

__all__ = ["MOST_ROWS", "LaidBranch", "LaidText", "Reading", "Stretch", "lay_out"]

MOST_ROWS = 512
"""Rows of tokens in all texts of a prompt; bounds what a prompt from outside can make us compute and hold."""


@dataclass(frozen=True)
class LaidText:
    """A text of a blend: its share, and its rows."""

    share: float
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class LaidBranch:
    """One side of an AND: its weight, and the texts that are mixed."""

    weight: float
    blend: tuple[LaidText, ...]


@dataclass(frozen=True)
class Stretch:
    """Steps, first and last, counted from 1, between which a prompt stays the same."""

    first: int
    last: int
    branches: tuple[LaidBranch, ...]

    def texts(self) -> Iterator[LaidText]:
        """Return the texts of all branches."""
        return (text for branch in self.branches for text in branch.blend)


@dataclass(frozen=True)
class Reading:
    """A prompt as it was read.

    Attributes:
        stretches: what it says in which steps.
        cut: the end of a plain prompt that did not fit, None if all did.
        mentions: files it asks for.
    """

    stretches: tuple[Stretch, ...]
    cut: str | None = None
    mentions: tuple[Mention, ...] = ()


def lay_out(
    prompt: str,
    tokenizer: Tokenizer,
    *,
    syntax: str = "weighted",
    strict: bool = False,
    steps: int = 1,
    words: Words | None = None,
) -> Reading:
    """Read `prompt` for a picture of `steps` steps.

    Raises RecipeError for what `parse` and `rows` refuse, for a prompt of more than `MOST_ROWS` rows, and with `strict`
    for a plain prompt that would be cut.
    """
    if syntax == "plain" and (words is None or not words.ids):
        row, lost = cut(prompt, tokenizer)
        if lost is not None and strict:
            raise RecipeError(
                f"the prompt is longer than {tokenizer.length - 2} tokens and would be cut from {lost.strip()[:40]!r} "
                "on; shorten it, or read it with --prompt-syntax weighted, which has no such end"
            )
        return Reading((Stretch(1, steps, (LaidBranch(1.0, (LaidText(1.0, (row,)),)),)),), lost)
    text, found = mentions(prompt) if syntax in ("weighted", "a1111") else (prompt, ())
    parsed = parse(text, syntax)
    known: dict[Text, LaidText] = {}

    def laid(text: Text) -> LaidText:
        if text not in known:
            known[text] = LaidText(text.share, rows(text.pieces, tokenizer, words, commas=syntax != "comfyui"))
            if sum(len(text.rows) for text in known.values()) > MOST_ROWS:
                raise RecipeError(
                    f"the prompt needs more than {MOST_ROWS} rows of tokens over its {steps} steps; "
                    "shorten it, or let it change less often"
                )
        return known[text]

    stretches = tuple(
        Stretch(
            first,
            last,
            tuple(
                LaidBranch(branch.weight, tuple(laid(text) for text in branch.blend))
                for branch in parsed.at(first, steps)
            ),
        )
        for first, last in parsed.stretches(steps)
    )
    return Reading(stretches, None, found)
