"""The judge: its truth is the renderer's, its rules hold on it, what it says is what its answers say, and it learns."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from safelight.errors import TrainingError, WeightsError
from safelight.evaluate.ceilings import Tally, auc, ceilings, fit_threshold, missed
from safelight.evaluate.heads import AXES, COLOURS, MARKS, NOUNS, SIDE, Answers, Network, Sizes, prepare
from safelight.evaluate.lessons import Lessons, collect, jittered, rare_scenes, truth_of
from safelight.evaluate.read import Guess, Instance, Reading, holds, overlap, readings
from safelight.evaluate.recogniser import Recogniser, export, load
from safelight.evaluate.textures import TEXTURES, textures
from safelight.scenes.grammar import Scene, Subject, scene
from safelight.scenes.render import render
from safelight.train.loop import Now, generator
from safelight.train.recogniser import LearnRecogniser, correct, focal, loss, targets

TINY = Sizes(stem=8, fine=8, middle=16, coarse=16, waist2=8, waist3=8, places=16, touch=16, groups=4)
SCENES = [scene(20, index) for index in range(24)]


@pytest.fixture(scope="module")
def truth():
    return truth_of(SCENES)


@pytest.fixture(scope="module")
def renders():
    return [render(one, 256) for one in SCENES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, renders):
    """Lessons from 24 renders, 4 rare ones, and 6 round trips through a thing that darkens."""
    path = tmp_path_factory.mktemp("lessons")
    pixels = np.stack([one.pixels for one in renders])
    collect(path, pixels, SCENES, extra=4, trips=6, roundtrip=lambda x: x // 2)
    return path


def reading_of(one, boxes, size=256):
    """What a judge that errs in nothing says of a scene."""
    order = {"in front of": (1.0, 0.0), "behind": (0.0, 1.0)}.get(one.relation or "", (0.5, 0.5))
    things = tuple(
        Instance(
            box.noun,
            box.colour,
            (box.x0 + box.x1) / 2 / size,
            (box.y0 + box.y1) / 2 / size,
            (box.x1 - box.x0) / size,
            (box.y1 - box.y0) / size,
            1.0,
            order[box.subject],
            box.visible,
        )
        for box in boxes
    )
    guesses = {axis: Guess(getattr(one, axis), 1.0) for axis in AXES}
    marks = {mark: float(mark == one.defect or mark in one.extras) for mark in MARKS}
    return Reading(things, **guesses, defects=dict(list(marks.items())[:7]), extras=dict(list(marks.items())[7:]))


def answers_of(truth, cells=32, sure=12.0):
    """Answers that say exactly the truth."""
    things = torch.from_numpy(truth.things)
    heat, whose = targets(things, cells)
    size = len(truth)
    fields = {"noun": len(NOUNS), "colour": len(COLOURS), "size": 2, "offset": 2, "order": 2}
    maps = {name: torch.zeros(size, count, cells, cells) for name, count in fields.items()}
    for b, row, column in (whose >= 0).nonzero().tolist():
        thing = things[b, whose[b, row, column]]
        maps["noun"][b, int(thing[0]), row, column] = sure
        maps["colour"][b, max(int(thing[1]), 0), row, column] = sure
        maps["size"][b, :, row, column] = thing[4:6].log()
        at = thing[2:4] * cells - torch.tensor([column, row]) - 0.5
        maps["offset"][b, :, row, column] = at
        maps["order"][b, :, row, column] = sure * (2 * thing[6:8] - 1)
    axes = tuple(
        sure * torch.nn.functional.one_hot(torch.from_numpy(truth.axes[:, k]), len(values)).float()
        for k, values in enumerate(AXES.values())
    )
    marks = sure * (2 * torch.from_numpy(truth.marks) - 1)
    heat = torch.where(heat == 1, sure, -sure)[:, None]
    return Answers(heat, **maps, features=torch.zeros(size, 192), axes=axes, marks=marks, present=torch.zeros(size, 43))


# the network


def test_the_network_has_the_size_that_it_may_have():
    network = Network()
    assert sum(weights.numel() for weights in network.parameters()) * 2 <= 2_600_000
    with torch.no_grad():
        answers = network(torch.zeros(2, 3, SIDE, SIDE))
    assert answers.heat.shape == (2, 1, 32, 32)
    assert answers.noun.shape == (2, 33, 32, 32) and answers.colour.shape == (2, 10, 32, 32)
    assert answers.features.shape == (2, 192)
    assert [axis.shape[1] for axis in answers.axes] == [11, 7, 3, 2, 7, 3, 3]
    assert answers.marks.shape == (2, 10) and answers.present.shape == (2, 43)


def test_pictures_of_any_size_are_reduced_by_the_mean_over_areas():
    pixels = torch.randint(0, 256, (1, 256, 256, 3), dtype=torch.uint8)
    small = pixels.float().reshape(1, 128, 2, 128, 2, 3).mean((2, 4)).permute(0, 3, 1, 2) / 127.5 - 1
    torch.testing.assert_close(prepare(pixels), small)
    assert prepare(torch.zeros(1, 200, 120, 3, dtype=torch.uint8)).shape == (1, 3, 128, 128)


# truth and lessons


def test_the_truth_has_the_boxes_of_the_renderer(truth, renders):
    for things, shown in zip(truth.things, renders, strict=True):
        assert (things[:, 0] >= 0).sum() == len(shown.boxes)
        for thing, box in zip(things, shown.boxes, strict=False):
            assert NOUNS[int(thing[0])] == box.noun
            middle = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 512
            extent = np.array([box.x1 - box.x0, box.y1 - box.y0]) / 256
            np.testing.assert_allclose(thing[2:4], middle, atol=0.012)
            np.testing.assert_allclose(thing[4:6], extent, atol=0.024)


def test_the_truth_names_what_the_scene_says_and_gives_sketches_no_colour(truth):
    for k, one in enumerate(SCENES):
        assert [values[i] for values, i in zip(AXES.values(), truth.axes[k], strict=True)] == [
            getattr(one, axis) for axis in AXES
        ]
        assert {mark for mark, has in zip(MARKS, truth.marks[k], strict=True) if has} == {
            *one.extras,
            *([one.defect] if one.defect else []),
        }
        there = truth.things[k, :, 0] >= 0
        assert ((truth.things[k, there, 1] < 0) == (one.medium == "pencil sketch")).all()


def test_of_two_that_overlap_the_nearer_is_known():
    pair = Scene((Subject("cube", "red"), Subject("star", "blue")), "meadow", "oil", "daylight", "behind", layout=4)
    in_front = replace(pair, relation="in front of")
    beside = replace(pair, relation="left of")
    assert truth_of([pair, in_front, beside]).things[:, :2, 7].tolist() == [[0, 1], [1, 0], [-1, -1]]


def test_mirroring_and_moving_take_the_boxes_along(truth):
    pictures = np.zeros((24, SIDE, SIDE, 3), np.uint8)
    for picture, things in zip(pictures, truth.things, strict=True):
        for x, y in things[things[:, 0] >= 0, 2:4]:
            picture[int(y * SIDE), int(x * SIDE)] = 255
    moved, after = jittered(pictures, truth, np.random.default_rng(5))
    assert not np.array_equal(after.things, truth.things)
    for picture, things in zip(moved, after.things, strict=True):
        for x, y in things[things[:, 0] >= 0, 2:4]:
            row, column = int(y * SIDE), int(x * SIDE)
            assert picture[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any()


def test_lessons_are_half_renders_a_third_round_trips_and_the_same_for_the_same_step(folder):
    lessons = Lessons(folder, 20)
    pixels, truth = lessons.draw(generator(0, 3))
    again, _ = lessons.draw(generator(0, 3))
    other, _ = lessons.draw(generator(0, 4))
    assert pixels.shape == (20, SIDE, SIDE, 3) and pixels.dtype == np.uint8 and len(truth) == 20
    np.testing.assert_array_equal(pixels, again)
    assert not np.array_equal(pixels, other)
    assert (pixels[-7:] <= 127).all()  # what went through the thing that darkens
    assert pixels[:-7].max() > 127


def test_lessons_that_are_there_are_not_made_again(folder):
    def never(_):
        raise AssertionError("made again")

    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    collect(folder, np.empty((24, 256, 256, 3), np.uint8), SCENES, extra=4, trips=6, roundtrip=never)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    with pytest.raises(TrainingError, match="no lessons"):
        Lessons(folder / "nothing")


def test_rare_scenes_hold_more_that_is_rare_and_every_other_one_a_combination_never_trained():
    from safelight.scenes.grammar import held_out

    scenes = list(rare_scenes(5, 20))
    assert [held_out(one) for one in scenes] == [False, True] * 10
    usual = [scene(5, index) for index in range(200)]
    share = [
        sum(one.relation == "riding" or one.defect is not None for one in some) / len(some) for some in (scenes, usual)
    ]
    assert share[0] > 1.5 * share[1]


# readings and rules


def test_true_answers_are_read_as_the_truth(truth):
    for one, reading, things in zip(SCENES, readings(answers_of(truth)), truth.things, strict=True):
        for axis in AXES:
            assert getattr(reading, axis).value == getattr(one, axis)
            assert getattr(reading, axis).probability > 0.99
        assert {name for name, odds in reading.defects.items() if odds > 0.5} == {one.defect} - {None}
        assert {name for name, odds in reading.extras.items() if odds > 0.5} == set(one.extras)
        wanted = {(NOUNS[int(t[0])], *(round(float(v), 3) for v in t[2:6])) for t in things if t[0] >= 0}
        found = {(i.noun, *(round(v, 3) for v in (i.x, i.y, i.w, i.h))) for i in reading.instances}
        assert found == wanted


def test_true_answers_are_right_in_every_factor(truth):
    for name, hits in correct(answers_of(truth), truth).items():
        assert all(hits), name


def test_what_scores_too_little_or_is_seen_twice_does_not_count(truth):
    answers = answers_of(truth)
    assert all(not reading.instances for reading in readings(answers._replace(heat=answers.heat - 13.5)))
    one = next(k for k, things in enumerate(truth.things) if (things[:, 0] >= 0).sum() == 1)
    row, column = answers.heat[one, 0].flatten().argmax().item() // 32, answers.heat[one, 0].argmax(1).max().item()
    twice = answers.heat.clone()
    twice[one, 0, row + 2, column] = 5.0
    maps = {name: getattr(answers, name).clone() for name in ("noun", "colour", "size", "offset", "order")}
    for field in maps.values():
        field[one, :, row + 2, column] = field[one, :, row, column]
    maps["offset"][one, 1, row + 2, column] -= 2
    assert len(readings(answers._replace(heat=twice, **maps))[one].instances) == 1


def test_the_rules_of_relations_hold_on_what_the_renderer_draws():
    """In front needs boxes that overlap; the others are GenEval's rule, and riding its own."""
    right: dict[str, list[bool]] = {}
    pairs = (one for one in (scene(23, index) for index in range(2_000)) if one.relation)
    for one in list(pairs)[:70]:
        shown = render(one, 64)
        first, second = reading_of(one, shown.boxes, 64).instances
        right.setdefault(one.relation, []).append(holds(one.relation, first, second))
    assert set(right) == {"left of", "right of", "above", "below", "in front of", "behind", "riding"}
    hits = [hit for some in right.values() for hit in some]
    assert sum(hits) / len(hits) > 0.96, {name: sum(some) / len(some) for name, some in right.items()}


