"""The samplers by name, and what surrounds one: the ladder before it, the noise it starts from, the latent it leaves.

    schedule = NoiseSchedule(config)
    sampler = SAMPLERS["euler"]
    sigmas = ladder(schedule, sampler, 25)
    x = start(sampler.schedule, sampler, sigmas, noise.initial())
    x = drive(sampler.run(x, sigmas, noise, 0.0), denoise)
    latent = finish(x, sigmas)

To add a sampler, write one generator (see asking.py) and one line in SAMPLERS; CONTRIBUTING.md names the few other
places that a sampler's name is known in. Read next: asking.py.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from safelight.diffusion.samplers.asking import Run, Sampling, drive
from safelight.diffusion.samplers.multistep import dpmpp_2m, lms, plms, unipc
from safelight.diffusion.samplers.one_step import euler, heun
from safelight.diffusion.samplers.stochastic import ddim, ddpm, euler_a
from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["SAMPLERS", "Run", "Sampler", "Sampling", "drive", "finish", "ladder", "start"]


@dataclass(frozen=True)
class Sampler:
    """A sampler and the customs of the program that made it known; pictures agree with that program only if both do.

    starts: "sigma" starts from noise of exactly sigmas[0] (k-diffusion); "variance_preserving" from noise of variance
        1 + sigmas[0]^2, as if the latent behind it had variance 1 (CompVis, diffusers).
    ends: "zero" walks down to sigma 0; "sigma_min" stops at the least sigma of training (ScheduleConfig.ends_at_one),
        on those ladders that have not been there yet.
    schedule: the ladder usually taken with it. (diffusers makes ladders of n + 1 steps for DPM-Solver and UniPC and
        leaves out the last; only on "trailing" do they take the same as everyone.)
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
    sigmas, least = schedule.steps(name or sampler.schedule, n), schedule.sigmas[0]
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
    sigma = float(sigmas[0])
    if sampler.starts == "variance_preserving" or schedule == "leading":
        return noise * (1 + sigma**2) ** 0.5
    return noise * sigma


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
    )
}
