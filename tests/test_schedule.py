import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from oracles import k_diffusion, relative
from safelight import recipe
from safelight.diffusion.ladders import ALIGNED, ALIGNED_ROUNDED, beta_quantile, polyexponential
from safelight.diffusion.samplers import SAMPLERS, ladder
from safelight.diffusion.schedule import STEPS, NoiseSchedule, ScheduleConfig
from safelight.errors import RecipeError, WeightsError

V1 = NoiseSchedule()
NAMES = sorted(STEPS)


# abar[0], abar[500], abar[999], sigma[0], sigma[981], sigma[999], computed in float64 outside this package
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (ScheduleConfig(), (0.999150, 0.276333, 0.0046601, 0.029167, 13.12041, 14.61464)),
        (ScheduleConfig(kind="linear"), (0.999150, 0.160772, 0.00157896, 0.029167, 22.57231, 25.14611)),
        (ScheduleConfig(1e-4, 0.02, "linear"), (0.999900, 0.077797, 4.03583e-05, 0.010001, 131.44, 157.41)),
    ],
)
def test_the_schedules_have_their_published_numbers(config, expected):
    sigmas = NoiseSchedule(config).sigmas
    abar = 1 / (1 + sigmas**2)
    found = (*abar[[0, 500, 999]].tolist(), *sigmas[[0, 981, 999]].tolist())
    assert found == pytest.approx(expected, rel=1e-4)


def test_sigmas_are_float64_and_ascend():
    assert V1.sigmas.dtype == torch.float64
    assert V1.sigmas.shape == (1000,)
    assert (V1.sigmas.diff() > 0).all()


@given(st.floats(0, 999))
def test_t_of_sigma_of_t_is_t(t):
    assert float(V1.t(V1.sigma(t))) == pytest.approx(t, abs=1e-9)


@given(st.floats(0.0292, 14.6146))
def test_sigma_of_t_of_sigma_is_sigma(sigma):
    assert float(V1.sigma(V1.t(sigma))) == pytest.approx(sigma, rel=1e-12)


def test_whole_steps_are_read_from_the_table():
    t = torch.arange(1000)
    assert relative(V1.sigma(t), V1.sigmas) < 1e-14
    assert (V1.t(V1.sigmas) - t).abs().max() < 1e-9


def test_beyond_the_ends_stand_the_ends():
    assert V1.t(torch.tensor([0.0, 1e-3, 99.0])).tolist() == [0.0, 0.0, 999.0]
    assert V1.sigma(torch.tensor([-5.0, 2000.0])).tolist() == pytest.approx(V1.sigmas[[0, -1]].tolist())


def test_any_shape_and_type_of_sigma_is_taken():
    assert V1.t(torch.full((2, 3), 1.0, dtype=torch.float32)).shape == (2, 3)
    assert V1.t(torch.tensor([1.0]).expand(4)).shape == (4,)
    assert V1.sigma(3).ndim == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [*range(1, 41), 50, 100, 250, 333, 334, 500, 501, 998, 999, 1000])
def test_a_ladder_descends_strictly_and_ends_at_zero(name, n):
    sigmas = V1.steps(name, n)
    assert sigmas.dtype == torch.float64
    assert sigmas.shape == (n + 1,)
    assert (sigmas.diff() < 0).all()
    assert sigmas[-1] == 0
    assert sigmas[0] <= V1.sigmas[-1] * (1 + 1e-12)
    assert sigmas[-2] >= V1.sigmas[0] * (1 - 1e-12)


def _steps(name, n, schedule=V1):
    return schedule.t(schedule.steps(name, n)[:-1]).round(decimals=6).tolist()


def test_leading_starts_at_981_for_fifty_steps():
    assert _steps("leading", 50) == [float(t) for t in range(981, 0, -20)]


def test_leading_lowers_its_offset_rather_than_leave_the_table():
    assert _steps("leading", 999) == [float(t) for t in range(999, 0, -1)]
    assert _steps("leading", 1000) == [float(t) for t in range(999, -1, -1)]
    far = NoiseSchedule(ScheduleConfig(steps_offset=700))
    assert _steps("leading", 3, far) == [999.0, 666.0, 333.0]


def test_trailing_starts_at_the_last_step():
    assert _steps("trailing", 4) == [999.0, 749.0, 499.0, 249.0]
    assert _steps("trailing", 3) == [999.0, 666.0, 332.0]


def test_one_step_of_each_kind():
    # leading as in diffusers: the only step of 1000 that (1000 // 1) counts, plus the offset
    expected = dict.fromkeys(NAMES, 999) | {"leading": 1, "ddim": 1}
    assert {name: round(_steps(name, 1)[0], 3) for name in NAMES} == expected


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 50, 1000])
def test_uniform_is_the_get_sigmas_of_k_diffusion(n):
    theirs = k_diffusion().external.DiscreteSchedule(V1.sigmas, quantize=False).get_sigmas(n)
    assert relative(V1.steps("uniform", n), theirs) < 1e-6


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 50, 1000])
def test_karras_and_exponential_are_those_of_k_diffusion(n):
    sampling, low, high = k_diffusion().sampling, float(V1.sigmas[0]), float(V1.sigmas[-1])
    assert relative(V1.steps("karras", n), sampling.get_sigmas_karras(n, low, high)) < 1e-5
    assert relative(V1.steps("exponential", n), sampling.get_sigmas_exponential(n, low, high)) < 1e-5


