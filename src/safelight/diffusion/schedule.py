"""The noise schedule: how much noise each training step holds, and the ladders that samplers climb down.

Training mixes a latent with Gaussian noise (DDPM, arXiv 2006.11239, eq. 4), for t = 0 .. 999:

    z_t = sqrt(abar_t) * x0 + sqrt(1 - abar_t) * eps,        abar_t = product of (1 - beta_i) for i <= t

Everything outside the network uses x = z_t / sqrt(abar_t), where the signal keeps its size and noise is only added:

    x = x0 + sigma * eps,                                    sigma_t = sqrt((1 - abar_t) / abar_t)

(Karras et al. 2022, arXiv 2206.00364, table 1; abar = 1 / (1 + sigma^2) leads back.) All numbers here are float64
and live on the CPU: they are few, and float32 would already move a picture.

A ladder of n steps is n + 1 descending sigmas; the network is asked at each of them but the last. Starting from a
picture instead of from noise is `sigmas[skip:]`, nothing else.

Letters: t a training step, possibly fractional; B batch. Read next: ladders.py, denoiser.py.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from safelight.diffusion.ladders import LADDERS
from safelight.errors import RecipeError, WeightsError, nearest

__all__ = ["STEPS", "NoiseSchedule", "Prediction", "ScheduleConfig"]

STEPS = LADDERS
"""The ladders that `NoiseSchedule.steps` knows by name."""

Prediction = Literal["epsilon", "v_prediction"]


@dataclass(frozen=True)
class ScheduleConfig:
    """What a model was trained with; the defaults are those of Stable Diffusion v1.

    kind: where the ramp from beta_start to beta_end is straight, in sqrt(beta) ("scaled_linear"; the CompVis code calls
        this one "linear") or in beta itself ("linear").
    prediction: what the network answers, the noise or v = sqrt(abar) * eps - sqrt(1 - abar) * x0 (Salimans & Ho 2022,
        arXiv 2202.00512, appendix D).
    steps_offset: shifts the "leading" ladder.
    ends_at_one: whether DDIM and PLMS end at sigma 0, where abar is one (`set_alpha_to_one` in diffusers). Stable
        Diffusion v1 has them end at the least sigma of training, 0.0292.
    """

    beta_start: float = 0.00085
    beta_end: float = 0.012
    kind: Literal["scaled_linear", "linear"] = "scaled_linear"
    steps: int = 1000
    prediction: Prediction = "epsilon"
    steps_offset: int = 1
    ends_at_one: bool = False


class NoiseSchedule:
    """The sigmas of all training steps, the way from sigma to t and back, and ladders of any length.

    `sigmas` is float64 (steps,), ascending. Raises WeightsError for a configuration that is no noise schedule.
    """

    def __init__(self, config: ScheduleConfig = ScheduleConfig()) -> None:
        self.config = config
        alphas_bar = torch.cumprod(1 - _betas(config), dim=0)
        self.sigmas = ((1 - alphas_bar) / alphas_bar).sqrt()
        self.log_sigmas = self.sigmas.log()

    def sigma(self, t: Tensor | float) -> Tensor:
        """Sigma at step `t` (any shape, clamped to 0 .. steps - 1); log sigma is straight between whole steps."""
        t = _exact(t).clamp(0, len(self.sigmas) - 1)
        low = t.long().clamp(max=len(self.sigmas) - 2)
        return torch.lerp(self.log_sigmas[low], self.log_sigmas[low + 1], t - low).exp()

    def t(self, sigma: Tensor | float) -> Tensor:
        """The step, fractional, that holds `sigma` of noise: the inverse of `sigma(t)`; beyond the ends, the end."""
        log_sigma = _exact(sigma).clamp(self.sigmas[0], self.sigmas[-1]).log().contiguous()
        high = torch.searchsorted(self.log_sigmas, log_sigma).clamp(1, len(self.sigmas) - 1)
        below, above = self.log_sigmas[high - 1], self.log_sigmas[high]
        return high - 1 + (log_sigma - below) / (above - below)

    def steps(self, name: str, n: int) -> Tensor:
        """Return the ladder `name` of `n` steps: float64 (n + 1,), strictly descending to 0.

        Raises RecipeError for an unknown name, or for n outside 1 .. the number of training steps.
        """
        if name not in STEPS:
            raise RecipeError(f"There is no schedule {name!r}.{nearest(name, STEPS)}")
        if not 1 <= n <= len(self.sigmas):
            raise RecipeError(f"{n} steps cannot be taken; write a number from 1 to {len(self.sigmas)}.")
        return torch.cat([STEPS[name](self, n), torch.zeros(1, dtype=torch.float64)])


def _betas(config: ScheduleConfig) -> Tensor:
    if config.prediction not in ("epsilon", "v_prediction"):
        raise WeightsError(f"A network cannot predict {config.prediction!r}; write 'epsilon' or 'v_prediction'.")
    if not (0 < config.beta_start <= config.beta_end < 1 and config.steps >= 2):
        raise WeightsError(
            f"The noise schedule needs 0 < beta_start <= beta_end < 1 and at least 2 steps, "
            f"not {config.beta_start}, {config.beta_end} and {config.steps}."
        )
    if config.kind == "scaled_linear":
        return torch.linspace(config.beta_start**0.5, config.beta_end**0.5, config.steps, dtype=torch.float64) ** 2
    if config.kind == "linear":
        return torch.linspace(config.beta_start, config.beta_end, config.steps, dtype=torch.float64)
    raise WeightsError(f"There is no beta schedule {config.kind!r}; write 'scaled_linear' or 'linear'.")


def _exact(value: Tensor | float) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64, device="cpu")
