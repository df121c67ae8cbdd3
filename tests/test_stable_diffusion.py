"""The whole way from a folder, a prompt and a seed to pixels, against diffusers' own pipeline."""

import json
import shutil
import socket
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import init

from safelight.errors import RecipeError
from safelight.models.unet import UNet
from safelight.recipe import Recipe
from safelight.stable_diffusion import StableDiffusion
from safelight.weights.checkpoint import write_folder
from tiny import DEFAULTS, TEXT, UNET, VAE, tiny_model, vocabulary

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the oracle says on import is its own
    import diffusers

PROMPT, NEGATIVE = "a red car on a mountain road", "house at night"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A v1 model on disk, with weights large enough that the prompt, and each step, shows in the pixels."""
    model = tiny_model()
    torch.manual_seed(5)
    for network in (model.unet.network, model.vae.network):
        for parameter in network.parameters():
            if parameter.ndim > 1:
                init.normal_(parameter, 0, 1.4 * parameter[0].numel() ** -0.5)
    path = tmp_path_factory.mktemp("models") / "tiny-v1"
    schedule = model.schedule.config
    nets = model.text.network, model.unet.network, model.vae.network
    write_folder(path, *nets, schedule, DEFAULTS, vocabulary())
    return path


@pytest.fixture(scope="module")
def ours(folder):
    return StableDiffusion.load(folder, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def pipeline(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = diffusers.StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def theirs(pipeline, scheduler, steps, seed=7, width=72, height=64, **options):
    base = dict(pipeline.scheduler.config)
    base = {k: v for k, v in base.items() if k in ("beta_start", "beta_end", "beta_schedule", "steps_offset")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline.scheduler = scheduler(**base, **options)
        return pipeline(
            PROMPT,
            negative_prompt=NEGATIVE,
            num_inference_steps=steps,
            guidance_scale=5.0,
            width=width,
            height=height,
            generator=torch.Generator("cpu").manual_seed(seed),
            output_type="np",
        ).images[0]


@pytest.mark.parametrize(
    ("sampler", "schedule", "scheduler", "options"),
    [
        ("plms", "leading", diffusers.PNDMScheduler, {"skip_prk_steps": True, "set_alpha_to_one": False}),
        ("ddim", "leading", diffusers.DDIMScheduler, {"clip_sample": False, "set_alpha_to_one": False}),
        ("ddpm", "leading", diffusers.DDPMScheduler, {"clip_sample": False}),
        ("euler", "uniform", diffusers.EulerDiscreteScheduler, {}),
        ("euler_a", "uniform", diffusers.EulerAncestralDiscreteScheduler, {}),
        ("lms", "leading", diffusers.LMSDiscreteScheduler, {"timestep_spacing": "leading"}),
        ("heun", "uniform", diffusers.HeunDiscreteScheduler, {}),
        ("unipc", "trailing", diffusers.UniPCMultistepScheduler, {"timestep_spacing": "trailing"}),
    ],
)
@pytest.mark.parametrize("steps", [2, 7])
def test_the_picture_is_that_of_diffusers_from_the_same_folder_prompt_and_seed(
    ours, pipeline, sampler, schedule, scheduler, options, steps
):
    reference = theirs(pipeline, scheduler, steps, **options)
    recipe = Recipe(
        prompt=PROMPT, negative_prompt=NEGATIVE, seed=7, width=72, height=64, steps=steps, guidance_scale=5.0,
        sampler=sampler, schedule=schedule,
    )  # fmt: skip
    pixels = ours.generate(recipe).pixels.astype(int)
    reference = (reference * 255).round().astype(int)
    assert reference.std() > 10  # there is something to compare
    # diffusers reads sigmas by linear, k-diffusion and we by log-linear interpolation: 1.5e-5 apart.
    assert np.abs(pixels - reference).max() <= 1


def test_nothing_but_a_folder_a_prompt_and_a_seed_makes_the_picture_of_diffusers(folder, tmp_path):
    """v1.4's own way: PNDM, leading, 50 steps, scale 7.5, the size that the UNet's config says."""
    path = tmp_path / "plain"
    shutil.copytree(folder, path)
    (path / "safelight.json").unlink()
    scheduler = {
        "_class_name": "PNDMScheduler", "_diffusers_version": "0.2.2", "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "clip_sample": False, "num_train_timesteps": 1000,
        "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None,
    }  # fmt: skip
    (path / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    index = json.loads((path / "model_index.json").read_text())
    (path / "model_index.json").write_text(json.dumps(index | {"scheduler": ["diffusers", "PNDMScheduler"]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = diffusers.StableDiffusionPipeline.from_pretrained(path, safety_checker=None, local_files_only=True)
        pipe.set_progress_bar_config(disable=True)
        reference = pipe(PROMPT, generator=torch.Generator("cpu").manual_seed(7), output_type="np").images[0]
    picture = StableDiffusion.load(path, device="cpu").generate(Recipe(prompt=PROMPT, seed=7))
    assert (picture.recipe.sampler, picture.recipe.steps, picture.recipe.guidance_scale) == ("plms", 50, 7.5)
    assert np.abs(picture.pixels.astype(int) - (reference * 255).round().astype(int)).max() <= 1


def test_a_recipe_of_other_weights_is_refused(ours):
    with pytest.raises(RecipeError, match="made with other weights \\(aaaaaaaaaa\\)"):
        ours.generate(Recipe(prompt=PROMPT, model_hash="a" * 64))
    assert ours.generate(Recipe(prompt=PROMPT, steps=1, model_hash=ours.hash)).recipe.model_hash == ours.hash


def test_a_model_that_draws_into_pictures_is_refused_in_one_line():
    model = tiny_model()
    model.unet.network = UNet(replace(UNET, in_channels=9))
    with pytest.raises(RecipeError, match="draws into a picture that it is given"):
        model.generate(Recipe(prompt=PROMPT))


def test_the_prompt_and_the_seed_show_in_the_picture(ours):
    recipe = Recipe(prompt=PROMPT, seed=7, steps=3)
    pixels = ours.generate(recipe).pixels.astype(int)
    for other in ({"prompt": "a blue house"}, {"seed": 8}, {"negative_prompt": "night"}, {"rng": "philox"}):
        assert np.abs(ours.generate(recipe.model_copy(update=other)).pixels - pixels).mean() > 0.5


def test_clip_skip_is_obeyed_and_refused_where_there_is_no_such_layer(ours):
    first, second = (ours.generate(Recipe(prompt=PROMPT, steps=2, clip_skip=skip)).pixels for skip in (1, 2))
    assert not np.array_equal(first, second)
    with pytest.raises(RecipeError, match=f"{TEXT.layers} layers"):
        ours.generate(Recipe(prompt=PROMPT, clip_skip=TEXT.layers + 1))


def test_every_size_in_multiples_of_eight_is_made(ours):
    for width, height in ((64, 64), (72, 136), (200, 88)):
        picture = ours.generate(Recipe(prompt=PROMPT, steps=1, width=width, height=height))
        assert picture.pixels.shape == (height, width, 3)


def test_loading_and_drawing_open_no_socket(folder, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    StableDiffusion.load(folder).generate(Recipe(prompt=PROMPT, steps=1))


def test_latents_are_divided_by_the_models_scale(ours):
    z = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(ours.decode(z * VAE.scale)[0], ours.vae.network.decode(z * VAE.scale / VAE.scale))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_draws_nearly_the_same(folder, ours, dtype):
    recipe = Recipe(prompt=PROMPT, steps=3)
    half = StableDiffusion.load(folder, dtype=dtype).generate(recipe)
    difference = np.abs(half.pixels.astype(int) - ours.generate(recipe).pixels.astype(int)).mean()
    assert 0 < difference < 12
    assert half.provenance is not None
    assert half.provenance.dtype == dtype


def test_a_device_or_a_dtype_that_is_not_there_is_refused(folder):
    with pytest.raises(RecipeError, match="device 'abacus' is not there"):
        StableDiffusion.load(folder, device="abacus")
    with pytest.raises(RecipeError, match="dtype 'int8' is not one of auto"):
        StableDiffusion.load(folder, dtype="int8")
