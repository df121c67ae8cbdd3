"""The names of a ControlNet's tensors: ours, those of the authors' single files, diffusers'.

    zero.3.weight = control_model.zero_convs.3.0.weight = controlnet_down_blocks.3.weight

The way down and the middle are the UNet's own blocks under the UNet's own names, so their part of the table is taken
from `weights/keys.py`. v1 has 340 names.

Read next: `controlnet.py`.
"""

from dataclasses import replace

from safelight.models.unet import UNetConfig
from safelight.weights.keys import Name, rows, unet_names

__all__ = ["ROOT", "controlnet_names"]

ROOT = "control_model."
UNET_ROOT = "model.diffusion_model."
SHARED = ("time.", "conv_in.", "down.", "mid.")


def controlnet_names(config: UNetConfig, halvings: int = 3) -> list[Name]:
    """Name every tensor of a ControlNet whose hint encoder halves a picture that often."""
    names = [
        replace(name, compvis=name.compvis.replace(UNET_ROOT, ROOT, 1))
        for name in unet_names(config)
        if name.ours.startswith(SHARED)
    ]
    last = 2 * halvings + 1
    for i in range(last + 1):
        theirs = "conv_in" if i == 0 else "conv_out" if i == last else f"blocks.{i - 1}"
        base = ("hint.convs.", f"{ROOT}input_hint_block.", "controlnet_cond_embedding.")
        names += rows(base, f"{i}  {2 * i}  {theirs}")  # activations stand between them there, and are counted
    levels = len(config.channels)
    for i in range(levels * (config.blocks + 1)):  # conv_in, the blocks, and a halving after each level but the last
        names += rows(("zero.", f"{ROOT}zero_convs.", "controlnet_down_blocks."), f"{i}  {i}.0  {i}")
    names += rows(("", ROOT, ""), "zero_mid  middle_block_out.0  controlnet_mid_block")
    return names
