"""What a weight does to hidden states: each program's rule, against the rule written out and against compel itself."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

from references import relative_error, texts
from safelight.models.text import TextConfig
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.conditioning import Conditioner
from safelight.prompts.weighting import restore_mean
from safelight.prompts.weights import weigh
from tiny import vocabulary

PROMPT = "a (red:1.4) house and a [blue] (car:0.3) on (a road)0.0"


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(*vocabulary())


@pytest.fixture(scope="module")
def encoders(tokenizer):
    config = TextConfig(vocabulary=540, width=32, layers=3, heads=4, mlp=64)
    ours, theirs = texts(config)
    return ours.eval(), theirs


@pytest.fixture(scope="module")
def conditioner(tokenizer, encoders):
    return Conditioner(tokenizer, encoders[0])


def parts(conditioner, prompt):
    """The plain states z, the weights w (77, 1) and the states e of the empty prompt, all of one row."""
    (row,) = next(iter(conditioner.read(prompt).stretches)).branches[0].blend[0].rows
    ids = torch.tensor([row.ids(conditioner.tokenizer)])
    weights = torch.tensor(row.weights(77))[:, None]
    empty = conditioner.encoder(conditioner.tokenizer.batch([""]), 1)
    return conditioner.encoder(ids, 1), weights, empty


@torch.inference_mode()
def test_a1111_multiplies_and_restores_the_mean(conditioner):
    z, w, _ = parts(conditioner, PROMPT)
    expected = z * w
    expected = expected * (z.mean() / expected.mean())
    found = conditioner.conditioning(PROMPT, weighting="a1111").context
    assert relative_error(found, expected) < 1e-6
    assert float(found.mean()) == pytest.approx(float(z.mean()), rel=1e-3)


@torch.inference_mode()
def test_no_norm_multiplies(conditioner):
    z, w, _ = parts(conditioner, PROMPT)
    assert torch.equal(conditioner.conditioning(PROMPT, weighting="no-norm").context, z * w)


@torch.inference_mode()
def test_comfy_goes_away_from_the_empty_prompt(conditioner):
    z, w, empty = parts(conditioner, PROMPT)
    found = conditioner.conditioning(PROMPT, weighting="comfy").context
    assert relative_error(found, empty + (z - empty) * w) < 1e-6
    untouched = (w == 1).flatten()
    assert torch.equal(found[:, untouched], z[:, untouched])


@torch.inference_mode()
def test_compel_also_goes_towards_the_prompt_without_the_lighter_words(conditioner):
    z, w, empty = parts(conditioner, "a red (car:0.25) on")
    (row,) = conditioner.read("a red (car:0.25) on").stretches[0].branches[0].blend[0].rows
    ids = torch.tensor([row.ids(conditioner.tokenizer)])
    without = conditioner.encoder(ids, 1, None, (w == 1).T)
    share = math.tan(0.75 * math.pi / 2)
    blend = (empty + (z - empty) * w + share * (empty + (without - empty) * w)) / (1 + share)
    found = conditioner.conditioning("a red (car:0.25) on", weighting="compel").context
    assert relative_error(found, blend) < 1e-5


@torch.inference_mode()
def test_compel_is_compel(conditioner, encoders, tokenizer):
    """compel's own provider, loaded without its parser (which needs a library of its own)."""
    if importlib.util.find_spec("compel") is None:
        pytest.skip("compel is not installed")
    path = Path(importlib.util.find_spec("compel").origin).parent / "embeddings_provider.py"
    spec = importlib.util.spec_from_file_location("compel_provider", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["compel_provider"] = module
    spec.loader.exec_module(module)

    class Theirs:
        """What compel asks of a tokenizer."""

        bos_token_id, eos_token_id, pad_token_id = tokenizer.start, tokenizer.end, tokenizer.end
        model_max_length = 77

        def __call__(self, texts, truncation, padding, return_tensors):
            return {"input_ids": [[self.bos_token_id, *tokenizer.encode(text), self.eos_token_id] for text in texts]}

    provider = module.EmbeddingsProvider(Theirs(), encoders[1], device="cpu")
    pieces = [piece for piece in weigh(PROMPT) if piece.text.strip()]
    expected = provider.get_embeddings_for_weighted_prompt_fragments(
        [[piece.text for piece in pieces]], [[piece.weight for piece in pieces]]
    )
    found = conditioner.conditioning(PROMPT, weighting="compel").context
    assert relative_error(found, expected) < 1e-4
    assert relative_error(found, conditioner.conditioning(PROMPT, weighting="comfy").context) > 1e-2


@torch.inference_mode()
@pytest.mark.parametrize("weighting", ["a1111", "no-norm", "comfy", "compel"])
def test_weights_of_one_change_nothing_to_the_bit(conditioner, weighting):
    plain = conditioner.encoder(conditioner.tokenizer.batch(["a red car"]), 1)
    assert torch.equal(conditioner.conditioning("a (red:1.0) car", weighting=weighting).context, plain)


def test_a_mean_that_is_not_made_for_dividing_by_leaves_the_row_unscaled():
    z = torch.tensor([[[1.0], [1.0], [-2.000001]], [[1.0], [2.0], [3.0]]])
    weights = torch.tensor([[1.0, 3.0, 1.0], [1.0, 1.0, 2.0]])
    found = restore_mean(z, weights)
    assert torch.equal(found[0], z[0] * weights[0, :, None])
    assert float(found[1].mean()) == pytest.approx(2.0)
