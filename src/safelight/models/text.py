"""The text tower of CLIP ViT-L/14: a prompt's tokens become the context that the UNet looks at.

    x = tokens[ids] + positions;   12 times: x += attention(norm(x)), x += mlp(norm(x));   norm(x)

Radford et al. 2021, arXiv 2103.00020, section 2.4. A causal transformer with norms before each branch and
quick-GELU, x * sigmoid(1.702 x), which is not the exact GELU: the weights were trained with it.

Shapes: B batch, T tokens (77), D width (768).
Read next: `unet.py`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

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

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x), causal=True)
        return x + self.mlp(self.norm2(x))


class TextEncoder(nn.Module):
    """CLIP's text transformer, up to and including its final norm; the projection of CLIP's loss is not part of it."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.length, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ids: Tensor, skip: int = 1) -> Tensor:
        """Token ids (B, T) int64 -> hidden states (B, T, D).

        `skip` counts layers from the end as users of "clip skip" do: 1 takes the last layer, 2 the one before it,
        each followed by the final norm. Raises ValueError where there is no such layer.
        """
        if not 1 <= skip <= len(self.layers):
            raise ValueError(f"clip skip {skip}: this text encoder has {len(self.layers)} layers, use 1 to that")
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        for layer in self.layers[: len(self.layers) - skip + 1]:
            x = layer(x)
        return self.norm(x)
