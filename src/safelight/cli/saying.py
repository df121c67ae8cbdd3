"""What the commands say to people: one line at a time, on stderr, and never a control character out of a file.

A prompt read from somebody else's picture may hold escape sequences that recolour a terminal, or worse; `printable`
shows them as they are written instead of obeying them.
"""

import sys

__all__ = ["note", "on_a_terminal", "printable"]


def printable(text: str) -> str:
    """Put `text` on one line: line breaks and tabs become spaces, other control characters are spelled out."""
    spaced = " ".join(text.splitlines()) if "\n" in text or "\r" in text else text
    spaced = spaced.replace("\t", " ")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in spaced)


def note(message: str) -> None:
    """Tell a person something that is no result, on one line of stderr."""
    print(f"safelight: {printable(message)}", file=sys.stderr, flush=True)


def on_a_terminal() -> bool:
    """Whether a person watches stderr, and progress is worth drawing."""
    return sys.stderr.isatty()
