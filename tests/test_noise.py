"""Noise is a stream of its own for each picture.

What a card draws is held for draw 0 alone, whose numbers are widely published. Draws 1, 2, ... were not compared with a
card: they are held against Philox as its paper publishes it, with the counter where torch's CUDA generator puts it.
"""

import math
from itertools import pairwise

import pytest
import torch

from safelight.diffusion.noise import Brownian, Noise, path, philox_normal
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


def philox(counter, key):
    """Philox 4x32-10 for one counter (four words) and one key (two), in plain integers, as the paper writes it."""
    low = 0xFFFFFFFF
    for _ in range(10):
        first, second = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = (
            (second >> 32) ^ counter[1] ^ key[0],
            second & low,
            (first >> 32) ^ counter[3] ^ key[1],
            first & low,
        )
        key = (key[0] + 0x9E3779B9) & low, (key[1] + 0xBB67AE85) & low
    return counter


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_the_oracle_gives_the_known_answers_of_philoxs_authors(counter, key, expected):
    assert philox(counter, key) == expected  # Random123's table of known answers for philox4x32, 10 rounds


@pytest.mark.parametrize("seed", [0, 42, 2**32 + 7, 2**64 - 1])
@pytest.mark.parametrize("draw", [0, 1, 2, 19, 2**32 + 5])
def test_draw_n_is_the_stream_at_offset_n(seed, draw):
    """Each call of torch.randn moves a CUDA generator on by four words an element: by one counter."""
    expected = []
    for element in range(12):
        counter = (draw % 2**32, draw // 2**32, element, 0)
        x, y, *_ = philox(counter, (seed % 2**32, seed // 2**32))
        u, v = (x + 0.5) / 2**32, (y + 0.5) / 2**32
        expected.append(math.sqrt(-2 * math.log(u)) * math.sin(2 * math.pi * v))
    assert (philox_normal(seed, draw, 12) - torch.tensor(expected)).abs().max() < 2e-6


def test_the_draws_of_a_picture_are_draws_0_1_2_of_its_seed():
    noise = Noise(9, (4, 8, 8), "philox")
    found = [noise.initial(), noise(3.0, 2.0), noise(2.0, 1.0)]
    for draw, block in enumerate(found):
        assert torch.equal(block.flatten(), philox_normal(9, draw, 256))


def test_the_draws_of_a_512_pixel_picture_are_unit_normal_and_know_nothing_of_each_other():
    noise = Noise(3, (4, 64, 64), "philox")
    blocks = torch.stack([noise.initial().flatten(), *(noise(2.0, 1.0).flatten() for _ in range(4))]).double()
    error = 16_384**-0.5  # of a mean; four of them are allowed
    assert (blocks.mean(1).abs() < 4 * error).all()
    assert ((blocks.var(1) - 1).abs() < 4 * error * 2**0.5).all()
    assert (blocks.pow(3).mean(1).abs() < 4 * error * 15**0.5).all()
    assert ((blocks.pow(4).mean(1) - 3).abs() < 4 * error * 96**0.5).all()
    alike = torch.corrcoef(blocks) - torch.eye(5, dtype=torch.float64)
    assert alike.abs().max() < 4 * error


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


# ---- one Brownian path ----

SHAPE = (4, 32, 32)
ERROR = 4096**-0.5  # of a mean; four of them are allowed


def w(brownian, sigma):
    """W at sigma, from its start at 2^-32: what a step from there gets, times the root of its length."""
    return brownian(2.0**-32, sigma) * (math.log2(sigma) + 32) ** 0.5


def test_a_path_gives_the_same_to_every_step_in_whichever_order_they_are_asked():
    sigmas = [14.6, 7.3, 3.1, 0.9, 0.4, 0.1, 0.03]
    steps = [*pairwise(sigmas), (14.6, 3.1), (0.9, 0.03), (14.6, 0.03)]
    brownian = Brownian(7, SHAPE)
    first = {step: brownian(*step) for step in steps}
    for step in reversed(steps):
        assert torch.equal(brownian(*step), first[step])
        assert torch.equal(Brownian(7, SHAPE)(*step), first[step])


def test_a_step_the_other_way_gets_the_opposite():
    brownian = Brownian(7, SHAPE)
    assert torch.equal(brownian(3.0, 1.0), -brownian(1.0, 3.0))


def test_a_long_step_gets_what_the_short_ones_within_it_get_together():
    brownian, sigmas = Brownian(7, SHAPE), [8.0, 4.0, 1.0, 0.25, 0.0625]
    lengths = [math.log2(a / b) for a, b in pairwise(sigmas)]
    short = sum(brownian(a, b) * length**0.5 for (a, b), length in zip(pairwise(sigmas), lengths, strict=True))
    whole = brownian(sigmas[0], sigmas[-1]) * sum(lengths) ** 0.5
    assert (short - whole).abs().max() < 1e-4


def test_steps_get_unit_noise_and_apart_from_each_other_independent_noise():
    sigmas = [14.6, 9.0, 8.9, 3.0, 1.0, 0.3, 0.2999, 0.05, 0.0292]
    blocks = torch.stack([Brownian(3, SHAPE)(a, b).flatten() for a, b in pairwise(sigmas)]).double()
    assert (blocks.mean(1).abs() < 4 * ERROR).all()
    assert ((blocks.var(1) - 1).abs() < 4 * ERROR * 2**0.5).all()
    alike = torch.corrcoef(blocks) - torch.eye(len(blocks), dtype=torch.float64)
    assert alike.abs().max() < 4.5 * ERROR


def test_a_path_spreads_as_brownian_motion_does():
    brownian = Brownian(5, SHAPE)
    near, far = w(brownian, 0.5).double(), w(brownian, 8.0).double()
    covariance = float((near * far).mean())  # the lesser of the two times
    assert covariance == pytest.approx(31, abs=4 * ERROR * 50)
    assert float((far - near).var()) == pytest.approx(4, rel=4 * ERROR * 2**0.5)


def test_steps_too_short_for_the_path_still_get_unit_noise():
    noise = Brownian(5, SHAPE)(1.0, 1.0 - 1e-9).double()
    assert (noise.var() - 1).abs() < 4 * ERROR * 2**0.5


@pytest.mark.parametrize("sigma", [1e-12, 1e12])
def test_beyond_its_ends_a_path_stands_still_but_finite(sigma):
    assert Brownian(5, SHAPE)(sigma, 1.0).isfinite().all()


@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_a_path_ends_above_sigma_0(sigma):
    with pytest.raises(ValueError, match="above 0"):
        Brownian(5, SHAPE)(1.0, sigma)


@pytest.mark.parametrize("other", [6, 5 + 2**32, 5 + 2**63])
def test_every_bit_of_a_seed_makes_another_path(other):
    a, b = Brownian(5, SHAPE)(3.0, 1.0).flatten(), Brownian(other, SHAPE)(3.0, 1.0).flatten()
    assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 4 * ERROR


def test_a_path_is_not_the_stream_of_its_seed():
    noise = Noise(5, SHAPE)
    step = path(noise)(14.6, 10.0).flatten()
    assert abs(float(torch.corrcoef(torch.stack([noise.initial().flatten(), step]))[0, 1])) < 4 * ERROR
    assert noise.draws == 1


def test_noise_becomes_the_path_of_its_seed_and_anything_else_stays_what_it_is():
    brownian = Brownian(9, SHAPE)
    assert torch.equal(path(Noise(9, SHAPE, "philox"))(3.0, 1.0), brownian(3.0, 1.0))
    assert path(brownian) is brownian
