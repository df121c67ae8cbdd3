"""Words that somebody taught: textual inversion, a few vectors that stand where a prompt says the word.

    Embedding(name="<cat-toy>", vectors=(n, D))        n tokens of the text encoder's width D, 768 in v1

    AUTOMATIC1111   {"string_to_token": {"*": 265}, "string_to_param": {"*": (n, D)}, "name": ..., "step": ...}   .pt
    diffusers       {"<cat-toy>": (D,) or (n, D)}                                                .bin, .safetensors
    kohya           {"emb_params": (n, D)}                                                              .safetensors

Paper: Gal et al. 2022, arXiv 2208.01618.
Read next: `TextEncoder.embed` in `models/text.py`, where the vectors go in.
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from safelight.adapters.tensors import is_pickle, read_tensors
from safelight.errors import OutputError, WeightsError
from safelight.weights.pickle_machine import Strided
from safelight.weights.pickle_reader import PickleFile
from safelight.weights.writing import write_tensors

__all__ = ["Embedding", "Form", "read", "write"]

MOST_VECTORS = 75
"""Tokens that a row of a prompt has room for, between its start and its end."""

Form = Literal["a1111", "diffusers", "kohya"]
STAR = "*"  # the word that was trained, in files of the paper's authors and of AUTOMATIC1111
KOHYA = "emb_params"


@dataclass(frozen=True, eq=False)
class Embedding:
    """A word and its vectors (n, D), float32. The word is what diffusers' files say, else the file's name."""

    name: str
    vectors: Tensor


def read(path: str | Path) -> Embedding:
    """Read a textual-inversion file, `.pt`, `.bin` or `.safetensors`; nothing in it is run.

    Raises WeightsError in one line where it cannot be read, holds no single word, or its numbers are unusable.
    """
    path = Path(path)
    name, found = _pickled(path) if is_pickle(path) else _one_word(path, read_tensors(path)[0])
    if found.ndim == 1:
        found = found[None]
    if found.ndim != 2 or not 1 <= len(found) <= MOST_VECTORS or not found.is_floating_point():
        raise WeightsError(
            f"{path} is no usable embedding: its vectors are {list(found.shape)} {found.dtype}, not 1 to "
            f"{MOST_VECTORS} rows of numbers"
        )
    vectors = found.float().clone()  # a view of the file would change with it
    if not bool(torch.isfinite(vectors).all()):
        raise WeightsError(f"{path} is no usable embedding: it holds NaN or infinity; fetch it again")
    return Embedding(name, vectors)


def write(embedding: Embedding, path: str | Path, form: Form = "diffusers") -> None:
    """Write an embedding as AUTOMATIC1111 (`.pt`), diffusers (`.safetensors` or `.bin`) or kohya (`.safetensors`) do.

    Raises OutputError where it cannot be written, or where the form does not go with the file's suffix.
    """
    path = Path(path)
    wanted = SUFFIXES[form]
    if path.suffix not in wanted:
        raise OutputError(f"{path}: an embedding in the form of {form} is a {' or '.join(wanted)} file; name it so")
    vectors = embedding.vectors.detach().cpu().float().contiguous()
    try:
        if path.suffix == ".safetensors":
            key = KOHYA if form == "kohya" else embedding.name
            write_tensors(path, {key: vectors}, torch.float32, {"format": "pt"})
            return
        kept: dict[str, object] = {embedding.name: vectors}
        if form == "a1111":
            tables = {"string_to_token": {STAR: 265}, "string_to_param": {STAR: vectors}}
            kept = {**tables, "name": embedding.name, "step": 0, "sd_checkpoint": None, "sd_checkpoint_name": None}
        buffer = io.BytesIO()
        torch.save(kept, buffer)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(buffer.getvalue())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def _pickled(path: Path) -> tuple[str, Tensor]:
    """Find the word in what torch.save wrote."""
    file = PickleFile(path)
    tree = file.tree
    if not isinstance(tree, dict):
        raise WeightsError(f"{path} is no embedding: it holds no dict")
    if "string_to_param" in tree:
        table = tree["string_to_param"]
        if not isinstance(table, dict):
            raise WeightsError(
                f"{path} keeps its vectors inside a program's object, which is not opened; "
                "get the file as .safetensors, or let AUTOMATIC1111 save it again"
            )
        words = {str(key): file.tensor(view) for key, view in table.items() if isinstance(view, Strided)}
        if len(words) != 1:
            raise WeightsError(f"{path} teaches {len(words)} words; a file for one is needed")
        return path.stem, next(iter(words.values()))
    return _one_word(path, {str(key): file.tensor(view) for key, view in tree.items() if isinstance(view, Strided)})


def _one_word(path: Path, tensors: dict[str, Tensor]) -> tuple[str, Tensor]:
    """Take the single tensor of a file, and the word it is for."""
    if {"clip_l", "clip_g"} <= tensors.keys():
        raise WeightsError(f"{path} was made for Stable Diffusion XL; get one for Stable Diffusion v1")
    if KOHYA in tensors:
        return path.stem, tensors[KOHYA]
    if len(tensors) != 1:
        some = ", ".join(sorted(tensors)[:3])[:100] or "none"
        raise WeightsError(f"{path} is no embedding of one word: it holds {len(tensors)} tensors ({some})")
    ((name, vectors),) = tensors.items()
    # The paper's authors called every word "*"; it means the file then.
    return path.stem if name == STAR else name, vectors


SUFFIXES: dict[Form, tuple[str, ...]] = {
    "a1111": (".pt",),
    "diffusers": (".safetensors", ".bin"),
    "kohya": (".safetensors",),
}
