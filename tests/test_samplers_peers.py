"""The samplers beyond the first nine, held against k-diffusion and diffusers: whole trajectories in float64."""

import math
import warnings

import pytest
import torch

from oracles import Recorded, k_diffusion, relative
from safelight.diffusion.samplers import SAMPLERS, drive, finish
from safelight.diffusion.schedule import NoiseSchedule
from test_samplers import CONTEXT, MIXTURE, SHAPE, V1_4, unit

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    import diffusers

# diffusers hands torch tensors to numpy in the old way, and takes them back in the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning"),
]

V1 = NoiseSchedule()
COUNTS = [1, 2, 3, 7, 20, 50]
MANY = [pytest.param(n, marks=pytest.mark.slow) for n in (999, 1000)]
LOW, HIGH = float(V1.sigmas[0]), float(V1.sigmas[-1])

# ours, theirs, eta, what else theirs is told
K_DIFFUSION = [
    ("dpm2", "dpm_2", None, {}),
    ("dpm2_a", "dpm_2_ancestral", 1.0, {}),
    ("dpm2_a", "dpm_2_ancestral", 0.4, {}),
    ("dpmpp_2s_a", "dpmpp_2s_ancestral", 1.0, {}),
    ("dpmpp_2s_a", "dpmpp_2s_ancestral", 0.0, {}),
    ("dpmpp_sde", "dpmpp_sde", 1.0, {}),
    ("dpmpp_sde", "dpmpp_sde", 0.6, {}),
    ("dpmpp_2m_sde", "dpmpp_2m_sde", 1.0, {}),
    ("dpmpp_2m_sde", "dpmpp_2m_sde", 0.0, {}),
    ("dpmpp_2m_sde_heun", "dpmpp_2m_sde", 1.0, {"solver_type": "heun"}),
    ("dpmpp_2m_sde_heun", "dpmpp_2m_sde", 0.7, {"solver_type": "heun"}),
    ("dpmpp_3m_sde", "dpmpp_3m_sde", 1.0, {}),
    ("dpmpp_3m_sde", "dpmpp_3m_sde", 0.3, {}),
    # without noise RES is DPM-Solver++(2M) with its line integrated exactly, which k-diffusion has under this name
    ("res_multistep", "dpmpp_2m_sde", 0.0, {"solver_type": "heun"}),
]


@pytest.mark.parametrize("n", [*COUNTS, *MANY])
@pytest.mark.parametrize(("name", "function", "eta", "more"), K_DIFFUSION)
def test_trajectories_are_those_of_k_diffusion(name, function, eta, more, n):
    if n == 1 and "m_sde" in function:
        pytest.skip("k-diffusion fails there: it names the length of a step that it never took")
    for schedule in ("uniform", "karras") if n < 999 else ("karras",):
        noise, sigmas = Recorded(SHAPE, seed=7), V1.steps(schedule, n)
        x = unit() * sigmas[0]
        found = drive(SAMPLERS[name].run(x, sigmas, noise, eta or 0.0), MIXTURE)
        told = more if eta is None else more | {"eta": eta, "noise_sampler": noise.rewound()}
        expected = getattr(k_diffusion().sampling, f"sample_{function}")(MIXTURE, x, sigmas, disable=True, **told)
        assert relative(found, expected) < 1e-9


