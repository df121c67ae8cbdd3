import pytest
import torch

from references import TINY_TEXT, relative_error, texts
from safelight.errors import WeightsError
from safelight.models.text import TextConfig, TextEncoder


def test_hidden_states_are_those_of_transformers():
    ours, theirs = texts(TINY_TEXT)
    ids = torch.randint(0, 99, (2, 77), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert relative_error(ours(ids), theirs(ids).last_hidden_state) < 1e-5


def test_clip_skip_takes_an_earlier_layer_and_norms_it():
    ours, theirs = texts(TINY_TEXT)
    ids = torch.randint(0, 99, (2, 77), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        states = theirs(ids, output_hidden_states=True).hidden_states
        for skip in (1, 2, 3):
            assert relative_error(ours(ids, skip), ours.norm(states[-skip])) < 1e-5


def test_a_layer_that_is_not_there_cannot_be_skipped_to():
    encoder = TextEncoder(TINY_TEXT)
    for skip in (0, 4):
        with pytest.raises(ValueError, match="3 layers"):
            encoder(torch.zeros(1, 77, dtype=torch.long), skip)


def test_a_token_does_not_see_the_ones_after_it():
    encoder = TextEncoder(TINY_TEXT).eval()
    ids = torch.randint(0, 99, (1, 77), generator=torch.Generator().manual_seed(3))
    changed = ids.clone()
    changed[0, 40:] = 7
    with torch.no_grad():
        a, b = encoder(ids), encoder(changed)
    assert torch.equal(a[:, :40], b[:, :40])
    assert not torch.allclose(a[:, 40:], b[:, 40:])


def test_a_token_that_is_hidden_is_hidden_from_all_others_as_in_transformers():
    ours, theirs = texts(TINY_TEXT)
    ids = torch.randint(0, 99, (2, 77), generator=torch.Generator().manual_seed(3))
    seen = torch.ones(2, 77, dtype=torch.bool)
    seen[0, 5:9] = seen[1, 70] = False
    changed = ids.clone()
    changed[0, 5:9] = 7
    with torch.no_grad():
        expected = theirs(ids, attention_mask=seen.long()).last_hidden_state
        assert relative_error(ours(ids, 1, None, seen), expected) < 1e-5
        a, b = ours(ids, 1, None, seen), ours(changed, 1, None, seen)
        assert torch.equal(a[0, 9:], b[0, 9:]) and torch.equal(a[0, :5], b[0, :5])
        assert relative_error(ours(ids, 1, None, torch.ones_like(seen)), ours(ids)) < 1e-6


def test_negative_ids_are_vectors_from_outside_and_ordinary_ones_keep_theirs():
    encoder = TextEncoder(TINY_TEXT).eval()
    ids = torch.tensor([[3, -1, -2, 5]])
    extra = torch.randn(2, TINY_TEXT.width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    embedded = encoder.embed(ids, extra)
    assert torch.equal(embedded[0, [0, 3]], encoder.tokens.weight[[3, 5]])
    assert torch.equal(embedded[0, 1:3], extra.float())
    assert torch.equal(encoder.states(embedded, 2), encoder(ids, 2, extra))
    with pytest.raises(WeightsError, match="width 5, this model's text encoder has 32"):
        encoder.embed(ids, torch.zeros(2, 5))


def test_training_computes_what_drawing_computes():
    """Attention takes another path where gradients are wanted."""
    encoder = TextEncoder(TINY_TEXT)
    ids = torch.randint(0, 99, (2, 77), generator=torch.Generator().manual_seed(3))
    trained = encoder(ids)
    with torch.no_grad():
        assert relative_error(trained.detach(), encoder(ids)) < 1e-5
    trained.sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_the_activation_is_the_quick_gelu_and_not_the_exact_one():
    encoder = TextEncoder(TINY_TEXT)
    mlp = encoder.layers[0].mlp
    x = torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        up = mlp.up(x)
        assert torch.equal(mlp(x), mlp.down(up * torch.sigmoid(1.702 * up)))
        assert relative_error(mlp(x), mlp.down(torch.nn.functional.gelu(up))) > 1e-4


def test_the_v1_text_encoder_has_its_published_size():
    with torch.device("meta"):
        assert sum(p.numel() for p in TextEncoder(TextConfig()).parameters()) == 123_060_480
