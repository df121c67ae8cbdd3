import pytest
import torch
from torch import nn

from references import TINY_VAE, relative_error, vaes
from safelight.models.vae import Autoencoder, AutoencoderConfig, Posterior


@pytest.mark.parametrize("config", [TINY_VAE, AutoencoderConfig(channels=(16, 32, 64, 64), blocks=2, groups=8)])
def test_latents_and_pixels_are_those_of_diffusers(config):
    ours, theirs = (network.double() for network in vaes(config))  # so that only a difference of kind can show
    generator = torch.Generator().manual_seed(2)
    pixels = torch.rand(2, 3, 48, 32, generator=generator, dtype=torch.double) * 2 - 1
    z = torch.randn(2, 4, 6, 4, generator=generator, dtype=torch.double)
    with torch.no_grad():
        reference = theirs.encode(pixels).latent_dist
        assert relative_error(ours.encode(pixels).mean, reference.mean) < 1e-10
        assert relative_error(ours.encode(pixels).logvar, reference.logvar) < 1e-10
        assert relative_error(ours.decode(z), theirs.decode(z).sample) < 1e-10


def test_the_encoder_pads_right_and_below_only_before_it_halves():
    block = Autoencoder(TINY_VAE).encoder.down[0]
    assert block.downsample.padding == (0, 0)
    block.res = nn.ModuleList()
    nn.init.ones_(block.downsample.weight)
    nn.init.zeros_(block.downsample.bias)
    with torch.no_grad():
        out = block(torch.ones(1, 16, 4, 4))[0, 0] / 16
    assert out.tolist() == [[9, 6], [6, 4]]  # symmetric padding would give [[4, 6], [6, 9]]


def test_all_group_norms_have_eps_1e_6():
    norms = [m for m in Autoencoder(TINY_VAE).modules() if isinstance(m, nn.GroupNorm)]
    assert norms
    assert {norm.eps for norm in norms} == {1e-6}


def test_a_sample_is_the_mean_moved_by_the_deviation():
    posterior = Posterior(torch.full((1, 4, 2, 2), 3.0), torch.full((1, 4, 2, 2), 2.0).log())
    assert torch.allclose(posterior.sample(torch.ones(1, 4, 2, 2)), torch.tensor(3 + 2**0.5))


def test_log_variances_are_clamped():
    vae = Autoencoder(TINY_VAE)
    with torch.no_grad():
        vae.quant.bias[4:] = torch.tensor([100.0, -100.0, 100.0, -100.0])
        logvar = vae.encode(torch.zeros(1, 3, 16, 16)).logvar
    assert (logvar.max(), logvar.min()) == (20, -30)


def test_the_v1_autoencoder_has_its_published_size():
    with torch.device("meta"):
        vae = Autoencoder(AutoencoderConfig())
    assert sum(p.numel() for p in vae.parameters()) == 83_653_863
    assert vae.factor == 8
