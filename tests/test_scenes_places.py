"""Places, what floats about in them, and weather: true to their names, the same every time, kind to the subject."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from safelight.scenes.canvas import SUBJECT, Canvas, Frame
from safelight.scenes.environments import ENVIRONMENTS
from safelight.scenes.extras import EXTRAS
from safelight.scenes.shapes import oval
from safelight.scenes.weather import WEATHERS

SIZE = 96
OUTDOORS = [name for name in ENVIRONMENTS if name != "studio"]


def painted(name: str, detail: int = 1, seed: int = 3, extras: tuple[str, ...] = (), size: int = SIZE) -> Canvas:
    canvas = Canvas(size)
    ENVIRONMENTS[name].paint(canvas, Random(seed), detail)
    for extra in extras:
        EXTRAS[extra](canvas, Random(seed + 1), detail, name)
    return canvas


def with_a_ball(canvas: Canvas, name: str, colour: tuple[int, int, int] = (218, 44, 46)) -> Frame:
    canvas.fill(oval(128, ENVIRONMENTS[name].ground - 45, 45), colour, 128, None, SUBJECT + 1)
    return canvas.develop()


def daylight(frame: Frame) -> np.ndarray:
    """A stand-in for light.py: albedo times shade under a pale blue sky."""
    sky = np.array([150, 200, 240], np.float32)[:, None, None]
    return np.clip(frame.albedo * np.clip(frame.shade, 0, 1.5) * (1 - frame.sky) + sky * frame.sky, 0, 255)


def same(one: Canvas, two: Canvas) -> bool:
    images = [(a.tobytes(), b.tobytes()) for a, b in zip(layers(one), layers(two), strict=True)]
    return all(a == b for a, b in images)


def layers(canvas: Canvas) -> tuple[Image.Image, ...]:
    return canvas.albedo, canvas.shade, canvas.glow, canvas.ids


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_place_is_painted_the_same_twice_and_differs_by_seed(name, detail):
    assert same(painted(name, detail), painted(name, detail))
    assert not all(same(painted(name, detail, 3), painted(name, detail, seed)) for seed in (4, 5, 6))


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_place_has_scenery_only_and_solid_ground_under_the_feet(name, detail):
    for seed in range(4):
        ids = painted(name, detail, seed).develop().ids
        assert ids.max() < SUBJECT
        standing = round(ENVIRONMENTS[name].ground * SIZE / 256)
        assert (ids[standing:] >= 7).mean() > 0.98
        assert (ids[standing - 1 :, SIZE // 4 : -SIZE // 4] >= 7).all()


@pytest.mark.parametrize("name", OUTDOORS)
def test_the_horizon_of_a_place_stays_where_it_is(name):
    def ground_begins(seed: int) -> int:
        rows = (painted(name, 1, seed).develop().ids >= 7).mean(1) > 0.7
        return int(np.argmax(rows))

    begins = [ground_begins(seed) for seed in range(8)]
    assert max(begins) - min(begins) <= 0.06 * SIZE
    assert 0.5 * SIZE < min(begins) < 0.8 * SIZE


@pytest.mark.parametrize("name", [name for name in OUTDOORS if name not in ("mars", "forest")])
def test_the_upper_middle_of_a_place_is_open_sky(name):
    for seed in range(4):
        sky = painted(name, 2, seed).develop().sky
        assert sky[: SIZE // 4, SIZE // 3 : -SIZE // 3].mean() > 0.9


def test_mars_paints_its_own_sky_with_stars_that_shine():
    frame = painted("mars").develop()
    assert not (frame.ids == 0).any()
    assert frame.glow[:, : SIZE // 3].max() > 100
    top, low = (frame.shade[rows].mean() for rows in (slice(0, 6), slice(40, 46)))
    assert top < 0.6 * low


@pytest.mark.parametrize("name", [name for name in OUTDOORS if "city" not in name])
def test_more_detail_means_more_edges(name):
    def edges(detail: int) -> float:
        total = 0.0
        for seed in range(4):
            albedo = painted(name, detail, seed, size=192).develop().albedo
            total += float(np.abs(np.diff(albedo, axis=2)).mean() + np.abs(np.diff(albedo, axis=1)).mean())
        return total

    bare, plain, rich = (edges(detail) for detail in (0, 1, 2))
    assert bare < plain < rich


def test_places_look_different_at_a_glance():
    def glance(name: str) -> np.ndarray:
        frame = painted(name).develop()
        image = daylight(frame).astype(np.uint8).transpose(1, 2, 0)
        return np.asarray(Image.fromarray(image).resize((8, 8), Image.Resampling.BOX)).astype(float)

    glances = {name: glance(name) for name in ENVIRONMENTS}
    for one in ENVIRONMENTS:
        for other in ENVIRONMENTS:
            if one < other:
                assert np.abs(glances[one] - glances[other]).mean() > 11, (one, other)


def test_the_cyberpunk_city_shines_in_magenta_and_cyan():
    for detail in (0, 1, 2):
        r, g, b = painted("cyberpunk city", detail, size=192).develop().glow
        assert ((r > 150) & (g < 120) & (b > 120)).mean() > 0.004
        assert ((r < 120) & (g > 150) & (b > 150)).mean() > 0.004
    assert painted("cyberpunk city").develop().glow.mean() > 2 * painted("city street").develop().glow.mean()


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("name", OUTDOORS)
@pytest.mark.parametrize("extra", EXTRAS)
def test_extras_are_seen_everywhere_and_are_no_subjects(extra, name, detail):
    without = painted(name, detail).develop()
    frame = painted(name, detail, extras=(extra,)).develop()
    changed = np.abs(frame.albedo - without.albedo).max(0) > 24
    assert changed.mean() > (0.0005 if name == "forest" and extra == "clouds" else 0.004)
    assert frame.ids.max() < SUBJECT
    assert same(painted(name, detail, extras=(extra,)), painted(name, detail, extras=(extra,)))


@pytest.mark.parametrize("extra", ["flying vehicles", "neon signs"])
def test_vehicles_and_signs_glow(extra):
    for name in ("city street", "meadow"):
        for seed in range(4):
            without, with_it = painted(name, 1, seed), painted(name, 1, seed, (extra,))
            added = with_it.develop().glow - without.develop().glow
            assert (added > 100).sum() > 8


def test_clouds_are_white_and_stay_behind_all_but_the_sky():
    for name in ("city street", "mountain road", "forest", "mars"):
        without, frame = painted(name, 1).develop(), painted(name, 1, extras=("clouds",)).develop()
        behind = without.ids > (4 if name == "mars" else 1)
        assert np.array_equal(frame.ids[behind], without.ids[behind])
        assert (frame.albedo[:, frame.ids == 2].mean(1) > 200).all() or name == "mountain road"
    assert not (painted("meadow").develop().ids == 2)[: SIZE // 3].any()


def test_dry_weather_leaves_the_picture_alone():
    frame = with_a_ball(painted("beach"), "beach")
    image = daylight(frame)
    assert np.array_equal(WEATHERS["none"](image, frame, Random(1)), image)


@pytest.mark.parametrize("weather", ["rain", "snow"])
@pytest.mark.parametrize("name", OUTDOORS)
def test_weather_changes_the_place_more_than_the_subject(name, weather):
    frame = with_a_ball(painted(name), name)
    image = daylight(frame)
    kept = image.copy()
    wet = WEATHERS[weather](image.copy(), frame, Random(5))
    assert wet.shape == image.shape and wet.dtype == np.float32
    assert wet.min() >= 0 and wet.max() <= 255
    assert np.array_equal(wet, WEATHERS[weather](image.copy(), frame, Random(5)))
    assert not np.array_equal(wet, WEATHERS[weather](image.copy(), frame, Random(6)))
    change = np.abs(wet - kept).mean(0)
    subject = frame.subject > 0.99
    assert change[~subject].mean() > 8
    assert change[subject].mean() < 45
    r, g, b = wet[:, subject].mean(1)
    assert r > 140 and r > g + 60 and r > b + 60  # the ball is still red


def test_hard_wet_ground_mirrors_the_thing_that_stands_on_it():
    name = "city street"
    frame = with_a_ball(painted(name, 0, size=128), name)
    foot = int(np.flatnonzero((frame.ids >= SUBJECT).any(1))[-1]) + 1
    wet, dry = (WEATHERS[kind](daylight(frame), frame, Random(5)) for kind in ("rain", "none"))
    below = (slice(None), slice(foot + 1, foot + 12), slice(58, 70))
    redder = (wet[below][0] - wet[below][1]).mean() - (dry[below][0] - dry[below][1]).mean()
    assert redder > 35
    beside = (wet[:, foot + 1 : foot + 12, 4:16][0] - wet[:, foot + 1 : foot + 12, 4:16][1]).mean()
    assert beside < 25


def test_hard_ground_mirrors_more_than_grass():
    def redness(name: str) -> float:
        frame = with_a_ball(painted(name, 0, size=128), name)
        wet, dry = (WEATHERS[kind](daylight(frame), frame, Random(5)) for kind in ("rain", "none"))
        foot = round(ENVIRONMENTS[name].ground / 2) + 1
        return float(np.diff((wet - dry)[:2, foot : foot + 8, 58:70].mean((1, 2)))[0])

    assert redness("city street") < redness("meadow") < 0


def test_a_thing_in_the_air_leaves_no_reflection_at_its_own_lower_edge():
    canvas = painted("city street", 0, size=128)
    canvas.fill(oval(128, 60, 40), (218, 44, 46), 128, None, SUBJECT + 1)
    frame = canvas.develop()
    wet = WEATHERS["rain"](daylight(frame), frame, Random(5))
    assert (wet[0, 100:, 50:78] - wet[1, 100:, 50:78]).mean() < 12


def test_snow_lies_brighter_on_the_ground_and_takes_the_colour_of_the_light():
    frame = with_a_ball(painted("city street"), "city street")
    ground = (frame.ids == 8) & (frame.subject == 0)
    day = daylight(frame)
    night = day * np.array([0.25, 0.32, 0.6], np.float32)[:, None, None]
    snowed = WEATHERS["snow"](day.copy(), frame, Random(5))
    assert (snowed[:, ground].mean(1) > day[:, ground].mean(1) + 40).all()
    r, _, b = WEATHERS["snow"](night, frame, Random(5))[:, ground].mean(1)
    assert b > 1.35 * r
    assert b < 0.9 * snowed[2, ground].mean()


@pytest.mark.parametrize("size", [32, 64, 130])
def test_places_extras_and_weather_work_at_odd_sizes(size):
    for name in OUTDOORS:
        frame = with_a_ball(painted(name, 2, extras=tuple(EXTRAS), size=size), name)
        for weather in WEATHERS:
            assert WEATHERS[weather](daylight(frame), frame, Random(1)).shape == (3, size, size)


def test_an_empty_landscape_may_have_weather():
    frame = painted("lake shore").develop()
    for weather in ("rain", "snow"):
        assert np.isfinite(WEATHERS[weather](daylight(frame), frame, Random(1))).all()
