"""The fixed questions that a model is asked: the same prompts, with the same seeds, for every model and on every day.

Each prompt comes from a scene, so what its picture should show is known to the last word; `asks` says what of it is
judged. Six tasks are GenEval's (Ghosh et al. 2023, arXiv 2310.11513), brought into this world: single, two, count,
colour, position, attribution. The others ask for styles, lights, places, several styles at once, and the prompts that
guides to Stable Diffusion print. Half of every task holds a combination that training never showed; every fifth prompt
is said in sentences and words that training never said. Colours are never asked of a pencil sketch, which has none.

    prompt i of a task = first scene of Random(sha256(version | task | i)) that is held out, or not, as i says

Read next: tasks.py for how the scenes of each task are drawn, score.py for how answers are judged.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from safelight.evaluate.tasks import TASKS, drawn
from safelight.scenes import words
from safelight.scenes.captions import caption, describe
from safelight.scenes.grammar import Scene, Subject

__all__ = [
    "GENEVAL",
    "SEEDS",
    "VERSION",
    "Prompt",
    "defect_prompts",
    "examples",
    "fingerprint",
    "prompts",
    "seed_of",
    "some",
]

VERSION = 1
"""Raised when any prompt or seed changes: scores of two versions cannot be held side by side."""
SEEDS = 4
"""Pictures of each prompt in a full run; a quick one makes the first of them."""
GENEVAL = ("single", "two", "count", "colour", "position", "attribution")


@dataclass(frozen=True)
class Prompt:
    """A question: `text`, and with `scene` and `asks` what is right.

    `asks` names what is judged: single, two, count, colour, relation, binding, environment, medium, palette, grade,
    lighting, weather, detail, extras. `held_out`: the scene holds a combination that training never showed. `reworded`:
    the text is in forms and words that training never said. `negative` is its negative prompt.
    """

    task: str
    number: int
    text: str
    scene: Scene
    asks: tuple[str, ...]
    held_out: bool = False
    reworded: bool = False
    negative: str = ""

    @property
    def name(self) -> str:
        """What it is called in lists, "count-07"."""
        return f"{self.task}-{self.number:02d}"


def random_of(*what: object) -> Random:
    """Random numbers that depend on nothing but the version and `what`."""
    digest = hashlib.sha256("|".join(map(str, (VERSION, *what))).encode()).digest()
    return Random(int.from_bytes(digest[:8], "big"))


def seed_of(prompt: Prompt, picture: int) -> int:
    """The seed of a prompt's picture, counted from 0: below 2**32, the same with a negative prompt and without."""
    return random_of("seed", prompt.name, picture).getrandbits(32)


@lru_cache(maxsize=1)
def prompts() -> tuple[Prompt, ...]:
    """All questions but those of the defects, in a fixed order: 360 of six tasks, 166 of looks, 6 examples."""
    return (*(_prompt(task, i) for task, how in TASKS.items() for i in range(how.count)), *examples())


def _prompt(task: str, i: int) -> Prompt:
    rng = random_of(task, i)
    held = i % 2 == 1
    scene = drawn(task, i // 2, held, rng)
    reworded = i % 10 in (4, 9)  # a fifth, as many of the held-out ones as of the others
    text = caption(scene, rng, templates="held-out") if reworded else describe(scene)
    return Prompt(task, i, text, scene, TASKS[task].asks, held, reworded)


def defect_prompts() -> tuple[tuple[Prompt, Prompt, Prompt], ...]:
    """28 scenes, four for each defect, three ways: the defect asked for; not named; not named, all in the negative.

    A model that learned from pictures some of which had unnamed defects makes a few by itself; the negative prompt is
    to remove them.
    """
    return tuple(_three(defect, i) for i, defect in enumerate(d for d in words.DEFECTS for _ in range(4)))


def _three(defect: str, i: int) -> tuple[Prompt, Prompt, Prompt]:
    clean = drawn("defect limbs" if defect == "extra limbs" else "defect", i, False, random_of("defect", i))
    spoilt = replace(clean, defect=defect)
    all_of_them = ", ".join(row[0] for row in words.DEFECTS.values())
    return (
        Prompt("defect asked", i, describe(spoilt), spoilt, ("defect",)),
        Prompt("defect unnamed", i, describe(clean), clean, ("no defect",)),
        # The name decides the seed: the same noise with and without.
        Prompt("defect unnamed", i, describe(clean), clean, ("no defect",), negative=all_of_them),
    )


def examples() -> tuple[Prompt, ...]:
    """The prompts that guides print, word for word, with what they say and nothing else judged."""
    car, city, warrior, fusion, astronaut, cube = words.EXAMPLES
    red_car = (Subject("sports car", "red"),)
    rider = (Subject("astronaut", "white"), Subject("horse", "brown"))
    solids = (Subject("cube", "red"), Subject("sphere", "blue"))
    cities = Scene((), "cyberpunk city", "realistic", "night", weather="rain", extras=("flying vehicles", "neon signs"))
    knight = Scene(
        (Subject("medieval warrior", "red"),), "meadow", "realistic", "golden hour", grade="cinematic",
        detail="ultra-detailed", quality=True,
    )  # fmt: skip
    fused = Scene(red_car, "city street", "realistic", "daylight", palette="cyberpunk", grade="cinematic")
    told = (
        (car, Scene(red_car, "mountain road", "realistic", "daylight"), ("single", "colour", "environment")),
        (city, cities, ("environment", "lighting", "weather", "extras")),
        (warrior, knight, ("single", "lighting", "grade", "detail")),
        (f"red sports car, {fusion}", fused, ("single", "colour", "palette", "medium", "grade")),
        (astronaut, Scene(rider, "meadow", "realistic", "daylight", "riding"), ("two", "relation", "medium")),
        (cube, Scene(solids, "studio", "realistic", "studio", "above"), ("two", "relation", "binding")),
    )
    return tuple(Prompt("examples", i, text, scene, asks) for i, (text, scene, asks) in enumerate(told))


def fingerprint() -> str:
    """SHA-256 of all prompts and their first seeds: what two reports must share to be held side by side."""
    every = (*prompts(), *(one for three in defect_prompts() for one in three))
    lines = (f"{one.name}|{one.text}|{one.negative}|{one.scene.to_json()}|{seed_of(one, 0)}" for one in every)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def some(among: Sequence[Prompt], most: int | None) -> Iterator[Prompt]:
    """The first `most` prompts of each task (None: all of them)."""
    for prompt in among:
        if most is None or prompt.number < most:
            yield prompt
