"""A grid is one labelled sheet over two or three fields of a recipe."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import test_cli
from safelight.cli import main
from safelight.cli.cells import axis, seeds, shown
from safelight.cli.sheet import LARGEST, Block, sheet
from safelight.errors import NumericalError, RecipeError

model = test_cli.model  # the fixture: a model of noise, in an empty folder


def test_three_axes_make_all_cells_with_one_seed(model, capsys):
    arguments = ["grid", "a car", "--x", "steps=10,20", "--y", "sampler=euler,ddim", "--z", "guidance_scale=3,7.5"]
    assert main([*arguments, "--seed", "4", "--json", "--keep", "kept"]) == 0
    made = [(r.guidance_scale, r.sampler, r.steps, r.seed) for r in model.made]
    assert made == [(z, y, x, 4) for z in (3, 7.5) for y in ("euler", "ddim") for x in (10, 20)]
    out = capsys.readouterr().out.splitlines()
    assert json.loads(out[-1]) == {"sheet": "grid.png", "failed": 0}
    assert len(list(Path("kept").iterdir())) == 8
    with Image.open("grid.png") as drawn:
        assert drawn.width > 2 * 64 and drawn.height > 4 * 64


def test_the_pictures_stand_in_their_places(model):
    assert main(["grid", "a car", "--x", "seed=1,2", "--y", "steps=2,3", "--output", "g.png"]) == 0
    with Image.open("g.png") as drawn:
        pixels = np.asarray(drawn.convert("RGB"))
    one = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    found = [
        (x, y)
        for y in range(pixels.shape[0] - 63)
        for x in range(pixels.shape[1] - 63)
        if (pixels[y, x] == one[0, 0]).all() and (pixels[y : y + 64, x : x + 64] == one).all()
    ]
    assert len(found) == 2 and found[0][0] == found[1][0]  # seed 1 fills the first column


def test_labels_are_written(model):
    black = Image.new("RGB", (64, 64))
    bare = np.asarray(sheet([Block("", [[black, black]])], [], []))
    labelled = np.asarray(sheet([Block("scale 7", [[black, black]])], ["steps 1", "steps 2"], ["euler"]))
    assert labelled.shape[0] > bare.shape[0] and labelled.shape[1] > bare.shape[1]
    top = labelled[:14, :64].astype(int)
    assert (top.max() - top.min()) > 150  # ink on paper


def test_a_sheet_is_never_larger_than_it_may_be():
    wide = Image.new("RGB", (2048, 64))
    drawn = sheet([Block("", [[wide] * 10])], ["a long label " * 30] * 10, ["r" * 500])
    assert drawn.width < LARGEST + 2500


def test_a_cell_that_fails_stays_empty_and_the_exit_code_is_1(model, capsys):
    def refuse(recipe):
        if recipe.seed == 2:
            raise NumericalError("NaN")

    model.before = refuse
    assert main(["grid", "a car", "--x", "seed=1-3"]) == 1
    said = capsys.readouterr()
    assert "cell 2 of 3: NaN" in said.err and said.out == "grid.png\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--x", "stepz=1,2"], "Did you mean 'steps'"),
        (["--x", "steps"], "--x steps=10,20,30"),
        (["--x", "steps=1,,2"], "empty value"),
        (["--x", "steps=1,2", "--y", "steps=3"], "same field"),
        (["--x", "steps=1,many"], "many"),
        (["--x", "seed=5-1"], "lower seed first"),
        (["--x", "seed=0-2000"], "too many"),
        ([], "say what changes"),
        (["--x", "steps=1", "--output", "g.gif"], "a sheet is one picture"),
        (["--x", "steps=1", "--cell", "5"], "--cell"),
        (["--x", "steps=1", "--set", "width"], "--set steps=20"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_made(model, capsys, arguments, words):
    assert main(["grid", "a car", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert model.asked == []


def test_values_are_read_as_their_field_needs_them():
    assert axis("steps=1, 2", "--x") == ("steps", [1, 2])
    assert axis("prompt=a, b; c", "--x") == ("prompt", ["a, b", "c"])
    assert axis("guidance-scale=1,7.5", "--x") == ("guidance_scale", [1, 7.5])
    assert axis("freeu=1,1,1,1; 1.5,1.6,0.9,0.2", "--x")[1] == [[1, 1, 1, 1], [1.5, 1.6, 0.9, 0.2]]
    assert axis("perp_neg=true,false", "--x")[1] == [True, False]
    name, values = axis("loras=a.safetensors:0.5;b.safetensors", "--x")
    assert [shown(name, value) for value in values] == ["loras a.safetensors", "loras b.safetensors"]


def test_seeds_are_ranges_and_lists():
    assert seeds("0-3,9,3") == [0, 1, 2, 3, 9]
    for text in ("", "a", "-1", "5-1", "1-", "0-99999999", "²", str(2**64)):
        with pytest.raises(RecipeError, match="--seeds"):
            seeds(text)
