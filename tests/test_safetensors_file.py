"""A safetensors file is read when every byte has its place, and refused in one line otherwise."""

import json
import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from model_files import raw
from safelight.errors import WeightsError
from safelight.weights.safetensors_file import SIZES, TensorFile
from safelight.weights.writing import write_tensors


def tensor(shape=(2,), start=0, end=8, dtype="F32", **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end], **more}


def pairs(*items):
    """A JSON object in which a key may come twice."""
    return ("{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in items) + "}").encode()


EIGHT = bytes(8)
# What is wrong -> (header, body, the length that the file claims for its header, a word of the answer)
HOSTILE = {
    "overlapping tensors": ({"a": tensor(), "b": tensor(start=4, end=12)}, bytes(12), None, "overlaps"),
    "two tensors in one place": ({"a": tensor(), "b": tensor()}, EIGHT, None, "overlaps"),
    "a hole": ({"a": tensor(), "b": tensor(start=12, end=20)}, bytes(20), None, "hole of 4"),
    "a hole before the first": ({"a": tensor(start=8, end=16)}, bytes(16), None, "hole of 8"),
    "trailing bytes": ({"a": tensor()}, bytes(9), None, "1 bytes after"),
    "a body cut short": ({"a": tensor()}, bytes(7), None, "cut short"),
    "a shape that overflows": ({"a": tensor((2**40, 2**40))}, EIGHT, None, "needs"),
    "a negative size": ({"a": tensor((-2,))}, EIGHT, None, "impossible shape"),
    "a size that is no number": ({"a": tensor(("2",))}, EIGHT, None, "impossible shape"),
    "a size that is true": ({"a": tensor((True, 2))}, EIGHT, None, "impossible shape"),
    "a size with a fraction": ({"a": tensor((2.0,))}, EIGHT, None, "number 2.0"),
    "an unknown kind": ({"a": tensor(dtype="F33")}, EIGHT, None, "unknown kind 'F33'"),
    "a kind that is no text": ({"a": tensor(dtype=["F32"])}, EIGHT, None, "unknown kind"),
    "reversed offsets": ({"a": tensor(start=8, end=0)}, EIGHT, None, "impossible offsets"),
    "negative offsets": ({"a": tensor(start=-8, end=0)}, EIGHT, None, "impossible offsets"),
    "three offsets": ({"a": tensor() | {"data_offsets": [0, 4, 8]}}, EIGHT, None, "impossible offsets"),
    "a size that does not match": ({"a": tensor((3,))}, EIGHT, None, "8 bytes where F32 [3] needs 12"),
    "a tensor of no elements": ({"a": tensor(), "b": tensor((0, 5), 8, 8)}, EIGHT, None, "no elements"),
    "nothing but a tensor of no elements": ({"b": tensor((0,), 0, 0)}, b"", None, "no elements"),
    "rank 9": ({"a": tensor((1,) * 8 + (2,))}, EIGHT, None, "impossible shape"),
    "a tensor twice": (pairs(("a", tensor()), ("a", tensor((8,), dtype="U8"))), EIGHT, None, "'a' twice"),
    "a field twice": (b'{"a":{"dtype":"U8","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT, None, "twice"),
    "an unknown field": ({"a": tensor(extra=1)}, EIGHT, None, "extra"),
    "a missing field": ({"a": {"dtype": "F32", "shape": [2]}}, EIGHT, None, "instead of"),
    "an entry that is no object": ({"a": [1, 2]}, EIGHT, None, "describes tensor 'a'"),
    "a name of 513 letters": ({"n" * 513: tensor()}, EIGHT, None, "impossible name"),
    "an empty name": ({"": tensor()}, EIGHT, None, "impossible name"),
    "a name with an escape sequence": ({"a\x1b[31m": tensor()}, EIGHT, None, "impossible name"),
    "no tensors": ({}, b"", None, "no tensors"),
    "only metadata": ({"__metadata__": {"a": "b"}}, b"", None, "no tensors"),
    "5,001 tensors": ({f"t{i}": tensor((1,), i, i + 1, "U8") for i in range(5001)}, bytes(5001), None, "5001 tensors"),
    "metadata that is a number": ({"__metadata__": {"a": 1}, "a": tensor()}, EIGHT, None, "metadata"),
    "metadata that is a list": ({"__metadata__": ["a"], "a": tensor()}, EIGHT, None, "metadata"),
    "NaN": (b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}', EIGHT, None, "NaN"),
    "a number of 9,000 digits": (
        b'{"a":{"dtype":"F32","shape":[' + b"9" * 9000 + b'],"data_offsets":[0,8]}}',
        EIGHT,
        None,
        "not JSON",
    ),
    "JSON nested 100,000 deep": (b'{"a":' + b"[" * 100_000, EIGHT, None, "not JSON"),
    "bad UTF-8": (b'{"\xff":1}', EIGHT, None, "not UTF-8"),
    "a lone surrogate": (b'{"\\ud800":' + json.dumps(tensor()).encode() + b"}", EIGHT, None, "impossible name"),
    "a header that is a list": (b"[]", b"", None, "begin with '{'"),
    "text after the header": (b'{"a":1}x', b"", None, "not JSON"),
    "a header that is a pickle": (b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"", None, "begin with '{'"),
    "a header of 2**63 bytes": (b"{}", b"", 2**63, "claims a header"),
    "a header over 8 MiB": (b"{" + b" " * (8 * 2**20) + b"}", b"", None, "claims a header"),
    "a header longer than the file": ({"a": tensor()}, b"", 10_000, "inside its header"),
    "a header of no bytes": (b"", EIGHT, None, "begin with '{'"),
}


@pytest.mark.parametrize("wrong", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_that_names_it(wrong, tmp_path):
    header, body, length, word = HOSTILE[wrong]
    path = raw(tmp_path / "hostile.safetensors", header, body, length)
    with pytest.raises(WeightsError) as caught:
        TensorFile(path)
    message = str(caught.value)
    assert word in message
    assert str(path) in message
    assert len(message.splitlines()) == 1
    assert message.isprintable()
    assert len(message) < 1500


@pytest.mark.parametrize("body", [b"", b"\x00", bytes(7), bytes(8), bytes(100)])
def test_a_file_too_short_for_a_header_is_refused(body, tmp_path):
    path = tmp_path / "short.safetensors"
    path.write_bytes(body)
    with pytest.raises(WeightsError, match=r"short\.safetensors"):
        TensorFile(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(WeightsError, match="cannot be read"):
            TensorFile(path)


def good(path):
    tensors = {
        "half": torch.arange(6, dtype=torch.float16).reshape(2, 3),
        "brain": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "whole": torch.arange(5),
        "alone": torch.tensor(3.0),
    }
    save_file(tensors, path, {"made": "here"})
    return tensors


def test_what_the_library_writes_is_read_exactly(tmp_path):
    tensors = good(tmp_path / "good.safetensors")
    file = TensorFile(tmp_path / "good.safetensors")
    assert file.metadata == {"made": "here"}
    assert set(file.entries) == set(tensors)
    for name, value in tensors.items():
        assert torch.equal(file.tensor(name), value)
        assert file.entries[name].shape == tuple(value.shape)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    good(tmp_path / "good.safetensors")
    whole = (tmp_path / "good.safetensors").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "cut.safetensors").write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            TensorFile(tmp_path / "cut.safetensors")


@settings(max_examples=300)
@given(data=st.data())
def test_a_file_with_changed_bytes_is_read_or_refused_and_nothing_else(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed", numbered=True)
    good(folder / "good.safetensors")
    whole = bytearray((folder / "good.safetensors").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = folder / "changed.safetensors"
    path.write_bytes(whole)
    try:
        file = TensorFile(path)
        for name in file.entries:
            file.tensor(name)
    except WeightsError:
        pass


def test_tensors_are_views_of_the_file_and_writing_to_them_leaves_it_be(tmp_path):
    path = tmp_path / "big.safetensors"
    save_file({"a": torch.zeros(1000, 1000), "b": torch.ones(1000)}, path)
    file = TensorFile(path)
    a, b = file.tensor("a"), file.tensor("b")
    assert b.data_ptr() - a.data_ptr() == file.entries["b"].start - file.entries["a"].start
    a.fill_(7)
    assert torch.equal(TensorFile(path).tensor("a"), torch.zeros(1000, 1000))


def test_tensors_at_odd_addresses_are_read_too(tmp_path):
    header = json.dumps({"a": tensor()}).encode()
    for spaces in range(4):
        body = struct.pack("<2f", 1, 2)
        path = raw(tmp_path / "odd.safetensors", header + b" " * spaces, body)
        read = TensorFile(path).tensor("a")
        assert read.tolist() == [1, 2]
        assert read.data_ptr() % 4 == 0


def test_every_kind_of_number_has_its_size(tmp_path):
    for kind, size in SIZES.items():
        path = raw(tmp_path / "kind.safetensors", {"a": tensor((3,), 0, 3 * size, kind)}, bytes(3 * size))
        assert TensorFile(path).tensor("a").element_size() == size


def test_what_we_write_the_library_reads(tmp_path):
    from safetensors.torch import load_file

    tensors = {"b": torch.randn(3, 5), "a": torch.randn(7)[::2], "c": torch.tensor(2.0), "d": torch.randn(4, 6).T}
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        write_tensors(tmp_path / "ours.safetensors", tensors, dtype, {"format": "pt"})
        read = load_file(tmp_path / "ours.safetensors")
        assert read.keys() == tensors.keys()
        assert all(torch.equal(read[name], value.to(dtype)) for name, value in tensors.items())
        assert set(TensorFile(tmp_path / "ours.safetensors").entries) == set(tensors)


def test_a_write_that_fails_leaves_nothing_and_keeps_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "kept.safetensors"
    write_tensors(path, {"a": torch.zeros(3)}, torch.float32, {})
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safelight.weights.writing.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_tensors(path, {"a": torch.ones(3)}, torch.float32, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
