"""Scenes as files: NAME.png the picture, NAME.json the truth about it, NAME.txt one caption; NAME.mask.png if asked.

A mask is a PNG with a palette whose values are the ids of `Rendered.ids`: 0 sky, 1 to 9 scenery, 10 (k + 1) thing k and
one more its coloured part. Each file is written beside its place and renamed, the picture last, so that a broken run
leaves no half scene; what is there already is kept, so that the same call goes on where another stopped.

Read next: shards.py (many scenes in one file), render.py.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from random import Random
from types import FrameType
from typing import BinaryIO, TypeVar

from PIL import Image

from safelight.errors import OutputError
from safelight.scenes.captions import caption
from safelight.scenes.grammar import scene
from safelight.scenes.render import Rendered, render

__all__ = ["Request", "expect_size", "in_order", "write", "write_scenes"]

T = TypeVar("T")
R = TypeVar("R")

# Muted colours for sky and scenery, then two shades of one strong colour for each thing and its coloured part.
_THINGS = ("d62728", "1f77b4", "2ca02c", "ff7f0e", "9467bd", "17becf", "e377c2", "bcbd22")


@dataclass(frozen=True)
class Request:
    """Which scenes to write and how: scenes of `seed`, pictures of `size` by `size` pixels."""

    seed: int
    size: int = 256
    held_out: bool = False
    masks: bool = False

    def name(self, index: int) -> str:
        """The name of a scene's files, without what comes behind the first dot."""
        return f"{'held-out' if self.held_out else 'scene'}-{self.seed}-{index:06d}"

    def files(self, index: int) -> dict[str, bytes]:
        """Render a scene: its files by what their names end in, the picture last."""
        shown = scene(self.seed, index, self.held_out)
        rendered = render(shown, self.size)
        made = {
            ".json": f"{rendered.to_json()}\n".encode(),
            ".txt": f"{caption(shown, Random(shown.layout))}\n".encode(),
        }
        if self.masks:
            made[".mask.png"] = _png(_mask(rendered))
        return made | {".png": _png(rendered.image())}


def write(path: Path, save: Callable[[BinaryIO], object]) -> None:
    """Let `save` fill the file at `path`, all or nothing. Raises `OutputError` where it cannot be written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                save(file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error


def write_scenes(
    folder: Path,
    seed: int,
    count: int,
    size: int = 256,
    held_out: bool = False,
    masks: bool = False,
    workers: int = 1,
) -> Iterator[tuple[Path, str]]:
    """Write scenes 0 .. count-1 of `seed` into `folder`; yields each picture's path and caption when it is there.

    Scenes whose files are there already are kept. `workers` processes render; the order stays. Raises `OutputError` if
    something cannot be written, or if a picture is there already in another size.
    """
    request = Request(seed, size, held_out, masks)
    yield from in_order(_write_scene, ((folder, request, index) for index in range(count)), workers)


def _write_scene(job: tuple[Path, Request, int]) -> tuple[Path, str]:
    folder, request, index = job
    stem = folder / request.name(index)
    picture, words = stem.with_suffix(".png"), stem.with_suffix(".txt")
    wanted = [stem.with_suffix(end) for end in (".json", ".txt", ".png", *([".mask.png"] if request.masks else []))]
    if picture.exists():
        expect_size(picture, picture, request.size)
        if all(path.exists() for path in wanted):
            return picture, words.read_text(encoding="utf-8").strip()
    made = request.files(index)
    for end, content in made.items():
        write(stem.with_suffix(end), lambda file, content=content: file.write(content))
    return picture, made[".txt"].decode().strip()


def expect_size(picture: Path | BinaryIO, where: Path, size: int) -> None:
    """Refuse a picture of another size than `size` pixels. Raises `OutputError` naming the file `where` it is."""
    try:
        with Image.open(picture) as opened:
            found = opened.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise OutputError(f"{where} is there already and is no picture of ours; choose another place") from None
    if found != (size, size):
        raise OutputError(
            f"{where} is there already with {found[0]}x{found[1]} pixels, not {size}x{size}; choose another place"
        )


def in_order(work: Callable[[T], R], jobs: Iterable[T], workers: int) -> Iterator[R]:
    """Do the jobs with several processes; yields the results in the order of the jobs.

    A few jobs per process are handed out ahead, never all of them. When the caller stops early, or a job fails, those
    that have not begun are dropped.
    """
    if workers == 1:
        yield from map(work, jobs)
        return
    jobs = iter(jobs)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _end_quietly_on_ctrl_c) as pool:
        ahead: deque[Future[R]] = deque(pool.submit(_unless_stopping, work, job) for job in islice(jobs, 4 * workers))
        try:
            while ahead:
                result = ahead.popleft().result()
                ahead.extend(pool.submit(_unless_stopping, work, job) for job in islice(jobs, 1))
                yield result
        except BrokenProcessPool:
            raise OutputError("a rendering process was ended from outside; go on with fewer --workers") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_stopping = threading.Event()  # in a worker: Ctrl-C was pressed, and jobs that it still holds are not to be begun


def _end_quietly_on_ctrl_c() -> None:
    """In a worker: clean up and leave without a traceback, the parent process says what happened."""

    def stop(number: int, frame: FrameType | None) -> None:
        _stopping.set()
        sys.exit(130)

    signal.signal(signal.SIGINT, stop)


def _unless_stopping(work: Callable[[T], R], job: T) -> R:
    if _stopping.is_set():
        sys.exit(130)
    return work(job)


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _mask(rendered: Rendered) -> Image.Image:
    image = Image.fromarray(rendered.ids)
    image.putpalette(_palette())
    return image


def _palette() -> bytes:
    """256 colours (R, G, B) for the ids, so that a mask can be looked at."""
    colours = [(150, 180, 205), *((110 + 9 * k, 120 + 7 * k, 100 + 5 * k) for k in range(9))]
    for hexed in _THINGS:
        full = tuple(bytes.fromhex(hexed))
        light = tuple(128 + value // 2 for value in full)
        colours += [full, light, *[(0, 0, 0)] * 8]
    colours += [(0, 0, 0)] * (256 - len(colours))
    return bytes(value for colour in colours for value in colour)
