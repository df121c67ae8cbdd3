"""Other programs' step tables and customs: diffusers' own, and the published arithmetic of the rest, written again."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from oracles import Recorded, k_diffusion, relative
from safelight.cli.table import table
from safelight.diffusion.ladders import ALIGNED, ALIGNED_ROUNDED
from safelight.diffusion.presets import PRESETS, apply, custom
from safelight.diffusion.program_ladders import _TABLES, program_ladder
from safelight.diffusion.samplers import SAMPLERS, drive, finish, ladder_of, start_of
from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig
from safelight.errors import RecipeError
from safelight.names import PROGRAMS, SYNTAXES, WEIGHTINGS
from safelight.recipe import SCHEDULES, USUAL_ETA, Recipe
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
SIGMAS = V1.sigmas.numpy()
LOW, HIGH = float(SIGMAS[0]), float(SIGMAS[-1])


def walked(preset, sampler, schedule, n, noise_schedule=V1):
    return program_ladder(preset, noise_schedule, sampler, schedule, n)


def times(sigmas):
    return [round(float(V1.t(sigma)), 6) for sigma in sigmas if sigma > 0]


def tables():
    """Every sampler of every program on every schedule that its table knows."""
    for name, preset in PRESETS.items():
        for sampler, used in preset.samplers.items():
            for schedule in _TABLES[name, used.family]:
                yield name, sampler, schedule


# ---- all of them ----


def test_every_table_descends_and_refuses_in_words_what_a_program_cannot_do():
    counts, said = {}, []
    # one sampler stands for all that take the same tables
    families = {(preset, custom(preset, sampler).family, schedule): sampler for preset, sampler, schedule in tables()}
    for (preset, _, schedule), sampler in families.items():
        for n in (1, 2, 3, 7, 20, 50, 999, 1000):
            try:
                sigmas = walked(preset, sampler, schedule, n)
            except RecipeError as error:
                said.append(str(error))
                counts[preset] = counts.get(preset, 0) + 1
                continue
            assert sigmas.dtype == torch.float64
            assert (sigmas[1:] < sigmas[:-1]).all(), (preset, sampler, schedule, n)
            assert sigmas[-1] >= 0
            assert sigmas[0] <= HIGH * (1 + 1e-4)  # A1111's rounded levels go a little beyond
    assert counts["compvis"] == 3  # 3, 999 and 1000
    assert all("\n" not in line and len(line) < 200 for line in said)


def test_the_presets_know_our_names_and_no_others():
    assert ("safelight", *PRESETS) == PROGRAMS
    for name, preset in PRESETS.items():
        assert preset.name == name
        assert set(preset.samplers) <= set(SAMPLERS)
        assert set(preset.schedules) <= set(SCHEDULES)
        assert preset.sampler in preset.samplers
        assert preset.syntax in SYNTAXES
        assert preset.weighting in WEIGHTINGS
        for sampler, used in preset.samplers.items():
            assert used.schedule in _TABLES[name, used.family], (name, sampler)
            assert (used.eta is not None) == (sampler in USUAL_ETA), (name, sampler)
            assert set(_TABLES[name, used.family]) <= set(preset.schedules)


# ---- CompVis ----


def test_compvis_takes_more_steps_than_it_is_asked_for():
    assert times(walked("compvis", "ddim", "leading", 50)) == [float(t) for t in range(981, 0, -20)] + [0.0]
    assert {n: len(walked("compvis", "plms", "leading", n)) - 1 for n in (7, 30, 50, 100)} == {
        7: 8,
        30: 31,
        50: 50,
        100: 100,
    }


def test_compvis_fails_exactly_where_its_table_runs_out():
    refused = set()
    for n in range(1, 1001):
        try:
            walked("compvis", "ddim", "leading", n)
        except RecipeError as error:
            refused.add(n)
            other = int(str(error).rpartition(" ")[2])
            assert len(walked("compvis", "ddim", "leading", other)) > 1
    assert refused == {3, 9, 27, 36, 37, *range(101, 112), *range(251, 334), *range(501, 1001)}


# ---- diffusers ----

SPACINGS = {"uniform": "linspace", "leading": "leading", "trailing": "trailing"}


def scheduler(cls, schedule, n):
    told = {**V1_4, "timestep_spacing": SPACINGS.get(schedule, "linspace")}
    if schedule not in SPACINGS:
        told[f"use_{schedule}_sigmas"] = True
    found = getattr(diffusers, cls).from_config(told)
    found.alphas_cumprod = 1 / (1 + V1.sigmas**2)
    found.set_timesteps(n)
    return found


@pytest.mark.parametrize("n", [1, 2, 3, 7, 20, 50, 999])
@pytest.mark.parametrize("schedule", ["uniform", "leading", "trailing", "karras", "exponential", "beta"])
@pytest.mark.parametrize(
    ("sampler", "cls"),
    [
        ("euler", "EulerDiscreteScheduler"),
        ("lms", "LMSDiscreteScheduler"),
        ("dpmpp_2m", "DPMSolverMultistepScheduler"),
        ("unipc", "UniPCMultistepScheduler"),
        ("deis", "DEISMultistepScheduler"),
        ("sa_solver", "SASolverScheduler"),
    ],
)
def test_the_sigmas_are_those_of_diffusers(sampler, cls, schedule, n):
    theirs = scheduler(cls, schedule, n).sigmas.double()
    try:
        ours = walked("diffusers", sampler, schedule, n)
    except RecipeError:
        stands_still = n == 1 and float(theirs[0]) == float(theirs[-1])
        assert stands_still or (sampler not in ("euler", "lms") and schedule == "leading" and n == 999)
        return
    still = theirs[1:] >= theirs[:-1] * (1 - 1e-6)  # rungs that stand twice on one spot
    theirs = torch.cat([theirs[:1], theirs[1:][~still]])
    assert len(ours) == len(theirs)
    assert ((ours - theirs).abs() / ours.clamp(min=1e-3)).max() < 2e-5


@pytest.mark.parametrize("n", [2, 7, 20])
@pytest.mark.parametrize("schedule", ["uniform", "leading", "trailing"])
@pytest.mark.parametrize(
    ("sampler", "cls"),
    [
        ("euler", "EulerDiscreteScheduler"),
        ("heun", "HeunDiscreteScheduler"),
        ("lms", "LMSDiscreteScheduler"),
        ("dpm2", "KDPM2DiscreteScheduler"),
        ("dpmpp_2m", "DPMSolverMultistepScheduler"),
        ("unipc", "UniPCMultistepScheduler"),
        ("euler_a", "EulerAncestralDiscreteScheduler"),
        ("ddpm", "DDPMScheduler"),
        ("sa_solver", "SASolverScheduler"),
    ],
)
def test_whole_trajectories_as_diffusers_are_those_of_diffusers(sampler, cls, schedule, n):
    """On every spacing: our own ladders agree on some of them only."""
    noisy = sampler in ("euler_a", "ddpm", "sa_solver")
    theirs, network = scheduler(cls, schedule, n), MIXTURE.network(V1)
    z, told = unit() * theirs.init_noise_sigma, {"generator": torch.Generator().manual_seed(5)} if noisy else {}
    for t in theirs.timesteps:
        answer = network(theirs.scale_model_input(z, t), t.double().expand(len(z)), CONTEXT)
        z = theirs.step(answer, t, z, **told).prev_sample

    recipe = Recipe(sampler=sampler, schedule=schedule, steps=n, like="diffusers")
    sigmas, denoiser = ladder_of(V1, recipe), MIXTURE.denoiser(V1)
    x = start_of(V1, recipe, sigmas, unit())
    sampling = SAMPLERS[sampler].run(x, sigmas, Recorded(SHAPE, seed=5), 1.0 if noisy else 0.0)
    found = finish(drive(sampling, lambda x, s: denoiser(x, s, CONTEXT)), sigmas)
    # The network is told t, which diffusers reads along a straight line in sigma: 1.5e-5 apart on "linspace".
    assert relative(found, z) < (3e-4 if schedule == "uniform" else 1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 20, 50])
@pytest.mark.parametrize(("sampler", "cls"), [("lcm", "LCMScheduler"), ("tcd", "TCDScheduler")])
def test_distilled_models_take_the_steps_of_diffusers(sampler, cls, n):
    theirs = getattr(diffusers, cls).from_config(V1_4)
    theirs.set_timesteps(n)
    found = walked("diffusers", sampler, "trailing", n)
    assert times(found)[: len(found) - 1] == theirs.timesteps.tolist()
    assert float(found[-1]) == (0 if sampler == "lcm" else LOW)


@pytest.mark.parametrize("sampler", ["lcm", "tcd"])
def test_a_distilled_model_takes_at_most_the_steps_that_it_was_distilled_with(sampler):
    with pytest.raises(RecipeError, match="at most 50"):
        walked("diffusers", sampler, "trailing", 51)


def test_diffusers_ddim_is_refused_where_it_does_not_walk_its_own_list():
    assert times(walked("diffusers", "ddim", "trailing", 20))[:3] == [999.0, 949.0, 899.0]
    with pytest.raises(RecipeError, match="Take leading"):
        walked("diffusers", "ddim", "trailing", 7)
    with pytest.raises(RecipeError, match="no schedule 'uniform' for ddim"):
        walked("diffusers", "ddim", "uniform", 20)


def test_diffusers_ends_ddim_where_the_model_says():
    assert walked("diffusers", "ddim", "leading", 20)[-1] == LOW
    at_one = NoiseSchedule(ScheduleConfig(ends_at_one=True))
    assert walked("diffusers", "ddim", "leading", 20, at_one)[-1] == 0


# ---- AUTOMATIC1111 ----


def test_a1111_steps_ddim_once_less_and_ends_at_step_one():
    for sampler in ("ddim", "plms", "ddim_cfgpp"):
        assert times(walked("a1111", sampler, "leading", 50)) == [float(t) for t in range(981, 0, -20)]
    assert len(walked("a1111", "ddim", "leading", 7)) - 1 == 7  # of the 8 that CompVis takes
    assert times(walked("a1111", "ddim", "leading", 1000))[:2] == [999.0, 998.0]  # past the end it is cut off
    with pytest.raises(RecipeError, match="no step at all"):
        walked("a1111", "ddim", "leading", 1)


@pytest.mark.parametrize("sampler", ["dpm2", "dpm2_a", "dpmpp_3m_sde"])
def test_a1111_leaves_out_the_next_to_last_sigma_of_some(sampler):
    whole = k_diffusion().sampling.get_sigmas_karras(11, LOW, HIGH)
    assert relative(walked("a1111", sampler, "karras", 10), torch.cat([whole[:-2], whole[-1:]])) < 1e-5
    assert relative(walked("a1111", "dpmpp_2m", "karras", 11), whole) < 1e-5


def test_a1111s_kl_optimal_stops_at_the_least_noise():
    found = walked("a1111", "euler", "kl_optimal", 10)
    i = np.arange(11) / 10
    expected = np.tan(i * math.atan(LOW) + (1 - i) * math.atan(HIGH))
    assert relative(found, torch.from_numpy(expected)) < 1e-12


def interpolated(levels, count):
    logs = np.log(np.array(levels)[::-1])
    return np.exp(np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(levels)), logs))[::-1].copy()


@pytest.mark.parametrize("n", [1, 2, 10, 11, 20])
def test_align_your_steps_is_drawn_out_as_each_program_does(n):
    expected = np.append(interpolated(ALIGNED_ROUNDED, n), 0)
    assert relative(walked("a1111", "euler", "align_your_steps", n), torch.from_numpy(expected)) < 1e-12
    expected = interpolated(ALIGNED, n + 1)
    expected[-1] = 0
    assert relative(walked("comfyui", "euler", "align_your_steps", n), torch.from_numpy(expected)) < 1e-12


@pytest.mark.parametrize("n", [2, 5, 20, 50])
def test_beta_is_over_sigma_in_a1111_and_over_whole_steps_in_comfyui(n):
    from scipy.stats import beta

    shares = beta.ppf(1 - np.linspace(0, 1, n), 0.6, 0.6)
    expected = torch.from_numpy(np.append(LOW + shares * (HIGH - LOW), 0))
    assert relative(walked("a1111", "euler", "beta", n), expected) < 1e-12

    picked = np.rint(beta.ppf(1 - np.linspace(0, 1, n, endpoint=False), 0.6, 0.6) * 999).astype(int)
    picked = [t for i, t in enumerate(picked) if i == 0 or t != picked[i - 1]]
    assert relative(walked("comfyui", "euler", "beta", n), torch.from_numpy(np.append(SIGMAS[picked], 0))) < 1e-12


def test_comfyui_drops_what_its_beta_finds_twice():
    assert len(walked("comfyui", "euler", "beta", 200)) - 1 < 200


def test_a1111s_dpm_fast_walks_the_whole_range_and_does_not_go_to_0():
    for sampler in ("dpm_fast", "dpm_adaptive"):
        found = walked("a1111", sampler, "karras", 9)
        assert (float(found[0]), float(found[-1]), len(found)) == (HIGH, LOW, 10)
        assert custom("a1111", sampler).eta == 1.0
        assert custom("comfyui", sampler).eta == 0.0


# ---- ComfyUI ----


@pytest.mark.parametrize("n", [1, 3, 7, 20])
def test_comfyuis_simple_and_ddim_uniform_count_in_whole_steps(n):
    simple = [SIGMAS[-(1 + int(x * (1000 / n)))] for x in range(n)] + [0.0]
    assert relative(walked("comfyui", "euler", "simple", n), torch.tensor(simple)) < 1e-12
    found, x = [0.0], 1
    while x < 1000:
        found.append(SIGMAS[x])
        x += max(1000 // n, 1)
    for preset in ("comfyui", "a1111"):
        assert relative(walked(preset, "euler", "ddim", n), torch.tensor(found[::-1])) < 1e-12
    assert len(found) - 1 == {1: 1, 3: 3, 7: 8, 20: 20}[n]


def test_comfyuis_normal_and_sgm_uniform_are_even_in_t():
    assert times(walked("comfyui", "euler", "normal", 4)) == [999.0, 666.0, 333.0, 0.0]
    assert times(walked("comfyui", "euler", "sgm_uniform", 4)) == [999.0, 749.25, 499.5, 249.75]


def test_comfyui_leaves_out_the_next_to_last_sigma_of_dpm_2():
    whole = walked("comfyui", "euler", "normal", 11)
    assert torch.equal(walked("comfyui", "dpm2", "normal", 10), torch.cat([whole[:-2], whole[-1:]]))


def test_comfyuis_kl_optimal_of_one_step_is_a_division_by_0():
    with pytest.raises(RecipeError, match="divides by 0"):
        walked("comfyui", "euler", "kl_optimal", 1)


# ---- where they start ----


@pytest.mark.parametrize(
    ("preset", "sampler", "schedule", "preserved"),
    [
        ("safelight", "euler", "karras", False),
        ("safelight", "unipc", "trailing", True),
        ("compvis", "ddim", "leading", True),
        ("diffusers", "euler", "uniform", False),
        ("diffusers", "euler", "leading", True),
        ("diffusers", "dpmpp_2m", "karras", True),
        ("diffusers", "lcm", "trailing", True),
        ("a1111", "euler", "karras", False),
        ("a1111", "dpm_fast", "karras", False),
        ("a1111", "dpm2", "karras", False),
        ("a1111", "ddim", "leading", True),
        ("comfyui", "euler", "normal", True),
        ("comfyui", "euler", "ddim", False),  # 981 is not the noisiest step
        ("comfyui", "ddim", "karras", True),
    ],
)
def test_each_program_scales_its_starting_noise(preset, sampler, schedule, preserved):
    recipe = Recipe(sampler=sampler, schedule=schedule, steps=20, like=preset)
    sigmas = ladder_of(V1, recipe)
    found = float(start_of(V1, recipe, sigmas, torch.ones(1, 1, 1, 1, dtype=torch.float64)))
    first = float(sigmas[0])
    assert found == pytest.approx((1 + first**2) ** 0.5 if preserved else first, rel=1e-12)


# ---- applying ----


def test_a_preset_fills_in_what_is_left_open():
    found = apply("a1111", Recipe(prompt="a cat", seed=4))
    assert (found.sampler, found.schedule, found.steps, found.guidance_scale) == ("dpmpp_2m", "karras", 20, 7.0)
    assert (found.rng, found.prompt_syntax, found.prompt_weighting) == ("philox", "a1111", "a1111")
    assert (found.like, found.width, found.height, found.clip_skip) == ("a1111", 512, 512, 1)
    assert (found.prompt, found.seed) == ("a cat", 4)
    comfy = apply("comfyui", Recipe())
    assert (comfy.sampler, comfy.schedule, comfy.steps, comfy.guidance_scale) == ("euler", "normal", 20, 8.0)
    assert (comfy.rng, comfy.prompt_syntax, comfy.prompt_weighting) == ("torch", "comfyui", "comfy")
    assert apply("compvis", Recipe()).sampler == "ddim"
    assert apply("diffusers", Recipe()).prompt_syntax == "plain"


def test_a_preset_leaves_alone_what_is_said():
    said = Recipe(
        sampler="euler_a", schedule="simple", steps=9, eta=0.5, guidance_scale=3, width=64, height=128,
        rng="torch", prompt_syntax="plain",
    )  # fmt: skip
    found = apply("a1111", said)
    assert found == said.model_copy(update={"like": "a1111"})


def test_a_sampler_brings_its_own_schedule_and_eta():
    found = apply("a1111", Recipe(sampler="dpm_fast"))
    assert (found.schedule, found.eta) == ("exponential", 1.0)
    assert apply("comfyui", Recipe(sampler="dpm_fast")).eta == 0.0
    assert apply("diffusers", Recipe(sampler="tcd")).eta == 0.3
    assert apply("a1111", Recipe(sampler="euler")).eta is None


def test_a1111s_cfgpp_has_its_scale_divided_already():
    assert apply("a1111", Recipe(sampler="ddim_cfgpp")).guidance_scale == pytest.approx(0.56)
    assert apply("a1111", Recipe(sampler="ddim_cfgpp", guidance_scale=1)).guidance_scale == 1


def test_applying_twice_is_applying_once():
    for preset, sampler, _ in tables():
        once = apply(preset, Recipe(sampler=sampler))
        assert apply(preset, once) == once


@pytest.mark.parametrize(
    ("preset", "asked", "said"),
    [
        ("a1112", {}, "There is no preset 'a1112'. Did you mean 'a1111'?"),
        ("compvis", {"sampler": "heun"}, "compvis has no sampler that walks as 'heun'. Known: ddim, plms."),
        ("comfyui", {"sampler": "plms"}, "comfyui has no sampler that walks as 'plms'"),
        ("a1111", {"schedule": "trailing"}, "a1111 has no schedule 'trailing'"),
    ],
)
def test_what_a_program_has_not_got_is_refused(preset, asked, said):
    with pytest.raises(RecipeError) as error:
        apply(preset, Recipe(**asked))
    assert said in str(error.value)


def test_a_schedule_that_a_sampler_has_not_got_there_is_refused():
    with pytest.raises(RecipeError, match="a1111 has no schedule 'karras' for ddim"):
        ladder_of(V1, Recipe(sampler="ddim", schedule="karras", steps=20, like="a1111"))


@pytest.mark.parametrize("n", [0, 1001])
def test_impossible_counts_are_refused(n):
    with pytest.raises(RecipeError, match="from 1 to 1000"):
        walked("a1111", "euler", "karras", n)


# ---- by hand ----


def test_sigmas_and_timesteps_by_hand_are_the_ladder():
    by_sigmas = ladder_of(V1, Recipe(sampler="euler", sigmas=[10.0, 3.0, 0.5], steps=3))
    assert by_sigmas.tolist() == [10.0, 3.0, 0.5, 0.0]
    by_times = ladder_of(V1, Recipe(sampler="euler", timesteps=[999, 500.5, 20], steps=3))
    assert by_times.tolist() == [*V1.sigma(torch.tensor([999.0, 500.5, 20.0])).tolist(), 0.0]
    assert ladder_of(V1, Recipe(sampler="ddim", timesteps=[999, 500], steps=2))[-1] == LOW
    whole = ladder_of(V1, Recipe(sampler="ddim", timesteps=[999, 0], steps=2)).tolist()
    assert whole == pytest.approx([HIGH, LOW, 0.0], rel=1e-12)


def test_a_last_0_among_sigmas_is_where_a_ladder_ends_anyhow():
    assert Recipe(sigmas=[10, 3, 0]).sigmas == (10.0, 3.0)
    assert Recipe(timesteps=[999, 0]).timesteps == (999.0, 0.0)


def test_timesteps_beyond_a_short_schedule_are_refused():
    short = NoiseSchedule(ScheduleConfig(steps=100))
    with pytest.raises(RecipeError, match="100 training steps"):
        ladder_of(short, Recipe(sampler="euler", timesteps=[500, 200, 20], steps=3))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"sigmas": [1, 2]}, "sigmas must descend, but 2 follows 1"),
        ({"sigmas": [3, 3]}, "sigmas must descend"),
        ({"sigmas": [0]}, "sigmas holds 0"),
        ({"sigmas": []}, "sigmas holds 0 numbers; use 1 to 1000"),
        ({"sigmas": [math.nan, 1]}, "sigmas holds nan"),
        ({"sigmas": [5, True]}, "sigmas holds True"),
        ({"sigmas": "14, 3"}, "sigmas must be a list of numbers, not '14, 3'"),
        ({"timesteps": [1000, 3]}, "timesteps holds 1000; use numbers from 999 down to 0"),
        ({"timesteps": [*range(999, -1, -1), 0.0]}, "timesteps must descend"),
        ({"sigmas": [3, 1], "timesteps": [900, 3]}, "sigmas and timesteps cannot both say where the steps are"),
        ({"sigmas": [3, 1], "schedule": "karras"}, "sigmas and schedule cannot both say"),
        ({"timesteps": [900, 3], "like": "a1111"}, "timesteps and like cannot both say"),
        ({"sigmas": [3, 1], "steps": 5}, "steps 5 is not the number of sigmas, 2; leave it out"),
    ],
)
def test_what_is_no_ladder_is_refused(fields, said):
    with pytest.raises(RecipeError) as error:
        Recipe(**fields)
    assert said in str(error.value)


# ---- the command ----


def test_the_table_is_printed_for_people_and_for_programs(capsys):
    table("dpm2", "karras", 5, "a1111")
    shown = capsys.readouterr().out
    assert "999.000" in shown
    assert "14.614641" in shown
    assert "a1111 calls it DPM2" in shown
    table("ddim", "leading", 7, "compvis", True)
    line = json.loads(capsys.readouterr().out)
    assert (line["as"], line["called"], line["steps"], len(line["sigmas"])) == ("compvis", "DDIM", 7, 9)
    assert line["timesteps"][:2] == [995.0, 853.0]
    assert line["timesteps"][-1] == 0
    table("ddim", "leading", 7, "compvis")
    assert "8 steps" in (shown := capsys.readouterr().out)
    assert "(7 were asked for)" in shown


def test_the_table_of_our_own_ends_in_a_row_without_a_training_step(capsys):
    table("euler", "karras", 3)
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].split() == ["step", "t", "sigma", "signal"]
    assert rows[4].split() == ["end", "0.000000", "1.0000"]
    with pytest.raises(RecipeError, match="eulr"):
        table("eulr", "karras", 3)


# ---- the page ----

PAGE = (Path(__file__).parent.parent / "docs" / "samplers.md").read_text(encoding="utf-8")


def test_the_page_names_every_sampler_and_what_each_program_calls_it():
    rows = {line.split("|")[1].strip(" `"): line for line in PAGE.splitlines() if line.startswith("| `")}
    for name in SAMPLERS:
        assert name in rows
    for preset in ("a1111", "comfyui", "diffusers"):
        for name, used in PRESETS[preset].samplers.items():
            assert used.label.split(" (")[0].removesuffix("Scheduler") in rows[name], (preset, name)
    for name in SCHEDULES:
        assert name in rows


def test_the_page_says_all_that_differs():
    text = " ".join(PAGE.split())
    for preset in PRESETS.values():
        for used in preset.samplers.values():
            assert used.differs is None or used.differs in text
