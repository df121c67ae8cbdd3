"""From a network to a denoiser: the one place where a network's habits meet the mathematics.

    D(x; sigma) = c_skip * x + c_out * F(c_in * x; t(sigma), context)     (Karras et al. 2022, arXiv 2206.00364, eq. 7)

    F predicts    c_skip              c_out                      c_in
    epsilon       1                   -sigma                     1 / sqrt(sigma^2 + 1)
    v             1 / (sigma^2 + 1)   -sigma / sqrt(sigma^2+1)   1 / sqrt(sigma^2 + 1)

D answers with the clean latent it expects behind x = x0 + sigma * eps. Samplers, guidance, masks and the training
loss speak only to D, so they know neither t nor what the network predicts.

Letters: B batch, C channels, H W latent size, T tokens, D width. Read next: samplers/, then guidance/.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["ConditionedDenoise", "Denoise", "Denoiser", "Network", "by_row"]

Network = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(x (B, C, H, W), t (B,), context (B, T, D)) -> epsilon or v (B, C, H, W), all of one type.

A network that computes in a lower one casts for itself: what it is given, and its answer back.
"""
Denoise = Callable[[Tensor, Tensor | float], Tensor]
"""(x (B, C, H, W), sigma (B,) or one number) -> denoised (B, C, H, W)"""
ConditionedDenoise = Callable[[Tensor, Tensor | float, Tensor], Tensor]
"""(x, sigma, context (B, T, D)) -> denoised"""


class Denoiser:
    """D(x; sigma, context) made from a network and the schedule that it was trained with.

    x keeps its type (float32, or float64 in tests), and the network is asked in it.
    """

    def __init__(self, network: Network, schedule: NoiseSchedule) -> None:
        self.network = network
        self.schedule = schedule

    def __call__(self, x: Tensor, sigma: Tensor | float, context: Tensor) -> Tensor:
        """Return the clean latent expected behind each row of `x`; `sigma` is one number, or one per row (B,)."""
        sigma = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").expand(len(x))
        c_in = (sigma**2 + 1).rsqrt()
        if self.schedule.config.prediction == "epsilon":
            c_skip, c_out = torch.ones_like(sigma), -sigma
        else:
            c_skip, c_out = c_in**2, -sigma * c_in
        answer = self.network(by_row(c_in, x) * x, self.schedule.t(sigma).to(x), context)
        return by_row(c_skip, x) * x + by_row(c_out, x) * answer


def by_row(values: Tensor | float, x: Tensor) -> Tensor:
    """Shape one number, or one per row (B,), so that it multiplies the rows of `x`, in x's type and place."""
    values = torch.as_tensor(values, dtype=x.dtype, device=x.device)
    return values.reshape(-1, *(1 for _ in x.shape[1:]))
