"""Does the bundled model draw what it is asked? Sixty fixed prompts on labelled sheets, for a person to mark.

    python benchmarks/bundled_prompts.py --output sheets/

Forty prompts combine values that training showed together, twenty hold a pair that it never did (`scenes/grammar.py`).
Prompts and seeds are fixed, so two models can be held side by side. sheets/prompts.json lists what each picture should
show; the marks themselves are a person's, and stand in the model's card.
"""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw

import safelight
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.words import ENVIRONMENTS, LIGHTINGS, MEDIA, NOUNS

SEED = 2026


def fixed_scenes() -> list[tuple[Scene, bool]]:
    """The sixty scenes, each with whether it holds a held-out pair."""
    return [(scene(SEED, i), False) for i in range(40)] + [(scene(SEED, i, held_out=True), True) for i in range(20)]


def prompt(truth: Scene) -> str:
    """The plainest way to ask for a scene."""
    medium, thing = MEDIA[truth.medium][0], f"{truth.colour} {NOUNS[truth.noun][0]}"
    article = "an" if thing[0] in "aeiou" else "a"
    return f"a {medium} of {article} {thing} {ENVIRONMENTS[truth.environment][0]}, {LIGHTINGS[truth.lighting][0]}"


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
    return [
        f"{number}{'*' if held else ''} {truth.colour} {truth.noun}",
        ENVIRONMENTS[truth.environment][0],
        f"{truth.medium}, {truth.lighting}",
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
    recipes = [safelight.Recipe(prompt=prompt(truth), seed=i) for i, (truth, _) in enumerate(scenes)]
    pictures: list[tuple[list[str], Image.Image]] = []
    for event in engine.stream(recipes):
        if isinstance(event, safelight.Finished):
            pictures.append((words(event.index, *scenes[event.index]), event.picture.image()))
            print(event.index, recipes[event.index].prompt, flush=True)
    sheet(pictures, 10, 128).save(given.output / "all.png")
    for page in range(3):
        sheet(pictures[20 * page : 20 * page + 20], 5, 256).save(given.output / f"sheet-{page + 1}.png")
    listed = [{"prompt": prompt(truth), "seed": i, "held_out": held} for i, (truth, held) in enumerate(scenes)]
    (given.output / "prompts.json").write_text(json.dumps(listed, indent=1))


if __name__ == "__main__":
    main()
