"""What buildings, objects and solids promise: they fit their square, show their colour, and gain from detail."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from safelight.scenes.canvas import COLOURED, RGB, SUBJECT, Canvas, Frame, Pen
from safelight.scenes.subjects import buildings, objects, shapes_solid
from safelight.scenes.subjects.buildings import castle, house, lighthouse, tower
from safelight.scenes.subjects.objects import apple, chair, lamp, mug, umbrella, vase
from safelight.scenes.subjects.shapes_solid import cube, cylinder, heart, pyramid, sphere, star_shape

Paint = Callable[[Pen, int], None]

PAINTERS: dict[str, tuple[Paint, float]] = {
    "house": (house, buildings.house_top),
    "castle": (castle, buildings.castle_top),
    "lighthouse": (lighthouse, buildings.lighthouse_top),
    "tower": (tower, buildings.tower_top),
    "mug": (mug, objects.mug_top),
    "vase": (vase, objects.vase_top),
    "chair": (chair, objects.chair_top),
    "lamp": (lamp, objects.lamp_top),
    "apple": (apple, objects.apple_top),
    "umbrella": (umbrella, objects.umbrella_top),
    "cube": (cube, shapes_solid.cube_top),
    "sphere": (sphere, shapes_solid.sphere_top),
    "pyramid": (pyramid, shapes_solid.pyramid_top),
    "cylinder": (cylinder, shapes_solid.cylinder_top),
    "heart": (heart, shapes_solid.heart_top),
    "star": (star_shape, shapes_solid.star_top),
}
RED, BLACK, WHITE = (218, 44, 46), (44, 44, 52), (240, 240, 238)
SIZE = 256  # one unit is one pixel, the thing stands at (128, 200)


def drawn(noun: str, paint: RGB = RED, detail: int = 1, flip: bool = False, gloss: int = 0) -> Frame:
    canvas = Canvas(SIZE)
    PAINTERS[noun][0](Pen(canvas, 128, 200, 1.0, paint, flip, gloss=gloss), detail)
    return canvas.develop()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", PAINTERS)
def test_a_thing_fits_its_square_and_its_colour_covers_two_fifths_of_it(noun: str, detail: int, flip: bool) -> None:
    ids = drawn(noun, detail=detail, flip=flip).ids
    rows, columns = np.nonzero(ids >= SUBJECT)
    assert 50 <= np.ptp(columns) <= 124 and 80 <= np.ptp(rows) <= 116
    assert columns.min() >= 128 - 63 and columns.max() <= 128 + 63
    assert 192 <= rows.max() <= 204
    assert (ids == COLOURED).sum() >= 0.4 * len(rows)


@pytest.mark.parametrize("paint", [RED, BLACK, WHITE])
@pytest.mark.parametrize("noun", PAINTERS)
def test_every_level_of_detail_shows_more_than_the_one_below(noun: str, paint: RGB) -> None:
    frames = [drawn(noun, paint, detail) for detail in (0, 1, 2)]
    for plain, rich in pairwise(frames):
        changed = (np.abs(plain.albedo - rich.albedo).max(0) > 12) | (np.abs(plain.shade - rich.shade) > 0.1)
        assert changed.sum() > 60


@pytest.mark.parametrize("paint", [BLACK, WHITE])
@pytest.mark.parametrize("noun", PAINTERS)
def test_form_shows_in_black_and_in_white_even_in_the_plainest_picture(noun: str, paint: RGB) -> None:
    frame = drawn(noun, paint, detail=0)
    own = frame.ids >= SUBJECT
    bright = np.clip(frame.albedo.mean(0) * frame.shade, 0, 255)[own]
    assert np.percentile(bright, 98) - np.percentile(bright, 2) > 24


@pytest.mark.parametrize("noun", PAINTERS)
def test_what_is_put_on_top_rests_on_the_thing(noun: str) -> None:
    own = drawn(noun).ids >= SUBJECT
    top = 200 - round(PAINTERS[noun][1])
    assert own[top : top + 6, 118:138].any()


def test_an_apple_a_heart_and_a_ball_of_one_colour_have_different_outlines() -> None:
    masks = [drawn(noun, detail=0).ids >= SUBJECT for noun in ("apple", "heart", "sphere")]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert (masks[a] & masks[b]).sum() / (masks[a] | masks[b]).sum() < 0.86


@pytest.mark.parametrize("paint", [(218, 44, 46), (252, 210, 48), (240, 240, 238), (130, 62, 184), (248, 134, 184)])
def test_no_flower_has_the_colour_of_the_vase(paint: RGB) -> None:
    frame = drawn("vase", paint, detail=2)
    flowers = (frame.ids == SUBJECT) & (np.arange(SIZE)[:, None] < 200 - 70)
    distance = np.linalg.norm(frame.albedo - np.array(paint, np.float32)[:, None, None], axis=0)
    assert distance[flowers].mean() > 60 and np.mean(distance[flowers] < 40) < 0.05


def test_only_the_lit_lamp_shade_and_windows_glow() -> None:
    assert drawn("lamp").glow.max() > 180
    assert drawn("tower").glow.max() > 180
    assert drawn("apple").glow.max() == 0


@pytest.mark.parametrize("noun", ["mug", "vase", "apple", "sphere", "heart"])
def test_a_glazed_or_polished_thing_shows_a_reflection_unless_it_is_matte(noun: str) -> None:
    def white(gloss: int) -> int:
        frame = drawn(noun, gloss=gloss)
        return int(((frame.albedo.min(0) > 250) & (frame.ids == SUBJECT)).sum())

    assert white(0) >= white(-1) + 15
