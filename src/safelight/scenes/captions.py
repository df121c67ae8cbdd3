"""How scenes are put into words: one plain way for asking, many ways for teaching, and other ways for examining.

    subject + environment + style + lighting + detail + quality        (the order that guides to v1.4 teach)

A training caption leaves things out, shuffles, uses other wordings, and now and then says words that mean nothing here,
so that a prompt may do the same. Three sentence forms and one wording per row (`words.HELD_OUT`) are kept for
evaluation: a caption of those says everything that is true of the scene, so that everything can be judged.

Read next: words.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Literal

from safelight.scenes import words

if TYPE_CHECKING:  # grammar.py imports `caption` from here
    from safelight.scenes.grammar import Scene, Subject

__all__ = ["Templates", "caption", "describe", "plural", "unknown_words", "vocabulary"]

Templates = Literal["train", "held-out"]

LONGEST = 34  # words of a training caption, so that it fits 77 tokens however it is cut into pieces
PORTRAIT, TEXTURE, ANATOMY = "portrait", "texture", "distorted anatomy"  # said of some things only
# The words that join the others; they name nothing.
JOINING = ("a", "an", "the", "of", "in", "on", "at", "by", "to", "with", "and", "is", "are", "there", "from", "into")
_HEAD_ENDS = (" with ", " of ", " in ", " full ")  # before these stands what takes the plural: "vases with flowers"
_ADVERBIAL = ("in ", "at ", "on ", "under ", "lit ")  # needs no comma: "a house at night"
_STREETS = ("city street", "cyberpunk city", "mountain road")


def plural(wording: str) -> str:
    """More than one of a thing: "knights", "buses", "vases with flowers", "puppies", "spacemen", "fish"."""
    ends = [at for at in (wording.find(end) for end in _HEAD_ENDS) if at > 0]
    head, rest = (wording[: min(ends)], wording[min(ends) :]) if ends else (wording, "")
    if head.endswith("fish"):
        return head + rest
    if head.endswith("man"):
        return f"{head[:-3]}men{rest}"
    if head.endswith(("s", "x", "z", "ch", "sh")):
        return f"{head}es{rest}"
    if head.endswith("y") and head[-2] not in "aeiou":
        return f"{head[:-1]}ies{rest}"
    return f"{head}s{rest}"


def caption(scene: Scene, rng: Random, templates: Templates = "train") -> str:
    """One of the many ways to say a scene, in lower case; for training never one of `words.EXAMPLES`.

    With `templates="held-out"` every form and every wording that has one is one that training never says.
    """
    while True:
        text = _Teller(scene, rng, held_out=True).examine() if templates == "held-out" else _Teller(scene, rng).teach()
        if templates == "held-out" or not (text in _EXAMPLES or _FUSION in text):
            return text


def describe(scene: Scene) -> str:
    """The one plain wording of a scene, all of it, in the usual order."""
    if scene.subjects:
        things = [_article(_plain(subject), subject.count) for subject in scene.subjects]
        relation = words.RELATIONS[scene.relation][:1] if scene.relation else ()
        what = " ".join([things[0], *relation, *things[1:], words.ENVIRONMENTS[scene.environment][0]])
    else:
        what = _article(words.LANDSCAPES[scene.environment][0])
    tail = [wordings[0] for wordings in _attributes(scene) if wordings]
    return ", ".join([f"{_article(words.MEDIA[scene.medium][0])} of {what}", *tail])


def vocabulary() -> dict[str, words.Words]:
    """Everything that this world has words for, by kind: what may be asked of a model that was taught with it."""
    tables = {
        "things": words.NOUNS, "colours": {"": words.COLOURS}, "counts": words.NUMBERS, "sizes": words.SIZES,
        "materials": words.MATERIALS, "relations": {**words.RELATIONS, "": words.BESIDE},
        "places": words.ENVIRONMENTS, "landscapes": words.LANDSCAPES, "media": words.MEDIA,
        "palettes": words.PALETTES, "grades": words.GRADES, "lighting": words.LIGHTINGS, "weather": words.WEATHERS,
        "effects": {"": words.REFLECTIONS}, "extras": words.EXTRAS, "detail": words.DETAILS,
        "quality": {"": words.QUALITY}, "defects": words.DEFECTS,
    }  # fmt: skip
    return {kind: tuple(word for row in table.values() for word in row) for kind, table in tables.items()}


def unknown_words(prompt: str) -> list[str]:
    """The words of a prompt that training never says with a meaning, each once, in lower case, in their order."""
    return [word for word in dict.fromkeys(_pieces([prompt])) if word not in _known()]


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from re.findall(r"[^\W_]+", text.lower())


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    told = vocabulary()
    more = (*map(plural, told["things"]), *(word for row in words.FUSED.values() for word in row), *words.FILLERS)
    return frozenset(
        _pieces([*(word for row in told.values() for word in row), *more, PORTRAIT, TEXTURE, ANATOMY, *JOINING])
    )


_EXAMPLES = frozenset(example.lower() for example in words.EXAMPLES)
_FUSION = next(example.lower() for example in words.EXAMPLES if "+" in example)


def _article(phrase: str, count: int = 1) -> str:
    if count > 1:
        return phrase
    return f"{'an' if phrase[0] in 'aeiou8' else 'a'} {phrase}"


def _plain(subject: Subject) -> str:
    noun = words.NOUNS[subject.noun][0]
    number = words.NUMBERS[subject.count][:1] if subject.count > 1 else ()
    size, material = words.SIZES[subject.size][:1], words.MATERIALS.get(subject.material or "", ())[:1]
    return " ".join([*number, *size, *material, subject.colour, noun if subject.count == 1 else plural(noun)])


def _attributes(scene: Scene) -> list[words.Words]:
    """The wordings of what is true of the whole picture, empty where there is nothing to say."""
    return [
        words.LIGHTINGS[scene.lighting],
        words.WEATHERS[scene.weather],
        words.PALETTES[scene.palette],
        words.GRADES[scene.grade],
        words.DETAILS[scene.detail],
        *(words.EXTRAS[extra] for extra in scene.extras),
        words.DEFECTS.get(scene.defect or "", ()),
    ]


class _Teller:
    """Puts one scene into words once."""

    def __init__(self, scene: Scene, rng: Random, held_out: bool = False) -> None:
        self.scene, self.rng, self.held_out = scene, rng, held_out
        self.colours = 0.9  # how often a colour is said

    def examine(self) -> str:
        """A held-out form in held-out wordings."""
        scene, medium = self.scene, _article(self.word(words.MEDIA[self.scene.medium]))
        what = f"{self.things(True)} {self.word(words.ENVIRONMENTS[scene.environment])}".strip()
        what = what if scene.subjects else _article(self.word(words.LANDSCAPES[scene.environment]))
        head = self.one(
            (f"{medium} showing {what}", f"{what} in the style of {medium}", f"an image of {what} as {medium}")
        )
        return ", ".join([head, *(self.word(wordings) for wordings in _attributes(scene) if wordings)])

    def teach(self) -> str:
        """A training form in training wordings."""
        form = self.rng.random()
        framed, styled = form < 0.28, form < 0.70
        if self.scene.medium == "pencil sketch":
            # It shows no colour. Said beside the medium a colour does no harm; without it, one "red car" in ten would
            # come out grey.
            self.colours = 0.45 if styled else 0.0
        style, adjectives = self.style(framed, styled)
        head = self.head(framed, adjectives)
        head, tail = self.tail(head)
        tail = [*style, *tail]
        if self.rng.random() < 0.30:
            self.rng.shuffle(tail)
        elif style and self.chance(0.08):
            head, tail = style[0], [head, *tail[1:]]  # "pixel art, a red car on a beach"
        if self.chance(0.04):
            tail.insert(int(self.rng.random() * (len(tail) + 1)), self.one(words.STRAYS))
        while tail and sum(len(part.split()) for part in (head, *tail)) > LONGEST:
            tail.pop()
        return ", ".join([head, *tail])

    # What is said first: the style in front, the things and where they are.

    def style(self, framed: bool, styled: bool) -> tuple[list[str], list[str]]:
        """The style as items of the tail, and as adjectives before the medium or a portrait."""
        scene, rng = self.scene, self.rng
        items, adjectives, fused = [], [], []
        for table, value in ((words.PALETTES, scene.palette), (words.GRADES, scene.grade)):
            wordings = table[value]
            if not wordings or not self.chance(0.8):
                continue
            fused.append(self.word(wordings))
            if framed and self.chance(0.5):
                adjectives.append(wordings[0])
            else:
                items.append(fused[-1])
        if fused and styled and not framed and self.chance(0.4):
            fused.append(self.one(words.FUSED[scene.medium]))
            rng.shuffle(fused)
            return [" + ".join(fused)], []
        if styled and not framed:
            items.insert(0, self.word(words.MEDIA[scene.medium]))
        return items, adjectives

    def head(self, framed: bool, adjectives: list[str]) -> str:
        scene = self.scene
        articles = framed or not self.chance(0.35)  # prompts are often typed without them
        if scene.subjects:
            what = self.things(articles)
            people = len(scene.subjects) == 1 and scene.subjects[0].count == 1
            people = people and words.FAMILY[scene.subjects[0].noun] == "people"
            if people and not framed and self.chance(0.2):
                cinematic = words.GRADES[scene.grade][:1] if self.chance(0.4) else ()
                what = f"{_article(' '.join([*cinematic, PORTRAIT]))} of {self.things(True)}"
            if self.chance(0.82):
                what += f" {self.word(words.ENVIRONMENTS[scene.environment])}"
        else:
            what = self.word(words.LANDSCAPES[scene.environment])
            what = _article(what) if articles else what
        if not framed:
            return what
        return f"{_article(' '.join([*adjectives, self.word(words.MEDIA[scene.medium])]))} of {what}"

    def things(self, articles: bool) -> str:
        """ "a red cube on top of a blue sphere" """
        scene = self.scene
        told = [self.thing(subject) for subject in scene.subjects]
        if articles:
            told = [_article(text, subject.count) for text, subject in zip(told, scene.subjects, strict=True)]
        if scene.relation is not None:
            vague = {"left of": 0.35, "right of": 0.35, "riding": 0.0}.get(scene.relation, 0.08)
            beside = not self.held_out and self.chance(vague)
            told.insert(1, self.word(words.BESIDE if beside else words.RELATIONS[scene.relation]))
        return " ".join(told)

    def thing(self, subject: Subject) -> str:
        """ "three small shiny red apples" """
        number = [self.word(words.NUMBERS[subject.count])] if subject.count > 1 else []
        size, material = words.SIZES[subject.size], words.MATERIALS.get(subject.material or "", ())
        adjectives = [self.word(wordings) for wordings in (size, material) if wordings and self.told(0.75)]
        noun = self.word(words.NOUNS[subject.noun])
        colour = [subject.colour] if self.told(self.colours) else []
        return " ".join([*number, *adjectives, *colour, noun if subject.count == 1 else plural(noun)])

    # What is said after it.

    def tail(self, head: str) -> tuple[str, list[str]]:
        """Light, weather, extras, detail, quality, defect: some joined to the head, the others as items."""
        scene, items = self.scene, []
        light = self.word(words.LIGHTINGS[scene.lighting]) if self.chance(0.62) else None
        weather = self.word(words.WEATHERS[scene.weather]) if scene.weather != "none" and self.chance(0.75) else None
        for said in (light, weather):
            if said is None:
                continue
            if not items and said.startswith(_ADVERBIAL) and self.chance(0.4):
                head += f" {said}"
            else:
                items.append(said)
        shown = [self.word(words.EXTRAS[extra]) for extra in scene.extras if self.chance(0.75)]
        if scene.weather == "rain" and self.chance(0.35):
            shown.append(words.REFLECTIONS[0] if scene.environment in _STREETS else self.one(words.REFLECTIONS[1:]))
        self.rng.shuffle(shown)
        if shown and not items and self.chance(0.5):
            head += f" with {_listed(shown)}"
        elif shown and self.chance(0.3):
            items.append(f"with {_listed(shown)}")
        else:
            items += shown
        if scene.detail != "plain" and self.chance(0.6):
            items.append(self.detail())
        if scene.quality:
            items += self.rng.sample(words.QUALITY, 2 if self.chance(0.35) else 1)
        if scene.defect is not None and self.chance(0.85):
            items.append(self.defect(scene.defect))
        if self.chance(0.06):
            items.append(self.one(words.FILLERS))
        return head, items

    def detail(self) -> str:
        """ "ultra-detailed armor texture" """
        word = self.word(words.DETAILS[self.scene.detail])
        if self.scene.detail == "ultra-detailed" and word != "intricate details" and self.chance(0.3):
            knight = any(subject.noun == "medieval warrior" for subject in self.scene.subjects)
            return f"{word} {'armor ' if knight and self.chance(0.5) else ''}{TEXTURE}"
        return word

    def defect(self, name: str) -> str:
        """ "distorted anatomy" """
        alive = any(words.FAMILY[subject.noun] in ("people", "animals") for subject in self.scene.subjects)
        return ANATOMY if name == "distorted" and alive and self.chance(0.3) else self.word(words.DEFECTS[name])

    # How words are chosen.

    def chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    def told(self, odds: float) -> bool:
        """Whether to say something: by chance in training, always when examining."""
        return self.held_out or self.chance(odds)

    def one(self, values: words.Words) -> str:
        return values[int(self.rng.random() * len(values))]

    def word(self, wordings: words.Words) -> str:
        """The held-out wording, or in training the plain one half of the time, else any."""
        if self.held_out:
            return words.HELD_OUT.get(wordings[0], wordings[0])
        return wordings[0] if self.chance(0.4) else self.one(wordings)


def _listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b, and c" """
    if len(parts) < 3:
        return " and ".join(parts)
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"
