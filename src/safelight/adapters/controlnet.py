"""ControlNets from files, and several of them at once.

    residuals = sum over the controls that are on of strength * network(x, t, context, hint)

Read are the authors' single files (`control_model.*`, alone or with the whole model around them, .pth or
.safetensors), the same without that first word, and diffusers' folders and files. A file has to hold every tensor of
the network, in its shape, and nothing else that is not known; nothing in it is run.

Paper: Zhang et al. 2023, arXiv 2302.05543. Shapes as in `models/controlnet.py`, which to read next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from safelight.adapters.controlnet_names import ROOT, controlnet_names
from safelight.adapters.tensors import read_tensors
from safelight.errors import WeightsError
from safelight.models.controlnet import ControlNet
from safelight.models.unet import Residuals, UNetConfig
from safelight.weights.reading import Config, read_json

__all__ = ["Control", "active", "control", "read", "residuals"]

FIRST_HINT = {"diffusers": "controlnet_cond_embedding.conv_in.weight", "compvis": f"{ROOT}input_hint_block.0.weight"}
AROUND = ("model.", "model_ema.", "first_stage_model.", "cond_stage_model.")  # the model it was trained on
MOST_HALVINGS = 6
STEMS = (
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.bin",
)
OTHERS = {
    "lora_controlnet": "a Control-LoRA",
    "difference": "a ControlNet kept as a difference from the model it was trained on",
    "body.0.": "a T2I-Adapter",
    "adapter.body.": "a T2I-Adapter",
    "add_embedding.": "a ControlNet for Stable Diffusion XL",
    "label_emb.": "a ControlNet for Stable Diffusion XL",
}


@dataclass(frozen=True, eq=False)
class Control:
    """One ControlNet at work on one picture.

    Attributes:
        network: the ControlNet.
        hint: what its hint encoder made of the picture, (1, C, H, W).
        strength: what its residuals are multiplied by; 0 and up, 1 is as trained.
        start: the fraction of the steps, 0..1, before which it is off.
        end: the fraction of the steps, 0..1, after which it is off.
    """

    network: ControlNet
    hint: Tensor
    strength: float = 1.0
    start: float = 0.0
    end: float = 1.0


def control(
    network: ControlNet, pixels: np.ndarray, strength: float = 1.0, start: float = 0.0, end: float = 1.0
) -> Control:
    """Show a picture to a ControlNet: pixels uint8 (8H, 8W, 3), of the size of the picture that is to be drawn.

    Raises ValueError for pixels of another kind.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"a hint is uint8 (height, width, 3), not {pixels.dtype} {pixels.shape}")
    if pixels.shape[0] % 8 or pixels.shape[1] % 8:
        raise ValueError(f"a hint's sides are multiples of 8, not {pixels.shape[1]} x {pixels.shape[0]}")
    weight = network.conv_in.weight
    picture = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].to(weight) / 255
    with torch.no_grad():
        return Control(network, network.hint(picture), strength, start, end)


def active(control: Control, step: int, steps: int) -> bool:
    """Say whether a control is on at `step` (0 is the first) of `steps`: where the whole step lies in start..end."""
    return control.strength != 0 and step / steps >= control.start and (step + 1) / steps <= control.end


def residuals(
    controls: Iterable[Control], x: Tensor, t: Tensor, context: Tensor, step: int, steps: int
) -> Residuals | None:
    """What the controls that are on at this step add to a UNet asked about x, t, context; None where none is on."""
    asked = [scaled(one.network(x, t, context, one.hint), one.strength) for one in controls if active(one, step, steps)]
    return reduce(added, asked) if asked else None


def scaled(one: Residuals, strength: float) -> Residuals:
    """Multiply residuals."""
    return Residuals(tuple(tensor * strength for tensor in one.kept), one.middle * strength)


def added(a: Residuals, b: Residuals) -> Residuals:
    """Add residuals."""
    return Residuals(tuple(x + y for x, y in zip(a.kept, b.kept, strict=True)), a.middle + b.middle)


