"""How a few small matrices make the change of a large one.

    LoRA    dW = up down                          Hu et al. 2021, arXiv 2106.09685, equation 3
    LoCon   dW = up * mid * down                  the same for convolutions; `mid` is the kernel of a CP decomposition
    LoHa    dW = (w1a w1b) o (w2a w2b)            o elementwise: Hyeon-Woo et al. 2021, arXiv 2108.06098, equation 2
    LoKr    dW = w1 (x) w2                        (x) Kronecker: Yeh et al. 2023 (LyCORIS), arXiv 2309.14859
    each    W' = W + strength * (alpha / rank) * dW
    DoRA    W' = m V / |V|, V = W + (alpha / rank) * dW     Liu et al. 2024, arXiv 2402.09353, equation 5

With DoRA, `strength` goes straight from W to that W'.

Shapes: O outputs, I inputs, k k the kernel of a convolution, r the rank.
Read next: `lora_names.py`, which says whose change it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ROLES", "Change", "Full", "Hadamard", "Kronecker", "Low", "added"]

Weighted = nn.Linear | nn.Conv2d


@dataclass(frozen=True, eq=False)
class Low:
    """LoRA and LoCon: down (r, I) or (r, I, k, k), up (O, r) or (O, r, 1, 1).

    With `mid` (r, r, k, k), which is asked between them, down is (r, I, 1, 1).
    """

    down: Tensor
    up: Tensor
    mid: Tensor | None = None

    def product(self) -> Tensor:
        """up down."""
        up = matrix(self.up)
        if self.mid is None:
            return (up @ self.down.flatten(1)).reshape(up.shape[0], *self.down.shape[1:])
        return torch.einsum("or,rskl,si->oikl", up, self.mid, matrix(self.down))

    @property
    def rank(self) -> int:
        """The width between down and up."""
        return self.down.shape[0]

    def tensors(self) -> dict[str, Tensor]:
        """By name."""
        return named(zip(LOW, (self.down, self.up, self.mid), strict=True))


@dataclass(frozen=True, eq=False)
class Hadamard:
    """LoHa: w1a, w2a (O, r), w1b, w2b (r, I), or (r, I k k) where W is a convolution.

    With t1, t2 (r, r, k, k) the factors are those of a CP decomposition: w1a is (r, O), w1b (r, I).
    """

    w1a: Tensor
    w1b: Tensor
    w2a: Tensor
    w2b: Tensor
    t1: Tensor | None = None
    t2: Tensor | None = None

    def product(self) -> Tensor:
        """(w1a w1b) o (w2a w2b)."""
        return joined(self.w1a, self.w1b, self.t1) * joined(self.w2a, self.w2b, self.t2)

    @property
    def rank(self) -> int:
        """The width between w1a and w1b."""
        return self.w1b.shape[0]

    def tensors(self) -> dict[str, Tensor]:
        """By name."""
        return named(zip(HADAMARD, (self.w1a, self.w1b, self.w2a, self.w2b, self.t1, self.t2), strict=True))


@dataclass(frozen=True, eq=False)
class Kronecker:
    """LoKr: each of w1 and w2 whole, or as w1a w1b and w2a w2b; t2 as in LoHa."""

    w1: Tensor | None = None
    w1a: Tensor | None = None
    w1b: Tensor | None = None
    w2: Tensor | None = None
    w2a: Tensor | None = None
    w2b: Tensor | None = None
    t2: Tensor | None = None

    def product(self) -> Tensor:
        """w1 (x) w2; w1 is the same at every place of a kernel."""
        w1, w2 = whole(self.w1, self.w1a, self.w1b), whole(self.w2, self.w2a, self.w2b, self.t2)
        return torch.kron(w1.reshape(*w1.shape, *[1] * (w2.ndim - w1.ndim)).contiguous(), w2.contiguous())

    @property
    def rank(self) -> int | None:
        """The rank of w2, or else of w1; None where both are whole, and alpha then means nothing."""
        if self.w2 is None and self.w2b is not None:
            return self.w2b.shape[0]
        return self.w1b.shape[0] if self.w1 is None and self.w1b is not None else None

    def tensors(self) -> dict[str, Tensor]:
        """By name."""
        parts = (self.w1, self.w1a, self.w1b, self.w2, self.w2a, self.w2b, self.t2)
        return named(zip(KRONECKER, parts, strict=True))


@dataclass(frozen=True, eq=False)
class Full:
    """The change itself, of any rank."""

    diff: Tensor
    rank: ClassVar[None] = None

    def product(self) -> Tensor:
        """It is what it is."""
        return self.diff

    def tensors(self) -> dict[str, Tensor]:
        """By name."""
        return {"diff": self.diff}


@dataclass(frozen=True, eq=False)
class Change:
    """What a file does to one weight.

    Attributes:
        factors: the small matrices.
        alpha: the change is multiplied by alpha / rank; None means by 1.
        magnitude: of DoRA: one number for each output, (O,) or (O, 1, ...), or for each input, (1, I, ...).
    """

    factors: Low | Hadamard | Kronecker | Full
    alpha: float | None = None
    magnitude: Tensor | None = None

    @classmethod
    def of(cls, roles: Mapping[str, Tensor]) -> "Change":
        """Make it of a file's tensors by role (`ROLES`). Raises ValueError where one is missing or does not fit."""
        alpha, magnitude = roles.get("alpha"), roles.get("dora_scale")
        if alpha is not None and alpha.numel() != 1:
            raise ValueError(f"its alpha has {alpha.numel()} numbers")
        for names, build, needed in BUILDERS:
            parts = [roles.get(name) for name in names]
            if any(part is not None for part in parts):
                if missing := [name for name in needed if name not in roles]:
                    raise ValueError(f"it has no {missing[0]}")
                change = cls(build(*parts), None if alpha is None else float(alpha), magnitude)
                _ = change.shape
                return change
        raise ValueError("it has no matrices")

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of dW, found without computing it. Raises ValueError where the matrices do not fit."""
        try:
            return tuple(moved(self.factors, "meta").product().shape)
        except (RuntimeError, IndexError) as error:
            shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in self.factors.tensors().items())
            raise ValueError(f"its matrices do not fit each other: {shapes}") from error

    @property
    def scale(self) -> float:
        """alpha / rank."""
        rank = self.factors.rank
        return 1.0 if self.alpha is None or rank is None else self.alpha / rank

    def tensors(self) -> dict[str, Tensor]:
        """Its tensors by role; the inverse of `of`."""
        tensors = dict(self.factors.tensors())
        if self.alpha is not None:
            tensors["alpha"] = torch.tensor(self.alpha)
        if self.magnitude is not None:
            tensors["dora_scale"] = self.magnitude
        return tensors

    def fits(self, weight: Tensor) -> bool:
        """Whether this is a change of that weight; a matrix fits a convolution that has as many numbers."""
        if self.magnitude is not None and self.magnitude.numel() != weight.shape[self.axis]:
            return False
        kernel = len(self.shape) == weight.ndim == 4 and self.shape != weight.shape
        return self.shape[0] == weight.shape[0] and prod(self.shape) == weight.numel() and not kernel

    @property
    def axis(self) -> int:
        """Whether DoRA's magnitudes are those of the outputs, 0, or of the inputs, 1."""
        return int(self.magnitude is not None and self.magnitude.ndim > 1 and self.magnitude.shape[0] == 1)

    def update(self, weight: Tensor, strength: float) -> Tensor:
        """W' - W in float32, of the weight's shape, on its device."""
        delta = moved(self.factors, weight.device).product().reshape(weight.shape) * self.scale
        if self.magnitude is None:
            return delta * strength
        base = weight.detach().float()
        turned = base + delta
        magnitude = self.magnitude.to(turned)
        others = [d for d in range(turned.ndim) if d != self.axis]
        norm = turned.square().sum(others, keepdim=True).sqrt()
        magnitude = magnitude.reshape(norm.shape)
        # An output that is all zeros has no direction to keep; it stays zero.
        return strength * (magnitude * turned / norm.clamp(min=torch.finfo(torch.float32).tiny) - base)


