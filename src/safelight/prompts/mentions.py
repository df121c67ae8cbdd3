"""Files that a prompt mentions: `<lora:name:0.8>` and its like, taken out of the text.

    <lora:name>   <lora:name:0.8>   <lora:name:text:unet>   <lora:name:te=0.5:unet=0.8>   <lyco:...>   <hypernet:...>

A mention is an instruction, not a word: what is left of the prompt goes to the text encoder. As in AUTOMATIC1111's
notation a single number is the scale of everything, and of two the first is the text encoder's, the second the UNet's.
Anything else in angle brackets is text.

Read next: `conditioning.py`.
"""

import re
from dataclasses import dataclass

from safelight.checks import show
from safelight.errors import RecipeError

__all__ = ["LARGEST_SCALE", "Mention", "mentions"]

LARGEST_SCALE = 100.0

_KINDS = {"lora": "lora", "lyco": "lora", "hypernet": "hypernet"}
_MENTION = re.compile(r"<(lora|lyco|hypernet):([^<>]*)>", re.IGNORECASE)
_FIELDS = {"te": "text_scale", "unet": "scale"}


@dataclass(frozen=True)
class Mention:
    """A file that a prompt asks for: "lora" or "hypernet", its name, and how much of it.

    `text_scale` is that of the text encoder, None where it is `scale`.
    """

    kind: str
    name: str
    scale: float = 1.0
    text_scale: float | None = None


def mentions(text: str) -> tuple[str, tuple[Mention, ...]]:
    """Return `text` without its mentions, and the mentions in their order.

    Raises RecipeError for a mention without a name or with a scale that is no number from -100 to 100.
    """
    found = tuple(_mention(match) for match in _MENTION.finditer(text))
    return _MENTION.sub("", text), found


def _mention(match: "re.Match[str]") -> Mention:
    whole = show(match.group())
    name, *rest = (part.strip() for part in match.group(2).split(":"))
    if not name:
        raise RecipeError(f"{whole} names no file; write <{match.group(1).lower()}:NAME:0.8>")
    scales: dict[str, float] = {}
    bare: list[float] = []
    for part in rest:
        key, equals, value = part.partition("=")
        if equals and key in _FIELDS:
            scales[_FIELDS[key]] = _scale(value, whole)
        elif equals and key == "dyn":
            continue  # LyCORIS's dynamic rank: the rank in the file is used
        else:
            bare.append(_scale(part, whole))
    if len(bare) > 2:
        raise RecipeError(f"{whole} has {len(bare)} scales; write <lora:NAME:SCALE> or <lora:NAME:TEXT:UNET>")
    if len(bare) == 2:
        scales = {"text_scale": bare[0], "scale": bare[1]} | scales
    elif bare:
        scales = {"scale": bare[0]} | scales
    scale = scales.get("scale", scales.get("text_scale", 1.0))
    text_scale = scales.get("text_scale")
    return Mention(_KINDS[match.group(1).lower()], name, scale, None if text_scale == scale else text_scale)


def _scale(value: str, whole: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise RecipeError(f"{whole}: {value[:20]!r} is no scale; write a number such as 0.8") from None
    if not -LARGEST_SCALE <= number <= LARGEST_SCALE:
        raise RecipeError(f"{whole}: the scale {number:g} is out of range; use -{LARGEST_SCALE:g} to {LARGEST_SCALE:g}")
    return number