@pytest.mark.parametrize("spacing", ["leading", "trailing"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 9, 20, 27, 50, 101, 333, 999])
def test_leading_and_trailing_are_those_of_diffusers(spacing, n):
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(timestep_spacing=spacing, steps_offset=1)
    theirs.set_timesteps(n)
    assert _steps(spacing, n) == theirs.timesteps.tolist()


def test_ddim_and_plms_end_where_the_model_says():
    for name, sampler in SAMPLERS.items():
        early = ladder(V1, sampler, 10)
        late = ladder(NoiseSchedule(ScheduleConfig(ends_at_one=True)), sampler, 10)
        # dpm_fast and dpm_adaptive would as well, but their usual ladder has been there before
        assert early[-1] == (V1.sigmas[0] if name in ("ddim", "plms", "tcd", "ddim_cfgpp") else 0)
        assert late[-1] == 0
        assert torch.equal(early[:-1], late[:-1])


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 50, 1000])
def test_polyexponential_is_that_of_k_diffusion(n):
    low, high = float(V1.sigmas[0]), float(V1.sigmas[-1])
    theirs = k_diffusion().sampling.get_sigmas_polyexponential
    assert relative(V1.steps("polyexponential", n), theirs(n, low, high)) < 1e-5
    bent = torch.cat([polyexponential(V1, n, rho=2.5), torch.zeros(1, dtype=torch.float64)])
    assert relative(bent, theirs(n, low, high, rho=2.5)) < 1e-5


def test_some_schedules_are_others_by_another_name():
    for n in (1, 4, 7, 50, 999):
        assert torch.equal(V1.steps("normal", n), V1.steps("uniform", n))
        assert relative(V1.steps("polyexponential", n), V1.steps("exponential", n)) < 1e-12
        assert torch.equal(V1.steps("ddim", n), V1.steps("leading", n))  # at the offset 1 of Stable Diffusion v1
    other = NoiseSchedule(ScheduleConfig(steps_offset=0))
    assert _steps("ddim", 4, other) == [751.0, 501.0, 251.0, 1.0]
    assert _steps("leading", 4, other) == [750.0, 500.0, 250.0, 0.0]


def test_sgm_uniform_stops_a_stride_above_the_least():
    assert _steps("sgm_uniform", 4) == [999.0, 749.25, 499.5, 249.75]


def test_simple_rounds_towards_noise():
    assert _steps("simple", 4) == [999.0, 749.0, 499.0, 249.0]
    assert _steps("simple", 3) == [999.0, 666.0, 333.0]


@pytest.mark.parametrize("alpha", [0.5, 0.6, 1.0, 2.0])
def test_beta_quantiles_are_those_of_scipy(alpha):
    from scipy.stats import beta

    chances = torch.linspace(0, 1, 301, dtype=torch.float64)
    expected = torch.from_numpy(beta.ppf(chances.numpy(), alpha, alpha))
    assert (beta_quantile(chances, alpha) - expected).abs().max() < 1e-12


def test_beta_is_dense_at_both_ends():
    t = torch.tensor(_steps("beta", 50))
    strides = -t.diff()
    assert strides[:5].max() < strides[20:30].min()
    assert strides[-5:].max() < strides[20:30].min()


def test_kl_optimal_is_even_in_the_arc_tangent():
    strides = V1.steps("kl_optimal", 30)[:-1].atan().diff()
    assert (strides - strides.mean()).abs().max() < 1e-12


def test_align_your_steps_holds_its_published_levels_and_is_stretched_for_other_models():
    published = torch.tensor([*ALIGNED[:-1], 0.0], dtype=torch.float64)
    assert relative(V1.steps("align_your_steps", 10), published) < 1e-9
    assert all(round(a, 3) == pytest.approx(b, abs=3.1e-3) for a, b in zip(ALIGNED, ALIGNED_ROUNDED, strict=True))
    twenty = V1.steps("align_your_steps", 20)
    assert relative(twenty[:-1:2], published[:-1]) < 1e-9
    wide = NoiseSchedule(ScheduleConfig(1e-4, 0.02, "linear"))
    ladder_of_wide = wide.steps("align_your_steps", 10)
    assert float(ladder_of_wide[0]) == pytest.approx(float(wide.sigmas[-1]))
    assert (ladder_of_wide.diff() < 0).all()


def test_recipes_know_the_same_schedules():
    assert tuple(recipe.SCHEDULES) == tuple(STEPS)


@pytest.mark.parametrize("n", [0, -1, 1001])
def test_impossible_counts_are_refused(n):
    with pytest.raises(RecipeError, match="from 1 to 1000"):
        V1.steps("uniform", n)


def test_an_unknown_schedule_is_refused_with_its_neighbours():
    with pytest.raises(RecipeError, match="'karras'"):
        V1.steps("karas", 10)


@pytest.mark.parametrize(
    "config",
    [
        ScheduleConfig(beta_start=0.0),
        ScheduleConfig(beta_end=1.0),
        ScheduleConfig(beta_start=0.02, beta_end=0.01),
        ScheduleConfig(beta_end=math.nan),
        ScheduleConfig(steps=1),
        ScheduleConfig(kind="squaredcos_cap_v2"),  # type: ignore[arg-type]
        ScheduleConfig(prediction="sample"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_noise_schedule_is_refused(config):
    with pytest.raises(WeightsError):
        NoiseSchedule(config)
