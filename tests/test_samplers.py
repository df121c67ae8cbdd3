import math
import warnings
from itertools import pairwise

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from oracles import Mixture, Recorded, k_diffusion, order, relative
from safelight import recipe
from safelight.diffusion.denoiser import Denoiser
from safelight.diffusion.noise import Noise
from safelight.diffusion.samplers import SAMPLERS, AskBoth, drive, finish, ladder, start
from safelight.diffusion.samplers.multistep import _adams_weights
from safelight.diffusion.schedule import STEPS, NoiseSchedule, ScheduleConfig

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    import diffusers

# diffusers hands torch tensors to numpy in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

V1 = NoiseSchedule()
MIXTURE = Mixture()
SHAPE = (2, 4, 3, 5)
CONTEXT = torch.linspace(-0.3, 0.3, 2, dtype=torch.float64)[:, None, None].expand(2, 7, 3)
COUNTS = [1, 2, 3, 7, 20, 50]
ODE = ["euler", "heun", "lms", "plms", "dpmpp_2m", "unipc", "ddim"]

# The scheduler file of Stable Diffusion v1.4.
V1_4 = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "clip_sample": False,
    "trained_betas": None,
}


def unit(seed=0, shape=SHAPE, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def twice(denoise):
    """Answers AskBoth where nothing guides: both answers are one."""
    return lambda x, s: torch.stack([denoise(x, s)] * 2)


def answered(sampling, denoise):
    return drive(sampling, denoise, twice(denoise))


def ours(name, n, schedule="leading", noise=None, eta=0.0, noise_schedule=V1):
    sampler = SAMPLERS[name]
    sigmas = ladder(noise_schedule, sampler, n, schedule)
    x = start(schedule, sampler, sigmas, unit())
    denoiser = MIXTURE.denoiser(noise_schedule)
    return finish(drive(sampler.run(x, sigmas, noise, eta), lambda x, s: denoiser(x, s, CONTEXT)), sigmas)


def theirs(cls, n, seed=None, noise_schedule=V1, eta=None, **config):
    """A whole trajectory of diffusers, as its pipeline drives it, with the schedule's numbers in float64."""
    scheduler = getattr(diffusers, cls).from_config({**V1_4, **config})
    scheduler.alphas_cumprod = 1 / (1 + noise_schedule.sigmas**2)
    if not scheduler.config.get("set_alpha_to_one", True):
        scheduler.final_alpha_cumprod = scheduler.alphas_cumprod[0]
    scheduler.set_timesteps(n)
    z = unit() * scheduler.init_noise_sigma
    network = MIXTURE.network(noise_schedule)
    extra = {} if seed is None else {"generator": torch.Generator().manual_seed(seed)}
    if eta is not None:
        extra["eta"] = eta
    for t in scheduler.timesteps:
        answer = network(scheduler.scale_model_input(z, t), t.double().expand(len(z)), CONTEXT)
        z = scheduler.step(answer, t, z, **extra).prev_sample
    return z


# ---- against diffusers: whole trajectories in float64; those that compute in float32 inside leave a few 1e-7 ----


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize(
    ("name", "cls", "spacing"),
    [
        ("ddim", "DDIMScheduler", "leading"),
        # no ("ddim", "trailing"): diffusers walks to t - 1000 // n, which is not the next step of its own list
        ("plms", "PNDMScheduler", "leading"),
        ("euler", "EulerDiscreteScheduler", "leading"),
        ("euler", "EulerDiscreteScheduler", "trailing"),
        ("heun", "HeunDiscreteScheduler", "leading"),
        ("heun", "HeunDiscreteScheduler", "trailing"),
        ("lms", "LMSDiscreteScheduler", "leading"),
        ("lms", "LMSDiscreteScheduler", "trailing"),
        ("unipc", "UniPCMultistepScheduler", "trailing"),
    ],
)
def test_trajectories_without_noise_are_those_of_diffusers(name, cls, spacing, n):
    assert relative(ours(name, n, spacing), theirs(cls, n, timestep_spacing=spacing)) < 1e-5


@pytest.mark.parametrize("n", COUNTS)
def test_dpmpp_2m_is_that_of_diffusers(n):
    sampler, network = SAMPLERS["dpmpp_2m"], MIXTURE.denoiser(V1)
    sigmas = ladder(V1, sampler, n, "trailing")
    x = unit() * (1 + float(sigmas[0]) ** 2) ** 0.5  # diffusers starts every DPM-Solver as if variance were preserved
    x = drive(sampler.run(x, sigmas, None, 0.0), lambda x, s: network(x, s, CONTEXT))
    assert relative(x, theirs("DPMSolverMultistepScheduler", n, timestep_spacing="trailing")) < 1e-5


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize(
    ("name", "cls", "eta"),
    [
        ("ddim", "DDIMScheduler", 0.5),
        ("ddim", "DDIMScheduler", 1.0),
        ("ddpm", "DDPMScheduler", None),
        ("euler_a", "EulerAncestralDiscreteScheduler", None),
    ],
)
def test_trajectories_with_noise_are_those_of_diffusers(name, cls, eta, n):
    noise = Recorded(SHAPE, seed=5)
    found = ours(name, n, "leading", noise, 1.0 if eta is None else eta)
    assert relative(found, theirs(cls, n, seed=5, eta=eta, timestep_spacing="leading")) < 1e-5


@pytest.mark.parametrize("n", [20, 50])
@pytest.mark.parametrize("name", ["euler", "heun", "lms"])
def test_the_uniform_ladder_is_the_linspace_of_diffusers_but_for_its_interpolation(name, n):
    cls = {"euler": "EulerDiscreteScheduler", "heun": "HeunDiscreteScheduler", "lms": "LMSDiscreteScheduler"}[name]
    # diffusers draws a straight line in sigma between steps, k-diffusion and we in log sigma: 1.5e-5 apart.
    assert relative(ours(name, n, "uniform"), theirs(cls, n, timestep_spacing="linspace")) < 3e-4


@pytest.mark.parametrize("name", ["euler", "lms"])
def test_the_karras_ladder_is_that_of_diffusers(name):
    cls = {"euler": "EulerDiscreteScheduler", "lms": "LMSDiscreteScheduler"}[name]
    found = theirs(cls, 20, timestep_spacing="linspace", use_karras_sigmas=True)
    assert relative(ours(name, 20, "karras"), found) < 1e-5


@pytest.mark.parametrize("n", [3, 20])
@pytest.mark.parametrize(("name", "cls"), [("ddim", "DDIMScheduler"), ("euler", "EulerDiscreteScheduler")])
def test_v_prediction_trajectories_are_those_of_diffusers(name, cls, n):
    schedule = NoiseSchedule(ScheduleConfig(prediction="v_prediction"))
    expected = theirs(cls, n, noise_schedule=schedule, timestep_spacing="leading", prediction_type="v_prediction")
    assert relative(ours(name, n, noise_schedule=schedule), expected) < 1e-5


@pytest.mark.parametrize("name", ["ddim", "ddpm", "euler_a"])
def test_a_float32_run_draws_its_noise_as_a_pipeline_of_diffusers_does(name):
    cls = {"ddim": "DDIMScheduler", "ddpm": "DDPMScheduler", "euler_a": "EulerAncestralDiscreteScheduler"}[name]
    scheduler = getattr(diffusers, cls).from_config({**V1_4, "timestep_spacing": "leading"})
    scheduler.set_timesteps(8)
    generator = torch.Generator().manual_seed(42)
    z = torch.randn((1, 4, 8, 8), generator=generator) * scheduler.init_noise_sigma
    network, context = MIXTURE.network(V1), torch.zeros(1, 7, 3)
    extra = {"eta": 1.0} if name == "ddim" else {}
    for t in scheduler.timesteps:
        answer = network(scheduler.scale_model_input(z, t), t.float().expand(1), context)
        z = scheduler.step(answer, t, z, generator=generator, **extra).prev_sample

    sampler, noise = SAMPLERS[name], Noise(42, (4, 8, 8))
    sigmas = ladder(V1, sampler, 8, "leading")
    x = start("leading", sampler, sigmas, noise.initial())
    denoiser = Denoiser(network, V1)
    x = finish(drive(sampler.run(x, sigmas, noise, 1.0), lambda x, s: denoiser(x, s, context)), sigmas)
    assert x.dtype == torch.float32
    assert relative(x, z) < 2e-4


# ---- against k-diffusion ----


@pytest.mark.parametrize("n", COUNTS)
@pytest.mark.parametrize("schedule", ["uniform", "karras"])
@pytest.mark.parametrize("name", ["euler", "euler_a", "heun", "lms", "dpmpp_2m"])
def test_trajectories_are_those_of_k_diffusion(name, schedule, n):
    function = "sample_euler_ancestral" if name == "euler_a" else f"sample_{name}"
    noise, sampler = Recorded(SHAPE, seed=7), SAMPLERS[name]
    sigmas = ladder(V1, sampler, n, schedule)
    x = start(schedule, sampler, sigmas, unit())
    found = drive(sampler.run(x, sigmas, noise, 1.0), MIXTURE)
    extra = {"noise_sampler": noise.rewound()} if name == "euler_a" else {}
    expected = getattr(k_diffusion().sampling, function)(MIXTURE, x, sigmas, disable=True, **extra)
    assert relative(found, expected) < 1e-9


# ---- against the truth ----


def flow(x, start, end):
    """The probability flow of the mixture, dx/dsigma = (x - D) / sigma, solved to 1e-12 with lambda as its clock."""

    def slope(u, y):
        y = torch.from_numpy(y)
        return (y - MIXTURE(y, math.exp(u))).numpy()

    solution = solve_ivp(slope, (math.log(start), math.log(end)), x.numpy(), method="DOP853", rtol=1e-12, atol=1e-12)
    return torch.from_numpy(solution.y[:, -1])


def errors(name, counts):
    """Distance from the true flow between sigma 10 and 0.1, on a smooth ladder that does not end at 0."""
    x = torch.linspace(-14, 14, 9, dtype=torch.float64)
    true = flow(x, 10.0, 0.1)
    found = []
    for n in counts:
        sigmas = torch.linspace(10 ** (1 / 7), 0.1 ** (1 / 7), n + 1, dtype=torch.float64) ** 7
        found.append(float((drive(SAMPLERS[name].run(x, sigmas, None, 0.0), MIXTURE) - true).abs().max()))
    return found


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("euler", 0.95, 1.05),
        ("ddim", 0.95, 1.05),
        ("heun", 1.9, 2.2),
        ("dpmpp_2m", 1.9, 2.2),
        ("unipc", 1.9, 3.2),
        ("lms", 1.9, 4.2),
        ("plms", 1.9, 4.2),
    ],
)
def test_samplers_converge_to_the_flow_at_their_order(name, least, most):
    found = errors(name, [160, 320, 640])
    print(name, found, order(found))
    assert least < order(found) < most


