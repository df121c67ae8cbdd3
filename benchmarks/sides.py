"""The three networks on both sides, and what they are fed: one guided step, one picture decoded, two prompts read.

Each maker returns the module and a function from the inputs to the answer. The inputs are random and the same on both
sides. Shapes: B batch 2 (with and without the prompt), C channels, H W latent size, T tokens 77, D width.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.weights.keys import Name, text_names, unet_names, vae_names

Side = tuple[nn.Module, Callable[..., Tensor]]

TINY_TEXT = TextConfig(vocabulary=99, width=32, layers=2, heads=4, mlp=64)
TINY_UNET = UNetConfig(channels=(32, 64), attention=(True, False), blocks=1, heads=4, context=32, groups=8)
TINY_VAE = AutoencoderConfig(channels=(16, 32, 32, 32), blocks=1, groups=8)


def configs(network: str, tiny: bool) -> tuple[TextConfig | UNetConfig | AutoencoderConfig, list[Name]]:
    """The sizes of Stable Diffusion v1 (or tiny ones, to try the benchmark itself), and the table of names."""
    if network == "unet":
        unet = TINY_UNET if tiny else UNetConfig()
        return unet, unet_names(unet)
    if network == "vae":
        vae = TINY_VAE if tiny else AutoencoderConfig()
        return vae, vae_names(vae)
    text = TINY_TEXT if tiny else TextConfig()
    return text, text_names(text)


def our_unet(config: UNetConfig) -> Side:
    network = UNet(config)
    return network, network


def our_vae(config: AutoencoderConfig) -> Side:
    network = Autoencoder(config)
    return network, network.decode


def our_text(config: TextConfig) -> Side:
    network = TextEncoder(config)
    return network, network


def their_unet(config: UNetConfig) -> Side:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    down = ["CrossAttnDownBlock2D" if attention else "DownBlock2D" for attention in config.attention]
    up = ["CrossAttnUpBlock2D" if attention else "UpBlock2D" for attention in reversed(config.attention)]
    network = UNet2DConditionModel(
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        block_out_channels=config.channels,
        layers_per_block=config.blocks,
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        attention_head_dim=config.heads,
        cross_attention_dim=config.context,
        norm_num_groups=config.groups,
    )
    return network, lambda x, t, context: network(x, t, context, return_dict=False)[0]


def their_vae(config: AutoencoderConfig) -> Side:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    levels = len(config.channels)
    network = AutoencoderKL(
        latent_channels=config.latent_channels,
        block_out_channels=config.channels,
        layers_per_block=config.blocks,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        norm_num_groups=config.groups,
    )
    return network, lambda z: network.decode(z, return_dict=False)[0]


def their_text(config: TextConfig) -> Side:
    from transformers import CLIPTextConfig, CLIPTextModel

    sizes = CLIPTextConfig(
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
    network = CLIPTextModel(sizes)
    return network, lambda ids: network(ids).last_hidden_state


def step_inputs(config: UNetConfig, size: int) -> tuple[Tensor, ...]:
    """Latents (2, C, H, W), time steps (2,), context (2, 77, D): one step under classifier-free guidance."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, config.in_channels, size, size, generator=generator)
    context = torch.randn(2, 77, config.context, generator=generator)
    return x, torch.tensor([500.0, 500.0]), context


def decode_inputs(config: AutoencoderConfig, size: int) -> tuple[Tensor, ...]:
    """Latents (1, C, H, W): one picture."""
    return (torch.randn(1, config.latent_channels, size, size, generator=torch.Generator().manual_seed(1)),)


def text_inputs(config: TextConfig, size: int) -> tuple[Tensor, ...]:
    """Token ids (2, 77): the prompt and the negative prompt, whatever the size of the picture."""
    del size
    generator = torch.Generator().manual_seed(1)
    return (torch.randint(0, config.vocabulary, (2, config.length), generator=generator),)


OURS = {"unet": our_unet, "vae": our_vae, "text": our_text}
THEIRS = {"unet": their_unet, "vae": their_vae, "text": their_text}
INPUTS = {"unet": step_inputs, "vae": decode_inputs, "text": text_inputs}
