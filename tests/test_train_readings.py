"""What a run measured: lines of JSON, TensorBoard's files, curves, and steps that took too long."""

import math
import sys
import xml.etree.ElementTree as ET

import pytest
import torch
from PIL import Image

from safelight.cli import main
from safelight.errors import TrainingError
from safelight.train import board
from safelight.train.board import Board
from safelight.train.charts import MOST, Chart, Line, Png, Svg, draw, log_ticks, thinned, ticks
from safelight.train.gates import GATES, Gate, at_the_end, on_the_way
from safelight.train.pace import KNOWN, Pace, Tally
from safelight.train.plots import charts, plot, runs
from safelight.train.readings import Journal, latest, read


@pytest.fixture(autouse=True)
def no_tensorboard(monkeypatch, request):
    """Without TensorBoard, but where a test is about it."""
    if "tensorboard" not in request.node.name:
        monkeypatch.setattr(board, "available", lambda: False)


def test_a_line_is_written_and_read_again(tmp_path):
    line = Journal(tmp_path, 0).write(7, 1.23456, {"loss": 0.123456789})
    assert line == {"step": 7, "minutes": 1.235, "loss": 0.123457}
    assert read(tmp_path) == [line]
    assert latest(tmp_path) == line
    assert read(tmp_path / "nowhere") == []


def test_steps_that_a_killed_run_took_again_are_read_once(tmp_path):
    journal = Journal(tmp_path, 0)
    for step, loss in ((10, 5.0), (20, 4.0), (30, 3.0), (20, 4.5), (30, 3.5)):
        journal.write(step, step / 10, {"loss": loss})
    # "20" of the second life comes after "20" of the first: only what lies beyond where it went back to is dropped.
    assert [(line["step"], line["loss"]) for line in read(tmp_path)] == [(10, 5.0), (20, 4.0), (20, 4.5), (30, 3.5)]


def test_half_a_line_and_other_rubbish_are_no_readings_and_spoil_none(tmp_path):
    path = tmp_path / "readings.jsonl"
    path.write_bytes(
        b'[]\n{"step": "a"}\n\xff\xfe\n{"step": 1, "minutes": 1.0, "loss": 2.0, "note": "x"}\n{"step": 2, "mi'
    )
    Journal(tmp_path, 2).write(3, 2.0, {"loss": 1.0})
    assert read(tmp_path) == [{"step": 1, "minutes": 1.0, "loss": 2.0}, {"step": 3, "minutes": 2.0, "loss": 1.0}]


def test_a_step_that_takes_more_than_three_times_the_usual_is_told_once_in_a_while():
    pace = Pace()
    assert [pace.watch(1.0, 32) for _ in range(KNOWN)] == [None] * KNOWN
    assert pace.watch(2.9, 32) is None
    assert pace.watch(3.5, 32) == {"slow_step": 3.5, "usual_step": 1.0}
    assert pace.watch(9.0, 32) is None  # said already
    for _ in range(60):
        pace.watch(1.0, 32)
    assert pace.watch(9.0, 64) is None  # other batches have other times
    assert pace.watch(9.0, 32) is not None


def test_readings_are_means_and_speed_counts_only_the_time_of_steps():
    tally = Tally()
    tally.add({"a": 1.0, "b": torch.tensor(4.0, requires_grad=True)}, 8, 0.1)
    tally.add({"a": 3.0}, 8, 0.2)
    tally.seconds = 4.0
    assert tally.means() == {"a": 2.0, "b": 4.0, "rate": 0.2, "samples_per_second": 4.0}


# -- Gates -------------------------------------------------------------------------------------------------------------


def test_a_gate_says_which_reading_which_threshold_and_what_to_do():
    gate = Gate("psnr", 27.0, advice="train on")
    assert gate.objection({"psnr": 27.0}) is None
    assert gate.objection({"psnr": 26.5}) == "psnr is 26.5, at least 27 is needed; train on"
    assert gate.objection({}) == "psnr was not measured; train on"
    assert "at least" in (gate.objection({"psnr": math.nan}) or "")
    assert Gate("error", most=0.1).objection({"error": 0.2}) == "error is 0.2, at most 0.1 is needed; "


def test_gates_on_the_way_are_asked_from_their_time_on_and_only_of_lines_that_hold_them():
    gates = (Gate("gap", 0.1, after=0.25), Gate("gap", 0.2))
    assert on_the_way(gates, {"gap": 0.0}, 0.2) is None
    assert on_the_way(gates, {"loss": 0.0}, 0.5) is None
    assert on_the_way(gates, {"gap": 0.05}, 0.5) is not None
    assert on_the_way(gates, {"gap": 0.15}, 0.5) is None
    assert at_the_end(gates, {"gap": 0.15}) is not None


def test_what_the_first_model_reached_passes_the_gates_that_it_should():
    assert at_the_end(GATES["encoder"], {"validation_error": 0.002, "validation_error_half": 0.0025}) is None
    assert at_the_end(GATES["decoder"], {"validation_psnr": 26.5}) is not None  # known to be too soft
    assert at_the_end(GATES["unet-coarse"], {"text_gap": 0.0153, "text_gap_late": 0.0137}) is None
    assert all(gate.advice for gates in GATES.values() for gate in gates)


