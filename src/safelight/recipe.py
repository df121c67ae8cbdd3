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
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails

from safelight.checks import one_of, real, sha256, show, text, whole
from safelight.errors import RecipeError, nearest

__all__ = [
    "BEHAVIOUR",
    "LONGEST_PROMPT",
    "SAMPLERS",
    "SCHEDULES",
    "USUAL_ETA",
    "USUAL_SCHEDULE",
    "Defaults",
    "Recipe",
    "json_object",
    "recipe_from",
]

SAMPLERS: tuple[str, ...] = ("ddim", "ddpm", "plms", "lms", "euler", "euler_a", "heun", "dpmpp_2m", "unipc")
SCHEDULES: tuple[str, ...] = ("leading", "uniform", "trailing", "karras", "exponential")

USUAL_SCHEDULE: dict[str, str] = {
    "ddim": "leading",
    "ddpm": "leading",
    "plms": "leading",
    "lms": "uniform",
    "euler": "uniform",
    "euler_a": "uniform",
    "heun": "uniform",
    "dpmpp_2m": "karras",
    "unipc": "trailing",
}
"""The schedule a sampler takes when neither the recipe nor the model says another."""

USUAL_ETA: dict[str, float] = {"ddim": 0.0, "euler_a": 1.0}
"""The samplers that have an eta (how much of the noise is drawn anew at each step), and its usual value."""

BEHAVIOUR = 1
"""Raised whenever the same recipe would give another picture; old recipes then say which behaviour they mean."""

LONGEST_PROMPT = 16_384
"""Characters in a prompt; far beyond what the text encoder reads, and a bound on what a file can make us hold."""

_LONGEST_JSON = 1_048_576


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
Fraction = Annotated[float, Field(ge=0, le=1), real(0, 1)]
Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT), text(LONGEST_PROMPT)]
SamplerName = Annotated[str, Field(json_schema_extra={"enum": list(SAMPLERS)}), one_of(SAMPLERS)]
ScheduleName = Annotated[str, Field(json_schema_extra={"enum": list(SCHEDULES)}), one_of(SCHEDULES)]


# -- The recipe --------------------------------------------------------------------------------------------------------


