"""Prompts for places: `--region "left: a red car"`, and the share of the picture that each place is.

    left: a red car        right half, top, bottom, centre, top left ... as well
    0,0,0.5,1: a red car   left, top, right, bottom, as shares of the width and the height
    mask.png: a red car    the white of a picture
    left@1.5: a red car    with a weight, how much this prompt has to say where others speak too

Shapes: H W latent size.
Read next: `recipe_parts.py` (a region in a recipe) and the regional guidance that obeys it.
"""

import math
import re

import torch
from torch import Tensor

from safelight.errors import RecipeError, nearest

__all__ = ["PLACES", "Box", "area", "region"]

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of width and height, 0 to 1."""

PLACES: dict[str, Box] = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "centre": (0.25, 0.25, 0.75, 0.75),
    "center": (0.25, 0.25, 0.75, 0.75),
    "top left": (0.0, 0.0, 0.5, 0.5),
    "top right": (0.5, 0.0, 1.0, 0.5),
    "bottom left": (0.0, 0.5, 0.5, 1.0),
    "bottom right": (0.5, 0.5, 1.0, 1.0),
    "left third": (0.0, 0.0, 1 / 3, 1.0),
    "middle third": (1 / 3, 0.0, 2 / 3, 1.0),
    "right third": (2 / 3, 0.0, 1.0, 1.0),
}

_MASK = re.compile(r"(.+?\.(?:png|jpe?g|webp))\s*(?:@([^:@]*))?:(.*)", re.IGNORECASE | re.DOTALL)
HOW = 'write --region "left: a red car", "0,0,0.5,1: a red car" or "mask.png: a red car"'


def region(text: str) -> dict[str, object]:
    """Read one `--region` as the fields of a recipe's region: prompt, weight, and box or mask (a file's name).

    Raises RecipeError of one line for a place that is none.
    """
    shown = text if len(text) <= 60 else text[:56] + " ..."
    match = _MASK.fullmatch(text[:20_000])
    if match is not None and "," not in match.group(1).partition(".")[0]:
        return {
            "prompt": match.group(3).strip(),
            "weight": _weight(match.group(2), shown),
            "mask": match.group(1).strip(),
        }
    head, colon, prompt = text.partition(":")
    if not colon:
        raise RecipeError(f"the region {shown!r} has no place and colon before its prompt; {HOW}")
    place, at, weight = head.partition("@")
    return {"prompt": prompt.strip(), "weight": _weight(weight if at else None, shown), "box": _box(place, shown)}


def area(box: Box, height: int, width: int) -> Tensor:
    """Draw a box (1, 1, H, W): 1 inside, 0 outside, and where an edge cuts a cell, the share of it that is inside."""
    left, top, right, bottom = box
    across = _covered(left * width, right * width, width)
    down = _covered(top * height, bottom * height, height)
    return (down[:, None] * across)[None, None]


def _covered(low: float, high: float, cells: int) -> Tensor:
    edges = torch.arange(cells, dtype=torch.float64)
    return ((high - edges).clamp(0, 1) - (low - edges).clamp(0, 1)).float()


def _box(place: str, shown: str) -> Box:
    words = " ".join(place.lower().replace("-", " ").split())
    named = PLACES.get(words) or PLACES.get(words.removesuffix(" half"))
    if named is not None:
        return named
    if not any(c.isdigit() for c in words):
        raise RecipeError(f"the region {shown!r} begins with no known place.{nearest(words, PLACES)} Or {HOW}")
    try:
        left, top, right, bottom = (float(number) for number in words.split(","))
    except ValueError:
        raise RecipeError(f"the region {shown!r} needs four numbers before its colon; {HOW}") from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise RecipeError(f"the box of the region {shown!r} is no left, top, right, bottom from 0 to 1")
    return left, top, right, bottom


def _weight(text: str | None, shown: str) -> float:
    if text is None:
        return 1.0
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 10:
        raise RecipeError(f"the weight {text.strip()[:20]!r} of the region {shown!r} is no number from 0 to 10")
    return number
