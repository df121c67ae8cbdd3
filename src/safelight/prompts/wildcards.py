"""Words left to chance: `__animal__` takes a line of animal.txt, `{red|blue}` one of the two.

    {a|b|c}    {3::a|b}  a three times as often    {2$$a|b|c}  two of them, "a, c"    {1-2$$ and $$a|b|c}  "c and b"
    __animal__    __places/city__    __animal__ lines may hold all of this again, and lines 3::cat are likelier

Chance is the recipe's seed: each draw is a SHA-256 of the seed, of which prompt it is, and of how many draws came
before it, so the same seed gives the same words on any machine and in any version. What a picture carries is the text
that comes out. Braces without a bar are text; `\\{`, `\\}` and `\\__` are too.

Expansion is bounded: 64 deep, 1000 draws, and no longer than a prompt may be. Files are only ever read inside the
folder of wildcards.

Read next: `finishing.py`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from safelight.errors import RecipeError, nearest

__all__ = ["DEEPEST", "MOST_DRAWS", "Draw", "expand", "names"]

DEEPEST, MOST_DRAWS, LONGEST = 64, 1000, 16_384
_LONGEST_FILE = 4_000_000

_TOKEN = re.compile(r"\\[{}|]|\\__|__(?!_)([\w\-/ .]{1,80}?)__|[{}|\[\]]")
_COUNT = re.compile(r"\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*")
_WEIGHT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)::", re.ASCII)


@dataclass(frozen=True)
class Draw:
    """One draw: what it was drawn from, as it was written, and what came."""

    source: str
    chosen: str


@dataclass
class _Chance:
    """A stream of numbers from 0 to 1 (excluded) that a seed and a purpose decide."""

    key: str
    drawn: int = 0

    def next(self) -> float:
        self.drawn += 1
        if self.drawn > MOST_DRAWS:
            raise RecipeError(f"the prompt leaves more than {MOST_DRAWS} choices to chance; write fewer")
        digest = hashlib.sha256(f"{self.key}/{self.drawn}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    def pick(self, options: Sequence[tuple[float, str]]) -> int:
        """Draw an index, by the weights of the options."""
        at = self.next() * sum(weight for weight, _ in options)
        for index, (weight, _) in enumerate(options):
            at -= weight
            if at < 0:
                return index
        return len(options) - 1


@dataclass
class _Frame:
    """Text that is being expanded: where one is in it, and how deep it lies inside of others."""

    text: str
    depth: int
    place: int = 0
    partners: dict[int, tuple[int, tuple[int, ...]]] = field(default_factory=dict)  # "{" -> its "}", the bars between

    def __post_init__(self) -> None:
        waiting: list[tuple[str, int, list[int]]] = []
        for match in _TOKEN.finditer(self.text):
            mark = match.group()
            if mark in ("{", "["):
                waiting.append((mark, match.start(), []))
            elif mark == "|" and waiting:  # bars inside [a|b] are not ours
                waiting[-1][2].append(match.start())
            elif mark == "]" and waiting and waiting[-1][0] == "[":
                waiting.pop()
            elif mark == "}":
                loose: list[int] = []
                while waiting and waiting[-1][0] == "[":  # never closed, so it protects nothing
                    loose += waiting.pop()[2]
                if waiting:
                    _, start, bars = waiting.pop()
                    self.partners[start] = (match.start(), tuple(sorted([*bars, *loose])))

    def group(self, start: int) -> list[str] | None:
        """Return the parts between the bars of the braces that open at `start`; None where they are text."""
        if start not in self.partners:
            return None
        end, bars = self.partners[start]
        parts = [self.text[a + 1 : b] for a, b in pairwise([start, *bars, end])]
        head, dollars, _ = parts[0].partition("$$")
        return parts if bars or (dollars and _COUNT.fullmatch(head)) else None


def expand(text: str, seed: int, folder: Path | None = None, purpose: str = "prompt") -> tuple[str, tuple[Draw, ...]]:
    """Return `text` with every choice made, and the draws in their order.

    Args:
        text: a prompt.
        seed: the recipe's.
        folder: where the files of `__name__` lie.
        purpose: which prompt it is; each has draws of its own.

    Raises:
        RecipeError: no such file, a file outside the folder, or one of the bounds above.
    """
    chance = _Chance(f"safelight wildcards/{seed}/{purpose}")
    out: list[str] = []
    draws: list[Draw] = []
    length = 0
    frames = [_Frame(text, 0)]
    read: dict[str, list[tuple[float, str]]] = {}
    while frames:
        frame = frames[-1]
        match = _TOKEN.search(frame.text, frame.place)
        end = match.start() if match is not None else len(frame.text)
        out.append(frame.text[frame.place : end])
        length += len(out[-1])
        if length > LONGEST:
            raise RecipeError(f"the prompt grows beyond {LONGEST} characters when its wildcards are filled in")
        if match is None:
            frames.pop()
            continue
        mark, frame.place = match.group(), match.end()
        if match.group(1) is not None:
            if mark not in read:
                read[mark] = _lines(match.group(1), folder)
            source, joiner, chosen = mark, "", [read[mark][chance.pick(read[mark])][1]]
        elif mark == "{" and (parts := frame.group(match.start())) is not None:
            source, (joiner, chosen) = f"{{{'|'.join(parts)}}}", _chosen(parts, chance)
            frame.place = frame.partners[match.start()][0] + 1
        else:
            out.append(mark[1:] if mark in (r"\{", r"\}", r"\__") else mark)
            continue
        if frame.depth >= DEEPEST:
            raise RecipeError(f"wildcards stand inside one another more than {DEEPEST} deep, at {mark[:60]}")
        draws.append(Draw(source, joiner.join(chosen)))
        for i, part in enumerate(reversed(chosen)):
            if i > 0:
                frames.append(_Frame(joiner, frame.depth + 1))
            frames.append(_Frame(part, frame.depth + 1))
    return "".join(out), tuple(draws)


def names(folder: Path) -> list[str]:
    """List the wildcards of a folder, as one writes them between underscores."""
    found = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.txt"))
    return found[:10_000]


def _chosen(parts: list[str], chance: _Chance) -> tuple[str, list[str]]:
    """Draw from the options of one pair of braces: the joiner, and what was drawn."""
    low = high = 1
    joiner = ", "
    head, dollars, rest = parts[0].partition("$$")
    count = _COUNT.fullmatch(head) if dollars else None
    if count is not None:
        low = int(count.group(1))
        high = int(count.group(2) or low)
        between, dollars, last = rest.partition("$$")
        if dollars:
            joiner, rest = between, last
        parts = [rest, *parts[1:]]
    options = [_weighted(part) for part in parts]
    low, high = min(low, high), min(max(low, high), len(options))
    wanted = min(low + int(chance.next() * (high - low + 1)), high) if low < high else min(low, high)
    return joiner, [options.pop(chance.pick(options))[1] for _ in range(wanted)]


def _weighted(option: str) -> tuple[float, str]:
    match = _WEIGHT.match(option)
    return (float(match.group(1)), option[match.end() :]) if match else (1.0, option)


def _lines(name: str, folder: Path | None) -> list[tuple[float, str]]:
    """Read the lines of a wildcard, with their weights."""
    if folder is None or not folder.is_dir():
        where = "no folder of wildcards is known" if folder is None else f"there is no folder {folder}"
        raise RecipeError(f"__{name}__ takes a line of {name}.txt, but {where}; name it with --wildcards")
    path = folder / f"{name}.txt"
    inside = ".." not in path.parts and path.resolve().is_relative_to(folder.resolve())
    if name.startswith("/") or not inside:
        raise RecipeError(f"__{name}__ leads out of the folder of wildcards {folder}")
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST_FILE + 1)
    except OSError:
        known = names(folder)
        tail = nearest(name, known[:200]) if known else " The folder has no .txt files."
        raise RecipeError(f"there is no wildcard __{name}__ in {folder}.{tail}") from None
    if len(data) > _LONGEST_FILE:
        raise RecipeError(f"the wildcard {path} is larger than {_LONGEST_FILE // 1_000_000} MB")
    try:
        lines = (line.strip() for line in data.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError as error:
        raise RecipeError(f"the wildcard {path} is not UTF-8, at byte {error.start}") from None
    options = [_weighted(line) for line in lines if line and not line.startswith("#")]
    if not options:
        raise RecipeError(f"the wildcard {path} has no lines to choose from")
    return options
