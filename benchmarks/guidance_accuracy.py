"""What does each kind of guidance do to prompt accuracy? The same prompts and seeds under each, read by the recogniser.

    python benchmarks/guidance_accuracy.py --recogniser recogniser.safetensors --count 200 --output guidance.json

A picture's score is the share of what its caption says (things, colours, counts, relations, place, medium, light ...)
that the recogniser reads in it. Each kind is held against classifier-free guidance picture by picture, same prompt and
seed, so that the difference is more certain than either score: both come with their standard errors. `rows` counts the
rows that the network is asked for in a step. Writes every score as JSON, prints a Markdown table.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
from bundled_prompts import clean_scenes

import safelight
from safelight.evaluate.ceilings import judged
from safelight.evaluate.recogniser import Recogniser, load
from safelight.scenes.captions import describe
from safelight.scenes.grammar import Scene

BASE = "classifier-free"


def kinds(scale: float) -> dict[str, tuple[int, dict[str, object]]]:
    """Every kind: rows of the network in a step, and the fields of its recipe. `scale` is the model's usual one."""
    usual = {"guidance_scale": scale}
    return {
        "none (scale 1)": (1, {"guidance_scale": 1.0}),
        BASE: (2, usual),
        "twice the scale": (2, {"guidance_scale": 2 * scale}),
        "rescale 0.7": (2, usual | {"guidance_rescale": 0.7}),
        "interval 0.3..5": (2, usual | {"guidance_interval": (0.3, 5.0)}),
        "linear curve": (2, usual | {"guidance_curve": "linear"}),
        "cosine curve": (2, usual | {"guidance_curve": "cosine"}),
        "dynamic threshold 0.995, twice the scale": (2, {"guidance_scale": 2 * scale, "dynamic_threshold": 0.995}),
        "APG eta 0": (2, usual | {"apg_eta": 0.0}),
        "APG eta 0, norm 2.5, momentum -0.5, twice the scale": (
            2,
            {"guidance_scale": 2 * scale, "apg_eta": 0.0, "apg_norm": 2.5, "apg_momentum": -0.5},
        ),
        "CFG++ scale 0.6": (2, {"guidance_scale": 0.6, "sampler": "ddim_cfgpp"}),
        "perturbed attention 1": (3, usual | {"pag_scale": 1.0}),
        "perturbed attention 3, scale 1": (2, {"guidance_scale": 1.0, "pag_scale": 3.0}),
        "FreeU 1.1, 1.2, 0.9, 0.2": (2, usual | {"freeu": (1.1, 1.2, 0.9, 0.2)}),
        "negative prompt": (2, usual | {"negative_prompt": "blurry, low quality"}),
        "negative prompt, Perp-Neg": (3, usual | {"negative_prompt": "blurry, low quality", "perp_neg": True}),
    }


def scores(
    engine: safelight.Engine, judge: Recogniser, scenes: Sequence[Scene], fields: Mapping[str, object]
) -> list[float]:
    """Draw every scene and return each picture's score, 0 to 1."""
    recipes = [
        safelight.Recipe.model_validate({"prompt": describe(s), "seed": i, **fields}) for i, s in enumerate(scenes)
    ]
    found = [0.0] * len(scenes)
    for event in engine.stream(recipes):
        if isinstance(event, safelight.Failed):
            raise event.error
        if isinstance(event, safelight.Finished):
            (reading,) = judge.read(np.asarray(event.picture.pixels)[None])
            found[event.index] = fmean(judged(scenes[event.index], reading).values())
    return found


def error(values: Sequence[float]) -> float:
    """Standard error of the mean."""
    return stdev(values) / math.sqrt(len(values))


def line(name: str, rows: int, found: Sequence[float], base: Sequence[float]) -> str:
    """One row of the table, in percent."""
    apart = [a - b for a, b in zip(found, base, strict=True)]
    against = f"{100 * fmean(apart):+.1f} ± {100 * error(apart):.1f}" if any(apart) else "0"
    return f"| {name} | {rows} | {100 * fmean(found):.1f} ± {100 * error(found):.1f} | {against} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default="bundled")
    arguments.add_argument("--recogniser", type=Path, required=True)
    arguments.add_argument("--count", type=int, default=200, help="pictures of each kind")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()

    engine, judge = safelight.load(given.model), load(given.recogniser)
    usual = kinds(engine.defaults.guidance_scale)
    scenes = list(islice(clean_scenes(held_out=False), given.count))
    made: dict[str, list[float]] = {}
    for name, (_, fields) in usual.items():
        made[name] = scores(engine, judge, scenes, fields)
        print(f"{name}: {100 * fmean(made[name]):.1f} %", flush=True)
    about = {"model": engine.model_hash, "recogniser": judge.hash, "count": given.count, "scores": made}
    given.output.write_text(json.dumps(about, indent=1))
    print("\n| guidance | rows | right, % | against classifier-free, points |\n|---|---|---|---|")
    for name, (rows, _) in usual.items():
        print(line(name, rows, made[name], made[BASE]))


if __name__ == "__main__":
    main()
