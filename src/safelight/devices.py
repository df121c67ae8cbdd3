"""Where to compute and in what: names from the command line become torch's devices and types.

Read next: `stable_diffusion.py`, which is loaded so.
"""

import torch

from safelight.errors import RecipeError

__all__ = ["device_of", "dtype_of"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device_of(name: str) -> torch.device:
    """Return the device called `name`, or the best one for "auto". Raises RecipeError for one that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise RecipeError(f"device {name!r} is not there; use auto, cpu, or cuda where PyTorch finds a GPU") from None
    return device


def dtype_of(name: str, device: torch.device) -> torch.dtype:
    """Return the type called `name`, or the usual one of the device for "auto". Raises RecipeError for another name."""
    if name == "auto":
        name = "float16" if device.type == "cuda" else "float32"
    if name not in DTYPES:
        raise RecipeError(f"dtype {name!r} is not one of auto, {', '.join(DTYPES)}")
    return DTYPES[name]
