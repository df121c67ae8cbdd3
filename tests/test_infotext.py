import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipes import outcome, recipes
from safelight import infotext
from safelight.errors import RecipeError
from safelight.recipe import SAMPLERS, SCHEDULES, Defaults, Recipe

WHOLE = Recipe(prompt="a red car", negative_prompt="rain, fog", seed=42, model_hash="fe4efff1e1" + "0" * 54).resolved(
    Defaults(steps=20, guidance_scale=7, sampler="euler_a", schedule="karras", eta=1)
)


def last_line(text):
    return text.split("\n")[-1]


def test_the_text_is_written_as_other_programs_write_it():
    assert infotext.write(WHOLE, 512, 512) == (
        "a red car\n"
        "Negative prompt: rain, fog\n"
        "Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, Seed: 42, Size: 512x512, "
        "Model hash: fe4efff1e1, Model: bundled, Prompt syntax: weighted, RNG: CPU, Version: safelight 0.1.0"
    )


def test_an_empty_prompt_leaves_an_empty_first_line():
    assert infotext.write(Recipe(), 64, 64).startswith("\nSeed: 0")
    assert infotext.write(Recipe(negative_prompt="x"), 64, 64).startswith("\nNegative prompt: x\nSeed: 0")


@given(recipes())
@settings(max_examples=50)
def test_the_last_line_begins_with_the_steps_and_always_holds_the_size(recipe):
    line = last_line(infotext.write(recipe.model_copy(update={"steps": 7}), 640, 72))
    assert line.startswith("Steps: 7, ")
    assert ", Size: 640x72, " in line


@given(recipes())
@settings(max_examples=50)
def test_no_control_character_reaches_the_text(recipe):
    text = infotext.write(recipe, 64, 64)
    assert not [c for c in text if ord(c) < 32 and c not in "\n\t"]


def test_a_models_name_has_no_commas_colons_or_quotes_and_tells_no_path():
    text = infotext.write(Recipe(model='/home/me/a, "b": c.safetensors'), 64, 64)
    assert "Model: a_ _b__ c.safetensors, " in text
    assert "home" not in text
    assert "Model: stable-diffusion-v1-4, " in infotext.write(Recipe(model="CompVis/stable-diffusion-v1-4"), 64, 64)
    assert "Model: x.safetensors, " in infotext.write(Recipe(model="C:\\models\\x.safetensors"), 64, 64)


def test_what_differs_from_the_usual_is_written_and_nothing_else():
    text = infotext.write(Recipe(clip_skip=2, sampler="ddim", eta=0.5, rng="philox"), 64, 64)
    assert "Clip skip: 2" in text
    assert "Eta DDIM: 0.5" in text
    assert "RNG: NV" in text
    assert "Prompt syntax: weighted" in text
    plain = infotext.write(Recipe(sampler="euler_a", eta=1.0, prompt_syntax="plain"), 64, 64)
    assert not [key for key in ("Clip skip", "Eta", "Prompt syntax", "Safelight") if key in plain.split("Version")[0]]


def test_files_are_named_where_other_programs_look_for_them_and_come_back_as_they_were():
    recipe = Recipe(
        prompt="a cat", loras=[{"file": "a/paint.safetensors", "scale": 0.5}], hypernetworks=["ink.pt"], vae="v.pt",
        steps=5, model="bundled", regions=[{"prompt": "a, b: c", "box": (0, 0, 0.5, 1)}],
    )  # fmt: skip
    text = infotext.write(recipe, 64, 64)
    assert text.startswith("a cat <lora:paint:0.5> <hypernet:ink:1>\n")
    assert ", VAE: v.pt, " in text
    read, left_out = infotext.parse(text)
    assert (read.prompt, read.loras, read.hypernetworks) == ("a cat", recipe.loras, recipe.hypernetworks)
    assert (read.vae, read.regions) == (recipe.vae, recipe.regions)
    assert not left_out


def test_a_damaged_part_of_ours_is_left_out_and_said():
    recipe, left_out = infotext.parse('x\nSteps: 5, Seed: 3, Size: 64x64, Safelight: "{\\"apg_norm\\": 3}"')
    assert (recipe.steps, recipe.apg_norm) == (5, 0)
    assert left_out == ["Safelight: apg_norm and apg_momentum have no meaning without apg_eta; write apg_eta 0 as well"]


plain_prompts = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=80)
    .map(str.strip)
    .filter(lambda prompt: not prompt.startswith("Negative prompt:"))
)


@given(recipes(), plain_prompts, plain_prompts)
@settings(max_examples=50)
def test_our_own_text_is_read_back(recipe, prompt, negative):
    recipe = recipe.model_copy(update={"prompt": prompt, "negative_prompt": negative, "model": "bundled"})
    recipe = recipe.resolved(Defaults(sampler="euler_a", schedule="karras", eta=0.5))
    read, left_out = infotext.parse(infotext.write(recipe, recipe.width or 0, recipe.height or 0))
    assert read == recipe.model_copy(update={"model_hash": None})
    assert not [line for line in left_out if not line.startswith("Model hash")]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_sampler_and_schedule_is_read_back(sampler, schedule):
    recipe = Recipe(sampler=sampler, schedule=schedule, steps=5)
    read, _ = infotext.parse(infotext.write(recipe, 512, 512))
    assert (read.sampler, read.schedule) == (sampler, schedule)


