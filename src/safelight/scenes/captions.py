"""How scenes are put into words. Read next: words.py."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from safelight.scenes import words

if TYPE_CHECKING:
    from safelight.scenes.grammar import Scene, Subject

__all__ = ["caption", "describe", "plural"]

# Where the first word of a wording is not the one that takes the plural: "vases with flowers", "cups of tea".
_TAILS = (" with ", " of ", " in ", " full ")


def plural(wording: str) -> str:
    """More than one of a thing: "knights", "buses", "vases with flowers", "puppies", "fish"."""
    ends = [at for at in (wording.find(tail) for tail in _TAILS) if at > 0]
    head, rest = (wording[: min(ends)], wording[min(ends) :]) if ends else (wording, "")
    if head.endswith("fish"):
        return head + rest
    if head.endswith(("s", "x", "z", "ch", "sh")):
        return f"{head}es{rest}"
    if head.endswith("y") and head[-2] not in "aeiou":
        return f"{head[:-1]}ies{rest}"
    return f"{head}s{rest}"


def _article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou8' else 'a'} {phrase}"


def _thing(subject: Subject) -> str:
    size, material = words.SIZES[subject.size], words.MATERIALS.get(subject.material or "", ())
    noun = words.NOUNS[subject.noun][0]
    described = " ".join([*size[:1], *material[:1], subject.colour, noun if subject.count == 1 else plural(noun)])
    return _article(described) if subject.count == 1 else f"{words.NUMBERS[subject.count][0]} {described}"


def describe(scene: Scene) -> str:
    """The one plain wording of a scene, in the usual order."""
    if scene.subjects:
        things = [_thing(subject) for subject in scene.subjects]
        relation = [words.RELATIONS[scene.relation][0]] if scene.relation else []
        what = " ".join([things[0], *relation, *things[1:], words.ENVIRONMENTS[scene.environment][0]])
    else:
        what = _article(words.LANDSCAPES[scene.environment][0])
    tables = (
        (words.LIGHTINGS, scene.lighting),
        (words.WEATHERS, scene.weather),
        (words.PALETTES, scene.palette),
        (words.GRADES, scene.grade),
        (words.DETAILS, scene.detail),
        *((words.EXTRAS, extra) for extra in scene.extras),
        (words.DEFECTS, scene.defect or ""),
    )
    tail = [word for table, value in tables for word in table.get(value, ())[:1]]
    return ", ".join([f"{_article(words.MEDIA[scene.medium][0])} of {what}", *tail])


def caption(scene: Scene, rng: Random) -> str:
    """One of the many ways to say a scene."""
    return describe(scene)
