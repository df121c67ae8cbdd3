"""Contact sheets: many small renders side by side, for the eye that must judge a world.

Read next: render.py.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from PIL import Image

from safelight.scenes import words
from safelight.scenes.grammar import Scene, Subject
from safelight.scenes.render import render
from safelight.scenes.subjects import SUBJECTS

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


def sheet(size: int = 128, nouns: Iterable[str] | None = None) -> Image.Image:
    """One row per noun, all of them and the empty environments when `nouns` is left out.

    Along a row: media, lightings, environments, palettes and the grade, counts, relations, weather, details, defects,
    colours, and for things without life their materials.
    """
    known = tuple(words.NOUNS)
    rows = [list(_row(noun, known.index(noun))) for noun in (known if nouns is None else nouns)]
    if nouns is None:
        rows.append(list(_landscapes()))
    return grid(rows, size)


def _row(noun: str, i: int) -> Iterator[Scene]:
    """Row `i`: what is not shown by a column goes round with `i`, so that rows differ."""
    environments, media, colours = tuple(words.ENVIRONMENTS), tuple(words.MEDIA), words.COLOURS
    thing = Subject(noun, colours[i % 10])
    plain = Scene((thing,), environments[i % 11], "flat vector", "daylight", layout=1000 + 50 * i)
    calm = replace(plain, environment="studio" if i % 2 else "meadow")
    outdoors = replace(plain, environment=environments[i % 9])

    def other(k: int) -> str:
        return media[(i + k) % len(media)]

    for k, medium in enumerate(media):
        yield replace(plain, medium=medium, layout=plain.layout + k)
    for k, lighting in enumerate(tuple(words.LIGHTINGS)[1:]):
        yield replace(plain, lighting=lighting, medium=other(k), environment=environments[(i + 2 * k) % 11])
    for k in range(5):
        painted = replace(thing, colour=colours[(i + 2 * k + 1) % 10])
        yield replace(plain, subjects=(painted,), environment=environments[(2 * i + k) % 11], medium=other(k))
    yield from (replace(plain, palette=palette, medium=other(2)) for palette in ("cyberpunk", "vintage"))
    yield replace(plain, grade="cinematic", medium="realistic")
    for count in (2, 3, 4):
        yield replace(calm, subjects=(replace(thing, count=count),), medium=other(count))
    yield from _related(thing, replace(calm, medium=other(1)), i)
    for weather in ("rain", "snow"):
        yield replace(outdoors, weather=weather, medium=other(3 if weather == "rain" else 5))
    for detail in ("minimalist", "ultra-detailed"):
        yield replace(plain, detail=detail, medium="realistic")
    defects = tuple(words.DEFECTS)
    if SUBJECTS[noun].limbs is not None:
        yield replace(calm, defect="extra limbs")
    yield replace(plain, defect=next(d for d in defects[i % 7 :] + defects if d != "extra limbs"))
    for material in ("matte", "shiny") if SUBJECTS[noun].limbs is None else ():
        yield replace(calm, subjects=(replace(thing, material=material),), medium="realistic")
    for k, size in enumerate(("small", "large")):
        yield replace(calm, subjects=(replace(thing, size=size, colour=colours[(i + 4 + k) % 10]),))


def _related(thing: Subject, plain: Scene, i: int) -> Iterator[Scene]:
    """The thing with other things, in every relation it may have."""
    known = tuple(words.NOUNS)
    for k, relation in enumerate(("left of", "above", "below", "in front of", "behind")):
        second = Subject(known[(7 * i + 5 * k + 3) % len(known)], words.COLOURS[(i + 3 + k) % 10])
        yield replace(plain, subjects=(thing, second), relation=relation, layout=plain.layout + k)
    if SUBJECTS[thing.noun].rider is not None or SUBJECTS[thing.noun].seat is not None:
        pairs = [(a, b) for a in known for b in known if SUBJECTS[a].rider is not None and SUBJECTS[b].seat is not None]
        for a, b in pairs:
            if thing.noun in (a, b):
                pair = [replace(thing, noun=n) if n == thing.noun else Subject(n, "white") for n in (a, b)]
                yield replace(plain, subjects=(pair[0], pair[1]), relation="riding")


def _landscapes() -> Iterator[Scene]:
    for k, environment in enumerate(words.LANDSCAPES):
        for lighting in ("daylight", "golden hour", "night"):
            medium = tuple(words.MEDIA)[k % len(words.MEDIA)]
            yield Scene((), environment, medium, lighting, layout=k)
