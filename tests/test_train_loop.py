"""The training loop: its schedule, its averages, its memory, and what it does when something goes wrong."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from safelight.errors import TrainingError
from safelight.train import checkpoint
from safelight.train.ema import Ema, decay, exponent
from safelight.train.loop import Loop, Settings, generator, rate_factor
from safelight.train.optimiser import Masters, Part, relative_change

SETTINGS = Settings(rate=1e-2, steps=20, warmup=4, save_steps=10, log_steps=5, seed=3, ema=(0.1,))


class Line:
    """Learn y = -x with a small network; can be made to fail at a step."""

    def __init__(self, broken: range = range(0)):
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
        self.broken = broken
        self.rates: list[float] = []

    def parts(self):
        return [Part("net", self.net)]

    def loss(self, now):
        x = torch.randn(16, 4, generator=now.generator).to(self.net[0].weight.dtype)
        loss = (self.net(x).float() + x.float()).square().mean()
        if now.step in self.broken:
            self.broken = range(self.broken.start, self.broken.stop - 1)  # once fewer the next time
            loss = loss * float("nan")
        return loss, {"half": float(loss.detach()) / 2}, 16

    @torch.no_grad()
    def validate(self):
        x = torch.randn(64, 4, generator=generator(99, 0)).to(self.net[0].weight.dtype)
        return {"validation": float((self.net(x).float() + x.float()).square().mean())}

    def sheet(self, path):
        Image.new("RGB", (8, 4)).save(path)


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    state = checkpoint.load(folder)
    assert state is not None
    return {**state["weights"], **{"ema." + k: v for k, v in state["averages"]["0.1"].items()}}


def readings(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "readings.jsonl").read_text().splitlines()]


def test_a_run_killed_in_the_middle_ends_with_the_same_bits(tmp_path):
    script = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import torch
        from test_train_loop import SETTINGS, Line, Loop
        torch.set_num_threads(1)
        class Killed(Line):
            def loss(self, now):
                if now.step == 13:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().loss(now)
        Loop(Killed(), SETTINGS, Path({str(tmp_path / "killed")!r})).run()
    """)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    died = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert checkpoint.paths(tmp_path / "killed")[-1].name == "step-00000010.pt"

    assert Loop(Line(), SETTINGS, tmp_path / "killed").run()
    assert Loop(Line(), SETTINGS, tmp_path / "whole").run()
    whole, killed = weights_of(tmp_path / "whole"), weights_of(tmp_path / "killed")
    assert whole.keys() == killed.keys()
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_training_lowers_the_loss(tmp_path):
    method = Line()
    before = method.validate()["validation"]
    Loop(method, replace(SETTINGS, steps=150), tmp_path).run()
    assert method.validate()["validation"] < 0.5 * before
    assert readings(tmp_path)[-1]["validation"] < 0.5 * before


def test_a_network_in_bfloat16_learns_through_float32_masters(tmp_path):
    method = Line()
    before = method.validate()["validation"]
    Loop(method, replace(SETTINGS, steps=150, compute=torch.bfloat16), tmp_path).run()
    assert method.net[0].weight.dtype == torch.bfloat16
    assert all(w.dtype == torch.float32 for w in weights_of(tmp_path).values())
    assert method.validate()["validation"] < 0.5 * before


def test_a_loss_that_is_not_a_number_brings_back_the_last_checkpoint_at_half_the_rate(tmp_path):
    method = Line(broken=range(12, 14))
    assert Loop(method, SETTINGS, tmp_path).run()
    failed = [line for line in readings(tmp_path) if "failed_step" in line]
    assert [(line["step"], line["scale"]) for line in failed] == [(10, 0.5), (10, 0.25)][: len(failed)]
    assert failed
    state = checkpoint.load(tmp_path)
    assert state is not None
    assert state["step"] == 20
    assert state["scale"] == failed[-1]["scale"]
    assert all(w.isfinite().all() for w in weights_of(tmp_path).values())


def test_a_loss_that_never_is_a_number_ends_the_run_with_one_clear_line(tmp_path):
    class Hopeless(Line):
        def loss(self, now):
            loss, more, samples = super().loss(now)
            return loss * float("inf"), more, samples

    with pytest.raises(TrainingError, match="not finite at step 0"):
        Loop(Hopeless(), SETTINGS, tmp_path).run()


