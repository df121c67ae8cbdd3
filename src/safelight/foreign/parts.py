"""What every reader of another program's picture needs: a result, a list to put things on, JSON that may be strange.

    Foreign(program="ComfyUI", fields={"seed": 5}, carried=["KSampler seed as seed"], not_carried=["denoise 0.5: ..."])

Each value is checked by the recipe's own rules when it is put on; what they refuse goes to `not_carried` with their
reason, so that one odd number does not cost the whole recipe. Read `a1111.py` or `comfyui.py` next.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from safelight.checks import show
from safelight.errors import RecipeError
from safelight.infotext import sampler_named, schedule_named
from safelight.recipe import USUAL_ETA, Recipe, recipe_from

__all__ = ["LONGEST", "Foreign", "Gathering", "json_of"]

LONGEST = 4 * 2**20
"""Characters of another program's JSON that are read."""
_MOST_LINES = 200


@dataclass(frozen=True)
class Foreign:
    """What another program wrote into a picture, as far as a recipe can say it."""

    program: str
    fields: dict[str, object]
    """Fields of a `Recipe`, each of them checked, and all of them together."""
    carried: list[str]
    """What was understood: "what as field"."""
    not_carried: list[str]
    """What was not: "what: why"."""

    @property
    def recipe(self) -> Recipe:
        """The recipe that the fields make."""
        return recipe_from(self.fields)


@dataclass
class Gathering:
    """A `Foreign` that is being put together."""

    program: str
    fields: dict[str, object] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    not_carried: list[str] = field(default_factory=list)

    def take(self, name: str, value: object, said: str | None = None) -> bool:
        """Carry `value` to the recipe's field `name` if that can hold it; `said` is what the program calls it."""
        said = name if said is None else said
        try:
            recipe_from({name: value})
        except RecipeError as error:
            self.lose(said, str(error))
            return False
        self.fields[name] = value
        self.carried.append(f"{said} as {name}" if said != name else name)
        return True

    def assume(self, name: str, value: object, why: str) -> None:
        """Set a field that the program does not write, because it always does so."""
        self.fields[name] = value
        self.carried.append(f"{name} {value}: {why}")

    def lose(self, what: str, why: str) -> None:
        """Say that something was not carried over."""
        self.not_carried.append(f"{what[:120]}: {why}")

    def sampling(self, sampler: object, schedule: object = None, names: Mapping[str, str] | None = None) -> None:
        """Carry the names of sampler and schedule; `names` are the program's own for either, in lower case."""
        own = names or {}
        if isinstance(sampler, str) and (known := sampler_named(own.get(sampler.lower(), sampler))):
            self.take("sampler", known, f"sampler {show(sampler)}")
        elif sampler is not None:
            self.lose(f"sampler {show(sampler)}", "Safelight has none that walks so; the model's usual one is taken")
        if isinstance(schedule, str) and (known := schedule_named(own.get(schedule.lower(), schedule))):
            self.take("schedule", known, f"schedule {show(schedule)}")
        elif schedule is not None:
            self.lose(f"schedule {show(schedule)}", "Safelight has none such; the sampler's usual one is taken")

    def done(self) -> Foreign:
        """Check the fields together, and give the result."""
        if self.fields.get("eta") is not None and self.fields.get("sampler") not in USUAL_ETA:
            self.lose(f"eta {show(self.fields.pop('eta'))}", "the sampler has none")
        if "like" in self.fields and not _known_as(str(self.fields["like"]), self.fields):
            like = self.fields.pop("like")
            self.lose(f"step tables of {like}", "they are not known for this sampler or schedule; ours are taken")
        recipe_from(self.fields)
        lines = self.not_carried
        if len(lines) > _MOST_LINES:
            lines = [*lines[:_MOST_LINES], f"{len(lines) - _MOST_LINES} more things: too many to name"]
        return Foreign(self.program, self.fields, self.carried, lines)


def _known_as(program: str, fields: Mapping[str, object]) -> bool:
    """Whether the preset of that program has this sampler and this schedule."""
    from safelight.diffusion.presets import PRESETS

    preset, schedule = PRESETS[program], fields.get("schedule")
    return fields.get("sampler") in preset.samplers and (schedule is None or schedule in preset.schedules)


def json_of(text: str, what: str) -> dict[str, object]:
    """Read an object of JSON that another program wrote, which may hold NaN; raises RecipeError of one line."""
    if len(text) > LONGEST:
        raise RecipeError(f"{what}: {len(text)} characters of JSON are too many")
    try:
        # ComfyUI writes NaN where it means "always changed".
        parsed = json.loads(text, parse_constant=lambda name: None)
    except RecursionError:
        raise RecipeError(f"{what} is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise RecipeError(f"{what} is not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except ValueError:
        raise RecipeError(f"{what} holds a number of thousands of digits") from None
    if not isinstance(parsed, dict):
        raise RecipeError(f"{what} is not an object in braces, but {show(parsed)}")
    return parsed
