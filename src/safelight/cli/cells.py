"""Fields of a recipe as short texts: a cell of a CSV, the values of an axis, a range of seeds.

    "7.5" for guidance_scale -> 7.5      "steps=10,20,30" -> ("steps", [10, 20, 30])      "0-3,9" -> [0, 1, 2, 3, 9]

What the values may be is checked by the recipe and not here. Read next: `batch.py`, `grid.py`.
"""

import json
from collections.abc import Iterable, Mapping

from safelight.cli import options
from safelight.errors import RecipeError, nearest

__all__ = ["SEVERAL", "axis", "check_names", "seeds", "settings", "shown", "value"]

_WORDS = {
    "prompt", "negative_prompt", "model", "model_hash", "sampler", "schedule", "like", "rng", "prompt_syntax",
    "prompt_weighting", "guidance_curve", "autoguidance_model", "autoguidance_hash", "vae",
}  # fmt: skip
SEVERAL = {"regions", "loras", "embeddings", "hypernetworks", "controls", "image_prompts"}
"""Fields that hold several things; in one text they are parted by semicolons."""
_MOST = 4096


def check_names(names: Iterable[str], where: str, also: tuple[str, ...] = ()) -> None:
    """Refuse what is no field of a recipe and not in `also`, all in one line; raises RecipeError."""
    from safelight.recipe import Recipe

    known = [*Recipe.model_fields, *also]
    strange = [name for name in names if name not in known]
    if strange:
        more = f" (and {len(strange) - 1} more)" if len(strange) > 1 else ""
        raise RecipeError(f"{where}: a recipe has no field {strange[0][:60]!r}{more}.{nearest(strange[0], known)}")


def value(name: str, text: str) -> object:
    """Make of a text what the field `name` holds; raises RecipeError if it cannot be read."""
    if name in _WORDS:
        return text
    text = text.strip()
    if name in SEVERAL:
        if text.startswith("["):
            return _json(name, text)
        return options.values({name: [part.strip() for part in text.split(";") if part.strip()]}).get(name, [])
    if name in options.FROM_TEXT:
        return options.values({name: text.replace(" ", ",") if "," not in text else text})[name]
    return _json(name, text.lower() if text.lower() in ("true", "false") else text)


def _json(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # the recipe says what it should have been


def axis(text: str, option: str) -> tuple[str, list[object]]:
    """Read "field=value,value,..."; values that hold commas are parted by semicolons. Raises RecipeError."""
    name, equals, listed = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not listed.strip():
        raise RecipeError(f"{option} {text[:80]!r} cannot be read; write it as {option} steps=10,20,30")
    check_names([name], option)
    if name == "seed" and "-" in listed:
        return name, list(seeds(listed, option))
    inner_commas = name in SEVERAL or (name in options.FROM_TEXT)
    mark = ";" if ";" in listed or inner_commas else ","
    parts = [part.strip() for part in listed.split(mark)]
    if any(not part for part in parts) and name not in ("prompt", "negative_prompt"):
        raise RecipeError(f"{option} {text[:80]!r} has an empty value between its commas")
    if len(parts) > _MOST:
        raise RecipeError(f"{option} has {len(parts)} values; at most {_MOST} fit")
    return name, [value(name, part) for part in parts]


def settings(given: list[str] | None) -> dict[str, object]:
    """Read the texts of --set, "field=value" each; raises RecipeError."""
    found: dict[str, object] = {}
    for text in given or []:
        name, equals, said = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise RecipeError(f"--set {text[:80]!r} cannot be read; write it as --set steps=20")
        check_names([name], "--set")
        found[name] = value(name, said)
    return found


def seeds(text: str, option: str = "--seeds") -> list[int]:
    """Read "0-63" or "1,5,9" or both together; raises RecipeError."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        ends = [first, last] if dash else [first, first]
        if not all(end.isascii() and end.isdigit() and len(end) < 21 for end in ends):
            raise RecipeError(f"{option} {part.strip()[:40]!r} is no seed and no range of seeds; write 0-63 or 1,5,9")
        low, high = map(int, ends)
        if high < low or high >= 2**64:
            raise RecipeError(f"{option} {part.strip()!r} is empty or too large; write the lower seed first")
        if len(found) + high - low >= _MOST:
            raise RecipeError(f"{option} {text[:60]!r} names too many seeds; at most {_MOST} fit")
        found.extend(range(low, high + 1))
    return list(dict.fromkeys(found))


def shown(name: str, held: object) -> str:
    """Write a value as the label of a row or a column."""
    if isinstance(held, Mapping):
        held = held.get("file", held.get("prompt", held))
    if isinstance(held, list):
        held = ", ".join(shown("", part) for part in held)
    return f"{name.replace('_', ' ')} {held}".strip()
