from itertools import pairwise

import pytest
import torch
from torch import nn

from references import TINY_UNET, relative_error, unets
from safelight.adapters.factors import Change
from safelight.adapters.hypernetwork import attach, read
from safelight.adapters.lora import Lora, merge
from safelight.adapters.lora import attach as attach_lora
from safelight.errors import WeightsError

ACTIVATED = {"relu": nn.ReLU, "swish": nn.Hardswish, "leakyrelu": nn.LeakyReLU, "linear": None, None: None}


def theirs(width, activation="relu", norm=False, dropout=False, ends=False, structure=(1, 2, 1), seed=0):
    """A perceptron, laid out as AUTOMATIC1111 lays it out."""
    torch.manual_seed(seed + width)
    parts = []
    for i, (a, b) in enumerate(pairwise(structure)):
        last = i == len(structure) - 2
        parts.append(nn.Linear(a * width, b * width))
        if ACTIVATED[activation] and (ends or not last):
            parts.append(ACTIVATED[activation]())
        if norm:
            parts.append(nn.LayerNorm(b * width))
        if dropout and not last:
            parts.append(nn.Dropout(0.3))
    return nn.Sequential(*parts).eval()


def state(network):
    return {f"linear.{name}": value for name, value in network.state_dict().items()}


def save(tmp_path, pairs, name="a.pt", **about):
    tree = {width: tuple(map(state, pair)) for width, pair in pairs.items()}
    torch.save({**tree, "step": 10, "name": "paint", "layer_structure": [1, 2, 1], **about}, tmp_path / name)
    return tmp_path / name


@torch.no_grad()
def answer(unet):
    generator = torch.Generator().manual_seed(3)
    x, context = torch.randn(1, 4, 8, 8, generator=generator), torch.randn(1, 5, 32, generator=generator)
    return unet(x, torch.tensor([500.0]), context)


class Before(nn.Module):
    """Stands where W_k stood in diffusers' network: the perceptron, then W_k."""

    def __init__(self, perceptron, layer, scale):
        super().__init__()
        self.perceptron, self.layer, self.scale = perceptron, layer, scale

    def forward(self, x):
        return self.layer(x + self.perceptron(x) * self.scale)


def with_pairs(network, pairs, scale):
    for module in list(network.modules()):
        if hasattr(module, "to_k") and (pair := pairs.get(module.to_k.in_features)):
            module.to_k = Before(pair[0], module.to_k, scale)
            module.to_v = Before(pair[1], module.to_v, scale)
    return network


@torch.no_grad()
def their_answer(network):
    generator = torch.Generator().manual_seed(3)
    x, context = torch.randn(1, 4, 8, 8, generator=generator), torch.randn(1, 5, 32, generator=generator)
    return network(x, torch.tensor([500.0]), context).sample


@pytest.mark.parametrize(
    ("built", "told"),
    [
        ({"activation": "relu"}, {"activation_func": "relu", "activate_output": False}),
        ({"activation": "swish", "ends": True}, {"activation_func": "swish"}),
        ({"activation": "linear", "norm": True}, {"activation_func": "linear", "activate_output": True}),
        ({"activation": None}, {}),
        (
            {"activation": "leakyrelu", "norm": True, "dropout": True, "structure": (1, 2, 2, 1)},
            {"activation_func": "leakyrelu", "activate_output": False, "is_layer_norm": True, "use_dropout": True},
        ),
    ],
)
def test_keys_and_values_are_made_of_what_the_perceptrons_answer(tmp_path, built, told):
    ours, network = unets(TINY_UNET)
    bare = answer(ours)
    pairs = {width: (theirs(width, **built), theirs(width, seed=1, **built)) for width in (32, 64)}
    hypernetwork = read(save(tmp_path, pairs, **told))
    wanted = their_answer(with_pairs(network, pairs, 0.7))
    with attach(hypernetwork, ours, 0.7) as attached:
        assert relative_error(answer(ours), wanted) < 2e-5
        assert str(attached.report) == "4 of 4 tensors applied, 0 unknown"
    assert torch.equal(answer(ours), bare)
    assert relative_error(bare, wanted) > 1e-3
    assert not any(module._forward_pre_hooks for module in ours.modules())


def test_the_oldest_names_are_read(tmp_path):
    network = theirs(32, "linear")
    old = {name.replace("linear.0", "linear1").replace("linear.1", "linear2"): v for name, v in state(network).items()}
    torch.save({32: (old, old)}, tmp_path / "a.pt")
    x = torch.randn(2, 5, 32)
    with torch.no_grad():
        assert relative_error(read(tmp_path / "a.pt").pairs[32][0](x), network(x)) < 1e-6


def test_widths_that_do_not_occur_are_told_and_none_is_an_error(tmp_path):
    ours = unets(TINY_UNET)[0]
    pairs = {width: (theirs(width), theirs(width)) for width in (32, 768)}
    with attach(read(save(tmp_path, pairs)), ours) as attached:
        assert str(attached.report) == "2 of 4 tensors applied, 2 unknown"
        assert attached.report.unknown == ("width 768",)
    with pytest.raises(WeightsError, match="for attention of widths 768; this model has none"):
        attach(read(save(tmp_path, {768: pairs[768]})), ours)


def test_it_stands_before_a_lora_attached_or_merged(tmp_path):
    ours = unets(TINY_UNET)[0]
    hypernetwork = read(save(tmp_path, {32: (theirs(32), theirs(32, seed=1))}))
    place = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    generator = torch.Generator().manual_seed(5)
    down, up = torch.randn(2, 32, generator=generator), torch.randn(32, 2, generator=generator)
    lora = Lora("mine", {place: Change.of({"lora_down.weight": down, "lora_up.weight": up})})
    answers = []
    for how in (attach_lora, merge):
        with how(lora, ours, None), attach(hypernetwork, ours):
            answers.append(answer(ours))
    assert relative_error(*answers) < 2e-5


def bad():
    good = state(theirs(32))
    yield {32: (good, good), "activation_func": "sine"}, "activation 'sine'"
    yield {"name": "paint"}, "holds no pair"
    yield [1, 2], "holds no pair"
    yield {64: (good, good)}, "does not fit the one before"
    yield {32: ({**good, "linear.x.weight": torch.ones(2)}, good)}, "unknown part"
    yield {32: ({name: v for name, v in good.items() if "2" not in name}, good)}, "does not end as wide"
    yield {32: ({name: v / 0 for name, v in good.items()}, good)}, "NaN or infinity"
    yield {32: ({}, {})}, "does not end as wide"


@pytest.mark.parametrize(("tree", "message"), list(bad()))
def test_a_broken_file_is_refused_in_one_line(tmp_path, tree, message):
    torch.save(tree, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=message) as caught:
        read(tmp_path / "a.pt")
    assert "\n" not in str(caught.value) and "a.pt" in str(caught.value)
