"""Read, attach and write LoRAs and their kin.

    lora = read(path)
    with attach(lora, unet, text, scale=0.8) as attached:     y = W x + 0.8 (alpha / r) up down x
        print(attached.report)                                "192 of 192 tensors applied, 0 unknown"

`attach` adds to what each layer answers and leaves the weights alone; `merge` puts W + dW in the place of W for as long
as it is attached, and runs as fast as the bare network. Several add up, in either way and in any order, each measured
from the base's own weights. The base's tensors are kept as they are, so that afterwards every bit is the base's.
What is attached holds for everyone who calls the network.

Paper: Hu et al. 2021, arXiv 2106.09685.
Read next: `factors.py` (the formulas) and `lora_names.py` (the names).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from safelight.adapters.factors import Change, Low, Weighted, added, matrix
from safelight.adapters.lora_names import Layer, Naming, layers, split, written
from safelight.adapters.tensors import read_tensors
from safelight.errors import OutputError, WeightsError
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.weights.writing import write_tensors

__all__ = ["Attached", "Lora", "Report", "attach", "merge", "read", "write"]


@dataclass(frozen=True, eq=False)
class Lora:
    """Changes to the weights of a model that is not here.

    Attributes:
        name: what messages call it: the file it is from.
        changes: the name of a layer as the file has it -> what happens to its weight.
        strange: names of tensors that are no part of any change we know.
    """

    name: str
    changes: Mapping[str, Change]
    strange: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What attaching came to: `applied` of `total` tensors of the file; `unknown` are layers or tensors left alone."""

    applied: int
    total: int
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.applied} of {self.total} tensors applied, {self.total - self.applied} unknown"


@dataclass(eq=False)
class Attached:
    """A LoRA on a model, until `detach`, or the end of the `with` block.

    Attributes:
        report: how much of it found a place.
    """

    report: Report
    _undo: list[Callable[[], None]] = field(default_factory=list)

    def detach(self) -> None:
        """Take it off; the second time does nothing. Others that are attached stay."""
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.detach()


def read(path: str | Path) -> Lora:
    """Read a LoRA, LoCon, LoHa, LoKr or DoRA file with names of kohya, PEFT, or diffusers old and new.

    `.safetensors`, or `.pt`, `.bin`, `.ckpt` through the reader that runs nothing. Raises WeightsError in one line
    where the file cannot be read, holds no such thing, or a part of it is missing, infinite or of the wrong shape.
    """
    path = Path(path)
    tensors, metadata = read_tensors(path)
    grouped: dict[str, dict[str, Tensor]] = {}
    strange: list[str] = []
    for key, tensor in tensors.items():
        place = split(key)
        stem, role = place or ("", "")
        if not role or not (tensor.is_floating_point() or role == "alpha"):
            strange.append(key)
            continue
        if role in (given := grouped.setdefault(stem, {})):
            raise WeightsError(f"{path} has the {role} of {stem} twice, under two names; fetch the file again")
        # PEFT lays the magnitudes of a convolution's outputs along its second axis; elsewhere that one is the inputs'.
        given[role] = tensor.flatten() if "lora_magnitude_vector" in key else tensor
    alphas = _alphas(metadata)
    changes: dict[str, Change] = {}
    for stem, roles in grouped.items():
        if roles.keys() <= {"alpha", "dora_scale"}:
            strange += [f"{stem}.{role}" for role in roles]
            continue
        if bad := [role for role, tensor in roles.items() if not bool(torch.isfinite(tensor).all())]:
            raise WeightsError(f"{path}: {stem}.{bad[0]} holds NaN or infinity; the file is broken, fetch it again")
        try:
            change = Change.of(roles)
        except ValueError as error:
            raise WeightsError(f"{path}: {stem} cannot be used: {error}; fetch the file again") from error
        alpha = alphas(stem, change.factors.rank) if change.alpha is None else None
        changes[stem] = Change(change.factors, alpha, change.magnitude) if alpha is not None else change
    if not changes:
        example = next(iter(tensors), "none")[:80]
        raise WeightsError(f"{path} is no LoRA: none of its {len(tensors)} tensors is a part of one ({example}, ...)")
    return Lora(path.name, changes, tuple(strange))


