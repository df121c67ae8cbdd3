"""The samplers beyond the first nine against the truth: orders of convergence, moments, and paths that agree."""

import pytest
import torch

from oracles import Recorded, order, relative
from safelight.diffusion.noise import Brownian, Noise
from safelight.diffusion.samplers import SAMPLERS, AskBoth, drive
from safelight.diffusion.samplers.asking import ask_both
from safelight.diffusion.samplers.exponential import lagrange_weights
from safelight.diffusion.samplers.restart import restart
from safelight.diffusion.schedule import NoiseSchedule
from test_samplers import MIXTURE, SHAPE, answered, errors, flow, unit

V1 = NoiseSchedule()


# ---- without noise: the flow ----


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("dpm2", 1.9, 2.2),
        ("dpm2_a", 1.9, 2.2),
        ("dpmpp_2s_a", 1.9, 2.2),
        ("dpmpp_sde", 1.9, 2.2),
        ("dpmpp_2m_sde", 1.9, 2.2),
        ("dpmpp_2m_sde_heun", 1.9, 2.2),
        ("dpmpp_3m_sde", 1.9, 2.2),  # its first step is of order 1, and then 3: the first is what shows
        ("res_multistep", 1.9, 2.2),
        ("deis", 1.8, 2.2),  # likewise
        ("sa_solver", 1.9, 3.3),
        ("dpm_fast", 2.7, 3.3),
        ("tcd", 0.95, 1.05),
        ("heunpp2", 0.9, 1.1),
        ("ipndm", 1.9, 2.2),  # its weights are those of even steps, which these are not
    ],
)
def test_samplers_converge_to_the_flow_at_their_order(name, least, most):
    # dpm_fast ends in a step of order 3, 1 or 2 as its count is 0, 1 or 2 more than a multiple of 3.
    found = errors(name, [80, 161, 320] if name == "dpm_fast" else [160, 320, 640])
    print(name, found, order(found))
    assert least < order(found) < most


def test_what_remembers_more_is_nearer_to_the_flow():
    error = {
        name: errors(name, [40])[0] for name in ("euler", "dpmpp_2m_sde", "deis", "ipndm", "res_multistep", "sa_solver")
    }
    assert error["deis"] < min(error["dpmpp_2m_sde"], error["res_multistep"]) / 4
    assert max(error[name] for name in error if name != "euler") < error["euler"] / 4


def test_dpm_adaptive_takes_more_questions_where_the_flow_bends_and_stays_near_it():
    x = torch.linspace(-14, 14, 9, dtype=torch.float64)
    asked = []

    def denoise(x, s):
        asked.append(s)
        return MIXTURE(x, s)

    found = drive(SAMPLERS["dpm_adaptive"].run(x, torch.tensor([10.0, 0.1], dtype=torch.float64)), denoise)
    assert (found - flow(x, 10.0, 0.1)).abs().max() < 0.1
    assert 10 < len(asked) < 60


def test_dpm_adaptive_ends_also_where_no_step_is_ever_small_enough():
    torch.manual_seed(0)
    sigmas = V1.steps("exponential", 5)
    x = drive(SAMPLERS["dpm_adaptive"].run(unit() * 14, sigmas), lambda x, s: torch.randn_like(x) * 50)
    assert x.isfinite().all()


@pytest.mark.parametrize("a", [-1.0, 1.0, 2.0])
@pytest.mark.parametrize("h", [1e-6, 0.01, 0.6, 1.5, 6.0])
def test_the_weights_of_exponential_integrators_integrate_parabolas_exactly(a, h):
    from scipy.integrate import quad

    nodes = [-h, -1.7 * h, -3.1 * h]
    for weight, coefficients in zip(lagrange_weights(nodes, a, h), (0, 1, 2), strict=True):
        others = [node for j, node in enumerate(nodes) if j != coefficients]

        def basis(u, j=coefficients, others=others):
            import math

            top = (u - others[0]) * (u - others[1])
            return a * math.exp(a * u) * top / ((nodes[j] - others[0]) * (nodes[j] - others[1]))

        assert weight == pytest.approx(quad(basis, -h, 0, epsabs=0, epsrel=1e-11)[0], rel=1e-8)


# ---- with noise: the distribution ----

