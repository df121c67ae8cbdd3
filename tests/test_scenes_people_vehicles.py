"""People and vehicles: inside their bounds, full of their colour, richer with detail, with riders and surplus arms."""

import itertools

import numpy as np
import pytest

from safelight.scenes.canvas import COLOURED, SUBJECT, Canvas, Pen, Ruler
from safelight.scenes.render import COLOURS
from safelight.scenes.subjects import craft, people, vehicles

PAINT = {
    "sports car": vehicles.sports_car,
    "truck": vehicles.truck,
    "bus": vehicles.bus,
    "sailboat": craft.sailboat,
    "bicycle": craft.bicycle,
    "rocket": craft.rocket,
    "medieval warrior": people.medieval_warrior,
    "astronaut": people.astronaut,
    "robot": people.robot,
    "wizard": people.wizard,
    "queen": people.queen,
}
RIDERS = {
    "astronaut": people.astronaut_rider,
    "medieval warrior": people.medieval_warrior_rider,
    "robot": people.robot_rider,
}
LIMBS = {
    "medieval warrior": people.medieval_warrior_limbs,
    "astronaut": people.astronaut_limbs,
    "robot": people.robot_limbs,
    "wizard": people.wizard_limbs,
    "queen": people.queen_limbs,
}
TOPS = {
    "sports car": vehicles.sports_car_top,
    "truck": vehicles.truck_top,
    "bus": vehicles.bus_top,
    "sailboat": craft.sailboat_top,
    "rocket": craft.rocket_top,
}
RED = COLOURS["red"]
SIDE, SCALE, FOOT = 128, 1.3, 200


def drawn(paint, detail=1, colour=RED, flip=False, then=None):
    """The ids of a canvas with one thing on it, whose foot is at (128, FOOT)."""
    canvas = Canvas(SIDE)
    pen = Pen(canvas, 128, FOOT, SCALE, colour, flip)
    paint(pen, detail)
    if then is not None:
        then(pen, detail)
    return np.asarray(canvas.ids), np.asarray(canvas.shade, dtype=float), np.asarray(canvas.albedo)


def reach(paint, detail, flip=False):
    ruler = Ruler()
    paint(Pen(ruler, 0, 0, 1.0, RED, flip), detail)
    return ruler.reach()


class Outlines(list):
    """A surface that keeps every outline."""

    def fill(self, outline, colour, shade=128, glow=None, what=1):
        self.append(outline)

    def of(self, paint, detail, flip=False):
        paint(Pen(self, 0, 0, 1.0, RED, flip), detail)
        return self


def share(ids):
    return (ids == COLOURED).sum() / (ids >= SUBJECT).sum()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", PAINT)
def test_a_person_or_vehicle_stays_within_its_bounds(noun, detail, flip):
    x0, y0, x1, y1 = reach(PAINT[noun], detail, flip)
    assert -66 < x0 < -30
    assert 30 < x1 < 66
    assert -124 < y0 < -40
    assert -1 < y1 < 9


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", RIDERS)
def test_a_rider_sits_round_the_hip_and_looks_ahead(noun, detail, flip):
    x0, y0, x1, y1 = reach(RIDERS[noun], detail, flip)
    assert max(-x0, x1) < 42
    assert -78 < y0 < -58
    assert 36 < y1 < 42
    foot = np.mean(max(Outlines().of(RIDERS[noun], detail, flip), key=lambda outline: np.max(outline, 0)[1]), 0)
    assert foot[0] < -10 if flip else foot[0] > 10


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", PAINT)
def test_at_least_a_third_of_a_person_or_vehicle_carries_the_colour(noun, detail):
    ids, _, _ = drawn(PAINT[noun], detail)
    assert share(ids) >= 1 / 3


@pytest.mark.parametrize("detail", [0, 1, 2])
@pytest.mark.parametrize("noun", RIDERS)
def test_at_least_a_third_of_a_rider_carries_the_colour(noun, detail):
    ids, _, _ = drawn(RIDERS[noun], detail)
    assert share(ids) >= 1 / 3


@pytest.mark.parametrize("noun", PAINT)
def test_every_level_of_detail_adds_to_the_one_before(noun):
    levels = [len(Outlines().of(PAINT[noun], detail)) for detail in (0, 1, 2)]
    assert levels[0] < levels[1] < levels[2]
    pictures = [drawn(PAINT[noun], detail)[2] for detail in (0, 1, 2)]
    for one, other in itertools.pairwise(pictures):
        assert (one != other).any(2).sum() > 40


@pytest.mark.parametrize("noun", LIMBS)
def test_surplus_arms_reach_plainly_beyond_the_body(noun):
    before, _, _ = drawn(PAINT[noun])
    after, _, _ = drawn(PAINT[noun], then=LIMBS[noun])
    added = ((after >= SUBJECT) & (before < SUBJECT)).sum()
    assert added > 0.08 * (before >= SUBJECT).sum()
    assert ((before >= SUBJECT) <= (after >= SUBJECT)).all()


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("noun", LIMBS)
def test_surplus_arms_stay_near_the_body(noun, flip):
    x0, y0, x1, y1 = reach(LIMBS[noun], 2, flip)
    assert max(-x0, x1) < 75
    assert y0 > -112
    assert y1 < 0


@pytest.mark.parametrize("colour", ["black", "white"])
@pytest.mark.parametrize("noun", PAINT)
def test_shades_show_the_form_in_black_and_in_white(noun, colour):
    ids, shade, _ = drawn(PAINT[noun], colour=COLOURS[colour])
    assert shade[ids == COLOURED].std() > 8


@pytest.mark.parametrize("noun", TOPS)
def test_a_thing_on_top_touches_the_roof(noun):
    _, y0, _, _ = reach(PAINT[noun], 0)
    assert abs(-y0 - TOPS[noun]) < 3


def test_a_rider_on_the_bicycle_holds_the_handlebars_and_reaches_the_pedal():
    x, y = craft.bicycle_seat
    ids, _, _ = drawn(craft.bicycle)
    side = len(ids) / 256
    for dx, dy in ((27, -11), (16, 40)):
        at_x, at_y = 128 + SCALE * (x + dx), FOOT + SCALE * (y + dy)
        rows, columns = (slice(round((at - 5) * side), round((at + 5) * side)) for at in (at_y, at_x))
        near = ids[rows, columns]
        assert (near >= SUBJECT).mean() > 0.15


def test_people_and_vehicles_are_told_apart_by_outline():
    shapes = {noun: drawn(paint)[0] >= SUBJECT for noun, paint in PAINT.items()}
    for one, other in itertools.combinations(shapes, 2):
        common = (shapes[one] & shapes[other]).sum() / (shapes[one] | shapes[other]).sum()
        assert common < 0.86, (one, other)
