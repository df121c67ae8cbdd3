"""What other programs do where we would choose otherwise: a preset of each, to draw a picture as it would.

    recipe = apply("a1111", Recipe(prompt="a cat"))

`apply` fills in what a recipe leaves open with that program's defaults, and names the program in `Recipe.like`, which
then decides two things: where the steps stand (`program_ladders.py`), and how large the noise is that they start from.

    compvis     the original scripts (CompVis/stable-diffusion, scripts/txt2img.py)
    diffusers   its pipelines with a scheduler of the same name, in the version of 2026
    a1111       AUTOMATIC1111's webui 1.10
    comfyui     ComfyUI's KSampler

A program's samplers are those that walk as ours do. Where its sampler of that name takes other steps than ours,
`Custom.differs` says so. docs/samplers.md has it all in one table. This file needs no torch.

Read next: program_ladders.py.
"""

from dataclasses import dataclass
from typing import Literal

from safelight.errors import RecipeError, nearest
from safelight.recipe import Recipe, recipe_from

__all__ = ["PRESETS", "Custom", "Preset", "apply", "custom"]


@dataclass(frozen=True)
class Custom:
    """How one program uses one sampler.

    label: what it calls it.
    family: which of its step tables the sampler takes (program_ladders.py).
    schedule: the one that it takes when nobody says another.
    eta: its usual share of fresh noise; None where the sampler has none.
    guidance_scale: its usual scale where that is not the program's.
    differs: where its steps are not ours; None if pictures agree but for what the machine rounds.
    """

    label: str
    family: str
    schedule: str
    eta: float | None = None
    differs: str | None = None
    guidance_scale: float | None = None


@dataclass(frozen=True)
class Preset:
    """One program: its samplers and schedules by our names, and what it does when nobody says otherwise.

    syntax, weighting: how it reads a prompt, in the words of `Recipe.prompt_syntax` and `prompt_weighting`.
    """

    name: str
    samplers: dict[str, Custom]
    schedules: dict[str, str]
    sampler: str
    steps: int
    guidance_scale: float
    rng: Literal["torch", "philox"]
    syntax: str
    weighting: str = "a1111"
    size: int = 512


def apply(preset: str, recipe: Recipe) -> Recipe:
    """Fill in what `recipe` leaves open with what the program `preset` does, and name the program in it.

    What the recipe says stays. The noise source and the reading of prompts count as left open unless they were given.
    Raises RecipeError for a sampler or a schedule that the program has not got.
    """
    program = _program(preset)
    sampler = recipe.sampler or program.sampler
    used = custom(preset, sampler)
    usual_scale = program.guidance_scale if used.guidance_scale is None else used.guidance_scale
    by_hand = recipe.sigmas or recipe.timesteps
    if recipe.schedule is not None and recipe.schedule not in program.schedules:
        raise RecipeError(f"{preset} has no schedule {recipe.schedule!r}.{nearest(recipe.schedule, program.schedules)}")
    given = recipe.model_fields_set
    filled: dict[str, object] = {
        "sampler": sampler,
        "steps": len(by_hand) if by_hand else recipe.steps or program.steps,
        "schedule": None if by_hand else recipe.schedule or used.schedule,
        "eta": used.eta if recipe.eta is None else recipe.eta,
        "guidance_scale": usual_scale if recipe.guidance_scale is None else recipe.guidance_scale,
        "width": recipe.width or program.size,
        "height": recipe.height or program.size,
        "rng": recipe.rng if "rng" in given else program.rng,
        "prompt_syntax": recipe.prompt_syntax if "prompt_syntax" in given else program.syntax,
        "prompt_weighting": recipe.prompt_weighting if "prompt_weighting" in given else program.weighting,
        "like": "safelight" if by_hand else preset,
    }
    return recipe_from(recipe.model_dump() | filled)


def custom(preset: str, sampler: str) -> Custom:
    """Return how a program uses a sampler. Raises RecipeError if there is no such program, or no such sampler in it."""
    program = _program(preset)
    if sampler not in program.samplers:
        raise RecipeError(f"{preset} has no sampler that walks as {sampler!r}.{nearest(sampler, program.samplers)}")
    return program.samplers[sampler]


