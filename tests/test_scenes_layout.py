"""Where things stand: inside the picture, apart or together as the scene says, and never quite hidden."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from safelight.scenes import words
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.grammar import MOUNTS, RIDERS, Scene, Subject
from safelight.scenes.layout import arrange
from safelight.scenes.render import render
from safelight.scenes.subjects import SUBJECTS

SPATIAL = ("left of", "right of", "above", "below", "in front of", "behind")
PLAIN = Scene((Subject("sphere", "red"),), "studio", "flat vector", "daylight", layout=5)


def two_things(seed, relations):
    """A scene of two things drawn by chance: any nouns, sizes, environment and jitter."""
    rng = Random(seed)
    first, second = rng.sample(tuple(words.NOUNS), 2)
    things = tuple(
        Subject(noun, rng.choice(words.COLOURS), size=rng.choice(("small", "medium", "large")))
        for noun in (first, second)
    )
    return replace(
        PLAIN,
        subjects=things,
        relation=rng.choice(relations),
        environment=rng.choice(tuple(words.ENVIRONMENTS)),
        layout=seed,
    )


def directions(first, second):
    """GenEval's rule: the shift between the middles, less a tenth of both sizes, as a share of its length."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = (
        ((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2, b.x1 - b.x0, b.y1 - b.y0) for b in (first, second)
    )
    offset = np.array([ax - bx, ay - by])
    less = 0.1 * np.array([aw + bw, ah + bh])
    dx, dy = np.maximum(np.abs(offset) - less, 0) * np.sign(offset) / np.linalg.norm(offset)
    found = {"left of": dx < -0.5, "right of": dx > 0.5, "above": dy < -0.5, "below": dy > 0.5}
    return {name for name, holds in found.items() if holds}


def test_relations_hold_by_the_rule_of_geneval():
    scenes = [two_things(seed, SPATIAL[:4]) for seed in range(300)]
    wrong = [shown for shown in scenes if shown.relation not in directions(*render(shown, 64).boxes)]
    assert len(wrong) <= 6, [(shown.relation, [s.noun for s in shown.subjects]) for shown in wrong]


def test_of_two_things_both_are_seen_and_side_by_side_in_full():
    for seed in range(150):
        shown = two_things(seed, SPATIAL)
        near, far = render(shown, 64).boxes[:: -1 if shown.relation == "behind" else 1]
        assert min(near.visible, far.visible) >= (0.95 if shown.relation in SPATIAL[:2] else 0.4), shown


def test_what_stands_in_front_is_lower_and_covers_the_other():
    hidden = 0
    for seed in range(100):
        shown = two_things(seed, SPATIAL[4:])
        near, far = render(shown, 96).boxes[:: -1 if shown.relation == "behind" else 1]
        places = {place.subject: place for place in arrange(shown)}
        assert places[near.subject].y > places[far.subject].y
        assert near.visible == 1.0
        hidden += far.visible < 0.97
    assert hidden >= 80


@pytest.mark.parametrize("size", ["small", "medium", "large"])
@pytest.mark.parametrize("noun", words.NOUNS)
def test_a_single_thing_is_within_the_picture_and_near_its_middle(noun, size):
    for layout, environment in enumerate(("studio", "beach", "city street")):
        thing = Subject(noun, "blue", size=size)
        ids = render(replace(PLAIN, subjects=(thing,), environment=environment, layout=layout), 128).ids
        mask = ids >= 10
        bust = SUBJECTS[noun].ground is not None
        assert not mask[0].any() and (bust or not (mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()))
        assert 0.3 < np.flatnonzero(mask.any(0)).mean() / 128 < 0.7
        assert 0.02 < mask.mean() < 0.75


@pytest.mark.parametrize("noun", words.FAMILIES["objects"] + words.FAMILIES["shapes"])
def test_small_is_smaller_than_medium_and_large_is_larger(noun):
    def area(size):
        shown = [replace(PLAIN, subjects=(Subject(noun, "blue", size=size),), layout=k) for k in range(6)]
        return np.mean([(render(one, 64).ids >= 10).mean() for one in shown])

    assert area("small") < 0.65 * area("medium")
    assert area("large") > 1.2 * area("medium")


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("noun", words.NOUNS)
def test_several_alike_are_all_seen(noun, count):
    for layout in range(3):
        thing = Subject(noun, words.COLOURS[layout], count)
        shown = replace(PLAIN, subjects=(thing,), environment="meadow", layout=layout)
        boxes = render(shown, 96).boxes
        assert len(boxes) == count
        assert min(box.visible for box in boxes) >= 0.6
        widths = [box.x1 - box.x0 for box in boxes]
        assert min(widths) > 0.6 * max(widths)


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("person", RIDERS)
def test_a_rider_overlaps_the_mount_and_sits_in_its_upper_half(person, mount):
    for layout in range(4):
        shown = Scene(
            (Subject(person, "red"), Subject(mount, "white")),
            "beach",
            "flat vector",
            "daylight",
            "riding",
            layout=layout,
        )
        rendered = render(shown, 128)
        rider, below = rendered.boxes
        assert rider.visible == 1.0
        assert 0.4 < below.visible < 1.0
        assert rider.y0 < below.y0 + 0.35 * (below.y1 - below.y0)
        assert below.y0 < rider.y1 < below.y1
        assert below.x0 < (rider.x0 + rider.x1) / 2 < below.x1
        assert not (rendered.ids[0] >= 10).any()


def test_a_landscape_has_no_things():
    for environment in ENVIRONMENTS:
        rendered = render(replace(PLAIN, subjects=(), environment=environment), 64)
        assert rendered.boxes == ()
        assert rendered.ids.max() < 10
        assert rendered.masks().shape == (0, 64, 64)


def test_layout_alone_moves_the_things():
    places = {arrange(replace(PLAIN, layout=layout)) for layout in range(20)}
    assert len(places) == 20


def test_two_things_without_a_relation_are_refused():
    with pytest.raises(ValueError, match="relation"):
        arrange(replace(PLAIN, subjects=(Subject("cat", "red"), Subject("dog", "red"))))
