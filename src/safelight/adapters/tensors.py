"""The tensors of a small file from a stranger, by name, whichever way it was saved.

Read next: `weights/safetensors_file.py` and `weights/pickle_reader.py`, which do the work.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from safelight.errors import WeightsError
from safelight.weights.pickle_reader import PickleFile, leaves
from safelight.weights.safetensors_file import TensorFile

__all__ = ["is_pickle", "read_tensors"]


def is_pickle(path: Path) -> bool:
    """Whether torch.save wrote this file, by its first bytes; its name may lie. Raises WeightsError."""
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    # The length of a safetensors header may begin with the very bytes of a pickle; its JSON follows eight bytes later.
    return start[8:] != b"{" and (start.startswith(b"PK\x03\x04") or start.startswith(b"\x80"))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    """Return every tensor by name, and the free text of the header where there is one.

    A state dict inside another dict, as `state_dict`, is taken for the whole. Raises WeightsError in one line.
    """
    if not is_pickle(path):
        file = TensorFile(path)
        for name, entry in file.entries.items():
            if entry.dtype.startswith("F8"):
                raise WeightsError(f"{path}: {name} is stored in 8 bits ({entry.dtype}); convert the file to F16 first")
        return {name: file.tensor(name) for name in file.entries}, file.metadata
    pickled = PickleFile(path)
    tree = pickled.tree
    if isinstance(tree, dict) and isinstance(tree.get("state_dict"), dict):
        tree = tree["state_dict"]
    return {name: pickled.tensor(view) for name, view in leaves(tree)}, {}
