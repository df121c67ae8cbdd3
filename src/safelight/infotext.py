"""The `parameters` text that other programs write into pictures and read from them.

    <prompt>
    Negative prompt: <negative prompt>
    Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 42, Size: 512x512, ...

AUTOMATIC1111's web UI began it, and most programs and sites read it. It is written here for them; what Safelight itself
reads from its own pictures is the recipe's JSON (see `metadata.py`), because this format cannot carry everything: a
prompt with a line "Negative prompt:" in it, for one, is ambiguous.
"""

import json
from collections.abc import Iterator
from pathlib import PurePath

from safelight import __version__
from safelight.errors import RecipeError
from safelight.recipe import SAMPLERS, SCHEDULES, USUAL_ETA, USUAL_SCHEDULE, Recipe, json_object, recipe_from

__all__ = ["parse", "sampler_named", "schedule_named", "write"]

_REST = (
    "guidance_rescale", "sigmas", "timesteps", "like", "prompt_weighting", "strict_prompt", "regions",
    "guidance_interval", "guidance_curve", "dynamic_threshold", "apg_eta", "apg_norm", "apg_momentum", "pag_scale",
    "autoguidance_model", "autoguidance_hash", "autoguidance_scale", "freeu", "perp_neg", "loras", "embeddings",
    "hypernetworks", "vae", "controls", "image_prompts",
)  # fmt: skip
_NEGATIVE = "Negative prompt:"
_LONGEST = 1_048_576

_SAMPLER_LABELS = {
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "plms": "PLMS",
    "lms": "LMS",
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "dpmpp_2m": "DPM++ 2M",
    "unipc": "UniPC",
    "dpm2": "DPM2",
    "dpm2_a": "DPM2 a",
    "dpmpp_2s_a": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "deis": "DEIS",
    "ipndm": "IPNDM",
    "lcm": "LCM",
    "tcd": "TCD",
    "restart": "Restart",
    "er_sde": "ER SDE",
    "res_multistep": "Res Multistep",
    "sa_solver": "SA Solver",
    "heunpp2": "HeunPP2",
    "ddim_cfgpp": "DDIM CFG++",
    "euler_cfgpp": "Euler CFG++",
    "euler_a_cfgpp": "Euler a CFG++",
}
# A1111's DDIM schedule is our `ddim` and, for Stable Diffusion, our `leading` too: the more usual one gets its name.
_SCHEDULE_LABELS = {
    "leading": "DDIM",
    "uniform": "Uniform",
    "trailing": "Trailing",
    "karras": "Karras",
    "exponential": "Exponential",
    "polyexponential": "Polyexponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "normal": "Normal",
    "ddim": "DDIM Uniform",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
    "align_your_steps": "Align Your Steps",
}
_RNG_LABELS = {"torch": "CPU", "philox": "NV"}  # NV: the numbers of an NVIDIA GPU, drawn anywhere

_SAMPLERS = (
    {label.lower(): name for name, label in _SAMPLER_LABELS.items()}
    | {name: name for name in SAMPLERS}
    | {f"k_{name}": name for name in SAMPLERS}
    | {
        "euler ancestral": "euler_a", "euler_ancestral": "euler_a", "k_euler_ancestral": "euler_a",
        "dpm++_2m": "dpmpp_2m", "uni_pc": "unipc", "uni_pc_bh2": "unipc", "dpm_2": "dpm2", "k_dpm_2": "dpm2",
        "dpm_2_ancestral": "dpm2_a", "k_dpm_2_a": "dpm2_a", "k_dpm_2_ancestral": "dpm2_a",
        "dpmpp_2s_ancestral": "dpmpp_2s_a", "euler_cfg_pp": "euler_cfgpp", "euler_ancestral_cfg_pp": "euler_a_cfgpp",
        "k_dpm_ad": "dpm_adaptive",
    }
)  # fmt: skip
_SCHEDULES = (
    {name: name for name in SCHEDULES}
    | {label.lower(): name for name, label in _SCHEDULE_LABELS.items()}
    | {"sgmuniform": "sgm_uniform", "ddim_uniform": "ddim", "linspace": "uniform"}
)


def sampler_named(label: str) -> str | None:
    """Our name of a sampler that another program calls `label`; None if there is none."""
    return _SAMPLERS.get(label.strip().lower())


def schedule_named(label: str) -> str | None:
    """Our name of a schedule that another program calls `label`; None if there is none."""
    return _SCHEDULES.get(label.strip().lower())


# -- Writing -----------------------------------------------------------------------------------------------------------


