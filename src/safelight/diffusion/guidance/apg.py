"""Adaptive projected guidance: drop the part of guidance that only makes colours louder.

    delta   = D_pos - D_neg + momentum * delta_before          momentum < 0 leans away from where the last step went
    delta   = delta * min(1, norm / |delta|)                   no step is longer than `norm`
    D       = D_pos + (scale - 1) * (delta - (1 - eta) * delta_par)

delta_par is the part of delta along D_pos: it scales the picture up and oversaturates it; what is across changes what
is in it. Sadat et al. 2024, arXiv 2410.02416, algorithm 1. eta = 1, norm = 0 (off), momentum = 0 is classifier-free
guidance, to the last bit.

Letters: B batch. Read next: worse.py.
"""

from torch import Tensor

from safelight.diffusion.denoiser import Denoise, by_row
from safelight.diffusion.guidance.together import by_dot

__all__ = ["Momentum", "apg"]


class Momentum:
    """The running sum of one picture's directions. A picture has its own, made when its sampler is made."""

    def __init__(self, beta: float) -> None:
        self.beta = beta
        self._sum: Tensor | None = None

    def __call__(self, delta: Tensor) -> Tensor:
        """Add a direction to beta times the sum so far, and return the sum."""
        self._sum = delta if self._sum is None or self.beta == 0 else delta + self.beta * self._sum
        return self._sum


def apg(
    positive: Denoise,
    negative: Denoise,
    scale: Tensor | float,
    eta: float = 0.0,
    norm: float = 0.0,
    momentum: Momentum | None = None,
) -> Denoise:
    """Guide from `negative` towards `positive` by `scale`, with only a share `eta` of what is parallel to `positive`.

    `norm` bounds the length of a row's direction, in the units of the latent and so longer for larger pictures (0:
    unbounded; 2.5 to 15 are common for latents of 64x64), and `momentum`, usually -0.75 to 0, remembers the last ones.
    Below 0 the direction swings from step to step, which multistep samplers amplify unless `norm` bounds it.
    """

    def guided(x: Tensor, sigma: Tensor | float) -> Tensor:
        d_pos = positive(x, sigma)
        delta = d_pos - negative(x, sigma)
        if momentum is not None:
            delta = momentum(delta)
        if norm > 0:
            length = by_dot(delta, delta).sqrt().clamp(min=norm)
            delta = delta * (norm / length).to(delta)
        if eta != 1:
            along = by_dot(delta, d_pos) / by_dot(d_pos, d_pos).clamp(min=1e-300)
            delta = delta - (1 - eta) * along.to(delta) * d_pos
        return d_pos + by_row(scale - 1, d_pos) * delta

    return guided
