"""What a picture shows, in words and numbers, and the rules by which two things stand in a relation.

A `Reading` is what the recogniser says about one picture. Places are fractions of the picture, x to the right, y down.

    left of, right of, above, below    GenEval's rule: offset of the middles, less a tenth of both sizes, then direction
    in front of, behind                the boxes overlap, and the nearness says which one hides the other
    riding                             the boxes overlap, the rider's middle is higher and within the mount's width

Ghosh et al. 2023, arXiv 2310.11513. Next: recogniser.py, which makes readings; train/recogniser.py, how it learns to.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from safelight.evaluate.heads import AXES, COLOURS, MARKS, NOUNS, Answers
from safelight.scenes import words
from safelight.scenes.grammar import MOUNTS, RIDERS

__all__ = ["THRESHOLD", "Guess", "Instance", "Reading", "holds", "overlap", "readings"]

THRESHOLD = 0.35
"""The least score of a thing that counts, unless the recogniser's own file says another."""
SAME = 0.7  # boxes that overlap more than this are one thing seen twice, whatever their nouns


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


def overlap(a: Instance, b: Instance) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    wide = min(a.x + a.w / 2, b.x + b.w / 2) - max(a.x - a.w / 2, b.x - b.w / 2)
    high = min(a.y + a.h / 2, b.y + b.h / 2) - max(a.y - a.h / 2, b.y - b.h / 2)
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / (a.w * a.h + b.w * b.h - wide * high)


def holds(relation: str, a: Instance, b: Instance) -> bool:
    """Whether `a` stands in `relation` to `b`; relations are those of `words.RELATIONS`."""
    if relation in ("in front of", "behind"):
        return overlap(a, b) > 0 and (a.depth > b.depth) == (relation == "in front of")
    if relation == "riding":
        seated = a.y < b.y and abs(a.x - b.x) < b.w / 2 and overlap(a, b) > 0
        return seated and a.noun in RIDERS and b.noun in MOUNTS
    x, y = _apart(a.x - b.x, a.w + b.w), _apart(a.y - b.y, a.h + b.h)
    length = math.hypot(x, y)
    if length < 1e-3:
        return False
    along = {"left of": -x, "right of": x, "above": -y, "below": y}[relation]
    return along / length > 0.5


def _apart(offset: float, sizes: float) -> float:
    return math.copysign(max(abs(offset) - 0.1 * sizes, 0.0), offset)


def readings(answers: Answers, threshold: float = THRESHOLD) -> list[Reading]:
    """Put a batch of answers into words."""
    axes = [torch.softmax(axis.float(), 1).max(1) for axis in answers.axes]
    marks = answers.marks.float().sigmoid().tolist()
    score, noun = _scores(answers)
    found: list[Reading] = []
    for b, odds in enumerate(marks):
        guesses = [
            Guess(values[int(best.indices[b])], float(best.values[b]))
            for values, best in zip(AXES.values(), axes, strict=True)
        ]
        named = dict(zip(MARKS, odds, strict=True))
        environment, medium, palette, grade, lighting, weather, detail = guesses
        found.append(
            Reading(
                _instances(answers, b, score[b], noun[b], threshold),
                environment,
                medium,
                palette,
                grade,
                lighting,
                weather,
                detail,
                defects={name: named[name] for name in words.DEFECTS},
                extras={name: named[name] for name in words.EXTRAS},
            )
        )
    return found


def _scores(answers: Answers) -> tuple[Tensor, Tensor]:
    """At each cell (B, G, G) the score of the likeliest noun, zero where a neighbour is hotter; and that noun."""
    heat = answers.heat.float().sigmoid()
    peak = heat == F.max_pool2d(heat, 3, stride=1, padding=1)
    best = torch.softmax(answers.noun.float(), 1).max(1)
    return (heat * peak)[:, 0] * best.values, best.indices


def _instances(answers: Answers, b: int, score: Tensor, noun: Tensor, threshold: float) -> tuple[Instance, ...]:
    """The things of picture `b`, surest first."""
    rows, columns = (score > threshold).nonzero(as_tuple=True)
    cells = score.shape[-1]
    order = score[rows, columns].argsort(descending=True)[:16]
    kept: list[Instance] = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        dx, dy = answers.offset[b, :, row, column].tolist()
        w, h = answers.size[b, :, row, column].exp().tolist()
        seen, near = answers.order[b, :, row, column].sigmoid().tolist()
        colour = COLOURS[int(answers.colour[b, :, row, column].argmax())]
        x, y = (column + 0.5 + dx) / cells, (row + 0.5 + dy) / cells
        kind = NOUNS[int(noun[row, column])]
        one = Instance(kind, colour, x, y, w, h, float(score[row, column]), near, seen)
        if all(overlap(one, other) < (0.5 if one.noun == other.noun else SAME) for other in kept):
            kept.append(one)
    return tuple(kept)
