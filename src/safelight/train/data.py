"""Renders of scenes, kept as one memory-mapped array of bytes beside the scenes that they show.

A folder of renders holds `pixels.npy` (N, S, S, 3) uint8 and `scenes.jsonl`, one line per scene. Scene `i` of a folder
is `scene(seed, i)`, so the folder could be lost and made again. Worker processes render chunks of scenes straight into
the file; which chunks are done is written down as they finish, so an interrupted run goes on where it stopped, and the
array takes its real name only when it is whole.

This module imports no torch, so that workers start quickly. Letters: N scenes, S side in pixels.  Next: `latents`.
"""

import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from safelight.errors import TrainingError
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.render import render

CHUNK = 64


@dataclass(frozen=True)
class Renders:
    """Pictures and the scenes that they show: `pixels` (N, S, S, 3) uint8, read from disk as they are used."""

    pixels: np.ndarray
    scenes: Sequence[Scene]


def render_folder(
    folder: Path,
    count: int,
    *,
    seed: int,
    size: int = 256,
    workers: int = 1,
    advance: Callable[[int], None] = lambda done: None,
) -> None:
    """Render scenes 0 .. count-1 of `seed` into `folder`; does nothing where that has been done.

    `advance` is told how many more scenes are there each time a chunk is finished. Raises `TrainingError` if the folder
    holds renders of something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"count": count, "seed": seed, "size": size}
    _expect_same(folder / "renders.json", wanted)
    final, part, log = folder / "pixels.npy", folder / "pixels.npy.part", folder / "chunks.txt"
    if final.exists():
        advance(count)
        return
    if not part.exists():
        log.unlink(missing_ok=True)
        np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=(count, size, size, 3)).flush()
    done = {int(word) for word in log.read_text().split()} if log.exists() else set()
    advance(sum(min(CHUNK, count - start) for start in done))
    starts = [start for start in range(0, count, CHUNK) if start not in done]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool, log.open("a") as record:
        futures = {
            pool.submit(_render_chunk, part, seed, start, min(start + CHUNK, count), size): start for start in starts
        }
        for future in as_completed(futures):
            future.result()
            record.write(f"{futures[future]}\n")
            record.flush()
            advance(min(CHUNK, count - futures[future]))
    _write_scenes(folder / "scenes.jsonl", seed, count)
    part.replace(final)
    log.unlink()


def open_renders(folder: Path) -> Renders:
    """Open a finished folder of renders. Raises `TrainingError` if it is not there or not finished."""
    if not (folder / "pixels.npy").exists():
        raise TrainingError(f"no finished renders in {folder}: run the stage `renders` first")
    about = json.loads((folder / "renders.json").read_text())
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    return Renders(pixels, [scene(about["seed"], index) for index in range(about["count"])])


def _render_chunk(path: Path, seed: int, start: int, stop: int, size: int) -> None:
    pixels = np.load(path, mmap_mode="r+")
    for index in range(start, stop):
        pixels[index] = render(scene(seed, index), size).pixels
    pixels.flush()


def _write_scenes(path: Path, seed: int, count: int) -> None:
    part = path.with_suffix(".part")
    with part.open("w") as file:
        for index in range(count):
            file.write(scene(seed, index).to_json() + "\n")
    part.replace(path)


def _expect_same(path: Path, wanted: dict[str, int]) -> None:
    if path.exists():
        found = json.loads(path.read_text())
        if found != wanted:
            raise TrainingError(f"{path} describes other renders, {found}, not {wanted}: choose another folder")
    else:
        path.write_text(json.dumps(wanted))