def attach(
    lora: Lora, unet: UNet | None, text: TextEncoder | None, scale: float = 1.0, text_scale: float | None = None
) -> Attached:
    """Let a LoRA take part in every call of the networks; their weights are not touched.

    Args:
        lora: what to attach.
        unet: the UNet, or None to leave it alone.
        text: the text encoder, or None.
        scale: how much of it the UNet gets; negative numbers take its effect away.
        text_scale: how much the text encoder gets; as `scale` where None.

    Raises:
        WeightsError: no tensor of it belongs to these networks, or one is of another shape than the layer it is for;
            nothing is attached then.
    """
    found, report = _resolve(lora, unet, text, scale, text_scale)
    attached = Attached(report)
    extras = [(layer, added(change, layer, _base(layer), strength)) for layer, change, strength in found]
    for layer, extra in extras:
        attached._undo.append(layer.register_forward_hook(_adding(extra)).remove)
    return attached


@torch.no_grad()
def merge(
    lora: Lora, unet: UNet | None, text: TextEncoder | None, scale: float = 1.0, text_scale: float | None = None
) -> Attached:
    """Put the changed weights in the place of the base's, which are kept aside until `detach`.

    As `attach`, but a call costs what one of the bare network costs; memory holds the changed layers twice. The sum is
    made in float32 and rounded once to the weights' own kind. Move a network to its device before, not meanwhile: what
    is kept aside stays where it is.
    """
    found, report = _resolve(lora, unet, text, scale, text_scale)
    attached = Attached(report)
    try:
        for layer, change, strength in found:
            with _LOCK:
                merged = _MERGED.setdefault(layer, _Merged(layer.weight))
                merged.parts.append((change, strength))
                attached._undo.append(_unmerger(layer, merged.parts[-1]))
                merged.put(layer)
    except BaseException:  # not enough memory, Ctrl-C: leave no network half changed
        attached.detach()
        raise
    return attached


