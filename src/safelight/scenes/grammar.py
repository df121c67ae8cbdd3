"""The grammar of the world: which scenes there are, which are never shown in training, and how they are described.

A scene is the truth about one picture; it is drawn by counter (seed, index), so any worker makes any scene without
asking another. Some pairs of values are held out, chosen by a hash that needs no list (the split of CLEVR-CoGenT,
Johnson et al. 2017): training never shows them, evaluation asks for exactly them.

    held_out(a, b)  <=>  sha256("axis|a|b") mod 100 < 8

Read next: words.py for the wordings, render.py for the picture.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from random import Random

from safelight.scenes import words

__all__ = ["Scene", "Subject", "caption", "held_out", "scene"]

HELD_OUT_PERCENT = 8
_MEDIA_ODDS = {"flat vector": 28, "realistic": 28, "watercolor": 22, "pixel art": 22}
_LIGHT_ODDS = {"daylight": 37, "golden hour": 23, "night": 22, "fog": 18}
_DETAIL_ODDS = {"minimalist": 20, "plain": 50, "ultra-detailed": 30}
_DEFECT_ODDS = 0.135


@dataclass(frozen=True)
class Subject:
    """A thing with a colour."""

    noun: str
    colour: str


@dataclass(frozen=True)
class Scene:
    """The truth about one picture.

    `layout` seeds all jitter; `quality`: captions may praise the picture; `others`: further subjects, no use yet.
    """

    noun: str
    colour: str
    environment: str
    medium: str
    lighting: str
    detail: str = "plain"
    defect: str | None = None
    quality: bool = False
    layout: int = 0
    others: tuple[Subject, ...] = ()

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Scene":
        """The scene that `to_json` wrote."""
        fields = json.loads(text)
        others = tuple(Subject(**other) for other in fields.pop("others", ()))
        return cls(**fields, others=others)

    def pairs(self) -> tuple[tuple[str, str, str], ...]:
        """The pairs of values that may be held out: (axis, first, second)."""
        return (
            ("noun colour", self.noun, self.colour),
            ("noun medium", self.noun, self.medium),
            ("noun environment", self.noun, self.environment),
            ("medium lighting", self.medium, self.lighting),
        )


def _held_out_pair(axis: str, first: str, second: str) -> bool:
    digest = hashlib.sha256(f"{axis}|{first}|{second}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 100 < HELD_OUT_PERCENT


def held_out(scene: Scene) -> bool:
    """Whether a scene holds a pair of values that training never shows."""
    return any(_held_out_pair(*pair) for pair in scene.pairs())


def scene(seed: int, index: int, held_out: bool = False) -> Scene:
    """Scene number `index` of world `seed`: one that training may show, or with `held_out` one that it never shows."""
    digest = hashlib.sha256(f"scene|{seed}|{index}|{int(held_out)}".encode()).digest()
    rng = Random(int.from_bytes(digest[:8], "big"))
    while True:
        drawn = _draw(rng)
        if any(_held_out_pair(*pair) for pair in drawn.pairs()) == held_out:
            return drawn


def _pick(rng: Random, odds: dict[str, int]) -> str:
    at = rng.random() * sum(odds.values())
    for value, weight in odds.items():
        at -= weight
        if at < 0:
            return value
    return next(reversed(odds))


def _one(rng: Random, values: words.Words) -> str:
    return values[int(rng.random() * len(values))]


def _draw(rng: Random) -> Scene:
    defect = _one(rng, tuple(words.DEFECTS)) if rng.random() < _DEFECT_ODDS else None
    return Scene(
        noun=_one(rng, tuple(words.NOUNS)),
        colour=_one(rng, words.COLOURS),
        environment=_one(rng, tuple(words.ENVIRONMENTS)),
        medium=_pick(rng, _MEDIA_ODDS),
        lighting=_pick(rng, _LIGHT_ODDS),
        detail=_pick(rng, _DETAIL_ODDS),
        defect=defect,
        quality=defect is None and rng.random() < 0.35,
        layout=rng.getrandbits(32),
    )


def caption(scene: Scene, rng: Random) -> str:
    """One of the many ways to say a scene; never one of `words.EXAMPLES`."""
    while True:
        text = _realise(scene, rng)
        if text.lower() not in _EXAMPLES:
            return text


_EXAMPLES = frozenset(example.lower() for example in words.EXAMPLES)


def _article(phrase: str) -> str:
    return f"{'an' if phrase[0] in 'aeiou8' else 'a'} {phrase}"


def _realise(scene: Scene, rng: Random) -> str:
    coloured = f"{scene.colour} " if rng.random() < 0.90 else ""
    thing = coloured + _wording(rng, words.NOUNS[scene.noun])
    style = _wording(rng, words.MEDIA[scene.medium])
    form = rng.random()
    # Prompts are often typed without an article; "portrait of" belongs to people alone.
    subject = thing if form >= 0.3 and rng.random() < 0.35 else _article(thing)
    if scene.noun in words.PEOPLE and rng.random() < 0.2:
        subject = f"a portrait of {_article(thing)}"
    place = f" {_wording(rng, words.ENVIRONMENTS[scene.environment])}" if rng.random() < 0.82 else ""

    tail: list[str] = []
    if rng.random() < 0.62:
        tail.append(_wording(rng, words.LIGHTINGS[scene.lighting]))
    if words.DETAILS[scene.detail] and rng.random() < 0.6:
        tail.append(_detail(scene, rng))
    if scene.quality:
        first = _one(rng, words.QUALITY)
        tail.append(first)
        second = _one(rng, words.QUALITY)
        if second != first and rng.random() < 0.4:
            tail.append(second)
    if scene.defect is not None and rng.random() < 0.85:
        tail.append(_wording(rng, words.DEFECTS[scene.defect]))
    if rng.random() < 0.06:
        tail.append(_one(rng, words.FILLERS))
    if rng.random() < 0.04:
        tail.insert(int(rng.random() * (len(tail) + 1)), _one(rng, words.STRAYS))

    if form < 0.3:
        head = f"{_article(style)} of {subject}{place}"
    elif form < 0.7:
        head = subject + place
        tail.insert(0, style)
    else:
        head = subject + place
    if rng.random() < 0.3:
        tail = [item for _, item in sorted((rng.random(), item) for item in tail)]
    return ", ".join([head, *tail])


def _wording(rng: Random, wordings: words.Words) -> str:
    """The plain wording half of the time, else any."""
    return wordings[0] if rng.random() < 0.4 else _one(rng, wordings)


def _detail(scene: Scene, rng: Random) -> str:
    word = _wording(rng, words.DETAILS[scene.detail])
    if scene.detail == "ultra-detailed" and word != "intricate details" and rng.random() < 0.3:
        return f"{word} {'armor ' if scene.noun == 'medieval warrior' and rng.random() < 0.5 else ''}texture"
    return word
