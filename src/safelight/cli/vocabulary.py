"""Whether the bundled model was ever told any word of a prompt.

It learned the words of a small world (`scenes/grammar.py`); given only others it draws something,
but nothing that was asked for.
"""

import re
from pathlib import Path

__all__ = ["stranger"]

WORDS = Path(__file__).parent.parent / "weights" / "bundled" / "words.txt"
# Words that say nothing by themselves; knowing "the" is not knowing what to draw.
EMPTY = {"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "the", "to", "with"}


def stranger(prompt: str) -> bool:
    """Whether a prompt has words, and none of them is one that the bundled model knows."""
    asked = set(re.findall(r"\w+", prompt.lower())) - EMPTY
    if not asked or not WORDS.is_file():
        return False
    known = set(WORDS.read_text(encoding="utf-8").lower().split())
    return not asked & known
