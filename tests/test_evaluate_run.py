"""An evaluation of a model that makes no mistakes, by a judge who makes none."""

import json
import re

import pytest
from typer.testing import CliRunner

from evaluate_fakes import World, listed
from safelight.errors import RecipeError, SafelightError
from safelight.evaluate.run import PARTS, QUICK, Plan, evaluate, limited

PLAN = Plan(
    seeds=1, most=2, guidance_most=1, scales=(1.0, 4.0), sampler_most=1, samplers=("ddim", "euler_a"),
    steps=(5, 10), reference=50, training=8,
)  # fmt: skip


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_every_part_is_found_and_put_on_one_page(world, tmp_path):
    heard = []
    report = evaluate(world.artist(), world, tmp_path, PLAN, tell=lambda done, what: heard.append(done))
    parts = report["parts"]
    assert list(parts) == list(PARTS)
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert heard == sorted(heard)
    assert heard[-1] == 1

    rows = parts["prompts"]
    assert all(row["all"]["share"] == 1 for row in (*rows["tasks"].values(), *rows["ceilings"]["roundtrip"].values()))
    assert rows["tasks"]["mean of six"]["all"]["pictures"] == 12
    assert {"seen", "held-out"} <= rows["tasks"]["count"].keys()
    assert rows["factors"]["all"]["two-colour binding"]["share"] == 1
    assert parts["negatives"]["asked"]["any"] == 1
    assert parts["negatives"]["unnamed"]["any"] == parts["negatives"]["negative"]["any"] == 0
    assert set(parts["distance"]) == {"made", "other renders", "through the autoencoder", "blurred"}
    assert parts["distance"]["through the autoencoder"]["frechet"] == pytest.approx(0, abs=1e-9)
    assert [point["at"] for point in parts["guidance"]["points"]] == [1, 4]
    assert [point["error"] for point in parts["samplers"]["points"]["ddim"]] == pytest.approx([1 / 5 - 0.02, 0.08])
    assert parts["samplers"]["points"]["euler_a"][0]["error"] is None
    assert len(parts["memory"]["nearest"]) == 8

    page = (tmp_path / "report.html").read_text()
    assert all(f'id="{name}"' in page for name in PARTS)
    assert page.count("<svg") == 5
    assert "data:image/jpeg;base64," in page
    assert "<script" not in page
    assert not re.findall(r"(?:https?:)?//[a-z]", re.sub(r"base64,[^\"]*", "", page))
    assert page.count("<figure") == page.count("</figure>")


def test_a_second_run_draws_nothing_and_says_the_same(world, tmp_path):
    first = evaluate(world.artist(), world, tmp_path, PLAN)
    drawn, files = len(world.drawn), listed(tmp_path)
    page = (tmp_path / "report.html").read_bytes()
    assert evaluate(world.artist(), world, tmp_path, PLAN) == first
    assert len(world.drawn) == drawn
    assert listed(tmp_path) == files
    assert (tmp_path / "report.html").read_bytes() == page


def test_a_stopped_run_goes_on_where_it_was(world, tmp_path):
    artist = world.artist()
    made = artist.draw

    def stopping(recipes):
        for i, one in enumerate(made(recipes)):
            if i == 3:
                raise KeyboardInterrupt
            yield one

    object.__setattr__(artist, "draw", stopping)
    with pytest.raises(KeyboardInterrupt):
        evaluate(artist, world, tmp_path, PLAN, ["prompts"])
    world.drawn.clear()
    report = evaluate(world.artist(), world, tmp_path, PLAN, ["prompts"])
    assert len({recipe.digest() for recipe in world.drawn}) == len(report["parts"]["prompts"]["pictures"]) - 3


def test_a_damaged_picture_is_drawn_again(world, tmp_path):
    report = evaluate(world.artist(), world, tmp_path, PLAN, ["prompts"])
    (tmp_path / "pictures" / report["parts"]["prompts"]["pictures"][0]["file"]).write_bytes(b"\x89PNG nothing")
    world.drawn.clear()
    assert evaluate(world.artist(), world, tmp_path, PLAN, ["prompts"]) == report
    assert len(world.drawn) == 1


def test_parts_that_are_asked_later_are_added_and_those_of_another_judge_are_not_kept(world, tmp_path):
    evaluate(world.artist(), world, tmp_path, PLAN, ["guidance"])
    assert list(evaluate(world.artist(), world, tmp_path, PLAN, ["prompts"])["parts"]) == ["prompts", "guidance"]
    world.hash = "c" * 64
    assert list(evaluate(world.artist(), world, tmp_path, PLAN, ["guidance"])["parts"]) == ["guidance"]


def test_a_part_that_there_is_not_is_refused_before_any_work(world, tmp_path):
    with pytest.raises(RecipeError, match="Did you mean 'prompts'"):
        evaluate(world.artist(), world, tmp_path, PLAN, ["promts"])
    assert listed(tmp_path) == []


def test_fewer_prompts_can_be_asked():
    assert limited(QUICK, None) == QUICK
    assert limited(QUICK, 2).guidance_most == 2
    assert limited(QUICK, 9).guidance_most == QUICK.guidance_most


def test_words_from_files_cannot_become_markup(world, tmp_path):
    from safelight.evaluate.report import page

    report = evaluate(world.artist(), world, tmp_path, PLAN, ["prompts"])
    report["about"]["model"] = report["parts"]["prompts"]["pictures"][0]["text"] = "<script>alert(1)</script>"
    assert "<script" not in page(report, tmp_path / "pictures")


def test_a_model_without_a_recogniser_is_told_so_in_one_line(tmp_path):
    from safelight.cli.app import app

    done = CliRunner().invoke(app, ["evaluate", "bundled", "--recogniser", str(tmp_path / "none.safetensors")])
    assert isinstance(done.exception, SafelightError)
    assert "there is no such file" in str(done.exception)

    from safelight.cli.evaluate import recogniser_of

    (tmp_path / "model.safetensors").touch()
    with pytest.raises(SafelightError, match="no recogniser beside this model") as caught:
        recogniser_of(tmp_path / "model.safetensors", None)
    assert "\n" not in str(caught.value)
    place = tmp_path / "recogniser" / "recogniser.safetensors"
    place.parent.mkdir()
    place.touch()
    assert recogniser_of(tmp_path, None) == place
