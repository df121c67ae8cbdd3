"""`safelight train bundled` as a person types it, and where training and judging meet."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from safelight.cli import main
from safelight.cli.train import _judge, _teach_recogniser
from safelight.scenes.grammar import scene
from safelight.train import board
from safelight.train.bundled import run
from safelight.train.gates import Gate
from test_train_story import PLAN


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A plan of minutes instead of hours."""
    monkeypatch.setattr("safelight.train.bundled.Plan", lambda: replace(PLAN, scenes=24))
    monkeypatch.setattr(board, "available", lambda: False)


def test_a_stage_is_run_and_said_line_by_line_where_nobody_watches(tmp_path, capsys):
    assert main(["train", "bundled", "--folder", str(tmp_path), "--stage", "renders"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "safelight: 0.0% no files for TensorBoard: pip install 'safelight[train]' to have them"
    assert said[-1] == "safelight: 100.0% 56 of 56 scenes rendered"


def test_a_run_that_is_stopped_by_the_clock_says_that_it_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("safelight.train.filling.time", SimpleNamespace(monotonic=lambda: float("inf")))
    assert main(["train", "bundled", "--folder", str(tmp_path), "--stage", "renders", "--stop-after", "1"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "safelight: everything is saved; the same command goes on"
    assert not list(tmp_path.rglob("pixels.npy"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--stage", "unet-corse"], "no stage 'unet-corse'"),
        (["--stage", "decoder"], "run the stage `latents` first"),
        (["--device", "cuda:77"], "device 'cuda:77' is not there"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path, capsys, asked, said):
    assert main(["train", "bundled", "--folder", str(tmp_path), *asked]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert said in line


def test_a_shut_gate_ends_with_one_line_and_can_be_ignored(tmp_path, capsys, monkeypatch):
    shut = replace(PLAN, scenes=24, gates={"latents": (Gate("deviation", 9.0, advice="begin again"),)})
    monkeypatch.setattr("safelight.train.bundled.Plan", lambda: shut)
    for stage in ("renders", "latents"):
        code = main(["train", "bundled", "--folder", str(tmp_path), "--stage", stage])
    assert code == 2
    assert "at least 9 is needed; begin again. --ignore-gates goes on all the same" in capsys.readouterr().err
    assert main(["train", "bundled", "--folder", str(tmp_path), "--stage", "latents", "--ignore-gates"]) == 0


def test_a_recogniser_is_taught_and_then_judges(tmp_path):
    plan = replace(PLAN, scenes=16, held_out=8, pixels=128, sides=(8, 16), recogniser_minutes=0.02)
    for stage in ("renders", "latents"):
        assert run(tmp_path, stage, plan=plan)
    assert run(tmp_path, "recogniser", plan=plan, teach_recogniser=_teach_recogniser)
    file = tmp_path / "recogniser" / "recogniser.safetensors"
    about = json.loads(file.with_suffix(".json").read_text())
    assert {"renders", "roundtrip"} <= about["ceiling"].keys()
    stamp = file.stat().st_mtime_ns
    assert run(tmp_path, "recogniser", plan=plan, teach_recogniser=_teach_recogniser)
    assert file.stat().st_mtime_ns == stamp
    scenes = [scene(3, index) for index in range(3)]
    found = _judge(file)(np.zeros((3, 64, 64, 3), np.uint8), scenes)
    assert {"accuracy_medium", "accuracy_lighting", "accuracy_environment"} <= found.keys()
    assert all(0.0 <= value <= 1.0 for value in found.values())
