"""Random prompts by the million: no text may raise anything but a RecipeError of one line, and a long one is read soon.

    python benchmarks/fuzz_prompts.py                          10 million strings in every syntax, then 1 MB of text
    python benchmarks/fuzz_prompts.py --count 20000 --seed 3   fewer, others

Strings are made of the marks of the grammar, words, numbers and strange characters, 1 to 40 of them. Each is read in
one syntax after the other, asked for three of its stretches in 1 to 30 steps, its mentions taken out and its wildcards
filled in; one in a hundred is laid out in rows of tokens too. The first failure is printed with its string, and ends
the run with 1.
"""

import argparse
import json
import random
import sys
import time
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from safelight.errors import RecipeError
from safelight.prompts.mentions import mentions
from safelight.prompts.syntax import SYNTAXES, parse
from safelight.prompts.wildcards import expand

PIECES = [
    *"()[]{}<>:|\\,.+-_$=*#'\"", "::", "$$", "__", " ", "  ", "\n", "\t", "\x00", "\x85", "\u2028", "a", "cat", "red",
    "word++", "word--", "b+", ")1.3", ")++", ":1.2)", ":-2)", ":0.5]", ":3]", ": .5 ]", "AND", " AND ", "BREAK", " 7",
    "1e9", "9" * 30, ".5", "é", "日本", "😀", "İ", "ß", "\ud800", "<lora:x:1>", "<lora:", "<hypernet:y>", "{a|b}",
    "{2$$a|b}", "3::", "0::", "a cat :: 0.6 | a dog", "\\(", "\\)", "\\[", "\\]", "\\\\",
]  # fmt: skip
LONG = (
    "a ((house:1.3)) [on] a (hill:0.5), sun, (((sky))), [mountain:lake:0.25] red++ car, [cat|dog] and \\(x\\) plain "
    "words follow here, "
)


def string(draw: random.Random) -> str:
    return "".join(draw.choices(PIECES, k=draw.randint(1, 40)))


def read(text: str, syntax: str, steps: int) -> None:
    prompt = parse(text, syntax)
    stretches = prompt.stretches(steps)
    assert stretches[0][0] == 1 and stretches[-1][1] == steps
    for first, _ in {stretches[0], stretches[len(stretches) // 2], stretches[-1]}:
        branches = prompt.at(first, steps)
        assert branches and all(branch.blend and all(part.pieces for part in branch.blend) for branch in branches)


def some(task: tuple[int, int]) -> tuple[int, int, str]:
    """Try `count` strings of one seed; returns how many were tried and refused, and the first failure."""
    seed, count = task
    draw = random.Random(seed)
    tokenizer = None
    refused = 0
    for i in range(count):
        text, syntax, steps = string(draw), SYNTAXES[i % len(SYNTAXES)], 1 + i % 30
        doings = [lambda: read(text, syntax, steps), lambda: mentions(text), lambda: expand(text, i)]  # noqa: B023
        if i % 100 == 0 and "\ud800" not in text:  # half a character never gets past a recipe's checks
            from safelight.models.tokenizer import Tokenizer
            from safelight.prompts.reading import lay_out

            if tokenizer is None:
                folder = Path(__file__).parent.parent / "src" / "safelight" / "weights" / "bundled" / "tokenizer"
                tokenizer = Tokenizer(folder / "vocab.json", folder / "merges.txt")
            doings.append(lambda: lay_out(text, tokenizer, syntax=syntax, steps=steps))  # noqa: B023
        for doing in doings:
            try:
                doing()
            except RecipeError as error:
                refused += 1
                if "\n" in str(error) or len(str(error)) > 500:
                    return i, refused, f"{text!r}: a message of {len(str(error))} characters, {error!r}"
            except Exception as error:
                return i, refused, f"{text!r} ({syntax}, {steps} steps): {error!r}"
    return count, refused, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    share = 10_000
    tasks = [
        (chosen.seed * 1_000_003 + i, min(share, chosen.count - i * share)) for i in range(-(-chosen.count // share))
    ]
    began, tried, refused = time.perf_counter(), 0, 0
    with Pool(chosen.processes) as pool:
        for count, no, failure in pool.imap_unordered(some, tasks):
            tried, refused = tried + count, refused + no
            if failure:
                print(failure.encode("ascii", "backslashreplace").decode())
                sys.exit(1)
    seconds = time.perf_counter() - began
    text = LONG * (1_000_000 // len(LONG) + 1)
    before = time.process_time()
    parse(text).at(1, 20)
    used = time.process_time() - before
    print(
        json.dumps({"strings": tried, "refused": refused, "seconds": round(seconds), "megabyte_cpu_s": round(used, 2)})
    )


if __name__ == "__main__":
    main()
