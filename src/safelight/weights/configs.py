"""The configs of a diffusers folder, read into ours and written from ours.

A config that asks for anything these networks do not do is refused by the name and the value of what it asks for:
a model that loads, loads right. Keys that only describe (`_name_or_path`, `force_upcast`) are passed over; a key that
is not known here is refused unless its value says "no" (null, false).

`attention_head_dim` of a UNet is, whatever its name says, the number of heads (diffusers keeps it so for old files).

Read next: `folder.py`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from safelight.errors import WeightsError
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig

__all__ = [
    "Config",
    "read_json",
    "text_config",
    "text_json",
    "unet_config",
    "unet_json",
    "vae_config",
    "vae_json",
]

MAX_JSON = 16 * 2**20


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object from a small file. Raises WeightsError, naming the file, if it is anything else."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise WeightsError(f"{path} is larger than {MAX_JSON >> 20} MiB; this is no config, fetch the model again")
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is not JSON ({str(error)[:200]}); fetch the model again") from error
    if not isinstance(value, dict):
        raise WeightsError(f"{path} holds a {type(value).__name__}, not a JSON object; fetch the model again")
    return value


class Config:
    """A JSON object that is asked for its values one by one, and knows in the end which it was not asked for."""

    def __init__(self, values: Mapping[str, object], where: Path) -> None:
        self.values = values
        self.where = where
        self.left = set(values)

    def refuse(self, key: str, wanted: str) -> WeightsError:
        """Build the error for a value that is not supported."""
        value = json.dumps(self.values.get(key))
        return WeightsError(f"{self.where}: {key} is {value[:100]}, but Safelight reads only {wanted}")

    def get(self, key: str, default: object) -> object:
        """Return a value, whatever it is."""
        self.left.discard(key)
        return self.values.get(key, default)

    def number(self, key: str, default: int, low: int = 1, high: int = 2**20) -> int:
        """Return a whole number from `low` to `high`; a list of equal ones counts as that one."""
        value = self.get(key, default)
        if isinstance(value, list) and value and all(item == value[0] for item in value):
            value = value[0]
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(key, f"a whole number from {low} to {high}")
        return value

    def real(self, key: str, default: float, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        value = self.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.refuse(key, f"a number from {low:g} to {high:g}")
        return float(value)

    def numbers(self, key: str, default: Sequence[int]) -> tuple[int, ...]:
        """Return one to eight whole numbers from 1 to 16,384."""
        value = self.get(key, list(default))
        if not isinstance(value, list) or not 1 <= len(value) <= 8:
            raise self.refuse(key, "one to eight widths")
        if not all(type(item) is int and 1 <= item <= 2**14 for item in value):
            raise self.refuse(key, "widths from 1 to 16384")
        return tuple(value)

    def words(self, key: str, default: Sequence[str], known: Mapping[str, bool]) -> tuple[bool, ...]:
        """Return a list of known words as what each stands for."""
        value = self.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) and item in known for item in value):
            raise self.refuse(key, f"a list of {' and '.join(known)}")
        return tuple(known[item] for item in value)

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        value = self.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key, "true or false")
        return value

    def fixed(self, required: Mapping[str, object], passed_over: str = "") -> None:
        """Check that what is not variable has its one value, and that nothing unknown is asked for.

        `passed_over` lists keys that may have any value, as do those that begin with an underscore.
        """
        for key, value in required.items():
            if self.get(key, value) != value:
                raise self.refuse(key, json.dumps(value))
        for key in sorted(self.left - set(passed_over.split())):
            if not key.startswith("_") and self.values[key] not in (None, False):
                raise self.refuse(key, "null or false there (it does not know this setting)")

    def made_for(self, name: str) -> None:
        """Check the class that a config says it is for, where it says so."""
        if self.get("_class_name", name) != name:
            raise self.refuse("_class_name", name)


def divides(config: Config, groups: int, channels: Sequence[int], key: str = "norm_num_groups") -> int:
    """Check that every width falls into `groups` equal parts."""
    for width in channels:
        if width % groups:
            raise WeightsError(f"{config.where}: {key} is {groups}, which does not divide the width {width}")
    return groups


DOWN = {"CrossAttnDownBlock2D": True, "DownBlock2D": False}
UP = {"CrossAttnUpBlock2D": True, "UpBlock2D": False}
UNET_FIXED: dict[str, object] = {
    "act_fn": "silu",
    "norm_eps": 1e-5,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "downsample_padding": 1,
    "mid_block_scale_factor": 1,
    "mid_block_type": "UNetMidBlock2DCrossAttn",
    "dropout": 0.0,
    "transformer_layers_per_block": 1,
    "use_linear_projection": False,
    "resnet_time_scale_shift": "default",
    "resnet_out_scale_factor": 1.0,
    "time_embedding_type": "positional",
    "conv_in_kernel": 3,
    "conv_out_kernel": 3,
    "attention_type": "default",
}


def unet_config(values: Mapping[str, object], where: Path) -> UNetConfig:
    """Read the config.json of a UNet2DConditionModel."""
    config = Config(values, where)
    config.made_for("UNet2DConditionModel")
    channels = config.numbers("block_out_channels", (320, 640, 1280, 1280))
    attention = config.words("down_block_types", ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], DOWN)
    up = config.words("up_block_types", ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3, UP)
    if len(attention) != len(channels):
        raise config.refuse("down_block_types", f"{len(channels)} blocks, as many as block_out_channels has")
    if up != attention[::-1]:
        raise config.refuse("up_block_types", "the mirror image of down_block_types")
    heads = config.number("attention_head_dim", 8)
    if config.values.get("num_attention_heads") is not None:
        heads = config.number("num_attention_heads", heads)
    with_heads = [width for width, attends in zip(channels, attention, strict=True) if attends]
    read = UNetConfig(
        in_channels=config.number("in_channels", 4, high=64),
        out_channels=config.number("out_channels", 4, high=64),
        channels=channels,
        blocks=config.number("layers_per_block", 2, high=8),
        attention=attention,
        heads=divides(config, heads, [*with_heads, channels[-1]], "attention_head_dim (the number of heads)"),
        context=config.number("cross_attention_dim", 1280, high=2**14),
        groups=divides(config, config.number("norm_num_groups", 32), channels),
    )
    config.fixed(UNET_FIXED, "sample_size num_attention_heads addition_embed_type_num_heads")
    return read


def unet_json(config: UNetConfig, size: int) -> dict[str, object]:
    """Write a UNet's config for diffusers; `size` is the usual width of a latent."""
    down = ["CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in config.attention]
    up = ["CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(config.attention)]
    return {
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": "0.30.0",
        "sample_size": size,
        "in_channels": config.in_channels,
        "out_channels": config.out_channels,
        "block_out_channels": list(config.channels),
        "layers_per_block": config.blocks,
        "down_block_types": down,
        "up_block_types": up,
        "attention_head_dim": config.heads,
        "cross_attention_dim": config.context,
        "norm_num_groups": config.groups,
        "center_input_sample": False,
        **{key: value for key, value in UNET_FIXED.items() if key not in ("dropout", "attention_type")},
    }


VAE_FIXED: dict[str, object] = {
    "act_fn": "silu",
    "mid_block_add_attention": True,
    "use_quant_conv": True,
    "use_post_quant_conv": True,
}


def vae_config(values: Mapping[str, object], where: Path) -> AutoencoderConfig:
    """Read the config.json of an AutoencoderKL."""
    config = Config(values, where)
    config.made_for("AutoencoderKL")
    channels = config.numbers("block_out_channels", (64,))
    for key, block in (("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")):
        if len(config.words(key, [block], {block: True})) != len(channels):
            raise config.refuse(key, f"{len(channels)} times {block}, as many as block_out_channels has")
    read = AutoencoderConfig(
        image_channels=config.number("in_channels", 3, low=3, high=3),
        latent_channels=config.number("latent_channels", 4, high=64),
        channels=channels,
        blocks=config.number("layers_per_block", 1, high=8),
        groups=divides(config, config.number("norm_num_groups", 32), channels),
        scale=config.real("scaling_factor", 0.18215, 1e-6, 1e6),
    )
    config.number("out_channels", 3, low=3, high=3)
    config.fixed(VAE_FIXED, "sample_size force_upcast")
    return read


def vae_json(config: AutoencoderConfig, size: int) -> dict[str, object]:
    """Write an autoencoder's config for diffusers; `size` is the usual width of a picture."""
    return {
        "_class_name": "AutoencoderKL",
        "_diffusers_version": "0.30.0",
        "sample_size": size,
        "in_channels": config.image_channels,
        "out_channels": config.image_channels,
        "latent_channels": config.latent_channels,
        "block_out_channels": list(config.channels),
        "layers_per_block": config.blocks,
        "down_block_types": ["DownEncoderBlock2D"] * len(config.channels),
        "up_block_types": ["UpDecoderBlock2D"] * len(config.channels),
        "norm_num_groups": config.groups,
        "scaling_factor": config.scale,
        "act_fn": "silu",
    }


def text_config(values: Mapping[str, object], where: Path) -> TextConfig:
    """Read the config.json of a CLIPTextModel. Of its many settings only those that change a hidden state matter."""
    config = Config(values, where)
    if config.get("model_type", "clip_text_model") not in ("clip_text_model", "clip"):
        raise config.refuse("model_type", '"clip_text_model"')
    if config.get("hidden_act", "quick_gelu") != "quick_gelu":
        raise config.refuse("hidden_act", '"quick_gelu"')
    if config.get("layer_norm_eps", 1e-5) != 1e-5:
        raise config.refuse("layer_norm_eps", "1e-5")
    width = config.number("hidden_size", 512, high=2**14)
    return TextConfig(
        vocabulary=config.number("vocab_size", 49408),
        width=width,
        layers=config.number("num_hidden_layers", 12, high=128),
        heads=divides(config, config.number("num_attention_heads", 8), [width], "num_attention_heads"),
        mlp=config.number("intermediate_size", 2048, high=2**16),
        length=config.number("max_position_embeddings", 77, low=3, high=4096),
    )


def text_json(config: TextConfig, start: int, end: int) -> dict[str, object]:
    """Write a text encoder's config for transformers; `start` and `end` are the ids of those tokens."""
    return {
        "architectures": ["CLIPTextModel"],
        "model_type": "clip_text_model",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.mlp,
        "max_position_embeddings": config.length,
        "projection_dim": config.width,
        "hidden_act": "quick_gelu",
        "layer_norm_eps": 1e-5,
        "attention_dropout": 0.0,
        "dropout": 0.0,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "bos_token_id": start,
        "eos_token_id": end,
        "pad_token_id": end,
        "torch_dtype": "float32",
    }
