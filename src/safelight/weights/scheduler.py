"""A diffusers scheduler_config.json, read as a noise schedule and as a model's usual way of sampling, and written.

The file names a class and a spacing of steps. The class becomes our sampler, the spacing our schedule; where the file
names no spacing it is the class' own: "leading" for DDIM, DDPM and PNDM, "linspace" for all others.
LCM and TCD have steps of their own.
v1.4's says PNDM, scaled linear 0.00085 to 0.012: our `plms` with `leading`.

Read next: `remarks.py`, for what diffusers does otherwise with such a file.
"""

from collections.abc import Mapping
from pathlib import Path

from safelight.diffusion.schedule import ScheduleConfig
from safelight.recipe import Defaults
from safelight.weights.reading import Config

__all__ = ["sampling", "schedule_config", "scheduler_json"]

CLASSES = {
    "PNDMScheduler": "plms",
    "DDIMScheduler": "ddim",
    "DDPMScheduler": "ddpm",
    "LMSDiscreteScheduler": "lms",
    "EulerDiscreteScheduler": "euler",
    "EulerAncestralDiscreteScheduler": "euler_a",
    "HeunDiscreteScheduler": "heun",
    "DPMSolverMultistepScheduler": "dpmpp_2m",
    "UniPCMultistepScheduler": "unipc",
    "KDPM2DiscreteScheduler": "dpm2",
    "KDPM2AncestralDiscreteScheduler": "dpm2_a",
    "DPMSolverSDEScheduler": "dpmpp_sde",
    "DEISMultistepScheduler": "deis",
    "SASolverScheduler": "sa_solver",
    "LCMScheduler": "lcm",
    "TCDScheduler": "tcd",
}
# What is written for a sampler that diffusers has no class for: the nearest that it has.
NEAREST = {
    "dpmpp_2s_a": "KDPM2AncestralDiscreteScheduler",
    "dpmpp_2m_sde": "DPMSolverMultistepScheduler",
    "dpmpp_2m_sde_heun": "DPMSolverMultistepScheduler",
    "dpmpp_3m_sde": "DPMSolverMultistepScheduler",
    "dpm_fast": "DPMSolverSinglestepScheduler",
    "dpm_adaptive": "DPMSolverSinglestepScheduler",
    "ipndm": "PNDMScheduler",
    "restart": "HeunDiscreteScheduler",
    "er_sde": "DPMSolverSDEScheduler",
    "res_multistep": "DPMSolverMultistepScheduler",
    "heunpp2": "HeunDiscreteScheduler",
    "ddim_cfgpp": "DDIMScheduler",
    "euler_cfgpp": "EulerDiscreteScheduler",
    "euler_a_cfgpp": "EulerAncestralDiscreteScheduler",
}
SPACINGS = {"leading": "leading", "linspace": "uniform", "trailing": "trailing"}
# The spacing written for a schedule that diffusers has no word for.
NEAREST_SPACINGS = {
    "normal": "linspace",
    "beta": "linspace",
    "ddim": "leading",
    "sgm_uniform": "trailing",
    "simple": "trailing",
    "align_your_steps": "trailing",
    "kl_optimal": "trailing",
}
LEADING = ("plms", "ddim", "ddpm")
DISTILLED = ("lcm", "tcd")
# those whose class knows use_karras_sigmas
SPACED_BY_SIGMA = ("lms", "euler", "heun", "dpmpp_2m", "unipc", "dpm2", "dpm2_a", "dpmpp_sde", "deis", "sa_solver")


