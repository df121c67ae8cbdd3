"""Hold the tensors of a checkpoint against the table of names, and put them into a module.

Every name of the table is found, missing or misshapen; every tensor of the files is taken, known and left alone, or
unexpected. Anything missing, misshapen or unexpected is an error, and the error names all of it.

A module is built without memory (on torch's `meta` device) and its parameters are replaced by the tensors of the
files: there is never a second copy, and nothing is initialised only to be overwritten.

Read next: `checkpoint.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from safelight.errors import WeightsError
from safelight.weights.keys import Dialect, Name, Part, ignored, spellings
from safelight.weights.safetensors_file import FLOATS, TensorFile

__all__ = ["Component", "MismatchError", "Report", "Row", "build", "finite", "leftovers", "match"]

Status = Literal["matched", "ignored", "missing", "misshapen", "unexpected", "not finite"]
Module = TypeVar("Module", bound=nn.Module)
LISTED = 20  # lines of a report that an exception's text shows; `report` holds them all


@dataclass(frozen=True)
class Row:
    """What became of one tensor: ours and theirs are None where that side has no such name."""

    status: Status
    part: Part | None
    ours: str | None
    theirs: str | None
    note: str = ""

    def __str__(self) -> str:
        ours = f"{self.part} {self.ours}" if self.ours else "nothing of ours"
        theirs = f" = {self.theirs}" if self.theirs else ""
        if self.status in ("ignored", "unexpected"):
            ours, theirs = str(self.theirs), ""
        return f"{self.status}: {ours}{theirs}{f' ({self.note})' if self.note else ''}"


@dataclass(frozen=True)
class Report:
    """The strict table: one row for each name of ours and each tensor of theirs."""

    rows: tuple[Row, ...]

    @property
    def faults(self) -> tuple[Row, ...]:
        """The rows that keep a model from being loaded."""
        return tuple(row for row in self.rows if row.status not in ("matched", "ignored"))

    def count(self, status: Status) -> int:
        """Count the rows of one status."""
        return sum(row.status == status for row in self.rows)

    def __str__(self) -> str:
        return "\n".join(map(str, self.rows))


class MismatchError(WeightsError):
    """Tensors that are missing, misshapen or unexpected; `report` names every one, the message the first of them."""

    def __init__(self, where: Path, report: Report, hint: str = "") -> None:
        counts = ", ".join(f"{n} {s}" for s in ("missing", "misshapen", "unexpected") if (n := report.count(s)))
        faults = report.faults
        more = [f"... and {len(faults) - LISTED} more; `safelight models check {where}` lists all"]
        lines = [f"  {row}" for row in faults[:LISTED]] + more * (len(faults) > LISTED)
        super().__init__("\n".join([f"{where} is not a Stable Diffusion v1 model: {counts} tensors{hint}", *lines]))
        self.report = report


@dataclass(frozen=True)
class Component:
    """One network in its files.

    `found` maps our names to (file, name in the file). `module` builds the network; `pointwise` holds our names of
    the matrices that some files keep as 1x1 convolutions.
    """

    part: Part
    dialect: Dialect
    names: tuple[Name, ...]
    found: Mapping[str, tuple[TensorFile, str]]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold this network's tensors, in a fixed order."""
        return tuple(sorted({file.path for file, _ in self.found.values()}))

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The kinds of number in the files, such as ("F16",)."""
        return tuple(sorted({file.entries[name].dtype for file, name in self.found.values()}))


class Unfilled(TorchFunctionMode):
    """While it is active, modules are built without drawing their first weights, which are replaced anyway.

    On the `meta` device there is nothing to draw into, but torch would still import its compiler to find that out.
    """

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Iterable[type],
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        kwargs = kwargs or {}
        if func in DRAWING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


DRAWING = (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_, Tensor.normal_, Tensor.uniform_)


def match(
    part: Part,
    dialect: Dialect,
    names: Sequence[Name],
    available: Mapping[str, TensorFile],
    module: Callable[[], nn.Module],
) -> tuple[Component, list[Row], set[str]]:
    """Find every name of one network among the tensors at hand.

    Args:
        part: which network.
        dialect: which vocabulary the files speak.
        names: its part of the table.
        available: tensor name -> the file that holds it.
        module: builds the network; called on the `meta` device, for its shapes.

    Returns:
        The network in its files, one row for each name, and the names in the files that were taken.
    """
    with torch.device("meta"), Unfilled():
        shapes = {name: tuple(value.shape) for name, value in module().state_dict().items()}
    rows: list[Row] = []
    found: dict[str, tuple[TensorFile, str]] = {}
    for name in names:
        wanted = shapes.pop(name.ours)
        candidates = spellings(name, part, dialect)
        theirs = next((candidate for candidate in candidates if candidate in available), None)
        if theirs is None:
            rows.append(Row("missing", part, name.ours, candidates[0], f"{list(wanted)} wanted"))
            continue
        entry = available[theirs].entries[theirs]
        found[name.ours] = (available[theirs], theirs)
        fits = entry.shape == wanted or (name.pointwise and entry.shape == (*wanted, 1, 1))
        if not fits or entry.dtype not in FLOATS:
            note = f"{list(wanted)} of floats wanted, {list(entry.shape)} of {entry.dtype} found"
            rows.append(Row("misshapen", part, name.ours, theirs, note))
        else:
            rows.append(Row("matched", part, name.ours, theirs, f"{list(wanted)} {entry.dtype}"))
    if shapes:
        raise AssertionError(f"the table of names does not know {sorted(shapes)}")  # a fault of ours, not of a file
    return Component(part, dialect, tuple(names), found), rows, {theirs for _, theirs in found.values()}


def leftovers(available: Mapping[str, TensorFile], taken: set[str], part: Part | None) -> list[Row]:
    """Account for the tensors that no name asked for."""
    rows = []
    for key in available:
        if key not in taken:
            reason = ignored(key)
            rows.append(Row("ignored" if reason else "unexpected", part, None, key, reason or "no place for it"))
    return rows


def finite(component: Component) -> list[Row]:
    """Read every number of a network, and return a row for each tensor that holds NaN or infinity."""
    rows = []
    for ours, (file, theirs) in component.found.items():
        if file.entries[theirs].dtype in FLOATS and not file.tensor(theirs).isfinite().all():
            rows.append(Row("not finite", component.part, ours, theirs, "it holds NaN or infinity"))
    return rows


def build(component: Component, module: Callable[[], Module], dtype: torch.dtype) -> Module:
    """Build a network whose parameters are the tensors of its files.

    A tensor that has another dtype in the file is converted by itself, so that memory holds the network once.
    The result is in evaluation mode and asks for no gradients.
    """
    with torch.device("meta"), Unfilled():
        network = module()
    state: dict[str, Tensor] = {}
    for name in component.names:
        file, theirs = component.found[name.ours]
        tensor = file.tensor(theirs)
        if name.pointwise:
            tensor = tensor.flatten(1)  # (out, in, 1, 1) -> (out, in); nothing to do for the latter
        state[name.ours] = tensor.to(dtype)
    network.load_state_dict(state, strict=True, assign=True)
    return network.eval().requires_grad_(False)
