"""ControlNet: a copy of the UNet's way down that looks at a second picture and steers the UNet through its skips.

    x_0 = conv_in(x) + hint(picture);   residuals = zero(each result of the way down and of the middle)

Zhang et al. 2023, arXiv 2302.05543, sections 3.1 and 3.2. The last convolutions, and that of the hint encoder, begin
as zeros: an untrained ControlNet changes nothing. Blocks, and so their names, are those of `unet.py`.

Shapes: B batch, C channels, H W latent size, T tokens, D width; the picture has 8H x 8W pixels.
Read next: `../adapters/controlnet.py`, which reads the files and adds several up.
"""

from dataclasses import replace
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.unet import Down, Middle, Residuals, UNetConfig, sinusoid

__all__ = ["HINT_WIDTHS", "ControlNet", "HintEncoder"]

HINT_WIDTHS = (16, 32, 96, 256)


def zeroed(conv: nn.Conv2d) -> nn.Conv2d:
    """Set a convolution to zero, from where it learns how much to say."""
    for parameter in conv.parameters():
        nn.init.zeros_(parameter)
    return conv


class HintEncoder(nn.Module):
    """Eight convolutions that bring a picture to the size of a latent: all 3x3, every third halves."""

    def __init__(self, outputs: int, widths: tuple[int, ...] = HINT_WIDTHS) -> None:
        super().__init__()
        self.halvings = len(widths) - 1
        convs = [nn.Conv2d(3, widths[0], 3, padding=1)]
        for before, after in pairwise(widths):
            convs += [nn.Conv2d(before, before, 3, padding=1), nn.Conv2d(before, after, 3, stride=2, padding=1)]
        self.convs = nn.ModuleList([*convs, zeroed(nn.Conv2d(widths[-1], outputs, 3, padding=1))])

    def forward(self, picture: Tensor) -> Tensor:
        """Pictures (B, 3, 8H, 8W) in 0..1, red first -> (B, C, H, W). They do not depend on the step: do it once."""
        *convs, last = self.convs
        for conv in convs:
            picture = F.silu(conv(picture))
        return last(picture)


class ControlNet(nn.Module):
    """Say what to add to a UNet of the same config at each step, given a hint.

    The config is that of the UNet to be steered; `in_channels` becomes `inputs`, since a ControlNet looks at the
    latent alone, also beside the UNet of an inpainting checkpoint (whose input begins with it).
    """

    def __init__(self, config: UNetConfig, hint_widths: tuple[int, ...] = HINT_WIDTHS, inputs: int = 4) -> None:
        super().__init__()
        self.config = config = replace(config, in_channels=inputs)
        first, last = config.channels[0], len(config.channels) - 1
        self.time = nn.ModuleList([nn.Linear(first, 4 * first), nn.Linear(4 * first, 4 * first)])
        self.conv_in = nn.Conv2d(inputs, first, 3, padding=1)
        self.hint = HintEncoder(first, hint_widths)

        kept = [first]
        self.down = nn.ModuleList()
        for level, (channels, attention) in enumerate(zip(config.channels, config.attention, strict=True)):
            self.down.append(Down(kept[-1], channels, attention, level == last, config))
            kept += [channels] * (config.blocks + (level < last))
        self.mid = Middle(kept[-1], config)
        self.zero = nn.ModuleList(zeroed(nn.Conv2d(channels, channels, 1)) for channels in kept)
        self.zero_mid = zeroed(nn.Conv2d(kept[-1], kept[-1], 1))

    def forward(self, x: Tensor, t: Tensor, context: Tensor, hint: Tensor) -> Residuals:
        """Noisy latents (B, C, H, W), time steps (B,), context (B, T, D), `self.hint` of pictures (B or 1, C, H, W).

        Further channels of x, the mask and picture of an inpainting model, are not looked at.
        Raises ValueError where the hint has another size than the latent.
        """
        if hint.shape[-2:] != x.shape[-2:]:
            raise ValueError(
                f"the hint is {list(hint.shape[-2:])} but the latent {list(x.shape[-2:])}: resize it first"
            )
        time = sinusoid(t, self.config.channels[0]).to(x.dtype)
        time = F.silu(self.time[1](F.silu(self.time[0](time))))

        kept = [self.conv_in(x[:, : self.config.in_channels]) + hint]
        for down in self.down:
            kept += down(kept[-1], time, context)
        middle = self.mid(kept[-1], time, context)
        return Residuals(
            tuple(zero(result) for zero, result in zip(self.zero, kept, strict=True)), self.zero_mid(middle)
        )
