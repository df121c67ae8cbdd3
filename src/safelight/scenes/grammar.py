"""The grammar of the world: which scenes there are, how often each thing is drawn, and what training never shows.

A scene is the truth about one picture; it is drawn by counter (seed, index), so any worker makes any scene without
asking another. Some combinations of values are held out, chosen by a hash that needs no list (as CLEVR-CoGenT does,
Johnson et al. 2017): training never shows them, evaluation asks for exactly them.

    held_out(a, b)  <=>  sha256("salt|axis|a|b") mod 100 < percent of the axis

How a scene is put into words: captions.py. Read next: words.py for the words, render.py for the picture.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from random import Random

from safelight.errors import RecipeError, nearest
from safelight.scenes import words
from safelight.scenes.captions import caption

__all__ = ["MOUNTS", "RIDERS", "Scene", "Subject", "caption", "held_out", "held_out_pair", "objection", "scene"]

RIDERS = ("astronaut", "medieval warrior", "robot")
MOUNTS = ("horse", "dragon", "bicycle")
CITIES = ("city street", "cyberpunk city")
# In place of "B is R of A" these say "A is the mirrored R of B": one picture, and so one decision to hold it out.
_MIRRORED = {"right of": "left of", "below": "above", "behind": "in front of"}

# Percent held out on each axis, and a salt, found by counting upwards: with it every single word keeps more than 85 %
# of its partners on that axis, and the scenes of `words.EXAMPLES` may be trained. After a change of the words the tests
# say which axis needs another.
_AXES = {
    "noun colour": (8, 800007),
    "noun medium": (8, 3497),
    "noun environment": (8, 525157),
    "medium lighting": (8, 19),
    "relation": (10, 3),
    "style": (10, 2),
}

_KINDS = {"one": 62, "many": 12, "two": 16, "riding": 4, "landscape": 6}
_NOUNS = {noun: 3 if noun in RIDERS + MOUNTS else 4 for noun in words.NOUNS}  # those are also drawn riding
_MEDIA = {"flat vector": 25, "realistic": 25, "watercolor": 10, "oil": 10, "pixel art": 10, "pencil sketch": 10}
_MEDIA |= {"low poly": 10}
_PALETTES = {"natural": 70, "cyberpunk": 15, "vintage": 15}
_GRADES = {"none": 75, "cinematic": 25}
_DETAILS = {"minimalist": 20, "plain": 50, "ultra-detailed": 30}
_SIZES = {"medium": 70, "small": 15, "large": 15}
_MATERIALS = {"none": 60, "matte": 20, "shiny": 20}
# All lights together: daylight 35 %, every other one 8 to 14 %.
_LIGHTS_STUDIO = {"daylight": 14, "golden hour": 5, "night": 4, "neon": 14, "fog": 3, "studio": 48, "dramatic": 12}
_LIGHTS_CITY = {"daylight": 26, "golden hour": 11, "night": 16, "neon": 30, "fog": 7, "studio": 1, "dramatic": 9}
_LIGHTS = {"daylight": 39, "golden hour": 16, "night": 13, "neon": 4, "fog": 12, "studio": 4, "dramatic": 12}
# Where there can be weather: a fifth of all scenes has some.
_WEATHERS = {"none": 74, "rain": 15, "snow": 11}
_DEFECT_SHARE, _QUALITY_SHARE = 0.15, 0.35
_FLYING = {"cyberpunk city": 0.45, "city street": 0.12, "mars": 0.10}
_NEON_SIGNS = {"cyberpunk city": 0.55, "city street": 0.25}
_CLOUDS = 0.15


@dataclass(frozen=True)
class Subject:
    """A thing: its noun and the colour of its coloured part, and `count` of it side by side.

    `size` (small, medium, large) and `material` (None, "matte", "shiny") are for objects and shapes.
    """

    noun: str
    colour: str
    count: int = 1
    size: str = "medium"
    material: str | None = None


@dataclass(frozen=True)
class Scene:
    """The truth about one picture; the values are the keys of the tables in words.py.

    `subjects`: none (a landscape), one, or two of which the first stands in `relation` to the second. `quality`:
    captions may praise the picture. `layout` seeds all jitter.
    """

    subjects: tuple[Subject, ...]
    environment: str
    medium: str
    lighting: str
    relation: str | None = None
    palette: str = "natural"
    grade: str = "none"
    weather: str = "none"
    detail: str = "plain"
    extras: tuple[str, ...] = ()
    defect: str | None = None
    quality: bool = False
    layout: int = 0

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        """Read what `to_json` wrote. Raises `RecipeError` if the text is no scene of known values."""
        try:
            fields = json.loads(text)
            subjects = tuple(Subject(**subject) for subject in fields.pop("subjects"))
            found = cls(subjects=subjects, extras=tuple(fields.pop("extras", ())), **fields)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RecipeError(f"not the JSON of a scene: {error}; `safelight scenes render` writes some") from None
        _expect_known(found)
        return found

    def pairs(self) -> tuple[tuple[str, str, str], ...]:
        """The combinations of values that may be held out: (axis, first, second).

        On the axis "relation" they are a relation and "family|family", on the axis "style" a medium and
        "palette|grade".
        """
        found = [("medium lighting", self.medium, self.lighting)]
        for subject in self.subjects:
            found.append(("noun colour", subject.noun, subject.colour))
            found.append(("noun medium", subject.noun, self.medium))
            found.append(("noun environment", subject.noun, self.environment))
        # Two families ride at all: without one of them there would be too little left to learn riding from.
        if self.relation is not None and self.relation != "riding":
            first, second = (words.FAMILY[subject.noun] for subject in self.subjects)
            if self.relation in _MIRRORED:
                first, second = second, first
            found.append(("relation", _MIRRORED.get(self.relation, self.relation), f"{first}|{second}"))
        if (self.palette, self.grade) != ("natural", "none"):
            found.append(("style", self.medium, f"{self.palette}|{self.grade}"))
        return tuple(found)


@lru_cache(maxsize=4096)
def held_out_pair(axis: str, first: str, second: str) -> bool:
    """Whether training never shows one of the combinations of `Scene.pairs`."""
    percent, salt = _AXES[axis]
    digest = hashlib.sha256(f"{salt}|{axis}|{first}|{second}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < percent


def held_out(scene: Scene) -> bool:
    """Whether a scene holds a combination of values that training never shows."""
    return any(held_out_pair(*pair) for pair in scene.pairs())


def objection(scene: Scene) -> str | None:
    """Why this world has no such scene, or None if it has: the rules, once."""
    nouns = [subject.noun for subject in scene.subjects]
    families = [words.FAMILY[noun] for noun in nouns]
    outdoors = scene.environment not in ("studio", "mars")  # where weather can be
    rules = (
        (len(nouns) <= 2, "a scene has at most two subjects"),
        ((scene.relation is None) == (len(nouns) < 2), "two subjects stand in a relation, fewer in none"),
        (len(set(nouns)) == len(nouns), "two subjects are two different things, or they could not be told apart"),
        (len({subject.colour for subject in scene.subjects}) == len(nouns), "two subjects have different colours"),
        (all(1 <= subject.count <= 4 for subject in scene.subjects), "there are one to four of a thing"),
        (len(nouns) == 1 or all(subject.count == 1 for subject in scene.subjects), "only a single subject is counted"),
        (
            all(
                family in ("objects", "shapes") or (subject.size, subject.material) == ("medium", None)
                for family, subject in zip(families, scene.subjects, strict=True)
            ),
            "only objects and shapes have a size or a material",
        ),
        (
            scene.relation != "riding" or (nouns[0] in RIDERS and nouns[1] in MOUNTS),
            f"only {', '.join(RIDERS)} ride, and only on {', '.join(MOUNTS)}",
        ),
        (
            scene.defect != "extra limbs"
            or (len(nouns) == 1 and families[0] in ("people", "animals") and scene.subjects[0].count == 1),
            "only a single person or animal has limbs to spare",
        ),
        (scene.defect is None or not scene.quality, "what has a defect is not praised"),
        (bool(nouns) or scene.environment != "studio", "an empty studio is no landscape"),
        (outdoors or scene.weather == "none", "there is weather only outdoors, and none on mars"),
        (scene.weather == "none" or scene.lighting != "studio", "no studio light in rain or snow"),
        ("neon signs" not in scene.extras or scene.environment in CITIES, "neon signs hang in cities"),
        ("clouds" not in scene.extras or outdoors, "there are clouds only outdoors, and none on mars"),
        ("flying vehicles" not in scene.extras or scene.environment != "studio", "nothing flies in the studio"),
    )
    return next((why for holds, why in rules if not holds), None)


def scene(seed: int, index: int, held_out: bool = False) -> Scene:
    """Scene number `index` of world `seed`: one that training may show, or with `held_out` one that it never shows."""
    digest = hashlib.sha256(f"scene|{seed}|{index}|{int(held_out)}".encode()).digest()
    rng = Random(int.from_bytes(digest[:8], "big"))
    kind = _pick(rng, _KINDS)
    medium, noun = _pick(rng, _MEDIA), _first(rng, kind)
    while not held_out and held_out_pair("noun medium", noun, medium):
        noun = _first(rng, kind)
    while True:
        drawn = _draw(rng, kind, noun, medium)
        if any(held_out_pair(*pair) for pair in drawn.pairs()) == held_out:
            return drawn
        if held_out:  # few values are held out together: look among all. For training they are kept, or those of
            medium, noun = _pick(rng, _MEDIA), _first(rng, kind)  # which more is held out would become rare.


def _pick(rng: Random, odds: Mapping[str, int]) -> str:
    at = rng.random() * sum(odds.values())
    for value, weight in odds.items():
        at -= weight
        if at < 0:
            return value
    return next(reversed(tuple(odds)))


def _one(rng: Random, values: Sequence[str]) -> str:
    return values[int(rng.random() * len(values))]


def _first(rng: Random, kind: str) -> str:
    """The noun that a scene of a kind is drawn round."""
    return _one(rng, RIDERS) if kind == "riding" else _pick(rng, _NOUNS)


def _draw(rng: Random, kind: str, noun: str, medium: str) -> Scene:
    """A scene of a kind, within the rules but perhaps held out."""
    subjects = _subjects(rng, kind, noun)
    relation = None
    if kind in ("two", "riding"):
        relation = "riding" if kind == "riding" else _one(rng, [name for name in words.RELATIONS if name != "riding"])
    environment = _one(rng, tuple(words.LANDSCAPES if kind == "landscape" else words.ENVIRONMENTS))
    lights = _LIGHTS_STUDIO if environment == "studio" else _LIGHTS_CITY if environment in CITIES else _LIGHTS
    lighting = _pick(rng, lights)
    dry = environment in ("studio", "mars") or lighting == "studio"
    defect = _defect(rng, kind, subjects) if rng.random() < _DEFECT_SHARE else None
    return Scene(
        subjects=subjects,
        environment=environment,
        medium=medium,
        lighting=lighting,
        relation=relation,
        palette=_pick(rng, _PALETTES),
        grade=_pick(rng, _GRADES),
        weather="none" if dry else _pick(rng, _WEATHERS),
        detail=_pick(rng, _DETAILS),
        extras=_extras(rng, environment, lighting),
        defect=defect,
        quality=defect is None and rng.random() < _QUALITY_SHARE,
        layout=rng.getrandbits(32),
    )


def _subjects(rng: Random, kind: str, noun: str) -> tuple[Subject, ...]:
    if kind == "landscape":
        return ()
    colour = _one(rng, words.COLOURS)
    if kind in ("one", "many"):
        return (_subject(rng, noun, colour, 2 + int(rng.random() * 3) if kind == "many" else 1),)
    second = _one(rng, MOUNTS) if kind == "riding" else _pick(rng, _NOUNS | {noun: 0})
    other = _one(rng, [value for value in words.COLOURS if value != colour])
    return (_subject(rng, noun, colour), _subject(rng, second, other))


def _subject(rng: Random, noun: str, colour: str, count: int = 1) -> Subject:
    if words.FAMILY[noun] not in ("objects", "shapes"):
        return Subject(noun, colour, count)
    size, material = _pick(rng, _SIZES), _pick(rng, _MATERIALS)
    return Subject(noun, colour, count, size, None if material == "none" else material)


def _defect(rng: Random, kind: str, subjects: tuple[Subject, ...]) -> str:
    """Any defect; surplus limbs more often where they can be, since they can be in a fifth of the scenes only."""
    limbed = kind == "one" and words.FAMILY[subjects[0].noun] in ("people", "animals")
    if limbed and rng.random() < 0.45:
        return "extra limbs"
    return _one(rng, [name for name in words.DEFECTS if name != "extra limbs"])


def _extras(rng: Random, environment: str, lighting: str) -> tuple[str, ...]:
    if environment == "studio":
        return ()
    found: list[str] = []
    if rng.random() < _FLYING.get(environment, 0.03):
        found.append("flying vehicles")
    if environment != "mars" and lighting != "fog" and rng.random() < _CLOUDS:
        found.append("clouds")
    if rng.random() < _NEON_SIGNS.get(environment, 0.0):
        found.append("neon signs")
    return tuple(found)


def _expect_known(scene: Scene) -> None:
    """Refuse values that words.py does not know. Raises `RecipeError`."""
    values: list[tuple[str, object, Mapping[str, object] | Sequence[str]]] = [
        ("environment", scene.environment, words.ENVIRONMENTS),
        ("medium", scene.medium, words.MEDIA),
        ("lighting", scene.lighting, words.LIGHTINGS),
        ("relation", scene.relation, (*words.RELATIONS, "")),
        ("palette", scene.palette, words.PALETTES),
        ("grade", scene.grade, words.GRADES),
        ("weather", scene.weather, words.WEATHERS),
        ("detail", scene.detail, words.DETAILS),
        ("defect", scene.defect, words.DEFECTS),
    ]
    values += [("extra", extra, words.EXTRAS) for extra in scene.extras]
    for subject in scene.subjects:
        values += [
            ("noun", subject.noun, words.NOUNS),
            ("colour", subject.colour, words.COLOURS),
            ("size", subject.size, words.SIZES),
            ("material", subject.material, words.MATERIALS),
        ]
        if not isinstance(subject.count, int) or not 1 <= subject.count <= 4:
            raise RecipeError(f"a scene shows 1 to 4 of a thing, not {subject.count!r}")
    for name, value, known in values:
        if value is None and name in ("relation", "material", "defect"):
            continue
        if not isinstance(value, str) or value not in known:
            raise RecipeError(f"a scene knows no {name} {value!r}.{nearest(str(value), known)}")
    if not isinstance(scene.quality, bool) or not isinstance(scene.layout, int):
        raise RecipeError("in a scene quality is true or false, and layout a whole number")
