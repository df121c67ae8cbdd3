"""`safelight generate`: from what was typed to recipes, and from the engine's events to files.

The options are the fields of `Recipe` (tests/test_architecture.py holds them in step) and how to make and keep the
pictures. Everything that can be wrong is looked for before the model is loaded: the recipe, then the output.

Read next: `output.py` for where files go, `engine.py` for what happens in between.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli import options
from safelight.cli.asking import (
    DeviceOption,
    DtypeOption,
    ExactOption,
    JsonOption,
    check_dtype,
    check_model,
    read_recipe,
    remarks_of,
)
from safelight.cli.output import Output
from safelight.cli.saying import note
from safelight.cli.telling import Telling
from safelight.cli.words import Words
from safelight.errors import PictureError, RecipeError, SafelightError

if TYPE_CHECKING:
    from safelight.engine import Engine
    from safelight.recipe import Recipe

__all__ = ["generate"]

LARGEST_SEED = 2**64 - 1


def generate(
    prompt: Annotated[str | None, typer.Argument(help="What to show; may be empty.", show_default=False)] = None,
    negative_prompt: options.NegativePrompt = None,
    model: options.Model = None,
    output: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="A file (.png, .jpg or .webp; replaced if it exists) or a folder for new files. Default: pictures/",
        ),
    ] = None,
    seed: options.Seed = None,
    count: Annotated[int, typer.Option(help="How many pictures, of the seeds SEED, SEED + 1, and so on.")] = 1,
    width: options.Size = None,
    height: options.Size = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    eta: options.Eta = None,
    sigmas: options.Sigmas = None,
    timesteps: options.Timesteps = None,
    like: options.Like = None,
    rng: options.Rng = None,
    guidance_scale: options.GuidanceScale = None,
    guidance_rescale: options.GuidanceRescale = None,
    guidance_interval: options.GuidanceInterval = None,
    guidance_curve: options.GuidanceCurve = None,
    dynamic_threshold: options.DynamicThreshold = None,
    apg_eta: options.ApgEta = None,
    apg_norm: options.ApgNorm = None,
    apg_momentum: options.ApgMomentum = None,
    pag_scale: options.PagScale = None,
    autoguidance_model: options.AutoguidanceModel = None,
    autoguidance_scale: options.AutoguidanceScale = None,
    freeu: options.Freeu = None,
    perp_neg: options.PerpNeg = None,
    prompt_syntax: options.PromptSyntax = None,
    prompt_weighting: options.PromptWeighting = None,
    strict_prompt: options.StrictPrompt = None,
    clip_skip: options.ClipSkip = None,
    regions: options.Regions = None,
    loras: options.Loras = None,
    embeddings: options.Embeddings = None,
    hypernetworks: options.Hypernetworks = None,
    vae: options.Vae = None,
    controls: options.Controls = None,
    image_prompts: options.ImagePrompts = None,
    style: options.Style = None,
    styles: options.Styles = None,
    wildcards: options.Wildcards = None,
    template: options.Template = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    exact: ExactOption = False,
    recipe: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json|PICTURE", help="Begin from this recipe; other options change it."),
    ] = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make pictures from a prompt. Sizes, steps, scale and sampler come from the model where you say nothing.

    Each picture is saved as soon as it is done, and carries its whole recipe. Its path is printed on stdout.
    """
    typed = dict(locals())
    from safelight.recipe import Recipe

    asked = options.values({name: value for name, value in typed.items() if name in Recipe.model_fields})
    words = Words(prompt, negative_prompt, template, style, styles, wildcards)
    if template is not None:
        asked.setdefault("prompt", "")
    base = _recipe(asked, recipe, count)
    if recipe is not None and not quiet:
        for line in remarks_of(recipe):
            note(line)
    first = words.of(base)
    check_dtype(dtype)
    place = Output.of(output, count)
    if recipe is not None and model is None:
        check_model(first, recipe)

    import safelight

    engine = safelight.load(first.model, device=device, dtype=dtype, exact=exact)
    telling = Telling(place, as_json, quiet)
    if not quiet:
        for line in _remarks(engine, first, place):
            note(line)
    if base.model_hash not in (None, engine.model_hash):
        base = base.model_copy(update={"model_hash": None})
    seeds = (base.model_copy(update={"seed": base.seed + i}) for i in range(count))
    _make(engine, (words.of(recipe) for recipe in seeds), telling)


