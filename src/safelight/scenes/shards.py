"""Scenes in shards: tar files that hold the files of many scenes one behind another, as webdataset reads them.

    scenes-SEED-FIRST-LAST.tar :  NAME.json  NAME.txt  [NAME.mask.png]  NAME.png  NAME.json ...

All files of a scene share the name in front of the first dot and lie together. A shard is written beside its place and
renamed, and holds neither times nor users, so the same call gives the same bytes. A shard that is there is kept.

Read next: files.py.
"""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from safelight.errors import OutputError
from safelight.scenes.files import Request, expect_size, in_order, write

__all__ = ["ranges", "write_shards"]


def ranges(count: int, shards: int) -> list[range]:
    """Cut 0 .. count-1 into `shards` runs whose lengths differ by at most one; fewer if there are fewer scenes."""
    shards = min(shards, count)
    return [range(count * k // shards, count * (k + 1) // shards) for k in range(shards)]


def write_shards(
    folder: Path,
    seed: int,
    count: int,
    shards: int,
    size: int = 256,
    held_out: bool = False,
    masks: bool = False,
    workers: int = 1,
) -> Iterator[tuple[Path, int]]:
    """Write scenes 0 .. count-1 of `seed` as `shards` tar files; yields each one's path and how many scenes it holds.

    Each of `workers` processes writes a shard. Raises `OutputError` if something cannot be written, or if a shard is
    there already with pictures of another size, or with masks where none are asked for, or without.
    """
    request = Request(seed, size, held_out, masks)
    yield from in_order(_write_shard, ((folder, request, which) for which in ranges(count, shards)), workers)


def _write_shard(job: tuple[Path, Request, range]) -> tuple[Path, int]:
    folder, request, which = job
    kind = "held-out" if request.held_out else "scenes"
    path = folder / f"{kind}-{request.seed}-{which[0]:06d}-{which[-1]:06d}.tar"
    if path.exists():
        _expect_same(path, request)
    else:
        write(path, lambda file: _fill(file, request, which))
    return path, len(which)


def _fill(file: BinaryIO, request: Request, which: range) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index in which:
            for end, content in request.files(index).items():
                member = tarfile.TarInfo(request.name(index) + end)
                member.size = len(content)
                tar.addfile(member, BytesIO(content))


def _expect_same(path: Path, request: Request) -> None:
    """Look at the first scene of a shard. Raises `OutputError` if it is not what would be written."""
    masked = False
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                masked = masked or member.name.endswith(".mask.png")
                if member.name.endswith(".png") and not member.name.endswith(".mask.png"):
                    content = tar.extractfile(member)
                    assert content is not None
                    expect_size(BytesIO(content.read(2**26)), path, request.size)
                    break
    except (tarfile.TarError, OSError, AssertionError) as error:
        raise OutputError(f"{path} is there already and is no shard of ours; choose another place") from error
    if masked != request.masks:
        raise OutputError(
            f"{path} is there already {'with' if masked else 'without'} masks; choose another place, "
            f"or the same --masks as before"
        )
