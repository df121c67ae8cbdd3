"""What the files of a recipe make of a model, for the calls of one picture and for no others.

    parts = gather(recipe, files, text, unet, shelf)
    with parts.unet[0](network): ...           the base again, bit for bit, afterwards

LoRAs of one picture are merged once and laid aside as whole weights; a call swaps them in and out by reference, which
costs next to nothing, so pictures with other LoRAs, or with none, can be under way in the same engine.

Read next: `drawing.py`, which holds them, and `uses.py`, which found the files.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from safelight.adapters import lora
from safelight.drawing import Change
from safelight.errors import RecipeError, WeightsError
from safelight.models.freeu import freeu
from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.recipe import LoraUse, Recipe
from safelight.shelf import Shelf
from safelight.uses import hash_of

__all__ = ["Parts", "TextChange", "gather"]

TextChange = Callable[[TextEncoder], AbstractContextManager[None]]
"""As `Change`, for the text encoder."""
Places = list[tuple[nn.Module, nn.Parameter]]

MERGED_AT_ONCE = 2
"""Sets of LoRAs that are kept as whole weights; one of a full model takes up to a gigabyte."""


@dataclass(frozen=True)
class Parts:
    """What a recipe's files change, and what each of them did, for people."""

    unet: tuple[Change, ...] = ()
    text: tuple[TextChange, ...] = ()
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Merged:
    """A set of LoRAs as whole weights, by the names of the layers that it changes."""

    unet: Mapping[str, Tensor]
    text: Mapping[str, Tensor]
    reports: tuple[str, ...]
    _places: "WeakKeyDictionary[nn.Module, Places]" = field(default_factory=WeakKeyDictionary)

    @contextmanager
    def on(self, network: UNet | TextEncoder) -> Iterator[None]:
        """Within the block, `network` has these weights in the place of its own."""
        places = self._places.get(network)
        if places is None:  # the network itself, or the float32 copy that rescues it
            weights, modules = self.unet if isinstance(network, UNet) else self.text, dict(network.named_modules())
            kind = next(network.parameters())
            places: Places | None = []
            for name, weight in weights.items():
                places.append((modules[name], nn.Parameter(weight.to(kind), requires_grad=False)))
            self._places[network] = places
        bases = [(module, module.weight) for module, _ in places]
        try:
            for module, weight in places:
                module.weight = weight
            yield
        finally:
            for module, base in bases:
                module.weight = base


def gather(recipe: Recipe, files: Mapping[str, Path], text: TextEncoder, unet: UNet, shelf: Shelf) -> Parts:
    """Read what a settled recipe names; raises RecipeError, in one line, where a file does not fit the model."""
    changes: list[Change] = []
    text_changes: list[TextChange] = []
    reports: list[str] = []
    if recipe.loras:
        merged = shelf.get(("LoRAs", recipe.loras), lambda: merge(recipe.loras, files, text, unet, shelf))
        changes.append(merged.on)
        text_changes.append(merged.on)
        reports += merged.reports
    if recipe.freeu is not None:
        b1, b2, s1, s2 = recipe.freeu
        changes.append(lambda unet: freeu(unet, b1, b2, s1, s2))
    return Parts(tuple(changes), tuple(text_changes), tuple(reports))


def merge(loras: tuple[LoraUse, ...], files: Mapping[str, Path], text: TextEncoder, unet: UNet, shelf: Shelf) -> Merged:
    """Merge LoRAs into the networks, take the weights that come of it, and give the networks their own back."""
    networks: tuple[nn.Module, nn.Module] = unet, text
    layers = [
        {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}
        for network in networks
    ]
    bases = [{name: layer.weight for name, layer in found.items()} for found in layers]
    attached: list[lora.Attached] = []
    reports: list[str] = []
    try:
        for use in loras:
            digest = hash_of(use)
            found = shelf.get(("LoRA", digest), lambda digest=digest: lora.read(files[digest]))
            attached.append(lora.merge(found, unet, text, use.scale, use.text_scale))
            reports.append(f"LoRA {use.file}: {attached[-1].report}")
        weights = [
            {name: layer.weight for name, layer in found.items() if layer.weight is not base[name]}
            for found, base in zip(layers, bases, strict=True)
        ]
    except WeightsError as error:
        raise RecipeError(str(error)) from None
    finally:
        for one in reversed(attached):
            one.detach()
    return Merged(weights[0], weights[1], tuple(reports))
