"""What prompts, guidance and other programs' customs do to a drawing, from the recipe to the pixels."""

import numpy as np
import pytest
import torch
from PIL import Image

from safelight.diffusion.samplers import AskBoth
from safelight.engine import Engine, Finished
from safelight.errors import PictureError, RecipeError
from safelight.recipe import Recipe
from safelight.weights.checkpoint import write_folder
from tiny import DEFAULTS, tiny_model, vocabulary

CAR = Recipe(prompt="a red car", negative_prompt="a house", seed=1)


def loud_model():
    """The tiny model with weights so large that every step shows in the pixels."""
    model = tiny_model()
    torch.manual_seed(5)
    for network in (model.unet.network, model.vae.network):
        for parameter in network.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, 0, 1.4 * parameter[0].numel() ** -0.5)
    return model


@pytest.fixture(scope="module")
def model():
    return loud_model()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))


def pixels(model, **changes):
    return model.generate(CAR.model_copy(update=changes)).pixels.astype(int)


def apart(a, b):
    return np.abs(a - b).mean()


# -- Guidance ----------------------------------------------------------------------------------------------------------

GUIDANCE = {
    "rescale": {"guidance_rescale": 0.7},
    "interval": {"guidance_interval": (0.01, 0.6)},
    "curve": {"guidance_curve": "linear"},
    "points": {"guidance_curve": "0:0, 1:2"},
    "threshold": {"dynamic_threshold": 0.5},
    "apg": {"apg_eta": 0.0, "apg_norm": 2.0, "apg_momentum": -0.5},
    "pag": {"pag_scale": 3.0},
    "freeu": {"freeu": (1.5, 1.6, 0.9, 0.2)},
    "perp-neg": {"perp_neg": True},
    "region": {"regions": [{"prompt": "a blue house", "box": (0, 0, 0.5, 1)}]},
    "and": {"prompt": "a red car AND a blue house :0.5"},
    "schedule": {"prompt": "a [red car:blue house:0.5]"},
    "cfg++": {"sampler": "ddim_cfgpp"},
}


@pytest.mark.parametrize("name", GUIDANCE)
def test_every_kind_of_guidance_shows_in_the_picture_and_in_its_recipe(model, name):
    picture = model.generate(CAR.model_copy(update=GUIDANCE[name]))
    assert apart(picture.pixels.astype(int), pixels(model)) > 0.02
    assert model.generate(picture.recipe).recipe == picture.recipe
    for field, value in CAR.model_copy(update=GUIDANCE[name]):
        if field in GUIDANCE[name]:
            assert getattr(picture.recipe, field) == value


@pytest.mark.parametrize("exact", [True, False])
def test_drawings_of_all_kinds_of_guidance_are_the_same_alone_and_among_others(model, exact):
    recipes = [CAR.model_copy(update=changes) for changes in GUIDANCE.values()]
    events = Engine(model, exact=exact, at_once=len(recipes)).stream(recipes)
    together = {event.index: event.picture.pixels.astype(int) for event in events if isinstance(event, Finished)}
    for index, recipe in enumerate(recipes):
        alone = model.generate(recipe).pixels.astype(int)
        assert np.abs(together[index] - alone).max() <= (0 if exact else 1), list(GUIDANCE)[index]


def test_guidance_that_changes_nothing_leaves_every_bit(model):
    plain = pixels(model)
    for changes in (
        {"guidance_interval": (0, 1000)},
        {"guidance_curve": "0:1"},
        {"freeu": (1, 1, 1, 1)},
        {"regions": [{"prompt": "a house", "box": (0, 0, 1, 1), "weight": 0}]},
    ):
        assert np.abs(pixels(model, **changes) - plain).max() <= 1, changes


def test_autoguidance_by_the_model_itself_changes_nothing_and_by_another_does(model, tmp_path):
    names = []
    for seed in (None, 3):
        other = loud_model()
        if seed is not None:
            torch.manual_seed(seed)
            for parameter in other.unet.network.parameters():
                parameter.data += 0.1 * torch.randn(parameter.shape)
        names.append(str(tmp_path / f"model-{seed}"))
        networks = other.text.network, other.unet.network, other.vae.network
        write_folder(tmp_path / f"model-{seed}", *networks, other.schedule.config, DEFAULTS, vocabulary())
    same, else_ = (
        model.generate(CAR.model_copy(update={"autoguidance_model": name, "autoguidance_scale": 2})) for name in names
    )
    assert np.abs(same.pixels.astype(int) - pixels(model)).max() <= 1
    assert apart(else_.pixels.astype(int), pixels(model)) > 0.02
    assert (else_.recipe.autoguidance_model, len(else_.recipe.autoguidance_hash)) == ("model-3", 64)
    assert np.array_equal(model.generate(else_.recipe).pixels, else_.pixels)
    with pytest.raises(RecipeError, match=r"autoguidance_model .* has other weights"):
        model.generate(else_.recipe.model_copy(update={"autoguidance_model": names[0]}))


