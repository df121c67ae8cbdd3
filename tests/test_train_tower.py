"""The image tower: CLIP's loss with wrong captions, and that it learns to tell them apart."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.vision import MEAN, SPREAD, VisionConfig
from safelight.scenes.grammar import Scene, Subject
from safelight.train.beginnings import begin_layers
from safelight.train.image_tower import ImageTower, alike, contrast, last_words, networks, prepared
from safelight.train.loop import Loop, Now, Settings, generator
from tiny import vocabulary

TEXT = TextConfig(vocabulary=540, width=32, layers=2, heads=4, mlp=64)
TOWER = VisionConfig(size=16, patch=8, width=32, layers=1, heads=2, mlp=64, projection=16)
COLOURS = {"red": (220, 40, 40), "green": (50, 160, 70), "blue": (40, 100, 220), "yellow": (250, 210, 50)}


def examples(count: int, seed: int) -> tuple[np.ndarray, list[Scene]]:
    """Flat pictures whose colour is that of the scene's one thing."""
    rng = np.random.default_rng(seed)
    chosen = [list(COLOURS)[index] for index in rng.integers(4, size=count)]
    pixels = np.stack([np.full((16, 16, 3), COLOURS[colour], np.uint8) for colour in chosen])
    return pixels, [
        Scene((Subject("cube", c),), "studio", "flat vector", "studio", layout=i) for i, c in enumerate(chosen)
    ]


def method(batch: int = 16) -> ImageTower:
    parts = networks(TOWER, TEXT, 0)
    text = parts[2]
    torch.nn.init.normal_(text.tokens.weight, std=0.3)
    torch.nn.init.normal_(text.positions.weight, std=0.1)
    begin_layers(text.layers, TEXT.width)
    return ImageTower(parts, Tokenizer(*vocabulary()), examples(64, 0), examples(48, 1), batch)


def test_the_loss_is_clips_when_nothing_is_alike_and_there_are_no_wrong_captions():
    torch.manual_seed(0)
    x, y = F.normalize(torch.randn(5, 8), dim=1), F.normalize(torch.randn(5, 8), dim=1)
    loss, _ = contrast(x, y, torch.tensor(7.0), torch.zeros(5, 5, dtype=torch.bool))
    logits = 7 * x @ y.T
    expected = (F.cross_entropy(logits, torch.arange(5)) + F.cross_entropy(logits.T, torch.arange(5))) / 2
    assert torch.allclose(loss, expected)
    same, right = contrast(x, x, torch.tensor(100.0), torch.zeros(5, 5, dtype=torch.bool))
    assert float(same) < 1e-3 and float(right) == 1.0


def test_wrong_captions_make_pictures_listen_and_missing_ones_do_nothing():
    x = F.normalize(torch.randn(4, 8, generator=generator(0, 0)), dim=1)
    nothing = torch.zeros(4, 8, dtype=torch.bool)
    nothing[:, 4:] = True
    far, near = torch.cat([x, -x]), torch.cat([x, x])
    scale = torch.tensor(10.0)
    open_to_all = torch.zeros(4, 8, dtype=torch.bool)
    assert contrast(x, near, scale, open_to_all)[0] > contrast(x, far, scale, open_to_all)[0] + 0.2
    assert torch.equal(contrast(x, near, scale, nothing)[0], contrast(x, far, scale, nothing)[0])


def test_captions_that_are_the_same_do_not_count_against_one_another():
    ids = torch.tensor([[1, 2], [1, 3], [1, 2], [1, 9], [1, 2], [1, 8]])
    mask = alike(ids, torch.tensor([True, True, False]))
    assert mask.int().tolist() == [[0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 1, 1]]


def test_the_last_word_is_that_of_the_first_end_whatever_stands_behind():
    torch.manual_seed(0)
    text, words = TextEncoder(TEXT), Tokenizer(*vocabulary())
    ids = words.batch(["a red car", "a blue house in a forest at night"])
    whole = text(ids)
    ends = [int((row == words.end).nonzero()[0]) for row in ids]
    found = last_words(text, ids, words.end)
    assert torch.allclose(found, torch.stack([whole[i, end] for i, end in enumerate(ends)]), atol=1e-5)


def test_pictures_are_brought_to_clips_mean_and_spread():
    x = prepared(np.full((2, 32, 32, 3), 51, np.uint8), 16)
    assert x.shape == (2, 3, 16, 16)
    assert x[0, :, 0, 0].tolist() == pytest.approx([(0.2 - m) / s for m, s in zip(MEAN, SPREAD, strict=True)], abs=1e-5)


def test_the_tower_learns_the_colour_and_the_text_encoder_stays_as_it_was(tmp_path: Path):
    learner = method()
    before = {name: w.clone() for name, w in learner.text.state_dict().items()}
    Loop(learner, Settings(rate=3e-3, steps=60, warmup=5, ema=(0.1,)), tmp_path).run()
    pixels = np.stack([np.full((16, 16, 3), colour, np.uint8) for colour in COLOURS.values()])
    with torch.no_grad():
        x, y = learner._meet(pixels, learner.tokenizer.batch([f"a {colour} cube, daylight" for colour in COLOURS]))
        found = learner.validate()
    near = x @ y.T
    assert sum(near.argmax(1) == torch.arange(4)) >= 3
    assert float(near.diagonal().mean()) > float(near.mean()) + 0.1
    assert found["wrong_word_heard"] > 0.5  # half of the wrong words are numbers, which these pictures do not show
    assert {"validation_loss", "image_finds_text", "text_finds_image"} <= found.keys()
    assert all(torch.equal(w, before[name]) for name, w in learner.text.state_dict().items())
    assert (tmp_path / "sheet-00000060.png").exists()


def test_a_step_is_the_same_when_it_is_taken_again():
    first, second = (method().loss(Now(3, 0.0, generator(0, 3)))[0] for _ in range(2))
    assert torch.equal(first, second)