def test_a_gradient_that_is_not_finite_changes_no_weight():
    net = nn.Linear(2, 2)
    masters = Masters([Part("net", net)], torch.float32, (0.9, 0.99), 0.0)
    before = net.weight.detach().clone()
    (net(torch.ones(1, 2)) * torch.tensor([float("inf"), 0.0])).sum().backward()
    masters.step(1.0, 1.0)
    assert torch.equal(net.weight, before)


def test_the_rate_rises_stays_and_falls_to_the_floor():
    def at(step, progress):
        return rate_factor(step, progress, warmup=100, cooldown=0.25, floor=0.02)

    assert at(0, 0.0) == pytest.approx(0.01)
    assert at(49, 0.1) == pytest.approx(0.5)
    assert at(99, 0.1) == at(5000, 0.75) == 1.0
    assert at(5000, 0.875) == pytest.approx(0.51)
    assert at(5000, 1.0) == pytest.approx(0.02)


def test_a_box_of_minutes_ends_the_run_and_counts_earlier_minutes(tmp_path, monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr("safelight.train.loop.time.monotonic", lambda: next(clock) * 6.0)  # a tenth of a minute a look
    box = replace(SETTINGS, steps=None, minutes=3.0, save_steps=None, save_minutes=100.0)
    Loop(Line(), box, tmp_path).run()
    first = checkpoint.load(tmp_path)
    assert first is not None
    assert 3.0 <= first["minutes"] < 3.5
    steps = first["step"]
    assert 5 <= steps <= 31
    Loop(Line(), box, tmp_path).run()
    again = checkpoint.load(tmp_path)
    assert again is not None
    assert again["step"] == steps
    Loop(Line(), replace(box, minutes=6.0), tmp_path).run()
    longer = checkpoint.load(tmp_path)
    assert longer is not None
    assert 1.5 * steps < longer["step"] < 2.5 * steps


def test_a_run_without_an_end_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="minutes or steps"):
        Loop(Line(), Settings(rate=1e-3), tmp_path)


def test_asking_a_run_to_stop_saves_it_first(tmp_path):
    class Interrupted(Line):
        def loss(self, now):
            if now.step == 7:
                os.kill(os.getpid(), signal.SIGTERM)
            return super().loss(now)

    before = signal.getsignal(signal.SIGTERM)
    assert not Loop(Interrupted(), SETTINGS, tmp_path).run()
    assert signal.getsignal(signal.SIGTERM) == before
    state = checkpoint.load(tmp_path)
    assert state is not None
    assert state["step"] == 8


def test_checkpoints_are_whole_and_two_are_kept(tmp_path):
    Loop(Line(), replace(SETTINGS, save_steps=3), tmp_path).run()
    assert [path.name for path in checkpoint.paths(tmp_path)] == ["step-00000018.pt", "step-00000020.pt"]
    assert not list(tmp_path.glob("*.part"))
    newest = checkpoint.paths(tmp_path)[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    state = checkpoint.load(tmp_path)
    assert state is not None
    assert state["step"] == 18
    for path in checkpoint.paths(tmp_path):
        path.write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="none of the checkpoints"):
        checkpoint.load(tmp_path)


def test_a_failed_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    Loop(Line(), SETTINGS, tmp_path).run()
    state = checkpoint.load(tmp_path)
    assert state is not None

    def full(value, file):
        file.write(b"half")
        raise OSError(28, "no space left")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="no space"):
        checkpoint.save(tmp_path, state)
    again = checkpoint.load(tmp_path)
    assert again is not None
    assert again["step"] == 20


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    Loop(Line(), SETTINGS, tmp_path).run()

    class Other(Line):
        def parts(self):
            return [Part("other", self.net)]

    with pytest.raises(TrainingError, match="another network"):
        Loop(Other(), SETTINGS, tmp_path).run()


def test_exponents_of_the_averages_are_those_of_the_paper():
    assert exponent(0.05) == pytest.approx(16.97, abs=0.01)
    assert exponent(0.10) == pytest.approx(6.94, abs=0.01)


def test_an_average_weighs_step_m_like_a_power_of_m():
    w = nn.Parameter(torch.zeros(()))
    ema = Ema([w], [0.10])
    n, gamma = 400, exponent(0.10)
    for m in range(1, n + 1):
        with torch.no_grad():
            w.fill_(float(m))
        ema.update(m)
    # The mean of m under weights proportional to m^gamma is n (gamma + 1) / (gamma + 2).
    assert float(ema.tracks[0.10][0]) == pytest.approx(n * (gamma + 1) / (gamma + 2), rel=2e-3)
    assert decay(0.10, 1) == 0.0