NOISY = [
    ("dpm2_a", 1.0),
    ("dpmpp_2s_a", 1.0),
    ("dpmpp_sde", 1.0),
    ("dpmpp_2m_sde", 1.0),
    ("dpmpp_2m_sde", 0.5),
    ("dpmpp_2m_sde_heun", 1.0),
    ("dpmpp_3m_sde", 1.0),
    ("dpm_fast", 1.0),
    ("er_sde", 1.0),
    ("res_multistep", 1.0),
    ("sa_solver", 1.0),
    ("restart", 1.0),
    ("euler_a_cfgpp", 1.0),
    ("ddim_cfgpp", 0.5),
]


@pytest.mark.parametrize(("name", "eta"), NOISY)
def test_noisy_samplers_draw_from_the_distribution_itself(name, eta):
    shape = (1, 1, 60, 80)
    sigmas = V1.steps("karras", 160)
    found = answered(SAMPLERS[name].run(unit(1, shape) * sigmas[0], sigmas, Recorded(shape, 2), eta), MIXTURE)
    print(name, float(found.mean()) - MIXTURE.mean, float(found.var()) / MIXTURE.variance)
    assert float(found.mean()) == pytest.approx(MIXTURE.mean, abs=0.06)
    assert float(found.var()) == pytest.approx(MIXTURE.variance, rel=0.08)


def test_lcm_with_the_true_denoiser_draws_too_narrow_a_distribution():
    """D is a mean, not a sample: consistency sampling is right only for a network distilled to jump."""
    shape = (1, 1, 60, 80)
    sigmas = V1.steps("trailing", 4)
    found = drive(SAMPLERS["lcm"].run(unit(1, shape) * sigmas[0], sigmas, Recorded(shape, 2)), MIXTURE)
    assert float(found.mean()) == pytest.approx(MIXTURE.mean, abs=0.06)
    assert float(found.var()) < 0.9 * MIXTURE.variance


def test_lcm_with_a_denoiser_that_jumps_along_the_flow_keeps_the_distribution():
    shape = (1, 1, 40, 50)

    def jump(x, s):
        rungs = torch.linspace(s ** (1 / 7), 0.0292 ** (1 / 7), 60, dtype=torch.float64) ** 7
        return drive(SAMPLERS["heun"].run(x, torch.cat([rungs, torch.zeros(1).double()])), MIXTURE)

    sigmas = V1.steps("trailing", 4)
    found = drive(SAMPLERS["lcm"].run(unit(1, shape) * sigmas[0], sigmas, Recorded(shape, 2)), jump)
    assert float(found.var()) == pytest.approx(MIXTURE.variance, rel=0.1)


# ---- one path, however many steps ----


def ends(name, noises):
    """Where a sampler ends from one start with 40 and with 160 steps, on noise made anew for each; how far apart."""
    shape, found = (4, 8, 8), []
    for n, noise in zip((40, 160), noises, strict=True):
        sigmas = V1.steps("karras", n)
        x = unit(1, (1, *shape)) * sigmas[0]
        found.append(drive(SAMPLERS[name].run(x, sigmas, noise, 1.0), MIXTURE))
    return float((found[0] - found[1]).square().mean().sqrt())


