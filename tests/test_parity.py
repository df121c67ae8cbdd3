"""The networks at the size of Stable Diffusion v1.4, in float32, against diffusers and transformers."""

import pytest
import torch

from references import relative_error, texts, unets, vaes
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig

pytestmark = pytest.mark.slow


def test_the_text_encoder_at_full_size():
    ours, theirs = texts(TextConfig())
    ids = torch.randint(0, 49408, (2, 77), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert relative_error(ours(ids), theirs(ids).last_hidden_state) < 1e-4


@pytest.mark.parametrize("channels", [4, 9])
def test_the_unet_at_full_size(channels):
    ours, theirs = unets(UNetConfig(in_channels=channels))
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(2, channels, 32, 40, generator=generator)
    t, context = torch.tensor([981.0, 21.0]), torch.randn(2, 77, 768, generator=generator)
    with torch.no_grad():
        assert relative_error(ours(x, t, context), theirs(x, t, context).sample) < 1e-4


def test_the_autoencoder_at_full_size():
    ours, theirs = vaes(AutoencoderConfig())
    generator = torch.Generator().manual_seed(2)
    pixels, z = torch.rand(1, 3, 128, 192, generator=generator) * 2 - 1, torch.randn(1, 4, 16, 24, generator=generator)
    with torch.no_grad():
        assert relative_error(ours.encode(pixels).mean, theirs.encode(pixels).latent_dist.mean) < 1e-4
        assert relative_error(ours.decode(z), theirs.decode(z).sample) < 1e-4
