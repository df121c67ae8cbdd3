"""The grammar of scenes: what is drawn how often, what is never drawn, and that captions tell the truth."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.scenes import words
from safelight.scenes.grammar import Scene, Subject, caption, held_out, scene

COUNT = 4000


@pytest.fixture(scope="module")
def scenes():
    return [scene(0, index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def captions(scenes):
    return [caption(shown, Random(index)) for index, shown in enumerate(scenes)]


def mentions(text, wordings):
    return any(wording in text for wording in wordings)


def test_the_same_counter_gives_the_same_scene_and_others_give_others():
    assert scene(1, 2) == scene(1, 2)
    assert len({scene(seed, index) for seed in range(4) for index in range(50)}) == 200


def test_scenes_and_captions_do_not_depend_on_the_hash_seed_of_the_process():
    program = (
        "from random import Random; from safelight.scenes.grammar import caption, scene;"
        "print([(scene(7, i).to_json(), caption(scene(7, i), Random(i))) for i in range(40)])"
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
    assert [scene(0, index).layout for index in range(3)] == [2482733426, 482733772, 1676375142]
    assert (
        caption(scene(0, 0), Random(0))
        == "a red heart on a city street, pixel art, under a starry sky, ultra-detailed, masterpiece"
    )


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_a_scene_survives_json(seed, index):
    shown = scene(seed, index)
    assert Scene.from_json(shown.to_json()) == shown


def test_further_subjects_survive_json():
    shown = replace(scene(0, 0), others=(Subject("cat", "blue"), Subject("mug", "red")))
    assert Scene.from_json(shown.to_json()) == shown


def test_training_never_draws_a_held_out_combination(scenes):
    assert not any(held_out(shown) for shown in scenes)


def test_evaluation_draws_nothing_but_held_out_combinations():
    assert all(held_out(scene(0, index, held_out=True)) for index in range(300))


def test_some_combinations_are_held_out_and_every_value_keeps_most_of_its_partners():
    tables = (
        (0, words.NOUNS, words.COLOURS, "colour"),
        (1, words.NOUNS, words.MEDIA, "medium"),
        (2, words.NOUNS, words.ENVIRONMENTS, "environment"),
        (3, words.MEDIA, words.LIGHTINGS, "lighting"),
    )
    allowed = Counter()
    for index in range(12000):
        allowed.update(scene(5, index).pairs())
    for which, firsts, seconds, name in tables:
        axis = scene(0, 0).pairs()[which][0]
        kept = {(first, second) for (kind, first, second) in allowed if kind == axis}
        assert len(kept) < len(firsts) * len(seconds), name
        assert len(kept) > 0.8 * len(firsts) * len(seconds), name
        for first in firsts:
            assert sum(first == one for one, _ in kept) >= 0.7 * len(seconds), (name, first)
        for second in seconds:
            assert sum(second == two for _, two in kept) >= 0.7 * len(firsts), (name, second)


def test_the_scenes_of_the_example_prompts_may_be_trained():
    road = Scene("sports car", "red", "mountain road", "realistic", "golden hour")
    portrait = Scene("medieval warrior", "red", "forest", "realistic", "golden hour", "ultra-detailed")
    assert not held_out(road)
    assert not held_out(portrait)


def test_attributes_are_drawn_as_often_as_planned(scenes):
    assert sum(shown.defect is not None for shown in scenes) / COUNT == pytest.approx(0.135, abs=0.015)
    clean = [shown for shown in scenes if shown.defect is None]
    assert sum(shown.quality for shown in clean) / len(clean) == pytest.approx(0.35, abs=0.03)
    assert not any(shown.quality for shown in scenes if shown.defect)
    assert min(Counter(shown.noun for shown in scenes).values()) > 0.6 * COUNT / len(words.NOUNS)
    assert min(Counter(shown.colour for shown in scenes).values()) > 0.6 * COUNT / len(words.COLOURS)
    assert Counter(shown.lighting for shown in scenes).most_common(1)[0][0] == "daylight"


def test_a_caption_names_its_noun_and_no_other_truth(scenes, captions):
    for shown, text in zip(scenes, captions, strict=True):
        assert mentions(text, words.NOUNS[shown.noun]), text
        named = set(text.replace(",", "").split()) & set(words.COLOURS)
        assert named <= {shown.colour}, text
        for attribute, table in (
            ("environment", words.ENVIRONMENTS),
            ("medium", words.MEDIA),
            ("lighting", words.LIGHTINGS),
            ("detail", words.DETAILS),
            ("defect", words.DEFECTS),
        ):
            own = table.get(getattr(shown, attribute), ())
            for value, wordings in table.items():
                if value != getattr(shown, attribute):
                    parts = text.split(", ")
                    assert not [one for one in wordings if one in parts and one not in own], text


def test_captions_name_attributes_as_often_as_planned(scenes, captions):
    def share(told, among):
        return sum(told) / sum(among)

    pairs = list(zip(scenes, captions, strict=True))
    coloured = [shown.colour in text.replace(",", "").split() for shown, text in pairs]
    assert share(coloured, [True] * COUNT) == pytest.approx(0.90, abs=0.02)
    spoiled = [(shown, text) for shown, text in pairs if shown.defect]
    told = [mentions(text, words.DEFECTS[shown.defect]) for shown, text in spoiled]
    assert share(told, [True] * len(spoiled)) == pytest.approx(0.85, abs=0.05)
    praised = [bool(set(text.split(", ")) & set(words.QUALITY)) for shown, text in pairs]
    assert not any(told and not shown.quality for (shown, _), told in zip(pairs, praised, strict=True))
    filled = [bool(set(text.split(", ")) & set(words.FILLERS)) for _, text in pairs]
    assert share(filled, [True] * COUNT) == pytest.approx(0.06, abs=0.015)
    strayed = [bool(set(text.split(", ")) & set(words.STRAYS)) for _, text in pairs]
    assert share(strayed, [True] * COUNT) == pytest.approx(0.04, abs=0.01)
    styled = [mentions(text, words.MEDIA[shown.medium]) for shown, text in pairs]
    assert share(styled, [True] * COUNT) == pytest.approx(0.70, abs=0.03)
    framed = [any(f"{style} of a" in text for style in words.MEDIA[shown.medium]) for shown, text in pairs]
    assert share(framed, [True] * COUNT) == pytest.approx(0.30, abs=0.03)


def test_captions_are_short_various_and_well_formed(captions):
    assert len(set(captions)) > 0.97 * COUNT
    assert max(len(text.split()) for text in captions) < 40
    for text in captions:
        assert text == text.strip().lower()
        assert "  " not in text
        previous = ""
        for word in text.replace(",", "").split():
            if previous == "a":
                assert word[0] not in "aeiou8", text
            elif previous == "an":
                assert word[0] in "aeiou8", text
            previous = word


def test_example_prompts_are_never_training_captions(captions):
    examples = {example.lower() for example in words.EXAMPLES}
    road = Scene("sports car", "red", "mountain road", "realistic", "golden hour")
    drawn = {caption(road, Random(index)) for index in range(30000)}
    assert not (drawn | set(captions)) & examples
    # The check is not idle: a caption that differs from the first example by an article alone is drawn.
    assert "a red sports car on mountain road" in drawn
