"""What a run measured, a line of JSON each: `readings.jsonl`, and the same for TensorBoard where that is installed.

    {"step": 1200, "minutes": 31.4, "loss": 0.061, "samples_per_second": 40.1, ...}

A run that was killed goes back to its last checkpoint and takes some steps again, so a file may say a step twice; and
its last line may be half a line. `read` gives what holds: the last word on every step.

Next: `board` for TensorBoard's files, `plots` for the pictures.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path

from safelight.train.board import Board

Readings = dict[str, float]

NAME = "readings.jsonl"


class Journal:
    """Writes the readings of one run, in `folder`; `step` is where it goes on."""

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / NAME
        if self.path.exists() and not self.path.read_bytes().endswith(b"\n"):
            with self.path.open("a") as file:  # what a power cut left of a line stays a line of its own
                file.write("\n")
        self.board = Board.open(folder, step)

    def write(self, step: int, minutes: float, readings: Mapping[str, float]) -> Readings:
        """Write a line down and return it; numbers are rounded to six digits behind the point."""
        line = {"step": step, "minutes": round(minutes, 3), **{k: round(v, 6) for k, v in readings.items()}}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self.board is not None:
            self.board.add(step, time.time(), readings)
        return line

    def picture(self, step: int, path: Path) -> None:
        """Show a contact sheet in TensorBoard."""
        if self.board is not None and path.exists():
            self.board.picture(step, time.time(), path)

    def close(self) -> None:
        """Close what is open."""
        if self.board is not None:
            self.board.close()


def read(folder: Path) -> list[Readings]:
    """The readings of a run in the order of their steps; none where there are none. Lines that are no readings count
    as nothing.
    """
    path = folder / NAME
    kept: list[Readings] = []
    for text in path.read_text(errors="replace").splitlines() if path.exists() else ():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if not isinstance(line, dict) or not all(isinstance(line.get(key), int | float) for key in ("step", "minutes")):
            continue
        while kept and kept[-1]["step"] > line["step"]:
            kept.pop()
        kept.append({k: float(v) for k, v in line.items() if isinstance(v, int | float)})
    return kept


def latest(folder: Path) -> Readings:
    """The newest value of every reading of a run."""
    found: Readings = {}
    for line in read(folder):
        found |= line
    return found
