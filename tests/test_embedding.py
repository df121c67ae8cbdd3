import pytest
import torch
from safetensors.torch import load_file, save_file

from safelight.adapters.embedding import Embedding, read, write
from safelight.errors import OutputError, WeightsError

VECTORS = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))


def test_all_the_forms_of_a_file_hold_the_same_vectors(tmp_path):
    old = {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": {"*": torch.nn.Parameter(VECTORS)}}
    torch.save({**old, "name": "else", "step": 500}, tmp_path / "a.pt")
    torch.save({"<cat>": VECTORS}, tmp_path / "b.bin")
    save_file({"<cat>": VECTORS}, tmp_path / "c.safetensors")
    save_file({"emb_params": VECTORS}, tmp_path / "d.safetensors")
    torch.save({"*": VECTORS}, tmp_path / "e.pt", _use_new_zipfile_serialization=False)
    found = [read(path) for path in sorted(tmp_path.iterdir())]
    assert [embedding.name for embedding in found] == ["a", "<cat>", "<cat>", "d", "e"]
    assert all(torch.equal(embedding.vectors, VECTORS) for embedding in found)


def test_a_single_vector_is_a_row_and_half_precision_becomes_float32(tmp_path):
    save_file({"<cat>": VECTORS[0].half()}, tmp_path / "a.safetensors")
    vectors = read(tmp_path / "a.safetensors").vectors
    assert vectors.shape == (1, 32) and vectors.dtype == torch.float32


@pytest.mark.parametrize(
    ("form", "file", "name"),
    [
        ("a1111", "word.pt", "word"),
        ("diffusers", "word.safetensors", "<cat>"),
        ("diffusers", "word.bin", "<cat>"),
        ("kohya", "word.safetensors", "word"),
    ],
)
def test_what_is_written_is_read_again(tmp_path, form, file, name):
    write(Embedding("<cat>", VECTORS), tmp_path / file, form)
    found = read(tmp_path / file)
    assert found.name == name and torch.equal(found.vectors, VECTORS)
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_what_is_written_is_what_other_programs_expect(tmp_path):
    write(Embedding("<cat>", VECTORS), tmp_path / "a.pt", "a1111")
    theirs = torch.load(tmp_path / "a.pt", weights_only=True)
    assert torch.equal(theirs["string_to_param"]["*"], VECTORS) and theirs["name"] == "<cat>"
    write(Embedding("<cat>", VECTORS), tmp_path / "b.bin")
    assert list(torch.load(tmp_path / "b.bin", weights_only=True)) == ["<cat>"]
    write(Embedding("<cat>", VECTORS), tmp_path / "c.safetensors", "kohya")
    assert list(load_file(tmp_path / "c.safetensors")) == ["emb_params"]


def test_a_form_that_does_not_go_with_the_suffix_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"is a \.pt file"):
        write(Embedding("<cat>", VECTORS), tmp_path / "a.safetensors", "a1111")
    with pytest.raises(OutputError, match="cannot be written"):
        write(Embedding("<cat>", VECTORS), tmp_path / "none" / "a.bin")


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"clip_l": VECTORS, "clip_g": VECTORS + 1}, "Stable Diffusion XL"),
        ({"<a>": VECTORS, "<b>": VECTORS + 1}, "holds 2 tensors"),
        ({"<a>": VECTORS / 0}, "NaN or infinity"),
        ({"<a>": torch.ones(76, 32)}, "its vectors are"),
        ({"<a>": torch.ones(2, 3, 32)}, "its vectors are"),
        ({"<a>": torch.ones(2, 32, dtype=torch.int64)}, "its vectors are"),
    ],
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_what_is_no_embedding_is_refused_in_one_line(tmp_path, tensors, message, suffix):
    path = tmp_path / f"a{suffix}"
    (torch.save if suffix == ".pt" else save_file)(tensors, path)
    with pytest.raises(WeightsError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_other_pickles_are_refused(tmp_path):
    torch.save([VECTORS], tmp_path / "a.pt")
    torch.save({"string_to_param": torch.nn.ParameterDict({"*": VECTORS})}, tmp_path / "b.pt")
    torch.save({"string_to_param": {"*": VECTORS, "+": VECTORS}}, tmp_path / "c.pt")
    for name, message in (("a", "no dict"), ("b", "inside a program's object"), ("c", "teaches 2 words")):
        with pytest.raises(WeightsError, match=message):
            read(tmp_path / f"{name}.pt")
