"""The questions are fixed, fair, and know their answers."""

from collections import Counter

from safelight.evaluate.prompts import GENEVAL, defect_prompts, examples, fingerprint, prompts, seed_of, some
from safelight.scenes import words
from safelight.scenes.captions import describe
from safelight.scenes.grammar import held_out, objection


def test_there_are_as_many_prompts_of_each_task_as_planned():
    counts = Counter(prompt.task for prompt in prompts())
    assert [counts[task] for task in GENEVAL] == [60] * 6
    assert [counts[task] for task in ("style", "lighting", "environment", "fusion")] == [56, 42, 44, 24]
    assert counts["examples"] == 6
    assert len(defect_prompts()) == 28
    assert len({prompt.name for prompt in prompts()}) == 532
    assert len({prompt.text for prompt in prompts()}) > 525  # two tasks may ask the same, with other seeds


def test_half_of_every_task_is_held_out_and_a_fifth_is_reworded():
    for task in {prompt.task for prompt in prompts()} - {"examples"}:
        of = [prompt for prompt in prompts() if prompt.task == task]
        assert sum(prompt.held_out for prompt in of) * 2 == len(of)
        assert abs(sum(prompt.reworded for prompt in of) - len(of) / 5) < 1
        assert {prompt.held_out for prompt in of if prompt.reworded} == {False, True}


def test_a_prompt_says_rightly_whether_training_showed_its_combinations():
    for prompt in prompts():
        if prompt.task == "examples":  # of its scene only a part is asked
            continue
        assert objection(prompt.scene) is None
        assert held_out(prompt.scene) == prompt.held_out, prompt.name
        if not prompt.reworded:
            assert prompt.text == describe(prompt.scene)


def test_colours_are_never_asked_of_a_pencil_sketch():
    for prompt in prompts():
        if {"colour", "binding"} & set(prompt.asks):
            assert prompt.scene.medium != "pencil sketch"


def test_prompts_and_seeds_are_the_same_every_time():
    before = fingerprint()
    prompts.cache_clear()
    assert fingerprint() == before
    seeds = [seed_of(prompt, i) for prompt in prompts() for i in range(4)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_printed_examples_are_asked_word_for_word():
    for prompt, text in zip(examples(), words.EXAMPLES, strict=True):
        assert prompt.text.endswith(text)


def test_a_negative_prompt_names_every_defect_and_changes_nothing_else():
    for asked, unnamed, negative in defect_prompts():
        assert asked.scene.defect is not None
        assert describe(asked.scene) == asked.text
        assert unnamed.scene.defect is None
        assert unnamed.text == negative.text
        assert seed_of(unnamed, 0) == seed_of(negative, 0)
        assert all(row[0] in negative.negative for row in words.DEFECTS.values())


def test_some_prompts_of_each_task_can_be_asked():
    few = list(some(prompts(), 2))
    assert Counter(prompt.task for prompt in few) == dict.fromkeys({prompt.task for prompt in prompts()}, 2)
