"""A model in diffusers' layout: a folder for each network, with its config and its tensors.

    unet/config.json          unet/diffusion_pytorch_model.safetensors
    vae/config.json           vae/diffusion_pytorch_model.safetensors
    text_encoder/config.json  text_encoder/model.safetensors
    scheduler/scheduler_config.json   tokenizer/vocab.json   tokenizer/merges.txt   safelight.json (ours, optional)

`model_index.json` may be there; nothing in it is needed, and no class that it names is ever loaded. A variant stands
before the ending (`model.fp16.safetensors`); large networks may come in numbered pieces with an index.

Read next: `checkpoint.py`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from safelight.errors import WeightsError, nearest
from safelight.weights.keys import PARTS, Part
from safelight.weights.reading import read_json
from safelight.weights.safetensors_file import TensorFile

__all__ = ["FOLDERS", "STEMS", "part_folder", "tensor_files", "variants"]

FOLDERS: dict[Part, str] = {"text": "text_encoder", "unet": "unet", "vae": "vae"}
STEMS: dict[Part, str] = {"text": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
PREFERRED = ("fp16", "bf16")  # which variant to take where there is no plain file


def part_folder(folder: Path, part: Part) -> Path:
    """Return the folder of one network. Raises WeightsError where the model has none."""
    path = folder / FOLDERS[part]
    if not (path / "config.json").is_file():
        missing = ", ".join(f"{name}/config.json" for name in FOLDERS.values() if not (folder / name).is_dir())
        raise WeightsError(
            f"{folder} is not a model folder: it has no {missing or f'{FOLDERS[part]}/config.json'}; "
            "give the folder that holds unet, vae and text_encoder, or one .safetensors file"
        )
    return path


def choices(path: Path, stem: str) -> dict[str | None, Path]:
    """List the files of tensors in one network's folder: variant (None for the plain one) -> file or index."""
    patterns = (
        rf"{stem}(?:\.(?P<variant>\w+))?\.safetensors(?:\.index\.json)?",
        rf"{stem}\.safetensors\.index\.(?P<variant>\w+)\.json",
    )
    found: dict[str | None, Path] = {}
    for file in sorted(path.iterdir()):
        for pattern in patterns:
            if (matched := re.fullmatch(pattern, file.name)) and matched["variant"] != "index":
                found.setdefault(matched["variant"], file)
    return found


def variants(folder: Path) -> set[str]:
    """Name the variants that any network of the folder comes in."""
    names: set[str] = set()
    for part in PARTS:
        names |= {name for name in choices(part_folder(folder, part), STEMS[part]) if name}
    return names


def tensor_files(folder: Path, part: Part, variant: str | None) -> dict[str, TensorFile]:
    """Find the tensors of one network: name -> the file that holds it.

    Without a `variant` the plain file is taken, or fp16, or bf16, or the only one there is. With one, a network that
    does not come in it is taken plain. Raises WeightsError if there are none, or if an index and its files disagree.
    """
    path = part_folder(folder, part)
    found = choices(path, STEMS[part])
    order = [variant, None, *PREFERRED, *found]
    chosen = next((found[name] for name in order if name in found), None)
    others = sorted(name for name in found if name)
    if chosen is None:
        pickles = [file.name for file in sorted(path.iterdir()) if file.suffix in (".bin", ".ckpt", ".pt", ".msgpack")]
        if pickles:
            raise WeightsError(
                f"{path} holds its weights as {pickles[0]}, which Safelight does not read: opening such a file runs "
                "whatever code it carries; get the safetensors version of this model"
            )
        raise WeightsError(f"{path} holds no weights: no {STEMS[part]}.safetensors; fetch the model again")
    if variant is None and found.keys().isdisjoint((None, *PREFERRED)) and len(others) > 1:
        raise WeightsError(f"{path} comes only in the variants {', '.join(others)}; say which")
    if chosen.suffix == ".json":
        return sharded(chosen)
    file = TensorFile(chosen)
    return dict.fromkeys(file.entries, file)


def sharded(index: Path) -> dict[str, TensorFile]:
    """Read an index and the files that it names."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise WeightsError(f"{index} has no weight_map; fetch the model again")
    files: dict[str, TensorFile] = {}
    for key, name in weight_map.items():
        # A name, never a path: an index must not lead out of its folder.
        if not isinstance(name, str) or not re.fullmatch(r"[\w.-]+\.safetensors", name):
            raise WeightsError(
                f"{index} looks for {key[:200]!r} in {str(name)[:100]!r}, which is no .safetensors file beside it"
            )
        if name not in files:
            files[name] = TensorFile(index.parent / name)
        if key not in files[name].entries:
            raise WeightsError(f"{index} looks for {key[:200]!r} in {name}, which lacks it; fetch the model again")
    available: dict[str, TensorFile] = {}
    for file in files.values():
        for key in file.entries:
            if key in available:
                raise WeightsError(f"{available[key].path} and {file.path} both hold {key!r}; fetch the model again")
            available[key] = file
    return available


def check_variant(folder: Path, variant: str) -> None:
    """Raise WeightsError, naming those there are, if no network of the folder comes in this variant."""
    known = variants(folder)
    if variant not in known:
        tail = nearest(variant, known) if known else " There is only the plain one; leave the variant out."
        raise WeightsError(f"{folder} has no variant {variant!r}.{tail}")


def read_configs(folder: Path) -> Mapping[Part, tuple[dict[str, object], Path]]:
    """Read the config.json of each network: its values, and where they stand."""
    files: dict[Part, Path] = {part: part_folder(folder, part) / "config.json" for part in PARTS}
    return {part: (read_json(file), file) for part, file in files.items()}
