"""What is learnt: encoder, decoder, and the diffusion model, all of them tiny."""

import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from safelight.diffusion.schedule import NoiseSchedule
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.train.autoencoder import LOG_VARIANCE, LearnDecoder, LearnEncoder, Pixels, prepare, textures
from safelight.train.beginnings import initialise
from safelight.train.diet import USUAL_LOSS, Diet, Size, balance, stratified
from safelight.train.latents import fit
from safelight.train.loop import Loop, Now, Settings, generator
from safelight.train.text_to_image import Examination, TextToImage, sample, take

VAE = AutoencoderConfig(channels=(8, 8, 16, 16), blocks=1, groups=4, scale=1.0)
UNET = UNetConfig(channels=(8, 16), blocks=1, attention=(False, True), heads=2, context=16, groups=4)
TEXT = TextConfig(vocabulary=600, width=16, layers=1, heads=2, mlp=32, length=12)


def renders(count: int = 12, size: int = 64) -> np.ndarray:
    return ((textures(count, size, generator(0, 0)).permute(0, 2, 3, 1) + 1) * 127.5).round().byte().numpy()


def now(step: int, progress: float = 0.0) -> Now:
    return Now(step, progress, generator(0, step))


class Words:
    """Captions without words: scene i is called by the token i + 1, everything else is padding."""

    def __init__(self):
        self.tokenizer = self
        self.drawn: list[list[int]] = []

    def draw(self, which: Sequence[int], source: torch.Generator, silent: float = 0.0) -> torch.Tensor:
        self.drawn.append(list(which))
        ids = torch.zeros(len(which), 12, dtype=torch.int64)
        ids[:, 0] = torch.tensor(list(which)) + 1
        ids[torch.rand(len(which), generator=source) < silent] = 0
        return ids

    def batch(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.zeros(len(texts), 12, dtype=torch.int64)


def diffusion(diet: Diet, scenes: int = 8) -> TextToImage:
    torch.manual_seed(0)
    unet, text = UNet(UNET), TextEncoder(TEXT)
    initialise(unet, text)
    rng = np.random.default_rng(0)
    # Each scene is one flat latent of its own, so that a caption says everything.
    flat = rng.normal(size=(scenes, 4, 1, 1)).astype(np.float32)
    latents = {size.side: np.tile(flat, (1, 1, size.side, size.side)).astype(np.float16) for size in diet.sizes}
    words = Words()
    exam = Examination(np.tile(latents[diet.sizes[0].side], (8, 1, 1, 1)), words)
    exam.ids = words.draw(list(range(scenes)) * 8, generator(0, 0))
    return TextToImage(unet, text, NoiseSchedule(), diet, latents, words, exam, lambda z: z[:, :3].repeat(1, 1, 8, 8))


def test_the_encoder_starts_with_a_constant_variance_and_keeps_it_while_it_learns(tmp_path):
    torch.manual_seed(0)
    pca = fit([textures(12, 64, generator(0, 0))])
    model = Autoencoder(VAE)
    method = LearnEncoder(model, pca, Pixels(renders(), crop=32, batch=4), renders(4))
    with torch.no_grad():
        before = method.validate()["validation_error"]
    Loop(method, Settings(rate=3e-3, steps=60, warmup=5, ema=(0.1,)), tmp_path).run()
    with torch.no_grad():
        assert method.validate()["validation_error"] < 0.7 * before
    posterior = model.encode(torch.randn(1, 3, 32, 32))
    assert torch.equal(posterior.logvar, torch.full_like(posterior.logvar, LOG_VARIANCE))


def test_the_one_by_one_convolutions_are_the_identity():
    model = Autoencoder(VAE)
    prepare(model)
    z = torch.randn(1, 4, 3, 3)
    assert torch.equal(model.decode(z), model.decoder(z))
    x = torch.randn(1, 3, 16, 16)
    assert torch.equal(model.encode(x).mean, model.encoder(x)[:, :4])


def test_the_decoder_learns_and_draws_a_sheet(tmp_path):
    torch.manual_seed(0)
    pca = fit([textures(12, 64, generator(0, 0))])
    method = LearnDecoder(Autoencoder(VAE), pca, Pixels(renders(), crop=32, batch=4), renders(6))
    with torch.no_grad():
        before = method.validate()["validation_psnr"]
    Loop(method, Settings(rate=3e-3, steps=80, warmup=5, ema=(0.1,)), tmp_path).run()
    with torch.no_grad():
        assert method.validate()["validation_psnr"] > before + 1
    assert (tmp_path / "sheet-00000080.png").exists()


def test_crops_mix_sizes_and_textures_and_end_with_whole_pictures_of_as_many_pixels():
    pixels = Pixels(renders(), crop=32, batch=16)
    assert pixels.draw(now(0)).shape == (16, 3, 32, 32)
    assert pixels.draw(now(1)).shape == (16, 3, 32, 32)
    assert pixels.draw(now(1, 0.9)).shape == (4, 3, 64, 64)
    assert pixels.draw(now(3, 0.9)).shape == (16, 3, 32, 32)
    assert torch.equal(pixels.draw(now(5)), pixels.draw(now(5)))


def test_the_networks_start_with_branches_at_zero():
    unet, text = UNet(UNET), TextEncoder(TEXT)
    initialise(unet, text)
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(unet(x, torch.tensor([1.0, 2.0]), torch.randn(2, 12, 16)), torch.zeros_like(x))
    assert float(text.tokens.weight.detach().std()) == pytest.approx(0.02, rel=0.1)


def test_time_steps_are_stratified():
    t = stratified(50, generator(1, 1))
    assert sorted((t // 20).tolist()) == list(range(50))
    assert not torch.equal(t, stratified(50, generator(1, 2)))


def test_each_scene_is_shown_repeats_times_under_one_caption_at_times_far_apart(monkeypatch):
    method = diffusion(Diet((Size(8, 1.0, 8),), repeats=2))
    seen = {}

    def spy(network, schedule, x0, context, t, noise, gamma=5.0):
        seen.update(x0=x0, context=context, t=t, noise=noise)
        return network(x0, t, context).square().flatten(1).mean(1)

    monkeypatch.setattr("safelight.train.text_to_image.epsilon_loss", spy)
    method.loss(now(0))
    assert len(method.captions.drawn[-1]) == 4
    assert torch.equal(seen["x0"][:4], seen["x0"][4:])
    assert torch.equal(seen["context"][:4], seen["context"][4:])
    assert not torch.equal(seen["noise"][:4], seen["noise"][4:])
    apart = (seen["t"][:4] - seen["t"][4:]).abs()
    assert ((apart > 300) & (apart < 700)).all()


def test_a_balanced_diet_makes_all_noise_levels_pull_alike():
    t = torch.arange(1000)
    usual = torch.tensor(USUAL_LOSS).repeat_interleave(50)
    assert torch.allclose(balance(t) * usual, torch.tensor(0.07))
    plain, balanced = (diffusion(Diet((Size(4, 1.0, 8),), balanced=on)) for on in (False, True))
    for method in (plain, balanced):
        torch.nn.init.zeros_(method.unet.conv_out.weight)  # answers 0: the loss of a row is its noise, whatever t
        torch.nn.init.zeros_(method.unet.conv_out.bias)
    losses = [float(method.loss(Now(0, 0.0, generator(3, 0)))[0].detach()) for method in (plain, balanced)]
    assert losses[1] > 2 * losses[0]  # high t, where the usual loss is small, counts for more


def test_pictures_that_are_not_square_are_the_middle_of_square_ones(monkeypatch):
    wide = Size(8, 1.0, 8, shape=(4, 8))
    z = torch.arange(64.0).reshape(1, 1, 8, 8)
    assert wide.cut(z)[0, 0, :, 0].tolist() == [16, 24, 32, 40]
    assert Size(8, 1.0, 8, shape=(8, 6)).cut(z)[0, 0, 0].tolist() == [1, 2, 3, 4, 5, 6]
    assert torch.equal(Size(8, 1.0, 8).cut(z), z)
    diet = Diet((Size(8, 1.0, 8), wide), repeats=1)
    assert diet.usual == 8
    seen = []

    def spy(network, schedule, x0, context, t, noise, gamma=5.0):
        seen.append(tuple(x0.shape))
        return network(x0, t, context).square().flatten(1).mean(1)

    monkeypatch.setattr("safelight.train.text_to_image.epsilon_loss", spy)
    method = diffusion(diet)
    for step in range(6):
        method.loss(now(step))
    assert set(seen) == {(8, 4, 4, 8), (8, 4, 8, 8)}


def test_latents_are_taken_alike_from_an_array_and_from_a_tensor():
    latents = np.random.default_rng(0).normal(size=(5, 4, 2, 2)).astype(np.float16)
    which = torch.tensor([3, 0, 3])
    assert torch.equal(take(latents, which), take(torch.from_numpy(latents), which))
    assert take(latents, which).dtype == torch.float32


def test_sizes_are_mixed_by_their_shares():
    diet = Diet((Size(8, 3.0, 4), Size(4, 1.0, 8)), repeats=1)
    method = diffusion(diet)
    sides = [method._choose(float(torch.rand((), generator=generator(7, n)))).side for n in range(400)]
    assert 0.68 < sides.count(8) / 400 < 0.82


def test_the_diffusion_model_learns_to_listen(tmp_path):
    method = diffusion(Diet((Size(8, 1.0, 16),), repeats=2, text=1.0))
    with torch.no_grad():
        before = method.validate()
    assert before["text_gap"] == 0.0
    Loop(method, Settings(rate=8e-3, steps=70, warmup=5, ema=(0.1,), log_steps=35), tmp_path).run()
    with torch.no_grad():
        after = method.validate()
    assert after["validation_loss"] < 0.7 * before["validation_loss"]
    assert after["text_gap"] > 0.001
    lines = [json.loads(line) for line in (tmp_path / "readings.jsonl").read_text().splitlines()]
    assert {"loss", "loss_t0", "loss_t3", "gradient", "rate", "samples_per_second"} <= lines[0].keys()


def test_the_diffusion_model_learns_in_bfloat16_too(tmp_path):
    method = diffusion(Diet((Size(8, 1.0, 16),), repeats=2, text=1.0))
    with torch.no_grad():
        before = method.validate()["validation_loss"]
    Loop(method, Settings(rate=5e-3, steps=12, warmup=2, ema=(0.1,), compute=torch.bfloat16), tmp_path).run()
    assert method.unet.conv_in.weight.dtype == torch.bfloat16
    with torch.no_grad():
        assert method.validate()["validation_loss"] < before


def test_a_frozen_text_encoder_stays_as_it_is():
    method = diffusion(Diet((Size(8, 1.0, 4),), repeats=1, text=0.0))
    loop_parts = method.parts()
    assert loop_parts[1].factor == 0
    method.loss(now(0))[0].backward()
    assert all(w.grad is None for w in method.text.parameters())


def test_samples_are_latents_of_the_size_asked_for():
    method = diffusion(Diet((Size(8, 1.0, 4),)))
    z = sample(method.unet, method.text, method.schedule, Words(), ["a", "b"], 6, steps=3)
    assert z.shape == (2, 4, 6, 6)
    assert z.isfinite().all()


def test_on_another_device_a_step_mixes_nothing_and_waits_for_nothing(monkeypatch):
    """The device "meta" has no numbers: whatever asked for one, or met it with a tensor of the CPU's, would fail."""
    there = torch.device("meta")
    monkeypatch.setattr("safelight.train.text_to_image.noise_like", lambda x, source: torch.empty_like(x))
    monkeypatch.setattr("safelight.train.autoencoder.exactly", lambda encode, x: encode(x))
    diet = Diet((Size(8, 1.0, 16), Size(8, 1.0, 16, shape=(4, 8))), balanced=True)
    drawing = diffusion(diet)
    drawing.unet.to(there)
    drawing.text.to(there)
    drawing.latents = {8: torch.empty(8, 4, 8, 8, dtype=torch.float16, device=there)}
    pca = fit([textures(12, 64, generator(0, 0))]).to(there)
    pixels = Pixels(renders(), crop=32, batch=4)
    encoder = LearnEncoder(Autoencoder(VAE).to(there), pca, pixels, renders(4))
    decoder = LearnDecoder(Autoencoder(VAE).to(there), pca, pixels, renders(4))
    for method in (drawing, encoder, decoder):
        loss, more, _ = method.loss(now(0))
        loss.backward()
        assert {loss.device, *(value.device for value in more.values())} == {there}
        assert all(w.grad is not None for w in method.parts()[0].module.parameters())
