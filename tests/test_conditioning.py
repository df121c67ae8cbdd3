"""Prompts become contexts: plain ones to the bit as ever, long and weighted and changing ones by the room's rules."""

import dataclasses

import pytest
import torch

from safelight.errors import RecipeError, WeightsError
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.conditioning import Conditioner, encode
from safelight.prompts.reading import lay_out
from safelight.train.vocabulary import train_tokenizer

T, D = 12, 16


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    train_tokenizer(["a red cat and a blue dog on the mat", *["a cat"] * 5] * 2, 528, folder)
    return Tokenizer(folder / "vocab.json", folder / "merges.txt", length=T)


@pytest.fixture(scope="module")
def encoder(tokenizer):
    torch.manual_seed(0)
    return TextEncoder(TextConfig(vocabulary=tokenizer.size, width=D, layers=3, heads=2, mlp=32, length=T)).eval()


@pytest.fixture(scope="module")
def conditioner(tokenizer, encoder):
    return Conditioner(tokenizer, encoder)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def test_the_context_is_the_encoders_answer_to_the_batch(tokenizer, encoder):
    prompts = ["a red cat", "", "a blue dog"]
    told = encode(prompts, tokenizer, encoder)
    assert told.context.shape == (3, T, D)
    assert torch.equal(told.context, encoder(tokenizer.batch(prompts)))


def test_skip_reaches_the_encoder(tokenizer, encoder, conditioner):
    told = encode(["a red cat"], tokenizer, encoder, skip=2)
    assert torch.equal(told.context, encoder(tokenizer.batch(["a red cat"]), 2))
    assert not torch.equal(told.context, encode(["a red cat"], tokenizer, encoder).context)
    assert torch.equal(told.context, conditioner.conditioning("a red cat", clip_skip=2).context)


def test_a_prompt_that_is_too_long_reads_as_if_it_ended_where_it_is_cut(tokenizer, encoder):
    assert [len(tokenizer.encode(word)) for word in ("a", "Cat")] == [1, 1]
    told = encode(["a cat", "a " * 10 + "Cat and a dog"], tokenizer, encoder)
    assert torch.equal(told.context[1], encode(["a " * 10], tokenizer, encoder).context[0])


def test_a_conditioning_cannot_be_changed(conditioner, tokenizer, encoder):
    with pytest.raises(dataclasses.FrozenInstanceError):
        encode(["a"], tokenizer, encoder).context = torch.zeros(1, T, D)
    with pytest.raises(dataclasses.FrozenInstanceError):
        conditioner.conditioning("a").stretches = ()


@pytest.mark.parametrize("syntax", ["plain", "weighted", "a1111", "comfyui"])
def test_a_prompt_without_marks_has_the_bits_of_encode_in_every_syntax(conditioner, tokenizer, encoder, syntax):
    both = encode(["a red cat", "a dog"], tokenizer, encoder).context
    found = conditioner.conditionings(["a red cat", "a dog"], syntax=syntax)
    assert torch.equal(torch.cat([told.context for told in found]), both)


def test_plain_cuts_and_weighted_does_not(conditioner, tokenizer, encoder):
    text = "a " * 25 + "(cat)"
    assert torch.equal(
        conditioner.conditioning(text, syntax="plain").context, encode([text], tokenizer, encoder).context
    )
    assert conditioner.conditioning(text).context.shape == (1, 3 * T, D)
    assert conditioner.read(text).cut is None
    assert conditioner.read(text, syntax="plain").cut.endswith("(cat)")


def test_strict_refuses_to_cut_and_says_from_where(conditioner):
    with pytest.raises(RecipeError, match=r"longer than 10 tokens and would be cut from 'cat' on") as caught:
        conditioner.conditioning("a " * 10 + "cat", syntax="plain", strict=True)
    assert "\n" not in str(caught.value)
    assert conditioner.conditioning("a " * 10 + "cat", strict=True).context.shape[1] == 2 * T
    assert conditioner.conditioning("a " * 10, syntax="plain", strict=True).context.shape[1] == T


def test_rows_are_encoded_apart_and_laid_end_to_end(conditioner, encoder, tokenizer):
    found = conditioner.conditioning("a red BREAK blue").context
    assert torch.equal(found, encoder(tokenizer.batch(["a red", "blue"])).flatten(0, 1)[None])


def test_both_sides_of_guidance_are_filled_up_to_one_length_with_the_empty_prompt(conditioner, encoder, tokenizer):
    long, short = conditioner.conditionings(["a " * 25, "red"])
    assert long.length == short.length == 3 * T
    empty = encoder(tokenizer.batch([""]))
    assert torch.equal(short.context[:, T : 2 * T], empty)
    assert torch.equal(short.context[:, 2 * T :], empty)
    assert torch.allclose(short.context[:, :T], encoder(tokenizer.batch(["red"])), atol=1e-5)
    assert conditioner.align([long, short]) == (long, short)