# -- TensorBoard -------------------------------------------------------------------------------------------------------


def test_without_tensorboard_there_are_no_event_files(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.setattr(board, "find_spec", lambda name: None)
    assert not board.available()
    assert Board.open(tmp_path, 0) is None
    Journal(tmp_path, 0).write(1, 1.0, {"loss": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["readings.jsonl"]


def test_tensorboard_reads_the_event_files(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    journal = Journal(tmp_path, 40)
    journal.write(50, 1.0, {"loss": 0.5, "gradient": 2.0})
    Image.new("RGB", (30, 20)).save(tmp_path / "sheet.png")
    journal.picture(60, tmp_path / "sheet.png")
    journal.close()
    (path,) = tmp_path.glob("events.out.tfevents.*")
    events = [Event.FromString(raw) for raw in RawEventFileLoader(str(path)).Load()]
    assert events[0].file_version == "brain.Event:2"
    assert (events[1].session_log.status, events[1].step) == (1, 40)
    assert {v.tag: v.simple_value for v in events[2].summary.value} == {"loss": 0.5, "gradient": 2.0}
    image = events[3].summary.value[0].image
    assert (events[3].step, image.width, image.height) == (60, 30, 20)


# -- Curves ------------------------------------------------------------------------------------------------------------


def run_of_two_courses(folder):
    for stage, gap in (("unet-coarse", 0.01), ("unet-middle", 0.02)):
        (folder / stage).mkdir()
        journal = Journal(folder / stage, 0)
        for step in range(1, 6):
            journal.write(10 * step, float(step), {"loss_t0": 0.5 / step, "gradient": 1.0, "samples_per_second": 9.0})
            journal.write(
                10 * step, float(step), {"text_gap": gap * step, "validation_loss_t3": 0.1, "accuracy_noun": 0.5}
            )
    (folder / "decoder").mkdir()
    Journal(folder / "decoder", 0).write(10, 1.0, {"validation_psnr": 25.0})
    Image.new("RGB", (30, 20)).save(folder / "decoder" / "sheet-00000010.png")


def test_courses_follow_one_another_on_one_axis(tmp_path):
    run_of_two_courses(tmp_path)
    made = {chart.title: chart for chart in charts(runs(tmp_path))}
    gap = made["diffusion model: text gap"]
    assert gap.lines[0].points == [(t, 0.01 * t) for t in range(1, 6)] + [(5.0 + t, 0.02 * t) for t in range(1, 6)]
    assert gap.marks == ((0.0, "unet-coarse"), (5.0, "unet-middle"))
    assert {"decoder: PSNR in dB", "diffusion model: accuracy", "diffusion model: samples per second"} <= made.keys()


def test_a_run_is_drawn_as_a_picture_and_a_page_of_its_own(tmp_path, capsys):
    run_of_two_courses(tmp_path)
    assert main(["train", "plot", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "plots.png"), str(tmp_path / "plots.html")]
    with Image.open(tmp_path / "plots.png") as picture:
        assert picture.width == 1120
        assert len(picture.getcolors(100_000) or []) > 50
    page = (tmp_path / "plots.html").read_text()
    assert page.count("<svg") == len(charts(runs(tmp_path)))
    assert "data:image/png;base64," in page
    assert "src=" not in page.replace('src="data:', "")


def test_a_folder_without_readings_is_one_line(tmp_path):
    with pytest.raises(TrainingError, match="no readings"):
        plot(tmp_path)
    with pytest.raises(TrainingError, match="no folder"):
        plot(tmp_path / "gone")
    assert main(["train", "plot", str(tmp_path)]) == 2


def test_a_chart_is_well_formed_whatever_it_is_given():
    hostile = Line('<b> & "x"', [(0.0, math.nan), (1.0, -1.0), (2.0, 3.0), (3.0, math.inf)])
    for lines in ((), (hostile,), (Line("one", [(5.0, 5.0)]),), (Line("flat", [(0.0, 0.0), (1.0, 0.0)]),)):
        for log in (False, True):
            svg = Svg(560, 300)
            draw(Chart("<title>", lines, log), svg)
            assert ET.fromstring(svg.page()).tag.endswith("svg")
            draw(Chart("<title>", lines, log), Png(560, 300))


def test_ticks_are_round_numbers_inside_the_range():
    assert ticks(0.0, 10.0) == [0, 2, 4, 6, 8, 10]
    assert ticks(-0.013, 0.021) == pytest.approx([-0.01, 0.0, 0.01, 0.02])
    assert ticks(3.0, 3.0) == [3.0]
    assert log_ticks(-2.0, 0.0) == pytest.approx([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])
    assert log_ticks(-6.0, 0.0) == pytest.approx([10.0**power for power in range(-6, 1)])
    assert len(log_ticks(0.05, 0.15)) > 1


def test_long_curves_are_thinned_to_means_of_neighbours():
    points = [(float(x), float(x % 2)) for x in range(4 * MOST)]
    few = thinned(points)
    assert len(few) == MOST
    assert few[0] == (1.5, 0.5)
    assert thinned(points[:9]) == points[:9]
