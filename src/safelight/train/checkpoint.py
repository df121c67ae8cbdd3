"""The state of a training run on disk: whole or absent, never half.

A checkpoint is a dictionary of tensors, numbers and lists, written to another name, flushed to the disk and renamed.
Two are kept, so that a disk that lied about the newest costs five minutes. Reading allows nothing but such data
(`weights_only`): a checkpoint cannot run code.  Next: `loop`.
"""

import os
import pickle
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from safelight.errors import TrainingError

KEEP = 2


class State(TypedDict):
    """What a run needs to go on: `step` steps are done, `minutes` were spent, `scale` multiplies the learning rate."""

    step: int
    minutes: float
    scale: float
    weights: dict[str, Tensor]
    averages: dict[str, dict[str, Tensor]]
    optimiser: dict[str, object]


def paths(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(folder.glob("step-*.pt"))


def save(folder: Path, state: State) -> Path:
    """Write a checkpoint and remove all but the newest two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{state['step']:08d}.pt"
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    for old in paths(folder)[:-KEEP]:
        old.unlink()
    return path


def load(folder: Path) -> State | None:
    """The newest checkpoint that can be read, or None where there is none at all.

    Raises `TrainingError` where there are some and none of them can be read.
    """
    found = paths(folder)
    for path in reversed(found):
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError):
            continue
    if found:
        raise TrainingError(f"none of the checkpoints in {folder} can be read: move the folder away to start anew")
    return None
