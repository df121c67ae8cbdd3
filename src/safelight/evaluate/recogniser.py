"""The judge: a small network that says what is to be seen in a picture of this world.

Read next: read.py for what it says, heads.py for the network's ends, learn_recogniser.py for how it learns.
"""

from pathlib import Path

import numpy as np

from safelight.evaluate.read import Guess, Instance, Reading

__all__ = ["Guess", "Instance", "Reading", "Recogniser", "load"]


class Recogniser:
    """A trained judge. `hash` is the sha256 of its weights' file, so that every score can name its judge."""

    hash: str

    def read(self, pixels: np.ndarray) -> list[Reading]:
        """Read pictures (B, H, W, 3) uint8 of any size, as if reduced to 128 by 128."""
        raise NotImplementedError

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Return features (B, 192) float32 of pictures (B, H, W, 3) uint8, for distances between sets of pictures."""
        raise NotImplementedError


def load(path: Path) -> Recogniser:
    """Load a judge from its safetensors file (its .json lies beside it). Raises `WeightsError` if it is none."""
    raise NotImplementedError
