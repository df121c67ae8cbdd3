"""What the example of a guidance of one's own promises."""

import subprocess
import sys
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch

from oracles import Mixture, relative

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    from diffusers.guiders import ClassifierFreeZeroStarGuidance

EXAMPLE = Path(__file__).parent.parent / "examples" / "new_guidance.py"


@pytest.fixture(scope="module")
def example():
    spec = spec_from_file_location("new_guidance", EXAMPLE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def latent():
    return 3 * torch.randn((2, 4, 6, 6), generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_new_guidance_is_that_of_diffusers_and_at_scale_one_the_prompt_alone(example):
    positive, negative, x = Mixture(), Mixture((0.3, 0.6, -1.5)), latent()
    theirs = ClassifierFreeZeroStarGuidance(guidance_scale=7.5, zero_init_steps=0)
    theirs.set_state(3, 10, torch.tensor(500))
    output = theirs.forward(x - positive(x, 2.0), x - negative(x, 2.0)).pred
    assert relative(example.zero_star(positive, negative, 7.5)(x, 2.0), x - output) < 1e-5  # theirs sums in float32
    assert torch.equal(example.zero_star(positive, negative, 1.0)(x, 2.0), positive(x, 2.0))


def test_it_draws_a_picture_that_differs_from_one_without_it(example):
    drawn = [example.draw("a red sports car on a mountain road", 7, 3, scale, (64, 64)) for scale in (1.0, 4.0)]
    assert drawn[0].shape == (3, 64, 64)
    assert all(picture.isfinite().all() for picture in drawn)
    assert (drawn[0] - drawn[1]).abs().max() > 0.05


@pytest.mark.slow
def test_it_runs_as_a_script(tmp_path):
    subprocess.run([sys.executable, EXAMPLE, "a blue house"], check=True, timeout=300, cwd=tmp_path)
    assert (tmp_path / "new_guidance.png").stat().st_size > 1000
