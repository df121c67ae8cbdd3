"""A whole model of a few thousand random weights, for tests of everything around the networks."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import torch

from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.recipe import Defaults
from safelight.stable_diffusion import StableDiffusion
from safelight.train.vocabulary import train_tokenizer

TEXT = TextConfig(vocabulary=540, width=32, layers=3, heads=4, mlp=64)
UNET = UNetConfig(channels=(32, 32, 64), attention=(True, True, False), blocks=1, heads=4, context=32, groups=8)
VAE = AutoencoderConfig(channels=(8, 8, 16, 16), blocks=1, groups=4)
DEFAULTS = Defaults(width=64, height=64, steps=4, guidance_scale=3.0, sampler="ddim", schedule="leading")


@cache
def vocabulary() -> tuple[Path, Path]:
    """The two files of a small tokenizer."""
    folder = Path(mkdtemp())
    train_tokenizer(["a red car on a mountain road", "a blue house in a forest at night"] * 4, 540, folder)
    return folder / "vocab.json", folder / "merges.txt"


def tiny_model(dtype: torch.dtype = torch.float32) -> StableDiffusion:
    """A model with the same random weights at every call."""
    torch.manual_seed(0)
    networks = TextEncoder(TEXT), UNet(UNET), Autoencoder(VAE)
    text, unet, vae = (network.to(dtype) for network in networks)
    return StableDiffusion(
        Tokenizer(*vocabulary()), text, unet, vae, NoiseSchedule(ScheduleConfig()), DEFAULTS, "tiny", "0" * 64
    )
