"""The engine: many recipes in flight, one network call for all that are waiting.

A sampler asks `denoised = yield x, sigma` and knows nothing else. The engine holds any number of them suspended,
answers each with a guided denoiser, and between two answers reports progress, shows a preview, or lets one go.

On a CPU every picture is asked for alone, because a product of another size may round differently: so a picture is
the same to the last bit whatever else is under way. A GPU answers all of them together unless the engine is `exact`.

Shapes: B pictures, C channels, H W latent size.
Read next: `cli/generate.py`, which prints what happens here.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor

from safelight.diffusion.samplers import AskBoth
from safelight.drawing import Drawing, Question
from safelight.errors import NumericalError, SafelightError
from safelight.picture import Picture
from safelight.preview import Preview
from safelight.recipe import Defaults, Recipe
from safelight.stable_diffusion import StableDiffusion

__all__ = ["Cancelled", "Engine", "Event", "Failed", "Finished", "Stepped", "Stream"]


@dataclass(frozen=True)
class Stepped:
    """A picture came one question further. `preview()` draws what the model makes of it now: (H, W, 3) uint8.

    `step` counts from 1 the rung of the ladder, of `steps`, that the question stood on. A sampler that asks more than
    once in a step tells of a rung more than once.
    """

    index: int
    recipe: Recipe
    step: int
    steps: int
    preview: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Finished:
    """A picture is done; `seconds` counts from its admission."""

    index: int
    picture: Picture
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A picture cannot be made; the others go on."""

    index: int
    recipe: Recipe
    error: SafelightError


@dataclass(frozen=True)
class Cancelled:
    """A picture was let go between two network calls."""

    index: int
    recipe: Recipe


Event = Stepped | Finished | Failed | Cancelled


@dataclass
class Job:
    """One picture in flight: its drawing, and the question its sampler waits with."""

    drawing: Drawing
    question: Question
    since: float
    reached: int = 1

    @property
    def kind(self) -> tuple[object, ...]:
        """Jobs of one kind can share a network call: equal shapes and networks, and guided or not."""
        contexts = self.drawing.contexts(self.question)
        if contexts is None:
            return (id(self),)  # asked alone
        guided = self.drawing.recipe.guidance_scale != 1
        return self.question[0].shape, contexts[0].shape, guided, self.drawing.network

    @property
    def step(self) -> int:
        """The rung, counted from 1, that the questions have come to; some samplers look ahead and come back."""
        steps = len(self.drawing.sigmas) - 1
        self.reached = max(self.reached, min(int((self.drawing.sigmas > self.question[1]).sum()) + 1, steps))
        return self.reached


class Engine:
    """A loaded model at work.

    `exact` asks the network for one picture at a time (None: on a CPU yes, elsewhere no); `at_once` is how many
    pictures are in flight together, by default one where they are asked for alone and four where they share.
    """

    def __init__(self, model: StableDiffusion, *, exact: bool | None = None, at_once: int | None = None) -> None:
        self.model = model
        on_cpu = next(model.unet.network.parameters()).device.type == "cpu"
        self.exact = on_cpu if exact is None else exact
        self.at_once = at_once or (1 if self.exact else 4)

    @property
    def defaults(self) -> Defaults:
        """What the model does where a recipe says nothing."""
        return self.model.defaults

    @property
    def model_hash(self) -> str:
        """SHA-256 of the model's weights."""
        return self.model.hash

    @cached_property
    def preview(self) -> Preview:
        """The cheap look at this model's latents."""
        return Preview.fit(lambda z: self.model.decode(z)[0], self.model.vae.network.config.latent_channels)

    def preview_of(self, denoised: Tensor) -> np.ndarray:
        """Draw a denoised latent (1, C, H, W) as an image (H, W, 3), uint8."""
        with torch.inference_mode():
            return self.preview(denoised)

    def notices(self, recipe: Recipe) -> list[str]:
        """What a person should know before a picture is made: what of a prompt is lost, what each file does.

        Raises what `StableDiffusion.begin` raises for a recipe that cannot be made.
        """
        return self.model.notices(recipe)

    def generate(self, recipe: Recipe) -> Picture:
        """Make one picture. Raises what `StableDiffusion.generate` raises."""
        for event in self.stream([recipe]):
            if isinstance(event, Finished):
                return event.picture
            if isinstance(event, Failed):
                raise event.error
        raise AssertionError("a stream of one recipe ended with neither a picture nor an error")

    def stream(self, recipes: Iterable[Recipe]) -> "Stream":
        """Make many pictures, and tell of each step. Recipes are taken from the iterable as places become free."""
        return Stream(self, recipes)


