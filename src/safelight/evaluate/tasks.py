"""Which scenes each task draws: what changes from prompt to prompt, what stays plain, where the held-out pair lies.

    nouns, colours, media, lights, places go round in turn; the rest is chance, until the scene is one of this world
    and holds, or does not hold, a combination that training never showed

That combination lies where the task looks: a colour that a noun never had, for the task of colours. The rest of a scene
is as plain as the task allows, so that one task measures one thing. To add a task, write how its scene is made and add
a row to `TASKS`; prompts.py then asks it. Read next: prompts.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from safelight.scenes import words
from safelight.scenes.grammar import MOUNTS, RIDERS, Scene, Subject, held_out_pair, objection

__all__ = ["TASKS", "Task", "drawn"]

NOUNS, COLOURED = tuple(words.NOUNS), tuple(name for name in words.MEDIA if name != "pencil sketch")
MEDIA, ENVIRONMENTS, LIGHTS = tuple(words.MEDIA), tuple(words.ENVIRONMENTS), tuple(words.LIGHTINGS)
PLACED = tuple(name for name in words.RELATIONS if name != "riding")
STYLES = tuple((palette, grade) for palette in words.PALETTES for grade in words.GRADES)
BY_DAY = ("daylight", "daylight", "golden hour", "dramatic")
ATTEMPTS = 20_000

Make = Callable[[int, Random], Scene]


@dataclass(frozen=True)
class Task:
    """`count` prompts whose scenes `make` draws; `asks` is judged; `axes` is where pairs are held out."""

    count: int
    asks: tuple[str, ...]
    axes: tuple[str, ...]
    make: Make


def turn(values: Sequence[str], i: int, rng: Random) -> str:
    """Value `i` in turn; now and then any other, so that every wish can be met."""
    return values[i % len(values)] if rng.random() < 0.8 else rng.choice(values)


def _plain(subjects: tuple[Subject, ...], rng: Random, medium: str, relation: str | None = None) -> Scene:
    place = rng.choice(ENVIRONMENTS)
    lighting = "studio" if place == "studio" else rng.choice(BY_DAY)
    return Scene(subjects, place, medium, lighting, relation, layout=rng.getrandbits(32))


def _colours(rng: Random) -> tuple[str, str]:
    first, second = rng.sample(words.COLOURS, 2)
    return first, second


def _single(i: int, rng: Random) -> Scene:
    return _plain((Subject(turn(NOUNS, i, rng), rng.choice(words.COLOURS)),), rng, turn(MEDIA, i, rng))


def _colour(i: int, rng: Random) -> Scene:
    thing = Subject(turn(NOUNS, i * 7, rng), turn(words.COLOURS, i, rng))
    return _plain((thing,), rng, turn(COLOURED, i, rng))


def _count(i: int, rng: Random) -> Scene:
    thing = Subject(turn(NOUNS, i, rng), rng.choice(words.COLOURS), 2 + i % 3)
    return _plain((thing,), rng, turn(COLOURED, i, rng))


def _pair(i: int, rng: Random, relation: str) -> Scene:
    nouns, colours = (turn(NOUNS, i * 5, rng), rng.choice(NOUNS)), _colours(rng)
    if relation == "riding":
        nouns = (rng.choice(RIDERS), rng.choice(MOUNTS))
    first, second = (Subject(noun, colour) for noun, colour in zip(nouns, colours, strict=True))
    return _plain((first, second), rng, turn(COLOURED, i, rng), relation)


def _two(i: int, rng: Random) -> Scene:
    return _pair(i, rng, rng.choice(PLACED[:2]))


def _position(i: int, rng: Random) -> Scene:
    return _pair(i, rng, PLACED[i % len(PLACED)])


def _attribution(i: int, rng: Random) -> Scene:
    return _pair(i + 3, rng, rng.choice(PLACED[:2]))


def _style(i: int, rng: Random) -> Scene:
    """Every medium in turn, half of them with a palette or a grade."""
    palette, grade = (STYLES[0], STYLES[1], STYLES[0], STYLES[2])[i // len(MEDIA) % 4]
    return replace(_single(i, rng), medium=MEDIA[i % len(MEDIA)], palette=palette, grade=grade)


def _fusion(i: int, rng: Random) -> Scene:
    """A medium with a palette and a grade."""
    palette, grade = STYLES[3 + 2 * (i % 2)]
    return replace(_single(i, rng), medium=turn(MEDIA, i // 2, rng), palette=palette, grade=grade)


def _lighting(i: int, rng: Random) -> Scene:
    lighting = LIGHTS[i % len(LIGHTS)]
    return replace(_single(i, rng), lighting=lighting, environment=_lit_place(lighting, rng))


def _lit_place(lighting: str, rng: Random) -> str:
    if lighting == "studio":
        return "studio"
    cities = ("city street", "cyberpunk city")
    return rng.choice(cities if lighting == "neon" else [name for name in ENVIRONMENTS if name != "studio"])


def _environment(i: int, rng: Random) -> Scene:
    place = ENVIRONMENTS[i % len(ENVIRONMENTS)]
    lighting = "studio" if place == "studio" else rng.choice(BY_DAY)
    return replace(_single(i * 3, rng), environment=place, lighting=lighting)


def _clean(i: int, rng: Random) -> Scene:
    return replace(_single(i, rng), medium=rng.choice(("realistic", "flat vector", "oil", "low poly")))


def _limbed(i: int, rng: Random) -> Scene:
    alive = (*words.FAMILIES["people"], *words.FAMILIES["animals"])
    return replace(_clean(i, rng), subjects=(Subject(rng.choice(alive), rng.choice(words.COLOURS)),))


def drawn(task: str, number: int, held: bool, rng: Random) -> Scene:
    """Scene `number` of a task, with a held-out pair on the task's axes, or with none on any axis."""
    how = TASKS.get(task) or _DEFECTS[task]
    for attempt in range(ATTEMPTS):
        scene = how.make(number + attempt // 400, rng)  # what has no such pair gives way to the next
        if objection(scene) is not None:
            continue
        out = {pair[0] for pair in scene.pairs() if held_out_pair(*pair)}
        if out.intersection(how.axes) if held else not out:
            return scene
    raise AssertionError(f"no scene for {task} {number}, held out: {held}")


_OF_THINGS = ("noun colour", "noun medium", "noun environment")
TASKS: dict[str, Task] = {
    "single": Task(60, ("single",), ("noun medium", "noun environment"), _single),
    "two": Task(60, ("two",), _OF_THINGS, _two),
    "count": Task(60, ("count",), _OF_THINGS, _count),
    "colour": Task(60, ("single", "colour"), ("noun colour",), _colour),
    "position": Task(60, ("two", "relation"), ("relation",), _position),
    "attribution": Task(60, ("two", "binding"), ("noun colour",), _attribution),
    "style": Task(56, ("medium", "palette", "grade"), ("noun medium", "style"), _style),
    "lighting": Task(42, ("lighting",), ("medium lighting",), _lighting),
    "environment": Task(44, ("environment",), ("noun environment",), _environment),
    "fusion": Task(24, ("medium", "palette", "grade"), ("style",), _fusion),
}
_DEFECTS = {"defect": Task(28, (), (), _clean), "defect limbs": Task(4, (), (), _limbed)}
