"""Every way in which Safelight says no.

    SafelightError            one clear line: what is wrong, where, what to write instead
    ├── RecipeError           what was asked for cannot be a picture
    ├── PictureError          a picture file cannot be read, or holds no recipe
    ├── WeightsError          a model file or folder cannot be read as Stable Diffusion v1
    ├── HubError              the hub could not be asked (only `safelight models pull` asks it)
    ├── OutputError           a result could not be written
    ├── NumericalError        a network answered with NaN or infinity, even in float32
    └── TrainingError         a training run cannot start, or cannot go on

The command line prints the message of a `SafelightError` and exits with code 2; anything else is a fault of ours.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "HubError",
    "NumericalError",
    "OutputError",
    "PictureError",
    "RecipeError",
    "SafelightError",
    "TrainingError",
    "WeightsError",
    "nearest",
]


class SafelightError(Exception):
    """The base of all errors that a user can cause and mend."""


class RecipeError(SafelightError, ValueError):
    """A recipe that cannot be a picture: a size, a count, a name out of range."""


class PictureError(SafelightError):
    """A picture file that cannot be read, or that holds no recipe."""


class WeightsError(SafelightError):
    """A model file or folder that cannot be read as Stable Diffusion v1."""


class HubError(SafelightError):
    """The hub could not be reached, or did not give what was asked."""


class OutputError(SafelightError):
    """A result could not be written where it should go."""


class NumericalError(SafelightError):
    """A network answered with NaN or infinity; the message names which one, and at which step."""


class TrainingError(SafelightError):
    """A training run that cannot start or cannot go on."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known names are near `word`: " Did you mean 'euler'?", or list all of them when none is."""
    known = sorted(known)
    close = get_close_matches(word[:60].lower(), known, n=3, cutoff=0.5)  # names are lower case and short
    if close:
        return f" Did you mean {' or '.join(map(repr, close))}?"
    return f" Known: {', '.join(known)}."
