"""A second model beside the first, for autoguidance: a smaller one, or one that was trained for less long.

It is told the same prompts in the words of its own text encoder; the files of the recipe change the first model alone.

Karras et al. 2024, arXiv 2406.02507. Shapes: B batch, T tokens, D width.
Read next: `diffusion/guidance/worse.py`.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from safelight.diffusion.denoiser import ConditionedDenoise, Denoiser
from safelight.diffusion.guidance.interval import one
from safelight.drawing import Drawing, changed
from safelight.errors import RecipeError
from safelight.parts import NOTHING
from safelight.uses import find_model, remember

if TYPE_CHECKING:
    from safelight.stable_diffusion import StableDiffusion

__all__ = ["second", "weaker"]


def weaker(model: "StableDiffusion", drawing: Drawing, files: Mapping[str, Path]) -> ConditionedDenoise:
    """D(x; sigma, context) of the model that `drawing` moves away from; it takes the first model's contexts."""
    recipe = drawing.recipe
    weak = second(model, recipe.autoguidance_model or "", recipe.autoguidance_hash)
    if weak.vae.network.config.latent_channels != model.vae.network.config.latent_channels:
        raise RecipeError(f"autoguidance_model {weak.name} has latents of another kind than {model.name}")
    told = weak.tell(recipe, files, NOTHING, len(drawing.sigmas) - 1, drawing.rescued)
    denoise = Denoiser(partial(weak.ask, [drawing], changed(())), weak.schedule)

    def translated(x: Tensor, sigma: Tensor | float, context: Tensor) -> Tensor:
        at = drawing.progress(one(sigma))
        words = list(zip(drawing.told.contexts(at), told.contexts(at), strict=True))
        rows = [next(theirs for ours, theirs in words if torch.equal(ours[0], row)) for row in context]
        return denoise(x, sigma, torch.cat(rows))

    return translated


def second(model: "StableDiffusion", name: str, digest: str | None) -> "StableDiffusion":
    """Load another model beside `model`, once; raises RecipeError where it is not the one in the recipe."""
    path = find_model(name, digest)
    load = partial(type(model).load, path, device=str(model.device), dtype=model.dtype)
    found = model.shelf.get(("model", path), load, large=True)
    if digest not in (None, found.hash):
        raise RecipeError(
            f"autoguidance_model {name} has other weights ({found.hash[:10]}) than in the recipe ({digest[:10]})"
        )
    remember(found.hash, path)
    return found
