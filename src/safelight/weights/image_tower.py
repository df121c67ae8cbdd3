"""The image tower of a model folder, in transformers' layout and names.

    image_encoder/config.json                      a CLIPVisionConfig
    image_encoder/model.safetensors                vision_model.* and visual_projection.weight
    image_encoder/text_projection.safetensors      text_projection.weight and logit_scale (ours, optional)

transformers' CLIPVisionModelWithProjection reads the folder. The third file holds what CLIP keeps beside both towers:
the map from the text encoder's last word into the same space, and the temperature.

Read next: `writing.py`, which writes the rest of the folder.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from safelight.errors import OutputError, WeightsError
from safelight.models.vision import ImageEncoder, VisionConfig
from safelight.weights.reading import Config, read_json
from safelight.weights.safetensors_file import TensorFile
from safelight.weights.writing import put, write_tensors

__all__ = ["FOLDER", "image_names", "read_image_tower", "write_image_tower"]

FOLDER = "image_encoder"
ENDS = {
    "whole": "vision_model.embeddings.class_embedding",
    "patches.weight": "vision_model.embeddings.patch_embedding.weight",
    "positions.weight": "vision_model.embeddings.position_embedding.weight",
    "projection.weight": "visual_projection.weight",
}
MODULES = {"norm_in": "vision_model.pre_layrnorm", "norm_out": "vision_model.post_layernorm"}  # (sic)
LAYER = {
    "norm1": "layer_norm1",
    "attn.q": "self_attn.q_proj",
    "attn.k": "self_attn.k_proj",
    "attn.v": "self_attn.v_proj",
    "attn.out": "self_attn.out_proj",
    "norm2": "layer_norm2",
    "mlp.up": "mlp.fc1",
    "mlp.down": "mlp.fc2",
}


def image_names(config: VisionConfig) -> dict[str, str]:
    """Name every tensor of an image tower: ours -> transformers'."""
    modules = dict(MODULES)
    for i in range(config.layers):
        modules |= {f"layers.{i}.{ours}": f"vision_model.encoder.layers.{i}.{theirs}" for ours, theirs in LAYER.items()}
    kinds = ("weight", "bias")
    return ENDS | {f"{ours}.{kind}": f"{theirs}.{kind}" for ours, theirs in modules.items() for kind in kinds}


def write_image_tower(
    folder: Path,
    tower: ImageEncoder,
    dtype: torch.dtype = torch.float32,
    beside: Mapping[str, Tensor] | None = None,
) -> None:
    """Write `folder`/image_encoder, and name it in the folder's model_index.json where there is one.

    `beside` are text_projection.weight and logit_scale, where there are such.

    Raises OutputError if it cannot be written; what was there stays then.
    """
    path, half = folder / FOLDER, folder / f".{FOLDER}.{os.getpid()}"
    state = tower.state_dict()
    tensors = {theirs: state[ours] for ours, theirs in image_names(tower.config).items()}
    try:
        half.mkdir(parents=True)
        put(half / "config.json", image_json(tower.config))
        write_tensors(half / "model.safetensors", tensors, dtype, {"format": "pt"})
        if beside is not None:
            write_tensors(half / "text_projection.safetensors", beside, torch.float32, {"format": "pt"})
        shutil.rmtree(path, ignore_errors=True)
        half.rename(path)
        index = folder / "model_index.json"
        if index.is_file():
            put(index, read_json(index) | {"image_encoder": ["transformers", "CLIPVisionModelWithProjection"]})
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def read_image_tower(folder: Path) -> tuple[ImageEncoder, dict[str, Tensor]]:
    """Read `folder`/image_encoder in float32: the tower, and what lies beside it (empty if nothing does).

    Raises WeightsError where there is none, or where a tensor is missing, misshapen or unknown.
    """
    path = folder / FOLDER
    if not (path / "config.json").is_file():
        raise WeightsError(f"{folder} has no image tower: there is no {FOLDER}/config.json")
    config = image_config(read_json(path / "config.json"), path / "config.json")
    with torch.device("meta"):
        tower = ImageEncoder(config)
    names, file = image_names(config), TensorFile(path / "model.safetensors")
    expected = {theirs: tuple(tower.get_parameter(ours).shape) for ours, theirs in names.items()}
    found = {name: tuple(entry.shape) for name, entry in file.entries.items() if not name.endswith("position_ids")}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise WeightsError(f"{file.path} does not fit its config.json: {len(wrong)} tensors, {wrong[0]} is the first")
    tower.load_state_dict({ours: file.tensor(theirs).float() for ours, theirs in names.items()}, assign=True)
    more = path / "text_projection.safetensors"
    beside = TensorFile(more) if more.is_file() else None
    return tower.eval().requires_grad_(False), {
        name: beside.tensor(name).float() for name in beside.entries
    } if beside else {}


def image_config(values: Mapping[str, object], where: Path) -> VisionConfig:
    """Read the config.json of a CLIPVisionModelWithProjection. Raises WeightsError for values out of reach."""
    config = Config(values, where)
    activation = config.get("hidden_act", "quick_gelu")
    if activation != "quick_gelu" and activation != "gelu":
        raise config.refuse("hidden_act", '"quick_gelu" and "gelu"')
    if config.get("layer_norm_eps", 1e-5) != 1e-5:
        raise config.refuse("layer_norm_eps", "1e-5")
    width, heads = config.number("hidden_size", 768), config.number("num_attention_heads", 12)
    if width % heads:
        raise config.refuse("num_attention_heads", f"divisors of hidden_size, {width}")
    return VisionConfig(
        size=config.number("image_size", 224, high=4096),
        patch=config.number("patch_size", 32, high=256),
        width=width,
        layers=config.number("num_hidden_layers", 12, high=128),
        heads=heads,
        mlp=config.number("intermediate_size", 3072, high=2**16),
        projection=config.number("projection_dim", 512),
        activation="gelu" if activation == "gelu" else "quick_gelu",
    )


def image_json(config: VisionConfig) -> dict[str, object]:
    """Write an image tower's config for transformers."""
    return {
        "architectures": ["CLIPVisionModelWithProjection"],
        "model_type": "clip_vision_model",
        "image_size": config.size,
        "patch_size": config.patch,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.mlp,
        "projection_dim": config.projection,
        "hidden_act": config.activation,
        "layer_norm_eps": 1e-5,
        "num_channels": 3,
        "attention_dropout": 0.0,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
    }
