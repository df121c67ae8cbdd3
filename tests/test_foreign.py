"""What other programs write into their pictures becomes a recipe, and whatever does not is named."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from recipes import outcome
from safelight import foreign
from safelight.cli import main
from safelight.errors import PictureError, RecipeError
from safelight.foreign.novelai import rewritten
from safelight.infotext import sampler_named, schedule_named
from safelight.metadata import read_metadata, recipe_of
from safelight.picture import Picture
from safelight.recipe import SAMPLERS, SCHEDULES, Defaults, LoraUse, Recipe

A1111 = (
    "a (red:1.2) car <lora:paint:0.8>\nNegative prompt: rain\nSteps: 20, Sampler: DPM++ 2M SDE, Schedule type: Karras, "
    "CFG scale: 7.5, Seed: 42, Size: 512x768, Model hash: fe4efff1e1, Model: sd-v1-4, Denoising strength: 0.7, "
    'Clip skip: 2, ENSD: 31337, Hires upscale: 2, Hires upscaler: Latent, Lora hashes: "paint: abc, b: c", RNG: NV, '
    "Eta: 0.5, Odd thing: 5, Version: v1.10.1"
)
SDCPP = (
    "A sunflower field\nNegative prompt: Blue sky\nSteps: 30, CFG scale: 5.000000, Guidance: 3.500000, Eta: 0.000000, "
    "Seed: 1375127038, Size: 512x512, Model: v1-5.safetensors, RNG: cuda, Sampler: dpm++2m karras, "
    "Version: stable-diffusion.cpp"
)
INVOKE = {
    "app_version": "5.4.0", "generation_mode": "txt2img", "positive_prompt": "a cat++", "negative_prompt": "dog",
    "width": 512, "height": 640, "seed": 7, "rand_device": "cpu", "cfg_scale": 6.5, "cfg_rescale_multiplier": 0,
    "steps": 25, "scheduler": "dpmpp_2m_k", "clip_skip": 1, "seamless_x": True, "strange": 3,
    "model": {"key": "k", "hash": "blake3:12", "name": "dreams", "base": "sd-1", "type": "main"},
    "loras": [{"model": {"name": "ink", "base": "sd-1"}, "weight": 0.75}],
    "controlnets": [{"image": {"image_name": "x.png"}}],
}  # fmt: skip
OLD_INVOKE = {
    "model": "stable diffusion", "model_weights": "sd-1.4", "model_hash": "fe4e", "app_version": "2.3.0",
    "image": {
        "prompt": [{"prompt": "a castle [fog, rain]", "weight": 1.0}], "steps": 50, "cfg_scale": 7.5, "threshold": 0,
        "perlin": 0.1, "width": 512, "height": 512, "seed": 99, "type": "txt2img", "sampler": "k_lms",
    },
}  # fmt: skip
NOVEL = {
    "Software": "NovelAI", "Description": "{{cat}}", "Source": "Stable Diffusion 81274D13",
    "Comment": json.dumps({
        "prompt": "{{cat}}, [dim] (moon)", "uc": "lowres", "steps": 28, "sampler": "k_euler_ancestral", "seed": 3,
        "scale": 11.0, "width": 512, "height": 768, "noise_schedule": "karras", "sm": True, "cfg_rescale": 0.2,
    }),
}  # fmt: skip


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


def graph(**more):
    """ComfyUI's default graph, with a LoRA and a clip layer in it."""
    nodes = {
        "3": node(
            "KSampler", seed=5, steps=20, cfg=8.0, sampler_name="euler", scheduler="normal", denoise=1.0,
            model=["10", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="v1-5.safetensors"),
        "5": node("EmptyLatentImage", width=512, height=640, batch_size=1),
        "6": node("CLIPTextEncode", text="a glass bottle", clip=["11", 0]),
        "7": node("CLIPTextEncode", text="text, watermark", clip=["11", 0]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
        "10": node("LoraLoader", lora_name="ink.safetensors", strength_model=0.8, strength_clip=0.5,
                   model=["4", 0], clip=["4", 1]),
        "11": node("CLIPSetLastLayer", stop_at_clip_layer=-2, clip=["10", 1]),
    }  # fmt: skip
    return nodes | more


def said(found):
    return {name: getattr(found.recipe, name) for name in found.recipe.model_fields_set}


def reads(**texts):
    found = foreign.read(texts)
    assert found is not None
    return found


def picture(path, **texts):
    chunks = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        chunks.add_text(key, text)
    Image.new("RGB", (64, 64)).save(path, pnginfo=chunks)
    return path


def test_every_sampler_and_schedule_has_a_name_that_is_read_back():
    for name in SAMPLERS:
        assert sampler_named(name) == name
        assert sampler_named(f"K_{name}".lower()) == name
    # AUTOMATIC1111 calls DDIM what is `leading` here; ComfyUI's name for its own is unambiguous.
    assert all(schedule_named(name) == name for name in SCHEDULES if name != "ddim")
    assert (schedule_named("DDIM"), schedule_named("ddim_uniform")) == ("leading", "ddim")
    assert sampler_named("no such") is None


def test_automatic1111s_text_is_read_and_what_is_left_out_has_a_reason():
    found = reads(parameters=A1111)
    recipe = found.recipe
    assert found.program == "AUTOMATIC1111"
    assert (recipe.sampler, recipe.schedule, recipe.eta) == ("dpmpp_2m_sde", "karras", 0.5)
    assert (recipe.seed, recipe.width, recipe.height, recipe.clip_skip, recipe.rng) == (42, 512, 768, 2, "philox")
    assert (recipe.prompt_syntax, recipe.like, recipe.model) == ("a1111", "a1111", "sd-v1-4")
    lost = "\n".join(found.not_carried)
    for what in ("Hires upscale 2", "Hires upscaler Latent", "Denoising strength 0.7", "Ensd 31337", "Model hash"):
        assert what in lost
    assert "Odd thing 5: a recipe has no such field" in found.not_carried
    assert "Lora hashes" in lost


def test_stable_diffusion_cpps_text_is_read_with_its_own_names():
    found = reads(parameters=SDCPP)
    recipe = found.recipe
    assert found.program == "stable-diffusion.cpp"
    assert (recipe.prompt, recipe.negative_prompt) == ("A sunflower field", "Blue sky")
    assert (recipe.sampler, recipe.schedule, recipe.rng) == ("dpmpp_2m", "karras", "philox")
    assert (recipe.steps, recipe.guidance_scale, recipe.seed, recipe.width) == (30, 5.0, 1375127038, 512)
    assert [line for line in found.not_carried if line.startswith("Guidance")]
    other = reads(parameters=SDCPP.replace("dpm++2m karras", "dpm++2mv2 gits"))
    assert other.recipe.sampler is None
    assert {line.partition(":")[0] for line in other.not_carried} >= {"sampler 'dpm++2mv2'", "schedule 'gits'"}


def test_invokeais_settings_are_read():
    found = reads(invokeai_metadata=json.dumps(INVOKE), invokeai_workflow="{}")
    recipe = found.recipe
    assert (recipe.prompt, recipe.prompt_weighting, recipe.rng) == ("a cat++", "compel", "torch")
    assert (recipe.sampler, recipe.schedule, recipe.like) == ("dpmpp_2m", "karras", "diffusers")
    assert (recipe.clip_skip, recipe.model, recipe.height) == (2, "dreams", 640)
    assert recipe.loras == (LoraUse(file="ink", scale=0.75),)
    lost = "\n".join(found.not_carried)
    assert all(word in lost for word in ("seamless_x", "strange 3", "controlnets", "model hash"))


def test_invokeais_older_settings_are_read():
    found = reads(**{"sd-metadata": json.dumps(OLD_INVOKE)})
    recipe = found.recipe
    assert (recipe.prompt, recipe.negative_prompt) == ("a castle", "fog, rain")
    assert (recipe.sampler, recipe.seed, recipe.model) == ("lms", 99, "sd-1.4")
    assert any(line.startswith("perlin") for line in found.not_carried)


def test_novelais_brackets_become_weights_that_mean_the_same():
    assert rewritten("{{cat}}, [dim] (moon)") == "(cat:1.1025), (dim:0.9524) \\(moon\\)"
    found = reads(**NOVEL)
    recipe = found.recipe
    assert (recipe.sampler, recipe.schedule, recipe.guidance_scale) == ("euler_a", "karras", 11.0)
    assert (recipe.prompt_syntax, recipe.guidance_rescale, recipe.negative_prompt) == ("a1111", 0.2, "lowres")
    assert any(line.startswith("sm ") for line in found.not_carried)


def test_comfyuis_default_graph_is_read_whole():
    found = reads(prompt=json.dumps(graph()), workflow="{}")
    assert said(found) == {
        "prompt": "a glass bottle", "negative_prompt": "text, watermark", "seed": 5, "steps": 20,
        "guidance_scale": 8.0, "sampler": "euler", "schedule": "normal", "width": 512, "height": 640, "clip_skip": 2,
        "model": "v1-5.safetensors", "loras": (LoraUse(file="ink.safetensors", scale=0.8, text_scale=0.5),),
        "prompt_syntax": "comfyui", "prompt_weighting": "comfy", "rng": "torch", "like": "comfyui",
    }  # fmt: skip
    assert found.not_carried == []


def test_every_node_of_a_graph_that_was_not_read_is_named():
    nodes = graph()
    nodes["3"]["inputs"] |= {"denoise": 0.5, "positive": ["20", 0]}
    nodes["20"] = node("ControlNetApply", conditioning=["6", 0], control_net=["21", 0], strength=1)
    nodes["21"] = node("ControlNetLoader", control_net_name="canny")
    nodes["6"]["inputs"]["text"] = ["22", 0]
    nodes["22"] = node("StringBox", value="a green bottle") | {"is_changed": [float("nan")]}
    found = reads(prompt=json.dumps(nodes))
    assert found.recipe.prompt == "a green bottle"
    assert [line.partition(":")[0] for line in found.not_carried] == [
        "denoise 0.5", "node 20 'ControlNetApply'", "node 21 'ControlNetLoader'",
    ]  # fmt: skip


def test_of_two_samplers_the_one_that_begins_from_noise_is_taken():
    second = node("KSampler", **(graph()["3"]["inputs"] | {"latent_image": ["12", 0], "seed": 6, "denoise": 0.5}))
    up = node("LatentUpscale", samples=["3", 0])
    nodes = graph(**{"12": up, "13": second, "8": node("VAEDecode", samples=["13", 0], vae=["4", 2])})
    found = reads(prompt=json.dumps(nodes))
    assert (found.recipe.seed, found.recipe.width) == (5, 512)
    assert [line.partition(":")[0] for line in found.not_carried] == ["node 12 'LatentUpscale'", "node 13 'KSampler'"]


def test_a_graph_that_runs_in_circles_ends():
    nodes = graph()
    nodes["10"]["inputs"]["model"] = ["10", 0]
    nodes["6"]["inputs"]["text"] = ["6", 0]
    nodes["11"]["inputs"]["clip"] = ["11", 0]
    found = reads(prompt=json.dumps(nodes))
    assert found.recipe.model == "bundled"
    assert any(line.startswith("model:") for line in found.not_carried)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"prompt": "{" * 100_000}, "not JSON"),
        ({"prompt": '{"a":' * 100_000}, "nested too deeply"),
        ({"prompt": "[" * 100_000 + "]" * 100_000}, "nested too deeply"),
        ({"prompt": '{"3": {"class_type": "KSampler", "inputs": 5}}'}, "no KSampler"),
        ({"prompt": "5" * 10_000}, "thousands of digits"),
        ({"prompt": "[]"}, "not an object"),
        ({"invokeai_metadata": "null"}, "not an object"),
        ({"Software": "NovelAI", "Comment": "{}"}, "no prompt"),
        ({"workflow": "{}"}, "workflow alone"),
        ({"Dream": '"a cat" -s 50'}, "command line"),
        ({"parameters": "hello"}, "settings"),
    ],
)
def test_damaged_texts_are_refused_in_one_line(tmp_path, texts, words):
    path = picture(tmp_path / "a.png", **texts)
    found, line = outcome(read_metadata, path)
    assert found is None and words in line and "\n" not in line and len(line) < 400


