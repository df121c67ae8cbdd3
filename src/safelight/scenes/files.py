"""Scenes as files: NAME.png the picture, NAME.json the truth about it, NAME.txt one caption.

Each file is written beside its place and renamed, so that a broken run leaves no half file. Read next: render.py.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import BinaryIO

from safelight.errors import OutputError
from safelight.scenes.grammar import caption, scene
from safelight.scenes.render import render

__all__ = ["write", "write_scenes"]


def write(path: Path, save: Callable[[BinaryIO], object]) -> None:
    """Let `save` fill the file at `path`, all or nothing. Raises `OutputError` where it cannot be written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            save(file)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    finally:
        part.unlink(missing_ok=True)


def write_scenes(
    folder: Path, seed: int, count: int, size: int = 256, held_out: bool = False
) -> Iterator[tuple[Path, str]]:
    """Write scenes 0 .. count-1 of `seed` into `folder`; yields each picture's path and caption when it is there."""
    for index in range(count):
        shown = scene(seed, index, held_out)
        rendered = render(shown, size)
        text = caption(shown, Random(shown.layout))
        stem = folder / f"{'held-out' if held_out else 'scene'}-{seed}-{index:06d}"
        write(stem.with_suffix(".json"), lambda file, truth=rendered: file.write(f"{truth.to_json()}\n".encode()))
        write(stem.with_suffix(".txt"), lambda file, text=text: file.write(f"{text}\n".encode()))
        write(stem.with_suffix(".png"), lambda file, truth=rendered: truth.image().save(file, "PNG"))
        yield stem.with_suffix(".png"), text