def test_opposite_relations_exclude_each_other():
    a = Instance("cat", "red", 0.3, 0.5, 0.3, 0.3, 1.0, depth=0.9)
    b = Instance("dog", "blue", 0.5, 0.52, 0.3, 0.3, 1.0, depth=0.1)
    assert holds("left of", a, b) and not holds("right of", a, b)
    assert holds("right of", b, a) and not holds("above", a, b) and not holds("below", a, b)
    assert holds("in front of", a, b) and holds("behind", b, a) and not holds("behind", a, b)
    assert not holds("in front of", a, replace(b, x=0.9))
    assert not holds("left of", a, a)
    assert not holds("riding", replace(a, y=0.3), b)  # cats do not ride
    assert holds("riding", replace(a, noun="robot", y=0.3), replace(b, noun="horse", x=0.32))
    assert overlap(a, a) == pytest.approx(1) and overlap(a, replace(b, x=0.9)) == 0


# learning


def test_the_heat_is_one_in_the_cell_of_a_middle_and_nowhere_else(truth):
    things = torch.from_numpy(truth.things)
    heat, whose = targets(things, 32)
    for b in range(len(things)):
        cells = {(int(t[3] * 32), int(t[2] * 32)) for t in things[b] if t[0] >= 0}
        assert {tuple(cell) for cell in (heat[b] == 1).nonzero().tolist()} == cells
        near = {(r + i, c + j) for r, c in cells for i in (-1, 0, 1) for j in (-1, 0, 1)}
        assert {tuple(cell) for cell in (whose[b] >= 0).nonzero().tolist()} <= near
    assert heat[truth.things[:, 0, 0] < 0].sum() == 0


