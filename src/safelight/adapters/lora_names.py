"""Whose change it is: the names that LoRA files have for the layers of Stable Diffusion v1.

    lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight     kohya
    lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.hada_w1_a                      LyCORIS on CompVis' names
    unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight             PEFT
    unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight   diffusers before 0.22
      = layer down.0.attn.0.block.self.q of the UNet

Underscores cannot be turned back into dots by rule, so nothing is guessed: every name that a layer can have is written
down from `weights.keys`, and a file's name is looked up.

Read next: `lora.py`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from safelight.adapters.factors import ROLES
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.weights.keys import Name, Part, spellings, text_names, unet_names

__all__ = ["Layer", "Naming", "layers", "split", "written"]

Naming = Literal["kohya", "peft"]


@dataclass(frozen=True)
class Layer:
    """A layer that can be changed: `part` is "unet" or "text", `name` its name here ("layers.0.attn.q")."""

    part: Part
    name: str


def layers(unet: UNetConfig | None, text: TextConfig | None) -> dict[str, Layer]:
    """Every name that files may have for a layer, in front of the dot and the role, of networks of these sizes."""
    table: dict[str, Layer] = {}
    for name in unet_names(unet) if unet else ():
        layer = Layer("unet", name.ours.removesuffix(".weight"))
        theirs = name.diffusers.removesuffix(".weight")
        compvis = name.compvis.removeprefix("model.diffusion_model.").removesuffix(".weight")
        if name.ours.endswith(".weight"):
            dotted = [f"{prefix}{theirs}" for prefix in ("unet.", "", "base_model.model.", "unet.base_model.model.")]
            dotted += [f"{prefix}{compvis}" for prefix in ("diffusion_model.", "model.diffusion_model.")]
            flat = [f"lora_unet_{spelling.replace('.', '_')}" for spelling in (theirs, compvis)]
            enter(table, [*dotted, *flat], layer)
    for name in text_names(text) if text else ():
        layer = Layer("text", name.ours.removesuffix(".weight"))
        if name.ours.endswith(".weight"):
            for spelling in spellings(name, "text", "diffusers"):
                theirs = spelling.removesuffix(".weight")
                dotted = [f"text_encoder.{theirs}", f"text_encoder.base_model.model.{theirs}", theirs]
                flat = [f"{prefix}{theirs.replace('.', '_')}" for prefix in ("lora_te_", "lora_te1_")]
                enter(table, [*dotted, *flat], layer)
    return table


def enter(table: dict[str, Layer], names: Iterable[str], layer: Layer) -> None:
    """Write names down. One that could mean two layers is a fault of ours."""
    for name in names:
        assert table.setdefault(name, layer) == layer, f"{name} means two layers"


def split(key: str) -> tuple[str, str] | None:
    """Split a tensor's name into that of its layer and its role (one of `factors.ROLES`); None where it has no role.

    The role is told as kohya tells it. Names of diffusers' old attention processors become those of the layers.
    """
    if old := OLD.fullmatch(key):
        stem, which, way = old["stem"], old["which"], old["way"]
        table = OLD_TEXT if ".self_attn" in stem else OLD_UNET
        return f"{stem}.{table[which]}", f"lora_{way}.weight"
    for end, role in ENDS.items():
        if key.endswith(end) and len(key) > len(end):
            return key.removesuffix(end), role
    return None


def written(naming: Naming, unet: UNetConfig, text: TextConfig) -> dict[Layer, str]:
    """What each layer is called in a file that we write."""
    names: dict[Layer, str] = {}
    parts: tuple[tuple[Part, list[Name], str, str], ...] = (
        ("unet", unet_names(unet), "lora_unet_", "unet."),
        ("text", text_names(text), "lora_te_", "text_encoder."),
    )
    for part, table, flat, dotted in parts:
        for name in table:
            theirs = name.diffusers.removesuffix(".weight")
            if name.ours.endswith(".weight"):
                word = f"{flat}{theirs.replace('.', '_')}" if naming == "kohya" else f"{dotted}{theirs}"
                names[Layer(part, name.ours.removesuffix(".weight"))] = word
    return names


OLD = re.compile(r"(?P<stem>.+?)(\.processor)?\.to_(?P<which>q|k|v|out)_lora\.(?P<way>down|up)\.weight")
OLD_UNET = {"q": "to_q", "k": "to_k", "v": "to_v", "out": "to_out.0"}
OLD_TEXT = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "out": "out_proj"}
ENDS = {f".{role}": role for role in ROLES} | {
    ".lora_A.weight": "lora_down.weight",
    ".lora_B.weight": "lora_up.weight",
    ".lora_A.default.weight": "lora_down.weight",
    ".lora_B.default.weight": "lora_up.weight",
    ".lora.down.weight": "lora_down.weight",
    ".lora.up.weight": "lora_up.weight",
    ".lora_linear_layer.down.weight": "lora_down.weight",
    ".lora_linear_layer.up.weight": "lora_up.weight",
    ".lora_magnitude_vector": "dora_scale",
    ".lora_magnitude_vector.weight": "dora_scale",
    ".lora_magnitude_vector.default.weight": "dora_scale",
}
