"""Dynamic thresholding: what strong guidance overdrives is brought back into range, instead of burning out.

    s = max(q, m),     D' = mean + clip(D - mean, -s, s) * m / s    (Saharia et al. 2022, arXiv 2205.11487, section 2.3)

In the paper D is a picture in -1..1, so m = 1 and mean = 0, and q is a percentile of |D| over the picture. A latent has
no such bounds: each channel has a mean and a range of its own. The latent form takes them from the answer to the prompt
alone, which is in range: m is the greatest |D_pos - mean(D_pos)| of a channel, q the percentile of |D - mean(D)|.

Letters: B batch, C channels, H W latent size. Read next: apg.py.
"""

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise

__all__ = ["dynamic_threshold"]


def dynamic_threshold(guided: Denoise, positive: Denoise, percentile: float = 0.995) -> Denoise:
    """Keep each channel of `guided` in the range that it has in `positive`, squeezing what is beyond `percentile`.

    `percentile` (0..1) is of |D|, 0.995 in the paper; at 0 the range is cut off, at 1 it is squeezed until the greatest
    value fits. What is in range already is left as it is, to the last bit. Raises ValueError outside of 0..1.
    """
    if not 0 <= percentile <= 1:
        raise ValueError(f"a percentile for dynamic thresholding is from 0 to 1, not {percentile}")

    def in_range(x: Tensor, sigma: Tensor | float) -> Tensor:
        d = guided(x, sigma)
        mean = d.mean(dim=(2, 3), keepdim=True)
        m = _deviation(positive(x, sigma)).amax(dim=(2, 3), keepdim=True)
        q = torch.quantile(_deviation(d).flatten(2), percentile, dim=2)[..., None, None]
        s = torch.maximum(q, m)
        squeezed = mean + (d - mean).clamp(-s, s) * (m / s.clamp(min=torch.finfo(d.dtype).tiny))
        return torch.where((s == m) & (_deviation(d) <= m), d, squeezed)

    return in_range


def _deviation(d: Tensor) -> Tensor:
    return (d - d.mean(dim=(2, 3), keepdim=True)).abs()
