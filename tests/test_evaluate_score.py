"""A question is answered when everything asked is there, and not otherwise."""

from dataclasses import replace

import pytest

from evaluate_fakes import truth
from safelight.evaluate.prompts import Prompt, defect_prompts, prompts
from safelight.evaluate.score import Judged, answers, defects, judge, share, table, targets
from safelight.scenes.grammar import Scene, Subject

PAIR = Scene((Subject("cube", "red"), Subject("sphere", "blue")), "studio", "realistic", "studio", "left of")
THREE = Scene((Subject("cat", "black", 3),), "beach", "oil", "night")


def asked(scene, *asks, held_out=False, number=0):
    return Prompt("single", number, "", scene, asks, held_out)


def test_a_perfect_reading_answers_every_prompt():
    every = [*prompts(), *(three[0] for three in defect_prompts()), *(three[1] for three in defect_prompts())]
    wrong = [one.prompt.name for one in judge(every, [truth(prompt.scene) for prompt in every]) if not one.right]
    assert wrong == []


def test_a_count_is_right_only_when_exact():
    for seen, right in ((2, False), (3, True), (4, False)):
        reading = truth(replace(THREE, subjects=(Subject("cat", "black", seen),)))
        assert answers(asked(THREE, "count"), reading) == {"count": right}


def test_the_surest_of_a_noun_decides_its_colour():
    reading = truth(THREE)
    other = replace(reading.instances[0], colour="pink", score=0.99)
    assert not answers(asked(THREE, "colour"), replace(reading, instances=(other, *reading.instances)))["colour"]
    assert answers(asked(THREE, "colour"), replace(reading, instances=(*reading.instances, other)))["colour"]


def test_colours_bound_to_the_wrong_things_are_wrong_although_both_are_there():
    swapped = replace(PAIR, subjects=(Subject("cube", "blue"), Subject("sphere", "red")))
    assert answers(asked(PAIR, "two", "binding"), truth(swapped)) == {"two": True, "binding": False}


def test_a_mirrored_relation_is_wrong():
    assert not answers(asked(PAIR, "relation"), truth(replace(PAIR, relation="right of")))["relation"]


def test_a_missing_thing_leaves_no_relation():
    reading = replace(truth(PAIR), instances=truth(PAIR).instances[:1])
    assert answers(asked(PAIR, "two", "relation"), reading) == {"two": False, "relation": False}


def test_other_values_of_an_axis_are_wrong():
    reading = truth(replace(THREE, environment="mars", lighting="fog"))
    assert answers(asked(THREE, "environment", "medium", "lighting"), reading) == {
        "environment": False,
        "medium": True,
        "lighting": False,
    }


def test_the_standard_error_is_over_prompts_and_not_over_their_pictures():
    rows = [(asked(THREE, number=i), i < 2) for i in range(4) for _ in range(5)]
    value = share(rows)
    assert value is not None
    assert value.share == 0.5
    assert value.pictures == 20
    assert value.error == pytest.approx((1 / 3) ** 0.5 / 2)
    assert share([]) is None


def test_seen_and_held_out_are_told_apart_and_the_mean_is_of_the_six():
    judged = [Judged(one, {"x": not one.held_out}) for one in prompts()]
    rows = table(judged)
    assert rows["count"]["seen"].share == 1
    assert rows["count"]["held-out"].share == 0
    assert rows["mean of six"]["all"].share == pytest.approx(0.5)
    assert rows["mean of six"]["all"].pictures == 360
    assert rows["mean of six"]["all"].error == pytest.approx(rows["count"]["all"].error / 6**0.5)


def test_a_colour_counts_only_where_its_thing_is_there():
    told = [{"single": True, "colour": True}, {"single": True, "colour": False}, {"single": False, "colour": False}]
    judged = [Judged(asked(THREE, number=i), one) for i, one in enumerate(told)]
    assert targets(judged)["its colour"].share == 0.5
    assert targets(judged)["single subject"].share == pytest.approx(2 / 3)


def test_defects_are_counted_one_by_one_and_together():
    found = defects([truth(replace(THREE, defect=name)) for name in ("blurry", "grainy", None, None)])
    assert found["blurry"] == found["grainy"] == 0.25
    assert found["any"] == 0.5
