"""Tensors and plain containers out of a `.ckpt`, `.pt` or `.bin` file, by a reader that runs nothing.

    zip (torch 1.6 and later)   archive/data.pkl, and archive/data/KEY: the bytes of one storage each, not compressed
    legacy                      five pickles (magic number, protocol, system, object, keys), then for each key
                                8 bytes with its count and the bytes themselves

The object is read by `pickle_machine`, in which a name cannot become a function. Storages are views of the file,
mapped privately: nothing is copied until it is looked at. Every place and size is checked before a byte is taken.

Read next: `pickle_models.py`, which makes a safetensors file of a checkpoint.
"""

import io
import mmap
import struct
import zipfile
from collections.abc import Iterator
from functools import cached_property
from math import prod
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from safelight.errors import WeightsError
from safelight.weights.pickle_machine import MachineError, Name, Storage, Strided, run

__all__ = ["PickleFile", "leaves"]

MOST_PICKLE = 256 * 2**20
MOST_MEMBERS = 50_000
DEEPEST = 24
MOST_NODES = 200_000
MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
KINDS = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class PickleFile:
    """A file that torch.save wrote, opened without trust.

    Attributes:
        path: the file.
        tree: what it holds: plain containers, with `Strided` where tensors are and `Inert` where objects were.

    Raises:
        WeightsError: it cannot be read, or is not such a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, tuple[int, int]] = {}  # key -> first byte, bytes
        self._counts: dict[str, Storage] = {}
        try:
            with path.open("rb") as file:
                size = file.seek(0, io.SEEK_END)
                file.seek(0)
                zipped = file.read(4) == b"PK\x03\x04"
                file.seek(0)
                self.tree = self._read_zip(file, size) if zipped else self._read_legacy(file, size)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
        except MachineError as error:
            raise self._wrong(str(error)) from error

    def tensor(self, view: Strided) -> Tensor:
        """Return a tensor of the tree, as a view of the file wherever its bytes lie evenly. Raises WeightsError."""
        storage = view.storage
        dtype = KINDS[storage.kind]
        elements = prod(view.shape)
        reach = view.offset + sum((n - 1) * step for n, step in zip(view.shape, view.stride, strict=True)) + 1
        if elements > storage.count or (elements and reach > storage.count):
            raise self._wrong(f"it has a tensor {list(view.shape)} larger than its storage of {storage.count}")
        start, length = self._places.get(storage.key, (0, -1))
        if length != storage.count * dtype.itemsize:
            raise self._wrong(f"the bytes of its storage {storage.key[:40]!r} are missing or cut short")
        if not elements:
            return torch.empty(view.shape, dtype=dtype)
        if start % dtype.itemsize:
            flat = torch.frombuffer(bytearray(self._bytes[start : start + length]), dtype=dtype)
        else:
            flat = torch.frombuffer(self._bytes, dtype=dtype, count=storage.count, offset=start)
        return flat.as_strided(view.shape, view.stride, view.offset)

    @cached_property
    def _bytes(self) -> mmap.mmap:
        """The whole file, mapped so that writing to it would change a copy."""
        try:
            with self.path.open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path} cannot be read: {error}") from error

    def _wrong(self, what: str) -> WeightsError:
        return WeightsError(
            f"{self.path} is not a file of tensors that can be read safely: {what}; "
            "fetch it again, or get the .safetensors version"
        )

    def _storage(self, told: object) -> Storage:
        """Make a storage of a persistent id ("storage", class, key, place, count[, view])."""
        if not isinstance(told, tuple) or len(told) < 5 or told[0] != "storage":
            raise MachineError("it refers to something outside that is no storage")
        kind, key, count = told[1], told[2], told[4]
        if not isinstance(kind, Name) or kind.module not in ("torch", "torch.storage") or kind.name not in KINDS:
            raise MachineError(f"it has numbers of the unknown kind {kind}")
        if not isinstance(key, str) or type(count) is not int or not 0 <= count < 2**40:
            raise MachineError("it has a storage without a key or a size")
        if len(told) > 5 and told[5] is not None:
            raise MachineError("it has views of storages, which no torch of the last ten years wrote")
        storage = Storage(kind.name, key, count)
        if self._counts.setdefault(key, storage) != storage:
            raise MachineError(f"it gives the storage {key[:40]!r} two sizes")
        return storage

    def _read_zip(self, file: BinaryIO, size: int) -> object:
        try:
            archive = zipfile.ZipFile(file)
            members = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise MachineError(f"its zip directory is broken ({str(error)[:80]})") from error
        if len(members) > MOST_MEMBERS:
            raise MachineError(f"it holds {len(members)} files")
        objects = [member for member in members if member.filename.endswith("/data.pkl")]
        if len(objects) != 1:
            raise MachineError("it holds no data.pkl" if not objects else "it holds more than one data.pkl")
        root = objects[0].filename.removesuffix("data.pkl")
        for member in members:
            if member.filename == f"{root}byteorder" and take(file, member, size, 16) != b"little":
                raise MachineError("its numbers are stored in big-endian order")
            if member.filename.startswith(f"{root}data/"):
                key = member.filename.removeprefix(f"{root}data/")
                if key in self._places:
                    raise MachineError(f"it holds {key[:40]!r} twice")
                self._places[key] = place(file, member, size)
        return run(io.BytesIO(take(file, objects[0], size, MOST_PICKLE)), self._storage)

    def _read_legacy(self, file: BinaryIO, size: int) -> object:
        if size > 8 and file.read(2)[:1] != b"\x80":
            raise MachineError("it is neither a zip archive nor a pickle")
        file.seek(0)
        if run(file, self._storage) != MAGIC or run(file, self._storage) != PROTOCOL:
            raise MachineError("torch did not write it")
        about = run(file, self._storage)
        if isinstance(about, dict) and about.get("little_endian") is False:
            raise MachineError("its numbers are stored in big-endian order")
        tree = run(file, self._storage)
        keys = run(file, self._storage)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise MachineError("its list of storages is broken")
        for key in keys:
            storage = self._counts.get(key)
            raw = file.read(8)
            if storage is None or len(raw) < 8 or struct.unpack("<q", raw)[0] != storage.count:
                raise MachineError(f"its storage {key[:40]!r} does not have the size that is told")
            length = storage.count * KINDS[storage.kind].itemsize
            start = file.tell()
            if start + length > size:
                raise MachineError("it was cut short")
            self._places[key] = (start, length)
            file.seek(length, io.SEEK_CUR)
        return tree


def place(file: BinaryIO, member: zipfile.ZipInfo, size: int) -> tuple[int, int]:
    """Find where a member's bytes lie: first byte, count. Raises MachineError unless they are stored as they are."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or member.file_size != member.compress_size:
        raise MachineError(f"{member.filename[:80]!r} in it is compressed or encrypted")
    if not 0 <= member.header_offset <= size - 30:
        raise MachineError(f"{member.filename[:80]!r} in it lies outside the file")
    file.seek(member.header_offset)
    header = file.read(30)
    if header[:4] != b"PK\x03\x04":
        raise MachineError(f"{member.filename[:80]!r} in it has no header")
    name, extra = struct.unpack("<HH", header[26:30])
    start = member.header_offset + 30 + name + extra
    if start + member.file_size > size:
        raise MachineError("it was cut short")
    return start, member.file_size


def take(file: BinaryIO, member: zipfile.ZipInfo, size: int, most: int) -> bytes:
    """Read a small member."""
    start, length = place(file, member, size)
    if length > most:
        raise MachineError(f"{member.filename[:80]!r} in it has {length} bytes, more than {most}")
    file.seek(start)
    return file.read(length)


def leaves(tree: object) -> Iterator[tuple[str, Strided]]:
    """Every tensor of a tree under its path, the keys joined by dots; anything else is passed over.

    Raises WeightsError for a tree too deep or too large to be one of weights: it may hold itself.
    """
    waiting: list[tuple[str, object, int]] = [("", tree, 0)]
    seen = 0
    while waiting:
        path, node, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_NODES:
            raise WeightsError(f"containers within containers without an end ({path[:80]}); this is no file of weights")
        if isinstance(node, Strided):
            yield path, node
            continue
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else ()
        inside = [
            (f"{path}.{key}" if path else str(key), value, depth + 1)
            for key, value in children
            if isinstance(value, Strided | dict | list | tuple)
        ]
        waiting.extend(reversed(inside))
