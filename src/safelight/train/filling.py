"""Large arrays on disk that worker processes fill chunk by chunk, and that a power cut cannot spoil.

    NAME.npy.part   the array while it is being filled      LOG   the chunks that are done, a line each
    NAME.npy        the array when it is whole

A worker writes its chunk into the memory-mapped parts and reports; only then does the log name the chunk. So whatever
ends the process, the same call goes on with the chunks that are missing, and a file of the final name is complete.

Letters: N rows of an array.  Next: `data`, which fills arrays with renders and latents.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path

import numpy as np

from safelight.errors import TrainingError
from safelight.scenes.files import in_order, write

CHUNK = 16


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

    `advance` is told how many more rows are done. After `deadline` (of `time.monotonic`) no chunk is handed out, and
    the answer is False; those that were handed out are finished. Raises `TrainingError` where an array is there with
    too few rows, or rows of another shape.
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
    starts = {int(line) for line in log.read_text().split("\n")[:-1]} if log.exists() else set()
    done = starts.intersection(range(0, count, CHUNK))
    # Written anew, without what a power cut left of a line.
    write(log, lambda file: file.write("".join(f"{start}\n" for start in sorted(done)).encode()))
    advance(sum(min(CHUNK, count - start) for start in done))
    todo = (range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK) if start not in done)
    in_time = takewhile(lambda chunk: deadline is None or time.monotonic() < deadline, todo)
    made = 0
    with log.open("a") as record:
        for chunk in in_order(partial(_write, work, tuple(missing)), in_time, workers):
            record.write(f"{chunk.start}\n")
            record.flush()
            made += 1
            advance(len(chunk))
    if len(done) + made < -(-count // CHUNK):
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
