"""Whether a prompt names anything that the bundled model can draw.

It was taught the things of a small world (`scenes/words.py`); given only others it draws something, but nothing that
was asked for, and a person should know why.
"""

import re

__all__ = ["hint"]

BIGGER = "CompVis/stable-diffusion-v1-4"


def hint(prompt: str) -> str | None:
    """Say what the bundled model can draw, if a prompt has words and names none of it; None if all is well."""
    from safelight.scenes.words import NOUNS

    asked = " ".join(re.findall(r"\w+", prompt.lower()))
    if not asked or any(f" {thing} " in f" {asked} " for wordings in NOUNS.values() for thing in wordings):
        return None
    return (
        f"the bundled model can draw nothing that this prompt names; it knows: {', '.join(NOUNS)}. For everything "
        f"else: safelight models pull {BIGGER}, then --model {BIGGER}"
    )
