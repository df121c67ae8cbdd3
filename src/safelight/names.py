"""The names that a recipe uses for samplers, schedules and ways of reading a prompt, and what usually goes together.

Plain tables, so that `--help` and a web form need no torch; tests hold them equal to the code that they name. To add a
sampler, add its name here, its usual schedule, and its eta if it has one.

Read next: `recipe.py`.
"""

__all__ = [
    "CURVES",
    "PROGRAMS",
    "SAMPLERS",
    "SCHEDULES",
    "SYNTAXES",
    "USUAL_ETA",
    "USUAL_SCHEDULE",
    "WEIGHTINGS",
]

SAMPLERS: tuple[str, ...] = (
    "ddim", "ddpm", "plms", "lms", "euler", "euler_a", "heun", "dpmpp_2m", "unipc",
    "dpm2", "dpm2_a", "dpmpp_2s_a", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde",
    "dpm_fast", "dpm_adaptive", "deis", "ipndm", "lcm", "tcd", "restart", "er_sde", "res_multistep",
    "sa_solver", "heunpp2", "ddim_cfgpp", "euler_cfgpp", "euler_a_cfgpp",
)  # fmt: skip
SCHEDULES: tuple[str, ...] = (
    "leading", "uniform", "trailing", "karras", "exponential", "polyexponential", "sgm_uniform", "simple", "normal",
    "ddim", "beta", "kl_optimal", "align_your_steps",
)  # fmt: skip
PROGRAMS: tuple[str, ...] = ("safelight", "compvis", "diffusers", "a1111", "comfyui")
"""Whose step tables and starting noise are taken; all but the first are described in `diffusion/presets.py`."""
SYNTAXES: tuple[str, ...] = ("weighted", "plain", "a1111", "comfyui")
"""How brackets in a prompt are read; see `prompts/syntax.py`."""
WEIGHTINGS: tuple[str, ...] = ("a1111", "no-norm", "comfy", "compel")
"""How the weight of a word changes what the UNet is told; see `prompts/weighting.py`."""
CURVES: tuple[str, ...] = ("constant", "linear", "cosine", "power")
"""How the guidance scale goes from the first step to the last, where it is not given point by point."""

USUAL_SCHEDULE: dict[str, str] = {
    "ddim": "leading",
    "ddpm": "leading",
    "plms": "leading",
    "lms": "uniform",
    "euler": "uniform",
    "euler_a": "uniform",
    "heun": "uniform",
    "dpmpp_2m": "karras",
    "unipc": "trailing",
    "dpm2": "karras",
    "dpm2_a": "karras",
    "dpmpp_2s_a": "karras",
    "dpmpp_sde": "karras",
    "dpmpp_2m_sde": "exponential",
    "dpmpp_2m_sde_heun": "exponential",
    "dpmpp_3m_sde": "exponential",
    "dpm_fast": "exponential",
    "dpm_adaptive": "exponential",
    "deis": "trailing",
    "ipndm": "uniform",
    "lcm": "trailing",
    "tcd": "trailing",
    "restart": "karras",
    "er_sde": "karras",
    "res_multistep": "karras",
    "sa_solver": "trailing",
    "heunpp2": "karras",
    "ddim_cfgpp": "leading",
    "euler_cfgpp": "uniform",
    "euler_a_cfgpp": "uniform",
}
"""The schedule a sampler takes when neither the recipe nor the model says another."""

USUAL_ETA: dict[str, float] = {
    "ddim": 0.0,
    "euler_a": 1.0,
    "dpm2_a": 1.0,
    "dpmpp_2s_a": 1.0,
    "dpmpp_sde": 1.0,
    "dpmpp_2m_sde": 1.0,
    "dpmpp_2m_sde_heun": 1.0,
    "dpmpp_3m_sde": 1.0,
    "dpm_fast": 0.0,
    "dpm_adaptive": 0.0,
    "tcd": 0.3,
    "res_multistep": 0.0,
    "sa_solver": 1.0,
    "ddim_cfgpp": 0.0,
    "euler_a_cfgpp": 1.0,
}
"""The samplers that have an eta (how much of the noise is drawn anew at each step), and its usual value."""
