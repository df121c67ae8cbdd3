"""AUTOMATIC1111's web UI, and the many that write its text: settings as "Key: value" after the prompts.

The text itself is read in `../infotext.py`; here it is said why a setting was left out. The picture is drawn with the
web UI's step tables where they are known. stable-diffusion.cpp writes nearly the same: see `sdcpp.py`.
"""

from safelight import infotext
from safelight.foreign.parts import Foreign, Gathering

__all__ = ["read"]

_SECOND_PASS = "Safelight draws at one size; there is no second pass"
_WHY = {
    "hires": _SECOND_PASS,
    "first pass size": _SECOND_PASS,
    "denoising strength": "it belongs to a second pass or to a picture to start from, neither of which a recipe has",
    "ensd": "the noise of later steps would come from another seed; only samplers that draw noise differ",
    "lora hashes": "parts of hashes; the LoRAs are found by their names in the prompt",
    "ti hashes": "parts of hashes; name the files with --embedding",
    "vae hash": "a part of a hash; it cannot be checked",
    "vae": "the file is not known here; name it with --vae",
    "variation seed": "two seeds cannot be mixed in a recipe",
    "seed resize from": "noise of another size cannot be brought to this one in a recipe",
    "face restoration": "Safelight leaves faces as they are drawn",
    "tiling": "a recipe has no seamless edges",
    "controlnet": "the picture that it follows is not in the text; use --control",
    "adetailer": "an extension's second pass",
    "refiner": "a second model",
    "token merging": "a shortcut that changes the picture",
    "sgm noise multiplier": "a recipe's noise has one size",
    "hashes": "parts of hashes; they cannot be checked",
    "style selector": "an extension's; the style is in the prompt already",
    "template": "the prompt before wildcards; the final one was taken",
    "negative template": "the prompt before wildcards; the final one was taken",
    "emphasis": "use --prompt-weighting",
    "guidance": "only for models that are distilled; not Stable Diffusion v1",
    "skip early cfg": "use --guidance-interval",
    "ngms": "a shortcut that changes the picture; use --guidance-interval",
    "schedule max sigma": "use --sigmas",
    "schedule min sigma": "use --sigmas",
    "schedule rho": "use --sigmas",
    "sigma churn": "the samplers here add no noise of their own",
}


def why(line: str) -> str:
    """Put a reason behind what `infotext` left out, unless it has given one."""
    said = line.lower()
    for name in sorted(_WHY, key=len, reverse=True):
        if said.startswith(name) and not line.endswith(")"):
            key, _, value = line.partition(": ")
            return f"{key} {value}: {_WHY[name]}"
    if ": " in line and not line.endswith(")") and len(line.partition(":")[0].split()) < 5:
        key, _, value = line.partition(": ")
        return f"{key} {value}: a recipe has no such field" if _plain(key) else line
    return line


def _plain(key: str) -> bool:
    return key.replace(" ", "").replace("-", "").replace("/", "").isalnum()


def read(text: str) -> Foreign:
    """Read a `parameters` text; raises RecipeError if it is none."""
    recipe, left_out = infotext.parse(text)
    last = text.rstrip().rpartition("\n")[2]
    ours = "Version: safelight" in last
    fields = recipe.model_dump(exclude_unset=True)
    carried = [name for name in fields if fields[name] not in (None, "")]
    gathered = Gathering("Safelight (its text)" if ours else _program(last), fields, carried)
    gathered.not_carried.extend(left_out if ours else map(why, left_out))
    if gathered.program == "AUTOMATIC1111" and not recipe.sigmas and not recipe.timesteps:
        gathered.assume("like", "a1111", "the steps stand where the web UI puts them")
    return gathered.done()


def _program(last: str) -> str:
    """Say who wrote the text, as far as its version tells."""
    version = last.rpartition("Version: ")[2].strip() if "Version: " in last else ""
    if version.startswith(("f", "neo")):
        return "Forge"
    if "ComfyUI" in version:
        return "ComfyUI (AUTOMATIC1111's text)"
    if "sd.next" in last.lower() or "App: SD.Next" in last:
        return "SD.Next"
    return "AUTOMATIC1111"
