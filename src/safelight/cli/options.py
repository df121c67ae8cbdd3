"""The options that say a recipe, one for each of its fields, in the words of the command line.

    --lora paint.safetensors:0.8     --region "left: a red house"     --sigmas 14.6,6,2,0.5

Where a field is more than one number or word, `FROM_TEXT` says how it is written. `values` makes fields of a recipe of
what was typed; what they may be is checked there and not here.

Read next: `generate.py`, which has all of these.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from safelight.errors import RecipeError

__all__ = ["FROM_TEXT", "values"]

NegativePrompt = Annotated[str | None, typer.Option(help="What to keep away from.")]
Model = Annotated[
    str | None, typer.Option(metavar="NAME|FOLDER|FILE", help="Which model; see `safelight models list`.")
]
Seed = Annotated[int | None, typer.Option(help="Where the noise starts, 0 to 2**64 - 1. Default: random.")]
Size = Annotated[int | None, typer.Option(help="Pixels, a multiple of 8 from 64 to 2048.")]
Rng = Annotated[
    str | None, typer.Option(metavar="torch|philox", help="Noise as torch draws it on a CPU, or as CUDA does.")
]
Like = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="compvis|diffusers|a1111|comfyui",
        help="Do as that program does: its step tables, noise, weighing of words and defaults.",
    ),
]

# -- Steps -------------------------------------------------------------------------------------------------------------

Steps = Annotated[int | None, typer.Option(help="Steps of the sampler, 1 to 1000.")]
Sampler = Annotated[
    str | None,
    typer.Option(
        help="ddim, ddpm, plms, lms, euler, euler_a, heun, dpmpp_2m, unipc, dpm2, dpm2_a, dpmpp_2s_a, dpmpp_sde, "
        "dpmpp_2m_sde, dpmpp_2m_sde_heun, dpmpp_3m_sde, dpm_fast, dpm_adaptive, deis, ipndm, lcm, tcd, restart, "
        "er_sde, res_multistep, sa_solver, heunpp2, ddim_cfgpp, euler_cfgpp or euler_a_cfgpp."
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option(
        help="leading, uniform, trailing, karras, exponential, polyexponential, sgm_uniform, simple, normal, ddim, "
        "beta, kl_optimal or align_your_steps."
    ),
]
Eta = Annotated[float | None, typer.Option(help="New noise at each step, 0 to 1; only some samplers have it.")]
Sigmas = Annotated[str | None, typer.Option(metavar="S,S,...", help="Noise levels by hand, greatest first.")]
Timesteps = Annotated[str | None, typer.Option(metavar="T,T,...", help="The same in training steps, 999 to 0.")]

# -- Prompts -----------------------------------------------------------------------------------------------------------

ClipSkip = Annotated[
    int | None, typer.Option(help="Which layer of the text encoder speaks: 1 the last, 2 the one before it.")
]
PromptSyntax = Annotated[
    str | None,
    typer.Option(metavar="weighted|plain|a1111|comfyui", help="How brackets and signs in a prompt are read."),
]
PromptWeighting = Annotated[
    str | None, typer.Option(metavar="a1111|no-norm|comfy|compel", help="How a word's weight changes what is drawn.")
]
StrictPrompt = Annotated[
    bool | None,
    typer.Option("--strict-prompt/--no-strict-prompt", help="Refuse a prompt of which something would be lost."),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="PLACE: PROMPT",
        help='A prompt for a place: "left", "top right", a box "0,0,0.5,1" or a mask "mask.png". Repeatable.',
    ),
]

Style = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A style to put around the prompt. Repeatable.")]
Styles = Annotated[
    Path | None, typer.Option(metavar="FILE.csv", help="Styles: name,prompt,negative_prompt. Default: styles.csv.")
]
Wildcards = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Where __name__ in a prompt finds name.txt. Default: wildcards.")
]
Template = Annotated[str | None, typer.Option(metavar='"subject=...; style=..."', help="Parts, instead of a prompt.")]

# -- Guidance ----------------------------------------------------------------------------------------------------------

GuidanceScale = Annotated[
    float | None, typer.Option(help="How much the prompt is stressed, 0 to 100; 1 is not at all.")
]
GuidanceRescale = Annotated[
    float | None, typer.Option(help="How much of the contrast that guidance adds is taken back, 0 to 1.")
]
GuidanceInterval = Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Guide only between these two sigmas.")]
GuidanceCurve = Annotated[
    str | None,
    typer.Option(metavar="NAME|SHARE:FACTOR,...", help="The scale over the steps: constant, linear, cosine, power."),
]
DynamicThreshold = Annotated[float | None, typer.Option(help="Hold answers to this percentile, 0.001 to 1.")]
ApgEta = Annotated[float | None, typer.Option(help="Adaptive projected guidance: how much saturation to keep, 0 to 1.")]
ApgNorm = Annotated[float | None, typer.Option(help="With --apg-eta: the longest push; 0 is no bound.")]
ApgMomentum = Annotated[float | None, typer.Option(help="With --apg-eta: how much of the last push joins, -1 to 1.")]
PagScale = Annotated[float | None, typer.Option(help="Perturbed-attention guidance, 0 to 100; 0 is none.")]
AutoguidanceModel = Annotated[
    str | None, typer.Option(metavar="NAME|FOLDER|FILE", help="A weaker model to move away from.")
]
AutoguidanceScale = Annotated[float | None, typer.Option(help="How far to move away from it, 0 to 100.")]
Freeu = Annotated[str | None, typer.Option(metavar="B1,B2,S1,S2", help="FreeU; for v1 models 1.5,1.6,0.9,0.2.")]
PerpNeg = Annotated[
    bool | None,
    typer.Option("--perp-neg/--no-perp-neg", help="Take away only what the prompt itself does not ask for."),
]

# -- Files -------------------------------------------------------------------------------------------------------------

Loras = Annotated[
    list[str] | None,
    typer.Option("--lora", metavar="FILE[:SCALE[:TEXT SCALE]]", help="A LoRA, LoCon, LoHa, LoKr or DoRA. Repeatable."),
]
Embeddings = Annotated[
    list[str] | None, typer.Option("--embedding", metavar="FILE", help="A textual inversion. Repeatable.")
]
Hypernetworks = Annotated[
    list[str] | None, typer.Option("--hypernetwork", metavar="FILE[:SCALE]", help="A hypernetwork. Repeatable.")
]
Vae = Annotated[str | None, typer.Option(metavar="FILE", help="Another autoencoder to decode with.")]
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--control",
        metavar="FILE:IMAGE[:STRENGTH[:START:END]][:canny]",
        help="A ControlNet and what it follows; canny draws the edges first. Repeatable.",
    ),
]
ImagePrompts = Annotated[
    list[str] | None,
    typer.Option("--image-prompt", metavar="FILE:IMAGE[:SCALE]", help="An IP-Adapter and its picture. Repeatable."),
]


# -- From text ---------------------------------------------------------------------------------------------------------

Fields = Mapping[str, object]


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _tail(text: str, most: int) -> tuple[str, list[float]]:
    """Split up to `most` numbers off the end of "name:1:0.5"; a name may hold colons, but not end in such numbers."""
    numbers: list[float] = []
    while len(numbers) < most and (found := re.fullmatch(r"(.+):\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*", text, re.DOTALL)):
        text = found.group(1)
        numbers.insert(0, float(found.group(2)))
    return text, numbers


def _scaled(text: str) -> Fields:
    file, scales = _tail(text, 1)
    return {"file": file, **dict(zip(("scale",), scales, strict=False))}


def _lora(text: str) -> Fields:
    file, scales = _tail(text, 2)
    return {"file": file, **dict(zip(("scale", "text_scale"), scales, strict=False))}


def _two_files(text: str) -> Fields:
    file, colon, image = text.rpartition(":")
    if not colon or not file or not image:
        raise ValueError
    return {"file": file, "image": image}


def _control(text: str) -> Fields:
    rest = text.removesuffix(":canny")
    files, numbers = _tail(rest, 3)
    if len(numbers) == 2:
        raise ValueError
    prepare = "none" if rest == text else "canny"
    numbered = dict(zip(("strength", "start", "end"), numbers, strict=False))
    return {**_two_files(files), **numbered, "prepare": prepare}


def _image_prompt(text: str) -> Fields:
    files, scales = _tail(text, 1)
    return {**_two_files(files), **dict(zip(("scale",), scales, strict=False))}


def _region(text: str) -> Fields:
    from safelight.prompts.regions import region

    return region(text)


FROM_TEXT: Mapping[str, tuple[Callable[[str], object], str, str]] = {
    "sigmas": (_numbers, "--sigmas", "14.6,6,2,0.5"),
    "timesteps": (_numbers, "--timesteps", "999,700,400,100"),
    "guidance_interval": (_numbers, "--guidance-interval", "0.3,5"),
    "freeu": (_numbers, "--freeu", "1.5,1.6,0.9,0.2"),
    "regions": (_region, "--region", '"left: a red house"'),
    "loras": (_lora, "--lora", "paint.safetensors:0.8"),
    "embeddings": (lambda text: {"file": text}, "--embedding", "style.pt"),
    "hypernetworks": (_scaled, "--hypernetwork", "style.pt:0.8"),
    "controls": (_control, "--control", "canny.safetensors:photo.png:0.8:canny"),
    "image_prompts": (_image_prompt, "--image-prompt", "ip-adapter.safetensors:photo.png:0.6"),
}
"""How to read a field whose value is written as text: the reader, the option, and an example for those who err."""


def values(typed: Mapping[str, object]) -> dict[str, object]:
    """Make fields of a recipe of the options that were given; raises RecipeError where a text cannot be read."""
    return {name: _value(name, value) for name, value in typed.items() if value not in (None, [])}


def _value(name: str, value: object) -> object:
    if name not in FROM_TEXT:
        return value
    read, option, example = FROM_TEXT[name]
    given = [value] if isinstance(value, str) else value
    assert isinstance(given, list)
    found: list[object] = []
    for text in given:
        try:
            found.append(read(text))
        except RecipeError:
            raise
        except ValueError:
            raise RecipeError(f"{option} {text!r} cannot be read; write it as {option} {example}") from None
    return found[0] if isinstance(value, str) else found
