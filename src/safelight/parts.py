"""What the files of a recipe make of a model, for the calls of one picture and for no others.

    parts = gather(recipe, files, base)
    with parts.unet[0](network): ...           the base again, bit for bit, afterwards

LoRAs of one picture are merged once and laid aside as whole weights; a call swaps them in and out by reference, which
costs next to nothing, so pictures with other LoRAs, or with none, can be under way in the same engine.

Shapes: n vectors of width D.
Read next: `drawing.py`, which holds them, and `uses.py`, which found the files.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image
from torch import Tensor, nn

from safelight.adapters import controlnet, embedding, hypernetwork, ip_adapter, lora
from safelight.adapters.controlnet import Control
from safelight.adapters.ip_adapter import ImagePrompt
from safelight.canny import canny
from safelight.drawing import Change
from safelight.errors import RecipeError, WeightsError
from safelight.images import read_pixels
from safelight.models.freeu import freeu
from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.recipe import ControlUse, ImagePromptUse, LoraUse, Recipe
from safelight.shelf import Shelf
from safelight.told import TextChange
from safelight.uses import hash_of
from safelight.weights.image_tower import read_image_tower

__all__ = ["NOTHING", "Base", "Parts", "gather"]

Places = list[tuple[nn.Module, nn.Parameter]]


@dataclass(frozen=True)
class Base:
    """The networks that parts are for, and where what was read is kept."""

    text: TextEncoder
    unet: UNet
    shelf: Shelf


@dataclass(frozen=True)
class Parts:
    """What a recipe's files change, and what each of them did, for people."""

    unet: tuple[Change, ...] = ()
    text: tuple[TextChange, ...] = ()
    embeddings: Mapping[str, Tensor] = field(default_factory=dict)
    """Words, and their vectors (n, D)."""
    controls: tuple[Control, ...] = ()
    pictures: tuple[ImagePrompt, ...] = ()
    reports: tuple[str, ...] = ()


NOTHING = Parts()


def gather(recipe: Recipe, files: Mapping[str, Path], base: Base) -> Parts:
    """Read what a settled recipe names; raises RecipeError, in one line, where a file does not fit the model."""
    try:
        return _gathered(recipe, files, base)
    except WeightsError as error:  # a fault of the recipe: the model is whole
        raise RecipeError(str(error)) from None


def _gathered(recipe: Recipe, files: Mapping[str, Path], base: Base) -> Parts:
    changes: list[Change] = []
    text_changes: list[TextChange] = []
    reports: list[str] = []
    if recipe.loras:
        merged = base.shelf.get(("LoRAs", recipe.loras), lambda: merge(recipe.loras, files, base), large=True)
        changes.append(merged.on)
        text_changes.append(merged.on)
        reports += merged.reports
    for use in recipe.hypernetworks:
        path = files[hash_of(use)]
        found = base.shelf.get(("hypernetwork", hash_of(use)), partial(hypernetwork.read, path))
        changes.append(partial(hypernetwork.attach, found, scale=use.scale))
        with hypernetwork.attach(found, base.unet, use.scale) as attached:
            reports.append(f"hypernetwork {use.file}: {attached.report}")
    if recipe.freeu is not None:
        b1, b2, s1, s2 = recipe.freeu
        changes.append(partial(freeu, b1=b1, b2=b2, s1=s1, s2=s2))
    words = read_embeddings(recipe, files, base)
    reports += [f"embedding {word!r}: {len(vectors)} tokens" for word, vectors in words.items()]
    controls = tuple(show(use, recipe, files, base) for use in recipe.controls)
    reports += [f"ControlNet {use.file} follows {use.image.file}" for use in recipe.controls]
    pictures = tuple(look_at(use, files, base) for use in recipe.image_prompts)
    reports += [f"IP-Adapter {use.file} speaks of {use.image.file}" for use in recipe.image_prompts]
    return Parts(tuple(changes), tuple(text_changes), words, controls, pictures, tuple(reports))


# -- Textual inversion, ControlNets, IP-Adapters -----------------------------------------------------------------------


def read_embeddings(recipe: Recipe, files: Mapping[str, Path], base: Base) -> dict[str, Tensor]:
    """Read the words of a recipe's embeddings. A word that its file does not say is the file's name in the recipe."""
    words: dict[str, Tensor] = {}
    for use in recipe.embeddings:
        path = files[hash_of(use)]
        said, vectors = base.shelf.get(("embedding", hash_of(use)), partial(_word, path))
        word = said or Path(use.file).stem
        if word.lower() in map(str.lower, words):
            raise RecipeError(f"two embeddings are called {word!r}; rename the file of one of them")
        words[word] = vectors
    return words


def _word(path: Path) -> tuple[str | None, Tensor]:
    """Read an embedding: the word that the file itself says, if it says one, and the vectors."""
    found = embedding.read(path)
    return None if found.name == path.stem else found.name, found.vectors


def show(use: ControlUse, recipe: Recipe, files: Mapping[str, Path], base: Base) -> Control:
    """Read a ControlNet, and show it the picture that it is to follow."""
    assert recipe.width and recipe.height
    like = next(base.unet.parameters())
    read = partial(controlnet.read, files[hash_of(use)], base.unet.config, like.dtype)
    network = base.shelf.get(("ControlNet", hash_of(use)), lambda: read().to(like.device), large=True)
    pixels = read_pixels(files[hash_of(use.image)], (recipe.height, recipe.width))
    if use.prepare == "canny":
        pixels = np.repeat(canny(pixels)[:, :, None], 3, axis=2)
    return controlnet.control(network, pixels, use.strength, use.start, use.end)


def look_at(use: ImagePromptUse, files: Mapping[str, Path], base: Base) -> ImagePrompt:
    """Read an IP-Adapter and its image tower, and let them look at the picture."""
    adapter = base.shelf.get(
        ("IP-Adapter", hash_of(use)), partial(ip_adapter.read, files[hash_of(use)], base.unet), large=True
    )
    folder = files[hash_of(use.tower)].parent.parent
    tower, _ = base.shelf.get(("image tower", hash_of(use.tower)), partial(read_image_tower, folder), large=True)
    picture = Image.fromarray(read_pixels(files[hash_of(use.image)]))
    seen = tower(ip_adapter.prepare(picture, tower.config.size)).embedding
    return ip_adapter.image_prompt(adapter, base.unet, seen, use.scale)


# -- LoRA --------------------------------------------------------------------------------------------------------------


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
            for module, own in bases:
                module.weight = own


def merge(loras: tuple[LoraUse, ...], files: Mapping[str, Path], base: Base) -> Merged:
    """Merge LoRAs into the networks, take the weights that come of it, and give the networks their own back."""
    layers = [
        {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)}
        for network in (base.unet, base.text)
    ]
    own = [{name: layer.weight for name, layer in found.items()} for found in layers]
    attached: list[lora.Attached] = []
    reports: list[str] = []
    try:
        for use in loras:
            found = base.shelf.get(("LoRA", hash_of(use)), partial(lora.read, files[hash_of(use)]))
            attached.append(lora.merge(found, base.unet, base.text, use.scale, use.text_scale))
            reports.append(f"LoRA {use.file}: {attached[-1].report}")
        weights = [
            {name: layer.weight for name, layer in found.items() if layer.weight is not before[name]}
            for found, before in zip(layers, own, strict=True)
        ]
    finally:
        for one in reversed(attached):
            one.detach()
    return Merged(weights[0], weights[1], tuple(reports))
