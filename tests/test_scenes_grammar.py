"""The grammar of scenes: what is drawn how often, what is never drawn, and what a scene may be."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import RecipeError
from safelight.scenes import words
from safelight.scenes.grammar import (
    MOUNTS,
    RIDERS,
    Scene,
    Subject,
    caption,
    held_out,
    held_out_pair,
    objection,
    scene,
)

COUNT = 5000
RED_CAR = Scene((Subject("sports car", "red"),), "mountain road", "realistic", "golden hour")
TWO = Scene((Subject("cube", "red"), Subject("sphere", "blue")), "studio", "realistic", "studio", relation="above")
STYLES = [(p, g) for p in words.PALETTES for g in words.GRADES if (p, g) != ("natural", "none")]


@pytest.fixture(scope="module")
def scenes():
    return [scene(0, index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def kept_for_evaluation():
    return [scene(0, index, held_out=True) for index in range(1000)]


def shares(values):
    counted = Counter(values)
    return {value: count / counted.total() for value, count in counted.items()}


# How scenes are counted.


def test_the_same_counter_gives_the_same_scene_and_others_give_others():
    assert scene(1, 2) == scene(1, 2)
    assert len({scene(seed, index) for seed in range(4) for index in range(50)}) == 200


def test_scenes_and_captions_do_not_depend_on_the_hash_seed_of_the_process():
    program = (
        "from random import Random; from safelight.scenes.grammar import caption, scene;"
        "print([(scene(7, i, i % 2 == 1).to_json(), caption(scene(7, i), Random(i))) for i in range(40)])"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert "layout" in answers.pop()


def test_scene_zero_stays_what_it_is():
    # Weights in the world were taught with these scenes: a change here needs a new model.
    assert scene(0, 0) == Scene(
        (Subject("sports car", "yellow", count=4),),
        environment="lake shore",
        medium="pencil sketch",
        lighting="studio",
        grade="cinematic",
        layout=scene(0, 0).layout,
    )
    assert [scene(0, index).layout for index in range(3)] == [929626759, 1397088712, 3331642205]
    assert caption(scene(0, 2), Random(0)) == ("a red tower on the right of a purple lighthouse in the desert, clouds")


# What is drawn.


def test_every_scene_keeps_the_rules(scenes, kept_for_evaluation):
    assert [shown for shown in scenes + kept_for_evaluation if objection(shown)] == []


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (replace(TWO, subjects=(*TWO.subjects, Subject("cat", "pink"))), "at most two"),
        (replace(TWO, relation=None), "stand in a relation"),
        (replace(RED_CAR, relation="behind"), "stand in a relation"),
        (replace(TWO, subjects=(Subject("cube", "red"), Subject("cube", "blue"))), "two different things"),
        (replace(TWO, subjects=(Subject("cube", "red"), Subject("sphere", "red"))), "different colours"),
        (replace(RED_CAR, subjects=(Subject("sports car", "red", count=5),)), "one to four"),
        (replace(TWO, subjects=(Subject("cube", "red", count=2), Subject("sphere", "blue"))), "only a single"),
        (replace(RED_CAR, subjects=(Subject("sports car", "red", size="small"),)), "size or a material"),
        (replace(RED_CAR, subjects=(Subject("cat", "red", material="shiny"),)), "size or a material"),
        (replace(TWO, relation="riding"), "ride, and only on horse, dragon, bicycle"),
        (replace(RED_CAR, defect="extra limbs"), "limbs to spare"),
        (replace(RED_CAR, subjects=(Subject("cat", "red", count=2),), defect="extra limbs"), "limbs to spare"),
        (replace(RED_CAR, defect="blurry", quality=True), "not praised"),
        (replace(RED_CAR, subjects=(), environment="studio"), "empty studio"),
        (replace(RED_CAR, environment="mars", weather="rain"), "only outdoors"),
        (replace(RED_CAR, lighting="studio", weather="snow"), "no studio light"),
        (replace(RED_CAR, extras=("neon signs",)), "hang in cities"),
        (replace(TWO, extras=("clouds",)), "clouds only outdoors"),
        (replace(TWO, extras=("flying vehicles",)), "nothing flies"),
    ],
)
def test_each_rule_is_told_when_it_is_broken(broken, why):
    assert why in (objection(broken) or "")
    assert objection(RED_CAR) is None
    assert objection(TWO) is None


def test_kinds_of_scenes_are_drawn_as_often_as_planned(scenes):
    def kind(shown):
        if len(shown.subjects) != 1:
            return "landscape" if not shown.subjects else "riding" if shown.relation == "riding" else "two"
        return "one" if shown.subjects[0].count == 1 else "many"

    found = shares(map(kind, scenes))
    for name, share in {"one": 0.62, "many": 0.12, "two": 0.16, "riding": 0.04, "landscape": 0.06}.items():
        assert found[name] == pytest.approx(share, abs=0.02), name
    relations = shares(shown.relation for shown in scenes if shown.relation not in (None, "riding"))
    assert set(relations) | {"riding"} == set(words.RELATIONS)
    assert min(relations.values()) > 0.11
    counts = shares(shown.subjects[0].count for shown in scenes if shown.subjects and shown.subjects[0].count > 1)
    assert min(counts.values()) > 0.27


def test_attributes_are_drawn_as_often_as_planned(scenes):
    media = shares(shown.medium for shown in scenes)
    assert media.pop("flat vector") == pytest.approx(0.25, abs=0.02)
    assert media.pop("realistic") == pytest.approx(0.25, abs=0.02)
    assert all(share == pytest.approx(0.1, abs=0.015) for share in media.values())
    lights = shares(shown.lighting for shown in scenes)
    assert lights.pop("daylight") == pytest.approx(0.34, abs=0.03)
    assert all(0.065 < share < 0.17 for share in lights.values())
    assert shares(shown.palette for shown in scenes)["natural"] == pytest.approx(0.71, abs=0.03)
    assert shares(shown.grade for shown in scenes)["none"] == pytest.approx(0.75, abs=0.03)
    assert shares(shown.weather for shown in scenes)["none"] == pytest.approx(0.80, abs=0.02)
    assert min(shares(shown.environment for shown in scenes).values()) > 0.07
    assert min(shares(shown.detail for shown in scenes).values()) > 0.17


def test_nouns_and_colours_are_balanced(scenes):
    nouns = shares(subject.noun for shown in scenes for subject in shown.subjects)
    assert len(nouns) == 33
    assert 0.6 / 33 < min(nouns.values()) <= max(nouns.values()) < 1.5 / 33
    colours = shares(subject.colour for shown in scenes for subject in shown.subjects)
    assert all(0.085 < share < 0.115 for share in colours.values())
    things = [subject for shown in scenes for subject in shown.subjects]
    things = [subject for subject in things if words.FAMILY[subject.noun] in ("objects", "shapes")]
    assert shares(subject.size for subject in things)["medium"] == pytest.approx(0.7, abs=0.04)
    assert shares(subject.material for subject in things)[None] == pytest.approx(0.6, abs=0.04)


def test_defects_and_quality_are_drawn_as_often_as_planned(scenes):
    spoiled = [shown for shown in scenes if shown.defect]
    assert len(spoiled) / COUNT == pytest.approx(0.15, abs=0.015)
    assert min(shares(shown.defect for shown in spoiled).values()) > 0.07
    clean = [shown for shown in scenes if not shown.defect]
    assert sum(shown.quality for shown in clean) / len(clean) == pytest.approx(0.35, abs=0.03)


def test_light_weather_and_extras_belong_to_their_places(scenes):
    neon = [shown for shown in scenes if shown.lighting == "neon"]
    assert sum(shown.environment in ("city street", "cyberpunk city") for shown in neon) / len(neon) > 0.4
    studio = [shown for shown in scenes if shown.lighting == "studio"]
    assert sum(shown.environment == "studio" for shown in studio) / len(studio) > 0.4
    extras = Counter(extra for shown in scenes for extra in shown.extras)
    assert min(extras[extra] for extra in words.EXTRAS) > 0.05 * COUNT


def test_the_families_hold_every_noun_once():
    assert sorted(noun for nouns in words.FAMILIES.values() for noun in nouns) == sorted(words.NOUNS)
    assert {words.FAMILY[noun] for noun in RIDERS} == {"people"}
    assert {words.FAMILY[noun] for noun in MOUNTS} == {"animals", "vehicles"}


# What is held out.


def test_training_never_draws_a_held_out_combination(scenes):
    assert not any(held_out(shown) for shown in scenes)
    assert not any(held_out_pair(*pair) for shown in scenes for pair in shown.pairs())


def test_evaluation_draws_nothing_but_held_out_combinations_on_every_axis(kept_for_evaluation):
    assert all(held_out(shown) for shown in kept_for_evaluation)
    drawn = Counter(
        axis for shown in kept_for_evaluation for axis, *pair in shown.pairs() if held_out_pair(axis, *pair)
    )
    assert set(drawn) == {"noun colour", "noun medium", "noun environment", "medium lighting", "relation", "style"}
    assert min(drawn.values()) > 20


@pytest.mark.parametrize(
    ("axis", "firsts", "seconds", "low", "high"),
    [
        ("noun colour", words.NOUNS, words.COLOURS, 0.06, 0.10),
        ("noun medium", words.NOUNS, words.MEDIA, 0.06, 0.10),
        ("noun environment", words.NOUNS, words.ENVIRONMENTS, 0.06, 0.10),
        ("medium lighting", words.MEDIA, words.LIGHTINGS, 0.06, 0.10),
    ],
)
def test_every_word_keeps_more_than_85_percent_of_its_partners(axis, firsts, seconds, low, high):
    held = {(a, b) for a in firsts for b in seconds if held_out_pair(axis, a, b)}
    assert low < len(held) / (len(firsts) * len(seconds)) < high
    for first in firsts:
        assert sum(first == a for a, _ in held) < 0.15 * len(seconds), first
    for second in seconds:
        assert sum(second == b for _, b in held) < 0.15 * len(firsts), second


def test_a_tenth_of_the_relations_of_families_and_of_the_fusions_is_held_out_and_every_word_keeps_enough():
    families = tuple(words.FAMILIES)
    triples = [(r, f"{a}|{b}") for r in ("left of", "above", "in front of") for a in families for b in families]
    held = [triple for triple in triples if held_out_pair("relation", *triple)]
    assert 0.08 < len(held) / len(triples) < 0.12
    assert max(Counter(relation for relation, _ in held).values()) < 0.15 * 36
    assert max(Counter(family for _, pair in held for family in pair.split("|")).values()) < 0.2 * 33
    fusions = [(medium, f"{p}|{g}") for medium in words.MEDIA for p, g in STYLES]
    lost = [fusion for fusion in fusions if held_out_pair("style", *fusion)]
    assert 0.08 < len(lost) / len(fusions) < 0.12
    assert max(Counter(medium for medium, _ in lost).values()) == 1
    assert max(Counter(style for _, style in lost).values()) == 1


def test_a_relation_and_its_mirror_are_one_picture_and_held_out_together():
    def stand(first, relation, second):
        subjects = (Subject(words.FAMILIES[first][0], "red"), Subject(words.FAMILIES[second][1], "blue"))
        return replace(TWO, subjects=subjects, relation=relation).pairs()[-1]

    for one, other in (("left of", "right of"), ("above", "below"), ("in front of", "behind")):
        a, b = Subject("cat", "red"), Subject("truck", "blue")
        there = replace(TWO, subjects=(a, b), relation=one)
        back = replace(TWO, subjects=(b, a), relation=other)
        assert set(there.pairs()) == set(back.pairs())
    assert stand("animals", "left of", "people") != stand("people", "left of", "animals")
    riding = replace(TWO, subjects=(Subject("robot", "red"), Subject("horse", "blue")), relation="riding")
    assert not [axis for axis, *_ in riding.pairs() if axis == "relation"]


def test_the_scenes_of_the_example_prompts_may_be_trained():
    knight = Scene((Subject("medieval warrior", "red"),), "forest", "realistic", "golden hour", grade="cinematic")
    rain = ("flying vehicles", "neon signs")
    city = Scene((), "cyberpunk city", "realistic", "night", weather="rain", extras=rain)
    fusion = replace(RED_CAR, palette="cyberpunk", grade="cinematic")
    rider = (Subject("astronaut", "white"), Subject("horse", "brown"))
    shown = Scene(rider, "meadow", "realistic", "daylight", relation="riding")
    for example in (RED_CAR, knight, city, fusion, shown, TWO):
        assert not held_out(example), example
        assert objection(example) is None


# JSON.


@given(st.integers(0, 2**63), st.integers(0, 2**63), st.booleans())
def test_a_scene_survives_json(seed, index, kept):
    shown = scene(seed, index, kept)
    assert Scene.from_json(shown.to_json()) == shown


def test_every_kind_of_scene_survives_json(scenes):
    assert [Scene.from_json(shown.to_json()) for shown in scenes[:500]] == scenes[:500]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"medium": "fresco"}, "no medium 'fresco'"),
        ({"lighting": ["night"]}, "no lighting"),
        ({"subjects": [{"noun": "dgo", "colour": "red"}]}, "no noun 'dgo'. Did you mean 'dragon' or 'dog'"),
        ({"subjects": [{"noun": "dog", "colour": "red", "count": 9}]}, "1 to 4"),
        ({"subjects": [{"noun": "dog"}]}, "not the JSON of a scene"),
        ({"subjects": 3}, "not the JSON of a scene"),
        ({"extras": ["comet"]}, "no extra 'comet'"),
        ({"extras": 1}, "not the JSON of a scene"),
        ({"layout": "x"}, "whole number"),
        ({"more": 1}, "not the JSON of a scene"),
    ],
)
def test_strange_json_is_refused_in_one_line(change, message):
    text = json.dumps(json.loads(RED_CAR.to_json()) | change)
    with pytest.raises(RecipeError, match=message.replace(".", r"\.")) as caught:
        Scene.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "7", "{", "{}", "[" * 100000])
def test_what_is_no_scene_at_all_is_refused(text):
    with pytest.raises(RecipeError, match="not the JSON of a scene"):
        Scene.from_json(text)
