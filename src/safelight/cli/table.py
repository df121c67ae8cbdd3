"""`safelight table`: where a sampler's steps stand, in training steps and in noise, here or in another program.

Nothing is computed but the table: no model is loaded, and the noise schedule is Stable Diffusion v1's.

Read next: `../diffusion/program_ladders.py`, for the tables of other programs.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import JsonOption

if TYPE_CHECKING:
    from torch import Tensor

    from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["table"]


def table(
    sampler: Annotated[str, typer.Argument(help="A sampler, by our name: euler_a, dpmpp_2m, ddim and so on.")],
    schedule: Annotated[str, typer.Argument(help="A schedule, by our name: karras, uniform, leading and so on.")],
    steps: Annotated[int, typer.Argument(help="Steps as they are asked for, 1 to 1000.")],
    like: Annotated[
        str | None,
        typer.Option("--as", metavar="compvis|diffusers|a1111|comfyui", help="The table of that program."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the training steps and sigmas that a sampler visits, of Stable Diffusion v1.

    The last row is where it ends; the network is asked at all the others.
    """
    from safelight.diffusion.presets import apply, custom
    from safelight.diffusion.samplers import ladder_of, start_of
    from safelight.diffusion.schedule import NoiseSchedule
    from safelight.recipe import Defaults, Recipe

    recipe = Recipe(sampler=sampler, schedule=schedule, steps=steps)
    recipe = recipe.resolved(Defaults()) if like in (None, "safelight") else apply(like, recipe)
    noise_schedule = NoiseSchedule()
    sigmas = ladder_of(noise_schedule, recipe)
    used = custom(recipe.like, sampler) if recipe.like != "safelight" else None
    scale = float(start_of(noise_schedule, recipe, sigmas, sigmas.new_ones(1)))
    if as_json:
        line = {
            "sampler": sampler,
            "schedule": schedule,
            "steps": steps,
            "as": recipe.like,
            "called": used.label if used else sampler,
            "eta": recipe.eta,
            "timesteps": [None if t is None else round(t, 6) for t in _timesteps(noise_schedule, sigmas)],
            "sigmas": sigmas.tolist(),
            "starts_from_noise_times": scale,
            "differs": used.differs if used else None,
        }
        print(json.dumps(line))
        return
    _show(noise_schedule, sigmas)
    count = len(sigmas) - 1
    print(f"{count} steps, from noise times {scale:.6g}" + ("" if count == steps else f" ({steps} were asked for)"))
    if used is not None:
        print(f"{recipe.like} calls it {used.label}" + (f", and {used.differs}" if used.differs else ""))


def _timesteps(schedule: "NoiseSchedule", sigmas: "Tensor") -> list[float | None]:
    """The training step that each sigma is told the network as; None at 0, where it is not asked."""
    return [float(schedule.t(sigma)) if sigma > 0 else None for sigma in sigmas]


def _show(schedule: "NoiseSchedule", sigmas: "Tensor") -> None:
    """Print one row for each rung: its number, the training step, sigma, and how much of the latent is signal."""
    from rich.console import Console
    from rich.table import Table

    rows = Table(box=None, pad_edge=False)
    for heading in ("step", "t", "sigma", "signal"):
        rows.add_column(heading, justify="right")
    times = _timesteps(schedule, sigmas)
    for number, (sigma, t) in enumerate(zip(sigmas.tolist(), times, strict=True), 1):
        signal = (1 + sigma**2) ** -0.5  # sqrt(abar)
        name = "end" if number == len(times) else str(number)
        rows.add_row(name, "" if t is None else f"{t:.3f}", f"{sigma:.6f}", f"{signal:.4f}")
    Console().print(rows)
