"""Learn a tokenizer: from texts to the vocab.json and merges.txt that `models/tokenizer.py` reads.

    start with bytes; until the vocabulary is full: join the pair of neighbours that occurs most often

Sennrich et al. 2016 (byte-pair encoding, arXiv 1508.07909), in the layout of OpenAI's CLIP: ids 0 to 255 are the byte
letters, 256 to 511 the same letters as word endings, then one piece for each merge, and start and end last.

The bundled model learns 2,048 pieces from its captions and a megabyte of plain English (`english`): 1,024 would already
make every word of a caption one piece, the rest are pieces of words it was never shown.
Ties go to the pair that sorts last, so the same texts give the same files; the `tokenizers` library's own trainer
numbers word endings in the order of a randomly seeded hash map and promises no such thing.
Read next: `models/tokenizer.py`.
"""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from safelight.errors import TrainingError
from safelight.models.tokenizer import END, END_OF_WORD, START, byte_letters, clean, splitter

__all__ = ["english", "train_tokenizer"]

Pair = tuple[str, str]


def train_tokenizer(texts: Iterable[str], size: int, folder: Path) -> None:
    """Learn `size` pieces from `texts` and write `folder`/vocab.json and `folder`/merges.txt.

    Args:
        texts: captions and other English, in any order; a text that occurs twice counts twice.
        size: of the vocabulary, 514 (bytes and marks alone) or more.
        folder: made if it is not there; the files in it are replaced.

    Raises:
        TrainingError: `size` is too small, or the texts hold too few different words to fill it.
    """
    alphabet = byte_letters()
    pieces = [*alphabet, *(letter + END_OF_WORD for letter in alphabet)]
    smallest = len(pieces) + 2
    if size < smallest:
        raise TrainingError(f"a vocabulary of {size} is too small: the bytes and the two marks alone take {smallest}")
    merges = learn(count_words(texts), size - smallest, set(pieces))
    pieces += dict.fromkeys(left + right for left, right in merges)  # each once, in the order learned
    pieces += [START, END]
    if len(pieces) < size:
        raise TrainingError(
            f"the texts give {len(pieces)} pieces, not {size}: no pair occurs twice any more; add texts or ask for less"
        )
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    write(folder / "vocab.json", json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")))
    write(folder / "merges.txt", "\n".join(["#version: 0.2", *map(" ".join, merges), ""]))


def english() -> Iterator[str]:
    """Yield about a megabyte of English: the prose of Python's own manual and the docstrings of its own modules.

    It is on every machine that can run this, and for one version of Python it is always the same.
    """
    import ast
    import sysconfig
    from importlib import import_module

    topics: dict[str, str] = import_module("pydoc_data.topics").topics
    yield from (topics[name] for name in sorted(topics))
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("[a-z]*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield ast.get_docstring(node) or ""


def count_words(texts: Iterable[str]) -> Counter[tuple[str, ...]]:
    """Count the words of `texts`, each a tuple of byte letters of which the last is marked as the word's end."""
    cut = splitter()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in cut.pre_tokenize_str(clean(text)))
    return Counter({(*word[:-1], word[-1] + END_OF_WORD): count for word, count in counts.items()})


def learn(words: Counter[tuple[str, ...]], wanted: int, known: set[str]) -> list[Pair]:
    """Return the merges that add `wanted` pieces to those `known`, or fewer when no pair is left that occurs twice.

    A piece can arise in two ways ("in" + "g", "i" + "ng"): then there are more merges than new pieces.
    """
    known = set(known)
    full = len(known) + wanted
    spelled = [(list(word), count) for word, count in sorted(words.items())]
    counts: Counter[Pair] = Counter()
    places: defaultdict[Pair, set[int]] = defaultdict(set)  # in which words a pair has ever stood
    for number, (word, count) in enumerate(spelled):
        for pair in pairwise(word):
            counts[pair] += count
            places[pair].add(number)

    merges: list[Pair] = []
    while len(known) < full and counts:
        best, often = max(counts.items(), key=lambda item: (item[1], item[0]))
        if often < 2:
            break
        merges.append(best)
        known.add(best[0] + best[1])
        for number in places.pop(best):
            word, count = spelled[number]
            for pair in pairwise(word):
                counts[pair] -= count
            join(word, best)
            for pair in pairwise(word):
                counts[pair] += count
                places[pair].add(number)
        counts = Counter({pair: count for pair, count in counts.items() if count > 0})
    return merges


def join(word: list[str], pair: Pair) -> None:
    """Replace, in place and from the left, every `pair` of neighbours in `word` by one piece."""
    at = 0
    while at < len(word) - 1:
        if (word[at], word[at + 1]) == pair:
            word[at : at + 2] = [pair[0] + pair[1]]
        at += 1


def write(path: Path, text: str) -> None:
    """Write `text` to a file beside `path`, then rename it: no reader ever sees half a file."""
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
