"""Tokens into rows: a prompt of any length becomes rows of T tokens, start and end included, laid end to end later.

    row = start, at most T - 2 tokens, end, and end again up to T

Rows are filled in order. Where the next token does not fit and a comma stands among the last 20 of 75 tokens, what
follows that comma moves to the next row, so that a thought is not torn in two; BREAK ends a row wherever it stands.
Both are AUTOMATIC1111's rules. A textual-inversion word is a run of vectors instead of tokens and stays in one row;
its ids are negative and count into the table of such vectors (`TextEncoder.embed`).

Shapes: T tokens of a row (77).
Read next: `weighting.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from safelight.errors import RecipeError
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.weights import Piece

__all__ = ["BACKTRACK", "LARGEST_WEIGHT", "Row", "Slot", "Words", "cut", "rows"]

BACKTRACK = 20 / 75
"""How far back, as a share of a row, a comma may stand for the row to end there."""

LARGEST_WEIGHT = 100.0
"""Beyond this a weight, positive or negative, is refused: half precision would overflow."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One token in its place: its id, its weight, the letters it stands for, which word of the text, which piece."""

    id: int
    weight: float
    text: str
    word: int
    piece: int = 0


@dataclass(frozen=True)
class Row:
    """The tokens of one row, without start, end and filling."""

    slots: tuple[Slot, ...]

    def ids(self, tokenizer: Tokenizer) -> list[int]:
        """Return the T ids of the row."""
        filling = tokenizer.length - 1 - len(self.slots)
        return [tokenizer.start, *(slot.id for slot in self.slots), *[tokenizer.end] * filling]

    def weights(self, length: int) -> list[float]:
        """Return the `length` weights of the row; start, end and filling have 1."""
        return [1.0, *(slot.weight for slot in self.slots), *[1.0] * (length - 1 - len(self.slots))]

    def pieces(self, length: int) -> list[int]:
        """Return which piece of the text each of the `length` tokens belongs to, -1 for start, end and filling."""
        return [-1, *(slot.piece for slot in self.slots), *[-1] * (length - 1 - len(self.slots))]

    def words(self, length: int) -> list[int]:
        """Return which word of the text each of the `length` tokens belongs to, -1 for start, end and filling."""
        return [-1, *(slot.word for slot in self.slots), *[-1] * (length - 1 - len(self.slots))]


class Words:
    """Words that stand for vectors: name -> how many; the vectors lie one after the other in a table.

    Names are found as whole words, in any case, the longest first.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.ids: dict[str, range] = {}
        taken = 0
        for name, size in sizes.items():
            self.ids[name.lower()] = range(-taken - 1, -taken - size - 1, -1)
            taken += size
        names = sorted(self.ids, key=len, reverse=True)
        either = "|".join(re.escape(name) for name in names)
        self._pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if names else None

    def split(self, text: str) -> Iterable[tuple[str, range | None]]:
        """Yield runs of text (with None), and the words between them with their ids."""
        end = 0
        for match in self._pattern.finditer(text) if self._pattern is not None else ():
            ids = self.ids.get(match.group().lower())
            if ids is None:  # equal in any case, yet not in lower case: some letters of Turkish and German
                continue
            if match.start() > end:
                yield text[end : match.start()], None
            yield match.group(), ids
            end = match.end()
        if end < len(text):
            yield text[end:], None


def rows(
    pieces: Sequence[Piece], tokenizer: Tokenizer, words: Words | None = None, commas: bool = True
) -> tuple[Row, ...]:
    """Lay `pieces` out in rows, ending them at `commas` where that is near; an empty prompt is one empty row.

    Raises RecipeError for a weight beyond `LARGEST_WEIGHT` and for a word of more vectors than a row has room for.
    """
    room = tokenizer.length - 2
    back = max(1, round(BACKTRACK * room))
    done: list[Row] = []
    row: list[Slot] = []
    comma = -1  # where the row's last comma stands

    def close(keep: int | None = None) -> None:
        nonlocal row, comma
        keep = len(row) if keep is None else keep
        done.append(Row(tuple(row[:keep])))
        row, comma = row[keep:], -1

    for group in _groups(pieces, tokenizer, words or Words({})):
        if group is None:
            close()
            continue
        if len(group) > room:
            raise RecipeError(f"the embedding {group[0].text!r} has {len(group)} vectors; a row has room for {room}")
        token = group[0].id
        if token == tokenizer.comma:
            comma = len(row)
        elif commas and len(row) == room and comma >= 0 and room - comma <= back:
            close(comma + 1)
        if len(row) + len(group) > room:
            close()
        row += group
    if row or not done:
        close()
    return tuple(done)


def cut(text: str, tokenizer: Tokenizer) -> tuple[Row, str | None]:
    """Lay plain `text` out in one row, and say what did not fit."""
    slots = tuple(Slot(token.id, 1.0, token.text, token.word) for token in tokenizer.tokens(text))
    room = tokenizer.length - 2
    return Row(slots[:room]), tokenizer.truncated(text) if len(slots) > room else None


def _groups(pieces: Iterable[Piece], tokenizer: Tokenizer, words: Words) -> Iterable[list[Slot] | None]:
    """Yield what must stay together: a token alone, all vectors of a word; None for BREAK."""
    count = 0
    for number, piece in enumerate(pieces):
        if piece.breaks:
            yield None
            continue
        if not -LARGEST_WEIGHT <= piece.weight <= LARGEST_WEIGHT:
            raise RecipeError(
                f"the weight {piece.weight:g} of {piece.text.strip()[:40]!r} is out of range; "
                f"use -{LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}"
            )
        for text, ids in words.split(piece.text):
            if ids is not None:
                yield [Slot(id, piece.weight, text, count, number) for id in ids]
                count += 1
                continue
            tokens = tokenizer.tokens(text)
            for token in tokens:
                yield [Slot(token.id, piece.weight, token.text, count + token.word, number)]
            count += tokens[-1].word + 1 if tokens else 0
