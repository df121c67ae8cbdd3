"""Facts about light, media, palettes, grades and defects, read off the pixels."""

from dataclasses import replace
from itertools import combinations
from random import Random

import numpy as np
import pytest

from safelight.scenes.arrays import blur, grid, luminance, noise, picture, planes, saturate, shifted
from safelight.scenes.canvas import Frame
from safelight.scenes.defects import DEFECTS
from safelight.scenes.grades import GRADES
from safelight.scenes.grammar import Scene, Subject
from safelight.scenes.light import LIGHTS, Look, Spot, illuminate
from safelight.scenes.media import MEDIA
from safelight.scenes.palettes import PALETTES
from safelight.scenes.render import COLOURS, paint, render

SIZE = 128
CAR = Scene((Subject("sports car", "red"),), "mountain road", "flat vector", "daylight", layout=4)
MUG = Scene((Subject("mug", "green"),), "studio", "flat vector", "daylight", layout=3)


def drawn(scene: Scene, size: int = SIZE) -> np.ndarray:
    """The picture, (3, S, S) float32."""
    return render(scene, size).pixels.transpose(2, 0, 1).astype(np.float32)


def saturation(image: np.ndarray) -> float:
    return float((image.max(0) - image.min(0)).mean())


def roughness(image: np.ndarray) -> float:
    """The variance of the Laplacian of brightness: how sharp a picture is."""
    tone = luminance(image)
    edges = 4 * tone[1:-1, 1:-1] - tone[2:, 1:-1] - tone[:-2, 1:-1] - tone[1:-1, 2:] - tone[1:-1, :-2]
    return float(edges.var())


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of sRGB values 0..255, last axis three."""
    c = np.asarray(rgb, np.float64) / 255
    c = np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    xyz = c @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    xyz /= [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def named(rgb: np.ndarray) -> str:
    """The nearest of the ten colours; brightness counts half, since light changes it most."""
    return min(COLOURS, key=lambda name: float(np.linalg.norm((lab(rgb) - lab(COLOURS[name])) * [0.5, 1, 1])))


def lit(lighting: str, look: Look | None = None) -> np.ndarray:
    painting = paint(CAR, SIZE)
    return illuminate(painting.frame, LIGHTS[lighting], look or Look(), painting.spots, Random(1))


@pytest.fixture(scope="module")
def frame() -> Frame:
    return paint(CAR, SIZE).frame


# light


def test_there_are_seven_lightings():
    assert set(LIGHTS) == {"daylight", "golden hour", "night", "neon", "fog", "studio", "dramatic"}


def test_night_neon_and_dramatic_light_are_darker_than_day():
    day = lit("daylight").mean()
    assert all(lit(dark).mean() < 0.62 * day for dark in ("night", "neon", "dramatic"))


def test_golden_hour_is_redder_than_day_and_night_bluer():
    warmth = {name: float((lit(name)[0] / (lit(name)[2] + 1)).mean()) for name in ("daylight", "golden hour", "night")}
    assert warmth["golden hour"] > 1.3 * warmth["daylight"] and warmth["night"] < warmth["golden hour"] / 2


def test_neon_light_is_magenta_on_the_left_and_cyan_on_the_right():
    painting = paint(MUG, SIZE)
    image = illuminate(painting.frame, LIGHTS["neon"], Look(), painting.spots, Random(1))
    left, right = image[:, 40:110, :24].mean((1, 2)), image[:, 40:110, -24:].mean((1, 2))
    assert left[0] > 2 * left[1] and right[1] > 1.3 * right[0]


def test_fog_lowers_contrast_and_dramatic_light_darkens_the_corners(frame: Frame):
    day, fog, dramatic = (luminance(lit(name)) for name in ("daylight", "fog", "dramatic"))
    far = (frame.depth > 0.4) & (frame.subject == 0)
    assert fog[far].std() < 0.7 * day[far].std()
    assert dramatic[:16, -16:].mean() < 25 < dramatic[60:100, 44:84].mean()


def test_studio_light_takes_the_colour_out_of_the_surroundings_but_not_of_the_subject(frame: Frame):
    studio, day = lit("studio"), lit("daylight")
    around, inside = frame.subject == 0, frame.coloured == 1
    assert saturation(studio[:, around]) < 0.35 * saturation(day[:, around])
    assert saturation(studio[:, inside]) > 0.9 * saturation(day[:, inside])


def test_any_two_lightings_differ_at_a_glance_in_every_colourful_medium():
    for medium in set(MEDIA) - {"pencil sketch"}:
        means = {}
        for lighting in LIGHTS:
            image = drawn(replace(CAR, medium=medium, lighting=lighting), 64)
            # eight coarse patches of colour: what a glance takes in
            means[lighting] = lab(image.reshape(3, 2, 32, 4, 16).mean((2, 4)).transpose(1, 2, 0))
        for one, other in combinations(LIGHTS, 2):
            assert np.linalg.norm(means[one] - means[other], axis=-1).mean() > 6, (medium, one, other)


def test_a_landscape_has_no_spot_and_several_subjects_cast_several_shadows(frame: Frame):
    none = illuminate(frame, LIGHTS["daylight"], Look(), (), Random(1))
    spots = (Spot(40, 230, 30), Spot(216, 230, 30))
    two = illuminate(frame, LIGHTS["daylight"], Look(), spots, Random(1))
    darker = (none - two).max(0) > 20
    assert darker[:, : SIZE // 2].any() and darker[:, SIZE // 2 :].any() and not (two > none + 1e-3).any()


def test_light_stays_within_bytes_and_leaves_the_frame_alone():
    painting = paint(CAR, 64)
    before = {name: value.copy() for name, value in vars(painting.frame).items()}
    for light in LIGHTS.values():
        image = illuminate(painting.frame, light, Look(bands=5), painting.spots, Random(1))
        assert image.dtype == np.float32 and image.shape == (3, 64, 64)
        assert image.min() >= 0 and image.max() <= 255
    assert all(np.array_equal(before[name], value) for name, value in vars(painting.frame).items())


# media


def test_there_are_seven_media():
    assert set(MEDIA) == {
        "flat vector", "realistic", "watercolor", "oil", "pixel art", "pencil sketch", "low poly",
    }


@pytest.mark.parametrize("lighting", LIGHTS)
def test_a_pencil_sketch_has_no_colour_at_all(lighting: str):
    assert saturation(drawn(replace(CAR, medium="pencil sketch", lighting=lighting))) == 0


def test_pixel_art_has_few_tones_and_square_cells():
    pixels = render(replace(CAR, medium="pixel art"), 256).pixels
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) < 260
    steps = (np.diff(pixels.astype(int), axis=1) != 0).any((0, 2)).nonzero()[0] + 1
    assert set(np.diff(steps)) == {6}


def test_low_poly_is_made_of_even_facets():
    flat = (np.abs(np.diff(drawn(replace(CAR, medium="low poly")), axis=2)).max(0) < 1).mean()
    smooth = (np.abs(np.diff(drawn(replace(CAR, medium="realistic")), axis=2)).max(0) < 1).mean()
    assert flat > 0.6 and flat > 1.5 * smooth


def test_oil_is_rough_where_a_photograph_is_smooth():
    sky = (slice(None), slice(4, 30), slice(4, 50))
    oil, photograph = (drawn(replace(CAR, medium=medium))[sky] for medium in ("oil", "realistic"))
    assert roughness(oil) > 10 * roughness(photograph)


def test_a_watercolor_has_a_rim_of_bare_paper():
    image = drawn(replace(CAR, medium="watercolor", lighting="night"))
    assert image[:, :2].min() > 225 and image[:, 20:-20, 20:-20].mean() < 160


@pytest.mark.parametrize("medium", MEDIA)
def test_every_medium_is_the_same_again_and_works_at_every_size(medium: str):
    scene = replace(CAR, medium=medium, lighting="neon")
    for size in (32, 67, 128):
        pixels = render(scene, size).pixels
        assert pixels.shape == (size, size, 3)
        assert np.array_equal(pixels, render(scene, size).pixels)


# palettes and grades


def test_natural_and_none_change_nothing(frame: Frame):
    image = frame.albedo.copy()
    assert np.array_equal(PALETTES["natural"](image, frame), frame.albedo)
    assert np.array_equal(GRADES["none"](image, frame), frame.albedo)


def test_cyberpunk_is_darker_and_magenta_or_cyan_nearly_everywhere_around(frame: Frame):
    natural = lit("daylight")
    image = PALETTES["cyberpunk"](natural, frame)
    r, g, b = image[:, frame.subject == 0]
    magenta, cyan = (g < r) & (g < b), (r < g) & (r < b)
    assert (magenta | cyan).mean() > 0.97 and magenta.mean() > 0.2 and cyan.mean() > 0.2
    assert luminance(image).mean() < 0.8 * luminance(natural).mean()


def test_vintage_lifts_black_and_fades_colour(frame: Frame):
    image = lit("dramatic")
    old = PALETTES["vintage"](image, frame)
    around = frame.subject == 0
    assert np.percentile(luminance(old), 1) > np.percentile(luminance(image), 1) + 20
    assert old[0, around].mean() > old[2, around].mean() + 10
    day = lit("daylight")
    assert saturation(PALETTES["vintage"](day, frame)[:, around]) < 0.75 * saturation(day[:, around])


def test_cinematic_has_teal_shadows_orange_lights_and_dark_corners():
    frame = paint(replace(CAR, subjects=()), SIZE).frame
    ramp = np.repeat(np.linspace(20, 235, SIZE, dtype=np.float32)[None, None], SIZE, 1).repeat(3, 0)
    graded = GRADES["cinematic"](ramp, frame)
    middle = graded[:, SIZE // 2]
    assert middle[2, 20] > middle[0, 20] + 10 and middle[0, 90] > middle[2, 90] + 10
    assert graded[:, 0, -1].mean() < 0.75 * graded[:, SIZE // 2, -1].mean()


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("grade", GRADES)
def test_ten_colours_keep_their_names_under_every_palette_and_grade(palette: str, grade: str):
    for medium in set(MEDIA) - {"pencil sketch"}:
        for colour in COLOURS:
            subject = (Subject("mug", colour),)
            shown = render(replace(MUG, subjects=subject, medium=medium, palette=palette, grade=grade), 64)
            seen = np.median(shown.pixels[shown.ids == 11], axis=0)
            assert named(seen) == colour, (medium, colour, seen)


def test_palettes_tint_the_paper_of_a_finished_sketch(frame: Frame):
    sheet = MEDIA["pencil sketch"].finish(lit("daylight"), frame, Random(1))
    assert MEDIA["pencil sketch"].grey
    for palette in ("cyberpunk", "vintage"):
        tinted = PALETTES[palette](sheet, frame)
        assert 4 < saturation(tinted) < 60


# defects


def test_there_are_seven_defects_and_surplus_limbs_are_the_painters(frame: Frame):
    assert set(DEFECTS) == {
        "blurry", "low quality", "watermark", "distorted", "extra limbs", "grainy", "overexposed",
    }
    assert np.array_equal(DEFECTS["extra limbs"](frame.albedo, Random(1)), frame.albedo)


@pytest.mark.parametrize("medium", MEDIA)
def test_every_defect_shows_in_every_medium(medium: str):
    sound = drawn(replace(CAR, medium=medium))
    for defect in set(DEFECTS) - {"extra limbs"}:
        broken = drawn(replace(CAR, medium=medium, defect=defect))
        assert np.abs(broken - sound).mean() > 5, defect
    assert roughness(drawn(replace(CAR, medium=medium, defect="blurry"))) < 0.05 * roughness(sound)
    assert roughness(drawn(replace(CAR, medium=medium, defect="grainy"))) > 1.12 * roughness(sound)
    assert drawn(replace(CAR, medium=medium, defect="overexposed")).mean() > sound.mean() + 25


def test_low_quality_has_edges_between_blocks():
    image = luminance(drawn(replace(CAR, medium="realistic", defect="low quality"), 256))
    steps = np.abs(np.diff(image, axis=1)).mean(0)
    at_blocks = steps[15::16].mean()
    inside = np.delete(steps, np.arange(15, 255, 16)).mean()
    sound = np.abs(np.diff(luminance(drawn(replace(CAR, medium="realistic"), 256)), axis=1)).mean(0)
    ordinary = sound[15::16].mean() / np.delete(sound, np.arange(15, 255, 16)).mean()
    assert at_blocks / inside > 2 * ordinary


def test_a_watermark_is_seen_on_white_paper_and_on_black():
    for level in (250, 8):
        blank = np.full((3, SIZE, SIZE), level, np.float32)
        assert np.abs(DEFECTS["watermark"](blank, Random(1)) - blank).mean() > 5


def test_a_distorted_picture_keeps_its_colours_but_not_its_places():
    image = drawn(MUG)
    warped = DEFECTS["distorted"](image, Random(1))
    assert set(map(tuple, warped.reshape(3, -1).T)) <= set(map(tuple, image.reshape(3, -1).T))
    assert (np.abs(warped - image).max(0) > 8).mean() > 0.15


# arrays


def test_pictures_and_planes_are_inverse_and_clip():
    image = np.stack([np.full((8, 8), value, np.float32) for value in (-5.0, 100.4, 300.0)])
    assert [plane.mean() for plane in planes(picture(image))] == [0, 100, 255]


def test_blur_keeps_the_mean_and_lowers_the_variance():
    image = 128 + 40 * noise(Random(1), 128, 40)
    for radius in (1.0, 3.0, 12.0):
        soft = blur(image, radius)
        assert abs(soft.mean() - image.mean()) < 1.5 and soft.std() < image.std()


def test_shifting_by_nothing_and_saturating_by_one_change_nothing():
    image = np.random.default_rng(0).uniform(0, 255, (3, 33, 33)).astype(np.float32)
    still = np.zeros((33, 33), np.float32)
    assert np.array_equal(shifted(image, still, still), image)
    assert np.allclose(saturate(image, 1.0), image, atol=1e-3)
    x, _ = grid(33)
    assert not x.flags.writeable
