"""A picture on its way: what it was told, how its network differs from the model's, and the sampler that asks.

    prompts -> Told: the contexts that hold at each step (told.py)
    files -> Change: another network, for as long as a call lasts (parts.py)

A drawing whose guidance is classifier-free and nothing else, with one prompt on either side, can share a network call
with others of its kind; `contexts` says so. Any other is asked alone, through its own `guided`.

Shapes: B batch, C channels, H W latent size, T tokens, D width.
Read next: `stable_diffusion.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor

from safelight.adapters.controlnet import Control, residuals
from safelight.adapters.ip_adapter import ImagePrompt, look
from safelight.diffusion.guidance import Curve, Guidance, Guided
from safelight.diffusion.samplers import AskBoth, Sampling
from safelight.finite import Finite
from safelight.models.unet import Residuals, UNet
from safelight.models.vae import Autoencoder
from safelight.recipe import Recipe
from safelight.told import Told

__all__ = ["Change", "Drawing", "Question", "changed", "guidance_of"]

Change = Callable[[UNet], AbstractContextManager[object]]
"""Makes a network another one for as long as a `with` block lasts: a LoRA, FreeU, an image prompt."""
Steer = Callable[[Tensor, Tensor, Tensor], Residuals | None]
"""What ControlNets add to a UNet that is asked (x, t, context)."""
See = Callable[[UNet, Tensor], AbstractContextManager[object]]
"""As `Change`, for a UNet that is about to be asked with a context (B, T, D)."""
Question = tuple[Tensor, float]
"""What a sampler asks, (x (1, C, H, W), sigma); an `AskBoth` wants two answers."""


@dataclass
class Drawing:
    """One picture on its way: all that the networks need to be told about it, and its suspended sampler.

    `alone` says that it is never asked together with others. `shared` and `rescued` grow with the work: whether a
    network call served other pictures too, and which networks overflowed and were asked again in float32.
    """

    recipe: Recipe
    sigmas: Tensor
    sampling: Sampling
    told: Told
    progress: Curve
    changes: tuple[Change, ...] = ()
    controls: tuple[Control, ...] = ()
    pictures: tuple[ImagePrompt, ...] = ()
    alone: bool = False
    vae: Finite[Autoencoder] | None = None
    shared: bool = False
    rescued: set[str] = field(default_factory=set)
    guided: Guided = field(init=False)

    def contexts(self, question: Question) -> tuple[Tensor, Tensor] | None:
        """The contexts (1, T, D) of the prompt and the negative prompt, where this question can share a call."""
        if self.alone or isinstance(question, AskBoth):
            return None
        at = self.progress(question[1])
        positive, negative = self.told.positive(at), self.told.negative(at)
        if len(positive) != 1 or len(negative) != 1 or positive[0].weight != 1 or positive[0].mask is not None:
            return None
        return positive[0].context, negative[0].context

    def steer(self, sigma: float) -> Steer | None:
        """What the ControlNets that are on at `sigma` add."""
        if not self.controls:
            return None
        steps = len(self.sigmas) - 1
        step = min(int(self.progress(sigma) * steps + 1e-6), steps - 1)

        def add(x: Tensor, t: Tensor, context: Tensor) -> Residuals | None:
            like = next(self.controls[0].network.parameters())
            found = residuals(self.controls, x.to(like), t, context.to(like), step, steps)
            return found and Residuals(tuple(kept.to(x) for kept in found.kept), found.middle.to(x))

        return add

    def see(self, sigma: float) -> See | None:
        """Show the image prompts to the rows of the prompt, and their absence to those of the negative prompt."""
        if not self.pictures:
            return None
        at = self.progress(sigma)
        wanted = [branch.context[0] for branch in self.told.positive(at)]
        unwanted = [branch.context[0] for branch in self.told.negative(at)]

        def rows(context: Tensor) -> list[bool]:
            def among(row: Tensor, those: Sequence[Tensor]) -> bool:
                return any(torch.equal(row, one.to(row)) for one in those)

            # Of two equal rows, where prompt and negative prompt say the same, the first is the negative one.
            alone = len(context) == 1
            return [
                among(row, wanted) and (alone or not among(row, unwanted) or among(row, list(context[:i])))
                for i, row in enumerate(context)
            ]

        return lambda unet, context: look(unet, self.pictures, rows(context))

    @property
    def network(self) -> tuple[object, ...]:
        """What makes this drawing's network differ from the model's; drawings that agree in it can share a call."""
        recipe = self.recipe
        return recipe.loras, recipe.hypernetworks, recipe.freeu, recipe.controls, recipe.image_prompts


def guidance_of(recipe: Recipe, prediction: str) -> Guidance:
    """What a resolved recipe wants of guidance; `prediction` is what the network answers."""
    assert recipe.guidance_scale is not None and prediction in ("epsilon", "v_prediction")
    return Guidance(
        recipe.guidance_scale,
        recipe.guidance_rescale,
        recipe.guidance_interval,
        recipe.guidance_curve,
        recipe.dynamic_threshold,
        recipe.apg_eta,
        recipe.apg_norm,
        recipe.apg_momentum,
        recipe.pag_scale,
        recipe.autoguidance_scale,
        recipe.perp_neg,
        prediction,
    )


def changed(changes: Sequence[Change], steer: Steer | None = None, see: See | None = None) -> Callable[..., Tensor]:
    """Call a network with (x, t, context) while all `changes` hold, the first one outermost, and `steer` adds to it."""

    def run(unet: UNet, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        more = None if steer is None else steer(x, t, context)
        with ExitStack() as stack:
            for change in changes:
                stack.enter_context(change(unet))
            if see is not None:
                stack.enter_context(see(unet, context))
            return unet(x, t, context) if more is None else unet(x, t, context, more)

    return run
