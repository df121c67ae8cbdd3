"""What a weight does to the hidden state z of its token; four ways, each known from another program.

    a1111     z * w, then the whole row scaled so that its mean is what it was
    no-norm   z * w
    comfy     e + (z - e) * w           e: the state of the same place in the empty prompt
    compel    as comfy; and towards the prompt without the words for each run of words of a weight below 1:
              sum(t z) / sum(t),  t = 1 for all words, tan((1 - w) pi / 2) for all but the words of weight w

Weights of 1 change nothing, to the bit. `compel` asks the text encoder again, with some tokens hidden from all others;
the three others only compute with its answer.

From AUTOMATIC1111's web UI ("Original" and "No norm" emphasis), ComfyUI and compel (its masking mode).
Shapes: R rows, T tokens, D width.
Read next: `conditioning.py`.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["WEIGHTINGS", "downweighted", "from_empty", "mean_factor", "multiply", "restore_mean", "towards_absence"]

WEIGHTINGS: tuple[str, ...] = ("a1111", "no-norm", "comfy", "compel")


def multiply(z: Tensor, weights: Tensor) -> Tensor:
    """States (R, T, D) by weights (R, T)."""
    return z * weights.unsqueeze(-1)


def restore_mean(z: Tensor, weights: Tensor) -> Tensor:
    """States (R, T, D) by weights (R, T), each row then scaled back to the mean it had."""
    scaled = multiply(z, weights) * mean_factor(z, weights)[:, None, None]
    plain = (weights == 1).all(dim=1)
    return torch.where(plain[:, None, None], z, scaled)


def mean_factor(z: Tensor, weights: Tensor) -> Tensor:
    """By what (R,) `restore_mean` multiplies each row of states (R, T, D) after weighing it.

    The mean is a small number and not made for dividing by. Where the quotient is no factor between 1/10 and 10, which
    happens where weights are negative or huge, the row stays unscaled.
    """
    factor = z.mean(dim=(1, 2)) / multiply(z, weights).mean(dim=(1, 2))
    return torch.where((factor > 0.1) & (factor < 10), factor, 1.0)


def from_empty(z: Tensor, weights: Tensor, empty: Tensor) -> Tensor:
    """States (R, T, D) by weights (R, T), away from those of the empty prompt (1, T, D)."""
    w = weights.unsqueeze(-1)
    return torch.where(w == 1, z, empty + (z - empty) * w)


def downweighted(weights: Sequence[Sequence[float]], runs: Sequence[Sequence[int]]) -> list[tuple[float, Tensor]]:
    """Return each run of tokens of a weight below 1, as that weight and a mask (R, T) that is False on the run.

    `weights` and `runs` are R rows of T; tokens of one run (one piece of the prompt) share a number, -1 is no run.
    """
    numbers = torch.tensor(runs)
    found: dict[int, float] = {}
    for row, row_runs in zip(weights, runs, strict=True):
        for weight, run in zip(row, row_runs, strict=True):
            if run >= 0 and weight < 1:
                found[run] = weight
    return [(weight, numbers != run) for run, weight in found.items()]


def towards_absence(
    z: Tensor,
    weights: Tensor,
    empty: Tensor,
    absences: Sequence[tuple[float, Tensor]],
    encode: Callable[[Tensor], Tensor],
) -> Tensor:
    """Weigh by compel's rule.

    Args:
        z: states (R, T, D) of one prompt.
        weights: (R, T).
        empty: states (1, T, D) of the empty prompt.
        absences: what `downweighted` returned.
        encode: mask (R, T) of the tokens that are seen -> states (R, T, D) of the same prompt.
    """
    total, blend = 1.0, from_empty(z, weights, empty)
    for weight, seen in absences:
        share = math.tan((1 - max(weight, 1e-5)) * math.pi / 2)
        blend = blend + share * from_empty(encode(seen), weights, empty)
        total += share
    return blend / total
