"""Attention, the one piece that all the networks share.

    attend(q, k, v) = softmax(q kᵀ / sqrt(d)) v          Vaswani et al. 2017, arXiv 1706.03762, equation 1

Shapes: B batch, N queries, T keys, D width, h heads, d = D / h.
Read next: `text.py`, the smallest network made of it.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Attention", "attend"]


def attend(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    """Let each query gather values by similarity of keys: (B, h, N, d), (B, h, T, d), (B, h, T, d) -> (B, h, N, d).

    `causal` hides from each position the ones after it (then N must equal T).
    """
    if q.requires_grad and q.device.type == "cpu":
        # torch's fused kernel takes a third of a training step for its backward pass on a CPU; two products do not.
        scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
        if causal:
            future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        return scores.softmax(dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)


class Attention(nn.Module):
    """Multi-head attention of a sequence to itself, or to a `context` of another width.

    `bias` is that of q, k and v: CLIP has it, Stable Diffusion's UNet has not. The output projection always has one.
    """

    def __init__(self, width: int, heads: int, context: int | None = None, bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=bias)
        self.k = nn.Linear(context or width, width, bias=bias)
        self.v = nn.Linear(context or width, width, bias=bias)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor | None = None, causal: bool = False) -> Tensor:
        """(B, N, D) and, for cross-attention, (B, T, context) -> (B, N, D)."""
        source = x if context is None else context
        q, k, v = (self.split(y) for y in (self.q(x), self.k(source), self.v(source)))
        gathered = attend(q, k, v, causal)
        return self.out(gathered.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, h, N, d)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
