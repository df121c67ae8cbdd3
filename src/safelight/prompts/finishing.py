"""From what a person wrote to the text that a recipe holds: template, then styles, then wildcards.

    text = wildcards(styles(template or prompt), seed)

All of it happens before there is a recipe, for styles and wildcards are files that change, and a recipe is to stay the
same picture. What is left in the text (weights, schedules, AND) is the recipe's.

Read next: `syntax.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safelight.errors import RecipeError
from safelight.prompts import styles, wildcards
from safelight.prompts.template import assemble, parts
from safelight.prompts.wildcards import Draw

__all__ = ["Finished", "finish", "known_styles", "wildcards_folder"]


@dataclass(frozen=True)
class Finished:
    """The two texts of a recipe, and what chance put into them."""

    prompt: str
    negative_prompt: str
    draws: tuple[Draw, ...] = ()


def finish(
    prompt: str | None,
    negative_prompt: str = "",
    *,
    template: str | None = None,
    style_names: Sequence[str] = (),
    known: dict[str, styles.Style] | None = None,
    wildcards_in: Path | None = None,
    seed: int = 0,
) -> Finished:
    """Make the texts of a recipe.

    Args:
        prompt: what was typed; None with a template.
        negative_prompt: what was typed.
        template: `subject=a cat; lighting=neon`, instead of a prompt.
        style_names: styles to apply, in their order.
        known: the styles there are; see `known_styles`.
        wildcards_in: the folder of wildcards; see `wildcards_folder`.
        seed: the recipe's; decides what chance chooses.

    Raises RecipeError for everything that cannot be found or read.
    """
    if template is not None and prompt:
        raise RecipeError("give a prompt or a template, not both; the prompt is the template's subject")
    text = assemble(parts(template)) if template is not None else prompt or ""
    if style_names:
        chosen = styles.select(style_names, known if known is not None else styles.bundled())
        text, negative_prompt = styles.apply(chosen, text, negative_prompt)
    text, draws = wildcards.expand(text, seed, wildcards_in, "prompt")
    negative_prompt, more = wildcards.expand(negative_prompt, seed, wildcards_in, "negative prompt")
    return Finished(text, negative_prompt, (*draws, *more))


def known_styles(file: Path | None, places: Sequence[Path] = ()) -> dict[str, styles.Style]:
    """Return the bundled styles, and over them those of `file`, or of a `styles.csv` in the first of `places`."""
    known = styles.bundled()
    if file is None:
        file = next((place / "styles.csv" for place in places if (place / "styles.csv").is_file()), None)
    return known if file is None else known | styles.read_styles(file)


def wildcards_folder(folder: Path | None, places: Sequence[Path] = ()) -> Path | None:
    """Return `folder`, or a folder `wildcards` in the first of `places` that has one, None if there is none."""
    if folder is not None:
        return folder
    return next((place / "wildcards" for place in places if (place / "wildcards").is_dir()), None)
