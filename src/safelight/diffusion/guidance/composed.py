"""Several prompts for one picture: all of them everywhere (AND), or each in its place (regions).

    D = D_u + sum_i w_i * (D_i - D_u)                    Liu et al. 2022, arXiv 2206.01714: composition
    D = (1 - c) * D_base + sum_i m_i / max(1, M) * D_i   Bar-Tal et al. 2023, arXiv 2302.08113: regions
    M = sum_i m_i,   c = min(1, M)

u is the unguided answer, to the negative prompt. m_i (1, 1, H, W) is how much region i holds at each place, its mask
times its weight; where regions overlap they share, and what they leave is the base prompt's. Both come before
guidance: the answer stands for that to one prompt.

Letters: B batch, H W latent size. Read next: both.py, plan.py.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise

__all__ = ["composed", "mean", "regional"]


def composed(branches: Sequence[tuple[Denoise, float]], unguided: Denoise) -> Denoise:
    """Answer as the conjunction of some prompts, each a denoiser and its weight. A weight below 0 says "and not".

    One prompt of weight 1 is itself, to the last bit, and then `unguided` is not asked.
    """
    (first, weight), *others = branches
    others = [(branch, w) for branch, w in others if w != 0]
    if weight == 1 and not others:
        return first

    def conjunction(x: Tensor, sigma: Tensor | float) -> Tensor:
        d, d_u = first(x, sigma), unguided(x, sigma)
        total = d + (weight - 1) * (d - d_u)
        for branch, w in others:
            total = total + w * (branch(x, sigma) - d_u)
        return total

    return conjunction


def regional(base: Denoise, regions: Sequence[tuple[Denoise, Tensor]]) -> Denoise:
    """Answer with a prompt of its own in each region: a denoiser, and how much it holds at each place (1, 1, H, W).

    Without regions, and wherever none holds, the answer is the base's to the last bit; where one region holds fully it
    is that region's.
    """
    if not regions:
        return base

    def patched(x: Tensor, sigma: Tensor | float) -> Tensor:
        held = [mask.to(x) for _, mask in regions]
        total = torch.stack(held).sum(dim=0)
        d = (1 - total.clamp(max=1)) * base(x, sigma)
        for (branch, _), mask in zip(regions, held, strict=True):
            d = d + mask / total.clamp(min=1) * branch(x, sigma)
        return d

    return patched


def mean(branches: Sequence[tuple[Denoise, float]]) -> Denoise:
    """The weighted mean of some denoisers: what several negative prompts come to. One alone is itself, at any weight.

    Raises ValueError where the weights of several sum to 0.
    """
    if len(branches) == 1:
        return branches[0][0]
    total = sum(weight for _, weight in branches)
    if total == 0:
        raise ValueError("the weights of the negative prompts sum to 0")
    return lambda x, sigma: torch.stack([w / total * branch(x, sigma) for branch, w in branches]).sum(dim=0)
