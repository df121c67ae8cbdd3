"""Does the bundled model draw what it is asked? Sixty fixed prompts on labelled sheets, for a person to mark.

    python benchmarks/bundled_prompts.py --output sheets/

Forty prompts combine values that training showed together, twenty hold a pair that it never did (`scenes/grammar.py`).
Scenes with a defect are skipped: what a picture should look like is asked here, not what is wrong with it.
Prompts and seeds are fixed, so two models can be held side by side. sheets/prompts.json lists what each picture should
show; the marks themselves are a person's, and stand in the model's card.
"""

import argparse
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image, ImageDraw

import safelight
from safelight.scenes.captions import describe
from safelight.scenes.grammar import Scene, scene

SEED = 2026


def clean_scenes(held_out: bool) -> Iterator[Scene]:
    """The scenes of this benchmark's seed that have no defect."""
    index = 0
    while True:
        truth = scene(SEED, index, held_out)
        if truth.defect is None:
            yield truth
        index += 1


def fixed_scenes() -> list[tuple[Scene, bool]]:
    """The sixty scenes, each with whether it holds a held-out pair."""
    return [
        *((truth, False) for truth in islice(clean_scenes(held_out=False), 40)),
        *((truth, True) for truth in islice(clean_scenes(held_out=True), 20)),
    ]


def sheet(pictures: list[tuple[list[str], Image.Image]], columns: int, cell: int) -> Image.Image:
    """Pictures in rows, each over three lines of words."""
    label = 38
    page = Image.new("RGB", (columns * cell, -(-len(pictures) // columns) * (cell + label)), "white")
    draw = ImageDraw.Draw(page)
    for i, (lines, picture) in enumerate(pictures):
        left, top = i % columns * cell, i // columns * (cell + label)
        page.paste(picture.resize((cell, cell), Image.Resampling.LANCZOS), (left, top))
        draw.text((left + 4, top + cell), "\n".join(lines), "black", spacing=0)
    return page


def words(number: int, truth: Scene, held: bool) -> list[str]:
    """What a picture should show, in three short lines; a star marks the held-out ones."""
    things = [f"{thing.count} x {thing.colour} {thing.noun}".removeprefix("1 x ") for thing in truth.subjects]
    style = [word for word in (truth.palette, truth.grade, truth.weather) if word not in ("natural", "none")]
    return [
        f"{number}{'*' if held else ''} {f' {truth.relation} '.join(things)}",
        ", ".join([truth.environment, *truth.extras]),
        ", ".join([truth.medium, truth.lighting, *style]),
    ]


def main() -> None:
    """Draw the sixty pictures and write three sheets of twenty."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--model", default="bundled")
    arguments.add_argument("--output", type=Path, required=True)
    given = arguments.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)

    scenes = fixed_scenes()
    engine = safelight.load(given.model)
    recipes = [safelight.Recipe(prompt=describe(truth), seed=i) for i, (truth, _) in enumerate(scenes)]
    pictures: list[tuple[list[str], Image.Image]] = []
    for event in engine.stream(recipes):
        if isinstance(event, safelight.Finished):
            pictures.append((words(event.index, *scenes[event.index]), event.picture.image()))
            print(event.index, recipes[event.index].prompt, flush=True)
    sheet(pictures, 10, 128).save(given.output / "all.png")
    for page in range(3):
        sheet(pictures[20 * page : 20 * page + 20], 5, 256).save(given.output / f"sheet-{page + 1}.png")
    listed = [{"prompt": describe(truth), "seed": i, "held_out": held} for i, (truth, held) in enumerate(scenes)]
    (given.output / "prompts.json").write_text(json.dumps(listed, indent=1))


if __name__ == "__main__":
    main()
