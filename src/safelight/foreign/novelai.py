"""NovelAI: PNG texts `Software: NovelAI`, `Description` (the prompt) and `Comment` (JSON with everything else).

Curly brackets strengthen by 1.05 and square ones weaken by as much; round ones mean nothing. The prompt is written out
in round brackets, which a recipe reads. Its models after the first are not Stable Diffusion v1. Read `parts.py` next.
"""

import re
from collections.abc import Mapping

from safelight.checks import show
from safelight.errors import RecipeError
from safelight.foreign.parts import Foreign, Gathering, json_of

__all__ = ["is_ours", "read", "rewritten"]

_STEP = 1.05
_PLAIN = {
    "seed": "seed", "width": "width", "height": "height", "steps": "steps", "scale": "guidance_scale",
    "cfg_rescale": "guidance_rescale",
}  # fmt: skip
_SCHEDULES = {"native": "uniform"}
_QUIET = {"prompt", "uc", "sampler", "noise_schedule", "signed_hash", "n_samples", "version", "request_type"}
_WHY = {
    "strength": "there is no picture to start from in a recipe",
    "noise": "there is no picture to start from in a recipe",
    "sm": "NovelAI's own second pass (SMEA)",
    "sm_dyn": "NovelAI's own second pass (SMEA)",
    "dynamic_thresholding": "done in a way of its own; see --dynamic-threshold",
    "uncond_scale": "the negative prompt has no scale of its own",
    "skip_cfg_above_sigma": "use --guidance-interval",
    "v4_prompt": "only NovelAI's later models have characters",
    "v4_negative_prompt": "only NovelAI's later models have characters",
}


def is_ours(texts: Mapping[str, str]) -> bool:
    """Whether NovelAI wrote these texts."""
    return texts.get("Software", "").lower().startswith("novelai") and "Comment" in texts


def rewritten(prompt: str) -> str:
    """Write NovelAI's brackets as weights: "{{cat}}" becomes "(cat:1.1025)".

    Brackets that are not closed count to the end, as NovelAI counts them.
    """
    level, pieces = 0, []
    for piece in re.split(r"([{}\[\]])", prompt):
        if piece in ("{", "]"):
            level += 1
        elif piece in ("}", "["):
            level -= 1
        elif piece:
            text = re.sub(r"([()\\])", r"\\\1", piece)
            weight = _STEP ** max(-60, min(60, level))
            pieces.append(f"({text}:{weight:.4f})" if level and piece.strip() else text)
    return "".join(pieces)


def read(texts: Mapping[str, str]) -> Foreign:
    """Read NovelAI's texts; raises RecipeError if the JSON is damaged or there is no prompt."""
    found = json_of(texts["Comment"], "NovelAI's comment")
    gathered = Gathering("NovelAI")
    prompt = found.get("prompt", texts.get("Description"))
    if not isinstance(prompt, str):
        raise RecipeError("NovelAI's texts hold no prompt")
    avoided = found.get("uc")
    for name, said in (("prompt", prompt), ("negative_prompt", avoided)):
        if isinstance(said, str):
            written = rewritten(said)
            gathered.take(name, written, f"{name} (brackets written as weights)" if written != said else name)
        elif said is not None:
            gathered.lose(f"{name} {show(said)}", "it is no text")
    gathered.assume("prompt_syntax", "a1111", "it reads the weights that NovelAI's brackets became")
    for theirs, ours in _PLAIN.items():
        if found.get(theirs) is not None:
            gathered.take(ours, found[theirs], theirs)
    sampler = found.get("sampler")
    gathered.sampling(sampler, found.get("noise_schedule"), _SCHEDULES)
    if source := texts.get("Source"):
        gathered.lose(f"model {show(source)}", "NovelAI's models are not public; name one with --model")
    gathered.lose("noise", "NovelAI draws it on its own machines; expect another picture")
    for name, value in found.items():
        if name not in _QUIET | set(_PLAIN) and value not in (None, "", 0, False, [], {}):
            gathered.lose(f"{name} {show(value)}", _WHY.get(name, "a recipe has no such field"))
    return gathered.done()
