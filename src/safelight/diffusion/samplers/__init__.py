"""The samplers by name, and what surrounds one: the ladder before it, the noise it starts from, the latent it leaves.

    schedule = NoiseSchedule(config)
    sampler = SAMPLERS["euler"]
    sigmas = ladder(schedule, sampler, 25)
    x = start(sampler.schedule, sampler, sigmas, noise.initial())
    x = drive(sampler.run(x, sigmas, noise, 0.0), denoise)
    latent = finish(x, sigmas)

`ladder_of` and `start_of` do the same for a recipe, whose steps may be given by hand or be those of another program.

To add a sampler, write one generator (see asking.py) and one line in SAMPLERS; CONTRIBUTING.md names the few other
places that a sampler's name is known in. Read next: asking.py.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from safelight.diffusion.presets import custom
from safelight.diffusion.program_ladders import program_ladder
from safelight.diffusion.samplers.asking import AskBoth, Run, Sampling, drive
from safelight.diffusion.samplers.consistency import lcm, tcd
from safelight.diffusion.samplers.exponential import deis, res_multistep, sa_solver
from safelight.diffusion.samplers.guided import ddim_cfgpp, euler_a_cfgpp, euler_cfgpp
from safelight.diffusion.samplers.multistep import dpmpp_2m, ipndm, lms, plms, unipc
from safelight.diffusion.samplers.one_step import dpm2, euler, heun, heunpp2
from safelight.diffusion.samplers.restart import restart
from safelight.diffusion.samplers.sde import dpmpp_2m_sde, dpmpp_2m_sde_heun, dpmpp_3m_sde, dpmpp_sde, er_sde
from safelight.diffusion.samplers.singlestep import dpm_adaptive, dpm_fast
from safelight.diffusion.samplers.stochastic import ddim, ddpm, dpm2_a, dpmpp_2s_a, euler_a
from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import RecipeError
from safelight.recipe import Recipe

__all__ = [
    "SAMPLERS",
    "AskBoth",
    "Run",
    "Sampler",
    "Sampling",
    "drive",
    "finish",
    "ladder",
    "ladder_of",
    "start",
    "start_of",
]


@dataclass(frozen=True)
class Sampler:
    """A sampler and the customs of the program that made it known; pictures agree with that program only if both do.

    starts: "sigma" starts from noise of exactly sigmas[0] (k-diffusion); "variance_preserving" from noise of variance
        1 + sigmas[0]^2, as if the latent behind it had variance 1 (CompVis, diffusers).
    ends: "zero" walks down to sigma 0; "sigma_min" stops at the least sigma of training (ScheduleConfig.ends_at_one),
        on those ladders that have not been there yet.
    schedule: the ladder usually taken with it.
    eta: its default share of fresh noise, 0..1; None where there is no choice.
    """

    name: str
    run: Run
    starts: Literal["sigma", "variance_preserving"]
    ends: Literal["zero", "sigma_min"]
    schedule: str
    eta: float | None = None


def ladder(schedule: NoiseSchedule, sampler: Sampler, n: int, name: str | None = None) -> Tensor:
    """Return the sigmas of `n` steps, float64 (n + 1,), on the ladder `name` (the sampler's usual one if None).

    They descend strictly: a sampler that ends at sigma_min ends at 0 where the ladder asks at sigma_min itself, as
    `uniform`, `karras` and `exponential` do, because a last step of no length would be no step. To start from a picture
    with noise on it, start lower: `sigmas[skip:]`.
    """
    return _ended(schedule, sampler, schedule.steps(name or sampler.schedule, n))


def ladder_of(schedule: NoiseSchedule, recipe: Recipe) -> Tensor:
    """Return the sigmas that a resolved recipe walks: by name, by hand, or as the program in `recipe.like` does.

    float64 (k + 1,), strictly descending; k is the recipe's steps but for a program that takes others. Raises
    RecipeError for what cannot be walked.
    """
    assert recipe.sampler and recipe.steps  # that is what resolved means
    sampler = SAMPLERS[recipe.sampler]
    if recipe.like != "safelight":
        name = recipe.schedule or sampler.schedule
        return program_ladder(recipe.like, schedule, recipe.sampler, name, recipe.steps)
    if recipe.sigmas is None and recipe.timesteps is None:
        return ladder(schedule, sampler, recipe.steps, recipe.schedule)
    if recipe.sigmas is not None:
        asked = torch.tensor(recipe.sigmas, dtype=torch.float64)
    else:
        asked = schedule.sigma(torch.tensor(recipe.timesteps, dtype=torch.float64))
        if bool((asked[1:] >= asked[:-1]).any()):
            raise RecipeError(
                f"this model has {len(schedule.sigmas)} training steps; timesteps go from the last down to 0"
            )
    return _ended(schedule, sampler, torch.cat([asked, torch.zeros(1, dtype=torch.float64)]))


def _ended(schedule: NoiseSchedule, sampler: Sampler, sigmas: Tensor) -> Tensor:
    """Let a ladder that ends at 0 end where its sampler does."""
    least = schedule.sigmas[0]
    stops_early = sampler.ends == "sigma_min" and not schedule.config.ends_at_one
    # Roots and powers leave some ladders an ulp beside sigma_min.
    if stops_early and sigmas[-2] > least * (1 + 1e-9):
        sigmas[-1] = least
    return sigmas


def start(schedule: str, sampler: Sampler, sigmas: Tensor, noise: Tensor) -> Tensor:
    """Scale unit noise (B, C, H, W) to the latent in which `sampler` starts on the ladder named `schedule`.

    "leading" does not begin at the noisiest step; diffusers then adds the missing variance for every sampler, and so
    does this.
    """
    if sampler.starts == "variance_preserving" or schedule == "leading":
        return _preserved(noise, sigmas)
    return noise * float(sigmas[0])


def start_of(schedule: NoiseSchedule, recipe: Recipe, sigmas: Tensor, noise: Tensor) -> Tensor:
    """Scale unit noise (B, C, H, W) to the latent where a resolved recipe starts, as we do or another program."""
    assert recipe.sampler
    sampler = SAMPLERS[recipe.sampler]
    if recipe.like == "safelight":
        return start("" if recipe.schedule is None else recipe.schedule, sampler, sigmas, noise)
    if recipe.like == "comfyui":
        from_all_noise = float(sigmas[0]) > float(schedule.sigmas[-1]) * (1 - 1e-5)
        return _preserved(noise, sigmas) if from_all_noise else noise * float(sigmas[0])
    family = custom(recipe.like, recipe.sampler).family
    exact = family.startswith("k") or family == "ends"
    if exact and not (recipe.like == "diffusers" and recipe.schedule == "leading"):
        return noise * float(sigmas[0])
    return _preserved(noise, sigmas)


def _preserved(noise: Tensor, sigmas: Tensor) -> Tensor:
    return noise * (1 + float(sigmas[0]) ** 2) ** 0.5


def finish(x: Tensor, sigmas: Tensor) -> Tensor:
    """Return the latent for the decoder, in the scale of training, sqrt(abar) * x: x itself at sigma 0."""
    return x / (1 + float(sigmas[-1]) ** 2) ** 0.5


SAMPLERS: dict[str, Sampler] = {
    sampler.name: sampler
    for sampler in (
        Sampler("ddim", ddim, "variance_preserving", "sigma_min", "leading", eta=0.0),
        Sampler("ddpm", ddpm, "variance_preserving", "zero", "leading"),
        Sampler("plms", plms, "variance_preserving", "sigma_min", "leading"),
        Sampler("lms", lms, "sigma", "zero", "uniform"),
        Sampler("euler", euler, "sigma", "zero", "uniform"),
        Sampler("euler_a", euler_a, "sigma", "zero", "uniform", eta=1.0),
        Sampler("heun", heun, "sigma", "zero", "uniform"),
        Sampler("dpmpp_2m", dpmpp_2m, "sigma", "zero", "karras"),
        Sampler("unipc", unipc, "variance_preserving", "zero", "trailing"),
        Sampler("dpm2", dpm2, "sigma", "zero", "karras"),
        Sampler("dpm2_a", dpm2_a, "sigma", "zero", "karras", eta=1.0),
        Sampler("dpmpp_2s_a", dpmpp_2s_a, "sigma", "zero", "karras", eta=1.0),
        Sampler("dpmpp_sde", dpmpp_sde, "sigma", "zero", "karras", eta=1.0),
        Sampler("dpmpp_2m_sde", dpmpp_2m_sde, "sigma", "zero", "exponential", eta=1.0),
        Sampler("dpmpp_2m_sde_heun", dpmpp_2m_sde_heun, "sigma", "zero", "exponential", eta=1.0),
        Sampler("dpmpp_3m_sde", dpmpp_3m_sde, "sigma", "zero", "exponential", eta=1.0),
        Sampler("dpm_fast", dpm_fast, "sigma", "sigma_min", "exponential", eta=0.0),
        Sampler("dpm_adaptive", dpm_adaptive, "sigma", "sigma_min", "exponential", eta=0.0),
        Sampler("deis", deis, "variance_preserving", "zero", "trailing"),
        Sampler("ipndm", ipndm, "sigma", "zero", "uniform"),
        Sampler("lcm", lcm, "variance_preserving", "zero", "trailing"),
        Sampler("tcd", tcd, "variance_preserving", "sigma_min", "trailing", eta=0.3),
        Sampler("restart", restart, "sigma", "zero", "karras"),
        Sampler("er_sde", er_sde, "sigma", "zero", "karras"),
        Sampler("res_multistep", res_multistep, "sigma", "zero", "karras", eta=0.0),
        Sampler("sa_solver", sa_solver, "variance_preserving", "zero", "trailing", eta=1.0),
        Sampler("heunpp2", heunpp2, "sigma", "zero", "karras"),
        Sampler("ddim_cfgpp", ddim_cfgpp, "variance_preserving", "sigma_min", "leading", eta=0.0),
        Sampler("euler_cfgpp", euler_cfgpp, "sigma", "zero", "uniform"),
        Sampler("euler_a_cfgpp", euler_a_cfgpp, "sigma", "zero", "uniform", eta=1.0),
    )
}
