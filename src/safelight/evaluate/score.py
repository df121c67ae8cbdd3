"""Was the question answered? GenEval's rules, told by the recogniser; shares right, with how sure they are.

    single     the thing is there                    count      it is there exactly as often as asked
    colour     the surest one has the colour         two        both things are there
    relation   `read.holds`, of the surest of each   binding    each of the two has its own colour
    others     the recogniser's likeliest value is the scene's

A picture is right when everything that its prompt asks is. A task's score is the share of its pictures that are right;
"mean of six" is the mean of GenEval's six tasks. Pictures of one prompt are not independent, so standard errors are
taken over prompts:  se = sd(share right of each prompt) / sqrt(prompts).

Ghosh et al. 2023, arXiv 2310.11513. Read next: read.py for the rule of relations, report.py for where scores go.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from safelight.evaluate.prompts import GENEVAL, Prompt
from safelight.evaluate.read import Reading, holds
from safelight.scenes import words
from safelight.scenes.grammar import Scene

__all__ = ["Judged", "Share", "answers", "defects", "judge", "share", "table", "targets"]

PRESENT = 0.5
"""From which probability a defect or an extra counts as there."""


@dataclass(frozen=True)
class Judged:
    """One picture's answers: for each thing asked, whether it is so."""

    prompt: Prompt
    answers: dict[str, bool]

    @property
    def right(self) -> bool:
        """Whether all of it is so."""
        return all(self.answers.values())


@dataclass(frozen=True)
class Share:
    """A share of right pictures, 0 to 1, its standard error, and how many pictures it is of."""

    share: float
    error: float
    pictures: int

    def to_json(self) -> dict[str, float]:
        """As plain numbers."""
        return asdict(self)


def answers(prompt: Prompt, reading: Reading) -> dict[str, bool]:
    """Hold a reading against each thing that a prompt asks."""
    return {ask: _CHECKS[ask](prompt.scene, reading) for ask in prompt.asks}


def judge(prompts: Sequence[Prompt], readings: Sequence[Reading]) -> list[Judged]:
    """Judge each picture; lists of the same length."""
    return [Judged(prompt, answers(prompt, reading)) for prompt, reading in zip(prompts, readings, strict=True)]


def share(judged: Iterable[tuple[Prompt, bool]]) -> Share | None:
    """The share of right pictures and its standard error over prompts; None if there are none."""
    by_prompt: dict[str, list[bool]] = {}
    for prompt, right in judged:
        by_prompt.setdefault(prompt.name, []).append(right)
    if not by_prompt:
        return None
    shares = np.array([np.mean(rights) for rights in by_prompt.values()])
    error = float(shares.std(ddof=1) / math.sqrt(len(shares))) if len(shares) > 1 else float("nan")
    return Share(float(shares.mean()), error, sum(map(len, by_prompt.values())))


def table(judged: Sequence[Judged]) -> dict[str, dict[str, Share]]:
    """Every task's share: {task: {"all", "seen", "held-out", "usual words", "reworded": Share}}, and "mean of six".

    The mean's error is that of a mean of independent shares.
    """
    found: dict[str, dict[str, Share]] = {}
    columns: dict[str, Callable[[Prompt], bool]] = {
        "all": lambda prompt: True,
        "seen": lambda prompt: not prompt.held_out,
        "held-out": lambda prompt: prompt.held_out,
        "usual words": lambda prompt: not prompt.reworded,
        "reworded": lambda prompt: prompt.reworded,
    }
    for task in dict.fromkeys(one.prompt.task for one in judged):
        of = [one for one in judged if one.prompt.task == task]
        row = {name: share((one.prompt, one.right) for one in of if keep(one.prompt)) for name, keep in columns.items()}
        found[task] = {name: value for name, value in row.items() if value is not None}
    if set(GENEVAL) <= set(found):
        mean = {name: _mean([found[task][name] for task in GENEVAL if name in found[task]]) for name in columns}
        found = {"mean of six": {name: value for name, value in mean.items() if value is not None}} | found
    return found


def _mean(shares: Sequence[Share]) -> Share | None:
    if len(shares) < len(GENEVAL):
        return None
    error = math.sqrt(sum(one.error**2 for one in shares)) / len(shares)
    return Share(sum(one.share for one in shares) / len(shares), error, sum(one.pictures for one in shares))


def targets(judged: Sequence[Judged]) -> dict[str, Share]:
    """The factors that a model is held to: each over all pictures that ask for it.

    A colour counts where its thing is there, relation and binding where both things are: what is missing has neither.
    """
    rows = {
        "single subject": ("single", None), "its colour": ("colour", "single"), "medium": ("medium", None),
        "lighting": ("lighting", None), "environment": ("environment", None), "count exact": ("count", None),
        "two subjects": ("two", None), "relation": ("relation", "two"), "two-colour binding": ("binding", "two"),
    }  # fmt: skip
    found: dict[str, Share] = {}
    for name, (ask, given) in rows.items():
        asked = [one for one in judged if ask in one.answers and (given is None or one.answers.get(given, True))]
        value = share((one.prompt, one.answers[ask]) for one in asked)
        if value is not None:
            found[name] = value
    return found


def defects(readings: Sequence[Reading]) -> dict[str, float]:
    """For each defect the share of pictures that show it, and "any": the share that show at least one."""
    found = {name: float(np.mean([one.defects[name] > PRESENT for one in readings])) for name in words.DEFECTS}
    return found | {"any": float(np.mean([max(one.defects.values()) > PRESENT for one in readings]))}


# -- The rules ---------------------------------------------------------------------------------------------------------


def _has(reading: Reading, noun: str, colour: str | None = None) -> bool:
    """Whether a noun is there; with a colour: whether the surest of them has it."""
    surest = next((one for one in reading.instances if one.noun == noun), None)
    return surest is not None and colour in (None, surest.colour)


def _every(scene: Scene, reading: Reading, coloured: bool) -> bool:
    return all(_has(reading, thing.noun, thing.colour if coloured else None) for thing in scene.subjects)


def _count(scene: Scene, reading: Reading) -> bool:
    (thing,) = scene.subjects
    return sum(one.noun == thing.noun for one in reading.instances) == thing.count


def _relation(scene: Scene, reading: Reading) -> bool:
    surest = {one.noun: one for one in reversed(reading.instances)}
    first, second = (surest.get(thing.noun) for thing in scene.subjects)
    return first is not None and second is not None and holds(scene.relation or "", first, second)


_CHECKS: dict[str, Callable[[Scene, Reading], bool]] = {
    "single": lambda scene, reading: _every(scene, reading, False),
    "two": lambda scene, reading: _every(scene, reading, False),
    "colour": lambda scene, reading: _every(scene, reading, True),
    "binding": lambda scene, reading: _every(scene, reading, True),
    "count": _count,
    "relation": _relation,
    "environment": lambda scene, reading: reading.environment.value == scene.environment,
    "medium": lambda scene, reading: reading.medium.value == scene.medium,
    "palette": lambda scene, reading: reading.palette.value == scene.palette,
    "grade": lambda scene, reading: reading.grade.value == scene.grade,
    "lighting": lambda scene, reading: reading.lighting.value == scene.lighting,
    "weather": lambda scene, reading: reading.weather.value == scene.weather,
    "detail": lambda scene, reading: reading.detail.value == scene.detail,
    "extras": lambda scene, reading: all(reading.extras[name] > PRESENT for name in scene.extras),
    "defect": lambda scene, reading: reading.defects[scene.defect or ""] > PRESENT,
    "no defect": lambda scene, reading: max(reading.defects.values()) <= PRESENT,
}
