"""Open a Stable Diffusion v1 model, whatever it is kept in, and build its networks.

    files = open_model(path)            a diffusers folder, or one CompVis .safetensors or .ckpt file
    unet = files.load_unet(torch.float32)

`open_model` reads configs and headers only, and refuses what is not wholly understood: each tensor of each network
must be there in its shape, and each tensor in the files must be known. `examine` does the same without refusing, for
`safelight models check`. No code from a file is ever run, and the network is never asked.

Read next: `writing.py`, the way back; `../stable_diffusion.py`, where the networks meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from safelight.diffusion.schedule import ScheduleConfig
from safelight.errors import RecipeError, WeightsError
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.recipe import Defaults
from safelight.weights import folder, single
from safelight.weights.configs import text_config, unet_config, vae_config
from safelight.weights.hashes import hash_files
from safelight.weights.keys import PARTS, Dialect, Part, text_names, unet_names, vae_names
from safelight.weights.matching import Component, MismatchError, Report, Row, build, leftovers, match
from safelight.weights.pickle_models import ENDINGS, converted
from safelight.weights.reading import read_json
from safelight.weights.remarks import own_defaults, remark
from safelight.weights.safetensors_file import TensorFile
from safelight.weights.scheduler import sampling, schedule_config
from safelight.weights.vocabularies import tokenizer_for
from safelight.weights.writing import write_folder, write_single

__all__ = ["ModelFiles", "examine", "open_model", "write_folder", "write_single"]


@dataclass(frozen=True)
class ModelFiles:
    """A model on disk: what it is, where its tensors are, and how to make networks of them.

    Attributes:
        path: the folder or file.
        format: "diffusers" (a folder) or "compvis" (one file).
        text_config, unet_config, vae_config: sizes of the networks.
        schedule_config: the noise schedule it was trained with.
        defaults: size, steps, scale and sampler where a recipe leaves them open.
        components: where each network's tensors are.
        report: the strict table of names.
        notes: remarks on what was read differently from how the files have it.
    """

    path: Path
    format: Dialect
    text_config: TextConfig
    unet_config: UNetConfig
    vae_config: AutoencoderConfig
    schedule_config: ScheduleConfig
    defaults: Defaults
    components: Mapping[Part, Component]
    report: Report
    notes: tuple[str, ...] = ()

    def load_text(self, dtype: torch.dtype = torch.float32) -> TextEncoder:
        """Build the text encoder with the file's tensors, in evaluation mode."""
        return build(self.components["text"], lambda: TextEncoder(self.text_config), dtype)

    def load_unet(self, dtype: torch.dtype = torch.float32) -> UNet:
        """Build the UNet with the file's tensors, in evaluation mode."""
        return build(self.components["unet"], lambda: UNet(self.unet_config), dtype)

    def load_vae(self, dtype: torch.dtype = torch.float32) -> Autoencoder:
        """Build the autoencoder with the file's tensors, in evaluation mode."""
        return build(self.components["vae"], lambda: Autoencoder(self.vae_config), dtype)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold tensors: text encoder's, UNet's, autoencoder's, each once."""
        return tuple(dict.fromkeys(file for part in PARTS for file in self.components[part].files))

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of those files' bytes in that order."""
        return hash_files(self.files)

    @cached_property
    def tokenizer(self) -> tuple[Path, Path]:
        """The tokenizer's vocab.json and merges.txt. Raises WeightsError where there are none that fit."""
        places = (self.path,) if self.format == "diffusers" else single.beside(self.path)
        return tokenizer_for(self.path, places, self.text_config.vocabulary)


def open_model(path: Path, variant: str | None = None) -> ModelFiles:
    """Open a model for loading.

    Args:
        path: a diffusers folder, or a CompVis .safetensors or .ckpt file; `library.find` makes one of a name.
        variant: "fp16" and the like, for a folder that comes in several; None takes the plain files where there are.

    Raises:
        WeightsError: it cannot be read, or is no Stable Diffusion v1 model.
        MismatchError: a WeightsError that names each missing, misshapen or unexpected tensor in its `report`.
    """
    files = examine(path, variant)
    if files.report.faults:
        kind = single.other_kind(row.theirs or "" for row in files.report.faults if row.status == "unexpected")
        raise MismatchError(files.path, files.report, f" (it seems to be {kind})" if kind else "")
    return files


