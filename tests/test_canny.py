"""Edges are where they are, one pixel wide, and those of OpenCV where it is installed."""

import numpy as np
import pytest
from scipy import ndimage

from safelight.canny import canny, joined, peaks, smoothed


def picture(seed=0, height=61, width=83, sigma=1.5):
    noise = np.random.default_rng(seed).random((height, width, 3)) * 255
    soft = ndimage.gaussian_filter(noise, (sigma, sigma, 0))
    return np.clip((soft - soft.mean()) * 4 * sigma + 128, 0, 255).astype(np.uint8)


def test_the_edge_of_a_square_is_one_line_around_it():
    pixels = np.zeros((40, 50, 3), np.uint8)
    pixels[10:30, 15:35] = 255
    edges = canny(pixels)
    assert edges.shape == (40, 50) and edges.dtype == np.uint8 and set(np.unique(edges)) == {0, 255}
    assert (edges[20] > 0).sum() == 2 and (edges[:, 25] > 0).sum() == 2
    assert not edges[12:28, 17:33].any() and not edges[:8].any() and not edges[32:].any()


def test_a_plain_picture_has_no_edges_and_one_colour_suffices_for_one():
    assert not canny(np.full((20, 20, 3), 77, np.uint8)).any()
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[:, 10:, 2] = 255
    assert canny(pixels).any(axis=1).all()


def test_faint_edges_stay_only_where_they_join_strong_ones():
    pixels = np.zeros((40, 40), np.uint8)
    pixels[:20, 20:] = 120  # the strong half of an edge, 480 in all
    pixels[20:, 20:] = 40  # its faint half, 160
    lonely = np.tile(pixels[30], (40, 1))
    assert canny(pixels, 100, 200)[30].any()
    assert not canny(lonely, 100, 200)[30].any() and canny(lonely, 100, 150)[30].any()


def test_joining_is_that_of_connected_components():
    rng = np.random.default_rng(1)
    possible = rng.random((50, 70)) < 0.4
    sure = possible & (rng.random((50, 70)) < 0.03)
    labels, _ = ndimage.label(possible, np.ones((3, 3)))
    assert np.array_equal(joined(possible, sure), np.isin(labels, np.unique(labels[sure])) & possible)


def test_peaks_are_those_found_pixel_by_pixel():
    rng = np.random.default_rng(2)
    dx, dy = rng.integers(-40, 41, (2, 25, 31)).astype(np.int32)
    size = np.abs(dx) + np.abs(dy)
    found, padded = peaks(dx, dy, size), np.pad(size, 1)
    for i, j in np.ndindex(size.shape):
        angle = np.degrees(np.arctan2(abs(dy[i, j]), abs(dx[i, j])))
        side = 1 if (dx[i, j] < 0) == (dy[i, j] < 0) else -1
        r, c = (0, 1) if angle < 22.5 else (1, 0) if angle > 67.5 else (1, side)
        before, after = padded[i + 1 - r, j + 1 - c], padded[i + 1 + r, j + 1 + c]
        last = size[i, j] > after if r and c else size[i, j] >= after
        assert found[i, j] == (size[i, j] > before and last), (i, j)


def test_the_blur_is_a_gaussian_and_removes_edges_of_noise():
    pixels = picture()
    wanted = ndimage.gaussian_filter(pixels.astype(float), (2, 2, 0), mode="nearest", radius=(6, 6, 0))
    assert np.abs(smoothed(pixels, 2.0) - wanted).max() <= 0.5 + 1e-9
    assert canny(pixels, blur=3).sum() < canny(pixels).sum()


def test_the_result_follows_a_turned_or_mirrored_picture_nearly():
    pixels = picture(3)
    a, b = canny(pixels[:, ::-1])[:, ::-1] > 0, canny(pixels) > 0
    near = ndimage.binary_dilation(a, np.ones((3, 3)))
    assert (b & ~near).sum() < 0.02 * b.sum()  # of two equal gradients the earlier is taken


@pytest.mark.parametrize("seed", range(3))
def test_edges_are_those_of_opencv(seed):
    cv2 = pytest.importorskip("cv2")
    for pixels in (picture(seed), picture(seed, 128, 64, 3.0), np.ascontiguousarray(picture(seed)[..., 0])):
        for low, high in ((100, 200), (50, 60), (200, 100), (0, 300)):
            assert np.array_equal(canny(pixels, low, high), cv2.Canny(pixels, low, high))


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        canny(np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="0 or more"):
        canny(np.zeros((4, 4, 3), np.uint8), -1)
    assert canny(np.full((1, 1, 3), 9, np.uint8)).shape == (1, 1)
