"""Words that count more or less: text with brackets becomes pieces, each with one weight.

    (a)   1.1 times    (a:1.3)  1.3 times    [a]  1/1.1 times      \\(  a bracket      BREAK  begin a new row of tokens
    a++   1.1 * 1.1    a-       0.9 times    (a b)1.3, (a b)++  the same for several words

Weights of brackets inside one another multiply, inner ones first. Round and square brackets are paired apart from each
other; one that is never closed reaches to the end; one that was never opened is text. Upper line: AUTOMATIC1111's
notation, lower line: compel's, whose signs count after a word of two letters or more, or after a bracket, and before
anything but a letter. ("C++" and "18+" stay what they are.)

`comfyui` reads what ComfyUI reads: round brackets alone, where a weight written out counts as it stands, whatever it
stands in.

Read next: `syntax.py`, which puts the pieces together.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from safelight.prompts.brackets import NUMBER

__all__ = ["Piece", "comfyui", "weigh"]

ROUND, SQUARE = 1.1, 1 / 1.1
PLUS, MINUS = 1.1, 0.9

_PLAIN = re.compile(rf"\\.?|[(\[\])]|:\s*+({NUMBER})\s*+\)|[^\\()\[\]:]++|:", re.DOTALL)
_SIGNED = re.compile(
    rf"\\.?|[(\[\]]|:\s*+({NUMBER})\s*+\)|\)(?:(\++|-+)(?![\w+-])|((?:\d++(?:\.\d++)?|\.\d++)(?![\w.])))?|[^\\()\[\]:]++|:",
    re.DOTALL,
)
# A word that begins with a letter and has at least two signs of a word, with its run of + or of -.
_SIGNED_WORD = re.compile(r"(?<![\w'])([^\W\d_][\w']*\w)(\++|-+)(?![\w+-])")
_BREAK = re.compile(r"\bBREAK\b")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one weight. `breaks` marks the word BREAK: no text, a new row of tokens begins."""

    text: str
    weight: float = 1.0
    breaks: bool = False


class _Pieces:
    """Pieces on their way: texts and weights side by side; `fixed` ones take no further weight."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []  # None: BREAK
        self.weights: list[float] = []
        self.fixed: list[bool] = []

    def add(self, text: str | None, weight: float = 1.0) -> None:
        self.texts.append(text)
        self.weights.append(weight)
        self.fixed.append(False)

    def text(self, run: str) -> None:
        """Add a run of text, cut at each BREAK."""
        if "BREAK" not in run:
            self.add(run)
            return
        first, *others = _BREAK.split(run)
        self.add(first.rstrip())
        for i, part in enumerate(others, 1):
            self.add(None)
            self.add(part.strip() if i < len(others) else part.lstrip())

    def multiply(self, start: int, factor: float, fix: bool = False) -> None:
        """Multiply the weights from `start` on, except fixed ones, which `fix` makes of them."""
        for i in range(start, len(self.weights)):
            if not self.fixed[i]:
                self.weights[i] *= factor
                self.fixed[i] = fix

    def merged(self) -> tuple[Piece, ...]:
        """Join neighbours of one weight; what is empty goes."""
        pieces: list[Piece] = []
        run: list[str] = []
        weight = 1.0
        for text, own in zip(self.texts, self.weights, strict=True):
            if text is not None and own == weight:
                run.append(text)
                continue
            pieces += _piece(run, weight)
            run = []
            if text is None:
                pieces.append(Piece("", 1.0, breaks=True))
            else:
                run, weight = [text], own
        pieces += _piece(run, weight)
        return tuple(pieces) or (Piece(""),)


def _piece(run: Iterable[str], weight: float) -> list[Piece]:
    text = "".join(run)
    return [Piece(text, weight)] if text else []


def weigh(text: str, signs: bool = True) -> tuple[Piece, ...]:
    """Return the pieces of `text`; `signs`: with compel's `++` and `(a b)1.3`. Never fails, never returns nothing."""
    pieces = _Pieces()
    opened: dict[str, list[int]] = {"(": [], "[": []}
    for match in (_SIGNED if signs else _PLAIN).finditer(text):
        word, weight = match.group(), match.group(1)
        if word[0] == "\\":
            pieces.add(word[1:])
        elif word in opened:
            opened[word].append(len(pieces.texts))
        elif weight is not None and opened["("]:
            pieces.multiply(opened["("].pop(), float(weight))
        elif word[0] == ")" and opened["("]:
            factor = ROUND
            if match.lastindex == 2:
                factor = _power(match.group(2))
            elif match.lastindex == 3:
                factor = float(match.group(3))
            pieces.multiply(opened["("].pop(), factor)
        elif word == "]" and opened["["]:
            pieces.multiply(opened["["].pop(), SQUARE)
        elif signs and ("+" in word or "-" in word):
            _signed(word, pieces)
        else:
            pieces.text(word)
    for start in opened["("]:
        pieces.multiply(start, ROUND)
    for start in opened["["]:
        pieces.multiply(start, SQUARE)
    return pieces.merged()


def _power(signs: str) -> float:
    return (PLUS if signs[0] == "+" else MINUS) ** min(len(signs), 1000)


def _signed(run: str, pieces: _Pieces) -> None:
    """Add a run of text without brackets, weighing words that end in + or -."""
    end = 0
    for match in _SIGNED_WORD.finditer(run):
        pieces.text(run[end : match.start()])
        pieces.add(match.group(1), _power(match.group(2)))
        end = match.end()
    pieces.text(run[end:])


def comfyui(text: str) -> tuple[Piece, ...]:
    """Return the pieces of `text` as ComfyUI weighs them."""
    pieces = _Pieces()
    opened: list[int] = []
    for match in _PLAIN.finditer(text):
        word, weight = match.group(), match.group(1)
        if word in ("\\(", "\\)"):
            pieces.add(word[1:])
        elif word == "(":
            opened.append(len(pieces.texts))
            pieces.add(word)
        elif opened and word[-1] == ")" and word[0] in ":)":
            start = opened.pop()
            pieces.texts[start] = ""
            pieces.multiply(start, ROUND if weight is None else float(weight), fix=weight is not None)
        else:
            pieces.add(word)
    return pieces.merged()