@pytest.mark.parametrize("name", ["dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "er_sde"])
def test_a_seed_has_one_path_that_more_steps_follow_more_closely(name):
    shape = (4, 8, 8)
    same = ends(name, [Noise(3, shape), Noise(3, shape)])
    other = ends(name, [Noise(3, shape), Noise(4, shape)])
    print(name, same, other)
    assert same < other / 3


def test_an_sde_sampler_asked_twice_makes_one_picture_and_takes_nothing_from_the_stream():
    shape, sigmas = (4, 8, 8), V1.steps("karras", 9)
    found = []
    for _ in range(2):
        noise = Noise(11, shape)
        x = noise.initial() * sigmas[0]
        found.append(drive(SAMPLERS["dpmpp_2m_sde"].run(x, sigmas, noise, 1.0), MIXTURE))
        assert noise.draws == 1
    assert torch.equal(*found)


def test_a_path_of_ones_own_is_taken_as_it_is():
    sigmas, path = V1.steps("karras", 9), Brownian(5, (4, 8, 8))
    x = unit(2, (1, 4, 8, 8)) * sigmas[0]
    own = drive(SAMPLERS["dpmpp_sde"].run(x, sigmas, path, 1.0), MIXTURE)
    assert torch.equal(own, drive(SAMPLERS["dpmpp_sde"].run(x, sigmas, Noise(5, (4, 8, 8)), 1.0), MIXTURE))


# ---- identities and manners ----


def test_restart_below_twenty_steps_is_heun():
    sigmas = V1.steps("karras", 19)
    x = unit() * sigmas[0]
    assert torch.equal(drive(restart(x, sigmas), MIXTURE), drive(SAMPLERS["heun"].run(x, sigmas), MIXTURE))


def test_restart_contracts_what_was_wrong():
    """A start that has too little noise ends nearer the distribution for going back up (arXiv 2306.14878)."""
    shape = (1, 1, 60, 80)
    wrong = 0.97 * unit(1, shape) * 14.6

    def broken(x, s):
        return MIXTURE(x, s) * (0.9 if s > 2 else 1.0)

    sigmas = V1.steps("karras", 48)
    plain = drive(SAMPLERS["heun"].run(wrong, sigmas), broken)
    again = drive(restart(wrong, sigmas, Recorded(shape, 3)), broken)
    assert abs(float(again.var()) / MIXTURE.variance - 1) < abs(float(plain.var()) / MIXTURE.variance - 1)


def test_tcd_with_gamma_0_is_ddim_and_with_1_nearly_lcm():
    sigmas, noise = V1.steps("trailing", 8), Recorded(SHAPE)
    x = unit() * sigmas[0]
    ddim = drive(SAMPLERS["ddim"].run(x, sigmas), MIXTURE)
    assert relative(drive(SAMPLERS["tcd"].run(x, sigmas, None, 0.0), MIXTURE), ddim) < 1e-12
    lcm = drive(SAMPLERS["lcm"].run(x, sigmas, noise), MIXTURE)
    assert relative(drive(SAMPLERS["tcd"].run(x, sigmas, noise.rewound(), 1.0), MIXTURE), lcm) < 0.05


def test_euler_steps_by_other_names():
    sigmas = V1.steps("karras", 2)
    x = unit() * sigmas[0]
    euler = drive(SAMPLERS["euler"].run(x, sigmas), MIXTURE)
    for name in ("dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "res_multistep", "deis", "ipndm", "unipc"):
        first = V1.steps("karras", 1)  # a step to 0 is D, for all of them
        assert relative(drive(SAMPLERS[name].run(x, first, None, 0.0), MIXTURE), MIXTURE(x, float(first[0]))) < 1e-12
    for name in ("ddim_cfgpp", "euler_cfgpp", "euler_a_cfgpp"):  # where guidance changes nothing
        assert relative(answered(SAMPLERS[name].run(x, sigmas, None, 0.0), MIXTURE), euler) < 1e-12


@pytest.mark.parametrize("name", ["ddim_cfgpp", "euler_cfgpp", "euler_a_cfgpp"])
def test_cfgpp_goes_to_the_guided_picture_with_the_unguided_noise(name):
    s, s_next = 5.0, 2.0
    x, noise = unit(), Recorded(SHAPE, 3)
    eta = 0.0 if name == "euler_cfgpp" else 0.5
    sampling = SAMPLERS[name].run(x, torch.tensor([s, s_next], dtype=torch.float64), noise, eta)
    question = next(sampling)
    assert isinstance(question, AskBoth)
    guided, unguided = unit(8), unit(9)
    with pytest.raises(StopIteration) as end:
        sampling.send(torch.stack([guided, unguided]))
    up = eta * s_next * (1 - (s_next / s) ** 2) ** 0.5
    expected = guided + (s_next**2 - up**2) ** 0.5 * (x - unguided) / s
    if up:
        expected = expected + up * noise.rewound()()
    assert relative(end.value.value, expected) < 1e-12


def test_who_cannot_give_both_answers_is_told_so():
    sigmas = V1.steps("karras", 3)
    with pytest.raises(ValueError, match="unguided"):
        drive(SAMPLERS["euler_cfgpp"].run(unit(), sigmas), MIXTURE)
    with pytest.raises(ValueError, match="AskBoth wants an answer of shape"):
        drive(SAMPLERS["euler_cfgpp"].run(unit(), sigmas), MIXTURE, both=MIXTURE)
    asking = ask_both(unit(), 1.0)
    assert isinstance(next(asking), tuple)  # a pair like every question


@pytest.mark.parametrize("name", [name for name, eta in NOISY if name != "restart"])
def test_a_noisy_sampler_without_noise_says_so(name):
    with pytest.raises(ValueError, match="eta=0"):
        answered(SAMPLERS[name].run(unit() * 14, V1.steps("karras", 20), None, 1.0), MIXTURE)
