"""The small types inside a recipe: files that a picture uses, places in it that have a prompt of their own.

    LoraUse(file="paint.safetensors", sha256="...", scale=0.8)

A file is named by its path, or by its name in the library, and meant by its SHA-256: a recipe that holds the hash stays
true when files move, and is refused where the file has become another. A recipe that was asked for may leave the hash
out; the one that a picture carries has it.

All of them are frozen, hashable and checked on the way in, as the recipe itself. Read `recipe.py` next.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from safelight.checks import numbers_of, one_of, real, sha256, show, text
from safelight.errors import RecipeError, nearest

__all__ = [
    "LONGEST_PROMPT",
    "MOST_PARTS",
    "Checked",
    "ControlUse",
    "FileName",
    "FileUse",
    "Fraction",
    "ImagePromptUse",
    "LoraUse",
    "Prompt",
    "Region",
    "ScaledUse",
    "Sha256",
]

LONGEST_PROMPT = 16_384
"""Characters in a prompt: a bound on what a file can make us hold."""

MOST_PARTS = 32
"""Files of one kind, or regions, in one recipe."""

# The checks speak; the bounds beside them repeat them for the JSON schema that a server publishes.
Prompt = Annotated[str, Field(max_length=LONGEST_PROMPT), text(LONGEST_PROMPT)]
FileName = Annotated[str, Field(min_length=1, max_length=1024), text(1024, shortest=1)]
Sha256 = Annotated[str, sha256()]
Fraction = Annotated[float, Field(ge=0, le=1), real(0, 1)]
Scale = Annotated[float, Field(ge=-100, le=100), real(-100, 100)]
Strength = Annotated[float, Field(ge=0, le=10), real(0, 10)]
Box = Annotated[tuple[float, float, float, float], numbers_of(4, 0, 1)]


class Checked(BaseModel):
    """A frozen model whose every complaint is one `RecipeError` of one line."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    if not TYPE_CHECKING:  # type checkers see the constructor that pydantic makes from the fields

        def __init__(self, /, **fields: object) -> None:
            try:
                super().__init__(**fields)
            except ValidationError as error:
                raise RecipeError(_one_line(error, type(self).model_fields)) from None

        def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:
            """Copy with changes, checked: pydantic's own copy would take anything."""
            return type(self)(**(self.model_dump(exclude_unset=True) | dict(update or {})))


def _one_line(error: ValidationError, fields: Iterable[str]) -> str:
    """Say on one line everything that pydantic says on many."""

    def line(detail: ErrorDetails) -> str:
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            return f"there is no field {show(name)}.{nearest(name, fields)}"
        cause = detail.get("ctx", {}).get("error")
        place = "".join(f"{part + 1}" if isinstance(part, int) else f"{part} " for part in detail["loc"]).strip()
        if cause is not None:
            return f"{place}: {cause}" if isinstance(cause, RecipeError) else str(cause)
        if detail["type"] == "missing":
            return f"{place} is missing"
        return f"{place}: {detail['msg']}"

    return "; ".join(line(detail) for detail in error.errors(include_url=False))


class FileUse(Checked):
    """A file that a picture uses."""

    file: FileName
    """Its path, or its name in the library."""
    sha256: Sha256 | None = None
    """SHA-256 of its bytes, in hexadecimal."""

    @model_validator(mode="before")
    @classmethod
    def _a_name_alone(cls, value: object) -> object:
        return {"file": str(value)} if isinstance(value, str | PurePath) else value


class ScaledUse(FileUse):
    """A file whose effect is multiplied by `scale`, -100 to 100."""

    scale: Scale = 1.0


class LoraUse(ScaledUse):
    """A LoRA, or one of its kin. `scale` is for the UNet; `text_scale` for the text encoder, as `scale` where None."""

    text_scale: Scale | None = None


class ControlUse(FileUse):
    """A ControlNet and the picture that it follows, from the share `start` of the steps to the share `end`."""

    image: FileUse
    """The picture that steers, of any size; it is resized to the drawing."""
    strength: Strength = 1.0
    """How much of what the ControlNet says is added, 0 to 10."""
    start: Fraction = 0.0
    end: Fraction = 1.0
    prepare: Annotated[Literal["none", "canny"], one_of(("none", "canny"))] = "none"
    """`canny`: draw the edges of the picture first; `none`: it is a map already."""

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"start {self.start:g} is not before end {self.end:g}")
        return self


class ImagePromptUse(ScaledUse):
    """An IP-Adapter and the picture that it speaks of."""

    image: FileUse
    tower: FileUse | None = None
    """The image tower that looks at the picture; the folder `image_encoder` beside the adapter where None."""


class Region(Checked):
    """A place in the picture that has a prompt of its own: a box, or the white part of a mask."""

    prompt: Prompt
    box: Box | None = None
    """Left, top, right, bottom, as shares of the width and the height, 0 to 1."""
    mask: FileUse | None = None
    """A grey picture, of any size; it is resized to the drawing. White belongs to the region."""
    weight: Strength = 1.0
    """How much this prompt has to say where others speak too, 0 to 10."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if (self.box is None) == (self.mask is None):
            raise ValueError("a region has a box or a mask, one of the two")
        if self.box is not None and not (self.box[0] < self.box[2] and self.box[1] < self.box[3]):
            raise ValueError(f"the box {show(self.box)} is empty; write left, top, right, bottom")
        return self