class _Checked(BaseModel):
    """A frozen model whose every complaint is one `RecipeError` of one line."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    if not TYPE_CHECKING:  # type checkers see the constructor that pydantic makes from the fields

        def __init__(self, /, **fields: object) -> None:
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise RecipeError(_one_line(error, type(self).model_fields)) from None

        # pydantic's own copy does not check what it is given
        def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
            return type(self)(**(self.model_dump() | dict(update or {})))


class Defaults(_Checked):
    """What a model does when a recipe leaves it open."""

    width: Size = 512
    height: Size = 512
    steps: Steps = 50
    guidance_scale: Guidance = 7.5
    sampler: SamplerName = "plms"
    schedule: ScheduleName = "leading"
    eta: Fraction = 0.0


class Recipe(_Checked):
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
    clip_skip: Annotated[int, Field(ge=1, le=12), whole(1, 12)] = 1
    """Which layer of the text encoder speaks: 1 the last, 2 the one before it, and so on to 12."""
    rng: Annotated[Literal["torch", "philox"], one_of(("torch", "philox"))] = "torch"
    """`torch`: the noise that torch draws on a CPU. `philox`: the noise that it draws with CUDA, on any device."""
    prompt_syntax: Annotated[Literal["plain", "weighted"], one_of(("plain", "weighted"))] = "plain"
    """Whether brackets in a prompt are brackets (`plain`) or weigh words (`weighted`)."""
    model: Annotated[str, Field(min_length=1, max_length=1024), text(1024, shortest=1)] = "bundled"
    """The model's name, or its folder or file."""
    model_hash: Annotated[str, sha256()] | None = None
    """SHA-256 of the weights, in hexadecimal: what `model` names, and keeps meaning when files move."""
    behaviour: Annotated[int, Field(ge=1, le=BEHAVIOUR), BeforeValidator(_behaviour)] = BEHAVIOUR
    """Which of Safelight's behaviours made the picture; see `BEHAVIOUR`."""

    @model_validator(mode="after")
    def _eta_has_a_meaning(self) -> Self:
        if self.eta and self.sampler is not None and self.sampler not in USUAL_ETA:
            raise ValueError(
                f"eta {self.eta:g} has no meaning for the sampler {self.sampler!r}; "
                f"leave it out, or use {' or '.join(USUAL_ETA)}"
            )
        return self

    def resolved(self, defaults: Defaults, model_hash: str | None = None) -> "Recipe":
        """Put the model's defaults where the recipe leaves something open.

        Nothing is None afterwards, except `eta` when the sampler has none, and `model_hash` when it is not given.
        A schedule left open is the model's with the model's own sampler, and the usual one of any other sampler.
        `prompt_syntax` becomes "plain", for that is how every prompt is read so far.
        """
        sampler = self.sampler or defaults.sampler
        own = sampler == defaults.sampler
        eta = None
        if sampler in USUAL_ETA:
            eta = self.eta if self.eta is not None else defaults.eta if own else USUAL_ETA[sampler]
        return recipe_from(
            self.model_dump()
            | {
                "width": self.width or defaults.width,
                "height": self.height or defaults.height,
                "steps": self.steps or defaults.steps,
                "guidance_scale": defaults.guidance_scale if self.guidance_scale is None else self.guidance_scale,
                "sampler": sampler,
                "schedule": self.schedule or (defaults.schedule if own else USUAL_SCHEDULE[sampler]),
                # To record "weighted" now would change what old pictures mean on the day that weights are read.
                "prompt_syntax": "plain",
                "eta": eta if eta is not None or not self.eta else self.eta,  # a wrong eta is refused, not dropped
                "model_hash": self.model_hash if model_hash is None else model_hash,
            }
        )

    def to_json(self, full: bool = False) -> str:
        """Write the recipe as JSON, on one line, its keys in the order of the fields.

        Prompt, seed and behaviour are always there; everything else only where it differs from what an empty recipe
        says, or with `full` always. Equal recipes give equal texts.
        """
        fields = self.model_dump()
        if not full:
            spoken = ("prompt", "seed", "behaviour")
            plain = {name: info.default for name, info in type(self).model_fields.items()}
            fields = {name: value for name, value in fields.items() if name in spoken or value != plain[name]}
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


def _one_line(error: ValidationError, fields: Iterable[str]) -> str:
    """Say on one line everything that pydantic says on many."""

    def line(detail: ErrorDetails) -> str:
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            return f"there is no field {show(name)}.{nearest(name, fields)}"
        cause = detail.get("ctx", {}).get("error")
        return str(cause) if cause is not None else f"{name}: {detail['msg']}"

    return "; ".join(line(detail) for detail in error.errors(include_url=False))


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


def json_object(text: str, where: str | None = None) -> dict[str, object]:
    """Read one JSON object, strictly: no NaN, no key twice, at most a million characters, never a deep nest.

    Raises `RecipeError` of one line.
    """
    place = f"{where}: " if where else ""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        seen = dict(pairs)
        if len(seen) != len(pairs):
            names = [name for name, _ in pairs]
            raise RecipeError(f"{place}{show(next(n for n in names if names.count(n) > 1))} is given twice")
        return seen

    def constant(name: str) -> object:
        raise RecipeError(f"{place}{name} is not a number that JSON knows; write a finite number")

    if len(text) > _LONGEST_JSON:
        raise RecipeError(f"{place}{len(text)} characters of JSON are too many for a recipe")
    try:
        parsed = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=once, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise RecipeError(f"{place}not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise RecipeError(f"{place}not a recipe: nested too deeply") from None
    except RecipeError:
        raise
    except ValueError:  # whole numbers of thousands of digits
        raise RecipeError(f"{place}not a recipe: it holds a number of thousands of digits") from None
    if not isinstance(parsed, dict):
        raise RecipeError(f"{place}a recipe is a set of named fields in braces, not {show(parsed)}")
    return parsed