def added(change: Change, layer: Weighted, weight: Tensor, strength: float) -> Callable[[Tensor], Tensor]:
    """Return what maps a layer's input to what the change adds to its output. `weight` is the layer's own."""
    factors = change.factors
    if not isinstance(factors, Low) or change.magnitude is not None:
        update = change.update(weight, strength).to(weight.dtype)
        return lambda x: apply(layer, x, update.to(x))
    share = strength * change.scale
    parts = (factors.down, factors.up, factors.mid)
    down, up, mid = (None if part is None else part.to(weight.device, weight.dtype) for part in parts)
    assert down is not None and up is not None
    if isinstance(layer, nn.Linear):
        down, up = matrix(down), matrix(up)
        return lambda x: F.linear(F.linear(x, down.to(x)), up.to(x)) * share
    up = up.reshape(*up.shape[:2], 1, 1)
    if mid is None:
        down = down.reshape(down.shape[0], *layer.weight.shape[1:])
        return lambda x: F.conv2d(apply(layer, x, down.to(x)), up.to(x)) * share
    down = down.reshape(*down.shape[:2], 1, 1)
    # CP's order is down, mid, up: `mid` (r, r, k, k) carries the kernel, and so the stride and the padding.
    return lambda x: F.conv2d(apply(layer, F.conv2d(x, down.to(x)), mid.to(x)), up.to(x)) * share