def test_values_of_the_wrong_kind_cost_only_themselves():
    wrong = INVOKE | {"steps": "many", "seed": -1, "width": [1], "model": 5, "loras": [3, {"model": {"name": []}}]}
    found = reads(invokeai_metadata=json.dumps(wrong))
    assert found.recipe.prompt == "a cat++"
    lost = "\n".join(found.not_carried)
    assert all(word in lost for word in ("steps", "seed", "width"))


def test_a_megabyte_is_read_or_refused_within_a_second():
    begun = time.monotonic()
    many = {str(i): node("Thing", x=i) for i in range(10_000)} | graph()
    assert len(reads(prompt=json.dumps(many)).not_carried) < 300
    with pytest.raises(RecipeError, match="too many"):
        foreign.read({"prompt": " " * (4 * 2**20 + 1)})
    assert time.monotonic() - begun < 5


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.sampled_from(sorted(INVOKE)), st.sampled_from(sorted(graph()["3"]["inputs"])), values)
def test_no_value_makes_anything_but_a_recipe_or_one_line(theirs, ours, value):
    nodes = graph()
    nodes["3"]["inputs"][ours] = value
    old = json.loads(json.dumps(OLD_INVOKE))
    old["image"][theirs] = old["image"]["prompt"] = value
    for texts in (
        {"invokeai_metadata": json.dumps(INVOKE | {theirs: value})},
        {"sd-metadata": json.dumps(old)},
        {"prompt": json.dumps(nodes)},
        {"prompt": json.dumps({"3": value, "4": node("KSampler", positive=value)})},
        {"Software": "NovelAI", "Comment": json.dumps({"prompt": "x", "uc": value, "steps": value, "sampler": value})},
    ):
        found, line = outcome(foreign.read, texts)
        assert (found is None) == (line is not None)