def _recipe(asked: dict[str, object], file: Path | None, count: int) -> "Recipe":
    """Put together the first picture's recipe: what was asked, over the file's, over the model's defaults."""
    from safelight.recipe import recipe_from

    if file is None and "prompt" not in asked:
        raise RecipeError('say what to show: safelight generate "a red sports car" (an empty prompt is "")')
    if count < 1:
        raise RecipeError(f"--count {count} is out of range; use 1 or more")
    known = read_recipe(file).model_dump(exclude_unset=True) if file is not None else {}
    if "model" in asked:
        known.pop("model_hash", None)
    elif file is None:
        from safelight.weights import library

        known["model"] = library.default()
    if "sampler" in asked and asked["sampler"] != known.get("sampler"):
        # The file's schedule and eta were its sampler's; another one has its own.
        known |= {"schedule": None, "eta": None}
    if asked.keys() & {"steps", "schedule", "sigmas", "timesteps"}:
        known |= {"sigmas": None, "timesteps": None}
    if asked.get("seed") == -1:
        raise RecipeError("seed -1 is out of range; leave --seed out for a random one")
    if file is None and "seed" not in asked:
        known["seed"] = random.SystemRandom().randrange(2**32)
    first = recipe_from({**known, **asked})
    if first.seed + count - 1 > LARGEST_SEED:
        raise RecipeError(f"--count {count} runs past the largest seed, {LARGEST_SEED}; use a smaller --seed")
    return first


def _remarks(engine: "Engine", first: "Recipe", place: Output) -> Iterator[str]:
    """What a person should know before the first picture is made."""
    from safelight.cli.vocabulary import hint
    from safelight.weights.library import BUNDLED, find
    from safelight.weights.remarks import remark_on

    if place.numbered:
        yield f"--output names one file for {place.count} pictures: numbering them"
    if first.model_hash not in (None, engine.model_hash):
        yield "the recipe was made with other weights than this model's; expect another picture"
    usual = engine.defaults
    drawn = first.resolved(usual)
    if (drawn.sampler, drawn.schedule) == (usual.sampler, usual.schedule) and (differs := remark_on(find(first.model))):
        yield differs
    if first.like != "safelight":
        from safelight.diffusion.presets import apply, custom

        used = custom(first.like, apply(first.like, first).sampler or "")
        if used.differs:
            yield f"{first.like}'s {used.label} {used.differs}"
    yield from engine.notices(first)
    named = " ".join((first.prompt, *(region.prompt for region in first.regions)))
    if first.model == BUNDLED and (strange := hint(named)):
        yield strange


def _make(engine: "Engine", recipes: Iterator["Recipe"], telling: Telling) -> None:
    """Run the engine over `recipes`, saving each picture as it is finished."""
    from safelight.engine import Failed, Finished, Stepped

    failed = 0
    try:
        with telling.progress() as step:
            for event in engine.stream(recipes):
                match event:
                    case Stepped():
                        step(event.index, event.step, event.steps)
                    case Finished():
                        telling.finished(event)
                    case Failed(error=RecipeError() | PictureError()):
                        raise event.error  # it would be the same for every seed
                    case Failed():
                        failed += 1
                        telling.failed(event)
    except KeyboardInterrupt:
        note(f"stopped; {telling.kept()}")
        raise typer.Exit(130) from None
    except (SafelightError, MemoryError) as error:
        if telling.saved == 0:
            raise
        raise SafelightError(f"{error}; {telling.kept()}") from None
    if failed:
        raise typer.Exit(2)
