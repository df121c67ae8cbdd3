"""Guidance by a worse version of the network: what the two disagree about is what the worse one gets wrong.

    D = D_guided + scale * (D_pos - D_worse)

Perturbed-attention guidance (Ahn et al. 2024, arXiv 2403.17377): the worse version is the network itself, with
the self-attention of its middle put out of action (models/attention.py, `itself`): it knows no structure.
Autoguidance (Karras et al. 2024, arXiv 2406.02507; their w is 1 + scale): the worse version is a smaller network,
or one that was trained for less long. Neither needs a negative prompt, both add to guidance that has one.

The denoisers must be asked about the same prompt. Read next: perp_neg.py.
"""

from torch import Tensor

from safelight.diffusion.denoiser import Denoise

__all__ = ["autoguidance", "perturbed_attention"]


def perturbed_attention(guided: Denoise, positive: Denoise, perturbed: Denoise, scale: float = 3.0) -> Denoise:
    """Push `guided` from `perturbed`, the network without attention in the middle, towards `positive`.

    0 is `guided` and asks for nothing; 3 is usual for Stable Diffusion.
    """
    return _away(guided, positive, perturbed, scale)


def autoguidance(guided: Denoise, positive: Denoise, weak: Denoise, scale: float = 1.0) -> Denoise:
    """Push `guided` from `weak`, a worse network, towards `positive`, the good one. 0 is `guided`."""
    return _away(guided, positive, weak, scale)


def _away(guided: Denoise, positive: Denoise, worse: Denoise, scale: float) -> Denoise:
    if scale == 0:
        return guided

    def pushed(x: Tensor, sigma: Tensor | float) -> Tensor:
        return guided(x, sigma) + scale * (positive(x, sigma) - worse(x, sigma))

    return pushed
