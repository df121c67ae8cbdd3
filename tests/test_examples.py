"""What the examples promise."""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np

import safelight
from safelight.picture import Picture, from_tensor

EXAMPLES = Path(__file__).parent.parent / "examples"


def load(name):
    spec = spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_by_hand_draws_the_picture_that_the_library_draws():
    prompt = "a red sports car on a mountain road"
    by_hand = from_tensor(load("by_hand").draw(prompt, seed=7, steps=6, scale=4.0, size=(96, 64)))
    recipe = safelight.Recipe(
        prompt=prompt, seed=7, steps=6, guidance_scale=4.0, width=96, height=64, sampler="euler", schedule="uniform"
    )
    library = safelight.load("bundled").generate(recipe).pixels
    assert library.std() > 10
    # Two network calls of one row round a little differently from one of two rows.
    assert np.abs(by_hand.astype(int) - library.astype(int)).max() <= 1


def test_by_hand_runs_as_a_script_and_its_picture_can_be_made_again(tmp_path):
    script = [sys.executable, EXAMPLES / "by_hand.py", "a blue house"]
    subprocess.run(script, check=True, timeout=120, cwd=tmp_path)
    picture = Picture.open(tmp_path / "by_hand.png")
    again = safelight.load("bundled").generate(picture.recipe).pixels
    assert np.abs(again.astype(int) - picture.pixels.astype(int)).max() <= 1
