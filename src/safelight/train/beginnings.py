"""How networks start, where torch's own start is a bad one.

The UNet's branches and its answer start at zero (Rombach et al. 2022, arXiv 2112.10752, in its code), CLIP's embeddings
small and its layers so that their sum keeps its size (Radford et al. 2021, arXiv 2103.00020, in its code). torch's own
embeddings, of unit variance, drown position and attention.

Letters: D width.  Next: `text_to_image`.
"""

from collections.abc import Iterable

from torch import nn

from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.models.vision import ImageEncoder


def initialise(unet: UNet, text: TextEncoder) -> None:
    """Set the start of the diffusion model's two networks."""
    for name, module in unet.named_modules():
        if name.endswith(("conv2", "proj_out", "conv_out")):
            nn.init.zeros_(module.get_parameter("weight"))
            nn.init.zeros_(module.get_parameter("bias"))
    nn.init.normal_(text.tokens.weight, std=0.02)
    nn.init.normal_(text.positions.weight, std=0.01)
    begin_layers(text.layers, text.config.width)


def begin_tower(tower: ImageEncoder) -> None:
    """Set the start of an image tower."""
    width = tower.config.width
    for weight in (tower.patches.weight, tower.positions.weight):
        nn.init.normal_(weight, std=0.02)
    nn.init.normal_(tower.whole, std=width**-0.5)
    nn.init.normal_(tower.projection.weight, std=width**-0.5)
    begin_layers(tower.layers, width)


def begin_layers(layers: nn.ModuleList, width: int) -> None:
    """Set the start of a transformer's layers of width D."""
    ends = width**-0.5 * (2 * len(layers)) ** -0.5
    inner = width**-0.5
    spread = {"q": inner, "k": inner, "v": inner, "out": ends, "up": (2 * width) ** -0.5, "down": ends}
    for name, module in linear_maps(layers):
        nn.init.normal_(module.weight, std=spread[name.rsplit(".", 1)[-1]])
        nn.init.zeros_(module.bias)


def linear_maps(module: nn.Module) -> Iterable[tuple[str, nn.Linear]]:
    """The linear maps in a module, under their names."""
    return ((name, part) for name, part in module.named_modules() if isinstance(part, nn.Linear))
