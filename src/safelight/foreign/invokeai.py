"""InvokeAI: the PNG text `invokeai_metadata` (version 3 and later), or `sd-metadata` (version 2).

Its prompts are compel's, "word++" and "(two words)1.3"; its noise is drawn on the CPU unless it says otherwise; its
samplers are diffusers' schedulers, a "_k" at the end meaning Karras' sigmas. Read `comfyui.py` next.
"""

import re

from safelight.checks import show
from safelight.foreign.parts import Foreign, Gathering, json_of
from safelight.recipe import LoraUse

__all__ = ["read"]

_SAMPLERS = {
    "pndm": "plms", "kdpm_2": "dpm2", "kdpm_2_a": "dpm2_a", "dpmpp_3m": "", "dpmpp_2s": "", "k_dpmpp_2": "dpmpp_2m",
    "k_dpm_2_a": "dpm2_a", "k_dpm_2": "dpm2",
}  # fmt: skip
_PLAIN = {
    "positive_prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "steps": "steps",
    "cfg_scale": "guidance_scale",
    "cfg_rescale_multiplier": "guidance_rescale",
}
_OLD = {"seed": "seed", "width": "width", "height": "height", "steps": "steps", "cfg_scale": "guidance_scale"}
_SAYS_NOTHING = {"app_version", "generation_mode", "rand_device", "scheduler", "clip_skip", "model", "vae", "loras"}
_WHY = {
    "strength": "there is no picture to start from in a recipe",
    "init_image": "there is no picture to start from in a recipe",
    "controlnets": "the pictures that they follow are not in the file; use --control",
    "ipAdapters": "their pictures are not in the file; use --image-prompt",
    "t2iAdapters": "Safelight has no T2I-Adapters",
    "seamless_x": "a recipe has no seamless edges",
    "seamless_y": "a recipe has no seamless edges",
    "hrf_enabled": "Safelight draws at one size; there is no second pass",
    "positive_style_prompt": "only Stable Diffusion XL has two prompts",
    "negative_style_prompt": "only Stable Diffusion XL has two prompts",
    "threshold": "a threshold on latents that InvokeAI has given up",
    "perlin": "noise of another kind",
    "variations": "seeds cannot be mixed in a recipe",
    "postprocessing": "Safelight leaves pictures as they are drawn",
}


def read(text: str) -> Foreign:
    """Read `invokeai_metadata` or `sd-metadata`; raises RecipeError if it is not JSON."""
    found = json_of(text, "InvokeAI's metadata")
    image = found.get("image")
    return _old(found, image) if isinstance(image, dict) else _new(found)


def _said(value: object) -> bool:
    return value not in (None, "", 0, 0.0, False, [], {})


def _rest(gathered: Gathering, found: dict[str, object], known: set[str]) -> None:
    """Say of everything that was not read why it was not."""
    for name, value in found.items():
        if name not in known and _said(value):
            gathered.lose(f"{name} {show(value)}", _WHY.get(name, "a recipe has no such field"))


def _sampling(gathered: Gathering, scheduler: object) -> None:
    karras = isinstance(scheduler, str) and scheduler.endswith("_k")
    name = scheduler.removesuffix("_k") if isinstance(scheduler, str) else scheduler
    gathered.sampling(name, "karras" if karras else None, _SAMPLERS)
    if "sampler" in gathered.fields:
        gathered.assume("like", "diffusers", "InvokeAI's samplers are diffusers' schedulers")


