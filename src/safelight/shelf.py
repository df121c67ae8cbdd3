"""What was read from files lately, kept so that the next picture need not read it again.

    lora = shelf.get(("LoRA", digest), lambda: read(path))

The least recently used goes when there are too many. Keys hold the hash of the file, never its name.

Read next: `parts.py`, which fills it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

__all__ = ["Shelf"]

T = TypeVar("T")


class Shelf:
    """Things by key, `room` of them at most."""

    def __init__(self, room: int = 16) -> None:
        self.room = room
        self._things: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """Return what was loaded for `key`, loading it if it is not there; one key always has one type."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]  # pyright: ignore[reportReturnType]
        thing = load()
        with self._lock:
            self._things[key] = thing
            while len(self._things) > self.room:
                self._things.popitem(last=False)
        return thing