@pytest.fixture
def float64():
    """k-diffusion makes the times of DPM-Solver in torch's usual type."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(usual)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 50, *MANY])
def test_dpm_fast_is_that_of_k_diffusion(n, eta, float64):
    noise, x = Recorded(SHAPE, seed=7), unit() * HIGH
    sigmas = torch.linspace(math.log(HIGH), math.log(LOW), n + 1).exp()
    sigmas[0], sigmas[-1] = HIGH, LOW
    found = drive(SAMPLERS["dpm_fast"].run(x, sigmas, noise, eta), MIXTURE)
    theirs = k_diffusion().sampling.sample_dpm_fast
    expected = theirs(MIXTURE, x, LOW, HIGH, n, disable=True, eta=eta, noise_sampler=noise.rewound())
    assert relative(found, expected) < 1e-9


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_dpm_adaptive_is_that_of_k_diffusion_with_a_question_less_where_a_step_is_refused(eta, float64):
    noise, x, asked = Recorded(SHAPE, seed=7), unit() * HIGH, []

    def denoise(x, s):
        asked.append(s)
        return MIXTURE(x, s)

    found = drive(SAMPLERS["dpm_adaptive"].run(x, torch.tensor([HIGH, LOW]), noise, eta), denoise)
    expected, info = k_diffusion().sampling.sample_dpm_adaptive(
        MIXTURE, x, LOW, HIGH, disable=True, eta=eta, noise_sampler=noise.rewound(), return_info=True
    )
    # A step is as long as an error allows, so what rounds differently ends a little elsewhere.
    assert relative(found, expected) < 1e-7
    assert info["n_reject"] > 0
    assert len(asked) == info["nfe"] - info["n_reject"]


def test_dpm_fast_and_adaptive_walk_to_0_by_a_last_question():
    for name in ("dpm_fast", "dpm_adaptive"):
        to_least = V1.steps("exponential", 8)[:-1]
        x = unit() * HIGH
        there = drive(SAMPLERS[name].run(x, to_least, None, 0.0), MIXTURE)
        found = drive(SAMPLERS[name].run(x, V1.steps("exponential", 8), None, 0.0), MIXTURE)
        assert relative(found, MIXTURE(there, LOW)) < 1e-9


# ---- diffusers ----


def theirs(cls, n, seed=None, eta=None, **config):
    """A whole trajectory of diffusers, the schedule's numbers in float64, and the sigmas that it walked."""
    scheduler = getattr(diffusers, cls).from_config({**V1_4, **config})
    scheduler.alphas_cumprod = 1 / (1 + V1.sigmas**2)
    scheduler.set_timesteps(n)
    walked = torch.cat([V1.sigmas[scheduler.timesteps], V1.sigmas[:1]])
    if cls in ("DEISMultistepScheduler", "SASolverScheduler"):
        scheduler.sigmas = walked  # which it would round to float32, and divide differences of
    z = unit() * scheduler.init_noise_sigma
    network = MIXTURE.network(V1)
    told = {} if seed is None else {"generator": torch.Generator().manual_seed(seed)}
    if eta is not None:
        told["eta"] = eta
    for t in scheduler.timesteps:
        answer = network(scheduler.scale_model_input(z, t), t.double().expand(len(z)), CONTEXT)
        z = scheduler.step(answer, t, z, **told).prev_sample
    return z, walked


def ours(name, sigmas, eta):
    denoiser, noise = MIXTURE.denoiser(V1), Recorded(SHAPE, seed=5)
    x = unit() * (1 + float(sigmas[0]) ** 2) ** 0.5
    return finish(drive(SAMPLERS[name].run(x, sigmas, noise, eta), lambda x, s: denoiser(x, s, CONTEXT)), sigmas)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 20, 50])
def test_lcm_is_that_of_diffusers_but_for_its_boundary_terms(n):
    expected, sigmas = theirs("LCMScheduler", n, seed=5)
    sigmas[-1] = 0
    assert relative(ours("lcm", sigmas, 0.0), expected) < 1e-5


@pytest.mark.parametrize("eta", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 20, 50])
def test_tcd_is_that_of_diffusers(n, eta):
    expected, sigmas = theirs("TCDScheduler", n, seed=5, eta=eta)
    assert relative(ours("tcd", sigmas, eta), expected) < 1e-9


@pytest.mark.parametrize("n", [*COUNTS, MANY[0]])
@pytest.mark.parametrize("spacing", ["linspace", "leading", "trailing"])
def test_sa_solver_is_that_of_diffusers(n, spacing):
    if spacing == "leading" and n == 999:
        pytest.skip("diffusers leaves its table there")
    expected, sigmas = theirs("SASolverScheduler", n, seed=5, timestep_spacing=spacing)
    assert relative(ours("sa_solver", sigmas, 1.0), expected) < 1e-5


@pytest.mark.parametrize("n", [*COUNTS, MANY[0]])
def test_deis_is_that_of_diffusers_at_order_3(n):
    told = {"solver_order": 3, "lower_order_final": False, "timestep_spacing": "trailing"}
    expected, sigmas = theirs("DEISMultistepScheduler", n, **told)
    assert relative(ours("deis", sigmas, 0.0), expected) < 1e-5


@pytest.mark.parametrize("n", [*COUNTS, MANY[1]])
def test_ipndm_is_that_of_diffusers_on_a_ladder_of_ours(n):
    sigmas = torch.cat([V1.steps("uniform", n)[:-1] * 1.5, V1.sigmas[:1]])
    scheduler = diffusers.IPNDMScheduler()
    scheduler.set_timesteps(n)
    scheduler.alphas = (1 + sigmas**2).rsqrt()  # of a schedule of its own, on which it steps as we do
    scheduler.betas = sigmas * scheduler.alphas
    z = unit() * sigmas[0] * scheduler.alphas[0]
    for i, t in enumerate(scheduler.timesteps):
        alpha, beta = scheduler.alphas[i], scheduler.betas[i]
        eps = (z / alpha - MIXTURE(z / alpha, sigmas[i])) / sigmas[i]
        z = scheduler.step((eps - z * beta) / alpha, t, z).prev_sample
    found = finish(drive(SAMPLERS["ipndm"].run(unit() * sigmas[0], sigmas), MIXTURE), sigmas)
    assert relative(found, z) < 1e-9
