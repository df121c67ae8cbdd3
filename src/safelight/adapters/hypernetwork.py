"""Hypernetworks: small perceptrons that turn what keys and values are made of.

    k = W_k (c + s f_k(c))       v = W_v (c + s f_v(c))       c: the context, or the picture's own positions

One pair f_k, f_v for each width of c: 768 at cross-attention, 320, 640 and 1280 at self-attention; a width without a
pair stays as it is. A file of AUTOMATIC1111's is {width: (state of f_k, state of f_v), "activation_func": ...,
"activate_output": ..., ...}; its layers are linear maps with, between them, an activation and perhaps a layer norm.
Dropout was for training.

Source: the idea is NovelAI's (2022, https://blog.novelai.net/novelai-improvements-on-stable-diffusion-e10d38db82ac),
the file AUTOMATIC1111's. Shapes: B batch, T tokens or positions, D width.
Read next: `models/attention.py`, whose k and v it stands before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.adapters.lora import Attached, Report
from safelight.adapters.tensors import is_pickle
from safelight.errors import WeightsError, nearest
from safelight.models.attention import Attention
from safelight.models.unet import UNet
from safelight.weights.pickle_machine import Strided
from safelight.weights.pickle_reader import PickleFile

__all__ = ["ACTIVATIONS", "Hypernetwork", "Perceptron", "attach", "read"]

Step = Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Perceptron:
    """Linear maps and layer norms in their order, with an activation after each map (after the last: see `ends`).

    Attributes:
        layers: weight and bias of each; a weight (O, I) is a map, (D,) that of a norm.
        activation: what follows a map.
        ends: whether it follows the last map too.
    """

    layers: tuple[tuple[Tensor, Tensor | None], ...]
    activation: Step
    ends: bool

    def __call__(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        maps = sum(weight.ndim == 2 for weight, _ in self.layers)
        for weight, bias in self.layers:
            weight, bias = weight.to(x), None if bias is None else bias.to(x)
            if weight.ndim == 1:
                x = F.layer_norm(x, weight.shape, weight, bias)
                continue
            maps -= 1
            x = F.linear(x, weight, bias)
            x = self.activation(x) if maps or self.ends else x
        return x


@dataclass(frozen=True, eq=False)
class Hypernetwork:
    """What a file holds: `pairs`, the width D -> (f_k, f_v), and the `name` that messages call it."""

    name: str
    pairs: Mapping[int, tuple[Perceptron, Perceptron]]


def read(path: str | Path) -> Hypernetwork:
    """Read a hypernetwork of AUTOMATIC1111's, `.pt`; nothing in it is run.

    Raises WeightsError in one line where it cannot be read, is none, or has an activation that we do not have.
    """
    path = Path(path)
    if not is_pickle(path):
        raise WeightsError(f"{path} is no hypernetwork: those are .pt files of AUTOMATIC1111's")
    file = PickleFile(path)
    tree = file.tree if isinstance(file.tree, dict) else {}
    word = tree.get("activation_func") or "linear"
    activation = ACTIVATIONS.get(word.lower()) if isinstance(word, str) else None
    if activation is None:
        raise WeightsError(f"{path} has the activation {str(word)[:40]!r}.{nearest(str(word), ACTIVATIONS)}")
    ends = tree.get("activate_output", True) is not False  # files from before the choice ended with an activation
    pairs: dict[int, tuple[Perceptron, Perceptron]] = {}
    for width, states in tree.items():
        if type(width) is int and isinstance(states, list | tuple) and len(states) == 2:
            key, value = (_perceptron(path, file, width, state, activation, ends) for state in states)
            pairs[width] = key, value
    if not pairs:
        raise WeightsError(f"{path} is no hypernetwork: it holds no pair of perceptrons for any width")
    return Hypernetwork(path.name, pairs)


def attach(hypernetwork: Hypernetwork, unet: UNet, scale: float = 1.0) -> Attached:
    """Put a hypernetwork before the keys and values of a UNet, until `detach`; of several, the first attached is first.

    `scale` multiplies what it adds. Report counts perceptrons. Raises WeightsError where no width of it occurs.
    """
    used: set[int] = set()
    attached = Attached(Report(0, 0))
    for module in unet.modules():
        pair = hypernetwork.pairs.get(module.k.in_features) if isinstance(module, Attention) else None
        if pair is None or not isinstance(module, Attention):
            continue
        used.add(module.k.in_features)
        for layer, perceptron in ((module.k, pair[0]), (module.v, pair[1])):
            if scale != 0:
                attached._undo.append(layer.register_forward_pre_hook(_before(perceptron, scale)).remove)
    widths = ", ".join(map(str, sorted(hypernetwork.pairs)))
    if not used:
        raise WeightsError(f"{hypernetwork.name} is for attention of widths {widths}; this model has none of them")
    unknown = tuple(f"width {width}" for width in hypernetwork.pairs if width not in used)
    attached.report = Report(2 * len(used), 2 * len(hypernetwork.pairs), unknown)
    return attached


def _before(perceptron: Perceptron, scale: float) -> Callable[[nn.Module, tuple[Tensor]], Tensor]:
    return lambda _, given: given[0] + perceptron(given[0]) * scale


def _perceptron(path: Path, file: PickleFile, width: int, state: object, activation: Step, ends: bool) -> Perceptron:
    """Make one perceptron of its state dict, {"linear.0.weight": ..., "linear.0.bias": ..., "linear.2.weight": ...}."""
    wrong = f"{path} is not a usable hypernetwork: width {width}"
    found: dict[int, dict[str, Tensor]] = {}
    for name, view in state.items() if isinstance(state, dict) else ():
        # The oldest files say linear1 and linear2.
        place, _, kind = str(name).replace("linear1.", "linear.0.").replace("linear2.", "linear.1.").rpartition(".")
        number = place.removeprefix("linear.")
        if not isinstance(view, Strided) or not number.isdecimal() or len(number) > 4 or kind not in ("weight", "bias"):
            raise WeightsError(f"{wrong} has the unknown part {str(name)[:80]!r}")
        found.setdefault(int(number), {})[kind] = file.tensor(view).clone()
    at, layers = width, []
    for number in sorted(found):
        weight, bias = found[number].get("weight"), found[number].get("bias")
        fits = weight is not None and weight.ndim in (1, 2) and weight.shape[-1] == at
        if weight is None or not fits or (bias is not None and bias.shape != weight.shape[:1]):
            raise WeightsError(f"{wrong}, layer {number} does not fit the one before it")
        if not all(bool(torch.isfinite(part).all()) for part in (weight, bias) if part is not None):
            raise WeightsError(f"{wrong}, layer {number} holds NaN or infinity; fetch it again")
        at = weight.shape[0]
        layers.append((weight, bias))
    if not layers or at != width:
        raise WeightsError(f"{wrong} does not end as wide as it begins")
    return Perceptron(tuple(layers), activation, ends)


ACTIVATIONS: dict[str, Step] = {
    "linear": lambda x: x,
    "relu": F.relu,
    "leakyrelu": F.leaky_relu,
    "elu": F.elu,
    "swish": F.hardswish,  # so AUTOMATIC1111 means it
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "celu": F.celu,
    "gelu": F.gelu,
    "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink,
    "hardswish": F.hardswish,
    "hardtanh": F.hardtanh,
    "logsigmoid": F.logsigmoid,
    "mish": F.mish,
    "relu6": F.relu6,
    "selu": F.selu,
    "silu": F.silu,
    "softplus": F.softplus,
    "softshrink": F.softshrink,
    "softsign": F.softsign,
    "tanhshrink": F.tanhshrink,
}
