"""JSON from outside, read strictly: one object, no NaN, no key twice, at most a million characters, never a deep nest.

Python's own reader takes all of these without a word. Read next: `recipe.py`, which is what the object becomes.
"""

import json

from safelight.checks import show
from safelight.errors import RecipeError

__all__ = ["json_object"]

LONGEST = 1_048_576


def json_object(text: str, where: str | None = None) -> dict[str, object]:
    """Read one JSON object, strictly: no NaN, no key twice, at most a million characters, never a deep nest.

    Raises `RecipeError` of one line.
    """
    place = f"{where}: " if where else ""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen = dict(pairs)
        if len(seen) != len(pairs):
            names = [name for name, _ in pairs]
            raise RecipeError(f"{place}{show(next(n for n in names if names.count(n) > 1))} is given twice")
        return seen

    def constant(name: str) -> object:
        raise RecipeError(f"{place}{name} is not a number that JSON knows; write a finite number")

    if len(text) > LONGEST:
        raise RecipeError(f"{place}{len(text)} characters of JSON are too many for a recipe")
    try:
        parsed = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=once, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise RecipeError(f"{place}not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise RecipeError(f"{place}not a recipe: nested too deeply") from None
    except RecipeError:
        raise
    except ValueError:  # whole numbers of thousands of digits
        raise RecipeError(f"{place}not a recipe: it holds a number of thousands of digits") from None
    if not isinstance(parsed, dict):
        raise RecipeError(f"{place}a recipe is a set of named fields in braces, not {show(parsed)}")
    return parsed