def read(path: str | Path, config: UNetConfig | None = None, dtype: torch.dtype = torch.float32) -> ControlNet:
    """Read a ControlNet for a UNet of that config (that of Stable Diffusion v1 if None), in evaluation mode.

    Args:
        path: a file, or a folder of diffusers'.
        config: of the UNet that it shall steer; the file has to fit it.
        dtype: of the network's weights.

    Raises:
        WeightsError: in one line, where it cannot be read, is no ControlNet, or does not fit.
    """
    path, config = Path(path), config or UNetConfig()
    file = weights_in(path) if path.is_dir() else path
    tensors = plain(read_tensors(file)[0])
    diffusers = FIRST_HINT["diffusers"] in tensors
    first = tensors.get(FIRST_HINT["diffusers" if diffusers else "compvis"])
    if first is None or first.ndim != 4:
        kind = next((kind for word, kind in OTHERS.items() if any(name.startswith(word) for name in tensors)), None)
        some = ", ".join(sorted(tensors)[:2])[:100]
        raise WeightsError(f"{file} is {kind or f'no ControlNet (it holds {some})'}; get a ControlNet for v1")
    beside = file.parent / "config.json"
    flipped = diffusers and beside.is_file() and check_config(Config(read_json(beside), beside), config)

    halvings = hint_halvings(tensors, diffusers)
    names = {
        name.ours: name.theirs("diffusers" if diffusers else "compvis") for name in controlnet_names(config, halvings)
    }
    widths = tuple(width(file, tensors, names[f"hint.convs.{2 * i}.weight"]) for i in range(halvings + 1))
    inputs = width(file, tensors, names["conv_in.weight"], 1)
    with torch.device("meta"):
        network = ControlNet(config, widths, inputs)
    shapes = {names[ours]: tuple(value.shape) for ours, value in network.state_dict().items()}
    check(file, tensors, shapes)
    state = {ours: tensors[theirs].to(dtype) for ours, theirs in names.items()}
    if flipped:  # trained on blue-first pictures: turn the first map about instead of every picture
        state["hint.convs.0.weight"] = state["hint.convs.0.weight"].flip(1)
    network.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False)


def weights_in(folder: Path) -> Path:
    """Find the weights in a folder of diffusers'."""
    found = next((folder / stem for stem in STEMS if (folder / stem).is_file()), None)
    if found is None:
        raise WeightsError(f"{folder} holds no ControlNet: there is no {STEMS[0]}")
    return found


def plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Leave out the model around a ControlNet, and give the authors' names their first word where they lack it."""
    if any(name.startswith(ROOT) for name in tensors):
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(AROUND)}
    if "input_hint_block.0.weight" in tensors:
        return {ROOT + name: tensor for name, tensor in tensors.items()}
    return dict(tensors)


def check_config(values: Config, config: UNetConfig) -> bool:
    """Check what shapes do not tell in diffusers' config.json; return whether the network wants blue first."""
    values.made_for("ControlNetModel")
    if values.get("global_pool_conditions", False):
        raise values.refuse("global_pool_conditions", "false")
    heads = values.get("num_attention_heads", None) or values.get("attention_head_dim", config.heads)
    if heads not in (config.heads, [config.heads] * len(config.channels)):
        raise values.refuse("attention_head_dim", f"{config.heads}, the number of heads of the model to be steered")
    order = values.get("controlnet_conditioning_channel_order", "rgb")
    if order not in ("rgb", "bgr"):
        raise values.refuse("controlnet_conditioning_channel_order", '"rgb" and "bgr"')
    return order == "bgr"


def hint_halvings(tensors: Mapping[str, Tensor], diffusers: bool) -> int:
    """Count how often a hint encoder halves; 3 in every ControlNet for v1."""
    head = "controlnet_cond_embedding.blocks." if diffusers else f"{ROOT}input_hint_block."
    convs = sum(f"{head}{i if diffusers else 2 * i + 2}.weight" in tensors for i in range(2 * MOST_HALVINGS))
    return (convs if diffusers else convs - 1) // 2


def width(file: Path, tensors: Mapping[str, Tensor], name: str, axis: int = 0) -> int:
    """Read a width from the shape of a convolution."""
    tensor = tensors.get(name)
    if tensor is None or tensor.ndim != 4:
        raise WeightsError(f"{file} is no usable ControlNet: {name} is missing or misshapen; fetch it again")
    return tensor.shape[axis]


def check(file: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, Sequence[int]]) -> None:
    """Hold a file against what is wanted, to the last tensor."""
    missing = [name for name in shapes if name not in tensors]
    wrong = [
        name
        for name, shape in shapes.items()
        if name in tensors and (tuple(tensors[name].shape) != shape or not tensors[name].is_floating_point())
    ]
    unknown = [name for name in tensors if name not in shapes]
    faults = {"missing": missing, "misshapen": wrong, "unknown": unknown}
    told = [f"{len(names)} tensors {word} ({names[0][:80]})" for word, names in faults.items() if names]
    if told:
        raise WeightsError(f"{file} is no ControlNet for this model: {', '.join(told)}; get one for the same base")
