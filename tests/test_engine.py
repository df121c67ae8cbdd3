import numpy as np
import pytest
import torch

from safelight.engine import Cancelled, Engine, Failed, Finished, Stepped
from safelight.errors import NumericalError, RecipeError
from safelight.recipe import SAMPLERS, Recipe
from safelight.told import conditioner
from tiny import DEFAULTS, tiny_model

RECIPES = [
    Recipe(prompt="a red car", seed=1),
    Recipe(prompt="a blue house", seed=2, sampler="heun", steps=3),
    Recipe(prompt="a red house at night", seed=3, sampler="euler_a", guidance_scale=1.0),
    Recipe(prompt="a car", negative_prompt="red", seed=4, width=72, height=104, sampler="plms", steps=6),
    Recipe(prompt="", seed=5, sampler="dpmpp_2m", steps=1, guidance_rescale=0.5),
]


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def alone(model):
    return [model.generate(recipe).pixels for recipe in RECIPES]


def finished(stream):
    return {event.index: event.picture for event in stream if isinstance(event, Finished)}


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_picture_is_the_same_to_the_last_bit_alone_and_among_others(model, alone, at_once):
    pictures = finished(Engine(model, at_once=at_once).stream(RECIPES))
    assert len(pictures) == len(RECIPES)
    for index, pixels in enumerate(alone):
        assert np.array_equal(pictures[index].pixels, pixels)


def test_a_picture_is_the_same_in_any_order(model, alone):
    pictures = finished(Engine(model, at_once=3).stream(RECIPES[::-1]))
    for index, pixels in enumerate(alone[::-1]):
        assert np.array_equal(pictures[index].pixels, pixels)


def test_a_picture_is_the_same_after_its_neighbour_was_cancelled(model, alone):
    stream = Engine(model, at_once=5).stream(RECIPES)
    seen = []
    for event in stream:
        seen.append(event)
        if isinstance(event, Stepped) and event.index == 0 and event.step == 2:
            stream.cancel(0)
    assert [event.index for event in seen if isinstance(event, Cancelled)] == [0]
    last = max(i for i, event in enumerate(seen) if event.index == 0)
    assert isinstance(seen[last], Cancelled)  # nothing more was made of it
    pictures = {event.index: event.picture for event in seen if isinstance(event, Finished)}
    assert sorted(pictures) == [1, 2, 3, 4]
    for index, picture in pictures.items():
        assert np.array_equal(picture.pixels, alone[index])


def test_sharing_a_network_call_changes_next_to_nothing_and_is_recorded(model, alone, monkeypatch):
    calls = []
    original = model.unet.ask
    monkeypatch.setattr(model.unet, "ask", lambda run, x, *more: (calls.append(len(x)), original(run, x, *more))[1])
    pictures = finished(Engine(model, exact=False, at_once=2).stream([RECIPES[0], RECIPES[1]]))
    assert max(calls) == 4  # two pictures, each with and without its prompt
    for index in (0, 1):
        assert np.abs(pictures[index].pixels.astype(int) - alone[index].astype(int)).max() <= 1
        assert not pictures[index].provenance.alone
    assert model.generate(RECIPES[0]).provenance.alone


def test_the_engine_makes_what_the_model_makes(model, alone):
    assert np.array_equal(Engine(model).generate(RECIPES[0]).pixels, alone[0])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_progress_runs_from_one_to_the_number_of_steps(model, sampler):
    events = list(Engine(model).stream([Recipe(prompt="a car", sampler=sampler, steps=5)]))
    steps = [event.step for event in events if isinstance(event, Stepped)]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (1, 5)
    assert {event.steps for event in events if isinstance(event, Stepped)} == {5}
    assert isinstance(events[-1], Finished)


def test_a_preview_is_an_eighth_of_the_size(model):
    event = next(iter(Engine(model).stream([Recipe(prompt="a car", width=72, height=104)])))
    assert event.preview().shape == (13, 9, 3)
    assert event.preview().dtype == np.uint8


def test_a_recipe_that_this_model_cannot_make_fails_alone(model, alone):
    events = list(Engine(model).stream([Recipe(prompt="a car", clip_skip=9), RECIPES[0]]))
    assert isinstance(events[0], Failed)
    assert isinstance(events[0].error, RecipeError)
    assert "3 layers" in str(events[0].error)
    assert np.array_equal(finished(events)[1].pixels, alone[0])


