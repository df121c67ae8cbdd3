"""Prompts become a context; what does not fit is not read."""

import dataclasses

import pytest
import torch

from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.conditioning import encode
from safelight.train.vocabulary import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    train_tokenizer(["a red cat and a blue dog on the mat", *["a cat"] * 5] * 2, 528, folder)
    return Tokenizer(folder / "vocab.json", folder / "merges.txt", length=12)


@pytest.fixture(scope="module")
def encoder(tokenizer):
    torch.manual_seed(0)
    return TextEncoder(TextConfig(vocabulary=tokenizer.size, width=16, layers=3, heads=2, mlp=32, length=12)).eval()


@torch.inference_mode()
def test_the_context_is_the_encoders_answer_to_the_batch(tokenizer, encoder):
    prompts = ["a red cat", "", "a blue dog"]
    told = encode(prompts, tokenizer, encoder)
    assert told.context.shape == (3, 12, 16)
    assert torch.equal(told.context, encoder(tokenizer.batch(prompts)))


@torch.inference_mode()
def test_skip_reaches_the_encoder(tokenizer, encoder):
    told = encode(["a red cat"], tokenizer, encoder, skip=2)
    assert torch.equal(told.context, encoder(tokenizer.batch(["a red cat"]), 2))
    assert not torch.equal(told.context, encode(["a red cat"], tokenizer, encoder).context)


@torch.inference_mode()
def test_a_prompt_that_is_too_long_reads_as_if_it_ended_where_it_is_cut(tokenizer, encoder):
    assert [len(tokenizer.encode(word)) for word in ("a", "Cat")] == [1, 1]
    told = encode(["a cat", "a " * 10 + "Cat and a dog"], tokenizer, encoder)
    assert torch.equal(told.context[1], encode(["a " * 10], tokenizer, encoder).context[0])


def test_a_conditioning_cannot_be_changed(tokenizer, encoder):
    told = encode(["a"], tokenizer, encoder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        told.context = torch.zeros(1, 12, 16)
