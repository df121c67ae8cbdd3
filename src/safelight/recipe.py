"""What is asked for: everything that decides one picture, and nothing else.

A `Recipe` is frozen, hashable and checked on the way in, so that what holds one holds a picture that can be made. The
same fields are the options of the command line, the keys of a recipe file and the metadata inside a picture, so that
none can drift from another. `None` means "as the model has it by default"; `Recipe.resolved` puts the model's defaults
in, and what a picture carries is always resolved: it stays the same picture when a default changes.

One recipe is one picture. A batch is many recipes.

This file needs neither torch nor a model: it loads at once. What each single value may be stands in `checks.py`. Read
`picture.py` next, where a recipe meets its pixels.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from safelight.checks import curve, descending, flag, numbers_of, one_of, real, several, show, whole
from safelight.errors import RecipeError
from safelight.names import CURVES, PROGRAMS, SAMPLERS, SCHEDULES, SYNTAXES, USUAL_ETA, USUAL_SCHEDULE, WEIGHTINGS
from safelight.recipe_parts import (
    LONGEST_PROMPT,
    MOST_PARTS,
    Checked,
    ControlUse,
    FileName,
    FileUse,
    Fraction,
    ImagePromptUse,
    LoraUse,
    Prompt,
    Region,
    ScaledUse,
    Sha256,
)
from safelight.strict_json import json_object

__all__ = [
    "BEHAVIOUR",
    "LONGEST_PROMPT",
    "SAMPLERS",
    "SCHEDULES",
    "USUAL_ETA",
    "USUAL_SCHEDULE",
    "ControlUse",
    "Defaults",
    "FileUse",
    "ImagePromptUse",
    "LoraUse",
    "Recipe",
    "Region",
    "ScaledUse",
    "json_object",
    "recipe_from",
]

BEHAVIOUR = 1
"""Raised whenever the same recipe would give another picture; old recipes then say which behaviour they mean."""


def _behaviour(value: object, info: ValidationInfo) -> int:
    """Accept the behaviours that this version knows."""
    if isinstance(value, int) and not isinstance(value, bool) and value > BEHAVIOUR:
        raise ValueError(
            f"behaviour {show(value)} belongs to a newer Safelight (this one knows 1 to {BEHAVIOUR}); "
            "update Safelight to make this picture"
        )
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"behaviour must be a whole number from 1 to {BEHAVIOUR}, not {show(value)}")
    return value


# The checks speak; the bounds below repeat them for the JSON schema that a server publishes.
Size = Annotated[int, Field(ge=64, le=2048, multiple_of=8), whole(64, 2048, 8)]
Steps = Annotated[int, Field(ge=1, le=1000), whole(1, 1000)]
Guidance = Annotated[float, Field(ge=0, le=100), real(0, 100)]
SamplerName = Annotated[str, Field(json_schema_extra={"enum": list(SAMPLERS)}), one_of(SAMPLERS)]
ScheduleName = Annotated[str, Field(json_schema_extra={"enum": list(SCHEDULES)}), one_of(SCHEDULES)]
Program = Annotated[Literal["safelight", "compvis", "diffusers", "a1111", "comfyui"], one_of(PROGRAMS)]
Syntax = Annotated[Literal["weighted", "plain", "a1111", "comfyui"], one_of(SYNTAXES)]
Weighting = Annotated[Literal["a1111", "no-norm", "comfy", "compel"], one_of(WEIGHTINGS)]
Sigmas = Annotated[tuple[float, ...], Field(min_length=1, max_length=1000), descending(1e-4, 1000)]
Timesteps = Annotated[tuple[float, ...], Field(min_length=1, max_length=1000), descending(0, 999)]
Several = several(MOST_PARTS)


# -- The recipe --------------------------------------------------------------------------------------------------------


class Defaults(Checked):
    """What a model does when a recipe leaves it open."""

    width: Size = 512
    height: Size = 512
    steps: Steps = 50
    guidance_scale: Guidance = 7.5
    sampler: SamplerName = "plms"
    schedule: ScheduleName = "leading"
    eta: Fraction = 0.0


class Recipe(Checked):
    """Everything that decides one picture. Frozen and hashable; two equal recipes are one picture.

    Raises `RecipeError`, in one line, for anything that cannot be a picture.
    """

    prompt: Prompt = ""
    """What to show; may be empty. At most 16,384 characters."""
    negative_prompt: Prompt = ""
    """What to keep away from; takes the place of the empty prompt in classifier-free guidance."""
    seed: Annotated[int, Field(ge=0, lt=2**64), whole(0, 2**64 - 1)] = 0
    """Where the noise starts, 0 to 2**64 - 1."""
    width: Size | None = None
    """Pixels, a multiple of 8 from 64 to 2048."""
    height: Size | None = None
    """Pixels, a multiple of 8 from 64 to 2048."""
    steps: Steps | None = None
    """Steps of the sampler, 1 to 1000. Some samplers ask the network more than once in a step."""
    guidance_scale: Guidance | None = None
    """How far to go from the negative prompt's answer towards and past the prompt's; 1 is the prompt alone."""
    guidance_rescale: Fraction = 0.0
    """How much of the contrast that guidance adds is taken back, 0 to 1 (Lin et al. 2023, arXiv 2305.08891)."""
    sampler: SamplerName | None = None
    """One of `SAMPLERS`."""
    schedule: ScheduleName | None = None
    """One of `SCHEDULES`: which noise levels the steps visit."""
    eta: Fraction | None = None
    """How much of the noise is drawn anew at each step, 0 to 1; only for the samplers in `USUAL_ETA`."""
    sigmas: Sigmas | None = None
    """The noise levels to visit, by hand, greatest first; they take the place of a schedule and of `steps`."""
    timesteps: Timesteps | None = None
    """The same in training steps, 999 to 0, whole or between."""
    like: Program = "safelight"
    """Whose step tables and starting noise are taken: our own, or those of another program."""
    clip_skip: Annotated[int, Field(ge=1, le=12), whole(1, 12)] = 1
    """Which layer of the text encoder speaks: 1 the last, 2 the one before it, and so on to 12."""
    rng: Annotated[Literal["torch", "philox"], one_of(("torch", "philox"))] = "torch"
    """`torch`: the noise that torch draws on a CPU. `philox`: the noise that it draws with CUDA, on any device."""

    prompt_syntax: Syntax = "weighted"
    """How brackets and signs in a prompt are read; `plain` takes them as they stand. See `prompts/syntax.py`."""
    prompt_weighting: Weighting = "a1111"
    """How the weight of a word changes what the UNet is told. See `prompts/weighting.py`."""
    strict_prompt: Annotated[bool, flag()] = False
    """Whether a prompt of which something would be cut, or not be understood, is refused."""
    regions: Annotated[tuple[Region, ...], Several] = ()
    """Places in the picture that have a prompt of their own."""

    guidance_interval: Annotated[tuple[float, float], numbers_of(2, 0, 1000)] | None = None
    """Guide only between these two sigmas, low and high (Kynkaanniemi et al. 2024, arXiv 2404.07724)."""
    guidance_curve: Annotated[str, curve(CURVES, 100)] = "constant"
    """How the scale changes over the steps: one of `CURVES`, or points "share of the steps:factor, ..."."""
    dynamic_threshold: Annotated[float, Field(gt=0, le=1), real(0.001, 1)] | None = None
    """The percentile of the latent to which guided answers are held (Saharia et al. 2022, arXiv 2205.11487)."""
    apg_eta: Fraction | None = None
    """Adaptive projected guidance: how much of the push that only saturates is kept (Sadat et al. 2024, 2410.02416)."""
    apg_norm: Annotated[float, Field(ge=0, le=1000), real(0, 1000)] = 0.0
    """Its bound on the length of the push; 0 is none."""
    apg_momentum: Annotated[float, Field(ge=-1, le=1), real(-1, 1)] = 0.0
    """How much of the last push joins the next; negative in the paper."""
    pag_scale: Guidance = 0.0
    """Perturbed-attention guidance (Ahn et al. 2024, arXiv 2403.17377); 0 is none."""
    autoguidance_model: FileName | None = None
    """A weaker model to move away from (Karras et al. 2024, arXiv 2406.02507)."""
    autoguidance_hash: Sha256 | None = None
    """SHA-256 of its weights."""
    autoguidance_scale: Guidance = 0.0
    """How far to move away from it; 0 is not at all."""
    freeu: Annotated[tuple[float, float, float, float], numbers_of(4, 0, 10)] | None = None
    """FreeU's b1, b2, s1, s2 (Si et al. 2023, arXiv 2309.11497)."""
    perp_neg: Annotated[bool, flag()] = False
    """Take from the negative prompt only what is not in the prompt (Armandpour et al. 2023, arXiv 2304.04968)."""

    loras: Annotated[tuple[LoraUse, ...], Several] = ()
    """LoRAs and their kin, added up."""
    embeddings: Annotated[tuple[FileUse, ...], Several] = ()
    """Textual inversion: files whose words may stand in the prompts."""
    hypernetworks: Annotated[tuple[ScaledUse, ...], Several] = ()
    """Hypernetworks, one after the other."""
    vae: FileUse | None = None
    """An autoencoder that decodes in place of the model's."""
    controls: Annotated[tuple[ControlUse, ...], Several] = ()
    """ControlNets, each with the picture that it follows; their answers are added."""
    image_prompts: Annotated[tuple[ImagePromptUse, ...], Several] = ()
    """IP-Adapters, each with the picture that it speaks of."""

    model: FileName = "bundled"
    """The model's name, or its folder or file."""
    model_hash: Sha256 | None = None
    """SHA-256 of the weights, in hexadecimal: what `model` names, and keeps meaning when files move."""
    behaviour: Annotated[int, Field(ge=1, le=BEHAVIOUR), BeforeValidator(_behaviour)] = BEHAVIOUR
    """Which of Safelight's behaviours made the picture; see `BEHAVIOUR`."""

    @model_validator(mode="after")
    def _eta_has_a_meaning(self) -> Self:
        if self.eta and self.sampler is not None and self.sampler not in USUAL_ETA:
            raise ValueError(
                f"eta {self.eta:g} has no meaning for the sampler {self.sampler!r}; "
                f"leave it out, or use one of {', '.join(USUAL_ETA)}"
            )
        return self

    @model_validator(mode="after")
    def _by_hand_or_by_name(self) -> Self:
        by_hand = self.sigmas or self.timesteps
        if by_hand is None:
            return self
        like = None if self.like == "safelight" else self.like
        given = {"sigmas": self.sigmas, "timesteps": self.timesteps, "schedule": self.schedule, "like": like}
        first, *others = (name for name, value in given.items() if value is not None)
        if others:
            raise ValueError(f"{first} and {others[0]} cannot both say where the steps are; leave one out")
        if self.steps is not None and self.steps != len(by_hand):
            raise ValueError(f"steps {self.steps} is not the number of {first}, {len(by_hand)}; leave it out")
        return self

    @model_validator(mode="after")
    def _guidance_has_a_meaning(self) -> Self:
        if self.guidance_interval and not self.guidance_interval[0] < self.guidance_interval[1]:
            low, high = self.guidance_interval
            raise ValueError(f"guidance_interval {low:g} to {high:g} is empty; write the lower sigma first")
        if self.apg_eta is None and (self.apg_norm or self.apg_momentum):
            raise ValueError("apg_norm and apg_momentum have no meaning without apg_eta; write apg_eta 0 as well")
        if self.autoguidance_scale and self.autoguidance_model is None:
            raise ValueError("autoguidance_scale has no meaning without autoguidance_model; name the weaker model")
        return self

    def resolved(self, defaults: Defaults, model_hash: str | None = None) -> "Recipe":
        """Put the model's defaults where the recipe leaves something open.

        Of what was there from the beginning nothing is None afterwards, except `eta` when the sampler has none,
        `model_hash` when it is not given, and the schedule where `sigmas` or `timesteps` take its place.
        A schedule left open is the model's with the model's own sampler, and the usual one of any other sampler.
        """
        sampler = self.sampler or defaults.sampler
        own = sampler == defaults.sampler
        by_hand, usual = self.sigmas or self.timesteps, USUAL_SCHEDULE[sampler]
        eta = None
        if sampler in USUAL_ETA:
            eta = self.eta if self.eta is not None else defaults.eta if own else USUAL_ETA[sampler]
        return recipe_from(
            self.model_dump()
            | {
                "width": self.width or defaults.width,
                "height": self.height or defaults.height,
                "steps": len(by_hand) if by_hand else self.steps or defaults.steps,
                "guidance_scale": defaults.guidance_scale if self.guidance_scale is None else self.guidance_scale,
                "sampler": sampler,
                "schedule": None if by_hand else self.schedule or (defaults.schedule if own else usual),
                "eta": eta if eta is not None or not self.eta else self.eta,  # a wrong eta is refused, not dropped
                "model_hash": self.model_hash if model_hash is None else model_hash,
            }
        )

    def to_json(self, full: bool = False) -> str:
        """Write the recipe as JSON, on one line, its keys in the order of the fields.

        Prompt, seed and behaviour are always there; everything else only where it differs from what an empty recipe
        says, or with `full` always. Equal recipes give equal texts.
        """
        fields = self.model_dump(exclude_defaults=not full)
        if not full:
            fields |= {name: getattr(self, name) for name in ("prompt", "seed", "behaviour")}
            fields = {name: fields[name] for name in type(self).model_fields if name in fields}
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, where: str | None = None) -> "Recipe":
        """Read a recipe from JSON; `where` (a file name) goes into the message of the `RecipeError`."""
        return recipe_from(json_object(text, where), where)

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the short JSON: one name for equal recipes, and only for them.

        It is the short one because that stays as it is when a later version adds a field.
        """
        return hashlib.sha256(self.to_json().encode()).hexdigest()


# -- From the outside --------------------------------------------------------------------------------------------------


def recipe_from(mapping: Mapping[str, object], where: str | None = None) -> Recipe:
    """Check a mapping from outside and make a `Recipe` of it.

    Raises `RecipeError` of one line that names each field at fault, after `where` (a file name) if that is given.
    """
    place = f"{where}: " if where else ""
    if not isinstance(mapping, Mapping):
        raise RecipeError(f"{place}a recipe is a set of named fields, not {show(mapping)}")
    for key in mapping:
        if not isinstance(key, str):
            raise RecipeError(f"{place}a recipe has no field {show(key)}; its fields have names")
    try:
        return Recipe(**mapping)  # pyright: ignore[reportArgumentType]  (checking is what this call is for)
    except RecipeError as error:
        raise RecipeError(f"{place}{error}") from None
