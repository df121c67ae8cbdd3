import pytest
import torch
from torch import nn

from oracles import Mixture, k_diffusion, relative
from safelight.diffusion.denoiser import Denoiser, by_row
from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig

V1 = NoiseSchedule()
V = NoiseSchedule(ScheduleConfig(prediction="v_prediction"))
MIXTURE = Mixture()
SIGMAS = torch.tensor([0.05, 0.7, 3.0, 14.0], dtype=torch.float64)
CONTEXT = torch.zeros(4, 7, 3, dtype=torch.float64)


def latents(sigma=SIGMAS, dtype=torch.float64):
    x = torch.randn((4, 4, 5, 6), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return (x * by_row((1 + sigma**2) ** 0.5, x)).to(dtype)


class Spy(nn.Module):
    """A module that answers with a fixed share of what it is given, and remembers what it was given."""

    def __init__(self, dtype):
        super().__init__()
        self.weight = nn.Parameter(torch.full((1,), 0.5, dtype=dtype))

    def forward(self, x, t, context):
        self.seen = x, t, context
        return x * self.weight


@pytest.mark.parametrize("schedule", [V1, V], ids=["epsilon", "v"])
def test_a_perfect_network_makes_the_exact_denoiser(schedule):
    x = latents()
    assert relative(MIXTURE.denoiser(schedule)(x, SIGMAS, CONTEXT), MIXTURE(x, SIGMAS)) < 1e-9


def test_epsilon_and_v_are_two_spellings_of_one_truth():
    x = latents()
    epsilon, v = (MIXTURE.denoiser(schedule)(x, SIGMAS, CONTEXT) for schedule in (V1, V))
    assert relative(epsilon, v) < 1e-9


@pytest.mark.parametrize("schedule", [V1, V], ids=["epsilon", "v"])
def test_denoisers_are_those_of_k_diffusion(schedule):
    external, x = k_diffusion().external, latents()
    network = MIXTURE.network(schedule)
    cls = external.DiscreteEpsDDPMDenoiser if schedule is V1 else external.DiscreteVDDPMDenoiser
    method = "get_eps" if schedule is V1 else "get_v"

    class Theirs(cls):
        pass

    setattr(Theirs, method, lambda self, z, t: network(z, t, CONTEXT))
    theirs = Theirs(None, 1 / (1 + schedule.sigmas**2), quantize=False)
    assert relative(Denoiser(network, schedule)(x, SIGMAS, CONTEXT), theirs(x, SIGMAS)) < 1e-9


def test_rows_of_different_noise_are_the_rows_alone():
    x, denoiser = latents(), MIXTURE.denoiser(V1)
    together = denoiser(x, SIGMAS, CONTEXT)
    for i in range(len(x)):
        one = slice(i, i + 1)
        assert torch.equal(together[one], denoiser(x[one], SIGMAS[one], CONTEXT[one]))
        assert torch.equal(together[one], denoiser(x[one], float(SIGMAS[i]), CONTEXT[one]))
        assert torch.equal(together[one], denoiser(x[one], SIGMAS[i], CONTEXT[one]))


def test_the_network_sees_unit_variance_and_fractional_steps():
    spy = Spy(torch.float64)
    x = torch.randn((1, 4, 64, 64), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    Denoiser(spy, V1)((1 + 3.0**2) ** 0.5 * x, 3.0, CONTEXT[:1])
    z, t, _ = spy.seen
    assert relative(z, x) < 1e-12
    assert t.shape == (1,)
    assert float(t) == pytest.approx(float(V1.t(3.0)))
    assert float(t) != round(float(t))


@pytest.mark.parametrize("weights", [torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_network_is_asked_in_the_type_of_x_whatever_its_weights(dtype, weights):
    spy = Spy(weights)
    denoised = Denoiser(lambda *asked: spy(*asked).to(dtype), V1)(latents(dtype=dtype), SIGMAS, CONTEXT.to(dtype))
    assert [seen.dtype for seen in spy.seen] == [dtype] * 3
    assert denoised.dtype == dtype
    Denoiser(spy, V1)(latents(dtype=dtype), SIGMAS, CONTEXT.to(dtype))
    assert [seen.dtype for seen in spy.seen] == [dtype] * 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_network_of_low_precision_casts_for_itself_and_nothing_else_loses_bits(dtype):
    spy = Spy(dtype)

    def network(x, t, context):
        return spy(x.to(dtype), t, context.to(dtype)).to(x.dtype)

    x = latents(dtype=torch.float32)
    denoised = Denoiser(network, V1)(x, SIGMAS, CONTEXT.float()).detach()
    assert denoised.dtype == torch.float32
    # D = x - sigma * 0.5 * c_in * x, but for the rounding of the network's own input
    exact = x * (1 - by_row(SIGMAS * 0.5 / (1 + SIGMAS**2) ** 0.5, x))
    assert relative(denoised, exact) < 4 * torch.finfo(dtype).eps


def test_a_whole_step_reaches_the_network_whole_in_float32():
    spy = Spy(torch.float32)
    for t in (0, 1, 501, 981, 999):
        Denoiser(spy, V1)(latents(dtype=torch.float32)[:1], V1.sigmas[t], CONTEXT[:1].float())
        assert spy.seen[1].tolist() == [t]


def test_gradients_reach_the_network():
    spy = Spy(torch.float32)
    Denoiser(spy, V1)(latents(dtype=torch.float32), SIGMAS, CONTEXT.float()).square().sum().backward()
    assert spy.weight.grad is not None
    assert spy.weight.grad.abs() > 0
