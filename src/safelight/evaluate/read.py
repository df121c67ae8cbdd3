"""What a picture shows, in words and numbers, and the rules by which two things stand in a relation.

A `Reading` is what the recogniser says about one picture. Places are fractions of the picture, x to the right, y down.

    left of, right of, above, below    GenEval's rule: offset of the middles, less a tenth of both sizes, then direction
    in front of, behind                the boxes overlap, and the nearness says which one hides the other
    riding                             the rider's middle is above the mount's, within its width, and the boxes overlap

Ghosh et al. 2023, arXiv 2310.11513. Next: recogniser.py, which makes readings; learn_recogniser.py, how it learns to.
"""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Guess", "Instance", "Reading"]


class Guess(NamedTuple):
    """The likeliest value of one axis of the world, and its probability (0 to 1)."""

    value: str
    probability: float


@dataclass(frozen=True)
class Instance:
    """One thing in a picture: (x, y) is its box's middle, (w, h) the box's size, all as fractions of the picture.

    `score` (0 to 1) is how sure it is that the thing is there; `visible` (0 to 1) how much of it is seen; `depth`
    orders things that overlap, 0 far to 1 near: of two, the one with the larger depth hides part of the other.
    """

    noun: str
    colour: str
    x: float
    y: float
    w: float
    h: float
    score: float
    depth: float = 0.5
    visible: float = 1.0


@dataclass(frozen=True)
class Reading:
    """All that the recogniser says about one picture; `defects` and `extras` give each name a probability (0 to 1)."""

    instances: tuple[Instance, ...]
    environment: Guess
    medium: Guess
    palette: Guess
    grade: Guess
    lighting: Guess
    weather: Guess
    detail: Guess
    defects: dict[str, float]
    extras: dict[str, float]
