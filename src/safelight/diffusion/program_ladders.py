"""The step tables of other programs, with all their habits: more steps than asked, fewer, none at all.

    program_ladder("a1111", schedule, "dpm2", "karras", 20)  ->  the 21 sigmas that DPM2 Karras walks there, float64

Ours (`ladders.py`) are always n and descend. Theirs are what users have pictures of, so they are kept as they are but
for rungs that stand on one spot, of which one is dropped: a step of no length moves nothing. Where a program breaks
down (CompVis at 999 steps), so does its table, with a RecipeError.

    family      who                            how
    ddim        compvis, diffusers, a1111      every (1000 // n)-th training step
    k           diffusers, a1111, comfyui      n sigmas and 0
    k_spare     a1111, comfyui                 n + 1 sigmas, the last dropped, and 0 (DPM2, DPM++ 3M SDE)
    dpm         diffusers                      n + 1 training steps, the last dropped, and 0 (DPM-Solver++, UniPC)
    ends        a1111, comfyui                 from the first sigma to the last, no 0 (DPM fast and adaptive)

Letters: t a training step, n steps as asked for. Read next: samplers/.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from safelight.diffusion.ladders import ALIGNED, ALIGNED_ROUNDED, LADDERS, align, beta_quantile
from safelight.diffusion.presets import custom
from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import RecipeError, nearest

__all__ = ["program_ladder"]

Table = Callable[[NoiseSchedule, int], Tensor]
"""(schedule, n) -> the sigmas of a whole ladder, its end included."""


def program_ladder(preset: str, schedule: NoiseSchedule, sampler: str, name: str, n: int) -> Tensor:
    """Return the sigmas, float64 (k + 1,), that a program walks when it is asked for `n` steps; k is not always n.

    Raises RecipeError for what the program cannot do.
    """
    if not 1 <= n <= len(schedule.sigmas):
        raise RecipeError(f"{n} steps cannot be taken; write a number from 1 to {len(schedule.sigmas)}.")
    family = custom(preset, sampler).family
    tables = _TABLES[preset, family]
    if name not in tables:
        raise RecipeError(f"{preset} has no schedule {name!r} for {sampler}.{nearest(name, tables)}")
    sigmas = tables[name](schedule, n)
    still = sigmas[1:] >= sigmas[:-1] * (1 - 1e-9)
    if bool(still.any()):
        sigmas = torch.cat([sigmas[:1], sigmas[1:][~still]])
    if len(sigmas) < 2:
        raise RecipeError(f"{preset} takes no step at all when {sampler} is asked for {n} on {name}; ask for more")
    return sigmas


# ---- training steps, every so many: DDIM and PLMS ----


def _compvis_ddim(schedule: NoiseSchedule, n: int) -> Tensor:
    """Count 0, 1000 // n, ... + 1: more than n steps where n does not divide 1000."""
    total = len(schedule.sigmas)

    def last(n: int) -> int:
        return (total - 1) // (total // n) * (total // n) + 1

    if last(n) >= total:
        other = next(m for m in range(n - 1, 0, -1) if last(m) < total)
        raise RecipeError(f"CompVis cannot take {n} steps: its table of steps runs past the last; take {other}")
    t = torch.arange(0, total, total // n) + 1
    return torch.cat([schedule.sigmas[t.flip(0)], schedule.sigmas[:1]])


def _a1111_ddim(schedule: NoiseSchedule, n: int) -> Tensor:
    """CompVis' table, but the last step ends at step 1: one step fewer."""
    total = len(schedule.sigmas)
    t = (torch.arange(0, total, total // n) + 1).clamp(max=total - 1)
    return schedule.sigmas[t.flip(0)]


def _diffusers_ddim(name: str, zero: bool = False) -> Table:
    def table(schedule: NoiseSchedule, n: int) -> Tensor:
        if name == "trailing" and len(schedule.sigmas) % n and not zero:
            raise RecipeError(
                f"on trailing steps diffusers does not walk to the next step of its list unless {n} divides "
                f"{len(schedule.sigmas)}; no ladder does that. Take leading"
            )
        end = schedule.sigmas[:1] * (0 if zero or schedule.config.ends_at_one else 1)
        return torch.cat([LADDERS[name](schedule, n), end])

    return table


def _rounded_uniform(schedule: NoiseSchedule, n: int) -> Tensor:
    t = torch.linspace(0, len(schedule.sigmas) - 1, n, dtype=torch.float64).round().long().flip(0)
    return _and_zero(schedule.sigmas[t])


def _distilled(end: int | None) -> Table:
    """Take n of the 50 steps that a model was distilled with: LCM ends at 0, TCD at training step 0."""

    def table(schedule: NoiseSchedule, n: int) -> Tensor:
        total = len(schedule.sigmas)
        if n > 50:
            raise RecipeError(f"diffusers takes at most 50 steps with a distilled model, not {n}")
        picked = (torch.arange(n, dtype=torch.float64) * (50 / n) + 1e-9).long()
        t = (50 - picked) * (total // 50) - 1
        last = torch.zeros(1, dtype=torch.float64) if end is None else schedule.sigmas[end : end + 1]
        return torch.cat([schedule.sigmas[t], last])

    return table


# ---- sigmas ----


def _and_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, torch.zeros(1, dtype=torch.float64)])


def _ours(name: str) -> Table:
    return lambda schedule, n: _and_zero(LADDERS[name](schedule, n))


def _without_spare(table: Table) -> Table:
    """Ask for one step more and leave the last rung above 0 out."""

    def spared(schedule: NoiseSchedule, n: int) -> Tensor:
        sigmas = table(schedule, n + 1)
        return torch.cat([sigmas[:-2], sigmas[-1:]])

    return spared


def _ends(table: Table) -> Table:
    """Of a ladder, the first rung and the last above 0, and n steps even in log sigma between them (ComfyUI)."""

    def between(schedule: NoiseSchedule, n: int) -> Tensor:
        sigmas = table(schedule, n)
        return _even_in_log(sigmas[0], sigmas[-2], n)

    return between


def _whole_range(schedule: NoiseSchedule, n: int) -> Tensor:
    """From the greatest sigma of training to the least, whatever is asked for (A1111)."""
    return _even_in_log(schedule.sigmas[-1], schedule.sigmas[0], n)


def _even_in_log(high: Tensor, low: Tensor, n: int) -> Tensor:
    sigmas = torch.lerp(high.log(), low.log(), torch.linspace(0, 1, n + 1, dtype=torch.float64)).exp()
    sigmas[0], sigmas[-1] = high, low
    return sigmas


def _in_linspace(table: Table) -> Table:
    """Stretch a table over the range of diffusers' linspace, which of one step is the least sigma alone."""
    return lambda schedule, n: table(schedule, n) if n > 1 else _and_zero(schedule.sigmas[:1])


def _between_in_sigma(schedule: NoiseSchedule, n: int) -> Tensor:
    """Evenly in t, and straight in sigma between whole steps: diffusers' linspace. One step is the last, t = 0."""
    t = torch.linspace(0, len(schedule.sigmas) - 1, n, dtype=torch.float64).flip(0)
    low = t.long().clamp(max=len(schedule.sigmas) - 2)
    return _and_zero(torch.lerp(schedule.sigmas[low], schedule.sigmas[low + 1], t - low))


def _dpm(spacing: str, early: bool) -> Table:
    """n + 1 training steps without the last (linspace and leading), or n (trailing); `early` ends at sigma_min."""

    def table(schedule: NoiseSchedule, n: int) -> Tensor:
        total = len(schedule.sigmas)
        if spacing == "uniform":
            t = torch.linspace(0, total - 1, n + 1, dtype=torch.float64).round().long().flip(0)[:-1]
            asked = schedule.sigmas[t]
        elif spacing == "leading":
            t = (torch.arange(n + 1) * (total // (n + 1))).flip(0)[:-1] + schedule.config.steps_offset
            if int(t[0]) >= total or total // (n + 1) == 0:
                raise RecipeError(f"diffusers cannot take {n} leading steps with this scheduler; take trailing")
            asked = schedule.sigmas[t]
        else:
            asked = _beta_in_sigma(schedule, n)[:-1] if spacing == "beta" else LADDERS[spacing](schedule, n)
        # On sigmas of their own these end where they were last asked, and with one step have not moved.
        end = schedule.sigmas[:1] if spacing in ("uniform", "leading", "trailing") else asked[-1:]
        return torch.cat([asked, end]) if early else _and_zero(asked)

    return table


def _beta_in_sigma(schedule: NoiseSchedule, n: int) -> Tensor:
    """Quantiles of Beta(0.6, 0.6) over sigma, both ends included (A1111, diffusers); ours are over t."""
    share = beta_quantile(1 - torch.linspace(0, 1, n, dtype=torch.float64), 0.6)
    return _and_zero(torch.lerp(schedule.sigmas[0], schedule.sigmas[-1], share))


def _beta_in_whole_steps(schedule: NoiseSchedule, n: int) -> Tensor:
    """Quantiles over t, rounded; what comes twice is dropped (ComfyUI)."""
    t = beta_quantile(1 - torch.arange(n, dtype=torch.float64) / n, 0.6) * (len(schedule.sigmas) - 1)
    return _and_zero(schedule.sigmas[t.round().long()])


def _kl_to_sigma_min(schedule: NoiseSchedule, n: int) -> Tensor:
    """n + 1 rungs, the last at sigma_min and none at 0 (A1111)."""
    return LADDERS["kl_optimal"](schedule, n + 1)


def _kl_from_two(schedule: NoiseSchedule, n: int) -> Tensor:
    if n == 1:
        raise RecipeError("ComfyUI's kl_optimal divides by 0 with one step; ask for 2 or more")
    return _and_zero(LADDERS["kl_optimal"](schedule, n))


def _aligned_then_zero(schedule: NoiseSchedule, n: int) -> Tensor:
    """n of the eleven published levels, and 0 after the last; one step is the lowest level (A1111)."""
    logs = torch.tensor(ALIGNED_ROUNDED, dtype=torch.float64).log()
    return _and_zero(align(logs, n).exp() if n > 1 else logs[-1:].exp())


def _aligned_to_zero(schedule: NoiseSchedule, n: int) -> Tensor:
    """n + 1 of the published levels, the last of them made 0 (ComfyUI)."""
    return _and_zero(align(torch.tensor(ALIGNED, dtype=torch.float64).log(), n + 1)[:-1].exp())


def _every_so_many(schedule: NoiseSchedule, n: int) -> Tensor:
    """Steps 1, 1 + 1000 // n, ... as far as they go: more than n where n does not divide 1000 (A1111, ComfyUI)."""
    total = len(schedule.sigmas)
    return _and_zero(schedule.sigmas[torch.arange(1, total, max(total // n, 1)).flip(0)])


_SHARED: dict[str, Table] = {
    name: _ours(name) for name in ("uniform", "normal", "karras", "exponential", "sgm_uniform", "simple")
} | {"ddim": _every_so_many}
_A1111_K = _SHARED | {
    "polyexponential": _ours("polyexponential"),
    "kl_optimal": _kl_to_sigma_min,
    "align_your_steps": _aligned_then_zero,
    "beta": _beta_in_sigma,
}
_COMFYUI_K = _SHARED | {
    "kl_optimal": _kl_from_two,
    "align_your_steps": _aligned_to_zero,
    "beta": _beta_in_whole_steps,
}
_SPACINGS = ("uniform", "leading", "trailing", "karras", "exponential", "beta")

_TABLES: dict[tuple[str, str], dict[str, Table]] = {
    ("compvis", "ddim"): {"leading": _compvis_ddim},
    ("diffusers", "ddim"): {name: _diffusers_ddim(name) for name in ("leading", "trailing")},
    ("diffusers", "ddpm"): {
        "leading": _diffusers_ddim("leading", zero=True),
        "trailing": _diffusers_ddim("trailing", zero=True),
        "uniform": _rounded_uniform,
    },
    ("diffusers", "k"): {
        "uniform": _between_in_sigma,
        "leading": _ours("leading"),
        "trailing": _ours("trailing"),
        "karras": _in_linspace(_ours("karras")),
        "exponential": _in_linspace(_ours("exponential")),
        "beta": _in_linspace(_beta_in_sigma),
    },
    ("diffusers", "dpm"): {name: _dpm(name, early=False) for name in _SPACINGS},
    ("diffusers", "dpm_early"): {name: _dpm(name, early=True) for name in _SPACINGS},
    ("diffusers", "lcm"): {"trailing": _distilled(None)},
    ("diffusers", "tcd"): {"trailing": _distilled(0)},
    ("a1111", "ddim"): {"leading": _a1111_ddim},
    ("a1111", "k"): _A1111_K,
    ("a1111", "k_spare"): {name: _without_spare(table) for name, table in _A1111_K.items()},
    ("a1111", "ends"): dict.fromkeys(_A1111_K, _whole_range),
    ("comfyui", "k"): _COMFYUI_K,
    ("comfyui", "k_spare"): {name: _without_spare(table) for name, table in _COMFYUI_K.items()},
    ("comfyui", "ends"): {name: _ends(table) for name, table in _COMFYUI_K.items()},
}
