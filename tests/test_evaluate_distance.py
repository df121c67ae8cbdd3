"""Distances are those of the formulas: known by hand, and by another way of computing them."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from safelight.errors import RecipeError
from safelight.evaluate.distance import blurred, distances, frechet, kernel, precision_recall
from safelight.evaluate.memory import remembered, small


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_frechet_distance_agrees_with_a_matrix_square_root(rng):
    a, b = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6)), rng.normal(size=(70, 6)) + 1
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(sqrtm(first @ second))
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(first + second - 2 * root)
    assert frechet(a, b) == pytest.approx(expected)


def test_equal_sets_are_at_no_frechet_distance_and_a_shift_is_its_square(rng):
    a = rng.normal(size=(50, 5))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + 3) == pytest.approx(5 * 9)


def test_fewer_pictures_than_features_are_no_trouble(rng):
    a = rng.normal(size=(10, 192))
    assert frechet(a, a + 1) == pytest.approx(192, rel=1e-6)


def test_the_kernel_distance_is_unbiased_and_sees_a_shift(rng):
    same = [kernel(rng.normal(size=(20, 4)), rng.normal(size=(30, 4))) for _ in range(300)]
    assert abs(np.mean(same)) < 4 * np.std(same) / 300**0.5
    assert min(same) < 0
    assert kernel(rng.normal(size=(200, 4)), rng.normal(size=(200, 4)) + 1) > 1


def test_the_kernel_distance_is_that_of_the_sums(rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))

    def k(x, y):
        return (x @ y / 3 + 1) ** 3

    def within(x):
        return np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j])

    assert kernel(a, b) == pytest.approx(within(a) + within(b) - 2 * np.mean([[k(x, y) for y in b] for x in a]))


def test_a_model_that_draws_one_thing_has_precision_and_no_recall(rng):
    true = rng.normal(size=(200, 3))
    precision, recall = precision_recall(true[:1] + 1e-3 * rng.normal(size=(200, 3)), true)
    assert precision == 1
    assert recall < 0.1
    assert precision_recall(true + 100, true) == (0, 0)


def test_too_few_pictures_have_no_distance(rng):
    with pytest.raises(RecipeError, match="draw at least 4"):
        distances(rng.normal(size=(3, 2)), rng.normal(size=(9, 2)))


def test_blur_is_seen(rng):
    pixels = rng.integers(0, 255, (2, 64, 64, 3), dtype=np.uint8)
    assert blurred(pixels).std() < pixels.std() / 2


def test_copies_of_training_pictures_are_found(rng):
    training, fresh = rng.uniform(0, 255, (60, 30)), rng.uniform(0, 255, (50, 30))
    invented = remembered(rng.uniform(0, 255, (50, 30)), fresh, training)
    copied = remembered(training[10:40] + 1, fresh, training)
    assert copied.nearer == 1
    assert invented.nearer < 0.2
    assert copied.made == pytest.approx(1)
    assert {(made, taught) for made, taught, _ in copied.nearest} <= {(i, i + 10) for i in range(30)}


def test_pictures_are_compared_small(rng):
    rows = small([rng.integers(0, 255, (2, 64, 64, 3), dtype=np.uint8), np.full((1, 64, 64, 3), 7, np.uint8)])
    assert rows.shape == (3, 32 * 32 * 3)
    assert (rows[2] == 7).all()
