"""`safelight atlas`: what many seeds would give, in few steps each, on one sheet; then choose by seed.

    safelight atlas "a red car on a mountain road" --seeds 0-63
    safelight generate "a red car on a mountain road" --seed 37

The promise is that a seed keeps its composition when it is drawn in full. A sampler that adds no noise of its own walks
along one curve from the seed's noise to the picture, and few steps follow it coarsely: where things are is decided
early. Measured on the bundled model (16 pairs, benchmarks/atlas.py): luminance at 16 x 16 of preview and full picture
correlates by 0.97, against 0.61 for another seed of the same prompt; docs/atlas.md has the rest. Samplers that draw
new noise in each step leave the curve, and are refused. Read next: `grid.py`, which makes the pictures.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli import options
from safelight.cli.asking import DeviceOption, DtypeOption, ExactOption, JsonOption, check_dtype
from safelight.cli.cells import seeds as read_seeds
from safelight.cli.cells import settings
from safelight.cli.grid import Making, SetOption, base_fields
from safelight.cli.saying import note
from safelight.cli.sheet import Block, check_sheet, save_sheet, sheet
from safelight.errors import RecipeError

if TYPE_CHECKING:
    from safelight.recipe import Recipe

__all__ = ["atlas", "preview"]


def atlas(
    prompt: Annotated[str | None, typer.Argument(help="What to show.", show_default=False)] = None,
    seeds: Annotated[str, typer.Option(metavar="0-63|1,5,9", help="Which seeds.")] = "0-63",
    steps: Annotated[int, typer.Option(help="Steps of each preview.")] = 6,
    output: Annotated[str, typer.Option(metavar="FILE", help="The sheet.")] = "atlas.png",
    keep: Annotated[str | None, typer.Option(metavar="FOLDER", help="Keep each preview here as well.")] = None,
    columns: Annotated[int | None, typer.Option(help="Pictures in a row.")] = None,
    cell: Annotated[int, typer.Option(help="Pixels of a preview's longer side on the sheet, 32 to 2048.")] = 192,
    negative_prompt: options.NegativePrompt = None,
    model: options.Model = None,
    sampler: options.Sampler = None,
    guidance_scale: options.GuidanceScale = None,
    width: options.Size = None,
    height: options.Size = None,
    others: SetOption = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE.json|PICTURE", help="Begin from this recipe; other options change it.")
    ] = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    exact: ExactOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a sheet of quick previews, one for each seed, to choose a seed from."""
    check_dtype(dtype)
    numbers = read_seeds(seeds)
    if not 32 <= cell <= 2048:
        raise RecipeError(f"--cell {cell} is out of range; use 32 to 2048")
    across = columns if columns is not None else max(1, math.ceil(math.sqrt(len(numbers))))
    if not 1 <= across <= 64:
        raise RecipeError(f"--columns {across} is out of range; use 1 to 64")
    typed = {
        "prompt": prompt, "negative_prompt": negative_prompt, "model": model, "sampler": sampler,
        "guidance_scale": guidance_scale, "width": width, "height": height,
    }  # fmt: skip
    chosen = settings(others)
    if "seed" in chosen:
        raise RecipeError("--set seed has no meaning here; use --seeds")
    from safelight.recipe import recipe_from

    whole = recipe_from(base_fields(typed | chosen, recipe, ["seed"]))
    small = preview(whole, steps)
    path = check_sheet(output)
    making = Making(device, dtype, exact, as_json, keep)
    found = making.pictures([small.model_copy(update={"seed": number}) for number in numbers])
    rows = [slice(at, at + across) for at in range(0, len(numbers), across)]
    labels = [[str(number) for number in numbers[row]] for row in rows]
    title = f"{whole.prompt}  ({steps} steps)"
    save_sheet(sheet([Block(title, [found[row] for row in rows], labels)], [], [], cell), path)
    note("choose a seed: the same command as generate, with --seed and without --seeds and --steps, draws it in full")
    making.end(path)


def preview(whole: "Recipe", steps: int) -> "Recipe":
    """Make of a recipe the one of its quick preview: the same curve in fewer steps.

    Raises RecipeError where there is no one curve: with steps by hand, and with samplers that draw noise as they go.
    """
    from safelight.recipe import USUAL_ETA, recipe_from

    if whole.sigmas or whole.timesteps:
        raise RecipeError("sigmas and timesteps by hand have as many steps as they have; leave them out for an atlas")
    if whole.sampler is not None and (USUAL_ETA.get(whole.sampler) if whole.eta is None else whole.eta):
        raise RecipeError(
            f"the sampler {whole.sampler!r} draws new noise in each step, so that few steps show another picture than "
            "many; choose one that does not, such as ddim, euler or dpmpp_2m, or set eta 0"
        )
    return recipe_from(whole.model_dump(exclude_unset=True) | {"steps": steps})
