"""What the UNet is told about one picture: its prompts, read with the model's text encoder, for each step.

    prompts, regions -> Conditioner -> Told: at a progress from 0 to 1, the contexts on either side of guidance

Shapes: B batch, H W latent size, T tokens, D width.
Read next: `prompts/conditioning.py`, which does the reading; `drawing.py`, which holds what comes of it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from safelight.diffusion.guidance import Branch, Branches
from safelight.finite import Finite
from safelight.images import read_mask
from safelight.models.text import TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.conditioning import Conditioner, Conditioning
from safelight.prompts.regions import area
from safelight.recipe import Recipe
from safelight.uses import hash_of

__all__ = ["TextChange", "Told", "conditioner", "tell"]

TextChange = Callable[[TextEncoder], AbstractContextManager[object]]
"""Makes a text encoder another one for as long as a `with` block lasts: a LoRA."""


@dataclass(frozen=True)
class Told:
    """What the UNet is told about one picture: the prompts on either side at a progress, 0 to 1."""

    positive: Branches
    negative: Branches
    empty: Tensor | None = None
    """The context (1, T, D) of the empty prompt, where guidance wants it."""

    def contexts(self, progress: float) -> list[Tensor]:
        """All that is said at a progress, each (1, T, D), in an order that the prompts alone decide."""
        said = [branch.context for branch in (*self.positive(progress), *self.negative(progress))]
        return said if self.empty is None else [*said, self.empty]


def conditioner(
    tokenizer: Tokenizer,
    text: Finite[TextEncoder],
    rescued: set[str],
    changes: Sequence[TextChange] = (),
    embeddings: Mapping[str, Tensor] | None = None,
) -> Conditioner:
    """What reads prompts with a text encoder, changed; notes its name in `rescued` where float32 had to help."""
    device = next(text.network.parameters()).device

    def encoder(ids: Tensor, skip: int, extra: Tensor | None = None, seen: Tensor | None = None) -> Tensor:
        vectors = None if extra is None else extra.to(device)
        inputs = [ids.to(device)] if seen is None else [ids.to(device), seen.to(device)]

        def run(network: TextEncoder, ids: Tensor, seen: Tensor | None = None) -> Tensor:
            with ExitStack() as stack:
                for change in changes:
                    stack.enter_context(change(network))
                return network(ids, skip, vectors, seen)

        context, rows = text.ask(run, *inputs)
        if rows.any():
            rescued.add(text.name)
        return context

    return Conditioner(tokenizer, encoder, embeddings)


def tell(
    recipe: Recipe, files: Mapping[str, Path], reader: Conditioner, size: tuple[int, int], like: Tensor, steps: int
) -> Told:
    """Read the prompts of a settled recipe for `steps` steps; `size` is (H, W), masks go where `like` is."""
    more = [""] if recipe.perp_neg else []
    positive, negative, *others = reader.conditionings(
        [recipe.prompt, recipe.negative_prompt, *(region.prompt for region in recipe.regions), *more],
        syntax=recipe.prompt_syntax,
        weighting=recipe.prompt_weighting,
        clip_skip=recipe.clip_skip,
        strict=recipe.strict_prompt,
        steps=steps,
    )
    places: list[tuple[Conditioning, float, Tensor]] = []
    for conditioning, region in zip(others, recipe.regions, strict=False):
        mask = area(region.box, *size) if region.box else read_mask(files[hash_of(region.mask)], size)
        places.append((conditioning, region.weight, mask.to(like.device)))

    def wanted(progress: float) -> list[Branch]:
        here = [Branch(told.context, told.weight) for told in positive.branches_at(progress)]
        for conditioning, weight, mask in places:
            here += [Branch(told.context, told.weight * weight, mask) for told in conditioning.branches_at(progress)]
        return here

    def unwanted(progress: float) -> list[Branch]:
        return [Branch(told.context, told.weight) for told in negative.branches_at(progress)]

    return Told(wanted, unwanted, others[-1].context if recipe.perp_neg else None)
