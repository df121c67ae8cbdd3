"""What the network learns: to answer with the clean latent, at every noise level, none more than it is worth.

    loss = min(SNR, gamma) * |D(x0 + sigma * noise; sigma) - x0|^2,                           SNR = 1 / sigma^2

With gamma = infinity this *is* Stable Diffusion's loss |eps_theta - noise|^2, because x0 - D = sigma * (eps_theta -
noise) for a network that predicts epsilon. The cap (Min-SNR, Hang et al. 2023, arXiv 2303.09556, section 3.4) keeps
nearly clean latents, where the network has almost nothing left to say, from ruling the gradient; written for what
the network predicts, the weight is

    epsilon: min(SNR, gamma) / SNR          v: min(SNR, gamma) / (SNR + 1)

Letters: B batch, C channels, H W latent size, T tokens, D width. Read next: denoiser.py.
"""

from torch import Tensor

from safelight.diffusion.denoiser import Denoiser, Network, by_row
from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["epsilon_loss"]


def epsilon_loss(
    network: Network,
    schedule: NoiseSchedule,
    x0: Tensor,
    context: Tensor,
    t: Tensor,
    noise: Tensor,
    gamma: float = 5.0,
) -> Tensor:
    """Return the loss of each row (B,), a mean over its elements; gamma = float("inf") leaves out the min-SNR weight.

    x0 (B, C, H, W) scaled latents, context (B, T, D), t (B,) training steps 0 .. 999, noise (B, C, H, W) of unit
    variance. The network may predict epsilon or v, as `schedule` says.
    """
    sigma = schedule.sigma(t)
    denoised = Denoiser(network, schedule)(x0 + by_row(sigma, x0) * noise, sigma, context)
    # Divided by sigma before squaring, so that no row's numbers are tiny; the weight makes up for it.
    error = (denoised - x0) / by_row(sigma, x0)
    weight = (gamma * sigma**2).clamp(max=1).to(x0.device, error.dtype)
    return weight * error.square().flatten(1).mean(1)
