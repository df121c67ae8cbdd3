"""Measures of pixels agree with what the renderer says it drew, and with each other at both sizes."""

from dataclasses import replace

import numpy as np
import pytest

from safelight.evaluate import pixels as look
from safelight.evaluate.lessons import reduced, spoilt
from safelight.scenes.grammar import Scene, Subject, scene
from safelight.scenes.render import COLOURS, render

SETTLING = ("blurry", "low quality", "watermark")


def draw(one, size=256):
    return render(one, size).pixels


@pytest.fixture(scope="module")
def clean():
    """Twelve different scenes without a defect, and their pictures."""
    scenes = [one for one in (scene(41, index) for index in range(40)) if one.defect is None][:12]
    return scenes, np.stack([draw(one) for one in scenes])


@pytest.mark.parametrize("defect", SETTLING)
def test_a_defect_is_seen_in_every_picture_that_has_it_at_both_sizes(clean, defect):
    scenes, _ = clean
    pictures = np.stack([draw(replace(one, defect=defect, quality=False)) for one in scenes[:6]])
    assert look.TESTS[defect](pictures).all()
    assert look.TESTS[defect](reduced(pictures)).all()


@pytest.mark.parametrize("defect", SETTLING)
def test_no_defect_is_seen_in_pictures_without_one(clean, defect):
    _, pictures = clean
    assert not look.TESTS[defect](pictures).any()
    assert not look.TESTS[defect](reduced(pictures)).any()


def test_lessons_that_are_spoilt_a_little_are_not_taken_for_defects(clean):
    rng = np.random.default_rng(3)
    pictures = np.stack([spoilt(one, rng) for one in np.tile(reduced(clean[1]), (3, 1, 1, 1))])
    for defect in SETTLING:
        assert not look.TESTS[defect](pictures).any(), defect


def test_pixel_art_lies_on_a_lattice_and_nothing_else_does(clean):
    scenes, _ = clean
    art = np.stack([draw(replace(one, medium="pixel art")) for one in scenes[:6]])
    other = np.stack([draw(replace(one, medium="flat vector")) for one in scenes[:6]])
    for size in (lambda x: x, reduced):
        assert look.TESTS["pixel art"](size(art)).all()
        assert not look.TESTS["pixel art"](size(other)).any()


def test_a_sketch_has_no_colour_and_an_old_sheet_does_not_count_as_one(clean):
    sketches = [replace(one, medium="pencil sketch", grade="none") for one in clean[0][:4]]
    plain = np.stack([draw(replace(one, palette="natural"), 128) for one in sketches])
    yellowed = np.stack([draw(replace(one, palette="vintage"), 128) for one in sketches])
    assert (look.saturation(plain) == 0).all()
    assert look.TESTS["pencil sketch"](yellowed).all()


def test_night_is_darker_than_day_and_the_golden_hour_is_warmer():
    car = Scene((Subject("sports car", "blue"),), "beach", "realistic", "daylight", layout=3)
    day, night, gold = (draw(replace(car, lighting=light), 128)[None] for light in ("daylight", "night", "golden hour"))
    assert look.luminance(night) < 0.6 * look.luminance(day)
    assert look.TESTS["dark"](night).all() and not look.TESTS["dark"](day).any()
    assert look.warmth(gold) > 1.5 * look.warmth(day)


def test_the_cyberpunk_palette_is_magenta_and_cyan():
    house = Scene((Subject("house", "white"),), "city street", "flat vector", "daylight", layout=5)
    plain, neon = (draw(replace(house, palette=palette), 128)[None] for palette in ("natural", "cyberpunk"))
    assert look.TESTS["cyberpunk"](neon).all()
    assert not look.TESTS["cyberpunk"](plain).any()


@pytest.mark.parametrize("colour", list(COLOURS))
def test_the_colour_of_a_plain_thing_is_the_nearest_of_the_ten(colour):
    for noun in ("cube", "sphere", "heart"):
        shown = render(Scene((Subject(noun, colour),), "meadow", "flat vector", "daylight", layout=8), 128)
        box = shown.boxes[0]
        middle = ((box.x0 + box.x1) / 256, (box.y0 + box.y1) / 256)
        found = look.nearest_colour(shown.pixels, (*middle, (box.x1 - box.x0) / 128, (box.y1 - box.y0) / 128))
        assert found == colour, noun


def test_lab_of_white_and_of_red_are_what_colour_science_says():
    np.testing.assert_allclose(look.lab(np.array([255, 255, 255])), [100, 0, 0], atol=0.05)
    np.testing.assert_allclose(look.lab(np.array([255, 0, 0])), [53.2, 80.1, 67.2], atol=0.2)


def test_a_plain_sheet_has_one_colour_and_noise_has_many():
    sheet = np.full((1, 128, 128, 3), 90, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, sheet.shape, dtype=np.uint8)
    assert look.distinct_colours(sheet) == 1
    assert look.distinct_colours(noise) > 5_000
    assert look.lattice(noise, 6) == pytest.approx(1 / 3, abs=0.03)