@pytest.mark.parametrize("exact", [True, False])
def test_a_network_that_answers_nan_fails_that_picture_and_names_network_and_step(alone, exact):
    model = tiny_model()
    spoiled = conditioner(model.tokenizer, model.text, set()).conditioning("a blue house").context

    def poison(_, inputs, answer):
        _, t, context = inputs
        late = t < 300
        answer[late & (context - spoiled).abs().flatten(1).amax(1).lt(1e-5)] = float("nan")
        return answer

    model.unet.network.register_forward_hook(poison)
    recipes = [RECIPES[0], Recipe(prompt="a blue house", seed=2)]
    events = list(Engine(model, exact=exact, at_once=2).stream(recipes))
    failures = [event for event in events if isinstance(event, Failed)]
    assert [event.index for event in failures] == [1]
    assert str(failures[0].error).startswith("step 3 of 4: the UNet answered with NaN")
    assert list(finished(events)) == [0]


@pytest.mark.parametrize("part", ["text", "unet", "vae"])
def test_broken_weights_are_an_error_that_names_the_network_and_never_a_black_picture(part):
    model = tiny_model()
    network = getattr(model, part)
    with torch.no_grad():
        list(network.network.parameters())[-1].fill_(float("nan"))
    (event,) = [e for e in Engine(model).stream([RECIPES[0]]) if not isinstance(e, Stepped)]
    assert isinstance(event, Failed)
    assert isinstance(event.error, NumericalError)
    assert network.name in str(event.error)


def test_what_overflows_in_half_precision_is_drawn_in_float32_and_recorded():
    reference, model = tiny_model(), tiny_model()
    for m in (reference, model):  # activations beyond 65,504 in the middle of the decoder, normal pixels at its end
        with torch.no_grad():
            m.vae.network.decoder.conv_in.weight *= 3e5
    model.vae.network.half()
    picture = model.generate(RECIPES[0])
    assert picture.provenance.rescued == ("autoencoder",)
    assert np.abs(picture.pixels.astype(int) - reference.generate(RECIPES[0]).pixels.astype(int)).max() <= 3


def test_running_out_of_memory_together_is_tried_alone_and_alone_is_one_clear_failure(model, alone, monkeypatch):
    original = model.unet.ask

    def small_card(run, x, *more):
        if len(x) > 2 or x.shape[-1] > 8:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(run, x, *more)

    monkeypatch.setattr(model.unet, "ask", small_card)
    events = list(Engine(model, exact=False, at_once=3).stream([RECIPES[0], RECIPES[1], RECIPES[3]]))
    pictures = finished(events)
    assert [np.array_equal(pictures[index].pixels, alone[index]) for index in (0, 1)] == [True, True]
    (failure,) = [event for event in events if isinstance(event, Failed)]
    assert failure.index == 2
    assert "out of memory at 72x104" in str(failure.error)


def test_a_picture_cancelled_at_its_last_step_is_not_decoded(model, monkeypatch):
    monkeypatch.setattr(model, "decode", lambda _: pytest.fail("decoded"))
    stream = Engine(model).stream([RECIPES[0]])
    events = []
    for event in stream:
        events.append(event)
        if isinstance(event, Stepped) and event.step == event.steps:
            stream.cancel(0)
    assert isinstance(events[-1], Cancelled)


def test_looking_at_previews_changes_nothing(model, alone):
    for event in Engine(model).stream([RECIPES[0]]):
        if isinstance(event, Stepped):
            event.preview()
        else:
            assert np.array_equal(event.picture.pixels, alone[0])


def test_generate_raises_what_went_wrong(model):
    with pytest.raises(RecipeError, match="3 layers"):
        Engine(model).generate(Recipe(clip_skip=9))


def test_the_picture_carries_the_whole_recipe(model):
    recipe = Engine(model).generate(Recipe(prompt="a car", seed=9)).recipe
    assert (recipe.width, recipe.steps, recipe.sampler) == (64, 4, "ddim")
    assert recipe.guidance_scale == DEFAULTS.guidance_scale
    assert (recipe.model, recipe.model_hash) == ("tiny", "0" * 64)


def test_recipes_are_taken_from_an_endless_source_only_as_they_are_needed(model):
    taken = []

    def endless():
        for seed in range(1000):
            taken.append(seed)
            yield Recipe(prompt="a car", seed=seed, steps=1)

    stream = Engine(model, at_once=2).stream(endless())
    while not isinstance(next(stream), Finished):
        pass
    assert len(taken) <= 3


def test_a_prompt_that_is_cut_is_noticed(model):
    engine = Engine(model)
    assert engine.notices(Recipe(prompt="a red car")) == []
    long = "a red car " * 60
    (notice,) = engine.notices(Recipe(prompt=long, prompt_syntax="plain"))
    assert notice.startswith("the prompt is longer than 75 tokens")
    assert engine.notices(Recipe(prompt=long)) == []  # read in as many rows as it takes
