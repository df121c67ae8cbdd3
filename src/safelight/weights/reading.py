"""Read a JSON file that may be hostile, and take from it only what is expected.

Read next: `configs.py`, which reads the networks' configs with this.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from safelight.errors import WeightsError

__all__ = ["Config", "read_json"]

MAX_JSON = 16 * 2**20


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object from a small file. Raises WeightsError, naming the file, if it is anything else."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise WeightsError(f"{path} is larger than {MAX_JSON >> 20} MiB; this is no config, fetch the model again")
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is not JSON ({str(error)[:200]}); fetch the model again") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{path} holds a {type(value).__name__}, not a JSON object; fetch the model again")
    return value


class Config:
    """A JSON object that is asked for its values one by one, and knows in the end which it was not asked for."""

    def __init__(self, values: Mapping[str, object], where: Path) -> None:
        self.values = values
        self.where = where
        self.left = set(values)

    def refuse(self, key: str, wanted: str) -> WeightsError:
        """Build the error for a value that is not supported."""
        value = json.dumps(self.values.get(key))
        return WeightsError(f"{self.where}: {key} is {value[:100]}, but Safelight reads only {wanted}")

    def get(self, key: str, default: object) -> object:
        """Return a value, whatever it is."""
        self.left.discard(key)
        return self.values.get(key, default)

    def number(self, key: str, default: int, low: int = 1, high: int = 2**20) -> int:
        """Return a whole number from `low` to `high`; a list of equal ones counts as that one."""
        value = self.get(key, default)
        if isinstance(value, list) and value and all(item == value[0] for item in value):
            value = value[0]
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(key, f"a whole number from {low} to {high}")
        return value

    def real(self, key: str, default: float, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.refuse(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def numbers(self, key: str, default: Sequence[int]) -> tuple[int, ...]:
        """Return one to eight whole numbers from 1 to 16,384."""
        value = self.get(key, list(default))
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            raise self.refuse(key, "one to eight widths")
        if not all(type(item) is int and 1 <= item <= 2**14 for item in value):
            raise self.refuse(key, "widths from 1 to 16384")
        return tuple(value)

    def words(self, key: str, default: Sequence[str], known: Mapping[str, bool]) -> tuple[bool, ...]:
        """Return a list of known words as what each stands for."""
        value = self.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) and item in known for item in value):
            raise self.refuse(key, f"a list of {' and '.join(known)}")
        return tuple(known[item] for item in value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def fixed(self, required: Mapping[str, object], passed_over: str = "") -> None:
        """Check that what is not variable has its one value, and that nothing unknown is asked for.

        `passed_over` lists keys that may have any value, as do those that begin with an underscore.
        """
        for key, value in required.items():
            if self.get(key, value) != value:
                raise self.refuse(key, json.dumps(value))
        for key in sorted(self.left - set(passed_over.split())):
            if not key.startswith("_") and self.values[key] not in (None, False):
                raise self.refuse(key, "null or false there (it does not know this setting)")

    def made_for(self, name: str) -> None:
        """Check the class that a config says it is for, where it says so."""
        if self.get("_class_name", name) != name:
            raise self.refuse("_class_name", name)
