import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipes import outcome, recipes
from safelight.errors import RecipeError
from safelight.recipe import (
    BEHAVIOUR,
    SAMPLERS,
    SCHEDULES,
    USUAL_ETA,
    USUAL_SCHEDULE,
    Defaults,
    FileUse,
    LoraUse,
    Recipe,
    json_object,
    recipe_from,
)

# Fields of which None is a value, not an open question.
LATER = {
    "sigmas", "timesteps", "guidance_interval", "dynamic_threshold", "apg_eta", "autoguidance_model",
    "autoguidance_hash", "freeu", "vae",
}  # fmt: skip
NAN, INFINITY = float("nan"), float("inf")


def complaint(**fields):
    with pytest.raises(RecipeError) as caught:
        Recipe(**fields)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 400
    assert caught.value.__cause__ is None
    return line


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"width": 500}, "width 500 is not a multiple of 8; use 496 or 504"),
        ({"height": 513}, "height 513 is not a multiple of 8; use 512 or 520"),
        ({"width": 56}, "width 56 is out of range; use 64 to 2048 in multiples of 8"),
        ({"height": 2056}, "height 2056 is out of range; use 64 to 2048 in multiples of 8"),
        ({"width": 0}, "width 0 is out of range"),
        ({"width": 512.0}, "width must be a whole number, not 512.0"),
        ({"steps": 0}, "steps 0 is out of range; use 1 to 1000"),
        ({"steps": 1001}, "steps 1001 is out of range; use 1 to 1000"),
        ({"steps": True}, "steps must be a whole number, not True"),
        ({"steps": "20"}, "steps must be a whole number, not '20'"),
        ({"steps": NAN}, "steps must be a whole number, not nan"),
        ({"seed": -1}, "seed -1 is out of range; use 0 to 18446744073709551615"),
        ({"seed": 2**64}, "seed 18446744073709551616 is out of range; use 0 to 18446744073709551615"),
        ({"seed": 10**5000}, "seed a number of 16610 bits is out of range"),
        ({"seed": None}, "seed must be a whole number, not null"),
        ({"guidance_scale": NAN}, "guidance_scale must be a finite number, not nan; use 0 to 100"),
        ({"guidance_scale": INFINITY}, "guidance_scale must be a finite number, not inf"),
        ({"guidance_scale": 10**400}, "guidance_scale must be a finite number"),
        ({"guidance_scale": -1}, "guidance_scale -1.0 is out of range; use 0 to 100"),
        ({"guidance_scale": 100.0000001}, "guidance_scale 100.0000001 is out of range; use 0 to 100"),
        ({"guidance_scale": False}, "guidance_scale must be a number, not False"),
        ({"guidance_rescale": 1.5}, "guidance_rescale 1.5 is out of range; use 0 to 1"),
        ({"eta": -0.1}, "eta -0.1 is out of range; use 0 to 1"),
        ({"eta": 0.5, "sampler": "plms"}, "eta 0.5 has no meaning for the sampler 'plms'"),
        ({"sampler": "eular"}, "sampler 'eular' is not known. Did you mean 'euler' or 'euler_a'"),
        ({"sampler": "DDIM"}, "sampler 'DDIM' is not known. Did you mean 'ddim'"),
        ({"sampler": ["ddim"]}, "sampler must be a name, not ['ddim']"),
        ({"sampler": "x" * 100_000}, "is not known. Known: ddim, "),
        ({"schedule": "karas"}, "schedule 'karas' is not known. Did you mean 'karras'?"),
        ({"rng": "cuda"}, "rng 'cuda' is not known. Known: philox, torch."),
        ({"prompt_syntax": "plan"}, "prompt_syntax 'plan' is not known. Did you mean 'plain'?"),
        ({"clip_skip": 0}, "clip_skip 0 is out of range; use 1 to 12"),
        ({"clip_skip": 13}, "clip_skip 13 is out of range; use 1 to 12"),
        ({"prompt": None}, "prompt must be a text, not null"),
        ({"prompt": "x" * 16_385}, "prompt is 16385 characters long; use at most 16384"),
        ({"negative_prompt": "ab\udc80"}, "negative_prompt holds half a character (a lone surrogate) at position 2"),
        ({"model": ""}, "model is empty"),
        ({"model_hash": "abc"}, "model_hash must be the 64 hexadecimal digits of a SHA-256, not 'abc'"),
        ({"behaviour": BEHAVIOUR + 1}, "belongs to a newer Safelight"),
        ({"behaviour": 0}, "behaviour must be a whole number from 1"),
        ({"guidance_interval": (3, 1)}, "guidance_interval 3 to 1 is empty; write the lower sigma first"),
        ({"guidance_interval": 3}, "guidance_interval must be 2 numbers from 0 to 1000, not 3"),
        ({"guidance_curve": "sine"}, "guidance_curve 'sine' is not known. Did you mean 'cosine'"),
        ({"guidance_curve": "0:1, 0:2"}, 'is no curve; write points "share:factor", as "0:1, 0.5:2, 1:0.5"'),
        ({"guidance_curve": "0:x"}, "is no curve"),
        ({"dynamic_threshold": 0}, "dynamic_threshold 0.0 is out of range; use 0.001 to 1"),
        ({"apg_norm": 5}, "apg_norm and apg_momentum have no meaning without apg_eta; write apg_eta 0 as well"),
        ({"autoguidance_scale": 2}, "autoguidance_scale has no meaning without autoguidance_model"),
        ({"freeu": (1, 2, 3)}, "freeu must be 4 numbers from 0 to 10, not (1, 2, 3)"),
        ({"strict_prompt": 1}, "strict_prompt must be true or false, not 1"),
        ({"loras": "x"}, "loras must be a list, not 'x'"),
        ({"loras": ["x"] * 33}, "loras are 33; use at most 32"),
        ({"loras": [{"file": "x", "scale": 500}]}, "loras 1: scale 500.0 is out of range; use -100 to 100"),
        ({"loras": ["x", {"fil": "x"}]}, "loras 2: file is missing; there is no field 'fil'. Did you mean 'file'?"),
        ({"vae": {"file": "x", "sha256": "12"}}, "vae: sha256 must be the 64 hexadecimal digits"),
        ({"regions": [{"prompt": "a"}]}, "regions 1: a region has a box or a mask, one of the two"),
        ({"regions": [{"prompt": "a", "box": (0, 0, 0, 1)}]}, "the box (0.0, 0.0, 0.0, 1.0) is empty"),
        ({"controls": [{"file": "a", "image": "b", "start": 1}]}, "controls 1: start 1 is not before end 1"),
        ({"like": "midjourney"}, "like 'midjourney' is not known. Known: a1111, "),
        ({"sigmas": (3, 4)}, "sigmas must descend, but 4 follows 3"),
        ({"sigmas": (3, 1), "schedule": "karras"}, "sigmas and schedule cannot both say where the steps are"),
        ({"promt": "x"}, "there is no field 'promt'. Did you mean 'prompt'"),
    ],
)
def test_what_cannot_be_a_picture_is_refused_in_one_line_that_says_what_to_write(fields, said):
    assert said in complaint(**fields)


