"""A batch makes a picture for each row, goes on after a bad one, and never makes one twice."""

import json
from pathlib import Path

import pytest

import test_cli
from safelight.cli import main
from safelight.cli.batch_file import read
from safelight.cli.batch_log import check_template
from safelight.errors import NumericalError, RecipeError
from safelight.metadata import read_metadata

model = test_cli.model  # the fixture: a model of noise, in an empty folder

CSV = 'prompt,seed,steps,name,freeu\n"a car, red",5,3,first,\na house,6,,,"1.5,1.6,0.9,0.2"\n\na cat,,2,,\n'


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def write(text, name="rows.csv"):
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_each_row_becomes_a_picture_with_its_recipe(model, capsys):
    assert main(["batch", write(CSV), "--json"]) == 0
    events = lines(capsys)
    done = [event for event in events if event["event"] == "finished"]
    assert [Path(event["path"]).name for event in done][:2] == ["0001-5-a-car-red.png", "0002-6-a-house.png"]
    recipe = read_metadata(done[1]["path"]).recipe
    assert (recipe.prompt, recipe.seed, recipe.freeu) == ("a house", 6, (1.5, 1.6, 0.9, 0.2))
    assert events[-1] == {"event": "done", "made": 3, "kept": 0, "failed": 0}


def test_run_again_it_makes_only_what_is_missing(model, capsys):
    write(CSV)
    main(["batch", "rows.csv"])
    made = capsys.readouterr().out.split()
    Path(made[1]).unlink()
    model.made.clear()
    assert main(["batch", "rows.csv"]) == 0
    assert [recipe.prompt for recipe in model.made] == ["a house"]
    assert capsys.readouterr().out.split() == [made[1]]
    write(CSV.replace("a cat", "a dog"))
    model.made.clear()
    main(["batch", "rows.csv"])
    assert [recipe.prompt for recipe in model.made] == ["a dog"]
    model.made.clear()
    main(["batch", "rows.csv", "--again"])
    assert len(model.made) == 3


def test_a_dry_run_makes_and_loads_nothing(model, capsys):
    assert main(["batch", write(CSV), "--dry-run", "--json"]) == 0
    events = lines(capsys)
    assert [event["event"] for event in events] == ["waiting"] * 3 + ["done"]
    assert events[-1]["would_make"] == 3
    assert model.asked == [] and not Path("pictures").exists()


def test_a_bad_row_is_reported_and_the_rest_goes_on(model, capsys):
    write('{"prompt": "a", "seed": 1}\n{"prompt": "b", "stepz": 3}\nnonsense\n{"seed": 4}\n', "rows.jsonl")

    def refuse(recipe):
        if recipe.seed == 4:
            raise NumericalError("the UNet answered with NaN")

    model.before = refuse
    assert main(["batch", "rows.jsonl"]) == 1
    said = capsys.readouterr().err
    assert "row 2: a recipe has no field 'stepz'. Did you mean 'steps'" in said
    assert "row 3" in said and "line 3" in said and "NaN" in said
    assert [recipe.seed for recipe in model.made] == [1]
    model.before = lambda recipe: None
    assert main(["batch", "rows.jsonl"]) == 1
    assert [recipe.seed for recipe in model.made] == [1, 4]


def test_toml_has_what_holds_for_all_above_its_pictures(model):
    write('steps = 2\nseed = 3\n[[picture]]\nprompt = "a"\n[[picture]]\nprompt = "b"\nseed = 4\n', "rows.toml")
    assert main(["batch", "rows.toml", "--output", "out", "--name", "{prompt}_{seed}.webp"]) == 0
    assert [(r.prompt, r.seed, r.steps) for r in model.made] == [("a", 3, 2), ("b", 4, 2)]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a_3.webp", "b_4.webp", "batch.jsonl"]


def test_the_same_row_twice_is_two_pictures_and_always_the_same_two(model):
    write("prompt\na\na\n")
    first = [row.recipe.seed for row in read(Path("rows.csv"), {})]
    assert len(set(first)) == 2
    assert [row.recipe.seed for row in read(Path("rows.csv"), {})] == first


def test_a_picture_of_another_recipe_is_never_written_over(model):
    write("prompt,seed\na,1\n")
    main(["batch", "rows.csv", "--name", "{prompt}"])
    write("prompt,seed\na,2\n")
    main(["batch", "rows.csv", "--name", "{prompt}"])
    assert {path.name for path in Path("pictures/rows").glob("*.png")} == {"a.png", "a-2.png"}


def test_ctrl_c_keeps_what_is_done(model, capsys):
    def stop(recipe):
        if recipe.seed == 6:
            raise KeyboardInterrupt

    model.before = stop
    assert main(["batch", write(CSV)]) == 130
    assert "1 made" in capsys.readouterr().err
    model.before = lambda recipe: None
    model.made.clear()
    assert main(["batch", "rows.csv"]) == 0
    assert len(model.made) == 2


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "prompt,cfg_scal\na,1\n", "no field 'cfg_scal'"),
        ("a.csv", "", "no rows"),
        ("a.csv", "prompt,prompt\na,b\n", "named twice"),
        ("a.csv", 'prompt\n"a\n', "line"),
        ("a.toml", "x = [", "not TOML"),
        ("a.toml", 'prompt = "a"', "[[picture]]"),
        ("a.toml", "x = " + "[" * 5000, "not TOML"),
        ("a.txt", "a", "no batch"),
        ("gone.csv", None, "No such file"),
    ],
)
def test_a_file_that_is_no_batch_is_refused_in_one_line(model, capsys, name, text, words):
    if text is not None:
        write(text, name)
    assert main(["batch", name]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert model.asked == []


@pytest.mark.parametrize("template", ["{sed}", "../{seed}", "{seed}.gif", "", ".x", "{"])
def test_a_template_that_is_no_file_name_is_refused(template):
    with pytest.raises(RecipeError, match="--name"):
        check_template(template)


def test_a_damaged_log_counts_as_nothing_made(model):
    main(["batch", write("prompt,seed\na,1\n")])
    log = Path("pictures/rows/batch.jsonl")
    log.write_text('[1]\n{"digest": 5}\nnot json\n{"digest": "x", "file": "../../etc"}\n')
    model.made.clear()
    assert main(["batch", "rows.csv"]) == 0
    assert len(model.made) == 1