def _clean(text: str, keep: str = "\n\t") -> str:
    """Replace control characters, which readers choke on, by spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c.isprintable() or c in keep or ord(c) >= 0xA0 else " " for c in text)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _mentions(recipe: Recipe) -> str:
    """The files that other programs look for in the prompt."""
    loras = [f"<lora:{PurePath(use.file).stem}:{_number(use.scale)}>" for use in recipe.loras]
    networks = [f"<hypernet:{PurePath(use.file).stem}:{_number(use.scale)}>" for use in recipe.hypernetworks]
    return "".join(f" {mention}" for mention in (*loras, *networks))


def _rest(recipe: Recipe) -> str:
    """The fields that the format has no place for, as JSON; empty where all are as usual."""
    said = json.loads(recipe.to_json())
    return json.dumps(kept) if (kept := {name: said[name] for name in _REST if name in said}) else ""


def write(recipe: Recipe, width: int, height: int) -> str:
    """Write a resolved recipe as other programs expect it; `width` and `height` are the picture's own, in pixels."""
    pairs: dict[str, str] = {}
    # The order matters to readers: some look for a last line that begins with "Steps:".
    if recipe.steps is not None:
        pairs["Steps"] = str(recipe.steps)
    if recipe.sampler is not None:
        pairs["Sampler"] = _SAMPLER_LABELS.get(recipe.sampler, recipe.sampler)
    if recipe.schedule is not None:
        pairs["Schedule type"] = _SCHEDULE_LABELS.get(recipe.schedule, recipe.schedule)
    if recipe.guidance_scale is not None:
        pairs["CFG scale"] = _number(recipe.guidance_scale)
    pairs["Seed"] = str(recipe.seed)
    pairs["Size"] = f"{width}x{height}"
    if recipe.model_hash is not None:
        pairs["Model hash"] = recipe.model_hash[:10]
    # Readers mangle quoted values, so a name has its commas and colons taken out; of a path only the last part is
    # written: where somebody keeps their files is nobody's business.
    name = PurePath(recipe.model.replace("\\", "/")).name or recipe.model
    pairs["Model"] = "".join("_" if c in ',:"' else c for c in _clean(name, keep="")).strip()
    if recipe.eta is not None and recipe.sampler is not None and recipe.eta != USUAL_ETA.get(recipe.sampler):
        pairs["Eta DDIM" if recipe.sampler == "ddim" else "Eta"] = _number(recipe.eta)
    if recipe.clip_skip != 1:
        pairs["Clip skip"] = str(recipe.clip_skip)
    if recipe.prompt_syntax != "plain":
        pairs["Prompt syntax"] = recipe.prompt_syntax
    if recipe.vae is not None:
        pairs["VAE"] = _clean(PurePath(recipe.vae.file).name, keep="").replace(",", "_").replace(":", "_")
    pairs["RNG"] = _RNG_LABELS[recipe.rng]
    if rest := _rest(recipe):
        pairs["Safelight"] = json.dumps(rest)
    pairs["Version"] = f"safelight {__version__}"

    # An empty prompt leaves an empty first line: without it, readers take the next line for the prompt.
    lines = [_clean(recipe.prompt) + _mentions(recipe)]
    if recipe.negative_prompt:
        lines.append(f"{_NEGATIVE} {_clean(recipe.negative_prompt)}")
    lines.append(", ".join(f"{key}: {value}" for key, value in pairs.items()))
    return "\n".join(lines)


# -- Reading -----------------------------------------------------------------------------------------------------------


def _pieces(line: str) -> Iterator[str]:
    """Cut a line at its commas, except within a value that is a quoted text."""
    start, quoted, escaped, empty = 0, False, False, False
    for i, c in enumerate(line):
        if escaped:
            escaped = False
        elif quoted:
            escaped = c == "\\"
            quoted = c != '"'
        elif c == ",":
            yield line[start:i]
            start = i + 1
        elif c == '"' and empty:  # nothing but spaces between the colon and this quote
            quoted = True
        empty = c == ":" or (empty and c == " ")
    yield line[start:]


def _pairs(line: str) -> dict[str, str]:
    """Read `Key: value, Key: "quoted, value", ...`; pieces that are no pair are passed over."""
    pairs: dict[str, str] = {}
    for piece in _pieces(line):
        key, colon, value = (part.strip() for part in piece.partition(":"))
        if not colon or not key[:1].isalnum() or not key.replace(" ", "").replace("-", "").replace("/", "").isalnum():
            continue
        if value.startswith('"'):
            try:
                value = str(json.loads(value))
            except ValueError:
                value = value.strip('"')
        pairs[key.lower()] = value
    return pairs


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 40 else text