def test_the_focal_loss_is_small_where_the_heat_is_right_and_forgives_near_a_middle():
    target = torch.zeros(1, 8, 8)
    target[0, 4, 4], target[0, 4, 5] = 1.0, 0.8
    right = torch.where(target == 1, 8.0, -8.0)
    near, far = right.clone(), right.clone()
    near[0, 4, 5] = far[0, 0, 0] = 3.0
    assert focal(right, target) < 0.01
    assert focal(right, target) < focal(near, target) < 0.05 * focal(far, target)


def test_true_answers_have_nearly_no_loss(truth):
    total, parts = loss(answers_of(truth)._replace(present=torch.zeros(24, 43)), truth)
    known = {name: float(part) for name, part in parts.items() if name not in ("present", "seen")}
    assert all(value < 0.05 for value in known.values()), known
    assert torch.isfinite(total)


def test_the_colour_of_a_sketch_is_not_learnt(truth):
    sketches = np.flatnonzero(truth.axes[:, 1] == tuple(AXES["medium"]).index("pencil sketch"))
    some = truth[sketches]
    assert len(some) > 1
    answers = answers_of(some)
    _, parts = loss(answers._replace(colour=torch.randn_like(answers.colour)), some)
    assert parts["colour"] == 0


def test_the_judge_learns(folder):
    torch.manual_seed(0)
    lessons = Lessons(folder, 8)
    method = LearnRecogniser(Network(TINY), lessons, lessons.pixels[0], lessons.truth[:24])
    optimiser = torch.optim.AdamW([w for part in method.parts() for w in part.module.parameters()], 3e-3)
    losses = []
    for step in range(25):
        total, read, samples = method.loss(Now(step, 0.0, generator(0, step)))
        assert samples == 8 and read["loss_noun"] > 0
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        losses.append(float(total.detach()))
    assert sum(losses[-3:]) < 0.75 * sum(losses[:3])
    with torch.no_grad():
        assert {"validation_noun", "validation_medium", "validation_count"} <= set(method.validate())