def test_a_sampler_or_schedule_without_a_label_goes_by_its_plain_name(monkeypatch):
    recipe = Recipe(sampler="heun", schedule="karras", steps=5)
    monkeypatch.delitem(infotext._SAMPLER_LABELS, "heun")
    monkeypatch.delitem(infotext._SCHEDULE_LABELS, "karras")
    text = infotext.write(recipe, 512, 512)
    assert "Sampler: heun, Schedule type: karras, " in text
    read, _ = infotext.parse(text)
    assert (read.sampler, read.schedule) == ("heun", "karras")


FOREIGN = (
    "a (cat:1.2)\nin a hat\nNegative prompt: dog\nbird\nSteps: 20, Sampler: {}, CFG scale: 7.5, Seed: 1, Size: 512x768"
)


@pytest.mark.parametrize(
    ("named", "sampler", "schedule"),
    [
        ("DPM++ 2M Karras", "dpmpp_2m", "karras"),
        ("dpm++ 2m karras", "dpmpp_2m", "karras"),
        ("DPM++ 2M, Schedule type: Exponential", "dpmpp_2m", "exponential"),
        ("DPM++ 2M, Schedule type: Automatic", "dpmpp_2m", "karras"),
        ("DPM++ 2M", "dpmpp_2m", "karras"),
        ("Euler a", "euler_a", "uniform"),
        ("k_euler_ancestral", "euler_a", "uniform"),
        ("LMS Karras", "lms", "karras"),
        ("PLMS", "plms", "leading"),
        ("UniPC, Schedule type: SGM Uniform", "unipc", "sgm_uniform"),
        ("DPM++ 2M SDE Karras", "dpmpp_2m_sde", "karras"),
        ("DPM++ 3M SDE Exponential", "dpmpp_3m_sde", "exponential"),
        ("DPM2 a Karras", "dpm2_a", "karras"),
        ("DPM++ 2S a, Schedule type: Align Your Steps", "dpmpp_2s_a", "align_your_steps"),
        ("Heun, Schedule type: Normal", "heun", "normal"),
    ],
)
def test_the_names_of_other_programs_are_understood_old_and_new_in_any_case(named, sampler, schedule):
    recipe, left_out = infotext.parse(FOREIGN.format(named))
    assert (recipe.sampler, recipe.schedule) == (sampler, schedule)
    assert not left_out


def test_prompts_of_several_lines_and_the_customs_of_other_programs_are_understood():
    recipe, _ = infotext.parse(FOREIGN.format("Euler"))
    assert recipe.prompt == "a (cat:1.2)\nin a hat"
    assert recipe.negative_prompt == "dog\nbird"
    assert (recipe.width, recipe.height, recipe.steps, recipe.guidance_scale) == (512, 768, 20, 7.5)
    assert (recipe.rng, recipe.prompt_syntax) == ("philox", "a1111")  # GPU noise, weighing brackets
    assert infotext.parse(FOREIGN.format("Euler") + ", RNG: CPU")[0].rng == "torch"


def test_what_cannot_be_carried_over_is_said():
    text = "cat\nSteps: 2000, Sampler: DPM++ 4M SDE, Schedule type: Turbo, CFG scale: nan, Seed: -1, Size: 500x512, "
    text += (
        'Model hash: fe4efff1e1, Lora hashes: "a: b, c: d", Denoising strength: 0.7, RNG: XPU, Eta: 0.3, Clip skip: 1.5'
    )
    recipe, left_out = infotext.parse(text)
    assert recipe == Recipe(prompt="cat", height=512, prompt_syntax="a1111")
    said = "\n".join(left_out)
    for words in ("steps 2000", "Sampler: DPM++ 4M SDE", "Schedule type: Turbo", "guidance_scale", "seed", "width 500"):
        assert words in said
    for words in ("fe4efff1e1", "Lora hashes: a: b, c: d", "Denoising strength: 0.7", "rng", "Eta: 0.3", "clip_skip"):
        assert words in said


def test_a_quote_in_a_value_does_not_swallow_the_rest():
    recipe, _ = infotext.parse('x\nSteps: 5, Model: 5" disk, Seed: 3, Size: 64x64, Note: "open, CFG scale: 7')
    assert (recipe.model, recipe.seed, recipe.width) == ('5" disk', 3, 64)


@pytest.mark.parametrize("text", ["", "a cat", "a cat\nSteps: 20, Seed: 1", "Negative prompt: x", "a: b\nc"])
def test_a_text_without_settings_is_refused(text):
    with pytest.raises(RecipeError, match=r"^p\.png: the parameters do not end"):
        infotext.parse(text, "p.png")


def test_a_prompt_beyond_all_bounds_is_refused():
    with pytest.raises(RecipeError, match="prompt is 20000 characters"):
        infotext.parse("x" * 20_000 + "\nSteps: 1, Seed: 1, Size: 64x64")
    with pytest.raises(RecipeError, match="too many"):
        infotext.parse("x" * 2_000_000)


@given(st.text('aS1:,"\\x \n-/', max_size=80) | st.text(max_size=60))
def test_no_text_makes_the_reader_stumble(tail):
    recipe, left_out = infotext.parse("Negative prompt: a\nSteps: 1, Seed: 1, Size: 64x64, " + tail.replace("\n", ","))
    assert isinstance(recipe, Recipe)
    assert all("\n" not in line or "prompt" in line for line in left_out)
    read, refusal = outcome(infotext.parse, tail)
    assert read or len(refusal) < 300


@pytest.mark.parametrize("unit", ['"', '\\"', "a ", "a: ", ":,", '": "\\', "a: b, ", "\n", "Negative prompt:\n"])
def test_a_million_hostile_characters_are_read_in_linear_time(unit):
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    outcome(infotext.parse, text)
    assert time.process_time() - began < 10  # quadratic would be hours
