"""Classifier-free guidance: away from what the negative prompt would give, towards the prompt.

    D = D_neg + scale * (D_pos - D_neg)           (Ho & Salimans 2022, arXiv 2207.12598, eq. 6, scale = 1 + w)

The paper and most code write this for epsilon; since epsilon = (x - D) / sigma is affine in D, it is the same sentence.

Rescaling (Lin et al. 2023, arXiv 2305.08891, eq. 14-16) is *not* the same for D and for epsilon: a high scale makes
the network's **output** too large, and the output's standard deviation is what they bring back to that of the
positive branch:

    r_cfg' = r_cfg * std(r_pos) / std(r_cfg),     r = phi * r_cfg' + (1 - phi) * r_cfg

The output, up to a factor that cancels in the quotient, is r = x - D for epsilon and r = x / (sigma^2 + 1) - D for v
(denoiser.py: c_skip * x - D). This is what diffusers' `guidance_rescale` does as well.

`classifier_free` is the whole of it for plain prompts; `between` and `rescaled` are its two halves, for guidance that
is put together of other parts.

Letters: B batch, T tokens, D width in shapes, the denoised latent in formulas. Read next: interval.py, plan.py.
"""

import torch
from torch import Tensor

from safelight.diffusion.denoiser import ConditionedDenoise, Denoise, by_row
from safelight.diffusion.schedule import Prediction

__all__ = ["between", "classifier_free", "rescaled"]


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
        d = _away(d_pos, d_neg, scale)
        if not bool(rescale.any()):
            return d
        # Rows with nothing to rescale stay what they would be alone: skipped - (skipped - d) rounds.
        kept = by_row((rescale == 0) | (scale == 1), x) != 0
        return torch.where(kept, d, _brought_back(x, sigma, d, d_pos, rescale, prediction))

    return guided


def between(positive: Denoise, negative: Denoise, scale: Tensor | float) -> Denoise:
    """Guide away from one denoiser towards another: the first formula, wherever the two answers come from.

    At a scale of 1 the answer is the positive one to the last bit, and the negative one is not asked.
    """
    if bool((torch.as_tensor(scale) == 1).all()):
        return positive
    return lambda x, sigma: _away(positive(x, sigma), negative(x, sigma), scale)


def rescaled(
    guided: Denoise, positive: Denoise, rescale: Tensor | float, prediction: Prediction = "epsilon"
) -> Denoise:
    """Bring the strength of a guided answer back to that of the positive one, by a share of 0 (not at all) to 1.

    Rows that guidance left as they were stay so to the last bit.
    """
    rescale = torch.as_tensor(rescale, dtype=torch.float64, device="cpu")
    if not bool(rescale.any()):
        return guided

    def brought_back(x: Tensor, sigma: Tensor | float) -> Tensor:
        sigma = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").expand(len(x))
        d, d_pos = guided(x, sigma), positive(x, sigma)
        same = torch.stack([(a == b).all() for a, b in zip(d, d_pos, strict=True)])
        kept = by_row(same | (rescale == 0).to(same.device), x) != 0
        return torch.where(kept, d, _brought_back(x, sigma, d, d_pos, rescale, prediction))

    return brought_back


def _away(d_pos: Tensor, d_neg: Tensor, scale: Tensor | float) -> Tensor:
    """The first formula, arranged so that a row of scale 1 is its positive branch to the last bit."""
    return d_pos + by_row(torch.as_tensor(scale, dtype=torch.float64) - 1, d_pos) * (d_pos - d_neg)


def _brought_back(
    x: Tensor, sigma: Tensor, d: Tensor, d_pos: Tensor, rescale: Tensor, prediction: Prediction
) -> Tensor:
    skipped = x if prediction == "epsilon" else x * by_row(1 / (sigma**2 + 1), x)
    r_pos, r_cfg = skipped - d_pos, skipped - d
    phi = by_row(rescale, x)
    shrink = phi * (_std(r_pos) / _std(r_cfg)) + (1 - phi)
    return skipped - r_cfg * shrink


def _std(r: Tensor) -> Tensor:
    """Standard deviation of each row, taken alone: in a batch a sum may be ordered otherwise and end in another bit."""
    return by_row(torch.stack([row.std() for row in r]), r)
