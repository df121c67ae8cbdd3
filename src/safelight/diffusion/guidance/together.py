"""Several questions to one network in one call: what every guidance that looks at more than one prompt is made of.

A guidance that takes two denoisers would ask the network twice. `together` makes one denoiser per prompt out of a
network; whichever is asked first asks for all of them, as rows of one call, and the others answer from what it keeps.

Letters: B batch, T tokens, D width. Read next: classifier_free.py, composed.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from safelight.diffusion.denoiser import ConditionedDenoise, Denoise

__all__ = ["Branch", "by_dot", "together"]


@dataclass(frozen=True, eq=False)
class Branch:
    """One prompt among several: its context (1, T, D), its weight, and where it holds.

    `mask` (1, 1, H, W), values 0..1 in the size of the latent, bounds a region; None is the whole picture.
    """

    context: Tensor
    weight: float = 1.0
    mask: Tensor | None = None


def together(denoise: ConditionedDenoise, contexts: Sequence[Tensor]) -> tuple[Denoise, ...]:
    """Return one denoiser for each of the contexts, all (B, T, D); a question costs one call of len(contexts) * B rows.

    The answers to the last question are kept until the next one comes, so that a tensor that was asked about may not be
    changed in place. What came of it is one row each, as if asked alone.
    """
    if len(contexts) == 1:
        stacked = contexts[0]
    else:
        stacked = torch.cat(list(contexts))
    asked: list[Tensor] = []
    answers: list[Tensor] = []
    at = torch.empty(0)

    def ask(x: Tensor, sigma: Tensor | float) -> list[Tensor]:
        nonlocal at
        sigmas = torch.as_tensor(sigma, dtype=torch.float64, device="cpu").expand(len(x))
        if not (asked and asked[0] is x and torch.equal(at, sigmas)):
            rows = len(contexts)
            answers[:] = denoise(torch.cat([x] * rows), torch.cat([sigmas] * rows), stacked).chunk(rows)
            asked[:], at = [x], sigmas.clone()
        return answers

    return tuple(lambda x, sigma, i=i: ask(x, sigma)[i] for i in range(len(contexts)))


def by_dot(a: Tensor, b: Tensor) -> Tensor:
    """The inner product of each row of a with that of b, (B, 1, 1, 1) in float64: thousands of terms are summed."""
    products = (a.double() * b.double()).flatten(1)
    # Row by row: in a batch a sum may be ordered otherwise and end in another bit.
    return torch.stack([row.sum() for row in products]).reshape(-1, *(1 for _ in a.shape[1:]))