def test_a_schedule_changes_the_context_at_its_step(conditioner):
    told = conditioner.conditioning("a [red:blue:0.5] cat", steps=4)
    red, blue = (conditioner.conditioning(f"a {colour} cat").context for colour in ("red", "blue"))
    assert [last for last, _ in told.stretches] == [2, 4]
    for step, expected in [(1, red), (2, red), (3, blue), (4, blue), (5, blue)]:
        assert torch.allclose(told.branches_of(step)[0].context, expected, atol=1e-5)
    for k in range(4):
        assert told.branches_at(k / 4) == told.branches_of(k + 1)
    assert told.branches_at(1.0) == told.branches_of(4)
    assert told.context is None


def test_progress_finds_its_step_for_every_count_of_steps(conditioner):
    for steps in (1, 2, 3, 7, 25, 49, 50, 99, 333):
        told = conditioner.conditioning("[a|red]", steps=steps)
        assert all(told.branches_at(k / steps) == told.branches_of(k + 1) for k in range(steps))


def test_a_text_that_comes_back_is_asked_for_once(tokenizer, encoder):
    asked = []

    def counting(ids, skip, *rest):
        asked.append(len(ids))
        return encoder(ids, skip, *rest)

    told = Conditioner(tokenizer, counting).conditioning("[a|red|blue] cat", steps=50)
    assert asked == [3]
    assert len(told.stretches) == 50


def test_and_gives_branches_with_their_weights(conditioner):
    told = conditioner.conditioning("a cat AND a dog : 0.5 AND " + "a " * 15)
    assert [branch.weight for branch in told.branches_at(0)] == [1.0, 0.5, 1.0]
    assert {branch.context.shape for branch in told.branches_at(0)} == {(1, 2 * T, D)}
    assert told.context is None


def test_a_blend_is_the_weighted_mean_of_its_contexts(conditioner):
    blend = conditioner.conditioning("a cat :: 3 | a (dog:1.5) :: 1").context
    cat, dog = conditioner.conditioning("a cat").context, conditioner.conditioning("a (dog:1.5)").context
    assert torch.allclose(blend, 0.75 * cat + 0.25 * dog, atol=1e-5)
    long = conditioner.conditioning("a cat :: 1 | " + "a " * 15 + ":: 1")
    assert long.length == 2 * T


def test_an_embedding_takes_the_place_of_its_name(tokenizer, encoder):
    torch.manual_seed(1)
    vectors = torch.randn(2, D)
    conditioner = Conditioner(tokenizer, encoder, {"glow": vectors})
    found = conditioner.conditioning("a GLOW cat").context
    embedded = encoder.tokens(tokenizer.batch(["a a a cat"]))
    embedded[0, 2:4] = vectors
    assert torch.equal(found, encoder.states(embedded))
    assert torch.equal(
        conditioner.conditioning("a glow cat", syntax="plain").context, conditioner.conditioning("a glow cat").context
    )
    unmentioned = conditioner.conditioning("a cat").context
    assert torch.equal(unmentioned, Conditioner(tokenizer, encoder).conditioning("a cat").context)


def test_an_embedding_of_another_kind_of_model_is_refused(tokenizer, encoder):
    with pytest.raises(WeightsError, match=f"width 1024, this model's text encoder has {D}"):
        Conditioner(tokenizer, encoder, {"glow": torch.zeros(1, 1024)}).conditioning("glow")


def test_mentions_are_no_words(conditioner):
    assert torch.equal(
        conditioner.conditioning("a cat<lora:ink:0.8>").context, conditioner.conditioning("a cat").context
    )
    assert [mention.name for mention in conditioner.read("a cat<lora:ink:0.8>").mentions] == ["ink"]
    assert conditioner.read("<lora:ink>", syntax="plain").mentions == ()


def test_a_prompt_that_would_take_too_many_rows_is_refused(tokenizer):
    with pytest.raises(RecipeError, match="more than 512 rows"):
        lay_out("a " * 10 * 513, tokenizer)
    with pytest.raises(RecipeError, match="more than 512 rows"):
        lay_out("[a|b|c] [a|b|c|d|e] [a|b|c|d|e|f|g] [a|b|c|d|e|f|g|h|i|j|k]", tokenizer, steps=1000)


def test_an_unknown_weighting_is_refused_with_the_known_ones(conditioner):
    with pytest.raises(RecipeError, match="'compel'"):
        conditioner.conditioning("a", weighting="compels")


def test_many_rows_are_asked_for_a_few_at_a_time(tokenizer, encoder):
    asked = []

    def counting(ids, skip, *rest):
        asked.append(len(ids))
        return encoder(ids, skip, *rest)

    told = Conditioner(tokenizer, counting).conditioning("a " * 10 * 40)
    assert max(asked) <= 16 and sum(asked) == 40
    assert told.length == 40 * T