def test_every_fault_is_named_at_once():
    line = complaint(width=500, steps=0)
    assert "width 500" in line
    assert "steps 0" in line


def test_the_source_comes_first_in_the_line():
    with pytest.raises(RecipeError, match=r"^a\.json: width 500 is not"):
        recipe_from({"width": 500}, where="a.json")
    with pytest.raises(RecipeError, match=r"^a\.json: there is no field|^a\.json: a recipe has no field 1"):
        recipe_from({1: 2}, where="a.json")  # pyright: ignore[reportArgumentType]
    with pytest.raises(RecipeError, match="a set of named fields, not 7"):
        recipe_from(7)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("width", [64, 72, 2048])
def test_the_ends_of_the_range_of_sizes_are_allowed(width):
    assert Recipe(width=width, height=width).width == width


def test_the_ends_of_the_other_ranges_are_allowed():
    recipe = Recipe(steps=1000, seed=2**64 - 1, guidance_scale=100, guidance_rescale=1, eta=1, clip_skip=12)
    assert Recipe(prompt="x" * 16_384, steps=1).steps == 1
    assert isinstance(recipe.guidance_scale, float)


def test_an_empty_prompt_is_allowed():
    assert Recipe(prompt="").prompt == ""


def test_numbers_of_numpy_become_numbers_of_python():
    recipe = Recipe(seed=np.int64(7), guidance_scale=np.float32(7.5))
    assert type(recipe.seed) is int
    assert type(recipe.guidance_scale) is float
    assert recipe == Recipe(seed=7, guidance_scale=7.5)
    assert "whole number" in complaint(seed=np.bool_(True))


