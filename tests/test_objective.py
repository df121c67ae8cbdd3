import math

import pytest
import torch

from oracles import Mixture, relative
from safelight.diffusion.objective import epsilon_loss
from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig

V1 = NoiseSchedule()
V = NoiseSchedule(ScheduleConfig(prediction="v_prediction"))
T = torch.tensor([0, 50, 100, 150, 500, 999])


def batch(seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    x0, noise = (torch.randn((len(T), 4, 5, 6), generator=generator, dtype=dtype) for _ in range(2))
    return x0, noise, torch.zeros(len(T), 7, 3, dtype=dtype)


def wrong(z, t, context):
    """A network that is wrong in its own way at each step."""
    return (z + t[:, None, None, None] / 1000).sin()


def z_of(x0, noise):
    abar = (1 / (1 + V1.sigmas[T] ** 2))[:, None, None, None].to(x0)
    return abar, abar.sqrt() * x0 + (1 - abar).sqrt() * noise


def test_without_a_cap_this_is_the_loss_of_stable_diffusion():
    x0, noise, context = batch()
    found = epsilon_loss(wrong, V1, x0, context, T, noise, gamma=math.inf)
    _, z = z_of(x0, noise)
    assert found.shape == (len(T),)
    expected = (wrong(z, T.double(), context) - noise).square().mean(dim=(1, 2, 3))
    assert torch.allclose(found, expected, rtol=1e-9, atol=0)


def test_min_snr_weights_are_the_smaller_of_snr_and_gamma_over_snr():
    x0, noise, context = batch()
    weight = epsilon_loss(wrong, V1, x0, context, T, noise) / epsilon_loss(
        wrong, V1, x0, context, T, noise, gamma=math.inf
    )
    snr = 1 / V1.sigmas[T] ** 2
    assert torch.allclose(weight, snr.clamp(max=5) / snr, rtol=1e-9, atol=0)
    # figures of Stable Diffusion's schedule
    assert weight[:3].tolist() == pytest.approx([0.004, 0.25, 0.59], abs=0.01)
    assert weight[3:].tolist() == pytest.approx([1, 1, 1], abs=1e-9)


def test_v_networks_are_weighted_by_snr_plus_one():
    x0, noise, context = batch()
    found = epsilon_loss(wrong, V, x0, context, T, noise)
    abar, z = z_of(x0, noise)
    v = abar.sqrt() * noise - (1 - abar).sqrt() * x0
    snr = 1 / V.sigmas[T] ** 2
    expected = snr.clamp(max=5) / (snr + 1) * (wrong(z, T.double(), context) - v).square().mean(dim=(1, 2, 3))
    assert torch.allclose(found, expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("schedule", [V1, V], ids=["epsilon", "v"])
def test_the_true_denoiser_has_the_least_loss(schedule):
    """The best answer is the expected latent, so any change of it costs, on average over draws from the mixture."""
    mixture, generator = Mixture(), torch.Generator().manual_seed(0)
    n, t = 64, torch.full((64,), 300)
    which = torch.multinomial(mixture.w, n * 4 * 64, replacement=True, generator=generator)
    unit = torch.randn(n * 4 * 64, generator=generator, dtype=torch.float64)
    x0 = (mixture.mu[which] + mixture.tau[which] * unit).reshape(n, 4, 8, 8)
    noise = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    context = torch.zeros(n, 7, 3, dtype=torch.float64)
    best = mixture.network(schedule)
    losses = [
        epsilon_loss(lambda z, t, c, k=k: k * best(z, t, c), schedule, x0, context, t, noise).mean().item()
        for k in (0.9, 1.0, 1.1)
    ]
    assert losses[1] == min(losses)


def test_float32_gives_the_float64_loss():
    x0, noise, context = batch(dtype=torch.float64)
    exact = epsilon_loss(wrong, V1, x0, context, T, noise)
    single = epsilon_loss(wrong, V1, x0.float(), context.float(), T, noise.float())
    assert single.dtype == torch.float32
    assert relative(single.double(), exact) < 1e-5


def test_each_row_has_its_own_loss():
    x0, noise, context = batch()
    together = epsilon_loss(wrong, V1, x0, context, T, noise)
    for i in range(len(T)):
        one = slice(i, i + 1)
        assert torch.equal(together[one], epsilon_loss(wrong, V1, x0[one], context[one], T[one], noise[one]))
