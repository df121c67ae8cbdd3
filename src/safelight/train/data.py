"""What is learnt from: scenes by number, renders of some of them, latents and small pictures of all.

    renders/WHICH/pixels.npy        (N, S, S, 3) uint8     what the autoencoder learns from
    latents/WHICH-SIDE.npy          (N, 4, H, H) float16   what the diffusion model learns from, for each side H
    latents/WHICH-small.npy         (N, 64, 64, 3) uint8   what the image tower learns from

Scene i of a folder is `scene(seed, i)`, so only the seed and the count are written down, and everything could be lost
and made again. A render takes 200 kB, its latents 15 kB: of 100,000 scenes only the first few thousand are kept as
pixels, the others are drawn by workers straight into their latents and forgotten.

This module imports no torch, so that workers start quickly. Letters: N scenes, S side in pixels, H = S / 8.
Next: `latents`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import overload

import numpy as np

from safelight.errors import TrainingError
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.render import render
from safelight.train.filling import Shape, fill
from safelight.train.patches import PATCH, Projection, resize

SMALL = 64  # the side of the small pictures, in pixels


class Scenes(Sequence[Scene]):
    """Scenes 0 .. count-1 of a world, each drawn up when it is asked for."""

    def __init__(self, seed: int, count: int) -> None:
        self.seed, self._count = seed, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Scene: ...
    @overload
    def __getitem__(self, index: slice) -> list[Scene]: ...
    def __getitem__(self, index: int | slice) -> Scene | list[Scene]:
        if isinstance(index, slice):
            return [self[i] for i in range(self._count)[index]]
        return scene(self.seed, range(self._count)[index])


@dataclass(frozen=True)
class Renders:
    """Pictures and the scenes that they show: `pixels` (N, S, S, 3) uint8, read from disk as they are used."""

    pixels: np.ndarray
    scenes: Scenes


def render_folder(
    folder: Path,
    count: int,
    *,
    seed: int,
    size: int = 256,
    workers: int = 1,
    advance: Callable[[int], None] = lambda more: None,
    deadline: float | None = None,
) -> bool:
    """Render scenes 0 .. count-1 of `seed` into `folder`; goes on where it stopped. See `filling.fill`.

    Raises `TrainingError` if the folder holds renders of something else, or fewer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _expect_same(folder / "renders.json", {"count": count, "seed": seed, "size": size})
    pixels = folder / "pixels.npy"
    arrays, work = {pixels: Shape((size, size, 3), "uint8")}, partial(_render, pixels, seed, size)
    return fill(arrays, count, work, folder / "chunks.txt", workers=workers, advance=advance, deadline=deadline)


def open_renders(folder: Path) -> Renders:
    """Open a finished folder of renders. Raises `TrainingError` if it is not there or not finished."""
    if not (folder / "pixels.npy").exists():
        raise TrainingError(f"no finished renders in {folder}: run the stage `renders` first")
    about = json.loads((folder / "renders.json").read_text())
    pixels = np.load(folder / "pixels.npy", mmap_mode="r")
    return Renders(pixels, Scenes(about["seed"], len(pixels)))


@dataclass(frozen=True)
class Latents:
    """Where the latents of scenes 0 .. count-1 of `seed` go, and what they are made from.

    `pixels` holds the first of them as renders of `size` pixels; the others are drawn for this and forgotten.
    """

    folder: Path
    which: str
    seed: int
    size: int
    sides: tuple[int, ...]
    projection: Projection
    pixels: Path

    def path(self, side: int) -> Path:
        """Where the latents of a side are."""
        return self.folder / f"{self.which}-{side}.npy"

    @property
    def small(self) -> Path:
        """Where the small pictures are."""
        return self.folder / f"{self.which}-small.npy"

    def fill(
        self, count: int, *, workers: int = 1, advance: Callable[[int], None], deadline: float | None = None
    ) -> bool:
        """Write the latents of `count` scenes at all sides, and the small pictures; see `filling.fill`."""
        arrays = {self.path(side): Shape((4, side, side), "float16") for side in self.sides}
        arrays[self.small] = Shape((SMALL, SMALL, 3), "uint8")
        log = self.folder / f"{self.which}-chunks.txt"
        return fill(arrays, count, self.make, log, workers=workers, advance=advance, deadline=deadline)

    def make(self, chunk: range) -> Mapping[Path, np.ndarray]:
        """The rows of some scenes in each array."""
        kept = np.load(self.pixels, mmap_mode="r")
        pixels = np.stack([kept[i] if i < len(kept) else render(scene(self.seed, i), self.size).pixels for i in chunk])
        made = {self.path(side): self.projection(resize(pixels, side * PATCH)) for side in self.sides}
        return made | {self.small: resize(pixels, SMALL).round()}


def _render(path: Path, seed: int, size: int, chunk: range) -> Mapping[Path, np.ndarray]:
    return {path: np.stack([render(scene(seed, index), size).pixels for index in chunk])}


def _expect_same(path: Path, wanted: dict[str, int]) -> None:
    """Compare with what a folder was begun with; a folder of more renders of the same world will do as well."""
    if not path.exists():
        path.write_text(json.dumps(wanted))
        return
    found = json.loads(path.read_text())
    if {**found, "count": 0} != {**wanted, "count": 0} or found["count"] < wanted["count"]:
        raise TrainingError(f"{path} describes other renders, {found}, not {wanted}: choose another folder")
