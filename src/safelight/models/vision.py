"""The image tower of CLIP: a picture becomes one vector, near those of texts that describe it.

    x = norm(class, patches) + positions;   x += attention(norm(x)), x += mlp(norm(x));   projection(norm(x[class]))

Radford et al. 2021, arXiv 2103.00020, section 2.4; Dosovitskiy et al. 2020, arXiv 2010.11929. The first norm stands
before the layers, which is CLIP's own habit. ViT-L/14 has the quick GELU of CLIP's text tower, ViT-H/14 the exact one.

Shapes: B batch, S side of a picture in pixels, N = (S / patch)^2 patches, D width, P width of the projection.
Read next: `text.py`, the other half.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.attention import Attention

__all__ = ["MEAN", "SPREAD", "ImageEncoder", "Looked", "VisionConfig"]

# Of the pixels in 0..1 that CLIP was trained on, for red, green and blue.
MEAN = (0.48145466, 0.4578275, 0.40821073)
SPREAD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class VisionConfig:
    """Sizes of an image tower; the defaults are those of CLIP ViT-L/14 (303,966,208 parameters)."""

    size: int = 224
    patch: int = 14
    width: int = 1024
    layers: int = 24
    heads: int = 16
    mlp: int = 4096
    projection: int = 768
    activation: Literal["quick_gelu", "gelu"] = "quick_gelu"


class Looked(NamedTuple):
    """What a tower makes of pictures.

    embedding (B, P) as CLIP compares it with texts, not normalised; hidden (B, N + 1, D) after the last layer, and
    penultimate (B, N + 1, D) before it, neither normed; the class comes first.
    """

    embedding: Tensor
    hidden: Tensor
    penultimate: Tensor


class MLP(nn.Module):
    """Two linear maps around a GELU."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.quick = config.activation == "quick_gelu"
        self.up = nn.Linear(config.width, config.mlp)
        self.down = nn.Linear(config.mlp, config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(x)
        return self.down(x * torch.sigmoid(1.702 * x) if self.quick else F.gelu(x))


class Layer(nn.Module):
    """One transformer layer, in which every patch looks at every other."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width)
        self.attn = Attention(config.width, config.heads, bias=True)
        self.norm2 = nn.LayerNorm(config.width)
        self.mlp = MLP(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ImageEncoder(nn.Module):
    """CLIP's vision transformer with its projection."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patches = nn.Conv2d(3, config.width, config.patch, stride=config.patch, bias=False)
        self.whole = nn.Parameter(torch.randn(config.width) * config.width**-0.5)  # the class
        self.positions = nn.Embedding((config.size // config.patch) ** 2 + 1, config.width)
        self.norm_in = nn.LayerNorm(config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm_out = nn.LayerNorm(config.width)
        self.projection = nn.Linear(config.width, config.projection, bias=False)

    def forward(self, pixels: Tensor) -> Looked:
        """Pictures (B, 3, S, S), from 0..1 brought to CLIP's `MEAN` and `SPREAD` -> what is made of them."""
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.whole.expand(len(x), 1, -1).to(x.dtype), x], dim=1) + self.positions.weight
        x = before = self.norm_in(x)
        for layer in self.layers:
            before, x = x, layer(x)
        return Looked(self.projection(self.norm_out(x[:, 0])), x, before)
