"""diffusers' scheduler configs: read as a schedule and a sampler, and written so that diffusers reads them."""

import warnings
from pathlib import Path

import pytest

from safelight.diffusion.schedule import ScheduleConfig
from safelight.errors import WeightsError
from safelight.recipe import SAMPLERS, SCHEDULES, Defaults
from safelight.weights.scheduler import DISTILLED, NEAREST, SPACED_BY_SIGMA, sampling, schedule_config, scheduler_json


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("PNDMScheduler", {}, ("plms", "leading")),
        ("DDIMScheduler", {}, ("ddim", "leading")),
        ("DDPMScheduler", {}, ("ddpm", "leading")),
        ("LMSDiscreteScheduler", {}, ("lms", "uniform")),
        ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}, ("euler", "trailing")),
        ("EulerAncestralDiscreteScheduler", {}, ("euler_a", "uniform")),
        ("HeunDiscreteScheduler", {"use_karras_sigmas": True}, ("heun", "karras")),
        ("DPMSolverMultistepScheduler", {"use_exponential_sigmas": True}, ("dpmpp_2m", "exponential")),
        ("UniPCMultistepScheduler", {"timestep_spacing": "leading"}, ("unipc", "leading")),
        ("KDPM2DiscreteScheduler", {}, ("dpm2", "uniform")),
        ("KDPM2AncestralDiscreteScheduler", {"use_karras_sigmas": True}, ("dpm2_a", "karras")),
        ("DPMSolverSDEScheduler", {"use_karras_sigmas": True}, ("dpmpp_sde", "karras")),
        ("DEISMultistepScheduler", {"timestep_spacing": "trailing"}, ("deis", "trailing")),
        ("SASolverScheduler", {}, ("sa_solver", "uniform")),
        ("LCMScheduler", {}, ("lcm", "trailing")),
        ("TCDScheduler", {"timestep_spacing": "leading"}, ("tcd", "trailing")),
    ],
)
def test_each_class_of_scheduler_is_its_sampler_and_spacing(name, more, expected):
    assert sampling({"_class_name": name, **more}, Path("s.json"))[:2] == expected


def test_a_sampler_that_is_not_known_here_is_replaced_and_said_so():
    sampler, schedule, note = sampling({"_class_name": "IPNDMScheduler"}, Path("s.json"))
    assert (sampler, schedule) == ("dpmpp_2m", "uniform")
    assert "IPNDMScheduler" in str(note)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_written_for_diffusers_is_read_back_as_near_as_its_classes_come(sampler, schedule):
    import diffusers

    config = ScheduleConfig(prediction="v_prediction", kind="linear")
    written = scheduler_json(config, Defaults(sampler=sampler, schedule=schedule))
    read = sampling(written, Path("s.json"))
    assert read[0] == sampler or sampler in NEAREST
    spaced = read[0] in SPACED_BY_SIGMA and schedule in ("karras", "exponential")
    if read[0] in DISTILLED:
        assert read[1] == "trailing"
    elif spaced or schedule in ("leading", "uniform", "trailing"):
        assert read[1] == schedule
    assert schedule_config(written, Path("s.json")) == config
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # some of its classes trip over numpy 2
        theirs = getattr(diffusers, str(written["_class_name"])).from_config(written)
    assert theirs.config.prediction_type == "v_prediction"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"prediction_type": "sample"}, 'prediction_type is "sample"'),
        ({"beta_schedule": "squaredcos_cap_v2"}, "beta_schedule"),
        ({"trained_betas": [0.1]}, "trained_betas"),
        ({"rescale_betas_zero_snr": True}, "rescale_betas_zero_snr"),
        ({"beta_start": 2}, "beta_start"),
        ({"timestep_spacing": "random"}, "timestep_spacing"),
        ({"num_train_timesteps": 10**9}, "num_train_timesteps"),
    ],
)
def test_a_scheduler_that_asks_for_what_is_not_here_is_refused(change, word):
    written = scheduler_json(ScheduleConfig(), Defaults()) | change
    read = sampling if "timestep_spacing" in change else schedule_config
    with pytest.raises(WeightsError, match=word):
        read(written, Path("s.json"))
