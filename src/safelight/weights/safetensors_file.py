"""Read a safetensors file that may be hostile: its header is held against the format before anything trusts it.

    file = length of header (8 bytes, little endian) + header (JSON: name -> dtype, shape, data_offsets) + tensors

The safetensors library checks most of this itself, but accepts a name twice (the last wins), tensors of no elements
at any offset, and fields it does not know; and it parses a header of any size. Here every byte of the file belongs to
exactly one tensor of exactly one name, or the file is refused with one line.

Tensors are views of the file, mapped privately: reading them costs no second copy, writing to them leaves the file be.

Read next: `matching.py`.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from safelight.errors import WeightsError

__all__ = ["Entry", "TensorFile"]

MAX_HEADER = 8 * 2**20
MAX_TENSORS = 5_000
MAX_NAME = 512
MAX_RANK = 8
REMEDY = "fetch or convert the file again"

# Bytes of one element. Weights may only be the four kinds of float; the others occur in tensors that are left alone.
SIZES = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
FLOATS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}


@dataclass(frozen=True)
class Entry:
    """One tensor in a file: its kind ("F32"), its shape, and its place in the file in bytes."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


class TensorFile:
    """A safetensors file whose header has been checked.

    Attributes:
        path: the file.
        entries: name -> Entry, in the order of the header.
        metadata: the free text pairs of the header.

    Raises:
        WeightsError: the file cannot be read, or is not a safetensors file down to the last byte.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                header = self._header(file.read(8), size)
                raw = file.read(header)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
        if len(raw) != header:
            raise self._wrong("ends inside its header", "it was cut short; " + REMEDY)
        fields = self._parse(raw)
        metadata = fields.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise self._wrong("has metadata that is not text", REMEDY)
        if len(fields) > MAX_TENSORS:
            raise self._wrong(f"has {len(fields)} tensors, more than {MAX_TENSORS}", "it is no such model")
        if not fields:
            raise self._wrong("holds no tensors", REMEDY)
        start = 8 + header
        self.metadata: Mapping[str, str] = MappingProxyType(metadata)
        self.entries: Mapping[str, Entry] = MappingProxyType(
            {name: self._entry(name, value, start) for name, value in fields.items()}
        )
        self._cover(start, size)
        self._handle: safe_open | None = None

    def tensor(self, name: str) -> Tensor:
        """Return one tensor as a view of the file; its memory is the file's own, read when it is first looked at."""
        try:
            if self._handle is None:
                self._handle = safe_open(self.path, framework="pt", device="cpu")
            tensor = self._handle.get_tensor(name)
        except (OSError, SafetensorError) as error:
            raise self._wrong(f"tensor {name!r} cannot be read ({error})", REMEDY) from error
        return tensor if tensor.data_ptr() % tensor.element_size() == 0 else tensor.clone()

    def _wrong(self, what: str, remedy: str) -> WeightsError:
        return WeightsError(f"{self.path} is not a usable safetensors file: it {what}; {remedy}".replace("\n", " "))

    def _header(self, raw: bytes, size: int) -> int:
        """Read the length of the header."""
        if len(raw) < 8:
            raise self._wrong(f"is {size} bytes long, too short for a header", "it was cut short; " + REMEDY)
        (length,) = struct.unpack("<Q", raw)
        if length > MAX_HEADER:
            raise self._wrong(f"claims a header of {length} bytes, more than {MAX_HEADER}", REMEDY)
        if 8 + length > size:
            raise self._wrong("ends inside its header", "it was cut short; " + REMEDY)
        return length

    def _parse(self, raw: bytes) -> dict[str, object]:
        """Parse the header, refusing a name that comes twice and numbers that JSON does not have."""

        def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
            table: dict[str, object] = {}
            for key, value in pairs:
                if key in table:
                    raise self._wrong(f"names {key[:MAX_NAME]!r} twice", REMEDY)
                table[key] = value
            return table

        def no_number(text: str) -> object:
            raise self._wrong(f"has the number {text} in its header", REMEDY)

        if not raw.startswith(b"{"):
            raise self._wrong("has a header that does not begin with '{'", REMEDY)
        try:
            # Neither floats nor NaN occur in a header; an int as long as the header would take minutes to parse.
            fields = json.loads(
                raw.decode("utf-8"), object_pairs_hook=once, parse_float=no_number, parse_constant=no_number
            )
        except UnicodeDecodeError as error:
            raise self._wrong(f"has a header that is not UTF-8 (byte {error.start})", REMEDY) from error
        except (ValueError, RecursionError) as error:
            reason = str(error)[:200]
            raise self._wrong(f"has a header that is not JSON ({reason})", REMEDY) from error
        if not isinstance(fields, dict):
            raise self._wrong("has a header that is no JSON object", REMEDY)
        return fields

    def _entry(self, name: str, value: object, start: int) -> Entry:
        """Check one tensor's description by itself."""
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise self._wrong(f"has a tensor with an impossible name, {name[:40]!r} ({len(name)} letters)", REMEDY)
        label = f"tensor {name!r}"
        if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
            found = ", ".join(sorted(value))[:100] if isinstance(value, dict) else type(value).__name__
            raise self._wrong(f"describes {label} by {found!r} instead of dtype, shape, data_offsets", REMEDY)
        dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
        if not isinstance(dtype, str) or dtype not in SIZES:
            raise self._wrong(f"has {label} of unknown kind {str(dtype)[:40]!r}", f"kinds are {', '.join(SIZES)}")
        if not natural(shape) or len(shape) > MAX_RANK:
            raise self._wrong(f"has {label} of impossible shape {str(shape)[:100]}", REMEDY)
        if 0 in shape:
            raise self._wrong(f"has {label} of no elements, shape {shape}", "no model has one; " + REMEDY)
        if not natural(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
            raise self._wrong(f"has {label} at impossible offsets {str(offsets)[:100]}", REMEDY)
        size = prod(shape) * SIZES[dtype]
        if size != offsets[1] - offsets[0]:
            raise self._wrong(
                f"gives {label} {offsets[1] - offsets[0]} bytes where {dtype} {shape} needs {size}"[:400], REMEDY
            )
        return Entry(dtype, tuple(shape), start + offsets[0], start + offsets[1])

    def _cover(self, start: int, size: int) -> None:
        """Check that the tensors fill the file: no overlap, no hole, nothing after the last."""
        at = start
        for name, entry in sorted(self.entries.items(), key=lambda item: item[1].start):
            if entry.end > size:
                raise self._wrong(
                    f"ends at byte {size} but tensor {name!r} reaches to {entry.end}", "it was cut short; " + REMEDY
                )
            if entry.start != at:
                what = "overlaps the one before" if entry.start < at else f"leaves a hole of {entry.start - at} bytes"
                raise self._wrong(f"has a tensor out of place: {name!r} {what}", REMEDY)
            at = entry.end
        if at != size:
            raise self._wrong(f"has {size - at} bytes after its last tensor", REMEDY)


def natural(values: object) -> bool:
    """Say whether this is a list of whole numbers from 0 to 2**62."""
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**62 for value in values)
