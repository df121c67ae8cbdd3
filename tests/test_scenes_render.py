"""Pictures of scenes: the same every time, and true to what they say they show."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from safelight.scenes import words
from safelight.scenes.canvas import COLOURED, SUBJECT, Canvas, Pen, Ruler
from safelight.scenes.defects import DEFECTS
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.extras import EXTRAS
from safelight.scenes.files import write_scenes
from safelight.scenes.grades import GRADES
from safelight.scenes.grammar import MOUNTS, RIDERS, Scene, Subject, scene
from safelight.scenes.light import LIGHTS
from safelight.scenes.media import MEDIA
from safelight.scenes.palettes import PALETTES
from safelight.scenes.render import COLOURS, paint, render
from safelight.scenes.shapes import box as rectangle
from safelight.scenes.sheet import grid, sheet
from safelight.scenes.subjects import SUBJECTS
from safelight.scenes.weather import WEATHERS

PLAIN = Scene((Subject("sphere", "red"),), "studio", "flat vector", "daylight", layout=5)


def showing(noun, colour="red", **changes):
    return replace(PLAIN, subjects=(Subject(noun, colour),), **changes)


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
    assert set(EXTRAS) == set(words.EXTRAS)
    assert set(WEATHERS) >= set(words.WEATHERS) - {"none"}
    assert set(PALETTES) >= set(words.PALETTES) - {"natural"}
    assert set(GRADES) >= set(words.GRADES) - {"none"}


def test_whoever_may_ride_has_a_seated_painter_and_whatever_is_ridden_a_seat():
    assert all(SUBJECTS[person].rider is not None for person in RIDERS)
    assert all(SUBJECTS[mount].seat is not None for mount in MOUNTS)


def test_people_and_animals_can_be_given_surplus_limbs():
    for noun in words.NOUNS:
        alive = words.FAMILY[noun] in ("people", "animals")
        assert (SUBJECTS[noun].limbs is not None) == alive, noun


@pytest.mark.parametrize("index", range(12))
def test_a_scene_is_drawn_the_same_twice(index):
    one, two = render(scene(3, index), 96), render(scene(3, index), 96)
    assert one.pixels.tobytes() == two.pixels.tobytes()
    assert np.array_equal(one.ids, two.ids)
    assert one.boxes == two.boxes


@pytest.mark.parametrize("noun", words.NOUNS)
def test_every_noun_works_at_every_size_and_with_everything_around_it(noun):
    environments, media, lights = tuple(words.ENVIRONMENTS), tuple(words.MEDIA), tuple(words.LIGHTINGS)
    sizes, defects = (64, 72, 100, 128, 160, 200, 256), (None, *words.DEFECTS)
    for k in range(14):
        shown = showing(
            noun,
            words.COLOURS[k % 10],
            environment=environments[k % 11],
            medium=media[k % 7],
            lighting=lights[(k + k // 7) % 7],
            palette=tuple(words.PALETTES)[k % 3],
            grade=tuple(words.GRADES)[k % 2],
            weather=tuple(words.WEATHERS)[k % 3],
            detail=tuple(words.DETAILS)[k % 3],
            defect=defects[k % 8],
            layout=k,
        )
        size = sizes[k % 7]
        rendered = render(shown, size)
        assert rendered.pixels.shape == (size, size, 3)
        assert rendered.pixels.dtype == np.uint8
        assert rendered.pixels.std() > 4
        assert len(rendered.boxes) == 1
        assert rendered.boxes[0].visible == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("noun", words.NOUNS)
def test_every_noun_stands_before_everything_at_the_sizes_of_training(noun):
    combinations = list(itertools.product(words.ENVIRONMENTS, words.MEDIA, words.LIGHTINGS))
    first = tuple(words.NOUNS).index(noun) % 14
    for k, (environment, medium, lighting) in enumerate(combinations[first::14]):
        shown = showing(noun, words.COLOURS[k % 10], environment=environment, medium=medium, lighting=lighting)
        assert len(render(replace(shown, layout=k), (128, 256)[k % 2]).boxes) == 1


@pytest.mark.parametrize("size", [33, 128, 200, 256])
def test_other_sizes_show_the_same_scene(size):
    for index in range(6):
        small, large = render(scene(1, index), 64), render(scene(1, index), size)
        assert large.ids.shape == (size, size)
        for first, second in zip(small.boxes, large.boxes, strict=True):
            for side in ("x0", "y0", "x1", "y1"):
                assert getattr(second, side) / size == pytest.approx(getattr(first, side) / 64, abs=0.05)


def test_masks_match_the_ids_and_fill_their_boxes():
    for index in range(40):
        rendered = render(scene(5, index), 96)
        masks = rendered.masks()
        assert masks.dtype == bool
        assert masks.shape == (sum(s.count for s in rendered.scene.subjects), 96, 96)
        assert np.array_equal(masks.sum(0), rendered.ids >= SUBJECT)
        for k, (mask, box) in enumerate(zip(masks, rendered.boxes, strict=True)):
            assert set(np.unique(rendered.ids[mask])) <= {SUBJECT + 10 * k, COLOURED + 10 * k}
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            assert (box.x0, box.y0) == (columns[0], rows[0])
            assert (box.x1, box.y1) == (columns[-1] + 1, rows[-1] + 1)
            assert (box.noun, box.colour) == (
                rendered.scene.subjects[box.subject].noun,
                rendered.scene.subjects[box.subject].colour,
            )


@pytest.mark.parametrize("noun", words.NOUNS)
def test_much_of_a_thing_is_coloured(noun):
    for layout in range(4):
        ids = render(showing(noun, layout=layout), 64).ids
        subject, coloured = (ids >= SUBJECT).mean(), (ids == COLOURED).mean()
        assert coloured > 0.03
        assert coloured / subject > 0.25


def nearest_colour(rendered):
    """The colour whose paint is nearest to what the coloured part looks like, by its median."""
    seen = np.median(inner(rendered, COLOURED), axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(np.array(COLOURS[name]) - seen).sum()))


@pytest.mark.parametrize("colour", words.COLOURS)
@pytest.mark.parametrize("noun", words.NOUNS)
def test_the_coloured_part_has_the_colour_that_the_scene_says(noun, colour):
    assert nearest_colour(render(showing(noun, colour, environment="beach"), 96)) == colour


@pytest.mark.parametrize("lighting", words.LIGHTINGS)
def test_colours_stay_apart_in_every_lighting(lighting):
    seen = {}
    for colour in words.COLOURS:
        shown = showing("cube", colour, lighting=lighting)
        seen[colour] = np.median(inner(render(shown, 64), COLOURED), axis=0)
    for one, two in itertools.combinations(words.COLOURS, 2):
        assert np.abs(seen[one] - seen[two]).sum() > 40, (one, two)


def test_night_is_darker_than_day_and_fog_is_greyer():
    def look(lighting):
        pixels = render(showing("cube", environment="mountain road", lighting=lighting, layout=2), 64).pixels / 255
        return pixels.mean(), (pixels.max(-1) - pixels.min(-1)).mean()

    (day, day_colour), (night, _), (_, fog_colour) = look("daylight"), look("night"), look("fog")
    assert night < 0.6 * day
    assert fog_colour < 0.75 * day_colour


def test_windows_glow_at_night_only():
    house = showing("house", "blue", environment="forest", medium="realistic", lighting="night", layout=3)
    night, day = (render(replace(house, lighting=light), 128) for light in ("night", "daylight"))
    gap = day.pixels.astype(int) - night.pixels
    warm = (night.pixels[..., 0] > 220) & (night.pixels[..., 1] > 170) & (night.pixels[..., 2] < 200)
    assert gap.mean() > 30
    assert (warm & (night.ids == SUBJECT)).sum() > 50


@pytest.mark.parametrize("defect", [defect for defect in words.DEFECTS if defect != "extra limbs"])
def test_a_defect_changes_the_picture_and_not_the_truth(defect):
    shown = showing("castle", environment="city street", medium="realistic", layout=4)
    clean, spoiled = render(shown, 128), render(replace(shown, defect=defect), 128)
    assert np.array_equal(clean.ids, spoiled.ids)
    assert np.abs(clean.pixels.astype(int) - spoiled.pixels).mean() > 4


@pytest.mark.parametrize("noun", [noun for noun in words.NOUNS if words.FAMILY[noun] in ("people", "animals")])
def test_extra_limbs_are_added_to_the_subject_and_stay_in_the_picture(noun):
    canvas, painter = Canvas(128), SUBJECTS[noun]
    pen = Pen(canvas, 128, 200, 1.0, COLOURS["red"])
    painter.paint(pen, 1)
    whole = canvas.count(0)
    painter.limbs(pen, 1)
    assert canvas.count(0) > 1.01 * whole
    for layout in range(4):
        spoiled = render(showing(noun, defect="extra limbs", layout=layout), 64)
        assert not np.array_equal(spoiled.pixels, render(showing(noun, layout=layout), 64).pixels)
        assert spoiled.ids[0].max() < SUBJECT
        assert painter.ground is not None or spoiled.ids[:, [0, -1]].max() < SUBJECT


def test_shiny_things_carry_highlights_and_matte_ones_even_tones():
    for noun in ("sphere", "cube", "mug"):
        matte, plain, shiny = (
            inner(render(replace(PLAIN, subjects=(Subject(noun, "red", material=finish),)), 128), COLOURED)
            for finish in ("matte", None, "shiny")
        )
        assert np.percentile(shiny.min(1), 99) > np.percentile(plain.min(1), 99) + 40
        assert matte.std(0).mean() < plain.std(0).mean() < shiny.std(0).mean()


def test_a_thing_painted_over_another_leaves_less_of_it():
    canvas = Canvas(64)
    first, second = (Pen(canvas, 128, 128, 1.0, (200, 0, 0), who=who) for who in (0, 1))
    first.main(rectangle(-40, -40, 40, 40))
    whole = canvas.count(0)
    second.trim(rectangle(0, -50, 50, 50), (0, 0, 200))
    assert canvas.count(0) == pytest.approx(whole / 2, rel=0.03)
    assert canvas.count(7) == 0


def test_a_ruler_measures_what_is_drawn_on_it():
    ruler = Ruler()
    pen = Pen(ruler, 10, 20, 2.0, (0, 0, 0), flip=True)
    pen.main(rectangle(-5, -30, 10, 0))
    pen.trim(rectangle(0, -1, 1, 4), (0, 0, 0))
    assert ruler.reach() == (-10, -40, 20, 28)


def test_every_thing_has_a_spot_and_only_what_stands_on_the_ground_a_shadow():
    stacked = replace(PLAIN, subjects=(Subject("cube", "red"), Subject("sphere", "blue")), relation="above")
    below, above = paint(stacked, 64).spots
    assert below.width > 0
    assert above.width == 0
    assert paint(replace(PLAIN, subjects=()), 64).spots == ()


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
        truth = json.loads(path.with_suffix(".json").read_text())
        assert Scene.from_json(json.dumps(truth["scene"])) == scene(2, index)
    assert not list(tmp_path.rglob("*.part"))


def test_a_grid_lays_rows_out_with_gaps():
    page = grid([[PLAIN, PLAIN], [PLAIN]], size=32, gap=4)
    assert page.size == (76, 76)
    assert page.getpixel((1, 1)) == (255, 255, 255)
    assert page.crop((40, 4, 72, 36)).tobytes() == page.crop((4, 4, 36, 36)).tobytes()


def test_a_sheet_has_one_row_per_noun():
    page = sheet(size=32, nouns=["horse", "mug"])
    assert page.height == 2 * 36 + 4
    assert page.width > 30 * 36
