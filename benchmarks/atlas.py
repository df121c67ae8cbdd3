"""Does a seed keep its composition? Previews of a few steps against the pictures of the same seeds in full.

    python benchmarks/atlas.py --seeds 0-7 --steps 6

Composition is the luminance of a picture at 16 x 16 pixels. `kept` is the correlation of a preview's with that of its
own full picture; `other` the mean correlation with the full pictures of all other seeds of the same prompt: what a
preview that knew only the prompt would have. `found` is the share of previews whose nearest full picture, among all of
the prompt, is their own. One line of JSON on stdout; docs/atlas.md has the figures.
"""

import argparse
import json

import numpy as np

import safelight
from safelight.cli.atlas import preview
from safelight.cli.cells import seeds
from safelight.picture import Picture
from safelight.recipe import Recipe

PROMPTS = (
    "a red sports car on a mountain road, golden hour",
    "a castle in a forest",
    "a cat on a beach",
    "a lighthouse at night",
)


def composition(picture: Picture) -> np.ndarray:
    """Return the luminance of a picture at 16 x 16, as a vector of mean 0 and length 1."""
    small = np.asarray(picture.image().convert("L").resize((16, 16), resample=4), dtype=np.float64).ravel()
    small -= small.mean()
    return small / (np.linalg.norm(small) or 1.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-7")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--sampler")
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    asked = parser.parse_args()
    engine, numbers = safelight.load(), seeds(asked.seeds)
    kept, other, found = [], [], []
    for prompt in PROMPTS[: asked.prompts]:
        whole = Recipe(prompt=prompt, sampler=asked.sampler)
        full = [whole.model_copy(update={"seed": seed}) for seed in numbers]
        few = [preview(recipe, asked.steps) for recipe in full]
        ends = np.stack([composition(engine.generate(recipe)) for recipe in full])
        starts = np.stack([composition(engine.generate(recipe)) for recipe in few])
        table = starts @ ends.T
        own = np.eye(len(numbers), dtype=bool)
        kept.extend(table[own])
        other.extend(table[~own])
        found.extend(table.argmax(axis=1) == np.arange(len(numbers)))
    usual = Recipe(sampler=asked.sampler).resolved(engine.defaults)
    line = {
        "model_hash": engine.model_hash[:10],
        "sampler": usual.sampler,
        "schedule": usual.schedule,
        "steps": [asked.steps, usual.steps],
        "pairs": len(kept),
        "kept": round(float(np.mean(kept)), 3),
        "kept_least": round(float(np.min(kept)), 3),
        "other": round(float(np.mean(other)), 3),
        "found": round(float(np.mean(found)), 3),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