def _program(preset: str) -> Preset:
    if preset not in PRESETS:
        raise RecipeError(f"There is no preset {preset!r}.{nearest(preset, PRESETS)}")
    return PRESETS[preset]


_ROUNDED = "tells the network whole training steps on karras, exponential and beta"
_ROUNDED_KARRAS = "tells the network whole training steps on karras"
_NO_PATH = "draws fresh noise at each step, not along a path"
_ORDER = "is of order 2 unless told solver_order=3, and of order 1 at the end of fewer than 15 steps"
_PATH = "its Brownian path is another: the same seed gives another picture of the same kind"
_RESEED = "draws its step noise from a generator of its own, seeded with seed + 1"

_COMPVIS = {
    "ddim": Custom("DDIM", "ddim", "leading", 0.0),
    "plms": Custom("PLMS", "ddim", "leading"),
}

_DIFFUSERS = {
    "ddim": Custom("DDIMScheduler", "ddim", "leading", 0.0),
    "ddpm": Custom("DDPMScheduler", "ddpm", "leading"),
    "plms": Custom("PNDMScheduler", "ddim", "leading"),
    "lms": Custom("LMSDiscreteScheduler", "k", "uniform"),
    "euler": Custom("EulerDiscreteScheduler", "k", "uniform"),
    "euler_a": Custom("EulerAncestralDiscreteScheduler", "k", "uniform", 1.0),
    "heun": Custom("HeunDiscreteScheduler", "k", "uniform"),
    "dpm2": Custom("KDPM2DiscreteScheduler", "k", "uniform", differs=_ROUNDED_KARRAS),
    "dpm2_a": Custom("KDPM2AncestralDiscreteScheduler", "k", "uniform", 1.0, _ROUNDED_KARRAS),
    "dpmpp_2m": Custom("DPMSolverMultistepScheduler", "dpm", "uniform", differs=_ROUNDED),
    "dpmpp_2m_sde": Custom("DPMSolverMultistepScheduler (sde-dpmsolver++)", "dpm", "uniform", 1.0, _NO_PATH),
    "dpmpp_2m_sde_heun": Custom("DPMSolverMultistepScheduler (sde-dpmsolver++, heun)", "dpm", "uniform", 1.0, _NO_PATH),
    "dpmpp_sde": Custom("DPMSolverSDEScheduler", "k", "uniform", 1.0, _PATH),
    "unipc": Custom("UniPCMultistepScheduler", "dpm", "uniform", differs=_ROUNDED),
    "deis": Custom("DEISMultistepScheduler", "dpm_early", "uniform", differs=_ORDER),
    "sa_solver": Custom("SASolverScheduler", "dpm_early", "uniform", 1.0, _ROUNDED),
    "lcm": Custom("LCMScheduler", "lcm", "trailing"),
    "tcd": Custom("TCDScheduler", "tcd", "trailing", 0.3),
}

_A1111 = {
    "dpmpp_2m": Custom("DPM++ 2M", "k", "karras"),
    "dpmpp_sde": Custom("DPM++ SDE", "k", "karras", 1.0, _PATH),
    "dpmpp_2m_sde": Custom("DPM++ 2M SDE", "k", "exponential", 1.0, _PATH),
    "dpmpp_2m_sde_heun": Custom("DPM++ 2M SDE Heun", "k", "exponential", 1.0, _PATH),
    "dpmpp_2s_a": Custom("DPM++ 2S a", "k", "karras", 1.0),
    "dpmpp_3m_sde": Custom("DPM++ 3M SDE", "k_spare", "exponential", 1.0, _PATH),
    "euler_a": Custom("Euler a", "k", "uniform", 1.0),
    "euler": Custom("Euler", "k", "uniform"),
    "lms": Custom("LMS", "k", "uniform"),
    "heun": Custom("Heun", "k", "uniform"),
    "dpm2": Custom("DPM2", "k_spare", "karras"),
    "dpm2_a": Custom("DPM2 a", "k_spare", "karras", 1.0),
    "dpm_fast": Custom("DPM fast", "ends", "exponential", 1.0),
    "dpm_adaptive": Custom("DPM adaptive", "ends", "exponential", 1.0),
    "restart": Custom("Restart", "k", "karras"),
    "ddim": Custom("DDIM", "ddim", "leading", 0.0),
    "ddim_cfgpp": Custom("DDIM CFG++", "ddim", "leading", 0.0, "divides the guidance scale by 12.5", 7.0 / 12.5),
    "plms": Custom("PLMS", "ddim", "leading"),
}

