"""A checkpoint in a pickle becomes, once, a safetensors file that everything else reads.

    checkpoint = {"state_dict": {name: tensor}, "global_step": ..., Lightning's leavings}      or the names alone

Training keeps a moving average of the UNet beside the weights themselves, as `model_ema.` and the parameter's name
with the dots left out (CompVis, ldm/modules/ema.py). The published v1 files were made of the average, so where a file
holds both, "auto" takes it; "no" takes the weights as they were trained, which fine-tuning goes on from.

The safetensors file lies in the library's home, named by the pickle's SHA-256 and the choice, so that a file is
converted once wherever it is moved to. Tensors are written one by one as they are stored.
Read next: `checkpoint.py`.
"""

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from safelight.errors import OutputError, WeightsError
from safelight.weights import library
from safelight.weights.hashes import hash_files
from safelight.weights.pickle_machine import Strided
from safelight.weights.pickle_reader import PickleFile

__all__ = ["ENDINGS", "Ema", "converted", "model_tensors", "write_as_stored"]

Ema = Literal["auto", "yes", "no"]
ENDINGS = (".ckpt", ".pt", ".pth", ".bin")
AVERAGE = "model_ema."
FLOATS = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"}


def converted(path: Path, ema: Ema = "auto") -> Path:
    """Return the safetensors file that stands for a pickled checkpoint, made now if it was not made before.

    Raises WeightsError if the file cannot be read safely or holds no model, OutputError if there is no place for it.
    """
    place = library.home() / ".converted" / f"{hash_files([path])}-{ema}.safetensors"
    if place.is_file():
        return place
    file = PickleFile(path)
    chosen = model_tensors(file, ema)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_as_stored(place, file, chosen, {"format": "pt"})  # nothing of the name: equal weights, equal hash
    except OSError as error:
        raise OutputError(
            f"{path} was read, but {place} cannot be written: {error.strerror or error}; "
            "make room there, or set SAFELIGHT_HOME to another folder"
        ) from error
    return place


def model_tensors(file: PickleFile, ema: Ema = "auto") -> dict[str, Strided]:
    """Pick the tensors of a model out of a checkpoint, name -> tensor; averages take the place of what they average.

    Raises WeightsError where there are none, or no averages and `ema` is "yes".
    """
    tree = file.tree
    inner = tree.get("state_dict", tree) if isinstance(tree, dict) else None
    if not isinstance(inner, dict):
        raise WeightsError(f"{file.path} holds no table of tensors; it is no model")
    table = {name: value for name, value in inner.items() if isinstance(name, str) and isinstance(value, Strided)}
    floats = {name: value for name, value in table.items() if kind(value) is not None}
    plain = {name: value for name, value in floats.items() if not name.startswith(AVERAGE)}
    if not plain:
        raise WeightsError(f"{file.path} holds no tensors under names; it is no model")
    averages = {name.removeprefix(AVERAGE): value for name, value in floats.items() if name.startswith(AVERAGE)}
    if ema == "yes" and not averages:
        raise WeightsError(f"{file.path} holds no averaged weights (no {AVERAGE}...); take its weights as they are")
    if ema == "no":
        return plain
    short = {name.removeprefix("model.").replace(".", ""): name for name in plain if name.startswith("model.")}
    return plain | {short[name]: value for name, value in averages.items() if name in short}


def kind(view: Strided) -> str | None:
    """The safetensors word for a tensor's kind of float, None for whole numbers."""
    return {"DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16"}.get(
        view.storage.kind
    )


def write_as_stored(path: Path, file: PickleFile, views: Mapping[str, Strided], metadata: Mapping[str, str]) -> None:
    """Write tensors of a pickle into a safetensors file, each in the kind it is stored in. Raises OSError."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    at = 0
    for name, view in views.items():
        sizes = list(view.shape) or [1]  # a number alone becomes a row of one
        size = file.tensor(view).nbytes
        header[name] = {"dtype": kind(view), "shape": sizes, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as out:
            out.write(struct.pack("<Q", len(text)) + text)
            for view in views.values():
                out.write(raw(file.tensor(view)))
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def raw(tensor: Tensor) -> memoryview:
    """The bytes of a tensor in order."""
    return tensor.contiguous().flatten().view(torch.uint8).numpy().data