def _new(found: dict[str, object]) -> Foreign:
    gathered = Gathering("InvokeAI")
    for theirs, ours in _PLAIN.items():
        if found.get(theirs) is not None:
            gathered.take(ours, found[theirs], theirs)
    _sampling(gathered, found.get("scheduler"))
    on_gpu = found.get("rand_device") == "cuda"
    gathered.take("rng", "philox" if on_gpu else "torch", f"rand_device {show(found.get('rand_device', 'cpu'))}")
    skip = found.get("clip_skip")
    if _said(skip):  # it counts the layers that are left out
        gathered.take("clip_skip", skip + 1 if isinstance(skip, int) else skip, f"clip_skip {show(skip)}")
    _model(gathered, found.get("model"))
    _loras(gathered, found.get("loras"))
    vae = found.get("vae")
    if isinstance(vae, dict):
        gathered.lose(f"vae {show(_name(vae))}", "the file is not named; say it with --vae")
    _words(gathered)
    _rest(gathered, found, _SAYS_NOTHING | set(_PLAIN))
    return gathered.done()


def _old(found: dict[str, object], image: dict[str, object]) -> Foreign:
    gathered = Gathering("InvokeAI (version 2)")
    prompt = image.get("prompt")
    parts = prompt if isinstance(prompt, list) else [{"prompt": prompt}]
    texts = [part.get("prompt") for part in parts if isinstance(part, dict)]
    whole = " ".join(text for text in texts if isinstance(text, str))
    if any(isinstance(part, dict) and part.get("weight") not in (None, 1, 1.0) for part in parts):
        gathered.lose("weights of the parts of the prompt", "they are joined as one text")
    # Square brackets held what to keep away from.
    avoided = re.findall(r"\[([^\[\]]*)\]", whole)
    gathered.take("prompt", " ".join(re.sub(r"\[[^\[\]]*\]", " ", whole).split()))
    if avoided:
        gathered.take("negative_prompt", ", ".join(avoided), "[...] in the prompt")
    for theirs, ours in _OLD.items():
        if image.get(theirs) is not None:
            gathered.take(ours, image[theirs], theirs)
    _sampling(gathered, image.get("sampler"))
    weights = found.get("model_weights")
    if isinstance(weights, str):
        gathered.take("model", weights, "model_weights")
    digits = found.get("model_hash")
    if isinstance(digits, str):
        gathered.lose(f"model_hash {show(digits)}", "computed in another way than a file's SHA-256")
    _words(gathered)
    _rest(gathered, image, {"prompt", "sampler", "type", *_OLD})
    known = {"image", "images", "model", "model_weights", "model_hash", "app_id", "app_version"}
    _rest(gathered, found, known)
    return gathered.done()


def _words(gathered: Gathering) -> None:
    gathered.assume("prompt_syntax", "weighted", "it reads compel's signs as InvokeAI does")
    gathered.assume("prompt_weighting", "compel", "InvokeAI's prompts are compel's")


def _name(model: dict[str, object]) -> object:
    inner = model.get("model")
    return model.get("name", model.get("model_name", _name(inner) if isinstance(inner, dict) else None))


def _model(gathered: Gathering, model: object) -> None:
    if not isinstance(model, dict):
        return
    gathered.take("model", _name(model), "model")
    if model.get("base") not in (None, "sd-1"):
        gathered.lose(f"model base {show(model['base'])}", "Safelight draws Stable Diffusion v1 only")
    if model.get("hash"):
        gathered.lose(f"model hash {show(model['hash'])}", "BLAKE3, where a recipe has SHA-256")


def _loras(gathered: Gathering, loras: object) -> None:
    uses: list[dict[str, object]] = []
    for lora in loras if isinstance(loras, list) else []:
        model = lora.get("model", lora.get("lora")) if isinstance(lora, dict) else None
        name = _name(model) if isinstance(model, dict) else None
        if not isinstance(lora, dict) or name is None:
            gathered.lose(f"LoRA {show(lora)}", "it has no name")
            continue
        use = {"file": name, "scale": lora.get("weight", 1.0)}
        try:
            uses.append(LoraUse(**use).model_dump())  # pyright: ignore[reportArgumentType]
        except ValueError as error:
            gathered.lose(f"LoRA {show(name)}", str(error))
    if uses:
        gathered.take("loras", uses)
