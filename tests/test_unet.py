import re

import pytest
import torch
from torch import nn

from references import TINY_UNET, relative_error, unets
from safelight.models import unet as module
from safelight.models.unet import FeedForward, SpatialTransformer, UNet, UNetConfig, sinusoid


def example(config, height=16, width=16, batch=2):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(batch, config.in_channels, height, width, generator=generator)
    t = torch.tensor([981.0, 3.25])[:batch]
    return x.double(), t, torch.randn(batch, 77, config.context, generator=generator).double()


@pytest.mark.parametrize(
    "config",
    [
        TINY_UNET,
        UNetConfig(channels=(32, 64), attention=(False, True), blocks=1, heads=4, context=32, groups=8),
        UNetConfig(in_channels=9, channels=(32, 64), attention=(True, False), blocks=2, heads=4, context=32, groups=8),
    ],
    ids=["three levels", "attention below only", "inpainting"],
)
def test_epsilon_is_that_of_diffusers(config):
    ours, theirs = (network.double() for network in unets(config))
    inputs = example(config)
    with torch.no_grad():
        assert relative_error(ours(*inputs), theirs(*inputs).sample) < 1e-7


@pytest.mark.parametrize(("height", "width"), [(13, 17), (8, 31), (9, 9)])
def test_latents_of_any_size_come_out_as_from_diffusers(height, width):
    ours, theirs = (network.double() for network in unets(TINY_UNET))
    inputs = example(TINY_UNET, height, width)
    with torch.no_grad():
        out = ours(*inputs)
        assert out.shape == inputs[0].shape
        assert relative_error(out, theirs(*inputs).sample) < 1e-7


def test_training_computes_what_drawing_computes():
    ours = unets(TINY_UNET)[0].double()
    inputs = example(TINY_UNET)
    trained = ours(*inputs)
    with torch.no_grad():
        assert relative_error(trained.detach(), ours(*inputs)) < 1e-10
    trained.mean().backward()
    assert all(parameter.grad is not None for parameter in ours.parameters())


def test_the_v1_unets_have_their_published_sizes():
    with torch.device("meta"):
        assert sum(p.numel() for p in UNet(UNetConfig()).parameters()) == 859_520_964
        assert sum(p.numel() for p in UNet(UNetConfig(in_channels=9)).parameters()) == 859_535_364


def test_the_docstring_table_is_the_module():
    with torch.device("meta"):
        unet = UNet(UNetConfig())
    rows = re.findall(r"^    (\d)\s+(\d+)\s+(yes|no)\s+(\d+)x\d+", module.__doc__, re.M)
    assert len(rows) == len(unet.down) == 4
    size = 64
    for level, channels, attention, stated in rows:
        down, up = unet.down[int(level)], unet.up[3 - int(level)]
        assert down.res[-1].conv2.out_channels == up.res[-1].conv2.out_channels == int(channels)
        assert (len(down.attn) > 0) == (len(up.attn) > 0) == (attention == "yes")
        assert (len(down.res), len(up.res)) == (2, 3)
        assert int(stated) == size
        size = size // 2 if down.downsample is not None else size
    assert unet.mid.res[0].conv1.in_channels == 1280


def test_group_norms_of_blocks_and_of_transformers_differ_in_eps():
    unet = UNet(TINY_UNET)
    for parent in unet.modules():
        for child in parent.children():
            if isinstance(child, nn.GroupNorm):
                assert child.eps == (1e-6 if isinstance(parent, SpatialTransformer) else 1e-5)


def test_time_steps_are_embedded_cosines_first():
    embedded = sinusoid(torch.tensor([0.0, 1000.0]), 320)
    assert embedded.shape == (2, 320)
    assert torch.equal(embedded[0], torch.cat([torch.ones(160), torch.zeros(160)]))
    assert embedded[1, 160] == pytest.approx(float(torch.tensor(1000.0).sin()), abs=1e-4)
    assert embedded[1, 319] == pytest.approx(float(torch.tensor(1000 * 10000 ** (-159 / 160)).sin()), abs=1e-5)


def test_the_gate_is_the_second_half_and_an_exact_gelu():
    block = FeedForward(8)
    x = torch.randn(1, 3, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        up = block.up(x)
        exact = block.down(up[..., :32] * torch.nn.functional.gelu(up[..., 32:]))
        tanh = block.down(up[..., :32] * torch.nn.functional.gelu(up[..., 32:], approximate="tanh"))
        assert torch.allclose(block(x), exact)
        assert not torch.allclose(block(x), tanh, atol=1e-7)


def test_halving_pads_all_sides():
    unet = UNet(TINY_UNET)
    assert unet.down[0].downsample.padding == (1, 1)
