"""Find a model's tokenizer: the two files vocab.json and merges.txt that `models/tokenizer.py` reads.

A diffusers folder has them in its folder `tokenizer`. Newer versions of transformers write one tokenizer.json instead,
which holds both; they are then taken out of it, once, into the library's home. A single file has no tokenizer: it is
looked for beside the file, then in every model of the library.
"""

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from safelight.errors import WeightsError
from safelight.weights import library
from safelight.weights.reading import read_json

__all__ = ["size", "tokenizer_files", "tokenizer_for"]


def tokenizer_files(folder: Path) -> tuple[Path, Path] | None:
    """Return vocab.json and merges.txt of a folder (or of its folder `tokenizer`), None if it has none."""
    for place in (folder / "tokenizer", folder):
        vocab, merges = place / "vocab.json", place / "merges.txt"
        if vocab.is_file() and merges.is_file():
            return vocab, merges
        if (place / "tokenizer.json").is_file():
            return taken_out(place / "tokenizer.json")
    return None


def tokenizer_for(path: Path, places: Sequence[Path], vocabulary: int) -> tuple[Path, Path]:
    """Return the tokenizer of the model at `path`, from the first of `places` that has one.

    Args:
        path: the model's folder or file.
        places: folders to look in; with none that has a tokenizer, a single file takes that of another model.
        vocabulary: how many tokens the model's text encoder knows.

    Raises:
        WeightsError: there is none, or it has more tokens than the text encoder.
    """
    found = next((files for place in places if (files := tokenizer_files(place))), None)
    if found:
        if size(found[0]) > vocabulary:
            raise WeightsError(
                f"{found[0]} has ids up to {size(found[0]) - 1}, but this text encoder knows only {vocabulary} tokens; "
                "they do not belong together"
            )
        return found
    if path.is_dir():
        raise WeightsError(f"{path} has no tokenizer/vocab.json and merges.txt; fetch the model again")
    for other in library.models().values():
        try:
            files = tokenizer_files(other) if other.is_dir() else None
            if files and size(files[0]) == vocabulary:
                return files
        except WeightsError:
            continue  # another model's trouble
    raise WeightsError(
        f"{path} holds no tokenizer, as no single file does; put CLIP's vocab.json and merges.txt beside it, "
        "or pull any Stable Diffusion v1 model (safelight models pull CompVis/stable-diffusion-v1-4)"
    )


def size(vocab: Path) -> int:
    """Return one more than the largest id in a vocab.json."""
    ids = read_json(vocab).values()
    if not ids or not all(type(value) is int for value in ids):
        raise WeightsError(f"{vocab} is not a vocabulary, a JSON object of words and ids; fetch the model again")
    return max(value for value in ids if isinstance(value, int)) + 1


def taken_out(file: Path) -> tuple[Path, Path]:
    """Write the vocabulary and the merges of a tokenizer.json as two files, unless that was done before."""
    model = read_json(file).get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or model.get("end_of_word_suffix") != "</w>":
        raise WeightsError(f"{file} is not a tokenizer of CLIP's kind, byte pairs with the word ending </w>")
    vocab, pairs = model.get("vocab"), model.get("merges")
    if not isinstance(vocab, dict) or not isinstance(pairs, list):
        raise WeightsError(f"{file} has no vocabulary or no merges; fetch the model again")
    lines = [
        pair if isinstance(pair, str) else " ".join(map(str, pair)) for pair in pairs if isinstance(pair, str | list)
    ]
    contents = {
        "vocab.json": json.dumps(vocab, ensure_ascii=False),
        "merges.txt": "\n".join(["#version: 0.2", *lines, ""]),
    }
    digest = hashlib.sha256("\0".join(contents.values()).encode("utf-8", "surrogatepass")).hexdigest()
    place = library.home() / ".tokenizers" / digest[:32]
    try:
        put(place, contents)
    except OSError:  # a home that cannot be written to
        place = Path(tempfile.mkdtemp(prefix="safelight-"))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        put(place, contents)
    return place / "vocab.json", place / "merges.txt"


def put(place: Path, contents: dict[str, str]) -> None:
    """Write files that are not there yet, each in one step. Raises OSError."""
    place.mkdir(parents=True, exist_ok=True)
    for name, text in contents.items():
        if not (place / name).is_file():
            temporary = place / f".{name}.{os.getpid()}"
            temporary.write_text(text, "utf-8", errors="replace")
            temporary.replace(place / name)
