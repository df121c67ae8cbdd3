"""The reference networks of diffusers and transformers, and their random weights carried into ours."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.weights.keys import Name, text_names, unet_names, vae_names

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracles say on import is theirs
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

TINY_TEXT = TextConfig(vocabulary=99, width=32, layers=3, heads=4, mlp=128, length=77)
TINY_UNET = UNetConfig(channels=(32, 64, 64), attention=(True, True, False), blocks=2, heads=4, context=32, groups=8)
TINY_VAE = AutoencoderConfig(channels=(16, 32, 32), blocks=1, groups=8)


def relative_error(a: Tensor, b: Tensor) -> float:
    """Largest difference, over the largest number of the reference `b`."""
    return float((a - b).abs().max() / b.abs().max())


def carry(theirs: dict[str, Tensor], ours: nn.Module, names: Sequence[Name]) -> None:
    """Load a reference's weights into our network, through the table of names, without a copy."""
    strip = "" if any(key.startswith("text_model.") for key in theirs) else "text_model."
    state = {name.ours: theirs[name.diffusers.removeprefix(strip)] for name in names}
    ours.load_state_dict(state, strict=True, assign=True)
    ours.eval()


def scatter(network: nn.Module) -> None:
    """Give every weight a random value, those of norms and biases too: a map that swaps two would not show else."""
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            nn.init.normal_(parameter, 0.5, 0.2, generator=generator)


def unets(config: UNetConfig) -> tuple[UNet, nn.Module]:
    """Our UNet and diffusers', with equal random weights."""
    torch.manual_seed(0)
    down = ["CrossAttnDownBlock2D" if attention else "DownBlock2D" for attention in config.attention]
    up = ["CrossAttnUpBlock2D" if attention else "UpBlock2D" for attention in reversed(config.attention)]
    theirs = UNet2DConditionModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=config.channels,
        layers_per_block=config.blocks,
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        attention_head_dim=config.heads,
        cross_attention_dim=config.context,
        norm_num_groups=config.groups,
    ).eval()
    scatter(theirs)
    with torch.device("meta"):
        ours = UNet(config)
    carry(theirs.state_dict(), ours, unet_names(config))
    return ours, theirs


def vaes(config: AutoencoderConfig) -> tuple[Autoencoder, nn.Module]:
    """Our autoencoder and diffusers', with equal random weights."""
    torch.manual_seed(0)
    levels = len(config.channels)
    theirs = AutoencoderKL(
        latent_channels=config.latent_channels,
        block_out_channels=config.channels,
        layers_per_block=config.blocks,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        norm_num_groups=config.groups,
    ).eval()
    scatter(theirs)
    with torch.device("meta"):
        ours = Autoencoder(config)
    carry(theirs.state_dict(), ours, vae_names(config))
    return ours, theirs


def texts(config: TextConfig) -> tuple[TextEncoder, nn.Module]:
    """Our text encoder and transformers', with equal random weights."""
    torch.manual_seed(0)
    theirs = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=config.vocabulary,
            hidden_size=config.width,
            intermediate_size=config.mlp,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.length,
            hidden_act="quick_gelu",
            bos_token_id=0,
            eos_token_id=2,
        )
    ).eval()
    scatter(theirs)
    with torch.device("meta"):
        ours = TextEncoder(config)
    carry(theirs.state_dict(), ours, text_names(config))
    return ours, theirs
