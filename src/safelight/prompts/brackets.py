"""Square brackets that change a prompt while the picture is made: `[before:after:when]`, `[one|other]`.

    [a:b:0.5]   a in the first half of the steps, then b        [a:b:7]    a in steps 1 to 7, then b
    [b:0.5]     b in the second half only                       [a::0.5]   a in the first half only
    [a|b]       a in step 1, b in step 2, a in step 3, ...      [a|]       a in every other step

Brackets nest. Those that are none of these, or that have no partner, are text and stay for `weights.py`, which reads
them as weights: so no prompt is wrong. A backslash makes the next character text. The number is a fraction of the
steps where it holds a point, and a step otherwise. The notation is AUTOMATIC1111's.

The text is walked once, with a stack of open brackets; no function here calls itself, so no prompt can exhaust
anything. More than `DEEPEST` brackets open at once are refused.

Read next: `weights.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from safelight.errors import RecipeError

__all__ = ["DEEPEST", "NUMBER", "Alternating", "Node", "Scheduled", "read", "render", "turning_points"]

DEEPEST = 64
"""How many round, and how many square, brackets may be open at once."""

# Possessive and without two ways to read one text: linear on anything.
NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)"
_WORD = re.compile(r"(?:[^\\\[\]()|:]++|\\.)++|[\[\]()|:]|\\", re.DOTALL)
_MARKS = frozenset("()[]:|")
_PARTNER = {")": "(", "]": "["}
_WHEN = re.compile(rf"\s*+({NUMBER})\s*+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One text until a moment, another after it."""

    before: tuple["Node", ...]
    after: tuple["Node", ...]
    when: str

    def last(self, steps: int) -> int:
        """Return the last step, of `steps`, that still shows `before`; 0 or less: none does."""
        at = float(self.when) * (steps if "." in self.when else 1)
        return int(max(-1.0, min(float(steps), at)))


@dataclass(frozen=True, slots=True)
class Alternating:
    """One text after the other, a new one at every step."""

    options: tuple[tuple["Node", ...], ...]


Node = str | Scheduled | Alternating


@dataclass(slots=True)
class _Open:
    """A bracket that waits for its partner: which one, where its content begins in the output, and what splits it."""

    bracket: str
    start: int
    colons: list[int] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)


def read(text: str) -> tuple[list[Node], list[int]]:
    """Return the nodes of `text`, and which of them are bars `|` outside of every bracket.

    Nodes that are strings, joined, are the text again, but for the brackets that became `Scheduled` or `Alternating`.
    Raises RecipeError for more than `DEEPEST` brackets inside one another.
    """
    out: list[Node] = []
    bars: list[int] = []
    waiting: list[_Open] = []
    depth = {"(": 0, "[": 0}
    words = _WORD.findall(text)
    for index, word in enumerate(words):
        if word not in _MARKS:
            out.append(word)
        elif word in depth:
            depth[word] += 1
            if depth[word] > DEEPEST:
                place = sum(map(len, words[:index])) + 1
                raise RecipeError(
                    f"more than {DEEPEST} brackets {word} stand inside one another, at character {place} of "
                    f"{len(text)}; write \\{word} for one that is text"
                )
            out.append(word)
            waiting.append(_Open(word, len(out)))
        elif word in _PARTNER:
            partner = _PARTNER[word]
            depth[partner] = max(0, depth[partner] - 1)
            if waiting and waiting[-1].bracket == partner:
                opened = waiting.pop()
                node = _closed(out, opened) if word == "]" else None
                out.append(word if node is None else node)
            else:  # nothing that is open can hold a bracket without a partner: all of it is text
                waiting.clear()
                out.append(word)
        else:
            if waiting:
                (waiting[-1].colons if word == ":" else waiting[-1].bars).append(len(out))
            elif word == "|":
                bars.append(len(out))
            out.append(word)
    return out, bars


def _closed(out: list[Node], opened: _Open) -> Node | None:
    """Take a pair of square brackets off the end of `out` and return what it means; None, and nothing taken: text."""
    start, colons, last = opened.start, opened.colons, len(out) - 1
    number = out[last] if last >= start else None
    if colons and len(colons) <= 2 and colons[-1] == last - 1 and isinstance(number, str):
        when = _WHEN.fullmatch(number)
        if when is not None:
            before = tuple(out[start : colons[0]]) if len(colons) == 2 else ()
            after = tuple(out[colons[-2] + 1 if len(colons) == 2 else start : colons[-1]])
            del out[start - 1 :]
            return Scheduled(before, after, when.group(1))
    if opened.bars:
        edges = [start - 1, *opened.bars, len(out)]
        options = tuple(tuple(out[a + 1 : b]) for a, b in pairwise(edges))
        del out[start - 1 :]
        return Alternating(options)
    return None


def render(nodes: Sequence[Node], step: int, steps: int) -> str:
    """Return the text that `nodes` show at `step`, counted from 1, of `steps`."""
    parts: list[str] = []
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, Scheduled):
            waiting.extend(reversed(node.before if step <= node.last(steps) else node.after))
        else:
            waiting.extend(reversed(node.options[(step - 1) % len(node.options)]))
    return "".join(parts)


def turning_points(nodes: Sequence[Node], steps: int) -> set[int]:
    """Return the steps after which the text may change, and `steps` itself."""
    points = {steps}
    for node in _inside(nodes):
        if isinstance(node, Scheduled):
            if 1 <= (last := node.last(steps)) < steps:
                points.add(last)
        else:
            return set(range(1, steps + 1))
    return points


def _inside(nodes: Sequence[Node]) -> Iterator[Scheduled | Alternating]:
    waiting = [node for node in nodes if not isinstance(node, str)]
    while waiting:
        node = waiting.pop()
        yield node
        parts = (node.before, node.after) if isinstance(node, Scheduled) else node.options
        waiting.extend(child for part in parts for child in part if not isinstance(child, str))