def test_a_recipe_is_frozen_and_can_be_a_key_of_a_dictionary():
    recipe = Recipe(prompt="a", seed=1)
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 2  # pyright: ignore[reportAttributeAccessIssue]
    assert {recipe: 1}[Recipe(seed=1, prompt="a")] == 1
    assert pickle.loads(pickle.dumps(recipe)) == recipe


def test_a_changed_copy_is_checked_too():
    recipe = Recipe(prompt="a", seed=1)
    assert recipe.model_copy(update={"seed": 2}) == Recipe(prompt="a", seed=2)
    with pytest.raises(RecipeError, match="width 3"):
        recipe.model_copy(update={"width": 3})


@given(recipes())
@settings(max_examples=50)
def test_a_recipe_survives_json(recipe):
    for full in (False, True):
        text = recipe.to_json(full=full)
        assert "\n" not in text
        assert Recipe.from_json(text) == recipe
        assert Recipe.from_json(text).to_json(full=full) == text


@given(recipes(), recipes())
@settings(max_examples=50)
def test_recipes_are_equal_exactly_when_their_digests_are(a, b):
    assert (a == b) == (a.digest() == b.digest())


def test_the_digest_does_not_change_between_versions():
    # If this fails, the same recipe has got another name: raise BEHAVIOUR, or take the change back.
    assert (
        Recipe(prompt="a red car", seed=7).digest()
        == "99e9db72edb96a756952ea8522fa2a38d584cd49f16d3a93358fc61419a3a08d"
    )


def test_a_file_may_be_said_by_its_name_alone():
    assert Recipe(loras=["a.pt"], vae="b.pt") == Recipe(loras=(LoraUse(file="a.pt"),), vae=FileUse(file="b.pt"))


def test_short_json_leaves_out_what_is_usual_inside_a_part_too():
    text = Recipe(loras=(LoraUse(file="a.pt", scale=0.5),)).to_json()
    assert text == '{"prompt": "", "seed": 0, "loras": [{"file": "a.pt", "scale": 0.5}], "behaviour": 1}'


def test_negative_zero_is_zero():
    assert Recipe(guidance_scale=-0.0).digest() == Recipe(guidance_scale=0.0).digest()


