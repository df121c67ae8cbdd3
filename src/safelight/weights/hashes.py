"""A model's hash: SHA-256 over the bytes of its weight files, one after the other (text encoder, UNet, autoencoder).

For a single file that is the file's own SHA-256, as other tools show it. Hashing gigabytes takes seconds, so the result
is kept in the library's home, keyed by each file's path, size and time of change.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from safelight.errors import WeightsError
from safelight.weights import library

__all__ = ["hash_files"]

KEPT = 1_000  # files remembered at most


def hash_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256, in hexadecimal, of the files' bytes in this order."""
    try:
        states = [(path.resolve(), path.stat()) for path in paths]
    except OSError as error:
        raise WeightsError(f"{error.filename} cannot be read: {error.strerror}") from error
    key = hashlib.sha256(
        repr([(str(path), state.st_size, state.st_mtime_ns) for path, state in states]).encode()
    ).hexdigest()
    cache = library.home() / "hashes.json"
    kept = library.read_json(cache)
    known = kept.get(key)
    if isinstance(known, str) and len(known) == 64:
        return known
    digest = hashlib.sha256()
    for path, _ in states:
        try:
            with path.open("rb") as file:
                while block := file.read(2**22):
                    digest.update(block)
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    result = digest.hexdigest()
    with suppress(OSError):  # a home that cannot be written to: the next run hashes again
        library.write_json(cache, dict([*kept.items(), (key, result)][-KEPT:]))
    return result