_COMFYUI = {
    "euler": Custom("euler", "k", "normal"),
    "euler_cfgpp": Custom("euler_cfg_pp", "k", "normal"),
    "euler_a": Custom("euler_ancestral", "k", "normal", 1.0, _RESEED),
    "euler_a_cfgpp": Custom("euler_ancestral_cfg_pp", "k", "normal", 1.0, _RESEED),
    "heun": Custom("heun", "k", "normal"),
    "heunpp2": Custom("heunpp2", "k", "normal"),
    "dpm2": Custom("dpm_2", "k_spare", "normal"),
    "dpm2_a": Custom("dpm_2_ancestral", "k_spare", "normal", 1.0, _RESEED),
    "lms": Custom("lms", "k", "normal"),
    "dpm_fast": Custom("dpm_fast", "ends", "normal", 0.0),
    "dpm_adaptive": Custom("dpm_adaptive", "ends", "normal", 0.0),
    "dpmpp_2s_a": Custom("dpmpp_2s_ancestral", "k", "normal", 1.0, _RESEED),
    "dpmpp_sde": Custom("dpmpp_sde", "k", "normal", 1.0, _PATH),
    "dpmpp_2m": Custom("dpmpp_2m", "k", "normal"),
    "dpmpp_2m_sde": Custom("dpmpp_2m_sde", "k", "normal", 1.0, _PATH),
    "dpmpp_2m_sde_heun": Custom("dpmpp_2m_sde_heun", "k", "normal", 1.0, _PATH),
    "dpmpp_3m_sde": Custom("dpmpp_3m_sde", "k", "normal", 1.0, _PATH),
    "ddpm": Custom("ddpm", "k", "normal", differs=_RESEED),
    "lcm": Custom("lcm", "k", "normal", differs=_RESEED),
    "ipndm": Custom("ipndm", "k", "normal"),
    "deis": Custom("deis", "k", "normal", differs="draws slopes on in the time of another noise schedule (tAB)"),
    "res_multistep": Custom("res_multistep", "k", "normal", 0.0),
    "er_sde": Custom("er_sde", "k", "normal", differs=_NO_PATH),
    "sa_solver": Custom("sa_solver", "k", "normal", 1.0, "is of orders 3 and 4, ours of 2 and 2"),
    "ddim": Custom("ddim", "k", "normal", 0.0),
}

_LEADING = {"leading": "DDIM"}
_A1111_SCHEDULES = _LEADING | {
    "uniform": "Uniform", "karras": "Karras", "exponential": "Exponential", "polyexponential": "Polyexponential",
    "sgm_uniform": "SGM Uniform", "kl_optimal": "KL Optimal", "align_your_steps": "Align Your Steps",
    "simple": "Simple", "normal": "Normal", "ddim": "DDIM", "beta": "Beta",
}  # fmt: skip
_COMFYUI_SCHEDULES = {
    "normal": "normal", "uniform": "normal", "karras": "karras", "exponential": "exponential",
    "sgm_uniform": "sgm_uniform", "simple": "simple", "ddim": "ddim_uniform", "beta": "beta",
    "kl_optimal": "kl_optimal", "align_your_steps": "AlignYourStepsScheduler",
}  # fmt: skip
_DIFFUSERS_SCHEDULES = {
    "leading": "leading", "uniform": "linspace", "trailing": "trailing", "karras": "use_karras_sigmas",
    "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas",
}  # fmt: skip

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("compvis", _COMPVIS, _LEADING, "ddim", 50, 7.5, "philox", "plain"),
        Preset("diffusers", _DIFFUSERS, _DIFFUSERS_SCHEDULES, "plms", 50, 7.5, "torch", "plain"),
        Preset("a1111", _A1111, _A1111_SCHEDULES, "dpmpp_2m", 20, 7.0, "philox", "a1111", "a1111"),
        Preset("comfyui", _COMFYUI, _COMFYUI_SCHEDULES, "euler", 20, 8.0, "torch", "comfyui", "comfy"),
    )
}
