"""What a single value of a recipe may be, and the one line that is said when it is something else.

Each function below makes a check for pydantic to run before its own: it returns the value, or raises a `ValueError`
whose message names the field, shows what was given and says what to write instead. Pydantic's own messages, of several
lines and in its own words, then never reach anybody.

Read `recipe.py` next, which is made of these.
"""

import math
import numbers
import operator
from collections.abc import Iterable

from pydantic import BeforeValidator, ValidationInfo

from safelight.errors import nearest

__all__ = ["one_of", "real", "sha256", "show", "text", "whole"]


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
