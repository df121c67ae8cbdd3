"""What the diffusion model is shown in a step: which sizes, how often a scene, which noise levels, what each counts.

The t of a batch are stratified: one in each of B equal parts of 0..999, shifted together. Where a picture is laid out,
at high t, epsilon is nearly x and the loss is small whatever was drawn. A balanced diet divides every row by the usual
loss at its t, so that all noise levels pull alike (the idea of the learnt uncertainty in Karras et al. 2023,
arXiv 2312.02696, section 2.1, with a fixed table).

Letters: B rows of a batch, H W latent size.  Next: `text_to_image`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

USUAL_LOSS = (
    0.05, 0.12, 0.18, 0.19, 0.165, 0.135, 0.11, 0.088, 0.074, 0.064,
    0.053, 0.046, 0.036, 0.031, 0.026, 0.018, 0.013, 0.0115, 0.009, 0.006,
)  # fmt: skip
"""The loss in each twentieth of t, measured on held-out scenes after 56,000 samples. At high t, where a picture is laid
out, it is thirty times smaller than where textures form, so that a plain mean hardly hears what the caption names."""


@dataclass(frozen=True)
class Size:
    """Latents of `side`: what `share` of the steps take them, and how many rows such a step has.

    They are square; with `shape` (height, width), each at most `side`, their middle is cut out, so that pictures that
    are wider or taller than others are learnt too.
    """

    side: int
    share: float
    batch: int
    shape: tuple[int, int] | None = None

    def cut(self, z: Tensor) -> Tensor:
        """The part of square latents (B, 4, side, side) that is shown, (B, 4, H, W)."""
        height, width = self.shape or (self.side, self.side)
        top, left = (self.side - height) // 2, (self.side - width) // 2
        return z[:, :, top : top + height, left : left + width]


@dataclass(frozen=True)
class Diet:
    """What a stage of training shows: sizes, repeats of a scene within a batch, and how often the caption is left out.

    `text` is the text encoder's factor on the learning rate; at 0 it is frozen and only read. With `balanced` every
    noise level pulls alike: a row is divided by the usual loss at its t (`USUAL_LOSS`).
    """

    sizes: tuple[Size, ...]
    repeats: int = 2
    silent: float = 0.1
    text: float = 0.5
    gamma: float = 5.0
    balanced: bool = False

    @property
    def usual(self) -> int:
        """The side of the square latents that most steps take."""
        return max((size for size in self.sizes if size.shape is None), key=lambda size: size.share).side


def stratified(rows: int, source: torch.Generator, steps: int = 1000) -> Tensor:
    """Training steps t (rows,) int64, one from each of `rows` equal parts of 0 .. steps - 1, rising but for a wrap."""
    u = (torch.rand((), generator=source) + torch.arange(rows) / rows) % 1.0
    return (u * steps).long().clamp(max=steps - 1)


def balance(t: Tensor) -> Tensor:
    """Weights (B,) of the rows at steps t (B,): under them the usual loss is 0.07 at every noise level."""
    usual = torch.tensor(USUAL_LOSS)
    return 0.07 / usual[t * len(usual) // 1000]


def by_quarter(rows: Tensor, t: Tensor, steps: int = 1000) -> dict[str, Tensor]:
    """Mean of `rows` (B,) in each quarter of the training steps t (B,), for those quarters that occur."""
    quarter = t * 4 // steps
    members = ((q, (quarter == q).nonzero()[:, 0]) for q in range(4))
    return {f"loss_t{q}": rows[which.to(rows.device)].mean() for q, which in members if len(which)}
