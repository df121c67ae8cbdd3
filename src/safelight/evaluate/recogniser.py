"""The judge: a small network that says what is to be seen in a picture of this world.

It lies in two files, `NAME.safetensors` (float16) and `NAME.json`: sizes of the network, the words it answers with, the
score from which a thing counts, and the accuracies that it reaches on true renders, the ceiling of every other score.

Read next: read.py for what it says, heads.py for the network, train/recogniser.py for how it learns.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from safelight.errors import WeightsError
from safelight.evaluate.heads import AXES, COLOURS, FEATURES, MARKS, NOUNS, Answers, Network, Sizes, prepare
from safelight.evaluate.read import THRESHOLD, Guess, Instance, Reading, readings
from safelight.weights.safetensors_file import TensorFile

__all__ = ["Guess", "Instance", "Reading", "Recogniser", "export", "load"]

BATCH = 32
KIND = "safelight recogniser"


class Recogniser:
    """A trained judge. `hash` is the sha256 of its weights' file, so that every score can name its judge."""

    def __init__(self, network: Network, threshold: float = THRESHOLD, name: str = "") -> None:
        self.network = network.eval().requires_grad_(False)
        self.threshold, self.hash = threshold, name

    @torch.inference_mode()
    def read(self, pixels: np.ndarray) -> list[Reading]:
        """Read pictures (B, H, W, 3) uint8 of any size, as if reduced to 128 by 128."""
        return [one for some in _split(pixels) for one in readings(self.answers(some), self.threshold)]

    @torch.inference_mode()
    def answers(self, pixels: np.ndarray) -> Answers:
        """Return what the network says of a few pictures (B, H, W, 3) uint8, before it is put into words."""
        return self.network(prepare(torch.from_numpy(np.array(pixels))))

    @torch.inference_mode()
    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Return features (B, 192) float32 of pictures (B, H, W, 3) uint8, for distances between sets of pictures."""
        made = [self.answers(some).features.numpy() for some in _split(pixels)]
        return np.concatenate(made) if made else np.empty((0, FEATURES), np.float32)


def _split(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """The pictures, a few at a time."""
    return (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))


def export(network: Network, path: Path, threshold: float, ceiling: Mapping[str, object]) -> None:
    """Write a judge to `path` (.safetensors, float16) and the .json beside it, with the accuracies of `ceiling`."""
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in network.state_dict().items()}
    about = {
        "kind": KIND,
        "sizes": asdict(network.sizes),
        "words": _vocabulary(),
        "threshold": threshold,
        "ceiling": dict(ceiling),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(tensors, part)
    part.replace(path)
    part.write_text(json.dumps(about, indent=1))
    part.replace(path.with_suffix(".json"))


def load(path: Path) -> Recogniser:
    """Load a judge from its safetensors file (its .json lies beside it). Raises `WeightsError` if it is none."""
    beside = path.with_suffix(".json")
    try:
        about = json.loads(beside.read_text(encoding="utf-8"))
        sizes, threshold, known = about["sizes"], float(about["threshold"]), about["words"]
        network = Network(Sizes(**{f.name: _number(sizes[f.name]) for f in fields(Sizes)}))
    except (OSError, ValueError, TypeError, KeyError, RecursionError, AssertionError) as error:
        raise WeightsError(
            f"{beside} does not describe a recogniser ({error}); give a file that training wrote"
        ) from None
    if known != _vocabulary():
        raise WeightsError(f"{path} knows other words than this version's world: train a recogniser for it again")
    file = TensorFile(path)
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if wanted != {name: entry.shape for name, entry in file.entries.items()}:
        raise WeightsError(f"{path} holds other tensors than {beside.name} says: fetch both files again")
    network.load_state_dict({name: file.tensor(name).float() for name in wanted})
    return Recogniser(network, threshold, hashlib.sha256(path.read_bytes()).hexdigest())


def _vocabulary() -> dict[str, list[str]]:
    axes = {name: list(values) for name, values in AXES.items()}
    return {"nouns": list(NOUNS), "colours": list(COLOURS), **axes, "marks": list(MARKS)}


def _number(value: object) -> int:
    """A size from a file."""
    if not isinstance(value, int) or not 0 < value <= 1024:
        raise ValueError(f"no size: {value!r}")
    return value
