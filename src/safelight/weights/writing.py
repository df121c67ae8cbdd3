"""Write a model: as a diffusers folder that other programs read, or as one file with CompVis' names.

Tensors go to disk one by one, so writing half precision never holds a second model in memory. Everything is written
beside its place and renamed when whole: a file or folder of the final name is complete. A large network may come in
pieces, each small enough for places that refuse large files.
"""

import json
import os
import shutil
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from safelight.diffusion.schedule import ScheduleConfig
from safelight.errors import OutputError, WeightsError
from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.models.vae import Autoencoder
from safelight.recipe import Defaults
from safelight.weights.configs import text_json, unet_json, vae_json
from safelight.weights.folder import FOLDERS, STEMS
from safelight.weights.keys import PARTS, Dialect, Name, Part, text_names, unet_names, vae_names
from safelight.weights.reading import read_json
from safelight.weights.safetensors_file import FLOATS
from safelight.weights.scheduler import scheduler_json

__all__ = ["write_folder", "write_pieces", "write_single", "write_tensors"]

START, END = "<|startoftext|>", "<|endoftext|>"
ROOM_FOR_HEADER, ROOM_FOR_ENTRY = 256, 128  # bytes, beside the name and the numbers: generous


def write_folder(
    path: Path,
    text: TextEncoder,
    unet: UNet,
    vae: Autoencoder,
    schedule_config: ScheduleConfig,
    defaults: Defaults,
    tokenizer: tuple[Path, Path],
    dtype: torch.dtype = torch.float32,
    *,
    largest: int | None = None,
    about: Mapping[str, object] | None = None,
) -> None:
    """Write a diffusers folder, which diffusers' StableDiffusionPipeline loads too.

    Args:
        path: the folder. If it exists its model is replaced; files in it that belong to none stay.
        text: the text encoder.
        unet: the UNet.
        vae: the autoencoder.
        schedule_config: the noise schedule it was trained with.
        defaults: what it does when a recipe leaves it open.
        tokenizer: its vocab.json and merges.txt.
        dtype: what the weights are stored in.
        largest: bytes of a file of tensors at most; a network of more comes in pieces with an index.
        about: more for safelight.json, beside the defaults: what it knows, how it was made.

    Raises:
        OutputError: it cannot be written; nothing is left behind.
    """
    vocab, merges = tokenizer
    configs = all_configs(text, unet, vae, schedule_config, defaults, vocab)
    whole = path.parent / f".{path.name}.{os.getpid()}"
    old = path.parent / f".{path.name}.{os.getpid()}.old"
    networks: dict[Part, nn.Module] = {"text": text, "unet": unet, "vae": vae}
    try:
        for part in PARTS:
            place = whole / FOLDERS[part]
            place.mkdir(parents=True)
            put(place / "config.json", configs[part])
            tensors = renamed(networks[part], names_of(text, unet, vae)[part], "diffusers")
            write_pieces(place, STEMS[part], tensors, dtype, largest)
        for place in ("scheduler", "tokenizer"):
            (whole / place).mkdir()
        put(whole / "scheduler" / "scheduler_config.json", configs["scheduler"])
        shutil.copyfile(vocab, whole / "tokenizer" / "vocab.json")
        shutil.copyfile(merges, whole / "tokenizer" / "merges.txt")
        put(whole / "tokenizer" / "tokenizer_config.json", tokenizer_json(text.config.length))
        put(whole / "tokenizer" / "special_tokens_map.json", SPECIAL)
        put(whole / "safelight.json", {"defaults": configs["defaults"], **(about or {})})
        put(whole / "model_index.json", INDEX | {"scheduler": ["diffusers", configs["scheduler"]["_class_name"]]})
        replace(whole, path, old)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def write_single(
    path: Path,
    text: TextEncoder,
    unet: UNet,
    vae: Autoencoder,
    schedule_config: ScheduleConfig,
    defaults: Defaults,
    tokenizer: tuple[Path, Path],
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write one .safetensors file with CompVis' names; arguments as for `write_folder`.

    The configs go into its header, where Safelight finds them again. The tokenizer does not go into such a file: keep
    vocab.json and merges.txt beside it.
    """
    configs = all_configs(text, unet, vae, schedule_config, defaults, tokenizer[0])
    networks: dict[Part, nn.Module] = {"text": text, "unet": unet, "vae": vae}
    names = names_of(text, unet, vae)
    tensors = {key: value for part in PARTS for key, value in renamed(networks[part], names[part], "compvis").items()}
    try:
        write_tensors(path, tensors, dtype, {"format": "pt", "safelight": json.dumps(configs)})
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def write_pieces(
    folder: Path, stem: str, tensors: Mapping[str, Tensor], dtype: torch.dtype, largest: int | None = None
) -> None:
    """Write tensors into `folder`: as STEM.safetensors, or in files of at most `largest` bytes with an index.

    The files are STEM-00001-of-00003.safetensors and so on, the index is STEM.safetensors.index.json, as diffusers and
    transformers have them. A single tensor of more than `largest` bytes gets a file of its own. Raises OSError.
    """
    pieces: list[dict[str, Tensor]] = [{}]
    size = ROOM_FOR_HEADER
    for name, tensor in tensors.items():
        more = tensor.numel() * dtype.itemsize + len(name) + ROOM_FOR_ENTRY
        if pieces[-1] and largest is not None and size + more > largest:
            pieces.append({})
            size = ROOM_FOR_HEADER
        pieces[-1][name] = tensor
        size += more
    if len(pieces) == 1:
        write_tensors(folder / f"{stem}.safetensors", tensors, dtype, {"format": "pt"})
        return
    where: dict[str, str] = {}
    for number, piece in enumerate(pieces, 1):
        file = f"{stem}-{number:05d}-of-{len(pieces):05d}.safetensors"
        write_tensors(folder / file, piece, dtype, {"format": "pt"})
        where |= dict.fromkeys(piece, file)
    total = sum(tensor.numel() for tensor in tensors.values()) * dtype.itemsize
    put(folder / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": where})


def write_tensors(path: Path, tensors: Mapping[str, Tensor], dtype: torch.dtype, metadata: Mapping[str, str]) -> None:
    """Write a safetensors file, each tensor converted to `dtype` in turn. Raises OSError; leaves nothing half-done."""
    kind = {value: key for key, value in FLOATS.items()}[dtype]
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    at = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * dtype.itemsize
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that every tensor begins at a multiple of its elements' size
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for tensor in tensors.values():
                plain = tensor.detach().to("cpu", dtype).contiguous()
                file.write(plain.flatten().view(torch.uint8).numpy().data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def renamed(network: nn.Module, names: Iterable[Name], dialect: Dialect) -> dict[str, Tensor]:
    """Return a network's tensors under their names in `dialect`, in the shapes they have there."""
    state = network.state_dict()
    tensors: dict[str, Tensor] = {}
    for name in names:
        tensor = state[name.ours]
        tensors[name.theirs(dialect)] = tensor[:, :, None, None] if name.pointwise and dialect == "compvis" else tensor
    return tensors


def names_of(text: TextEncoder, unet: UNet, vae: Autoencoder) -> dict[Part, list[Name]]:
    """Return the table of names of three networks."""
    return {"text": text_names(text.config), "unet": unet_names(unet.config), "vae": vae_names(vae.config)}


def all_configs(
    text: TextEncoder, unet: UNet, vae: Autoencoder, schedule: ScheduleConfig, defaults: Defaults, vocab: Path
) -> dict[str, dict[str, object]]:
    """Write every config in diffusers' words, and the defaults in ours."""
    ids = read_json(vocab)
    start, end = ids.get(START), ids.get(END)
    if not isinstance(start, int) or not isinstance(end, int):
        raise WeightsError(f"{vocab} has no ids for {START} and {END}; give the vocabulary of a CLIP tokenizer")
    return {
        "text": text_json(text.config, start, end),
        "unet": unet_json(unet.config, max(defaults.width, defaults.height) // vae.factor),
        "vae": vae_json(vae.config, max(defaults.width, defaults.height)),
        "scheduler": scheduler_json(schedule, defaults),
        "defaults": defaults.model_dump(),
    }


def replace(whole: Path, path: Path, old: Path) -> None:
    """Put the folder `whole` in the place of `path`, and take over what lies in `path` that is no part of a model."""
    if path.exists():
        path.rename(old)
    try:
        whole.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    if old.exists():
        for extra in old.iterdir():
            if not (path / extra.name).exists():
                extra.rename(path / extra.name)
        shutil.rmtree(old, ignore_errors=True)


def put(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


SPECIAL = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
INDEX: dict[str, object] = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.30.0",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def tokenizer_json(length: int) -> dict[str, object]:
    """Write a tokenizer_config.json for transformers."""
    return {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": length,
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
        **SPECIAL,
    }
