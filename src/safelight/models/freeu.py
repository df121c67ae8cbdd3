"""FreeU: on the way up, louder what the network made of the picture, softer the outlines of what it came from.

    backbone[:, :C/2] *= b,        skip = F^-1( F(skip) * (s at the lowest frequencies, 1 elsewhere) )

Si et al. 2023, arXiv 2309.11497, section 3.2, in the form that diffusers has: b1, s1 for the blocks of the first level
of the way up (the coarsest), b2, s2 for those of the second. The frequencies are 0 and -1 in each direction.

Costs nothing beyond its own arithmetic and no training. Shapes: B batch, C channels, H W size at a level.
Read next: `unet.py`, where the two are joined; `diffusion/guidance`, for what changes the answer and not the network.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import get_ident

import torch
from torch import Tensor, nn

from safelight.models.unet import ResBlock, UNet

__all__ = ["filtered", "freeu"]


@contextmanager
def freeu(unet: UNet, b1: float, b2: float, s1: float, s2: float) -> Iterator[None]:
    """Within the block, calls of `unet` that this thread makes use FreeU; the weights stay what they are.

    1, 1, 1, 1 changes nothing, to the last bit. The authors give 1.5, 1.6, 0.9, 0.2 for Stable Diffusion 1.4 and 1.5.
    When the block is left, however it is left, nothing of it stays.
    """
    width = unet.config.channels[-1]
    with ExitStack() as stack:
        for up, b, s in zip(unet.up, (b1, b2), (s1, s2), strict=False):
            for block in _blocks(up):
                hook = partial(_reweigh, get_ident(), width, b, s)
                stack.callback(block.register_forward_pre_hook(hook).remove)
                width = block.conv2.out_channels
        yield


def filtered(x: Tensor, s: float) -> Tensor:
    """Multiply the frequencies 0 and -1, in each direction, of a map (B, C, H, W) by s; the real part of what results.

    Half types are transformed in float32 and come back as they were.
    """
    if s == 1:
        return x
    spectrum = torch.fft.fft2(x if x.dtype == torch.float64 else x.float())
    gain = torch.ones(x.shape[-2:], dtype=spectrum.real.dtype, device=x.device)
    gain[:1, :1] = gain[:1, -1:] = gain[-1:, :1] = gain[-1:, -1:] = s
    return torch.fft.ifft2(spectrum * gain).real.to(x.dtype)


def _blocks(level: nn.Module) -> list[ResBlock]:
    return [block for block in level.modules() if isinstance(block, ResBlock)]


def _reweigh(
    thread: int, width: int, b: float, s: float, block: nn.Module, inputs: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor] | None:
    """Before a block of the way up: its input is `width` channels of the backbone, then those of the skip."""
    if get_ident() != thread or b == s == 1:
        return None
    x, time = inputs
    backbone, skip = x[:, :width], x[:, width:]
    loud, rest = backbone.split([width // 2, width - width // 2], dim=1)
    return torch.cat([loud * b, rest, filtered(skip, s)], dim=1), time