def test_memory_is_worth_its_while():
    error = {name: errors(name, [24])[0] for name in ODE}
    for name in ("heun", "lms", "plms", "dpmpp_2m", "unipc"):
        assert error[name] < error["euler"] / 4
    assert error["unipc"] < error["dpmpp_2m"]


def test_lms_weights_integrate_cubics_exactly():
    nodes, a, b = [3.0, 4.5, 7.0, 7.5], 3.0, 1.25
    weights = _adams_weights(nodes, a, b)
    for power in range(4):
        exact = (b ** (power + 1) - a ** (power + 1)) / (power + 1)
        assert sum(w * s**power for w, s in zip(weights, nodes, strict=True)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(("name", "eta"), [("euler_a", 1.0), ("ddpm", 1.0), ("ddim", 1.0), ("ddim", 0.5)])
def test_noisy_samplers_draw_from_the_distribution_itself(name, eta):
    shape = (1, 1, 100, 120)
    sigmas = V1.steps("karras", 300)
    x = unit(1, shape) * sigmas[0]
    found = drive(SAMPLERS[name].run(x, sigmas, Recorded(shape, 2), eta), MIXTURE)
    print(name, float(found.mean()) - MIXTURE.mean, float(found.var()) / MIXTURE.variance)
    assert float(found.mean()) == pytest.approx(MIXTURE.mean, abs=0.03)
    assert float(found.var()) == pytest.approx(MIXTURE.variance, rel=0.04)


def test_noise_that_is_too_large_would_show_in_the_moments():
    shape = (1, 1, 100, 120)
    sigmas = V1.steps("karras", 300)
    louder = Recorded(shape, 2)
    found = drive(SAMPLERS["ddpm"].run(unit(1, shape) * sigmas[0], sigmas, lambda s, u: 1.1 * louder(), 1.0), MIXTURE)
    assert float(found.var()) > 1.04 * MIXTURE.variance


# ---- the identities that the texts claim ----


def test_ddim_in_the_coordinates_of_its_paper_is_euler_in_sigma():
    t = torch.arange(981, 0, -20)
    abar = 1 / (1 + V1.sigmas[t] ** 2)
    denoiser, z = MIXTURE.denoiser(V1), unit()
    for a, a_next, s in zip(abar, abar[1:], V1.sigmas[t], strict=False):
        x0 = denoiser(z / a.sqrt(), s, CONTEXT)
        eps = (z - a.sqrt() * x0) / (1 - a).sqrt()
        z = a_next.sqrt() * x0 + (1 - a_next).sqrt() * eps
    x = unit() * (1 + V1.sigmas[981] ** 2) ** 0.5
    euler = drive(SAMPLERS["euler"].run(x, V1.sigmas[t], None, 0.0), lambda x, s: denoiser(x, s, CONTEXT))
    assert relative(finish(euler, V1.sigmas[t]), z) < 1e-12


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_three_noisy_samplers_are_one_step(eta):
    sigmas, noise = V1.steps("karras", 12), Recorded(SHAPE)
    x = unit() * sigmas[0]
    ddim = drive(SAMPLERS["ddim"].run(x, sigmas, noise, eta), MIXTURE)
    assert torch.equal(ddim, drive(SAMPLERS["euler_a"].run(x, sigmas, noise.rewound(), eta), MIXTURE))
    if eta == 1:
        assert relative(drive(SAMPLERS["ddpm"].run(x, sigmas, noise.rewound(), 1.0), MIXTURE), ddim) < 1e-12
    if eta == 0:
        assert noise.drawn == []
        assert relative(ddim, drive(SAMPLERS["euler"].run(x, sigmas, None, 0.0), MIXTURE)) < 1e-12


# ---- manners ----


def questions(name, n):
    sigmas, asked = V1.steps("karras", n), []

    def denoise(x, s):
        asked.append(s)
        return MIXTURE(x, s)

    answered(SAMPLERS[name].run(unit() * sigmas[0], sigmas, Recorded(SHAPE), 1.0), denoise)
    return asked


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_step_costs_one_question_except_where_it_is_said(name, n):
    twice_a_step = dict.fromkeys(("heun", "dpm2", "dpm2_a", "dpmpp_2s_a", "dpmpp_sde", "restart"), 2 * n - 1)
    expected = twice_a_step | {"plms": n + (n > 1), "heunpp2": {1: 1, 2: 3, 5: 12}[n]}
    asked = questions(name, n)
    assert all(isinstance(s, float) and s > 0 for s in asked)
    if name == "dpm_adaptive":  # asks as it must, wherever the ladder's rungs are
        assert len(asked) >= 1
        return
    assert len(asked) == expected.get(name, n)
    # These look ahead: two rungs on, or from halfway to a sigma_down that lies below the next rung.
    looks_ahead = name in ("heunpp2", "dpm2_a", "dpmpp_2s_a", "dpm_fast")
    assert looks_ahead or all(a >= b for a, b in pairwise(asked))


def test_restart_goes_down_twice_or_thrice_from_twenty_steps_on():
    for n, climbs in ((19, 0), (20, 1), (35, 1), (36, 2), (100, 2)):
        asked = questions("restart", n)
        assert len(asked) == 2 * n - 1
        assert sum(b > a * (1 + 1e-9) for a, b in pairwise(asked)) == climbs


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("schedule", STEPS)
def test_every_count_of_steps_finishes_and_stays_finite(name, schedule):
    long = (999, 1000) if schedule in ("uniform", SAMPLERS[name].schedule) else ()
    for n in (1, 2, 3, 7, 31, *long):
        noise = Recorded((1, 1, 1, 3), dtype=torch.float32)
        sampler = SAMPLERS[name]
        sigmas = ladder(V1, sampler, n, schedule)
        x = start(schedule, sampler, sigmas, noise())
        x = finish(answered(sampler.run(x, sigmas, noise, 1.0), lambda x, s: x / (1 + s**2)), sigmas)
        assert x.isfinite().all()
        assert x.dtype == torch.float32
        assert x.abs().max() < 50  # two steps of order 2 from sigma 14 may overshoot


@st.composite
def ladders(draw):
    """A model's noise schedule, the name of a ladder, and how many steps to take on it."""
    start = draw(st.floats(1e-5, 0.02))
    config = ScheduleConfig(
        beta_start=start,
        beta_end=start + draw(st.floats(0, 0.03)),
        kind=draw(st.sampled_from(["scaled_linear", "linear"])),
        steps=draw(st.integers(10, 1000)),
        steps_offset=draw(st.integers(0, 3)),
        ends_at_one=draw(st.booleans()),
    )
    few = st.integers(1, min(40, config.steps))
    return config, draw(st.sampled_from(list(STEPS))), draw(few | st.integers(1, config.steps))


# The configurations whose last step once had no length, or one below none, for each ladder that ends at sigma_min.
STOOD_STILL = [(ScheduleConfig(0.001, 0.012), name, 7) for name in ("uniform", "karras", "exponential")]


@settings(deadline=None, max_examples=150)
@given(ladders(), st.sampled_from(list(SAMPLERS)))
@example(STOOD_STILL[0], "ddim")
@example(STOOD_STILL[1], "plms")
@example(STOOD_STILL[2], "ddim")
@example((ScheduleConfig(), "leading", 1000), "ddim")
def test_every_ladder_descends_strictly_to_0_or_to_the_least_sigma_of_training(asked, name):
    config, schedule, n = asked
    noise_schedule = NoiseSchedule(config)
    sigmas = ladder(noise_schedule, SAMPLERS[name], n, schedule)
    assert sigmas.shape == (n + 1,)
    assert (sigmas[1:] < sigmas[:-1] * (1 - 1e-9)).all()
    assert sigmas[-1] in (0, noise_schedule.sigmas[0])


@settings(deadline=None, max_examples=100)
@given(ladders(), st.sampled_from(list(SAMPLERS)))
@example(STOOD_STILL[0], "ddim")
@example(STOOD_STILL[1], "ddim")
@example(STOOD_STILL[2], "ddim")
def test_every_sampler_leaves_real_float32_latents_on_every_ladder(asked, name):
    config, schedule, n = asked
    sampler, noise = SAMPLERS[name], Recorded((1, 1, 1, 3), dtype=torch.float32)
    sigmas = ladder(NoiseSchedule(config), sampler, min(n, 40), schedule)
    x = start(schedule, sampler, sigmas, noise())
    seen = []

    def denoise(x, s):
        seen.append(x.dtype)
        return x / (1 + s**2)

    x = finish(answered(sampler.run(x, sigmas, noise, 1.0), denoise), sigmas)
    assert {*seen, x.dtype} == {torch.float32}
    assert x.isfinite().all()


@pytest.mark.parametrize("name", ["ddim", "ddpm", "euler_a"])
def test_a_ladder_that_rounding_turned_upwards_leaves_latents_real(name):
    sigmas = torch.tensor([2.0, 1.0, math.nextafter(1.0, 2.0), 0.0], dtype=torch.float64)
    x = drive(SAMPLERS[name].run(unit(dtype=torch.float32), sigmas, Recorded(SHAPE), 1.0), lambda x, s: x / 2)
    assert x.dtype == torch.float32


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_driven_together_are_samplers_driven_alone(name):
    sigmas = {n: V1.steps("karras", n) for n in (3, 6)}
    alone = {
        n: answered(SAMPLERS[name].run(unit(n) * 14, s, Recorded(SHAPE, n), 1.0), MIXTURE) for n, s in sigmas.items()
    }
    live = {n: SAMPLERS[name].run(unit(n) * 14, s, Recorded(SHAPE, n), 1.0) for n, s in sigmas.items()}
    asked = {n: next(sampling) for n, sampling in live.items()}
    done = {}
    while asked:
        x = torch.cat([q[0] for q in asked.values()])
        sigma = torch.tensor([q[1] for q in asked.values()], dtype=torch.float64).repeat_interleave(SHAPE[0])
        for n, answer in zip(list(asked), MIXTURE(x, sigma).split(SHAPE[0]), strict=True):
            if isinstance(asked[n], AskBoth):
                answer = torch.stack([answer] * 2)
            try:
                asked[n] = live[n].send(answer)
            except StopIteration as end:
                done[n] = end.value
                del asked[n]
    assert all(torch.equal(done[n], alone[n]) for n in sigmas)


def test_starting_lower_on_the_ladder_is_all_that_image_to_image_needs():
    sigmas = V1.steps("karras", 20)[12:]
    assert sigmas[0] < 1
    x0 = torch.full(SHAPE, 0.4, dtype=torch.float64)
    for sampler in SAMPLERS.values():
        found = answered(sampler.run(x0 + sigmas[0] * unit(), sigmas, Recorded(SHAPE), 0.0), MIXTURE)
        assert found.isfinite().all()
        assert (found - x0).abs().mean() < 1  # near the picture, though the noise was up to it


def test_the_starting_noise_has_the_size_each_program_gives_it():
    sigmas = torch.tensor([3.0, 1.0, 0.0], dtype=torch.float64)
    one = torch.ones(1, 1, 1, 1)
    assert float(start("uniform", SAMPLERS["euler"], sigmas, one)) == 3
    assert float(start("leading", SAMPLERS["euler"], sigmas, one)) == pytest.approx(10**0.5)
    for name in ("ddim", "ddpm", "plms", "unipc"):
        assert float(start("uniform", SAMPLERS[name], sigmas, one)) == pytest.approx(10**0.5)
    assert float(finish(one, sigmas)) == 1
    assert float(finish(one, sigmas[:1])) == pytest.approx(10**-0.5)


def test_a_noisy_sampler_without_noise_says_so():
    with pytest.raises(ValueError, match="eta=0"):
        drive(SAMPLERS["euler_a"].run(unit(), V1.steps("karras", 3), None, 1.0), MIXTURE)


def test_recipes_know_the_same_samplers_and_every_one_has_a_known_ladder():
    assert tuple(recipe.SAMPLERS) == tuple(SAMPLERS)
    assert {sampler.schedule for sampler in SAMPLERS.values()} <= set(STEPS)
    assert all(name == sampler.name for name, sampler in SAMPLERS.items())
    assert {name: sampler.schedule for name, sampler in SAMPLERS.items()} == dict(recipe.USUAL_SCHEDULE)
    assert {name: sampler.eta for name, sampler in SAMPLERS.items() if sampler.eta is not None} == dict(
        recipe.USUAL_ETA
    )
