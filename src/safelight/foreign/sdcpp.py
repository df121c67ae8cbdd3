"""stable-diffusion.cpp: AUTOMATIC1111's text with names of its own, "Version: stable-diffusion.cpp" at its end.

    Steps: 30, CFG scale: 5.000000, Guidance: 3.500000, Eta: 0.000000, Seed: 1, Size: 512x512, Model: v1.safetensors,
    RNG: cuda, Sampler: dpm++2m karras, Version: stable-diffusion.cpp

Read `a1111.py` first.
"""

import re

from safelight import infotext
from safelight.foreign.a1111 import why
from safelight.foreign.parts import Foreign, Gathering

__all__ = ["is_ours", "read"]

_SAMPLERS = {
    "dpm++2s_a": "DPM++ 2S a", "dpm++2m": "DPM++ 2M", "dpm++2m_sde": "DPM++ 2M SDE", "dpm++2m_sde_bt": "DPM++ 2M SDE",
    "ddim_trailing": "DDIM", "euler_cfg_pp": "Euler CFG++", "euler_a_cfg_pp": "Euler a CFG++",
}  # fmt: skip
_SCHEDULES = {"discrete": "Uniform", "default": "Uniform", "ays": "Align Your Steps", "lcm": "Trailing"}
_SAMPLER = re.compile(r"(?<=\bSampler: )([^,]{1,60})")
_RNG = re.compile(r"(?<=\bRNG: )([^,]{1,60})")


def is_ours(text: str) -> bool:
    """Whether stable-diffusion.cpp wrote this text."""
    return "Version: stable-diffusion.cpp" in text.rstrip().rpartition("\n")[2]


def read(text: str) -> Foreign:
    """Read its text; raises RecipeError if it is damaged."""
    head, newline, last = text.rstrip().rpartition("\n")
    found = _SAMPLER.search(last)
    sampler, _, schedule = (found.group(1).strip() if found else "").partition(" ")
    rng = _RNG.search(last)
    # What is named otherwise is read here, and taken out of what infotext reads.
    recipe, left_out = infotext.parse(head + newline + _RNG.sub("CPU", _SAMPLER.sub("Euler", last)))
    fields = recipe.model_dump(exclude_unset=True)
    for name in ("sampler", "schedule", "eta", "rng"):
        fields.pop(name, None)
    gathered = Gathering("stable-diffusion.cpp", fields, [n for n in fields if fields[n] not in (None, "")])
    gathered.not_carried.extend(why(line) for line in left_out if not line.startswith("Eta:"))
    spacing = "trailing" if sampler == "ddim_trailing" else schedule or "discrete"
    gathered.sampling(sampler or None, spacing, _SAMPLERS | _SCHEDULES)
    drawn = rng.group(1).strip().lower() if rng else "cuda"
    if drawn in ("cuda", "cpu"):
        gathered.take("rng", "philox" if drawn == "cuda" else "torch", f"RNG {drawn}")
    else:
        gathered.lose(f"RNG {drawn}", "the noise of the C++ library; expect another picture")
    eta = re.search(r"\bEta: (\d+(?:\.\d*)?)", last)
    if eta and float(eta.group(1)) > 0:
        gathered.take("eta", float(eta.group(1)), "Eta")
    return gathered.done()
