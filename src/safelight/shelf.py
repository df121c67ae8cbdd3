"""What was read from files lately, kept so that the next picture need not read it again.

    lora = shelf.get(("LoRA", digest), lambda: read(path))

The least recently used goes when there are too many; of large things, whole networks, fewer are kept. Keys hold the
hash of the file, never its name.

Read next: `parts.py`, which fills it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

__all__ = ["Shelf"]

T = TypeVar("T")

SMALL, LARGE = 16, 4


class Shelf:
    """Things by key: `small` and `large` of each size at most."""

    def __init__(self, small: int = SMALL, large: int = LARGE) -> None:
        self._room = {False: small, True: large}
        self._things: dict[bool, OrderedDict[Hashable, object]] = {False: OrderedDict(), True: OrderedDict()}
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], T], *, large: bool = False) -> T:
        """Return what was loaded for `key`, loading it if it is not there; one key always has one type and size."""
        things = self._things[large]
        with self._lock:
            if key in things:
                things.move_to_end(key)
                return things[key]  # pyright: ignore[reportReturnType]
        thing = load()
        with self._lock:
            things[key] = thing
            while len(things) > self._room[large]:
                things.popitem(last=False)
        return thing
