"""The image tower as a network and as a folder: transformers' CLIPVisionModelWithProjection is the oracle."""

import json

import pytest
import torch

from safelight.errors import WeightsError
from safelight.models.vision import ImageEncoder, VisionConfig
from safelight.weights.image_tower import image_names, read_image_tower, write_image_tower

SMALL = VisionConfig(size=32, patch=8, width=32, layers=3, heads=4, mlp=64, projection=24)


def tower(config: VisionConfig = SMALL) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(config).eval()


@pytest.fixture(scope="module", params=["quick_gelu", "gelu"])
def pair(request, tmp_path_factory):
    """A tower of ours, and what transformers reads from the folder that we write."""
    from dataclasses import replace

    from transformers import CLIPVisionModelWithProjection

    folder = tmp_path_factory.mktemp("tower")
    ours = tower(replace(SMALL, activation=request.param))
    write_image_tower(folder, ours)
    theirs, report = CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder", output_loading_info=True)
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return ours, theirs.eval()


@torch.no_grad()
def test_transformers_reads_our_folder_and_answers_alike(pair):
    ours, theirs = pair
    pixels = torch.randn(3, 3, 32, 32)
    mine, reference = ours(pixels), theirs(pixels, output_hidden_states=True)
    assert torch.allclose(mine.embedding, reference.image_embeds, atol=1e-5)
    assert torch.allclose(mine.hidden, reference.last_hidden_state, atol=1e-5)
    assert torch.allclose(mine.penultimate, reference.hidden_states[-2], atol=1e-5)


def test_the_defaults_are_the_sizes_of_vit_l_14():
    with torch.device("meta"):
        assert sum(w.numel() for w in ImageEncoder(VisionConfig()).parameters()) == 303_966_208
    with torch.device("meta"):
        large = ImageEncoder(VisionConfig(width=1280, layers=32, mlp=5120, projection=1024, activation="gelu"))
        assert sum(w.numel() for w in large.parameters()) == 632_076_800  # ViT-H/14


def test_every_tensor_has_one_name():
    names = image_names(SMALL)
    assert set(names) == set(tower().state_dict())
    assert len(set(names.values())) == len(names)


def test_a_tower_and_what_lies_beside_it_survive_their_folder(tmp_path):
    beside = {"text_projection.weight": torch.randn(24, 16), "logit_scale": torch.tensor(2.5)}
    write_image_tower(tmp_path, tower(), beside=beside)
    again, found = read_image_tower(tmp_path)
    assert again.config == SMALL
    assert all(
        torch.equal(a, b) for a, b in zip(again.state_dict().values(), tower().state_dict().values(), strict=True)
    )
    assert found.keys() == beside.keys()
    assert torch.equal(found["logit_scale"], beside["logit_scale"])
    assert not any(w.requires_grad for w in again.parameters())
    write_image_tower(tmp_path, tower(), torch.float16)
    assert read_image_tower(tmp_path)[1] == {}
    assert [path.name for path in tmp_path.iterdir()] == ["image_encoder"]


def test_a_folder_that_is_no_tower_is_refused_in_one_line(tmp_path):
    with pytest.raises(WeightsError, match="no image tower"):
        read_image_tower(tmp_path)
    write_image_tower(tmp_path, tower())
    path = tmp_path / "image_encoder" / "config.json"
    config = json.loads(path.read_text())
    for change, said in (
        ({"num_hidden_layers": 4}, "does not fit its config.json: 16 tensors"),
        ({"hidden_act": "relu"}, "hidden_act"),
        ({"num_attention_heads": 5}, "num_attention_heads"),
        ({"layer_norm_eps": 1e-6}, "layer_norm_eps"),
    ):
        path.write_text(json.dumps(config | change))
        with pytest.raises(WeightsError, match=said):
            read_image_tower(tmp_path)
