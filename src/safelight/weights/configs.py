"""The configs of a diffusers folder, read into ours and written from ours.

A config that asks for anything these networks do not do is refused by the name and the value of what it asks for:
a model that loads, loads right. Keys that only describe (`_name_or_path`, `force_upcast`) are passed over; a key that
is not known here is refused unless its value says "no" (null, false).

`attention_head_dim` of a UNet is, whatever its name says, the number of heads (diffusers keeps it so for old files).

Read next: `folder.py`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safelight.errors import WeightsError
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig
from safelight.weights.reading import Config

__all__ = [
    "text_config",
    "text_json",
    "unet_config",
    "unet_json",
    "vae_config",
    "vae_json",
]


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