class Stream(Iterator[Event]):
    """The events of one run over some recipes; index counts the recipes from 0."""

    def __init__(self, engine: Engine, recipes: Iterable[Recipe]) -> None:
        self._engine = engine
        self._cancelled: set[int] = set()
        self._live: dict[int, Job] = {}
        self._events = self._run(zip(count(), recipes, strict=False))

    def __next__(self) -> Event:
        """Work until there is something to tell."""
        return next(self._events)

    def cancel(self, index: int) -> None:
        """Let a picture go before the next network call, or before it begins; one that is done stays as it is."""
        self._cancelled.add(index)

    def _run(self, waiting: Iterator[tuple[int, Recipe]]) -> Iterator[Event]:
        while True:
            for index, recipe in islice(waiting, self._engine.at_once - len(self._live)):
                yield from self._admit(index, recipe)
            if not self._live:
                # Recipes that failed on admission left their places empty; look whether there are more.
                following = next(waiting, None)
                if following is None:
                    return
                yield from self._admit(*following)
            for indices in self._groups():
                yield from self._tick(indices)

    def _admit(self, index: int, recipe: Recipe) -> Iterator[Event]:
        if index in self._cancelled:
            yield Cancelled(index, recipe)
            return
        try:
            since = time.monotonic()
            drawing = self._engine.model.begin(recipe)
            self._live[index] = Job(drawing, next(drawing.sampling), since)
        except SafelightError as error:
            yield Failed(index, recipe, error)

    def _groups(self) -> list[list[int]]:
        """Indices of live jobs, those together that one network call can answer."""
        if self._engine.exact:
            return [[index] for index in self._live]
        groups: dict[tuple[object, ...], list[int]] = {}
        for index, job in self._live.items():
            groups.setdefault(job.kind, []).append(index)
        return list(groups.values())

    def _tick(self, indices: list[int]) -> Iterator[Event]:
        """Answer the questions of some jobs with one network call."""
        for index in self._cancelled.intersection(indices):
            yield Cancelled(index, self._live.pop(index).drawing.recipe)
        indices = [index for index in indices if index in self._live]
        if not indices:
            return
        try:
            jobs = [self._live[index] for index in indices]
            answers = self._engine.model.answer([job.drawing for job in jobs], [job.question for job in jobs])
        except (NumericalError, torch.OutOfMemoryError) as error:
            if len(indices) == 1:
                job = self._live.pop(indices[0])
                at = f"step {job.step} of {len(job.drawing.sigmas) - 1}: "
                yield Failed(indices[0], job.drawing.recipe, _explained(error, job.drawing.recipe, at))
                return
            for index in indices:  # find out whose it was, or ask for less at once
                yield from self._tick([index])
            return
        for index, denoised in zip(indices, answers, strict=True):
            yield from self._advance(index, denoised)

    def _advance(self, index: int, answer: Tensor) -> Iterator[Event]:
        """Hand one job its answer; tell how far it came, or develop it if that was the last one."""
        job = self._live[index]
        denoised = answer[0] if isinstance(job.question, AskBoth) else answer
        recipe = job.drawing.recipe
        if index not in self._cancelled:
            look = partial(self._engine.preview_of, denoised)
            yield Stepped(index, recipe, job.step, len(job.drawing.sigmas) - 1, look)
        if index in self._cancelled:
            del self._live[index]
            yield Cancelled(index, recipe)
            return
        try:
            with torch.inference_mode():
                job.question = job.drawing.sampling.send(answer)
        except StopIteration as end:
            del self._live[index]
            try:
                picture = self._engine.model.develop(job.drawing, end.value)
            except (SafelightError, torch.OutOfMemoryError) as error:
                yield Failed(index, recipe, _explained(error, recipe))
            else:
                yield Finished(index, picture, time.monotonic() - job.since)


def _explained(error: Exception, recipe: Recipe, at: str = "") -> SafelightError:
    """Make of what went wrong an error that a person can act on."""
    if isinstance(error, torch.OutOfMemoryError):
        size = f"{recipe.width}x{recipe.height}"
        return SafelightError(f"{at}out of memory at {size}; ask for a smaller size, or for dtype float16")
    assert isinstance(error, SafelightError)
    return type(error)(f"{at}{error}")