def examine(path: Path, variant: str | None = None) -> ModelFiles:
    """Open a model as `open_model` does, but leave it to the caller to look for faults in `report`."""
    path = Path(path)
    try:
        kind = "folder" if path.is_dir() else "file" if path.is_file() else "other" if path.exists() else "nothing"
    except (OSError, ValueError) as error:  # a path that no file system takes, or one that may not be looked into
        reason = error.strerror if isinstance(error, OSError) else error
        raise WeightsError(f"{str(path)[:200]!r} cannot be read: {reason}") from error
    if kind == "nothing":
        raise WeightsError(f"no model at {path}: there is no such file or folder")
    if kind == "other":
        raise WeightsError(f"{path} is neither a file nor a folder; give a model folder or a .safetensors file")
    if kind == "folder":
        try:
            return from_folder(path, variant)
        except OSError as error:  # a folder in it that may not be looked into
            raise WeightsError(f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    if variant is not None:
        raise WeightsError(f"{path} is one file and has no variants; leave the variant {variant!r} out")
    if path.suffix in ENDINGS:
        files = from_single(converted(path))
        return replace(files, path=path, notes=(*files.notes, f"{path.name} is read as safetensors, converted once"))
    return from_single(path)


def from_folder(path: Path, variant: str | None) -> ModelFiles:
    """Read a diffusers folder."""
    if variant is not None:
        folder.check_variant(path, variant)
    configs = folder.read_configs(path)
    available: dict[Part, Mapping[str, TensorFile]] = {}
    for part in PARTS:
        available[part] = folder.tensor_files(path, part, variant)
    scheduler = path / "scheduler" / "scheduler_config.json"
    extra = path / "safelight.json"
    return assemble(
        path,
        "diffusers",
        configs,
        available,
        (read_json(scheduler) if scheduler.is_file() else None, scheduler),
        (read_json(extra) if extra.is_file() else {}, extra),
    )


def from_single(path: Path) -> ModelFiles:
    """Read a CompVis file."""
    file = TensorFile(path)
    if not any(name.startswith("model.diffusion_model.input_blocks.") for name in file.entries):
        kind = single.other_kind(file.entries)
        tail = f"it seems to be {kind}" if kind else "it holds no model.diffusion_model.input_blocks"
        raise WeightsError(f"{path} is not a Stable Diffusion v1 model in one file: {tail}")
    kept = single.kept_configs(file)
    found = single.sizes(file)
    configs: dict[Part, Json] = {part: (kept.get(part, found[part]), path) for part in PARTS}
    available: dict[Part, Mapping[str, TensorFile]] = dict.fromkeys(PARTS, dict.fromkeys(file.entries, file))
    return assemble(path, "compvis", configs, available, (kept.get("scheduler"), path), (kept, path))


Json = tuple[Mapping[str, object], Path]


def assemble(
    path: Path,
    dialect: Dialect,
    configs: Mapping[Part, Json],
    available: Mapping[Part, Mapping[str, TensorFile]],
    scheduler: tuple[Mapping[str, object] | None, Path],
    extra: Json,
) -> ModelFiles:
    """Read the configs, match the tensors, and put together what is known of a model.

    `available` may be the same for all networks, as in a single file; what no network took is then accounted for once.
    """
    text, unet, vae = text_config(*configs["text"]), unet_config(*configs["unet"]), vae_config(*configs["vae"])
    agree(path, text, unet, vae)
    tables = {"text": text_names(text), "unet": unet_names(unet), "vae": vae_names(vae)}
    modules = {"text": lambda: TextEncoder(text), "unet": lambda: UNet(unet), "vae": lambda: Autoencoder(vae)}
    components: dict[Part, Component] = {}
    rows: list[Row] = []
    taken: dict[int, set[str]] = {}
    for part in PARTS:
        components[part], found, names = match(part, dialect, tables[part], available[part], modules[part])
        rows += found
        taken.setdefault(id(available[part]), set()).update(names)
    seen: set[int] = set()
    for part in PARTS:
        if id(available[part]) not in seen:
            seen.add(id(available[part]))
            shared = sum(available[other] is available[part] for other in PARTS) > 1
            rows += leftovers(available[part], taken[id(available[part])], None if shared else part)

    values, where = scheduler
    schedule, sampler, spacing, note = ScheduleConfig(), "plms", "leading", None
    if values is not None:
        schedule = schedule_config(values, where)
        sampler, spacing, _ = sampling(values, where)
        note = None if own_defaults(extra[0]) else remark(values, where)
    defaults = read_defaults(extra, configs["unet"][0].get("sample_size"), vae, sampler, spacing)
    notes = (note,) if note else ()
    return ModelFiles(path, dialect, text, unet, vae, schedule, defaults, components, Report(tuple(rows)), notes)


def agree(path: Path, text: TextConfig, unet: UNetConfig, vae: AutoencoderConfig) -> None:
    """Check that the networks speak to each other."""
    if text.width != unet.context:
        raise WeightsError(
            f"{path}: the text encoder's width is {text.width} and the UNet's cross_attention_dim {unet.context}; "
            "they do not belong together"
        )
    if unet.out_channels != vae.latent_channels or unet.in_channels < vae.latent_channels:
        raise WeightsError(
            f"{path}: the UNet takes {unet.in_channels} channels and gives {unet.out_channels}, the autoencoder's "
            f"latents have {vae.latent_channels}; they do not belong together"
        )


def read_defaults(extra: Json, sample: object, vae: AutoencoderConfig, sampler: str, schedule: str) -> Defaults:
    """Work out a model's defaults: its scheduler's sampler, its UNet's size, and what its safelight.json says."""
    values, where = extra
    said = values.get("defaults", {})
    if not isinstance(said, dict):
        raise WeightsError(f"{where}: defaults is not a JSON object")
    side = sample * 2 ** (len(vae.channels) - 1) if type(sample) is int else 512
    usual: dict[str, object] = {"sampler": sampler, "schedule": schedule}
    if 64 <= side <= 2048 and side % 8 == 0:
        usual |= {"width": side, "height": side}
    try:
        return Defaults(**(usual | said))  # pyright: ignore[reportArgumentType]  (checking is what this call is for)
    except (RecipeError, TypeError) as error:
        raise WeightsError(f"{where}: its defaults cannot be used: {error}") from error
