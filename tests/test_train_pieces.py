"""Models written in files of at most so many bytes, and read again by us, by diffusers and by transformers."""

import json
import shutil

import pytest
import torch

from safelight.errors import WeightsError
from safelight.weights.checkpoint import open_model, write_folder
from safelight.weights.safetensors_file import TensorFile
from safelight.weights.writing import write_pieces
from tiny import DEFAULTS, tiny_model, vocabulary

LARGEST = 80_000


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("pieces") / "model"
    networks = (model.text.network, model.unet.network, model.vae.network)
    config = model.schedule.config
    write_folder(
        path,
        *networks,
        config,
        DEFAULTS,
        vocabulary(),
        torch.float16,
        largest=LARGEST,
        about={"knows": {"things": ["car"]}},
    )
    return path


def test_no_file_is_larger_than_was_asked_and_the_index_names_them_all(folder):
    files = list(folder.rglob("*.safetensors"))
    several = [file for file in files if len(TensorFile(file).entries) > 1]
    assert max(file.stat().st_size for file in several) <= LARGEST
    assert max(file.stat().st_size for file in several) > LARGEST // 2  # nor are there more files than it takes
    for place, stem in (("unet", "diffusion_pytorch_model"), ("text_encoder", "model")):
        index = json.loads((folder / place / f"{stem}.safetensors.index.json").read_text())
        pieces = sorted(file.name for file in (folder / place).glob("*.safetensors"))
        assert sorted(set(index["weight_map"].values())) == pieces
        assert pieces[0] == f"{stem}-00001-of-{len(pieces):05d}.safetensors"
        sizes = [
            entry.end - entry.start for name in pieces for entry in TensorFile(folder / place / name).entries.values()
        ]
        assert index["metadata"]["total_size"] == sum(sizes)


def test_we_read_the_pieces_to_the_bit(folder, model):
    files = open_model(folder)
    assert files.defaults == DEFAULTS
    for network, ours in ((files.load_unet(), model.unet.network), (files.load_text(), model.text.network)):
        expected = ours.state_dict()
        assert all(torch.equal(w, expected[name].half().float()) for name, w in network.state_dict().items())


def test_diffusers_and_transformers_read_the_pieces(folder, model):
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel

    x, t, context = torch.randn(1, 4, 8, 8), torch.tensor([500]), torch.randn(1, 77, 32)
    theirs = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    with torch.no_grad():
        ours = open_model(folder).load_unet()(x, t, context)
        assert torch.allclose(theirs(x, t, context).sample, ours, atol=1e-4)
        ids = torch.randint(538, (1, 77))
        text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        assert torch.allclose(text(ids).last_hidden_state, open_model(folder).load_text()(ids), atol=1e-4)
    AutoencoderKL.from_pretrained(folder / "vae")


def test_more_can_be_said_in_safelight_json(folder):
    said = json.loads((folder / "safelight.json").read_text())
    assert said["knows"] == {"things": ["car"]}
    assert said["defaults"]["steps"] == DEFAULTS.steps


def test_a_piece_that_is_gone_or_holds_other_tensors_is_named(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "m")
    pieces = sorted((tmp_path / "m" / "unet").glob("*.safetensors"))
    shutil.copyfile(pieces[1], pieces[0])
    with pytest.raises(WeightsError, match="which lacks it"):
        open_model(tmp_path / "m")
    pieces[0].unlink()
    with pytest.raises(WeightsError, match=pieces[0].name):
        open_model(tmp_path / "m")


def test_a_tensor_that_is_too_large_has_a_file_of_its_own_and_few_tensors_have_one_file(tmp_path):
    tensors = {"a": torch.zeros(10), "b": torch.zeros(5000), "c": torch.zeros(10)}
    write_pieces(tmp_path, "m", tensors, torch.float32, 2000)
    assert [list(TensorFile(file).entries) for file in sorted(tmp_path.glob("*.safetensors"))] == [["a"], ["b"], ["c"]]
    (tmp_path / "one").mkdir()
    write_pieces(tmp_path / "one", "m", tensors, torch.bfloat16, 20_000)
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["m.safetensors"]
