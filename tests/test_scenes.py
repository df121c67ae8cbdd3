"""Pictures of scenes: the same every time, true to what they say they show, and never without a subject."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from safelight.scenes import words
from safelight.scenes.canvas import COLOURED, SUBJECT
from safelight.scenes.defects import DEFECTS
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.files import write_scenes
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.light import LIGHTS
from safelight.scenes.media import MEDIA
from safelight.scenes.render import COLOURS, render
from safelight.scenes.sheet import grid
from safelight.scenes.subjects import SUBJECTS

PLAIN = Scene("sphere", "red", "studio", "flat vector", "daylight", layout=5)


def inner(rendered, what):
    """Pixels of an id, without the ones beside other ids, which are mixed with them."""
    mask = rendered.ids == what
    for axis, step in itertools.product((0, 1), (1, -1)):
        mask = mask & (np.roll(rendered.ids, step, axis) == what)
    return rendered.pixels[mask].astype(float)


def test_every_word_has_a_painter_and_every_painter_a_word():
    assert set(SUBJECTS) == set(words.NOUNS)
    assert set(ENVIRONMENTS) == set(words.ENVIRONMENTS)
    assert set(MEDIA) == set(words.MEDIA)
    assert set(LIGHTS) == set(words.LIGHTINGS)
    assert set(DEFECTS) == set(words.DEFECTS)
    assert set(COLOURS) == set(words.COLOURS)


@pytest.mark.parametrize("index", range(6))
def test_a_scene_is_drawn_the_same_twice(index):
    one, two = render(scene(3, index), 96), render(scene(3, index), 96)
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.ids, two.ids)
    assert one.boxes == two.boxes


def test_layout_alone_moves_the_subject():
    left, right = (render(replace(PLAIN, layout=layout), 64) for layout in (1, 2))
    assert left.boxes != right.boxes


@pytest.mark.parametrize("noun", words.NOUNS)
def test_every_noun_works_with_every_environment_medium_and_lighting(noun):
    combinations = itertools.product(words.ENVIRONMENTS, words.MEDIA, words.LIGHTINGS)
    details, defects = tuple(words.DETAILS), (None, *words.DEFECTS)
    for k, (environment, medium, lighting) in enumerate(combinations):
        shown = Scene(
            noun, words.COLOURS[k % 10], environment, medium, lighting, details[k % 3], defects[k % 5], layout=k
        )
        rendered = render(shown, 64)
        assert rendered.pixels.shape == (64, 64, 3)
        assert rendered.pixels.dtype == np.uint8
        assert rendered.pixels.std() > 4
        assert len(rendered.boxes) == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [128, 256])
@pytest.mark.parametrize("noun", words.NOUNS)
def test_every_combination_works_at_the_sizes_of_training(noun, size):
    for k, combination in enumerate(itertools.product(words.ENVIRONMENTS, words.MEDIA, words.LIGHTINGS)):
        rendered = render(Scene(noun, words.COLOURS[k % 10], *combination, layout=k), size)
        assert rendered.pixels.shape == (size, size, 3)
        assert len(rendered.boxes) == 1


@pytest.mark.parametrize("size", [33, 128, 200, 256])
def test_other_sizes_show_the_same_scene(size):
    for index in range(3):
        small, large = render(scene(1, index), 64), render(scene(1, index), size)
        assert large.pixels.shape == (size, size, 3)
        assert large.ids.shape == (size, size)
        first, second = small.boxes[0], large.boxes[0]
        for side in ("x0", "y0", "x1", "y1"):
            assert getattr(second, side) / size == pytest.approx(getattr(first, side) / 64, abs=0.05)


@pytest.mark.parametrize("noun", words.NOUNS)
def test_boxes_hold_exactly_the_subject(noun):
    rendered = render(replace(PLAIN, noun=noun), 128)
    (box,) = rendered.boxes
    subject = rendered.ids >= SUBJECT
    inside = np.zeros_like(subject)
    inside[box.y0 : box.y1, box.x0 : box.x1] = True
    assert box.noun == noun
    assert not (subject & ~inside).any()
    for edge in (subject[box.y0], subject[box.y1 - 1], subject[:, box.x0], subject[:, box.x1 - 1]):
        assert edge.any()


@pytest.mark.parametrize("noun", words.NOUNS)
def test_a_subject_fills_the_middle_and_much_of_it_is_coloured(noun):
    for layout in range(4):
        ids = render(replace(PLAIN, noun=noun, layout=layout), 64).ids
        subject, coloured = (ids >= SUBJECT).mean(), (ids == COLOURED).mean()
        assert 0.08 < subject < 0.75
        assert coloured > 0.05
        assert coloured / subject > 0.25
        x = np.flatnonzero((ids >= SUBJECT).any(0))
        assert 0.3 < x.mean() / 64 < 0.7


def nearest_colour(rendered):
    """The colour whose paint is nearest to what the coloured part looks like, by its median."""
    seen = np.median(inner(rendered, COLOURED), axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(np.array(COLOURS[name]) - seen).sum()))


@pytest.mark.parametrize("colour", words.COLOURS)
@pytest.mark.parametrize("noun", words.NOUNS)
def test_the_coloured_part_has_the_colour_that_the_scene_says(noun, colour):
    shown = replace(PLAIN, noun=noun, colour=colour, environment="beach")
    assert nearest_colour(render(shown, 64)) == colour


@pytest.mark.parametrize("lighting", words.LIGHTINGS)
def test_colours_stay_apart_in_every_lighting(lighting):
    seen = {}
    for colour in words.COLOURS:
        shown = replace(PLAIN, noun="cube", colour=colour, lighting=lighting)
        seen[colour] = np.median(inner(render(shown, 64), COLOURED), axis=0)
    for one, two in itertools.combinations(words.COLOURS, 2):
        assert np.abs(seen[one] - seen[two]).sum() > 40, (one, two)


def test_night_is_darker_than_day_and_fog_is_greyer():
    def look(lighting):
        pixels = render(Scene("cube", "red", "mountain road", "flat vector", lighting, layout=2), 64).pixels / 255
        return pixels.mean(), (pixels.max(-1) - pixels.min(-1)).mean()

    (day, day_colour), (night, _), (_, fog_colour) = look("daylight"), look("night"), look("fog")
    assert night < 0.6 * day
    assert fog_colour < 0.75 * day_colour


def test_windows_glow_at_night_only():
    house = Scene("house", "blue", "forest", "realistic", "night", layout=3)
    night, day = (render(replace(house, lighting=light), 128) for light in ("night", "daylight"))
    gap = day.pixels.astype(int) - night.pixels
    warm = (night.pixels[..., 0] > 220) & (night.pixels[..., 1] > 170) & (night.pixels[..., 2] < 200)
    assert gap.mean() > 30
    assert (warm & (night.ids == SUBJECT)).sum() > 50


def test_pixel_art_is_made_of_square_cells():
    pixels = render(replace(PLAIN, medium="pixel art"), 252).pixels
    cells = pixels.reshape(42, 6, 42, 6, 3)
    assert (cells == cells[:, :1, :, :1]).all()


def test_watercolor_leaves_the_border_of_the_paper_white():
    pixels = render(replace(PLAIN, medium="watercolor", environment="forest"), 128).pixels
    border = np.concatenate([pixels[:2].reshape(-1, 3), pixels[:, :2].reshape(-1, 3)])
    assert border.min() > 225


@pytest.mark.parametrize("defect", words.DEFECTS)
def test_a_defect_changes_the_picture_and_not_the_truth(defect):
    shown = Scene("castle", "red", "city street", "realistic", "daylight", layout=4)
    clean, spoiled = render(shown, 128), render(replace(shown, defect=defect), 128)
    assert np.array_equal(clean.ids, spoiled.ids)
    assert np.abs(clean.pixels.astype(int) - spoiled.pixels).mean() > 4


def test_blurry_has_less_fine_detail_and_grainy_more():
    def detail(defect):
        pixels = render(
            Scene("cat", "orange", "forest", "flat vector", "daylight", defect=defect, layout=4), 128
        ).pixels
        return np.abs(np.diff(pixels.astype(int), axis=1)).mean()

    assert detail("blurry") < 0.6 * detail(None)
    assert detail("grainy") > 1.5 * detail(None)


def test_the_truth_of_a_picture_is_json():
    rendered = render(scene(0, 3), 64)
    truth = json.loads(rendered.to_json())
    assert Scene.from_json(json.dumps(truth["scene"])) == scene(0, 3)
    assert truth["boxes"] == [vars(box) for box in rendered.boxes]


def test_scenes_are_written_as_picture_truth_and_caption(tmp_path):
    written = list(write_scenes(tmp_path / "deep" / "folder", seed=2, count=2, size=64))
    assert len(written) == 2
    for index, (path, text) in enumerate(written):
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture), render(scene(2, index), 64).pixels)
        assert path.with_suffix(".txt").read_text() == f"{text}\n"
        assert Scene.from_json(json.dumps(json.loads(path.with_suffix(".json").read_text())["scene"])) == scene(
            2, index
        )
    assert not list(tmp_path.rglob("*.part"))


def test_a_grid_lays_rows_out_with_gaps():
    page = grid([[PLAIN, PLAIN], [PLAIN]], size=32, gap=4)
    assert page.size == (76, 76)
    assert page.getpixel((1, 1)) == (255, 255, 255)
    assert page.crop((40, 4, 72, 36)).tobytes() == page.crop((4, 4, 36, 36)).tobytes()
