"""Two answers at once, for samplers that want to know where guidance started from as well.

    both(x; sigma) = (D_guided, D_unguided)          (2, B, C, H, W)

CFG++ (Chung et al. 2024, arXiv 2406.08070) walks towards the guided answer with the noise of the unguided one: its
samplers ask `AskBoth` (samplers/asking.py, samplers/guided.py), and this is what answers them.

Read next: plan.py.
"""

import torch

from safelight.diffusion.denoiser import Denoise

__all__ = ["both"]


def both(guided: Denoise, unguided: Denoise) -> Denoise:
    """Return the denoiser of two answers. Both are asked, at a scale of 1 too; `together` lets them share a call."""
    return lambda x, sigma: torch.stack([guided(x, sigma), unguided(x, sigma)])