def test_inspect_says_who_made_a_picture_and_what_was_not_carried(tmp_path, capsys):
    path = picture(tmp_path / "a.png", prompt=json.dumps(graph(**{"30": node("Odd\x1b[31m")})))
    assert main(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "recipe (of ComfyUI, from prompt)" in shown
    assert "carried over" in shown and "not carried over" in shown and "node 30" in shown and "\x1b" not in shown
    assert main(["inspect", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["program"], found["recipe"]["seed"]) == ("ComfyUI", 5)
    assert found["carried"] and len(found["left_out"]) == 1


def test_comfyuis_graph_in_a_webp_is_found(tmp_path):
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(graph())
    exif[0x010F] = "workflow:{}"
    Image.new("RGB", (64, 64)).save(tmp_path / "a.webp", exif=exif)
    recipe, notes = recipe_of(tmp_path / "a.webp")
    assert (recipe.seed, notes) == (5, ["made by ComfyUI"])


def test_a_picture_that_says_nothing_is_refused(tmp_path):
    with pytest.raises(PictureError, match="no recipe"):
        recipe_of(picture(tmp_path / "a.png", Title="hello"))


def ours(path):
    """A picture of ours, and its recipe."""
    recipe = Recipe(prompt="a red car, (shiny:1.2)", negative_prompt="rain, fog", seed=42).resolved(
        Defaults(width=64, height=64, steps=20, guidance_scale=7, sampler="euler_a", schedule="karras", eta=1)
    )
    Picture(np.zeros((64, 64, 3), np.uint8), recipe, None).save(path)
    return recipe


def test_sd_parsers_reads_what_we_write(tmp_path):
    sd_parsers = pytest.importorskip("sd_parsers", reason="sd-parsers is not installed")
    recipe = ours(tmp_path / "a.png")
    found = sd_parsers.ParserManager().parse(tmp_path / "a.png")
    assert (found.full_prompt, found.full_negative_prompt) == (recipe.prompt, recipe.negative_prompt)
    (sampler,) = found.samplers
    assert sampler.name == "Euler a"
    assert (int(sampler.parameters["seed"]), int(sampler.parameters["steps"])) == (42, 20)


def test_sd_prompt_reader_reads_what_we_write(tmp_path):
    reader = pytest.importorskip("sd_prompt_reader.image_data_reader", reason="sd-prompt-reader is not installed")
    recipe = ours(tmp_path / "a.png")
    found = reader.ImageDataReader(str(tmp_path / "a.png"))
    assert (found.tool, found.positive, found.negative) == ("A1111 webUI", recipe.prompt, recipe.negative_prompt)
    assert (found.parameter["seed"], found.parameter["steps"], found.parameter["sampler"]) == ("42", "20", "Euler a")
