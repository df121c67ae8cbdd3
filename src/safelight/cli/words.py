"""What is done to the words that a person typed before they are a recipe's: template, styles, wildcards.

The prompt of a recipe file is final already and stays as it is. Each seed draws its own wildcards.

Read next: `../prompts/finishing.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.recipe import Recipe

__all__ = ["Words"]


@dataclass(frozen=True)
class Words:
    """The words that were typed, and the options that change them."""

    prompt: str | None
    negative_prompt: str | None
    template: str | None = None
    style: list[str] | None = None
    styles: Path | None = None
    wildcards: Path | None = None

    def of(self, recipe: "Recipe") -> "Recipe":
        """Return `recipe` with these words finished for its seed; raises RecipeError."""
        typed = self.prompt is not None or self.template is not None
        special = recipe.prompt_syntax != "plain" and any(
            sign in text for text in (self.prompt or "", self.negative_prompt or "") for sign in ("__", "{")
        )
        if not (self.style or self.template or special):
            return recipe
        from safelight.prompts.finishing import finish, known_styles, wildcards_folder
        from safelight.weights import library

        places = (Path(), library.home())
        finished = finish(
            self.prompt if typed else recipe.prompt,
            recipe.negative_prompt,
            template=self.template,
            style_names=self.style or (),
            known=known_styles(self.styles, places) if self.style else None,
            wildcards_in=wildcards_folder(self.wildcards, places),
            seed=recipe.seed,
        )
        words = {"prompt": finished.prompt, "negative_prompt": finished.negative_prompt}
        return recipe.model_copy(update=words)
