"""Contact sheets: many small renders side by side, for the eye that must judge a world.

Read next: render.py.
"""

from collections.abc import Sequence
from dataclasses import replace

from PIL import Image

from safelight.scenes import words
from safelight.scenes.grammar import Scene
from safelight.scenes.render import render

__all__ = ["grid", "sheet"]


def grid(rows: Sequence[Sequence[Scene]], size: int = 128, gap: int = 4) -> Image.Image:
    """Render every scene at twice `size`, halve it, and lay the rows out on white."""
    width, height = max(len(row) for row in rows), len(rows)
    page = Image.new("RGB", (width * (size + gap) + gap, height * (size + gap) + gap), (255, 255, 255))
    for r, row in enumerate(rows):
        for c, scene in enumerate(row):
            picture = render(scene, 2 * size).image().reduce(2)
            page.paste(picture, (gap + c * (size + gap), gap + r * (size + gap)))
    return page


def sheet(size: int = 128) -> Image.Image:
    """One row per noun: its four media by day, four lightings, environments, details and defects; colours in turn."""
    environments, colours = tuple(words.ENVIRONMENTS), words.COLOURS
    rows: list[list[Scene]] = []
    for i, noun in enumerate(words.NOUNS):
        plain = Scene(noun, colours[i % 10], environments[i % 6], "flat vector", "daylight", layout=1000 + i)
        row = [replace(plain, medium=medium, layout=plain.layout + k) for k, medium in enumerate(words.MEDIA)]
        for k, lighting in enumerate(tuple(words.LIGHTINGS)[1:]):
            row.append(
                replace(
                    plain, lighting=lighting, medium=tuple(words.MEDIA)[(i + k) % 4], colour=colours[(i + 3 + k) % 10]
                )
            )
        for k, environment in enumerate(environments):
            row.append(
                replace(
                    plain,
                    environment=environment,
                    medium=tuple(words.MEDIA)[(i + k) % 4],
                    colour=colours[(i + 5 + k) % 10],
                )
            )
        row += [replace(plain, detail=detail, medium="realistic") for detail in ("minimalist", "ultra-detailed")]
        row.append(replace(plain, defect=tuple(words.DEFECTS)[i % 4]))
        rows.append(row)
    return grid(rows, size)