def _real(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _sampling(pairs: dict[str, str], left_out: list[str]) -> dict[str, object]:
    """Find sampler and schedule, which older texts write as one name: "DPM++ 2M Karras"."""
    found: dict[str, object] = {}
    label, spacing = pairs.pop("sampler", ""), pairs.pop("schedule type", "")
    short, _, last = label.lower().rpartition(" ")
    if label.lower() not in _SAMPLERS and last in ("karras", "exponential") and short in _SAMPLERS:
        found["sampler"], spacing = _SAMPLERS[short], spacing or last
    elif label.lower() in _SAMPLERS:
        found["sampler"] = _SAMPLERS[label.lower()]
    elif label:
        left_out.append(f"Sampler: {label[:60]} (not known here)")
    if spacing.lower() in _SCHEDULES:
        found["schedule"] = _SCHEDULES[spacing.lower()]
    elif spacing.lower() not in ("", "automatic"):
        left_out.append(f"Schedule type: {spacing[:60]} (not known here)")
    elif "sampler" in found:
        found["schedule"] = USUAL_SCHEDULE[str(found["sampler"])]
    return found


def _said_rest(pairs: dict[str, str], left_out: list[str]) -> dict[str, object]:
    """Read the fields that we write as JSON."""
    text = pairs.pop("safelight", "")
    if not text:
        return {}
    pairs.pop("vae", None)  # for the others; ours has the hash
    try:
        rest = {name: value for name, value in json_object(text).items() if name in _REST}
        recipe_from(rest)
    except RecipeError as error:
        left_out.append(f"Safelight: {error}")
        return {}
    return rest


def _settings(pairs: dict[str, str], left_out: list[str]) -> dict[str, object]:
    """Turn the pairs of the last line into fields of a recipe, each checked; what fails goes to `left_out`."""
    ours = pairs.pop("version", "").lower().startswith("safelight")
    rest = _said_rest(pairs, left_out)
    found = _sampling(pairs, left_out)
    if "sigmas" in rest or "timesteps" in rest:
        found.pop("schedule", None)
    across, _, down = pairs.pop("size", "").lower().partition("x")
    # Where nothing is said, the others draw noise on the GPU and let brackets weigh words.
    rng = pairs.pop("rng", "GPU").upper()
    found["rng"] = {"CPU": "torch", "NV": "philox", "GPU": "philox"}.get(rng, rng)
    found["prompt_syntax"] = pairs.pop("prompt syntax", "plain" if ours else "a1111")
    for key, field, read in (
        ("steps", "steps", _whole),
        ("cfg scale", "guidance_scale", _real),
        ("seed", "seed", _whole),
        ("clip skip", "clip_skip", _whole),
        ("eta", "eta", _real),
        ("eta ddim", "eta", _real),
        ("model", "model", str),
    ):
        if key in pairs:
            found[field] = read(pairs.pop(key))
    if across or down:
        found["width"], found["height"] = _whole(across), _whole(down)
    usual = USUAL_ETA.get(str(found.get("sampler")))
    if usual is not None:
        found.setdefault("eta", usual)
    elif "eta" in found:
        left_out.append(f"Eta: {found.pop('eta')} (the sampler has none)")
    if digits := pairs.pop("model hash", ""):
        left_out.append(f"Model hash: {digits[:64]} (a part of a hash; it cannot be checked)")

    for field, value in tuple(found.items()):
        try:
            recipe_from({field: value})
        except RecipeError as error:
            del found[field]
            left_out.append(str(error))
    found |= rest
    left_out.extend(f"{key[:60].capitalize()}: {value[:60]}" for key, value in pairs.items())
    return found


def parse(text: str, where: str | None = None) -> tuple[Recipe, list[str]]:
    """Read a `parameters` text, also those of other programs; the list says what could not be carried over.

    Raises `RecipeError` when this is no such text: the last line must hold at least three `Key: value` pairs.
    """
    place = f"{where}: " if where else ""
    if len(text) > _LONGEST:
        raise RecipeError(f"{place}{len(text)} characters of parameters are too many")
    *lines, last = text.rstrip().split("\n")
    pairs = _pairs(last)
    if len(pairs) < 3:
        raise RecipeError(f"{place}the parameters do not end with a line of settings (Steps: ..., Sampler: ..., ...)")
    left_out: list[str] = []
    settings = _settings(pairs, left_out)
    at = next((i for i, line in enumerate(lines) if line.startswith(_NEGATIVE)), len(lines))
    negative = "\n".join(lines[at:]).removeprefix(_NEGATIVE)
    prompts = {"prompt": "\n".join(lines[:at]).strip(), "negative_prompt": negative.strip()}
    recipe = recipe_from(settings | prompts, where)
    if mentioned := _mentions(recipe):
        left = "" if recipe.prompt == mentioned.strip() else recipe.prompt.removesuffix(mentioned)
        recipe = recipe.model_copy(update={"prompt": left})
    return recipe, left_out