def test_the_sheet_shows_what_is_seen(folder, tmp_path):
    lessons = Lessons(folder, 8)
    method = LearnRecogniser(Network(TINY), lessons, lessons.pixels[0], lessons.truth[:24])
    with torch.no_grad():
        method.sheet(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 10_000


# files


@pytest.fixture
def written(tmp_path):
    torch.manual_seed(1)
    path = tmp_path / "judge.safetensors"
    export(Network(TINY), path, 0.4, {"renders": {"noun": 0.5}})
    return path


def test_a_judge_reads_the_same_after_it_was_written_and_loaded(written, renders):
    torch.manual_seed(1)
    before, after = Recogniser(Network(TINY), 0.4), load(written)
    pixels = np.stack([one.pixels for one in renders[:3]])
    assert after.hash == hashlib.sha256(written.read_bytes()).hexdigest()
    assert after.threshold == 0.4
    np.testing.assert_allclose(after.features(pixels), before.features(pixels), atol=5e-3)
    assert [one.medium.value for one in after.read(pixels)] == [one.medium.value for one in before.read(pixels)]
    assert after.features(pixels).shape == (3, 192) and after.features(pixels).dtype == np.float32
    assert after.features(pixels[:0]).shape == (0, 192) and after.read(pixels[:0]) == []
    assert not [path for path in written.parent.iterdir() if path.suffix == ".part"]


def test_the_order_of_pictures_does_not_matter(written, renders):
    judge = load(written)
    pixels = np.stack([one.pixels for one in renders[:5]])
    np.testing.assert_allclose(judge.features(pixels)[::-1], judge.features(pixels[::-1]), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda about: about["words"]["nouns"].pop(), "other words"),
        (lambda about: about["sizes"].update(stem=12), "other tensors"),
        (lambda about: about["sizes"].update(stem=10**9), "does not describe"),
        (lambda about: about.pop("threshold"), "does not describe"),
    ],
)
def test_files_that_do_not_fit_are_refused_with_one_line(written, change, says):
    beside = written.with_suffix(".json")
    about = json.loads(beside.read_text())
    change(about)
    beside.write_text(json.dumps(about))
    with pytest.raises(WeightsError, match=says) as caught:
        load(written)
    assert "\n" not in str(caught.value)


def test_a_judge_without_its_json_is_refused(written):
    written.with_suffix(".json").unlink()
    with pytest.raises(WeightsError, match="does not describe"):
        load(written)


# ceilings


class Oracle(Recogniser):
    """Says the truth of the renders that it was given, in their order."""

    def __init__(self, renders):
        super().__init__(Network(TINY))
        self.waiting = [reading_of(one.scene, one.boxes) for one in renders]

    def read(self, pixels):
        said, self.waiting = self.waiting[: len(pixels)], self.waiting[len(pixels) :]
        return said


def test_a_judge_that_errs_in_nothing_passes_every_gate(renders):
    shown = [one for one in renders if all(box.x1 for box in one.boxes)]
    table = ceilings(Oracle(shown), shown)["renders"]
    known = {name: value for name, value in table.items() if value == value}
    assert {"noun", "colour", "count", "two", "binding", "environment", "defect AUC"} <= set(known)
    assert all(value == 1.0 for name, value in known.items() if name != "relation"), known


