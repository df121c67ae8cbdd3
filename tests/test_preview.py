import numpy as np
import pytest
import torch

import safelight
from safelight.preview import Preview
from safelight.scenes.grammar import scene
from safelight.scenes.render import render


def test_a_linear_decoder_is_followed_exactly():
    matrix, offset = torch.tensor([[0.2, 0.0, -0.1], [0.0, 0.3, 0.1]]), torch.tensor([0.1, -0.2, 0.0])

    def decode(z):
        pixels = torch.einsum("bchw,cp->bphw", z, matrix) + offset[:, None, None]
        return pixels.repeat_interleave(8, 2).repeat_interleave(8, 3)

    preview = Preview.fit(decode, channels=2)
    assert torch.allclose(preview.matrix, matrix, atol=1e-5)
    assert torch.allclose(preview.offset, offset, atol=1e-5)


@pytest.mark.parametrize("index", range(3))
def test_the_preview_of_a_bundled_latent_looks_like_its_picture(index):
    engine = safelight.load("bundled")
    vae = engine.model.vae.network
    pixels = torch.tensor(render(scene(9, index), 128).pixels).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.inference_mode():
        latent = vae.encode(pixels).mean * vae.config.scale
    small = torch.nn.functional.avg_pool2d(pixels, 8)[0].permute(1, 2, 0).numpy()
    seen = engine.preview(latent)
    assert seen.shape == (16, 16, 3)
    assert np.corrcoef(seen.ravel(), small.ravel())[0, 1] > 0.85
