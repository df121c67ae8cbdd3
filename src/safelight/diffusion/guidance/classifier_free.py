"""Classifier-free guidance: away from what the negative prompt would give, towards the prompt.

    D = D_neg + scale * (D_pos - D_neg)           (Ho & Salimans 2022, arXiv 2207.12598, eq. 6, scale = 1 + w)

The paper and most code write this for epsilon; since epsilon = (x - D) / sigma is affine in D, it is the same sentence.

Rescaling (Lin et al. 2023, arXiv 2305.08891, eq. 14-16) is *not* the same for D and for epsilon: a high scale makes
the network's **output** too large, and the output's standard deviation is what they bring back to that of the
positive branch:

    r_cfg' = r_cfg * std(r_pos) / std(r_cfg),     r = phi * r_cfg' + (1 - phi) * r_cfg

The output, up to a factor that cancels in the quotient, is r = x - D for epsilon and r = x / (sigma^2 + 1) - D for v
(denoiser.py: c_skip * x - D). This is what diffusers' `guidance_rescale` does as well.

Letters: B batch, T tokens, D width in shapes, the denoised latent in formulas. Read next: pieces.py.
"""

import torch
from torch import Tensor

from safelight.diffusion.denoiser import ConditionedDenoise, Denoise, by_row
from safelight.diffusion.schedule import Prediction

__all__ = ["classifier_free"]


def classifier_free(
    denoise: ConditionedDenoise,
    positive: Tensor,
    negative: Tensor,
    scale: Tensor | float,
    rescale: Tensor | float = 0.0,
    prediction: Prediction = "epsilon",
) -> Denoise:
    """Return D(x; sigma) guided by `positive` and `negative` (B, T, D), in one network call of 2B rows.

    `scale` and `rescale` (0..1) are one number, or one per row (B,) in float64, so that pictures with different wishes
    share a call. Where every scale is 1 the negative branch has no say and only the positive one is asked, in one call
    of B rows. `prediction` is what the network answers; it matters to `rescale` alone.
    """
    scale = torch.as_tensor(scale, dtype=torch.float64, device="cpu")
    rescale = torch.as_tensor(rescale, dtype=torch.float64, device="cpu")
    if bool((scale == 1).all()):
        return lambda x, sigma: denoise(x, sigma, positive)
    context = torch.cat([negative, positive])

    def guided(x: Tensor, sigma: Tensor | float) -> Tensor:
        sigma = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").expand(len(x))
        d_neg, d_pos = denoise(torch.cat([x, x]), torch.cat([sigma, sigma]), context).chunk(2)
        # The formula above, arranged so that a row of scale 1 is its positive branch to the last bit.
        more = by_row(scale - 1, x)
        d = d_pos + more * (d_pos - d_neg)
        if not bool(rescale.any()):
            return d
        skipped = x if prediction == "epsilon" else x * by_row(1 / (sigma**2 + 1), x)
        r_pos, r_cfg = skipped - d_pos, skipped - d
        phi = by_row(rescale, x)
        shrink = phi * (_std(r_pos) / _std(r_cfg)) + (1 - phi)
        # Rows with nothing to rescale stay what they would be alone: skipped - (skipped - d) rounds.
        return torch.where((phi == 0) | (more == 0), d, skipped - r_cfg * shrink)

    return guided


def _std(r: Tensor) -> Tensor:
    """Standard deviation of each row, taken alone: in a batch a sum may be ordered otherwise and end in another bit."""
    return by_row(torch.stack([row.std() for row in r]), r)
