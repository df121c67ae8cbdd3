"""Readings as TensorBoard's event files: `tensorboard --logdir FOLDER` draws every stage of a run while it goes on.

An event file is a row of records (length, checksum, data, checksum), each a protobuf `Event`: a step, a time, and named
numbers or pictures. The `tensorboard` package writes them (the extra `train`); without it there are no such files, and
nothing else changes.  Next: `readings`.
"""

import os
import struct
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event  # pyright: ignore[reportMissingImports]

MISSING = "no files for TensorBoard: pip install 'safelight[train]' to have them"


def available() -> bool:
    """Whether event files can be written."""
    return find_spec("tensorboard") is not None


class Board:
    """One event file, open."""

    def __init__(self, file: BinaryIO, step: int) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2  # pyright: ignore[reportMissingImports]
        from tensorboard.summary.writer.record_writer import RecordWriter  # pyright: ignore[reportMissingImports]

        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        self._writer = RecordWriter(file)
        now = time.time()
        self._write(self._event(wall_time=now, file_version="brain.Event:2"))
        # "A run begins at this step": TensorBoard forgets later ones, which a killed run takes again.
        begin = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        self._write(self._event(wall_time=now, step=step, session_log=begin))

    @staticmethod
    def open(folder: Path, step: int) -> "Board | None":
        """Begin a new event file in `folder` for a run that goes on from `step`; None without TensorBoard."""
        if not available():
            return None
        name = f"events.out.tfevents.{int(time.time())}.{os.getpid()}.safelight"
        return Board((folder / name).open("ab"), step)

    def add(self, step: int, when: float, readings: Mapping[str, float]) -> None:
        """Write numbers down, each under its name."""
        values = [self._summary.Value(tag=name, simple_value=value) for name, value in readings.items()]
        self._write(self._event(wall_time=when, step=step, summary=self._summary(value=values)))

    def picture(self, step: int, when: float, path: Path) -> None:
        """Write a PNG down, as "sheet"."""
        content = path.read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        image = self._summary.Image(encoded_image_string=content, width=width, height=height, colorspace=3)
        value = self._summary.Value(tag="sheet", image=image)
        self._write(self._event(wall_time=when, step=step, summary=self._summary(value=[value])))

    def close(self) -> None:
        """Close the file."""
        self._writer.close()

    def _write(self, event: "Event") -> None:
        self._writer.write(event.SerializeToString())
        self._writer.flush()
