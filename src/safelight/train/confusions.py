"""Scenes that are nearly another one, and what would be said of them: captions that are wrong by one word.

    two things    their colours swapped, or the relation turned round      one thing    another colour, another number

A contrastive loss is content with a bag of words: "a red cube on a blue sphere" and "a blue cube on a red sphere" hold
the same ones, and a batch of random captions never asks for the difference. Wrong captions beside the right ones do
(Yuksekgonul et al. 2022, arXiv 2210.01936).

Next: `image_tower`, which learns with them.
"""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from safelight.scenes import words
from safelight.scenes.captions import caption
from safelight.scenes.grammar import Scene, held_out, objection

OPPOSITE = {
    "left of": "right of",
    "right of": "left of",
    "above": "below",
    "below": "above",
    "in front of": "behind",
    "behind": "in front of",
}


def confused(scene: Scene, rng: Random) -> Scene | None:
    """A scene that differs from `scene` in one thing that its picture shows; None if there is none to be had.

    It is never one that training must not show.
    """
    others = [other for other in _others(scene) if objection(other) is None and not held_out(other)]
    return rng.choice(others) if others else None


def told_apart(scene: Scene, rng: Random) -> tuple[str, str | None]:
    """A caption, and the same said of a confused scene; None where the difference would not be heard."""
    other, way = confused(scene, rng), rng.getrandbits(64)
    right = caption(scene, Random(way))
    wrong = caption(other, Random(way)) if other is not None else right
    return right, wrong if wrong != right else None


def _others(scene: Scene) -> Iterator[Scene]:
    coloured = scene.medium != "pencil sketch"  # which shows no colours
    if len(scene.subjects) == 1:
        (thing,) = scene.subjects
        for colour in words.COLOURS if coloured else ():
            if colour != thing.colour:
                yield replace(scene, subjects=(replace(thing, colour=colour),))
        for count in (1, 2, 3, 4) * 3:  # colours are many, numbers few: so that either is chosen often
            if count != thing.count:
                yield replace(scene, subjects=(replace(thing, count=count),))
    if len(scene.subjects) == 2:
        first, second = scene.subjects
        if coloured:
            swapped = (replace(first, colour=second.colour), replace(second, colour=first.colour))
            yield replace(scene, subjects=swapped)
        if scene.relation in OPPOSITE:
            yield replace(scene, relation=OPPOSITE[scene.relation])
