"""What a single value of a recipe may be, and the one line that is said when it is something else.

Each function below makes a check for pydantic to run before its own: it returns the value, or raises a `ValueError`
whose message names the field, shows what was given and says what to write instead. Pydantic's own messages, of several
lines and in its own words, then never reach anybody.

Read `recipe.py` next, which is made of these.
"""

import math
import numbers
import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pydantic import BeforeValidator, ValidationInfo

from safelight.errors import nearest

__all__ = [
    "curve", "descending", "flag", "numbers_of", "one_of", "real", "several", "sha256", "show", "text", "whole",
]  # fmt: skip


def show(value: object) -> str:
    """Write any value on one line of bounded length."""
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    line = "null" if value is None else repr(value)
    return line if len(line) <= 60 else line[:56] + " ..."


def whole(low: int, high: int, multiple: int = 1) -> BeforeValidator:
    """Accept whole numbers (never a bool, never 7.0) from `low` to `high` that `multiple` divides."""

    def check(value: object, info: ValidationInfo) -> int:
        name = info.field_name
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise ValueError(f"{name} must be a whole number, not {show(value)}")
        number = operator.index(value)
        if not low <= number <= high:
            steps = f" in multiples of {multiple}" if multiple > 1 else ""
            raise ValueError(f"{name} {show(number)} is out of range; use {low} to {high}{steps}")
        if number % multiple:
            below = number - number % multiple
            raise ValueError(f"{name} {number} is not a multiple of {multiple}; use {below} or {below + multiple}")
        return number

    return BeforeValidator(check)


def real(low: float, high: float) -> BeforeValidator:
    """Accept finite numbers from `low` to `high`."""

    def check(value: object, info: ValidationInfo) -> float:
        name = info.field_name
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise ValueError(f"{name} must be a number, not {show(value)}")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise ValueError(f"{name} must be a finite number, not {show(value)}; use {low:g} to {high:g}")
        if not low <= number <= high:
            raise ValueError(f"{name} {number!r} is out of range; use {low:g} to {high:g}")
        return number + 0.0  # -0.0 becomes 0.0: equal recipes must have equal digests

    return BeforeValidator(check)


def descending(low: float, high: float) -> BeforeValidator:
    """Accept a list of finite numbers from `high` down to `low`, each below the one before; a last 0 is left out."""

    def check(value: object, info: ValidationInfo) -> tuple[float, ...]:
        name = info.field_name
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise ValueError(f"{name} must be a list of numbers, not {show(value)}")
        found: list[float] = []
        for number in value:
            if isinstance(number, bool) or not isinstance(number, numbers.Real) or not low <= float(number) <= high:
                if number == 0 and len(found) + 1 == len(value) and found:  # where every ladder ends, said or not
                    break
                raise ValueError(f"{name} holds {show(number)}; use numbers from {high:g} down to {low:g}")
            found.append(float(number) + 0.0)
            if len(found) > 1 and not found[-1] < found[-2] * (1 - 1e-9):
                raise ValueError(f"{name} must descend, but {found[-1]:g} follows {found[-2]:g}")
        if not 1 <= len(found) <= 1000:
            raise ValueError(f"{name} holds {len(found)} numbers; use 1 to 1000")
        return tuple(found)

    return BeforeValidator(check)


def numbers_of(count: int, low: float, high: float) -> BeforeValidator:
    """Accept a list of exactly `count` finite numbers from `low` to `high`."""

    def check(value: object, info: ValidationInfo) -> tuple[float, ...] | None:
        given = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        right = [
            v for v in given if isinstance(v, numbers.Real) and not isinstance(v, bool) and low <= float(v) <= high
        ]
        if len(given) != count or len(right) != count:
            raise ValueError(f"{info.field_name} must be {count} numbers from {low:g} to {high:g}, not {show(value)}")
        return tuple(float(number) + 0.0 for number in right)

    return BeforeValidator(check)


def several(longest: int) -> BeforeValidator:
    """Accept a list of at most `longest` things."""

    def check(value: object, info: ValidationInfo) -> tuple[object, ...]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise ValueError(f"{info.field_name} must be a list, not {show(value)}")
        if len(value) > longest:
            raise ValueError(f"{info.field_name} are {len(value)}; use at most {longest}")
        return tuple(value)

    return BeforeValidator(check)


def flag() -> BeforeValidator:
    """Accept true and false, and nothing that is merely like them."""

    def check(value: object, info: ValidationInfo) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{info.field_name} must be true or false, not {show(value)}")
        return value

    return BeforeValidator(check)


def curve(known: Iterable[str], most: float) -> BeforeValidator:
    """Accept one of a few names, or points "0:1, 0.5:2, 1:0.5": shares of the way, ascending, each with a factor."""
    names = tuple(known)

    def check(value: object, info: ValidationInfo) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{info.field_name} must be a text, not {show(value)}")
        if ":" not in value:
            if value not in names:
                raise ValueError(f"{info.field_name} {show(value)} is not known.{nearest(value, names)}")
            return value
        points = [_point(point) for point in value.split(",")[:101]]
        places = [place for place, _ in points]
        ascend = all(a < b for a, b in pairwise(places))
        if len(points) > 100 or not ascend or not all(0 <= x <= 1 and 0 <= y <= most for x, y in points):
            raise ValueError(
                f'{info.field_name} {show(value)} is no curve; write points "share:factor", as "0:1, 0.5:2, 1:0.5", '
                f"shares ascending from 0 to 1 and factors from 0 to {most:g}"
            )
        return ", ".join(f"{place:.12g}:{factor:.12g}" for place, factor in points)

    return BeforeValidator(check)


def _point(text: str) -> tuple[float, float]:
    place, _, factor = text.partition(":")
    try:
        return float(place) + 0.0, float(factor) + 0.0
    except ValueError:
        return math.nan, math.nan


def text(longest: int, shortest: int = 0) -> BeforeValidator:
    """Accept strings of at most `longest` characters that can be written as UTF-8."""

    def check(value: object, info: ValidationInfo) -> str:
        name = info.field_name
        if not isinstance(value, str):
            raise ValueError(f"{name} must be a text, not {show(value)}")
        if len(value) < shortest:
            raise ValueError(f"{name} is empty")
        if len(value) > longest:
            raise ValueError(f"{name} is {len(value)} characters long; use at most {longest}")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{name} holds half a character (a lone surrogate) at position {error.start}; remove it"
            ) from None
        return str(value)

    return BeforeValidator(check)


def one_of(known: Iterable[str]) -> BeforeValidator:
    """Accept one of a few names."""
    names = tuple(known)

    def check(value: object, info: ValidationInfo) -> str:
        if not isinstance(value, str):
            raise ValueError(f"{info.field_name} must be a name, not {show(value)}; known: {', '.join(names)}")
        if value not in names:
            raise ValueError(f"{info.field_name} {show(value)} is not known.{nearest(value, names)}")
        return value

    return BeforeValidator(check)


def sha256() -> BeforeValidator:
    """Accept the 64 hexadecimal digits of a SHA-256."""

    def check(value: object, info: ValidationInfo) -> str:
        digits = value.lower() if isinstance(value, str) else ""
        if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
            raise ValueError(f"{info.field_name} must be the 64 hexadecimal digits of a SHA-256, not {show(value)}")
        return digits

    return BeforeValidator(check)
