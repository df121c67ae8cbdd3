"""Large arrays on disk that worker processes fill chunk by chunk, and that a power cut cannot spoil.

    NAME.npy.part   the array while it is being filled      LOG   the chunks that are done, a line each
    NAME.npy        the array when it is whole

A worker writes its chunk into the memory-mapped parts and reports; only then does the log name the chunk. So whatever
ends the process, the same call goes on with the chunks that are missing, and a file of the final name is complete.

Letters: N rows of an array.  Next: `data`, which fills arrays with renders and latents.
"""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from safelight.errors import TrainingError
from safelight.scenes.files import in_order

CHUNK = 64


@dataclass(frozen=True)
class Shape:
    """What an array holds: one row is `row` numbers of type `dtype` (a numpy name)."""

    row: tuple[int, ...]
    dtype: str


Work = Callable[[range], Mapping[Path, np.ndarray]]
"""Make some rows: what goes into which array. It runs in another process, so it must be a plain function or partial."""


def fill(
    arrays: Mapping[Path, Shape],
    count: int,
    work: Work,
    log: Path,
    *,
    workers: int = 1,
    advance: Callable[[int], None] = lambda more: None,
    deadline: float | None = None,
) -> bool:
    """Fill arrays of `count` rows; what is there already is kept. True when all of them are whole.

    `advance` is told how many more rows are done. After `deadline` (of `time.monotonic`) no chunk is begun, and the
    answer is False. Raises `TrainingError` where an array is there with too few rows, or rows of another shape.
    """
    missing = {path: shape for path, shape in arrays.items() if not _is_there(path, shape, count)}
    if not missing:
        advance(count)
        return True
    fresh = [path for path, shape in missing.items() if not _begun(path, shape, count)]
    if fresh:
        log.unlink(missing_ok=True)
        for path in missing:
            path.parent.mkdir(parents=True, exist_ok=True)
            row = missing[path]
            np.lib.format.open_memmap(part(path), mode="w+", dtype=row.dtype, shape=(count, *row.row)).flush()
    done = {int(line) for line in log.read_text().split("\n")[:-1]} if log.exists() else set()
    advance(sum(min(CHUNK, count - start) for start in done))
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK) if start not in done]
    made = in_order(partial(_write, work, tuple(missing)), chunks, workers)
    with log.open("a") as record, closing(cast("Generator[range]", made)) as results:
        for chunk in results:
            record.write(f"{chunk.start}\n")
            record.flush()
            done.add(chunk.start)
            advance(len(chunk))
            if deadline is not None and time.monotonic() > deadline:
                break
    if len(done) * CHUNK < count:
        return False
    for path in missing:
        part(path).replace(path)
    log.unlink()
    return True


def part(path: Path) -> Path:
    """Where an array lies until it is whole."""
    return path.with_name(f"{path.name}.part")


def _write(work: Work, paths: tuple[Path, ...], chunk: range) -> range:
    made = work(chunk)
    for path in paths:
        array = np.load(part(path), mmap_mode="r+")
        array[chunk.start : chunk.stop] = made[path]
        array.flush()
    return chunk


def _is_there(path: Path, shape: Shape, count: int) -> bool:
    """Whether an array is whole. More rows than wanted are welcome: row i is the same whatever the count."""
    if not path.exists():
        return False
    found = np.load(path, mmap_mode="r")
    if len(found) < count or found.shape[1:] != shape.row or found.dtype != shape.dtype:
        raise TrainingError(
            f"{path} holds {found.dtype} {list(found.shape)}, not {shape.dtype} {[count, *shape.row]}: "
            "choose another folder, or move the file away to have it made again"
        )
    return True


def _begun(path: Path, shape: Shape, count: int) -> bool:
    if not part(path).exists():
        return False
    found = np.load(part(path), mmap_mode="r")
    return found.shape == (count, *shape.row) and found.dtype == shape.dtype
