"""Tiny models on disk, for the tests of everything that reads and writes them."""

import json
import struct
from pathlib import Path

import torch

from safelight.diffusion.schedule import ScheduleConfig
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import END, END_OF_WORD, START, byte_letters
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.recipe import Defaults
from safelight.weights.checkpoint import write_folder, write_single

TEXT = TextConfig(vocabulary=514, width=64, layers=2, heads=1, mlp=128, length=77)
UNET = UNetConfig(channels=(32, 64), attention=(True, False), blocks=1, heads=8, context=64, groups=32)
VAE = AutoencoderConfig(channels=(32, 32, 64, 64), blocks=1, groups=32)
DEFAULTS = Defaults(width=128, height=128, steps=20, guidance_scale=4.0, sampler="dpmpp_2m", schedule="karras")


def networks(text=TEXT, unet=UNET, vae=VAE):
    """Our three networks with random weights, those of norms too: a map that swapped two would not show else."""
    torch.manual_seed(0)
    made = TextEncoder(text), UNet(unet), Autoencoder(vae)
    for network in made:
        network.eval().requires_grad_(False)
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.normal_(0.5, 0.2)
    return made


def vocabulary(folder: Path):
    """The smallest vocabulary that is CLIP's kind: 256 letters, the same as word endings, start and end."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = byte_letters()
    pieces = [*letters, *(letter + END_OF_WORD for letter in letters), START, END]
    (folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    return folder / "vocab.json", folder / "merges.txt"


def folder_model(path: Path, dtype=torch.float32, made=None, defaults=DEFAULTS):
    """Write a tiny model as a diffusers folder and return its networks."""
    made = made or networks()
    write_folder(path, *made, ScheduleConfig(), defaults, vocabulary(path.parent / "words"), dtype)
    return made


def single_model(path: Path, dtype=torch.float32, made=None, defaults=DEFAULTS):
    """Write a tiny model as one CompVis file, its tokenizer beside it, and return its networks."""
    made = made or networks()
    write_single(path, *made, ScheduleConfig(), defaults, vocabulary(path.parent), dtype)
    return made


def edit(file: Path, change):
    """Rewrite a safetensors file after `change(tensors, metadata)`."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(file, "pt") as opened:
        tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118  (no mapping)
        metadata = dict(opened.metadata() or {})
    change(tensors, metadata)
    save_file(tensors, file, metadata)


def edit_json(file: Path, **changes):
    """Change keys of a JSON file; a value of None removes the key."""
    values = json.loads(file.read_text("utf-8")) | changes
    file.write_text(json.dumps({key: value for key, value in values.items() if value is not None}), "utf-8")


def raw(path: Path, header, body: bytes = b"", length: int | None = None):
    """Write a file whose header is these bytes, or this object as JSON."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)
    return path


def same(ours, theirs):
    """Whether two networks have equal tensors under equal names."""
    a, b = ours.state_dict(), theirs.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)
