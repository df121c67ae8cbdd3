"""The benchmarks see foreign load, hold the answers of both sides against each other, and run."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import load

    return load


def stat(user, steal=0):
    return f"cpu  {user} 0 0 100000 0 0 0 {steal} 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"


def measure_with(load, monkeypatch, tmp_path, after, own):
    """Half a second of waiting on two cores, in which the kernel's counters move from 1,000 to `after`."""
    file = tmp_path / "stat"
    file.write_text(stat(1000))
    monkeypatch.setattr(load, "STAT", file)
    monkeypatch.setattr(load, "cores", lambda: 2)
    monkeypatch.setattr(load.os, "sysconf", lambda name: 100)
    used = iter([0.0, own])

    def call():
        time.sleep(0.5)
        file.write_text(after)

    return load.measure(call, own=lambda: next(used))


def test_a_machine_that_works_for_nobody_else_is_clean(load, monkeypatch, tmp_path):
    measured = measure_with(load, monkeypatch, tmp_path, stat(1050), own=0.49)
    assert measured.clean
    assert measured.foreign == pytest.approx(0.01, rel=0.1)
    assert measured.seconds >= 0.5


def test_a_neighbours_work_and_stolen_time_are_foreign(load, monkeypatch, tmp_path):
    assert measure_with(load, monkeypatch, tmp_path, stat(1100), own=0.5).foreign == pytest.approx(0.5, rel=0.1)
    stolen = measure_with(load, monkeypatch, tmp_path, stat(1050, steal=20), own=0.5)
    assert stolen.foreign == pytest.approx(0.2, rel=0.1)
    assert not stolen.clean


def test_where_the_load_cannot_be_seen_nothing_is_rejected_and_nothing_is_claimed(load, monkeypatch, tmp_path):
    monkeypatch.setattr(load, "STAT", tmp_path / "nothing")
    measured = load.measure(lambda: None)
    assert measured.foreign is None
    assert measured.clean


@pytest.mark.slow
@pytest.mark.parametrize("network", ["unet", "vae", "text"])
def test_the_networks_are_compared_and_their_answers_agree(network, tmp_path):
    json_file = tmp_path / "report.json"
    command = f"--tiny --size 8 --repeats 1 --threads 1 --min-seconds 0.02 --networks {network} --json {json_file}"
    script = str(BENCHMARKS / "networks.py")
    done = subprocess.run([sys.executable, script, *command.split()], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr  # 3: this machine was not ours alone, which is no fault of the code
    rows = json.loads(json_file.read_text())["rows"]
    assert [(row["network"], row["dtype"]) for row in rows] == [(network, "float32"), (network, "bfloat16")]
    assert all(row["agrees"] and row["ours_seconds"] > 0 and row["theirs_peak_bytes"] > 2**20 for row in rows)