def test_the_gate_names_what_is_missed():
    tables = {"renders": {"noun": 0.97, "colour": 0.99}, "roundtrip": {"noun": 0.975}}
    assert missed(tables) == {"renders: noun": (0.97, 0.98)}
    assert missed({"renders": {"defect AUC": float("nan")}})


def test_round_trips_are_judged_on_what_came_back(renders):
    asked = []

    def trip(pixels):
        asked.append(len(pixels))
        return pixels // 2

    tables = ceilings(Recogniser(Network(TINY)), renders[:4], trip)
    assert asked == [4] and set(tables) == {"renders", "roundtrip"}


def test_the_threshold_is_the_one_that_gets_most_counts_right(truth, monkeypatch):
    """Beside every thing stands a ghost of score 0.27; things score 0.5."""
    answers = answers_of(truth)
    heat = answers.heat.clamp(max=0.0)
    middles = (answers.heat == answers.heat.max()).float()
    ghosts = torch.roll(middles, 12, 2) * (1 - middles)
    noun = torch.maximum(answers.noun, torch.roll(answers.noun, 12, 2))
    size = torch.where(torch.roll(answers.noun, 12, 2).amax(1, keepdim=True) > 0, torch.tensor(-4.0), answers.size)
    made = answers._replace(heat=torch.where(ghosts > 0, -1.0, heat), noun=noun, size=size)
    monkeypatch.setattr(Recogniser, "answers", lambda judge, pixels: made)
    pixels = np.zeros((16, 8, 8, 3), np.uint8)
    assert 0.3 <= fit_threshold(Network(TINY), pixels, SCENES) <= 0.45


def test_the_area_under_the_curve_counts_pairs_in_order():
    assert auc([0.1, 0.2, 0.8, 0.9], [False, False, True, True]) == 1.0
    assert auc([0.1, 0.9, 0.9], [False, True, False]) == 0.75
    assert np.isnan(auc([0.1, 0.2], [False, False]))


def test_a_colour_counts_only_where_the_thing_was_found_and_never_in_a_sketch(renders):
    one = next(one for one in renders if len(one.scene.subjects) == 1 and one.scene.medium != "pencil sketch")
    blind, tally = replace(reading_of(one.scene, one.boxes), instances=()), Tally()
    tally.add(one.scene, blind)
    assert tally.table()["noun"] == 0 and "colour" not in tally.table()
    tally = Tally()
    tally.add(replace(one.scene, medium="pencil sketch"), reading_of(one.scene, one.boxes))
    assert tally.table()["noun"] == 1 and "colour" not in tally.table()


# textures


def test_textures_tell_blur_grain_and_a_lattice_apart():
    rng = np.random.default_rng(0)
    plain = rng.integers(60, 200, (1, 16, 16, 3)).astype(np.uint8).repeat(8, 1).repeat(8, 2)
    cells = rng.integers(60, 200, (1, 43, 43, 3)).astype(np.uint8).repeat(3, 1).repeat(3, 2)[:, :128, :128]
    noisy = np.clip(plain + rng.normal(0, 12, plain.shape), 0, 255).astype(np.uint8)
    soft = prepare(torch.from_numpy(plain))
    for _ in range(6):
        soft = torch.nn.functional.avg_pool2d(soft, 3, stride=1, padding=1, count_include_pad=False)
    told = [textures(prepare(torch.from_numpy(one))) for one in (plain, noisy, cells)] + [textures(soft)]
    assert all(one.shape == (1, TEXTURES) and one.abs().max() < 16 for one in told)
    change, flat, lattice3 = slice(10, 12), slice(12, 14), slice(-6, -4)
    sharp, grain, squares, blurred = told
    assert (blurred[0, change] < sharp[0, change] - 0.2).all()
    assert (grain[0, flat] < sharp[0, flat] - 1).all()
    assert (squares[0, lattice3] > sharp[0, lattice3] + 2).all()
    black = textures(torch.full((1, 3, 128, 128), -1.0))
    assert torch.isfinite(black).all()


def test_textures_are_seen_at_full_size_however_small_the_rest_is_looked_at(renders):
    torch.manual_seed(2)
    network = Network(TINY).eval()
    x = prepare(torch.from_numpy(np.stack([one.pixels for one in renders[:2]])))
    seen = []
    network.touch.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    with torch.no_grad():
        assert network(x, 64).heat.shape == (2, 1, 16, 16)
        assert network(x).heat.shape == (2, 1, 32, 32)
    torch.testing.assert_close(seen[0], seen[1])
