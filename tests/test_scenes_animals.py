"""Animals: inside their bounds, told apart by outline, full of their colour, shaped in black and in white."""

import itertools

import numpy as np
import pytest

from safelight.scenes.canvas import COLOURED, SUBJECT, Canvas, Pen, Ruler
from safelight.scenes.subjects import animals

NOUNS = ("cat", "dog", "horse", "bird", "fish", "dragon")
PAINT = {name: getattr(animals, name) for name in NOUNS}
LIMBS = {name: getattr(animals, f"{name}_limbs") for name in NOUNS}
TOP = {name: getattr(animals, f"{name}_top") for name in NOUNS}
BLACK, WHITE, RED = (44, 44, 52), (240, 240, 238), (218, 44, 46)
SIDE, UNIT = 128, 128 / 256


def drawn(noun, detail=1, paint=RED, flip=False, limbs=False, gloss=0):
    """The canvas with one animal on it, in the middle."""
    canvas = Canvas(SIDE)
    pen = Pen(canvas, 128, 200, 1.4, paint, flip, gloss=gloss)
    PAINT[noun](pen, detail)
    if limbs:
        LIMBS[noun](pen, detail)
    return canvas


def outline(canvas):
    return np.asarray(canvas.ids) >= SUBJECT


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", NOUNS)
def test_an_animal_stays_within_its_bounds(noun, detail, flip):
    ruler = Ruler()
    pen = Pen(ruler, 0, 0, 1.0, RED, flip)
    PAINT[noun](pen, detail)
    x0, y0, x1, y1 = ruler.reach()
    assert -76 < x0 < -35
    assert 35 < x1 < 76
    assert -118 < y0 < -95
    assert -12 < y1 < 3
    LIMBS[noun](pen, detail)
    x0, y0, x1, y1 = ruler.reach()
    assert max(-x0, x1) < 80
    assert y0 > -118
    assert y1 < 12


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", NOUNS)
def test_at_least_two_fifths_of_an_animal_carry_the_colour(noun, detail):
    ids = np.asarray(drawn(noun, detail).ids)
    assert (ids == COLOURED).sum() >= 0.4 * (ids >= SUBJECT).sum()


@pytest.mark.parametrize("noun", NOUNS)
def test_each_level_of_detail_looks_different(noun):
    pictures = [np.asarray(drawn(noun, detail).develop().albedo * 1.0) for detail in (0, 1, 2)]
    shades = [drawn(noun, detail).develop().shade for detail in (0, 1, 2)]
    for one, two in ((0, 1), (1, 2)):
        changed = (np.abs(pictures[one] - pictures[two]).max(0) > 8) | (np.abs(shades[one] - shades[two]) > 0.06)
        assert changed.sum() > 0.006 * outline(drawn(noun)).sum() / 9


@pytest.mark.parametrize("noun", NOUNS)
def test_surplus_limbs_are_plainly_visible(noun):
    plain, surplus = drawn(noun), drawn(noun, limbs=True)
    grown = outline(surplus) & ~outline(plain)
    assert not (outline(plain) & ~outline(surplus)).any()
    assert grown.sum() > 0.04 * outline(plain).sum()


@pytest.mark.parametrize("noun", NOUNS)
def test_a_turned_animal_is_the_mirror_image(noun):
    right, left = outline(drawn(noun)), outline(drawn(noun, flip=True))
    assert (right != left[:, ::-1]).mean() < 0.01


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(NOUNS, 2)))
def test_no_two_animals_have_the_same_outline(one, two):
    first, second = outline(drawn(one)), outline(drawn(two))
    for other in (second, outline(drawn(two, flip=True))):
        assert (first & other).sum() / (first | other).sum() < 0.75


@pytest.mark.parametrize("paint", [BLACK, WHITE])
@pytest.mark.parametrize("noun", NOUNS)
def test_form_shows_in_black_and_in_white(noun, paint):
    frame = drawn(noun, paint=paint).develop()
    shade = frame.shade[frame.coloured > 0.99]
    low, high = np.quantile(shade, [0.1, 0.9])
    assert high - low > 0.28
    assert 0.8 < np.median(shade) < 1.6


@pytest.mark.parametrize("noun", NOUNS)
def test_fur_of_any_other_colour_is_lit_about_evenly(noun):
    frame = drawn(noun).develop()
    assert 0.85 < np.median(frame.shade[frame.coloured > 0.99]) < 1.25


@pytest.mark.parametrize("noun", NOUNS)
def test_a_thing_on_top_touches_the_animal(noun):
    rows = np.flatnonzero(outline(drawn(noun)).any(1))
    highest = (200 - rows[0] / Canvas(SIDE).unit) / 1.4
    assert highest - 16 < TOP[noun] <= highest + 1


@pytest.mark.parametrize(("noun", "seat"), [("horse", animals.horse_seat), ("dragon", animals.dragon_seat)])
def test_a_rider_sits_on_the_back(noun, seat):
    shape, unit = outline(drawn(noun)), Canvas(SIDE).unit
    x, below = int((128 + 1.4 * seat[0]) * unit), int((200 + 1.4 * (seat[1] + 3)) * unit)
    assert shape[below, x]
    assert 50 < -seat[1] < 75