def write(
    lora: Lora,
    path: str | Path,
    naming: Naming = "kohya",
    unet: UNetConfig | None = None,
    text: TextConfig | None = None,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a LoRA as .safetensors, with the names of kohya (which every program reads) or of PEFT (diffusers).

    PEFT has no alpha in its files and no CP decomposition: both are multiplied into the matrices there. LoHa and LoKr
    keep their names of LyCORIS behind PEFT's dots, which is read here but by few others.

    Args:
        lora: what to write.
        path: the file; replaced when the new one is whole.
        naming: "kohya" or "peft".
        unet: sizes of the UNet it is for, which its names depend on; those of Stable Diffusion v1 where None.
        text: the same of the text encoder.
        dtype: what it is stored in.

    Raises:
        WeightsError: a layer is none of such a model's.
        OutputError: the file cannot be written.
    """
    unet, text = unet or UNetConfig(), text or TextConfig()
    known, names = layers(unet, text), written(naming, unet, text)
    tensors: dict[str, Tensor] = {}
    for stem, change in lora.changes.items():
        if stem not in known:
            raise WeightsError(f"{lora.name}: {stem[:80]} is no layer of a model of these sizes; it cannot be renamed")
        name = names[known[stem]]
        roles = change.tensors() if naming == "kohya" else _for_peft(change)
        tensors |= {f"{name}.{role}": tensor for role, tensor in roles.items()}
    try:
        write_tensors(Path(path), tensors, dtype, {"format": "pt"})
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error


def _resolve(
    lora: Lora, unet: UNet | None, text: TextEncoder | None, scale: float, text_scale: float | None
) -> tuple[list[tuple[Weighted, Change, float]], Report]:
    """Find the layer and the strength of every change, and check that they fit."""
    table = layers(unet and unet.config, text and text.config)
    modules: dict[str, dict[str, nn.Module]] = {
        "unet": dict(unet.named_modules()) if unet else {},
        "text": dict(text.named_modules()) if text else {},
    }
    strengths = {"unet": scale, "text": scale if text_scale is None else text_scale}
    found: list[tuple[Weighted, Change, float]] = []
    seen: dict[Layer, str] = {}
    unknown, applied, total = list(lora.strange), 0, len(lora.strange)
    for stem, change in lora.changes.items():
        place, count = table.get(stem), len(change.tensors())
        module = modules[place.part].get(place.name) if place else None
        total += count
        if place is None or not isinstance(module, nn.Linear | nn.Conv2d):
            unknown.append(stem)
            continue
        if place in seen:
            raise WeightsError(f"{lora.name} changes one layer twice, as {seen[place]} and as {stem}")
        if not change.fits(module.weight):
            raise WeightsError(
                f"{lora.name} was made for another kind of model: its {stem} is {list(change.shape)}, "
                f"this model's is {list(module.weight.shape)}"
            )
        seen[place] = stem
        applied += count
        found.append((module, change, strengths[place.part]))
    if not found:
        raise WeightsError(
            f"{lora.name} fits no layer of this model: 0 of {total} tensors applied ({unknown[0][:80]}, ...); "
            "use one that was made for Stable Diffusion v1"
        )
    return [row for row in found if row[2] != 0], Report(applied, total, tuple(unknown))


@dataclass(eq=False)
class _Merged:
    """A layer whose weight is not its own at the moment."""

    original: Tensor
    parts: list[tuple[Change, float]] = field(default_factory=list)

    def put(self, layer: Weighted) -> None:
        """Give the layer the weight that its parts make, or its own."""
        if not self.parts:
            layer.weight = self.original
            return
        total = self.original.detach().float()
        for change, strength in self.parts:
            total = total + change.update(self.original, strength)
        layer.weight = nn.Parameter(total.to(self.original.dtype), requires_grad=False)


_MERGED: WeakKeyDictionary[nn.Module, _Merged] = WeakKeyDictionary()
_LOCK = Lock()


def _base(layer: Weighted) -> Tensor:
    """A layer's own weight, whatever is merged into it."""
    merged = _MERGED.get(layer)
    return layer.weight if merged is None else merged.original


def _adding(extra: Callable[[Tensor], Tensor]) -> Callable[[nn.Module, tuple[Tensor], Tensor], Tensor]:
    return lambda _, given, answer: answer + extra(given[0])


def _unmerger(layer: Weighted, part: tuple[Change, float]) -> Callable[[], None]:
    @torch.no_grad()
    def undo() -> None:
        with _LOCK:
            merged = _MERGED[layer]
            merged.parts = [other for other in merged.parts if other is not part]
            merged.put(layer)
            if not merged.parts:
                del _MERGED[layer]

    return undo


def _for_peft(change: Change) -> dict[str, Tensor]:
    """A change's tensors by the roles that PEFT has."""
    factors = change.factors
    if not isinstance(factors, Low):
        return change.tensors()
    down, up = factors.down.float(), factors.up.float() * change.scale
    if factors.mid is not None:
        down = torch.einsum("rskl,si->rikl", factors.mid.float(), matrix(down))
    tensors = {"lora_A.weight": down, "lora_B.weight": up}
    if change.magnitude is not None and change.axis == 0:
        flat = change.magnitude.flatten()
        tensors["lora_magnitude_vector"] = flat if down.ndim == 2 else flat.reshape(1, -1, 1, 1)
    elif change.magnitude is not None:
        tensors["dora_scale"] = change.magnitude
    return tensors


def _alphas(metadata: Mapping[str, str]) -> Callable[[str, int | None], float | None]:
    """Return how to find alpha in the metadata that diffusers writes into a PEFT file: (layer, rank) -> alpha."""
    try:
        told = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        told = {}

    def alpha(stem: str, rank: int | None) -> float | None:
        part, _, rest = stem.partition(".")
        table = {key: told.get(f"{part}.{key}") for key in ("lora_alpha", "alpha_pattern", "use_rslora")}
        pattern = table["alpha_pattern"] if isinstance(table["alpha_pattern"], dict) else {}
        found = next((value for end, value in pattern.items() if rest == end or rest.endswith(f".{end}")), None)
        found = table["lora_alpha"] if found is None else found
        if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e6 or rank is None:
            return None
        return float(found) * (rank**0.5 if table["use_rslora"] is True else 1.0)  # rsLoRA divides by sqrt(rank)

    return alpha if isinstance(told, dict) else lambda stem, rank: None