def test_a_sampler_that_wants_both_answers_gets_them_from_the_engine(model, monkeypatch):
    drawing = model.begin(CAR.model_copy(update={"sampler": "euler_cfgpp"}))
    question = next(drawing.sampling)
    assert isinstance(question, AskBoth)
    (answer,) = model.answer([drawing], [question])
    assert answer.shape == (2, *question.x.shape)


# -- Prompts -----------------------------------------------------------------------------------------------------------


def test_a_prompt_without_signs_is_read_to_the_bit_as_plain_text(model):
    assert np.array_equal(pixels(model, prompt_syntax="plain"), pixels(model))


def test_weights_of_words_show_and_each_weighting_is_another(model):
    plain = pixels(model, prompt="a red car")
    made = [pixels(model, prompt="a (red:1.6) car", prompt_weighting=way) for way in ("a1111", "no-norm", "comfy")]
    assert all(apart(one, plain) > 0.02 for one in made)
    assert apart(made[0], made[1]) > 0
    assert apart(made[0], made[2]) > 0


def test_a_schedule_that_has_not_begun_and_one_that_has_ended_are_the_plain_prompts(model):
    assert np.array_equal(pixels(model, prompt="a [red:blue:1.0] car"), pixels(model, prompt="a red car"))
    assert np.array_equal(pixels(model, prompt="a [red:blue:0] car"), pixels(model, prompt="a blue car"))


def test_a_schedule_by_step_changes_in_that_step(model):
    drawing = model.begin(CAR.model_copy(update={"prompt": "a [red:blue:2] car", "steps": 4}))
    seen = [drawing.told.positive(step / 4)[0].context for step in range(4)]
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[2], seen[3])
    assert not torch.equal(seen[1], seen[2])


def test_a_prompt_of_any_length_is_read_whole_and_strictly_refused_as_plain_text(model):
    long = "a red car, " * 40
    assert apart(pixels(model, prompt=long + "a house"), pixels(model, prompt=long + "a forest")) > 0
    with pytest.raises(RecipeError, match="would be cut from"):
        pixels(model, prompt=long, prompt_syntax="plain", strict_prompt=True)


def test_a_region_reaches_no_further_than_its_mask_in_one_step(model, tmp_path):
    mask = np.zeros((32, 32), np.uint8)
    mask[:, :16] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    changes = {"sampler": "euler", "schedule": "uniform", "steps": 1, "negative_prompt": "", "guidance_scale": 1.0}
    box, white = (
        {"prompt": "a blue house", "box": (0, 0, 0.5, 1)},
        {"prompt": "a blue house", "mask": str(tmp_path / "mask.png")},
    )
    drawings = [model.begin(CAR.model_copy(update=changes | {"regions": r})) for r in ([box], [white], [])]
    answers = []
    for drawing in drawings:
        question = next(drawing.sampling)
        answers.append(model.answer([drawing], [question])[0])
    assert torch.equal(answers[0], answers[1])
    assert torch.allclose(answers[0][..., 4:], answers[2][..., 4:], atol=1e-3)
    assert not torch.allclose(answers[0][..., :4], answers[2][..., :4], atol=0.1)
    recipe = drawings[1].recipe
    assert (recipe.regions[0].mask.file, len(recipe.regions[0].mask.sha256)) == ("mask.png", 64)


def test_a_mask_that_is_no_picture_is_one_line(model, tmp_path):
    (tmp_path / "mask.png").write_bytes(b"GIF89a")
    with pytest.raises(PictureError, match=r"mask\.png is not a PNG, JPEG or WebP picture"):
        pixels(model, regions=[{"prompt": "x", "mask": str(tmp_path / "mask.png")}])


# -- Steps by hand, and as other programs take them --------------------------------------------------------------------


def test_sigmas_and_timesteps_by_hand_are_walked(model):
    usual = model.begin(CAR.model_copy(update={"sampler": "euler", "schedule": "uniform", "steps": 5}))
    by_hand = tuple(usual.sigmas[:-1].tolist())
    made = pixels(model, sampler="euler", sigmas=by_hand)
    assert np.abs(made - pixels(model, sampler="euler", schedule="uniform", steps=5)).max() <= 1
    picture = model.generate(CAR.model_copy(update={"sampler": "euler", "timesteps": (999, 500, 100)}))
    assert (picture.recipe.steps, picture.recipe.schedule) == (3, None)
    assert np.array_equal(model.generate(picture.recipe).pixels, picture.pixels)


@pytest.mark.parametrize("like", ["compvis", "diffusers", "a1111", "comfyui"])
def test_another_programs_customs_fill_in_what_is_left_open_and_are_recorded(model, like):
    picture = model.generate(Recipe(prompt="a red car", like=like, steps=4))
    recipe = picture.recipe
    assert (recipe.like, recipe.steps, recipe.width) == (like, 4, DEFAULTS.width)
    assert recipe.rng == ("philox" if like in ("compvis", "a1111") else "torch")
    assert np.array_equal(model.generate(recipe).pixels, picture.pixels)
    assert model.generate(Recipe(prompt="a red car", like=like, steps=4, rng="torch")).recipe.rng == "torch"


def test_a_sampler_that_a_program_lacks_is_refused(model):
    with pytest.raises(RecipeError, match="compvis has no sampler"):
        pixels(model, like="compvis", sampler="lcm")
