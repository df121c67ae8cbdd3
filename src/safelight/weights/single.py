"""A model in one file with CompVis' names: the sizes of its networks are read from the shapes of its tensors.

What shapes do not tell are the number of heads, of groups, and the latent's scale: those of v1, unless the file was
written by Safelight, which keeps the configs in the header (as diffusers' JSON, under "safelight").

Read next: `checkpoint.py`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from safelight.errors import WeightsError
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig
from safelight.weights.configs import text_json, unet_json, vae_json
from safelight.weights.keys import Part
from safelight.weights.safetensors_file import TensorFile

__all__ = ["kept_configs", "other_kind", "sizes"]

Shape = Callable[[str], tuple[int, ...]]
Values = dict[str, object]


def sizes(file: TensorFile) -> dict[Part, Values]:
    """Work out the config of each network, in diffusers' words; v1's own where the tensors do not add up to one."""
    usual: dict[Part, Values] = {
        "text": text_json(TextConfig(), 49406, 49407),
        "unet": unet_json(UNetConfig(), 64),
        "vae": vae_json(AutoencoderConfig(), 512),
    }
    readers: dict[Part, Callable[[TensorFile, Shape], Values]] = {"text": text, "unet": unet, "vae": vae}

    def shape(name: str) -> tuple[int, ...]:
        return file.entries[name].shape

    found: dict[Part, Values] = {}
    for part, values in usual.items():
        try:
            found[part] = values | readers[part](file, shape)
        except (KeyError, IndexError, ValueError):  # a tensor is missing or misshapen: the strict table will say which
            found[part] = values
    return found


def runs(names: Iterable[str], prefix: str) -> int:
    """Count the numbered things after `prefix`: 0., 1., 2. ... without a gap."""
    numbers = {name[len(prefix) :].split(".")[0] for name in names if name.startswith(prefix)}
    count = 0
    while str(count) in numbers:
        count += 1
    return count


def unet(file: TensorFile, shape: Shape) -> Values:
    """Read a UNet's sizes from the blocks of its way down."""
    root = "model.diffusion_model."
    first = shape(f"{root}input_blocks.0.0.weight")
    levels: list[list[tuple[int, bool]]] = [[]]
    for block in range(1, runs(file.entries, f"{root}input_blocks.")):
        name = f"{root}input_blocks.{block}."
        if f"{name}0.op.weight" in file.entries:
            levels.append([])
        else:
            levels[-1].append((shape(f"{name}0.out_layers.3.weight")[0], f"{name}1.norm.weight" in file.entries))
    attention = [level[0][1] for level in levels]
    if any(level != levels[i][:1] * len(levels[0]) for i, level in enumerate(levels)):
        raise KeyError("the blocks of a level differ")
    config = UNetConfig(
        in_channels=first[1],
        out_channels=shape(f"{root}out.2.weight")[0],
        channels=tuple(level[0][0] for level in levels),
        blocks=len(levels[0]),
        attention=tuple(attention),
        context=shape(f"{root}middle_block.1.transformer_blocks.0.attn2.to_k.weight")[1],
    )
    plausible(config.channels, 32)
    return unet_json(config, 64)


def vae(file: TensorFile, shape: Shape) -> Values:
    """Read an autoencoder's sizes from its encoder."""
    root = "first_stage_model.encoder.down."
    levels = range(runs(file.entries, root))
    config = AutoencoderConfig(
        latent_channels=shape("first_stage_model.post_quant_conv.weight")[0],
        channels=tuple(shape(f"{root}{level}.block.0.conv1.weight")[0] for level in levels),
        blocks=runs(file.entries, f"{root}0.block."),
    )
    plausible(config.channels, 32)
    return vae_json(config, 512)


def text(file: TensorFile, shape: Shape) -> Values:
    """Read a text encoder's sizes; a head is 64 wide, as in every CLIP."""
    root = "cond_stage_model.transformer.text_model."
    if not any(name.startswith(root) for name in file.entries):
        root = "cond_stage_model.transformer."
    vocabulary, width = shape(f"{root}embeddings.token_embedding.weight")
    config = TextConfig(
        vocabulary=vocabulary,
        width=width,
        layers=runs(file.entries, f"{root}encoder.layers."),
        heads=max(1, width // 64),
        mlp=shape(f"{root}encoder.layers.0.mlp.fc1.weight")[0],
        length=shape(f"{root}embeddings.position_embedding.weight")[0],
    )
    plausible((width,), config.heads)
    return text_json(config, vocabulary - 2, vocabulary - 1)


def plausible(widths: tuple[int, ...], parts: int) -> None:
    """Raise KeyError, which makes `sizes` fall back on v1, unless these can be the widths of a network."""
    if not widths or any(width % parts or not 0 < width <= 2**14 for width in widths):
        raise KeyError("no such network")


def kept_configs(file: TensorFile) -> Mapping[str, Values]:
    """Return the configs that Safelight wrote into the header, none for a file of another maker."""
    text = file.metadata.get("safelight")
    if text is None:
        return {}
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{file.path}: the configs in its header are not JSON; write the file again") from error
    if not isinstance(kept, dict) or not all(isinstance(values, dict) for values in kept.values()):
        raise WeightsError(f"{file.path}: the configs in its header are not objects; write the file again")
    return kept


KINDS = {
    "conditioner.embedders.": "Stable Diffusion XL",
    "cond_stage_model.model.": "Stable Diffusion 2",
    "model.diffusion_model.joint_blocks.": "Stable Diffusion 3",
    "double_blocks.": "Flux",
    "model.diffusion_model.double_blocks.": "Flux",
    "control_model.": "a ControlNet",
    "lora_": "a LoRA, which changes a model and is none",
    "unet.": "a LoRA, which changes a model and is none",
    "down_blocks.": "one network of a diffusers folder; give the folder",
    "encoder.": "one network of a diffusers folder, or an autoencoder alone; give the folder",
    "text_model.": "one network of a diffusers folder; give the folder",
    "emb_params": "an embedding (textual inversion), which adds a word to a model and is none",
}


def other_kind(names: Iterable[str]) -> str | None:
    """Say what else a file seems to be, judging by the names of its tensors."""
    names = list(names)
    return next((kind for prefix, kind in KINDS.items() if any(name.startswith(prefix) for name in names)), None)


def beside(path: Path) -> tuple[Path, ...]:
    """Return the places beside a single file where its tokenizer may be."""
    return path.parent, path.with_suffix("")
