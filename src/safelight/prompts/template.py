"""A prompt made of five parts in the order in which a text encoder reads them best: what first, how well last.

    subject, style, lighting, detail, quality

Earlier tokens are seen by later ones and not the other way round, so what the picture is of stands first.

Read next: `finishing.py`.
"""

from collections.abc import Mapping

from safelight.errors import RecipeError, nearest

__all__ = ["PARTS", "assemble", "parts"]

PARTS: tuple[str, ...] = ("subject", "style", "lighting", "detail", "quality")


def assemble(given: Mapping[str, str]) -> str:
    """Join the parts in their order; empty ones are left out. Raises RecipeError for an unknown part or no subject."""
    for name in given:
        if name not in PARTS:
            raise RecipeError(f"a template has no part {name[:40]!r}.{nearest(name, PARTS)}")
    if not given.get("subject", "").strip():
        raise RecipeError('a template needs a subject: "subject=a red car; lighting=golden hour"')
    texts = (given.get(name, "").strip().strip(",").strip() for name in PARTS)
    return ", ".join(text for text in texts if text)


def parts(text: str) -> dict[str, str]:
    """Read `subject=a red car; lighting=golden hour`; raises RecipeError for what has no name or comes twice."""
    found: dict[str, str] = {}
    for piece in text.split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        name = name.strip().lower()
        if not equals:
            raise RecipeError(f"{piece.strip()[:40]!r} has no name; write it as one of {', '.join(PARTS)} =")
        if name in found:
            raise RecipeError(f"the part {name[:40]!r} is given twice")
        found[name] = value.strip()
    return found
