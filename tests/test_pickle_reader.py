"""Pickles are read without being run: what torch wrote comes back, and no hostile file leaves a trace."""

import collections
import io
import os
import pickle
import random
import struct
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from safelight.errors import WeightsError
from safelight.weights.pickle_machine import Inert
from safelight.weights.pickle_models import converted, model_tensors
from safelight.weights.pickle_reader import PickleFile, leaves
from safelight.weights.safetensors_file import TensorFile


def contents():
    table = collections.OrderedDict(
        whole=torch.randn(3, 4),
        half=torch.randn(5).half(),
        brain=torch.randn(2).bfloat16(),
        count=torch.arange(4),
        turned=torch.randn(4, 5).t(),
        learnt=torch.nn.Parameter(torch.randn(2)),
        alone=torch.tensor(3.0),
    )
    table["shared"] = table["whole"][1:]
    return {"state_dict": table, "global_step": 12, "rate": 0.5, "name": "é", "list": [torch.ones(2)]}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_torch_saved_comes_back(tmp_path, zipped):
    path, saved = tmp_path / "x.ckpt", contents()
    torch.save(saved, path, _use_new_zipfile_serialization=zipped)
    file = PickleFile(path)
    found = {name: file.tensor(view) for name, view in leaves(file.tree)}
    expected = {f"state_dict.{name}": tensor for name, tensor in saved["state_dict"].items()}
    expected["list.0"] = saved["list"][0]
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor.detach())
    assert isinstance(file.tree, dict)
    assert file.tree["global_step"] == 12
    assert file.tree["name"] == "é"


