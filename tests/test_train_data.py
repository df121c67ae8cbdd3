"""What is learnt from: arrays that are filled chunk by chunk, scenes by number, captions, and wrong captions."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from safelight.errors import TrainingError
from safelight.models.tokenizer import Tokenizer
from safelight.scenes.grammar import Scene, Subject, held_out, objection, scene
from safelight.scenes.render import render
from safelight.train.captions import TOLD, Captions, Told, tell
from safelight.train.confusions import confused, told_apart
from safelight.train.data import Latents, Scenes, open_renders, render_folder
from safelight.train.filling import Shape, fill, part
from safelight.train.latents import fit_renders
from safelight.train.loop import generator
from safelight.train.patches import resize
from tiny import vocabulary

ROW = Shape((3,), "int32")


class Numbers:
    """Row i is (i, i, i); counts what it made, and may fail."""

    def __init__(self, path: Path, fails_at: int = -1):
        self.path, self.fails_at, self.made = path, fails_at, []

    def __call__(self, chunk: range):
        if self.fails_at in chunk:
            raise RuntimeError("the lights went out")
        self.made.append(chunk)
        return {self.path: np.array([[i] * 3 for i in chunk])}


def test_an_array_goes_on_where_it_stopped_and_is_never_half_there(tmp_path):
    path, told = tmp_path / "a.npy", []
    with pytest.raises(RuntimeError, match="lights"):
        fill({path: ROW}, 40, Numbers(path, fails_at=20), tmp_path / "log")
    assert not path.exists()
    again = Numbers(path)
    assert fill({path: ROW}, 40, again, tmp_path / "log", advance=told.append)
    assert again.made == [range(16, 32), range(32, 40)]
    assert told == [16, 16, 8]
    assert np.array_equal(np.load(path)[:, 0], np.arange(40))
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]
    idle = Numbers(path)
    assert fill({path: ROW}, 30, idle, tmp_path / "log")  # more rows than wanted are welcome
    assert idle.made == []


def test_a_deadline_ends_filling_between_chunks(tmp_path, monkeypatch):
    path, seconds = tmp_path / "a.npy", iter(range(9))
    monkeypatch.setattr("safelight.train.filling.time.monotonic", lambda: next(seconds))
    work = Numbers(path)
    assert not fill({path: ROW}, 100, work, tmp_path / "log", deadline=2.0)
    assert work.made == [range(0, 16), range(16, 32)]
    assert fill({path: ROW}, 100, work, tmp_path / "log")
    assert len(work.made) == 7


def test_an_array_of_other_rows_is_refused_and_half_of_one_begun_anew(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((10, 3), np.int32))
    with pytest.raises(TrainingError, match=r"int32 \[10, 3\], not int32 \[20, 3\]"):
        fill({path: ROW}, 20, Numbers(path), tmp_path / "log")
    path.unlink()
    np.save(tmp_path / "half.npy", np.full((17, 3), 9, np.int32))
    (tmp_path / "half.npy").rename(part(path))
    (tmp_path / "log").write_text("0\n")
    fill({path: ROW}, 20, Numbers(path), tmp_path / "log")
    assert np.array_equal(np.load(path)[:, 0], np.arange(20))


def test_a_log_that_ends_in_half_a_line_loses_that_chunk_alone(tmp_path):
    path = tmp_path / "a.npy"
    with pytest.raises(RuntimeError, match="lights"):
        fill({path: ROW}, 60, Numbers(path, fails_at=40), tmp_path / "log")
    assert (tmp_path / "log").read_text() == "0\n16\n"
    (tmp_path / "log").write_text("0\n1")
    work = Numbers(path)
    assert fill({path: ROW}, 60, work, tmp_path / "log")
    assert [chunk.start for chunk in work.made] == [16, 32, 48]


def test_half_a_line_in_the_log_does_not_spoil_the_next_line(tmp_path):
    path = tmp_path / "a.npy"
    with pytest.raises(RuntimeError, match="lights"):
        fill({path: ROW}, 60, Numbers(path, fails_at=20), tmp_path / "log")
    (tmp_path / "log").write_text("0\n1")
    with pytest.raises(RuntimeError, match="lights"):
        fill({path: ROW}, 60, Numbers(path, fails_at=40), tmp_path / "log")
    assert (tmp_path / "log").read_text() == "0\n16\n"


def test_an_array_added_later_is_filled_alone(tmp_path):
    first, second = tmp_path / "a.npy", tmp_path / "b.npy"
    fill({first: ROW}, 70, Numbers(first), tmp_path / "log")
    stamp = first.stat().st_mtime_ns

    def both(chunk: range):
        return {path: np.array([[i] * 3 for i in chunk]) for path in (first, second)}

    assert fill({first: ROW, second: ROW}, 70, both, tmp_path / "log")
    assert first.stat().st_mtime_ns == stamp
    assert np.load(second)[69, 2] == 69


def test_renders_killed_in_the_middle_are_the_same_in_the_end(tmp_path):
    script = textwrap.dedent(f"""
        import os, signal
        from pathlib import Path
        from safelight.train.data import render_folder
        done = []
        def advance(more):
            done.append(more)
            if sum(done) >= 16:
                os.kill(os.getpid(), signal.SIGKILL)
        render_folder(Path({str(tmp_path)!r}), 24, seed=5, size=32, advance=advance)
    """)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    died = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    with pytest.raises(TrainingError, match="no finished renders"):
        open_renders(tmp_path)
    assert render_folder(tmp_path, 24, seed=5, size=32)
    found = open_renders(tmp_path)
    assert found.pixels.shape == (24, 32, 32, 3)
    for index in (0, 15, 16, 23):
        assert np.array_equal(found.pixels[index], render(scene(5, index), 32).pixels)
        assert found.scenes[index] == scene(5, index)
    assert render_folder(tmp_path, 20, seed=5, size=32)  # a folder of more scenes holds fewer as well
    for count, seed in ((24, 6), (30, 5)):
        with pytest.raises(TrainingError, match="other renders"):
            render_folder(tmp_path, count, seed=seed, size=32)


def test_scenes_are_known_by_their_number(tmp_path):
    scenes = Scenes(3, 10)
    assert len(scenes) == 10
    assert scenes[4] == scene(3, 4)
    assert scenes[-1] == scene(3, 9)
    assert scenes[2:4] == [scene(3, 2), scene(3, 3)]
    with pytest.raises(IndexError):
        scenes[10]


def test_latents_of_scenes_that_are_not_kept_are_those_of_their_renders(tmp_path):
    render_folder(tmp_path / "renders", 6, seed=5, size=64)
    pixels = tmp_path / "renders" / "pixels.npy"
    projection = fit_renders(np.load(pixels), [32, 64]).projection()
    places = Latents(tmp_path, "train", 5, 64, (4, 8), projection, pixels)
    assert places.fill(10, advance=lambda more: None)
    for index in (2, 9):
        shown = render(scene(5, index), 64).pixels[None]
        for side in (4, 8):
            expected = projection(resize(shown, 8 * side))[0]
            assert np.abs(np.load(places.path(side))[index] - expected).max() < 5e-3
        assert np.array_equal(np.load(places.small)[index], shown[0])


# -- Captions ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def words():
    return Tokenizer(*vocabulary())


def test_captions_told_beforehand_are_captions_of_their_scenes(tmp_path, words):
    path = tmp_path / "captions.npy"
    assert tell(path, 5, 9, (*vocabulary(), 77))
    tokens = np.load(path)
    assert tokens.shape == (9, TOLD, 77)
    told = Told(Scenes(5, 9), words, tokens)
    which = [7, 2, 7, 0] * 50
    drawn = told.draw(which, generator(0, 0))
    assert drawn.dtype == torch.int64
    for row, index in zip(drawn, which, strict=True):
        assert any(torch.equal(row, torch.from_numpy(one).long()) for one in tokens[index])
    assert len({tuple(row.tolist()) for row in drawn[1::4]}) > 4
    assert torch.equal(drawn, told.draw(which, generator(0, 0)))
    silent = told.draw(which, generator(1, 0), silent=0.5)
    empty = (silent == words.batch([""])[0]).all(1).float().mean()
    assert 0.35 < float(empty) < 0.65


def test_a_caption_is_said_anew_each_time_and_left_out_as_often_as_asked(words):
    captions = Captions(Scenes(5, 4), words)
    said = captions.draw([1] * 40, generator(0, 0))
    assert len({tuple(row.tolist()) for row in said}) > 10
    assert (captions.draw([1, 2], generator(0, 0), silent=1.0) == words.batch([""])).all()


# -- Captions that are wrong -------------------------------------------------------------------------------------------


def test_a_confused_scene_differs_in_one_thing_and_is_never_one_that_training_must_not_show():
    rng, kinds = Random(0), set()
    for index in range(400):
        one = scene(1, index)
        other = confused(one, rng)
        if other is None:
            assert not one.subjects or len(one.subjects) == 2
            continue
        assert objection(other) is None and not held_out(other)
        assert [s.noun for s in other.subjects] == [s.noun for s in one.subjects]
        changed = {
            "relation": one.relation != other.relation,
            "colour": [s.colour for s in one.subjects] != [s.colour for s in other.subjects],
            "count": [s.count for s in one.subjects] != [s.count for s in other.subjects],
        }
        assert sum(changed.values()) == 1
        kinds |= {(name, len(one.subjects)) for name, is_so in changed.items() if is_so}
        assert one.medium != "pencil sketch" or not changed["colour"]
    assert kinds == {("relation", 2), ("colour", 1), ("colour", 2), ("count", 1)}


def test_a_wrong_caption_is_the_right_one_but_for_what_was_confused():
    pair = (Subject("cube", "red"), Subject("sphere", "blue"))
    one = Scene(pair, "studio", "flat vector", "studio", relation="above")
    rng = Random(1)
    heard = [told_apart(one, rng) for _ in range(60)]
    assert any(wrong is not None for _, wrong in heard)
    for right, wrong in heard:
        assert wrong != right
        if wrong is not None:
            assert sorted(set(right.split()) & set(wrong.split()))


def test_where_nothing_can_be_confused_there_is_no_wrong_caption():
    assert told_apart(Scene((), "desert", "oil", "night", layout=3), Random(0))[1] is None
