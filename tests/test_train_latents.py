"""Closed-form latents, and the small helpers around them."""

import numpy as np
import pytest
import torch

from safelight.errors import TrainingError
from safelight.train.autoencoder import psnr, textures
from safelight.train.latents import PatchPCA, fit, fit_renders, to_unit
from safelight.train.loop import generator
from safelight.train.patches import area_matrix, resize


def pictures(count: int = 24, size: int = 64) -> torch.Tensor:
    return textures(count, size, generator(0, 0))


def bytes_of(x: torch.Tensor) -> np.ndarray:
    return ((x.permute(0, 2, 3, 1) + 1) * 127.5).round().byte().numpy()


def test_latents_of_the_fitted_pictures_have_unit_variance_and_do_not_correlate():
    x = pictures()
    z = fit([x]).encode(x).transpose(0, 1).flatten(1)
    assert z.mean(1).abs().max() < 1e-3
    assert torch.allclose(torch.cov(z), torch.eye(4), atol=2e-3)


def test_the_linear_inverse_of_four_components_is_a_fair_picture_and_more_components_a_better_one():
    x = pictures()
    drawn = {k: psnr(x, fit([x], k).decode(fit([x], k).encode(x))) for k in (1, 4, 16)}
    assert drawn[1] < drawn[4] < drawn[16]
    assert drawn[4] > 20


def test_decoding_is_the_pseudo_inverse_of_encoding():
    pca = fit([pictures()])
    z = torch.randn(2, 4, 3, 5)
    assert torch.allclose(pca.encode(pca.decode(z)), z, atol=1e-4)
    assert pca.decode(z).shape == (2, 3, 24, 40)


def test_the_same_pictures_give_the_same_signs():
    x = pictures()
    ramp = torch.linspace(1, 2, 192)
    assert (ramp @ fit([x]).basis > 0).all()
    assert torch.allclose(fit([x]).basis, fit([x.flip(0)]).basis, atol=1e-5)


def test_sizes_are_pooled_by_patches():
    x = pictures()
    split = fit([x[:10], x[10:]])
    assert torch.allclose(split.basis, fit([x]).basis, atol=1e-5)
    assert torch.allclose(split.scale, fit([x]).scale, rtol=1e-5)


def test_a_closed_form_autoencoder_survives_its_file(tmp_path):
    pca = fit([pictures()])
    pca.save(tmp_path / "pca.pt")
    again = PatchPCA.load(tmp_path / "pca.pt")
    assert torch.equal(pca.mean, again.mean)
    assert torch.equal(pca.basis, again.basis)
    assert torch.equal(pca.scale, again.scale)
    with pytest.raises(TrainingError, match="stage `latents`"):
        PatchPCA.load(tmp_path / "none.pt")


def test_the_encoder_in_numpy_is_the_one_in_torch():
    renders = bytes_of(pictures(10, 64))
    pca = fit_renders(renders, [32, 48, 64], sample=8)
    for size in (64, 48):
        small = resize(renders, size)
        expected = pca.encode(to_unit(small))
        z = pca.projection()(small)
        assert z.shape == (10, 4, size // 8, size // 8)
        assert np.abs(z - expected.numpy()).max() < 1e-4


def test_half_size_is_the_mean_of_four_pixels_and_both_ways_agree():
    x = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    half = resize(x, 8)
    assert np.allclose(half[1, 2, 3], x[1, 4:6, 6:8].mean((0, 1)))
    matrix = area_matrix(16, 8)
    assert np.allclose(half, np.einsum("th,uw,nhwc->ntuc", matrix, matrix, x.astype(np.float32)), atol=1e-3)


def test_three_quarters_of_the_size_keeps_the_mean_and_flat_colours():
    x = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    assert np.allclose(resize(x, 12).mean((1, 2)), x.mean((1, 2)), atol=1e-2)
    assert np.allclose(resize(np.full((1, 16, 16, 3), 77, np.uint8), 12), 77, atol=1e-4)
    assert area_matrix(4, 3)[0].tolist() == pytest.approx([0.75, 0.25, 0, 0])


def test_bytes_become_minus_one_to_one():
    x = to_unit(np.array([0, 127.5, 255], np.float32).reshape(1, 1, 1, 3).repeat(2, 1).repeat(2, 2))
    assert x.shape == (1, 3, 2, 2)
    assert x[0, :, 0, 0].tolist() == [-1, 0, 1]
