"""Safelight: Stable Diffusion v1, written to be read. One recipe, one picture.

    import safelight

    model = safelight.load("bundled")
    picture = model.generate(safelight.Recipe(prompt="a red sports car", seed=7))
    picture.save("car.png")

The names below are the whole public surface. They are looked up on first use, so that `import safelight` costs nothing
and `safelight --help` never waits for torch. Read `stable_diffusion.py` next: it is the way from a prompt to a picture.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.engine import Cancelled, Engine, Failed, Finished, Stepped
    from safelight.errors import (
        HubError,
        NumericalError,
        OutputError,
        PictureError,
        RecipeError,
        SafelightError,
        TrainingError,
        WeightsError,
    )
    from safelight.picture import Picture
    from safelight.recipe import Recipe
    from safelight.stable_diffusion import StableDiffusion

__all__ = [
    "Cancelled",
    "Engine",
    "Failed",
    "Finished",
    "HubError",
    "NumericalError",
    "OutputError",
    "Picture",
    "PictureError",
    "Recipe",
    "RecipeError",
    "SafelightError",
    "StableDiffusion",
    "Stepped",
    "TrainingError",
    "WeightsError",
    "__version__",
    "load",
]

__version__ = "0.1.0"

_HOME = {
    "Cancelled": "safelight.engine",
    "Engine": "safelight.engine",
    "Failed": "safelight.engine",
    "Finished": "safelight.engine",
    "Picture": "safelight.picture",
    "Recipe": "safelight.recipe",
    "StableDiffusion": "safelight.stable_diffusion",
    "Stepped": "safelight.engine",
} | {name: "safelight.errors" for name in __all__ if name.endswith("Error")}


def load(
    model: str | Path | None = None, *, device: str = "auto", dtype: str = "auto", exact: bool = False
) -> "Engine":
    """Load a model and put it to work.

    `model` is a name (see `safelight models list`), a diffusers folder or a CompVis safetensors file; None is the
    default model, "bundled" unless `safelight models use` chose another. `device` is "auto", "cpu", "cuda", "cuda:1",
    ...; `dtype` is "auto", "float32", "bfloat16" or "float16". With `exact` each picture is computed alone, so that
    its neighbours cannot change a bit of it; on a CPU that is always so.
    Raises WeightsError for a model that is not there or is no Stable Diffusion v1, RecipeError for device and dtype.
    """
    from safelight.engine import Engine
    from safelight.stable_diffusion import StableDiffusion
    from safelight.weights import library

    path = library.find(library.default() if model is None else model)
    return Engine(StableDiffusion.load(path, device=device, dtype=dtype), exact=True if exact else None)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'safelight' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