def test_short_json_says_only_what_is_set():
    assert Recipe().to_json() == '{"prompt": "", "seed": 0, "behaviour": 1}'
    assert json.loads(Recipe(steps=20).to_json()) == {"prompt": "", "seed": 0, "steps": 20, "behaviour": 1}
    assert list(json.loads(Recipe().to_json(full=True))) == list(Recipe.model_fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON (line 1, column 1"),
        ('{"seed": 1,\n "prompt"', "not JSON (line 2, column 10"),
        ("[1]", "a set of named fields in braces, not [1]"),
        ('{"seed": 1, "seed": 2}', "'seed' is given twice"),
        ('{"eta": NaN}', "NaN is not a number that JSON knows"),
        ('{"eta": 1e999}', "eta must be a finite number"),
        ("[" * 200_000, "nested too deeply"),
        ('{"seed": ' + "1" * 5000 + "}", "thousands of digits"),
        ('{"prompt": "' + "x" * 2_000_000 + '"}', "too many for a recipe"),
        ('{"prompt": "\\ud800"}', "half a character"),
        ('{"prompt": {"a": ["b"]}}', "prompt must be a text"),
    ],
)
def test_json_that_is_no_recipe_is_refused_in_one_line(text, said):
    with pytest.raises(RecipeError) as caught:
        Recipe.from_json(text, where="r.json")
    assert str(caught.value).startswith("r.json: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60) | st.text('{}[]",:0123456789eE.-ntf', max_size=60))
def test_no_text_makes_the_reader_of_json_stumble(text):
    read, refusal = outcome(json_object, text)
    assert isinstance(read, dict) or len(refusal) < 300


def test_a_byte_order_mark_before_the_json_is_passed_over():
    assert Recipe.from_json('\ufeff{"seed": 3}') == Recipe(seed=3)


@given(recipes())
@settings(max_examples=50)
def test_a_resolved_recipe_leaves_nothing_open(recipe):
    defaults = Defaults(
        width=256, height=320, steps=20, guidance_scale=4.0, sampler="ddim", schedule="leading", eta=0.5
    )
    whole = recipe.resolved(defaults, "ab" * 32)
    left_open = {name for name, value in whole.model_dump().items() if value is None}
    assert left_open <= {"eta", *LATER}
    assert (whole.eta is None) == (whole.sampler not in USUAL_ETA)
    for name, value in recipe:
        if value is not None and name not in ("model_hash", "eta"):
            assert getattr(whole, name) == value
    assert whole.resolved(Defaults()) == whole


def test_a_resolved_recipe_says_how_its_prompt_is_read():
    assert Recipe(prompt="a (red:1.3) car").resolved(Defaults()).prompt_syntax == "weighted"
    assert Recipe(prompt="a (red:1.3) car", prompt_syntax="plain").resolved(Defaults()).prompt_syntax == "plain"


def test_a_guidance_scale_of_zero_is_kept():
    assert Recipe(guidance_scale=0).resolved(Defaults()).guidance_scale == 0


def test_the_models_schedule_and_eta_belong_to_the_models_sampler():
    defaults = Defaults(sampler="ddim", schedule="trailing", eta=0.5)
    assert (Recipe().resolved(defaults).schedule, Recipe().resolved(defaults).eta) == ("trailing", 0.5)
    other = Recipe(sampler="euler_a").resolved(defaults)
    assert (other.schedule, other.eta) == ("uniform", 1.0)
    assert Recipe(sampler="euler").resolved(defaults).eta is None


def test_eta_for_a_default_sampler_without_eta_is_refused_and_not_dropped():
    with pytest.raises(RecipeError, match=r"eta 0\.5 has no meaning for the sampler 'plms'"):
        Recipe(eta=0.5).resolved(Defaults(sampler="plms"))


def test_a_models_defaults_are_checked():
    with pytest.raises(RecipeError, match="width 500 is not a multiple"):
        Defaults(width=500)


def test_the_tables_name_every_sampler_and_schedule():
    assert set(USUAL_SCHEDULE) == set(SAMPLERS)
    assert set(USUAL_SCHEDULE.values()) <= set(SCHEDULES)
    assert set(USUAL_ETA) <= set(SAMPLERS)


def test_the_tables_agree_with_the_samplers_themselves():
    samplers = pytest.importorskip("safelight.diffusion.samplers").SAMPLERS
    assert set(samplers) == set(SAMPLERS)
    assert {name: sampler.schedule for name, sampler in samplers.items()} == USUAL_SCHEDULE
    assert {name: sampler.eta for name, sampler in samplers.items() if sampler.eta is not None} == USUAL_ETA


def test_the_schema_says_the_same_bounds_as_the_checks():
    for model in (Recipe, Defaults):
        for name, schema in model.model_json_schema()["properties"].items():
            for kind in schema.get("anyOf", [schema]):
                for bound, beyond in (("minimum", -1), ("maximum", 1), ("exclusiveMaximum", 0)):
                    if bound in kind:
                        with pytest.raises(RecipeError):
                            model(**{name: kind[bound] + beyond})
                if "maxLength" in kind:
                    assert model(**{name: "x" * kind["maxLength"]})
                    with pytest.raises(RecipeError):
                        model(**{name: "x" * (kind["maxLength"] + 1)})
                for allowed in kind.get("enum", []):
                    assert model(**{name: allowed})


def test_a_recipe_inside_another_pydantic_model_is_checked_as_well():
    import pydantic

    class Request(pydantic.BaseModel):
        recipe: Recipe

    assert Request.model_validate({"recipe": {"seed": 3}}).recipe == Recipe(seed=3)
    with pytest.raises(pydantic.ValidationError, match="width 500 is not a multiple of 8; use 496 or 504"):
        Request.model_validate({"recipe": {"width": 500}})


def test_a_recipe_needs_neither_torch_nor_numpy_nor_pillow():
    code = "import sys, safelight.recipe; print([m for m in ('torch', 'numpy', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
