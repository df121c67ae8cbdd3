"""Perp-Neg: a negative prompt takes away only what the prompt does not ask for itself.

    perp_i = delta_i - (delta_i . delta_pos) / |delta_pos|^2 * delta_pos,       delta = D_prompt - D_empty
    D_pos' = D_pos - sum_i w_i * perp_i

Armandpour et al. 2023, arXiv 2304.04968. What comes out is a positive answer that is free of the negatives;
guidance then goes from the *empty* prompt towards it, D = D_empty + scale * (D_pos' - D_empty), which is the paper's
equation. Where a negative is the empty prompt, or says nothing but what the prompt says, it changes nothing.

Letters: B batch. Read next: composed.py.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise
from safelight.diffusion.guidance.together import by_dot

__all__ = ["perp_neg"]


def perp_neg(positive: Denoise, negatives: Sequence[tuple[Denoise, float]], empty: Denoise) -> Denoise:
    """Take from `positive` what each of the negatives (its denoiser and its weight) has across the way from `empty`."""

    def freed(x: Tensor, sigma: Tensor | float) -> Tensor:
        d_pos, d_empty = positive(x, sigma), empty(x, sigma)
        towards = d_pos - d_empty
        length = by_dot(towards, towards).clamp(min=1e-300)
        away = torch.zeros_like(towards)
        for negative, weight in negatives:
            delta = negative(x, sigma) - d_empty
            away = away + weight * (delta - (by_dot(delta, towards) / length).to(delta) * towards)
        return d_pos - away

    return freed
