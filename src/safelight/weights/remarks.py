"""Where diffusers draws another picture from a scheduler_config.json than we do from what we read in it.

For most configs the two agree to the last digits that rounding leaves. They do not where a class of diffusers takes
steps that no ladder of ours has, and where a config asks for a variant of a sampler that is not here. Such a model is
drawn all the same, with what is nearest, and the remark says so: `safelight models show` and `generate` print it.

Read next: `scheduler.py`.
"""

from collections.abc import Mapping
from pathlib import Path

from safelight.errors import WeightsError
from safelight.weights.reading import read_json
from safelight.weights.scheduler import sampling

__all__ = ["own_defaults", "remark", "remark_on"]

# What a sampler of ours is, in the words of the class it stands for; beside it what that class does if nothing is said.
DRAWN: dict[str, dict[str, tuple[object, object]]] = {
    "plms": {"skip_prk_steps": (True, False)},
    "ddpm": {"variance_type": ("fixed_small", "fixed_small")},
    "euler": {
        "interpolation_type": ("linear", "linear"),
        "timestep_type": ("discrete", "discrete"),
        "final_sigmas_type": ("zero", "zero"),
    },
    "dpmpp_2m": {
        "algorithm_type": ("dpmsolver++", "dpmsolver++"),
        "solver_order": (2, 2),
        "solver_type": ("midpoint", "midpoint"),
        "final_sigmas_type": ("zero", "zero"),
        "euler_at_final": (False, False),
        "use_lu_lambdas": (False, False),
    },
    "unipc": {
        "solver_order": (2, 2),
        "solver_type": ("bh2", "bh2"),
        "predict_x0": (True, True),
        "final_sigmas_type": ("zero", "zero"),
    },
    "deis": {"solver_order": (3, 2), "algorithm_type": ("deis", "deis")},
    "sa_solver": {
        "predictor_order": (2, 2),
        "corrector_order": (2, 2),
        "algorithm_type": ("data_prediction", "data_prediction"),
    },
    "lcm": {"original_inference_steps": (50, 50), "timestep_scaling": (10.0, 10.0)},
    "tcd": {"original_inference_steps": (50, 50)},
}

# What the classes of these samplers do on a schedule of ours that we do not.
_BY_ONE = "which diffusers cuts into one step more than is asked for, and leaves that out"
_BY_STRIDE = "on which diffusers does not step to the next time of its list where 1000 is no multiple of the steps"
_ROUNDED = "for which diffusers rounds the times that the network is told"
_STARTED = "which diffusers starts from a little more noise"
_EARLY = "at the end of which diffusers leaves the least noise of training in"
_OWN_STEPS = "for which diffusers takes steps out of the 50 that a model was distilled with"
_OWN_NOISE = "for which diffusers draws noise along another path"
_EVERY = ("leading", "uniform", "trailing", "karras", "exponential")
STEPPED: dict[str, dict[str, str]] = {
    "plms": {"uniform": _BY_STRIDE, "trailing": _BY_STRIDE},
    "ddim": {"uniform": _BY_STRIDE, "trailing": _BY_STRIDE},
    "ddpm": {"uniform": _ROUNDED},
    "dpmpp_2m": {
        "leading": _BY_ONE,
        "uniform": _BY_ONE,
        "trailing": _STARTED,
        "karras": _ROUNDED,
        "exponential": _ROUNDED,
    },
    "unipc": {"leading": _BY_ONE, "uniform": _BY_ONE, "karras": _ROUNDED, "exponential": _ROUNDED},
    "dpm2": {"karras": _ROUNDED},
    "dpm2_a": {"karras": _ROUNDED},
    "dpmpp_sde": dict.fromkeys(_EVERY, _OWN_NOISE),
    "deis": dict.fromkeys(_EVERY, _EARLY),
    "sa_solver": dict.fromkeys(_EVERY, _EARLY),
    "lcm": {"trailing": _OWN_STEPS},
    "tcd": {"trailing": _OWN_STEPS},
}


def remark(values: Mapping[str, object], where: Path) -> str | None:
    """Say in one line what diffusers would do otherwise with these values of a scheduler_config.json; None if nothing.

    Raises WeightsError for a config that cannot be used at all.
    """
    sampler, schedule, note = sampling(values, where)
    if note is not None:
        return note  # another class than any of ours: that says it all
    asked = [
        f"{key} {values.get(key, usual)}"
        for key, (drawn, usual) in DRAWN.get(sampler, {}).items()
        if values.get(key, usual) not in (drawn, None)
    ]
    if values.get("use_beta_sigmas") is True:
        asked.append("use_beta_sigmas")
    stepped = STEPPED.get(sampler, {}).get(schedule)
    if stepped is not None:
        spacing = schedule if schedule in ("karras", "exponential") else values.get("timestep_spacing", "linspace")
        asked.append(f"{spacing} steps, {stepped}")
    if not asked:
        return None
    return (
        f"{where} asks {values.get('_class_name', 'PNDMScheduler')} for {'; for '.join(asked)}. "
        f"The nearest here is {sampler} on {schedule}: pictures will differ slightly from diffusers'"
    )


def remark_on(path: Path) -> str | None:
    """Say the same of a model's folder; None of a single file, and where Safelight wrote the model's defaults."""
    config = path / "scheduler" / "scheduler_config.json"
    try:
        extra = path / "safelight.json"
        ours = extra.is_file() and own_defaults(read_json(extra))
        return remark(read_json(config), config) if config.is_file() and not ours else None
    except WeightsError:  # whoever opens the model says what is wrong
        return None


def own_defaults(extra: Mapping[str, object]) -> bool:
    """Whether a safelight.json says how the model samples, so that its scheduler is there for diffusers alone."""
    said = extra.get("defaults")
    return isinstance(said, dict) and "sampler" in said
