import threading

import pytest
import torch
from diffusers.utils.torch_utils import fourier_filter

from references import TINY_UNET, relative_error, unets
from safelight.models.attention import edit_attention
from safelight.models.freeu import filtered, freeu
from safelight.models.unet import UNetConfig

NETWORKS = {
    "three levels": TINY_UNET,
    "two levels, no attention above": UNetConfig(
        channels=(32, 64), attention=(False, True), blocks=1, heads=4, context=32, groups=8
    ),
}


def inputs(height=16, width=16):
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(2, 4, height, width, generator=generator)
    return x, torch.tensor([981.0, 3.25]), torch.randn(2, 77, 32, generator=generator)


@torch.no_grad()
def answer(unet, *size):
    return unet(*inputs(*size))


@pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("settings", [(1.5, 1.6, 0.9, 0.2), (1.3, 1.0, 1.0, 0.5)], ids=str)
@pytest.mark.parametrize("size", [(16, 16), (13, 18)], ids=str)
def test_epsilon_with_freeu_is_that_of_diffusers(config, settings, size):
    ours, theirs = unets(config)
    b1, b2, s1, s2 = settings
    theirs.enable_freeu(s1=s1, s2=s2, b1=b1, b2=b2)
    bare = answer(ours, *size)
    with freeu(ours, b1, b2, s1, s2):
        found = answer(ours, *size)
    with torch.no_grad():
        assert relative_error(found, theirs(*inputs(*size)).sample) < 2e-5
    assert relative_error(found, bare) > 1e-3
    assert torch.equal(answer(ours, *size), bare)


def test_ones_change_no_bit():
    unet = unets(TINY_UNET)[0]
    bare = answer(unet)
    with freeu(unet, 1, 1, 1, 1):
        assert torch.equal(answer(unet), bare)


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (1, 1), (2, 5)], ids=str)
def test_the_filter_is_that_of_diffusers(size):
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    if min(size) > 1:
        assert relative_error(filtered(x, 0.3), fourier_filter(x, threshold=1, scale=0.3)) < 1e-5
    assert filtered(x, 1) is x
    assert filtered(x.bfloat16(), 0.3).dtype == torch.bfloat16


def test_the_filter_scales_what_is_even_and_leaves_fine_detail():
    even = torch.full((1, 2, 8, 8), 3.0, dtype=torch.float64)
    assert relative_error(filtered(even, 0.2), 0.2 * even) < 1e-12
    fine = torch.ones(8, 8, dtype=torch.float64)
    fine[::2] = -1
    assert relative_error(filtered(fine.expand(1, 2, 8, 8), 0.2), fine.expand(1, 2, 8, 8)) < 1e-12


def test_it_belongs_to_the_thread_that_asked_for_it_and_goes_with_the_block():
    unet = unets(TINY_UNET)[0]
    bare, found = answer(unet), []
    with pytest.raises(RuntimeError, match="enough"), freeu(unet, 1.5, 1.6, 0.9, 0.2):  # noqa: PT012
        thread = threading.Thread(target=lambda: found.append(answer(unet)))
        thread.start()
        thread.join()
        assert torch.equal(found[0], bare)
        assert not torch.equal(answer(unet), bare)
        raise RuntimeError("enough")
    assert torch.equal(answer(unet), bare)
    assert all(not module._forward_pre_hooks for module in unet.modules())


def test_it_works_beside_an_edit_of_attention():
    unet = unets(TINY_UNET)[0]
    with freeu(unet, 1.5, 1.6, 0.9, 0.2):
        alone = answer(unet)
        with edit_attention(unet, lambda site, q, k, v, attend: attend(q, k, v)):
            assert torch.equal(answer(unet), alone)


def test_weights_stay_what_they_are():
    unet = unets(TINY_UNET)[0]
    before = {name: value.clone() for name, value in unet.state_dict().items()}
    with freeu(unet, 1.5, 1.6, 0.9, 0.2):
        answer(unet)
        assert list(unet.state_dict()) == list(before)
    assert all(torch.equal(value, before[name]) for name, value in unet.state_dict().items())
