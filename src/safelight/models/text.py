"""The text tower of CLIP ViT-L/14: a prompt's tokens become the context that the UNet looks at.

    x = tokens[ids] + positions;   12 times: x += attention(norm(x)), x += mlp(norm(x));   norm(x)

Radford et al. 2021, arXiv 2103.00020, section 2.4. A causal transformer with norms before each branch and
quick-GELU, x * sigmoid(1.702 x), which is not the exact GELU: the weights were trained with it.

Shapes: B batch, T tokens (77), D width (768).
Read next: `unet.py`.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.errors import WeightsError
from safelight.models.attention import Attention

__all__ = ["TextConfig", "TextEncoder"]


@dataclass(frozen=True)
class TextConfig:
    """Sizes of a text tower; the defaults are those of Stable Diffusion v1 (123,060,480 parameters)."""

    vocabulary: int = 49408
    width: int = 768
    layers: int = 12
    heads: int = 12
    mlp: int = 3072
    length: int = 77


class MLP(nn.Module):
    """Two linear maps around a quick-GELU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        return self.down(x * torch.sigmoid(1.702 * x))


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width)
        self.attn = Attention(config.width, config.heads, bias=True)
        self.norm2 = nn.LayerNorm(config.width)
        self.mlp = MLP(config.width, config.mlp)

    def forward(self, x: Tensor, visible: Tensor | None = None) -> Tensor:
        y = self.norm1(x)
        x = x + (self.attn(y, causal=True) if visible is None else look(self.attn, y, visible))
        return x + self.mlp(self.norm2(x))


def look(attn: Attention, x: Tensor, visible: Tensor) -> Tensor:
    """Attend as `attn` does, each of T tokens to those that `visible` (B, 1, T, T), bool, lets it see."""
    q, k, v = (attn.split(y) for y in (attn.q(x), attn.k(x), attn.v(x)))
    return attn.out(F.scaled_dot_product_attention(q, k, v, attn_mask=visible).transpose(1, 2).flatten(2))


class TextEncoder(nn.Module):
    """CLIP's text transformer, up to and including its final norm; the projection of CLIP's loss is not part of it."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.length, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids: Tensor, skip: int = 1, extra: Tensor | None = None, seen: Tensor | None = None) -> Tensor:
        """Token ids (B, T) int64 -> hidden states (B, T, D).

        `skip` counts layers from the end as users of "clip skip" do: 1 takes the last layer, 2 the one before it,
        each followed by the final norm. Raises ValueError where there is no such layer. For `extra` see `embed`, for
        `seen` see `states`.
        """
        return self.states(self.embed(ids, extra), skip, seen)

    def embed(self, ids: Tensor, extra: Tensor | None = None) -> Tensor:
        """Token ids (B, T) -> the vectors (B, T, D) that stand for them, without their positions.

        Negative ids count into `extra` (n, D), the vectors of textual-inversion words: -1 is its first row, -n its
        last. Raises WeightsError where those have another width (they were made for another kind of model).
        """
        if extra is None:
            return self.tokens(ids)
        if extra.shape[1] != self.config.width:
            raise WeightsError(
                f"the embedding has vectors of width {extra.shape[1]}, this model's text encoder has "
                f"{self.config.width}; it was made for another kind of model"
            )
        known = self.tokens(ids.clamp(min=0))
        added = extra.to(known)[(-ids - 1).clamp(min=0, max=len(extra) - 1)]
        return torch.where((ids < 0).unsqueeze(-1), added, known)

    def states(self, embedded: Tensor, skip: int = 1, seen: Tensor | None = None) -> Tensor:
        """Vectors of tokens (B, T, D) -> hidden states (B, T, D).

        No token looks at those after it, nor, with `seen` (B, T) bool, at those where it is False; the first of a row
        must be seen.
        """
        if not 1 <= skip <= len(self.layers):
            raise ValueError(f"clip skip {skip}: this text encoder has {len(self.layers)} layers, use 1 to that")
        length = embedded.shape[1]
        visible = None
        if seen is not None:
            earlier = torch.ones(length, length, dtype=torch.bool, device=seen.device).tril()
            visible = earlier & seen[:, None, None, :]
        x = embedded + self.positions.weight[:length]
        for layer in self.layers[: len(self.layers) - skip + 1]:
            x = layer(x, visible)
        return self.norm(x)