class Calls:
    """Pickles as a call of anything."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def zipped(program: bytes, extra=(), compression=zipfile.ZIP_STORED, root="archive") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr(f"{root}/data.pkl", program)
        for name, data in extra:
            archive.writestr(name, data)
    return buffer.getvalue()


def storage(kind=b"ctorch\nFloatStorage\n", key=b"V0\n", count=b"K\x04", place=b"Vcpu\n"):
    return b"(Vstorage\n" + kind + key + place + count + b"tQ"


def tensor(offset=b"K\x00", shape=b"K\x04\x85", stride=b"K\x01\x85", held=None):
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + (held or storage()) + offset + shape + stride + b"\x89NtR."


FOUR = [("archive/data/0", b"\0" * 16)]
TOUCH = "touch {trace}"

# What wants to run something. None of it may, whether the file is refused or read as plain data.
PROGRAMS = {
    "reduce os.system": lambda trace: pickle.dumps(Calls(os.system, TOUCH.format(trace=trace)), 2),
    "reduce eval": lambda trace: pickle.dumps(Calls(eval, f"open({str(trace)!r}, 'w')"), 2),
    "reduce exec": lambda trace: pickle.dumps(Calls(exec, f"open({str(trace)!r}, 'w')"), 4),
    "reduce open": lambda trace: pickle.dumps(Calls(open, str(trace), "w"), 2),
    "reduce getattr": lambda trace: pickle.dumps(Calls(getattr, Calls(__import__, "os"), "system"), 2),
    "reduce import": lambda trace: pickle.dumps(Calls(__import__, "antigravity"), 2),
    "stack global": lambda trace: b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c" + text(f"touch {trace}") + b"\x85R.",
    "dotted name": lambda trace: b"\x80\x04\x8c\x08builtins\x8c\x0deval.__call__\x93\x8c" + text("1+1") + b"\x85R.",
    "inst": lambda trace: b"(S'touch " + str(trace).encode() + b"'\nios\nsystem\n.",
    "obj": lambda trace: b"(cos\nsystem\nS'touch " + str(trace).encode() + b"'\no.",
    "newobj": lambda trace: b"\x80\x02csubprocess\nPopen\nS'touch " + str(trace).encode() + b"'\n\x85\x81.",
    "newobj_ex": lambda trace: (
        b"\x80\x04csubprocess\nPopen\nS'touch " + str(trace).encode() + b"'\n\x85}\x92."
    ),
    "build": lambda trace: b"\x80\x02ctorch\nTensor\n)\x81}S'__setstate__'\ncos\nsystem\nsb.",
    "build on a dict": lambda trace: b"\x80\x02}(S'items'\ncos\nsystem\nud(S'touch x'\nI1\nub.".replace(b"d(", b"("),
    "setitem on a call": lambda trace: b"\x80\x02cos\nenviron\nS'A'\nS'B'\ns.",
    "append to a class": lambda trace: b"\x80\x02csys\npath\nS'/tmp'\na.",
    "extension": lambda trace: b"\x80\x02\x82\x01.",
    "torch.load inside": lambda trace: pickle.dumps(Calls(torch.load, str(trace)), 2),
    "pickle inside": lambda trace: pickle.dumps(
        Calls(pickle.loads, pickle.dumps(Calls(os.system, f"touch {trace}"))), 2
    ),
    "runpy": lambda trace: b"\x80\x02crunpy\nrun_path\nS'" + str(trace).encode() + b"'\n\x85R.",
    "timeit": lambda trace: b"\x80\x02ctimeit\ntimeit\nS'open(1)'\n\x85R.",
    "numpy": lambda trace: b"\x80\x02cnumpy.testing._private.utils\nrunstring\nS'x=1'\n}\x86R.",
    "rebuild with a callable": lambda trace: (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(cos\nsystem\nK\x00))\x89NtR."
    ),
    "ordered dict of a call": lambda trace: (
        b"\x80\x02ccollections\nOrderedDict\n(](cos\nsystem\nS'touch x'\ne\x85tR."
    ),
}  # fmt: skip

# What is broken, too large, or points outside.
BROKEN = {
    "nothing": b"",
    "text": b"hello, I am a model\n",
    "no end": b"\x80\x02}",
    "empty stack": b"\x80\x02.",
    "no mark": b"\x80\x02t.",
    "odd items": b"\x80\x02}(K\x01u.",
    "unknown memo": b"\x80\x02h\x07.",
    "a list for a key": b"\x80\x02}]K\x01s.",
    "a number of ten thousand digits": b"L" + b"9" * 10_000 + b"L\n.",
    "a string that claims a terabyte": b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.",
    "a frame that claims everything": b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b".",
    "an out-of-band buffer": b"\x80\x05\x97.",
    "storage of an unknown kind": tensor(held=storage(kind=b"ctorch\nQInt8Storage\n")),
    "storage of a foreign class": tensor(held=storage(kind=b"cos\nFloatStorage\n")),
    "storage without a size": tensor(held=storage(count=b"N")),
    "storage of a negative size": tensor(held=storage(count=b"J\xff\xff\xff\xff")),
    "a persistent id of text": b"Psomewhere\n.",
    "a tensor of negative shape": tensor(shape=b"J\xfe\xff\xff\xff\x85"),
    "a tensor with a flag for a size": tensor(shape=b"\x88\x85"),
    "a tensor of nine dimensions": tensor(shape=b"(" + b"K\x01" * 9 + b"t", stride=b"(" + b"K\x01" * 9 + b"t"),
    "shape and stride that differ": tensor(shape=b"K\x02K\x02\x86"),
}

# What reads, but whose tensor reaches outside its storage.
OUTSIDE = {
    "an offset beyond the end": tensor(offset=b"K\x08"),
    "a stride beyond the end": tensor(stride=b"K\x09\x85"),
    "more elements than there are": tensor(shape=b"M\xff\xff\x85", stride=b"K\x00\x85"),
    "a storage that is missing": tensor(held=storage(key=b"V7\n")),
    "a storage that is shorter than told": tensor(held=storage(count=b"K\x05")),
}


def text(words: str) -> bytes:
    raw = words.encode()
    return bytes([len(raw)]) + raw


def look(path: Path) -> object:
    """Do with a file all that the package would do."""
    file = PickleFile(path)
    for _, view in leaves(file.tree):
        file.tensor(view)
    return file.tree


def traces(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("wrapped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_never_run(tmp_path, monkeypatch, name, wrapped):
    monkeypatch.chdir(tmp_path)
    trace = tmp_path / "trace"
    program = PROGRAMS[name](trace)
    path = tmp_path / "evil.ckpt"
    head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    path.write_bytes(zipped(program, FOUR) if wrapped else head + program + pickle.dumps([], 2))
    before, environment, modules = traces(tmp_path), dict(os.environ), set(sys.modules)
    with suppress(WeightsError):  # a program may be refused, or be read as the plain data around it
        assert not callable(look(path))
    assert traces(tmp_path) == before
    assert dict(os.environ) == environment
    assert not {"antigravity", "runpy", "timeit"} & (set(sys.modules) - modules)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_program_is_refused_in_one_line(tmp_path, name):
    path = tmp_path / "broken.ckpt"
    for data in (zipped(BROKEN[name], FOUR), BROKEN[name]):
        path.write_bytes(data)
        with pytest.raises(WeightsError) as caught:
            look(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_tensor_that_reaches_outside_its_storage_is_refused(tmp_path, name):
    path = tmp_path / "outside.ckpt"
    path.write_bytes(zipped(OUTSIDE[name], FOUR))
    with pytest.raises(WeightsError):
        look(path)


def test_the_crafted_tensor_is_read_when_nothing_is_wrong_with_it(tmp_path):
    path = tmp_path / "right.ckpt"
    path.write_bytes(zipped(tensor(), FOUR))
    file = PickleFile(path)
    [(_, view)] = leaves([file.tree])
    assert file.tensor(view).shape == (4,)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("compressed", zipped(tensor(), FOUR, zipfile.ZIP_DEFLATED)),
        ("two objects", zipped(tensor(), [*FOUR, ("other/data.pkl", b"N.")])),
        ("no object", zipped(b"", root="x").replace(b"data.pkl", b"data.txt")),
        ("big-endian", zipped(tensor(), [*FOUR, ("archive/byteorder", b"big")])),
        ("cut short", zipped(tensor(), FOUR)[:-40]),
        ("only a directory", zipped(tensor(), FOUR)[200:]),
    ],
)
def test_a_crooked_archive_is_refused(tmp_path, name, data):
    path = tmp_path / "crooked.ckpt"
    path.write_bytes(data)
    with pytest.raises(WeightsError):
        look(path)


def test_containers_that_multiply_or_hold_themselves_end(tmp_path):
    laughs = b"\x80\x02]q\x00" + b"".join(
        b"](" + b"h" + bytes([n]) + (b"h" + bytes([n])) * 9 + b"eq" + bytes([n + 1]) for n in range(20)
    )
    loop = b"\x80\x02]q\x00h\x00a."
    for number, program in enumerate((laughs + b".", loop)):
        path = tmp_path / f"{number}.ckpt"
        path.write_bytes(zipped(program, FOUR))
        with pytest.raises(WeightsError, match="without an end"):
            look(path)


# Python's own scanner of old strings warns of a backslash that means nothing.
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
def test_mutations_of_a_real_file_are_read_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, rng = tmp_path / "x.ckpt", random.Random(4)
    refused = 0
    for zipped_form in (True, False):
        torch.save(contents(), path, _use_new_zipfile_serialization=zipped_form)
        real = path.read_bytes()
        for _ in range(300):
            broken = bytearray(real)
            for _ in range(rng.randrange(1, 6)):
                broken[rng.randrange(len(broken))] = rng.randrange(256)
            path.write_bytes(broken[: rng.randrange(len(broken))] if rng.random() < 0.2 else broken)
            try:
                look(path)
            except WeightsError:
                refused += 1
    assert refused > 100
    assert traces(tmp_path) == {"x.ckpt"}


def checkpoint(average: bool):
    names = {"model.diffusion_model.out.2.weight": torch.zeros(2, 3), "first_stage_model.a": torch.ones(2).half()}
    if average:
        names |= {
            "model_ema.diffusion_modelout2weight": torch.full((2, 3), 5.0),
            "model_ema.num_updates": torch.tensor(3, dtype=torch.int32),
        }
    return {"state_dict": names, "callbacks": {"x": Calls(collections.Counter, "aab")}, "epoch": 3}


@pytest.mark.parametrize(("choice", "value"), [("auto", 5.0), ("yes", 5.0), ("no", 0.0)])
def test_averages_take_the_place_of_what_they_average(tmp_path, choice, value):
    path = tmp_path / "x.ckpt"
    torch.save(checkpoint(average=True), path)
    file = PickleFile(path)
    chosen = model_tensors(file, choice)
    assert set(chosen) == {"model.diffusion_model.out.2.weight", "first_stage_model.a"}
    assert float(file.tensor(chosen["model.diffusion_model.out.2.weight"]).mean()) == value


def test_averages_that_are_not_there_cannot_be_asked_for(tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save(checkpoint(average=False), path)
    with pytest.raises(WeightsError, match="no averaged weights"):
        model_tensors(PickleFile(path), "yes")


def test_objects_that_lightning_left_are_inert(tmp_path):
    path = tmp_path / "x.ckpt"
    torch.save(checkpoint(average=False), path)
    tree = PickleFile(path).tree
    assert isinstance(tree, dict)
    assert tree["callbacks"] == {"x": Inert("collections.Counter")}


def test_a_checkpoint_is_converted_once_in_the_kinds_it_has(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    path = tmp_path / "x.ckpt"
    torch.save(checkpoint(average=False), path)
    place = converted(path)
    file = TensorFile(place)
    assert {name: entry.dtype for name, entry in file.entries.items()} == {
        "model.diffusion_model.out.2.weight": "F32",
        "first_stage_model.a": "F16",
    }
    time = place.stat().st_mtime_ns
    assert converted(path) == place
    assert place.stat().st_mtime_ns == time
    assert traces(place.parent) == {place.name}