def test_an_average_is_applied_and_taken_off_again_to_the_bit():
    w = nn.Parameter(torch.randn(5))
    ema = Ema([w], [0.05])
    ema.update(1)
    average = w.detach().clone()
    with torch.no_grad():
        w.add_(1.0)
    later = w.detach().clone()
    with ema.applied(0.05):
        assert torch.equal(w, average)
    assert torch.equal(w, later)


def test_parts_learn_at_their_own_rates_and_not_at_all_at_zero():
    fast, slow, still = (nn.Linear(3, 3) for _ in range(3))
    before = [net.weight.detach().clone() for net in (fast, slow, still)]
    parts = [Part("fast", fast), Part("slow", slow, 0.5), Part("still", still, 0.0)]
    masters = Masters(parts, torch.float32, (0.9, 0.99), 0.0)
    still(slow(fast(torch.randn(4, 3)))).square().sum().backward()
    masters.step(1e-3, 1.0)
    moved = [
        float((net.weight.detach() - old).abs().max()) for net, old in zip((fast, slow, still), before, strict=True)
    ]
    assert moved == pytest.approx([1e-3, 5e-4, 0.0], rel=1e-2)
    assert not any(name.startswith("still") for name in masters.names)


def test_readings_say_how_far_weights_move_and_how_long_it_will_take(tmp_path):
    Loop(Line(), replace(SETTINGS, log_steps=5), tmp_path).run()
    lines = [line for line in readings(tmp_path) if "update_ratio" in line]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert all(1e-4 < line["update_ratio"] < 1.0 for line in lines)
    assert all(line["gradient"] > 0 and line["samples_per_second"] > 0 for line in lines)
    assert lines[-1]["eta_minutes"] == 0.0 < lines[0]["eta_minutes"] < 5


def test_how_far_weights_move_is_measured_against_their_size():
    before, after = [torch.tensor([3.0, 4.0])], [torch.tensor([3.0, 4.5])]
    assert relative_change(before, after) == pytest.approx(0.1)


def test_a_slow_step_is_told_and_a_deadline_is_obeyed(tmp_path, monkeypatch):
    seconds = [0.0]
    monkeypatch.setattr("safelight.train.loop.time.monotonic", lambda: seconds[0])

    class Slow(Line):
        def loss(self, now):
            seconds[0] += 7.0 if now.step == 40 else 1.0
            return super().loss(now)

    told = []
    box = replace(SETTINGS, steps=500, save_steps=None, log_steps=100)
    assert not Loop(Slow(), box, tmp_path, told.append, deadline=60.0).run()
    assert [line["slow_step"] for line in told if "slow_step" in line] == [7.0]
    assert [line["usual_step"] for line in told if "slow_step" in line] == [1.0]
    state = checkpoint.load(tmp_path)
    assert state is not None and state["step"] == 55  # 54 steps of a second and one of seven: 61


def test_whenever_it_is_killed_no_more_than_ten_minutes_are_lost(tmp_path, monkeypatch):
    """With steps, examinations and contact sheets that take minutes each."""
    seconds = [0.0]
    monkeypatch.setattr("safelight.train.loop.time.monotonic", lambda: seconds[0])
    saves = [0.0]

    class Heavy(Line):
        def loss(self, now):
            seconds[0] += 45.0
            return super().loss(now)

        def validate(self):
            seconds[0] += 120.0
            return super().validate()

        def sheet(self, path):
            seconds[0] += 120.0
            return {"accuracy_noun": 0.5}

    save = checkpoint.save

    def noting(folder, state):
        saves.append(seconds[0])
        return save(folder, state)

    monkeypatch.setattr("safelight.train.loop.checkpoint.save", noting)
    Loop(Heavy(), replace(SETTINGS, steps=None, minutes=100.0, save_steps=None), tmp_path).run()
    gaps = [later - earlier for earlier, later in pairwise(saves)]
    assert len(saves) > 12
    assert max(gaps) <= 600.0
    assert any(line.get("accuracy_noun") == 0.5 for line in readings(tmp_path))


def test_a_network_learns_under_autocast_and_keeps_float32_weights(tmp_path):
    method, seen = Line(), []
    method.net[0].register_forward_hook(lambda module, x, y: seen.append(y.dtype))
    before = method.validate()["validation"]
    Loop(method, replace(SETTINGS, steps=100, autocast=True), tmp_path).run()
    assert torch.bfloat16 in seen
    assert all(w.dtype == torch.float32 for w in weights_of(tmp_path).values())
    assert method.validate()["validation"] < 0.5 * before