def schedule_config(values: Mapping[str, object], where: Path) -> ScheduleConfig:
    """Read the noise schedule that the model was trained with."""
    config = Config(values, where)
    kind = config.get("beta_schedule", "linear")
    if kind not in ("scaled_linear", "linear"):
        raise config.refuse("beta_schedule", '"scaled_linear" or "linear"')
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in ("epsilon", "v_prediction"):
        raise config.refuse("prediction_type", '"epsilon" or "v_prediction"')
    for key in ("trained_betas", "rescale_betas_zero_snr", "thresholding", "use_flow_sigmas"):
        if config.get(key, None) not in (None, False):
            raise config.refuse(key, "null or false there")
    start = config.real("beta_start", 0.0001, 1e-8, 0.5)
    return ScheduleConfig(
        beta_start=start,
        beta_end=config.real("beta_end", 0.02, start, 0.9),
        kind="scaled_linear" if kind == "scaled_linear" else "linear",
        steps=config.number("num_train_timesteps", 1000, low=10, high=10_000),
        prediction="v_prediction" if prediction == "v_prediction" else "epsilon",
        # diffusers' pipeline makes an offset of 0 in old files a 1, whatever the file says.
        steps_offset=1,
        ends_at_one=config.flag("set_alpha_to_one", values.get("_class_name") == "DDIMScheduler"),
    )


def sampling(values: Mapping[str, object], where: Path) -> tuple[str, str, str | None]:
    """Read the usual sampler and schedule, and a remark where diffusers has a sampler that is not known here."""
    config = Config(values, where)
    name = config.get("_class_name", "PNDMScheduler")
    sampler = CLASSES.get(name) if isinstance(name, str) else None
    note = None
    if sampler is None:
        sampler = "dpmpp_2m"
        note = f"{where} names the sampler {str(name)[:60]!r}, which is not known here; {sampler} takes its place"
    spacing = config.get("timestep_spacing", "leading" if sampler in LEADING else "linspace")
    if not isinstance(spacing, str) or spacing not in SPACINGS:
        raise config.refuse("timestep_spacing", ", ".join(SPACINGS))
    if sampler in DISTILLED:  # their classes take steps of their own, nearest to these, whatever the file says
        return sampler, "trailing", note
    if sampler not in SPACED_BY_SIGMA:  # diffusers passes over flags that a class does not know
        return sampler, SPACINGS[spacing], note
    if values.get("use_karras_sigmas") is True:
        return sampler, "karras", note
    if values.get("use_exponential_sigmas") is True:
        return sampler, "exponential", note
    return sampler, SPACINGS[spacing], note


def scheduler_json(config: ScheduleConfig, defaults: Defaults) -> dict[str, object]:
    """Write both for diffusers, as near as its classes come to them."""
    named = {sampler: name for name, sampler in CLASSES.items()}
    name = named.get(defaults.sampler) or NEAREST[defaults.sampler]
    sampler = CLASSES.get(name)
    spacing = {ours: theirs for theirs, ours in SPACINGS.items()}.get(defaults.schedule)
    spacing = spacing or NEAREST_SPACINGS.get(defaults.schedule)
    values: dict[str, object] = {
        "_class_name": name,
        "_diffusers_version": "0.30.0",
        "beta_start": config.beta_start,
        "beta_end": config.beta_end,
        "beta_schedule": config.kind,
        "num_train_timesteps": config.steps,
        "prediction_type": config.prediction,
        "steps_offset": config.steps_offset,
        "trained_betas": None,
        "timestep_spacing": spacing or ("leading" if sampler in LEADING else "linspace"),
    }
    if sampler in ("ddim", "plms", *DISTILLED):
        values["set_alpha_to_one"] = config.ends_at_one
    if sampler in ("ddim", "ddpm", *DISTILLED):
        values["clip_sample"] = False
    if sampler == "plms":
        values["skip_prk_steps"] = True
    if defaults.sampler in ("deis", "dpm_fast", "dpm_adaptive"):
        values["solver_order"] = 3
    if defaults.sampler.endswith(("m_sde", "m_sde_heun")):
        values["algorithm_type"] = "sde-dpmsolver++"
    if defaults.sampler in ("dpmpp_2m_sde_heun", "res_multistep"):
        values["solver_type"] = "heun"
    if spacing is None and (sampler is None or sampler in SPACED_BY_SIGMA):
        values["use_karras_sigmas" if defaults.schedule == "karras" else "use_exponential_sigmas"] = True
    return values