def apply(layer: Weighted, x: Tensor, weight: Tensor) -> Tensor:
    """Do what a layer does, with another weight and no bias."""
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight)
    assert not isinstance(layer.padding, str)
    return F.conv2d(x, weight, None, layer.stride, layer.padding, layer.dilation, layer.groups)


def moved(factors: Low | Hadamard | Kronecker | Full, device: torch.device | str) -> Low | Hadamard | Kronecker | Full:
    """The same matrices in float32 on another device."""
    tensors = {name: tensor.to(device, torch.float32) for name, tensor in factors.tensors().items()}
    names, build, _ = next(row for row in BUILDERS if tensors.keys() & set(row[0]))
    return build(*(tensors.get(name) for name in names))


def matrix(weight: Tensor) -> Tensor:
    """(O, I, 1, 1) or (O, I) -> (O, I)."""
    return weight.reshape(weight.shape[:2])


def joined(a: Tensor, b: Tensor, core: Tensor | None) -> Tensor:
    """a b; or, around the core (r, s, k, k) of a CP decomposition, a (r, O), b (s, I) -> (O, I, k, k)."""
    return a @ b if core is None else torch.einsum("rskl,ro,si->oikl", core, a, b)


def whole(full: Tensor | None, a: Tensor | None, b: Tensor | None, core: Tensor | None = None) -> Tensor:
    """A matrix that is there, or the product of its factors."""
    if full is not None:
        return full
    if a is None or b is None:
        raise RuntimeError("a factor is missing")
    if core is None and b.ndim > 2:  # a convolution's second factor keeps its kernel
        return (a @ b.flatten(1)).reshape(a.shape[0], *b.shape[1:])
    return joined(a, b, core)


def named(pairs: "zip[tuple[str, Tensor | None]]") -> dict[str, Tensor]:
    """Those that are there."""
    return {name: tensor for name, tensor in pairs if tensor is not None}


LOW = ("lora_down.weight", "lora_up.weight", "lora_mid.weight")
HADAMARD = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")
KRONECKER = ("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")
FULL = ("diff",)
BUILDERS: tuple[tuple[tuple[str, ...], Callable[..., Low | Hadamard | Kronecker | Full], tuple[str, ...]], ...] = (
    (LOW, Low, LOW[:2]),
    (HADAMARD, Hadamard, HADAMARD[:4]),
    (KRONECKER, Kronecker, ()),
    (FULL, Full, FULL),
)
ROLES = (*LOW, *HADAMARD, *KRONECKER, *FULL, "alpha", "dora_scale")
"""What tensors of one change are called in files, behind the name of the layer and a dot; as kohya has them."""
