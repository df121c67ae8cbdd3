"""Two curves: how the scale of guidance changes what is drawn, and how soon each sampler has arrived.

    guidance   share of prompts answered, and kernel distance to true renders, over the scale
    samplers   share of prompts answered over steps; for samplers without chance also
               error = sqrt(mean((x - x_ref)^2)), x_ref the last latent of DDIM with many steps from the same noise

The error of a sampler of order p falls as steps^-p, until it meets what its noise levels leave: a ladder that begins a
little below the noisiest level goes another way from the start. Samplers that draw noise as they go end elsewhere every
time, so of them only the first holds. Read next: run.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from safelight.evaluate.distance import kernel
from safelight.evaluate.pictures import Artist, Easel, Judge, Tell
from safelight.evaluate.prompts import Prompt
from safelight.evaluate.score import Share, judge, share
from safelight.recipe import Recipe

__all__ = ["DETERMINISTIC", "REFERENCE", "SCALES", "STOCHASTIC", "Point", "guidance", "samplers"]

SCALES = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5, 10.0)
DETERMINISTIC = ("ddim", "plms", "euler", "heun", "dpm2", "lms", "dpmpp_2m", "unipc")
STOCHASTIC = ("euler_a", "ddpm")
REFERENCE = {"sampler": "ddim", "schedule": "trailing", "eta": 0.0}


@dataclass(frozen=True)
class Point:
    """One setting: how many prompts it answers; a kernel distance or an error where there is one."""

    at: float
    share: Share
    kernel: float | None = None
    error: float | None = None

    def to_json(self) -> dict[str, object]:
        """As plain numbers."""
        return asdict(self)


def guidance(
    easel: Easel, reader: Judge, prompts: Sequence[Prompt], true: np.ndarray, scales: Sequence[float], tell: Tell
) -> list[Point]:
    """Every scale's point, with the distance to `true`, features (N, D) of renders of the same prompts."""
    found: list[Point] = []
    for i, scale in enumerate(scales):
        recipes = [easel.artist.recipe(prompt, how={"guidance_scale": float(scale)}) for prompt in prompts]
        easel.pictures(recipes, _part(tell, i, len(scales)), f"guidance {scale:g}")
        found.append(
            Point(float(scale), _answered(easel, reader, prompts, recipes), _apart(easel, reader, recipes, true))
        )
    return found


def samplers(
    easel: Easel,
    reader: Judge,
    prompts: Sequence[Prompt],
    names: Sequence[str],
    steps: Sequence[int],
    reference: int,
    tell: Tell,
) -> dict[str, list[Point]]:
    """Every sampler's points over steps, each with its usual schedule; `reference` is the steps of the reference."""
    artist, total = easel.artist, 1 + len(names)
    ends = _latents(easel, [_asked(artist, prompt, reference, REFERENCE) for prompt in prompts], _part(tell, 0, total))
    found: dict[str, list[Point]] = {}
    for i, name in enumerate(names):
        found[name] = []
        for j, count in enumerate(steps):
            advance = _part(_part(tell, i + 1, total), j, len(steps))
            recipes = [_asked(artist, prompt, count, {"sampler": name}) for prompt in prompts]
            if name in STOCHASTIC:
                easel.pictures(recipes, advance, f"{name}, {count} steps")
                error = None
            else:
                error = float(np.sqrt(np.mean(np.square(_latents(easel, recipes, advance) - ends))))
            found[name].append(Point(float(count), _answered(easel, reader, prompts, recipes), error=error))
    return found


def _asked(artist: Artist, prompt: Prompt, steps: int, how: Mapping[str, object]) -> Recipe:
    return artist.recipe(prompt, how={"steps": steps, **how})


def _latents(easel: Easel, recipes: Sequence[Recipe], tell: Tell) -> np.ndarray:
    found: list[np.ndarray] = []
    for i, recipe in enumerate(recipes):
        tell(i / len(recipes), f"{recipe.sampler}, {recipe.steps} steps: {i} of {len(recipes)}")
        found.append(easel.trace(recipe))
    return np.stack(found)


def _answered(easel: Easel, reader: Judge, prompts: Sequence[Prompt], recipes: Sequence[Recipe]) -> Share:
    readings = [reading for batch in easel.batches(recipes) for reading in reader.read(batch)]
    value = share((one.prompt, one.right) for one in judge(prompts, readings))
    assert value is not None
    return value


def _apart(easel: Easel, reader: Judge, recipes: Sequence[Recipe], true: np.ndarray) -> float:
    return kernel(np.concatenate([reader.features(batch) for batch in easel.batches(recipes)]), true)


def _part(tell: Tell, i: int, of: int) -> Callable[[float, str], None]:
    """Report a part of a whole."""
    return lambda done, what: tell((i + done) / of, what)
