import pytest
import torch

from safelight.diffusion.noise import Noise, philox_normal
from safelight.errors import RecipeError

# torch.manual_seed(0); torch.randn(3, 4, device="cuda")
CUDA = [
    [-0.92466259, -0.42534415, -2.6438457, 0.14518388],
    [-0.12086647, -0.57972564, -0.62285122, -0.32838709],
    [-1.07454231, -0.36314407, -1.67105067, 2.26550497],
]


def test_torch_noise_is_what_a_cpu_generator_draws_for_one_picture():
    generator = torch.Generator("cpu").manual_seed(1234)
    noise = Noise(1234, (4, 8, 8))
    assert torch.equal(noise.initial(), torch.randn((1, 4, 8, 8), generator=generator))
    for _ in range(3):
        assert torch.equal(noise(2.0, 1.0), torch.randn((1, 4, 8, 8), generator=generator))


def test_philox_noise_is_what_cuda_draws():
    noise = Noise(0, (1, 3, 4), "philox")
    assert (noise.initial().reshape(3, 4) - torch.tensor(CUDA)).abs().max() < 1e-6


def test_philox_elements_do_not_depend_on_how_many_there_are():
    assert torch.equal(philox_normal(7, 2, 5000)[:16], philox_normal(7, 2, 16))


@pytest.mark.parametrize("kind", ["torch", "philox"])
def test_a_stream_is_repeatable_and_never_repeats_itself(kind):
    a, b = Noise(5, (4, 8, 8), kind), Noise(5, (4, 8, 8), kind)
    first = [a.initial(), a(3.0, 2.0), a(2.0, 1.0)]
    again = [b.initial(), b(3.0, 2.0), b(2.0, 1.0)]
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))
    assert len({float(x.sum()) for x in first}) == 3
    assert not torch.equal(first[0], Noise(6, (4, 8, 8), kind).initial())


def test_two_streams_do_not_disturb_each_other_or_the_global_generator():
    torch.manual_seed(0)
    untouched = torch.rand(1)
    torch.manual_seed(0)
    a, b = Noise(1, (4, 8, 8)), Noise(2, (4, 8, 8))
    mixed = [a.initial(), b.initial(), a(1, 0), b(1, 0)]
    assert torch.equal(torch.rand(1), untouched)
    alone = Noise(1, (4, 8, 8))
    assert torch.equal(mixed[0], alone.initial())
    assert torch.equal(mixed[2], alone(1, 0))


@pytest.mark.parametrize("kind", ["torch", "philox"])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
def test_every_seed_gives_unit_normal_float32_noise(kind, seed):
    x = Noise(seed, (4, 64, 64), kind).initial()
    assert x.dtype == torch.float32
    assert x.shape == (1, 4, 64, 64)
    assert x.isfinite().all()
    # four standard errors of 16,384 normal numbers
    assert x.mean().abs() < 4 / 128
    assert (x.var() - 1).abs() < 4 * (2**0.5) / 128
    assert ((x.abs() < 1).float().mean() - 0.6827).abs() < 0.015


def test_the_upper_half_of_a_seed_matters_to_philox():
    assert not torch.equal(philox_normal(3, 0, 8), philox_normal(3 + 2**32, 0, 8))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(RecipeError, match="0 to 2\\^64 - 1"):
        Noise(seed, (4, 8, 8))


def test_an_unknown_kind_is_refused():
    with pytest.raises(RecipeError, match="'torch' or 'philox'"):
        Noise(0, (4, 8, 8), "cuda")  # type: ignore[arg-type]
