"""Animals: inside their bounds, told apart by outline, full of their colour, shaped in black and in white."""

import itertools

import numpy as np
import pytest

from safelight.scenes.canvas import COLOURED, SUBJECT, Canvas, Pen, Ruler
from safelight.scenes.subjects import animals, flyers, mounts

PAINT = {
    "cat": animals.cat,
    "dog": animals.dog,
    "horse": mounts.horse,
    "bird": flyers.bird,
    "fish": flyers.fish,
    "dragon": mounts.dragon,
}
LIMBS = {
    "cat": animals.cat_limbs,
    "dog": animals.dog_limbs,
    "horse": mounts.horse_limbs,
    "bird": flyers.bird_limbs,
    "fish": flyers.fish_limbs,
    "dragon": mounts.dragon_limbs,
}
TOP = {
    "cat": animals.cat_top,
    "dog": animals.dog_top,
    "horse": mounts.horse_top,
    "bird": flyers.bird_top,
    "fish": flyers.fish_top,
    "dragon": mounts.dragon_top,
}
NOUNS = tuple(PAINT)
BLACK, WHITE, RED = (44, 44, 52), (240, 240, 238), (218, 44, 46)
SIDE = 128


def drawn(noun, detail=1, paint=RED, flip=False, limbs=False):
    """The canvas with one animal on it, in the middle."""
    canvas = Canvas(SIDE)
    pen = Pen(canvas, 128, 200, 1.4, paint, flip)
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
    frames = [drawn(noun, detail).develop() for detail in (0, 1, 2)]
    for one, two in itertools.pairwise(frames):
        changed = np.abs(one.albedo - two.albedo).max(0) > 8
        changed |= np.abs(one.shade - two.shade) > 0.06
        assert changed.sum() > 0.01 * (one.subject > 0.5).sum()


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


@pytest.mark.parametrize(("noun", "seat"), [("horse", mounts.horse_seat), ("dragon", mounts.dragon_seat)])
def test_a_rider_sits_on_the_back(noun, seat):
    shape, unit = outline(drawn(noun)), Canvas(SIDE).unit
    x, below = int((128 + 1.4 * seat[0]) * unit), int((200 + 1.4 * (seat[1] + 3)) * unit)
    assert shape[below, x]
    assert 50 < -seat[1] < 75
