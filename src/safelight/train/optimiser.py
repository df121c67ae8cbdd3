"""AdamW on float32 masters, whatever the networks compute in.

A bfloat16 weight has 8 bits: an update a thousandth of the weight is lost in it. So the optimiser holds float32 copies
("masters"), and where a network computes in something smaller it is a copy of them, refreshed after every step.
Networks in float32 are their own masters and nothing is copied.

Weight decay applies to matrices and kernels, not to biases and norms.  Next: `loop`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from safelight.train.ema import put


@dataclass(frozen=True)
class Part:
    """A module that learns: its name in checkpoints, and the factor on its learning rate (at 0 it stays as it is)."""

    name: str
    module: nn.Module
    factor: float = 1.0


class Done(NamedTuple):
    """What a step did: the gradient's norm before clipping, and how far the weights moved beside their own size.

    `moved` is RMS(change) / RMS(weights), about 1e-3 in a run that goes well; None where nobody asked.
    """

    norm: float
    moved: float | None = None


class Masters:
    """The float32 weights of some `parts`, their optimiser, and the copies that the networks compute with."""

    def __init__(
        self, parts: Sequence[Part], compute: torch.dtype, betas: tuple[float, float], weight_decay: float
    ) -> None:
        learning = [part for part in parts if part.factor > 0]
        self.names = [f"{part.name}.{name}" for part in learning for name, _ in part.module.named_parameters()]
        factors = [part.factor for part in learning for _ in part.module.parameters()]
        originals = [w for part in learning for w in part.module.parameters()]
        self.weights: list[Tensor] = [nn.Parameter(w.detach().float().clone()) for w in originals]
        if compute == torch.float32:
            self.weights = list[Tensor](originals)
        for part in parts:
            part.module.to(compute)
            part.module.requires_grad_(part.factor > 0)
        self.copies: list[Tensor] = [w for part in learning for w in part.module.parameters()]
        self.apart = compute != torch.float32
        self.factors: list[float] = []
        groups = []
        for factor in sorted(set(factors)):
            for decays in (True, False):
                chosen = [
                    w for w, f in zip(self.weights, factors, strict=True) if f == factor and (w.ndim > 1) == decays
                ]
                if chosen:
                    groups.append({"params": chosen, "weight_decay": weight_decay if decays else 0.0})
                    self.factors.append(factor)
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=betas, fused=True)

    def step(self, rate: float, clip: float, measured: bool = False) -> Done:
        """Take one step with the gradients that lie in the networks.

        Where their norm is not finite nothing is changed.
        """
        if self.apart:
            for master, copy in zip(self.weights, self.copies, strict=True):
                master.grad = None if copy.grad is None else copy.grad.float()
                copy.grad = None
        norm = float(nn.utils.clip_grad_norm_(self.weights, clip))
        moved = None
        if math.isfinite(norm):
            before = [w.detach().clone() for w in self.weights] if measured else []
            for group, factor in zip(self.optimiser.param_groups, self.factors, strict=True):
                group["lr"] = rate * factor
            self.optimiser.step()
            self.refresh()
            if measured:
                moved = relative_change(before, self.weights)
        self.optimiser.zero_grad(set_to_none=True)
        return Done(norm, moved)

    def refresh(self) -> None:
        """Copy the masters into the networks, where they are not the same tensors."""
        if self.apart:
            put(self.copies, self.weights)

    def named(self, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Tensors in the order of the weights, under the names of the weights."""
        return {name: tensor.detach() for name, tensor in zip(self.names, tensors, strict=True)}


@torch.no_grad()
def relative_change(before: Sequence[Tensor], after: Sequence[Tensor]) -> float:
    """|after - before| / |before|, each taken over all tensors together."""
    change = sum(float((b - a).square().sum()) for a, b in zip(before, after, strict=True))
    size = sum(float(a.square().sum()) for a in before)
    return math.sqrt(change / size) if size > 0 else 0.0
