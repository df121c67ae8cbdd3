"""An atlas shows what many seeds would give, in few steps, so that one can be chosen by its seed."""

import numpy as np
import pytest
from PIL import Image

import test_cli
from safelight.cli import main
from safelight.cli.atlas import preview
from safelight.errors import RecipeError
from safelight.recipe import Recipe

model = test_cli.model  # the fixture: a model of noise, in an empty folder


def test_every_seed_gets_a_preview_of_few_steps(model, capsys):
    assert main(["atlas", "a car", "--seeds", "0-6", "--cell", "64"]) == 0
    assert [(recipe.seed, recipe.steps) for recipe in model.made] == [(seed, 6) for seed in range(7)]
    said = capsys.readouterr()
    assert said.out == "atlas.png\n" and "--seed" in said.err
    with Image.open("atlas.png") as drawn:  # three columns of three rows
        assert 3 * 64 < drawn.width < 4 * 64 + 40 and 3 * 64 < drawn.height < 4 * 64 + 60


def test_each_cell_is_labelled_with_its_seed(model):
    main(["atlas", "a car", "--seeds", "1,2", "--output", "a.png", "--cell", "64", "--columns", "2"])
    main(["atlas", "a car", "--seeds", "1,3", "--output", "b.png", "--cell", "64", "--columns", "2"])
    with Image.open("a.png") as a, Image.open("b.png") as b:
        first, second = np.asarray(a.convert("RGB")), np.asarray(b.convert("RGB"))
    assert (first[:, :70] == second[:, :70]).all() and not (first[:, 72:] == second[:, 72:]).all()


def test_a_preview_is_the_same_recipe_in_fewer_steps():
    whole = Recipe(prompt="a car", seed=5, sampler="ddim", guidance_scale=4, steps=50)
    assert preview(whole, 6) == whole.model_copy(update={"steps": 6})


@pytest.mark.parametrize("sampler", ["euler_a", "dpmpp_2m_sde", "dpmpp_sde"])
def test_samplers_that_leave_their_curve_are_refused(sampler):
    with pytest.raises(RecipeError, match="new noise"):
        preview(Recipe(prompt="a", sampler=sampler), 6)
    assert preview(Recipe(prompt="a", sampler="euler_a", eta=0), 6).steps == 6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "9-1"], "lower seed first"),
        (["--steps", "0"], "steps"),
        (["--columns", "0"], "--columns"),
        (["--set", "seed=4"], "use --seeds"),
        (["--set", "sigmas=14,5,1"], "by hand"),
        (["--output", "x"], "a sheet is one picture"),
    ],
)
def test_what_makes_no_atlas_is_refused_in_one_line(model, capsys, arguments, words):
    assert main(["atlas", "a car", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert model.asked == []
