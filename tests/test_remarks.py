"""A remark stands where diffusers draws another trajectory from the same scheduler_config.json, and nowhere else."""

from pathlib import Path

import pytest

from oracles import Recorded, relative
from safelight.weights.remarks import remark, remark_on
from safelight.weights.scheduler import CLASSES, SPACED_BY_SIGMA, sampling
from test_samplers import SHAPE, V1_4, ours, theirs

# diffusers hands torch tensors to numpy in the old way, and takes them back in the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning"),
]

WHERE = Path("model/scheduler/scheduler_config.json")
WAYS = [
    *({"timestep_spacing": spacing} for spacing in ("leading", "linspace", "trailing")),
    *({"timestep_spacing": "linspace", f"use_{name}_sigmas": True} for name in ("karras", "exponential")),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: list(way)[-1] if len(way) > 1 else way["timestep_spacing"])
@pytest.mark.parametrize("cls", CLASSES)
def test_there_is_a_remark_exactly_where_the_trajectory_is_another(cls, way):
    name = CLASSES[cls]
    if len(way) > 1 and name not in SPACED_BY_SIGMA:
        pytest.skip("this class has no such flag")
    draws = name in ("ddpm", "euler_a", "dpm2_a", "sa_solver", "lcm", "tcd")
    eta = {"tcd": 0.3}.get(name, 1.0) if draws else 0.0
    if name == "dpmpp_sde":
        assert "nearest here is dpmpp_sde" in str(remark({**V1_4, "_class_name": cls, **way}, WHERE))
        return  # its noise is of another path, whatever the steps
    schedule = sampling({"_class_name": cls, **way}, WHERE)[1]
    differences = []
    for n in (7, 20):  # 1000 is a multiple of 20 and not of 7
        found = ours(name, n, schedule, Recorded(SHAPE, seed=5) if draws else None, eta)
        differences.append(relative(found, theirs(cls, n, seed=5 if draws else None, **way)))
    said = remark({**V1_4, "_class_name": cls, **way}, WHERE)
    # 1e-4 leaves room for the interpolation of "linspace"; the least real difference is 6e-4.
    assert (said is not None) == (max(differences) > 1e-4)
    if said is not None:
        assert "\n" not in said
        assert f"nearest here is {name} on {schedule}: pictures will differ slightly from diffusers'" in said


def test_the_scheduler_of_v1_needs_no_remark():
    assert remark({**V1_4, "_class_name": "PNDMScheduler"}, WHERE) is None


def test_pndm_with_its_runge_kutta_steps_is_remarked_on_also_where_that_is_not_written():
    config = {"_class_name": "PNDMScheduler", "timestep_spacing": "leading"}
    assert "skip_prk_steps False" in str(remark(config, WHERE))
    assert "skip_prk_steps False" in str(remark(config | {"skip_prk_steps": False}, WHERE))
    found = ours("plms", 20, "leading")
    assert relative(found, theirs("PNDMScheduler", 20, **config | {"skip_prk_steps": False})) > 1e-4


@pytest.mark.parametrize(
    ("cls", "option"),
    [
        ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
        ("DPMSolverMultistepScheduler", {"use_lu_lambdas": True}),
        ("UniPCMultistepScheduler", {"solver_order": 3}),
        ("EulerDiscreteScheduler", {"final_sigmas_type": "sigma_min"}),
        ("HeunDiscreteScheduler", {"use_beta_sigmas": True}),
    ],
)
def test_a_variant_that_is_not_here_is_named(cls, option):
    config = {"_class_name": cls, "timestep_spacing": "trailing"}
    assert next(iter(option)) in str(remark(config | option, WHERE))


def test_a_class_that_is_not_known_here_is_named():
    assert "IPNDMScheduler" in str(remark({"_class_name": "IPNDMScheduler"}, WHERE))


def test_flags_that_a_class_does_not_know_are_passed_over_as_diffusers_does():
    config = {**V1_4, "_class_name": "PNDMScheduler", "use_karras_sigmas": True}
    assert sampling(config, WHERE)[:2] == ("plms", "leading")
    assert remark(config, WHERE) is None


def test_a_folder_is_remarked_on_unless_safelight_wrote_how_it_samples(tmp_path):
    assert remark_on(tmp_path) is None
    config = tmp_path / "scheduler" / "scheduler_config.json"
    config.parent.mkdir()
    config.write_text('{"_class_name": "UniPCMultistepScheduler"}')
    assert "unipc on uniform" in str(remark_on(tmp_path))
    (tmp_path / "safelight.json").write_text('{"defaults": {"sampler": "unipc", "schedule": "uniform"}}')
    assert remark_on(tmp_path) is None
    (tmp_path / "safelight.json").unlink()
    config.write_text("{")
    assert remark_on(tmp_path) is None
