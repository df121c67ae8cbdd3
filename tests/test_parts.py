"""Files that people bring along, from the recipe to the pixels, on a model of random weights."""

import hashlib
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from safelight import drawing as drawing_module
from safelight.adapters import embedding, ip_adapter, lora
from safelight.adapters.controlnet_names import controlnet_names
from safelight.adapters.factors import Change, Low
from safelight.adapters.lora_names import layers
from safelight.engine import Engine, Finished
from safelight.errors import RecipeError
from safelight.models.controlnet import ControlNet
from safelight.models.vision import ImageEncoder, VisionConfig
from safelight.recipe import FileUse, LoraUse, Recipe
from safelight.weights.image_tower import write_image_tower
from tiny import TEXT, UNET, tiny_model

CAR = Recipe(prompt="a red car", seed=1, steps=2)


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A library of our own, so that nothing is found or remembered elsewhere."""
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pixels(model, **changes):
    return model.generate(CAR.model_copy(update=changes)).pixels


def apart(a, b):
    return np.abs(a.astype(int) - b.astype(int)).mean()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_lora(path, seed=0, size=0.7, only=""):
    """A LoRA of rank 2 on every linear layer of the tiny model whose name holds `only`."""
    shapes = dict(tiny_shapes())
    generator = torch.Generator().manual_seed(seed)
    changes = {}
    for stem, place in layers(UNET, TEXT).items():
        shape = shapes.get((place.part, place.name))
        if stem.startswith("lora_") and shape is not None and only in place.part:
            down, up = (torch.randn(s, generator=generator) * size for s in ((2, shape[1]), (shape[0], 2)))
            changes[stem] = Change(Low(down, up), 2.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    lora.write(lora.Lora("made", changes), path, "kohya", UNET, TEXT)
    return path


def tiny_shapes():
    made = tiny_model()
    for part, network in (("unet", made.unet.network), ("text", made.text.network)):
        for name, module in network.named_modules():
            if isinstance(module, torch.nn.Linear):
                yield (part, name), tuple(module.weight.shape)


# -- Found by name, by hash, or not at all -----------------------------------------------------------------------------


def test_a_picture_names_its_files_by_hash_and_never_says_where_they_lay(model, tmp_path):
    path = write_lora(tmp_path / "deep" / "paint.safetensors")
    recipe = model.generate(CAR.model_copy(update={"loras": (LoraUse(file=str(path), scale=0.5),)})).recipe
    assert recipe.loras == (LoraUse(file="paint.safetensors", sha256=digest(path), scale=0.5),)
    assert str(tmp_path) not in recipe.to_json(full=True)


def test_the_recipe_of_a_picture_makes_it_again_wherever_its_file_has_been_seen(model, tmp_path, home):
    path = write_lora(tmp_path / "deep" / "paint.safetensors")
    picture = model.generate(CAR.model_copy(update={"loras": [str(path)]}))
    assert np.array_equal(tiny_model().generate(picture.recipe).pixels, picture.pixels)
    path.unlink()
    with pytest.raises(RecipeError, match=r"there is no LoRA 'paint\.safetensors'\. Give its path, or put it into"):
        tiny_model().generate(picture.recipe)
    write_lora(home / "loras" / "paint.safetensors")
    assert np.array_equal(tiny_model().generate(picture.recipe).pixels, picture.pixels)


def test_a_file_of_another_hash_than_the_recipes_is_refused_in_one_line(model, tmp_path):
    path = write_lora(tmp_path / "paint.safetensors", seed=1)
    with pytest.raises(RecipeError, match=r"the LoRA .* is not the one in the recipe \(SHA-256 \w{10}, not aaaaaaaaaa"):
        pixels(model, loras=[{"file": str(path), "sha256": "a" * 64}])


def test_a_file_in_the_library_goes_by_its_bare_name_and_a_misspelt_one_gets_an_offer(model, home):
    write_lora(home / "loras" / "paint.safetensors")
    assert apart(pixels(model, loras=["paint"]), pixels(model)) > 0.5
    with pytest.raises(RecipeError, match=r"there is no LoRA 'pant'\. Did you mean 'paint'\?"):
        pixels(model, loras=["pant"])


def test_a_path_out_of_the_library_is_no_name_in_it(model, home):
    write_lora(home / "paint.safetensors")
    with pytest.raises(RecipeError, match="there is no LoRA"):
        pixels(model, loras=["../paint.safetensors"])


# -- LoRA --------------------------------------------------------------------------------------------------------------


def test_a_lora_shows_by_its_scale_and_leaves_the_model_as_it_was(model, tmp_path):
    path = str(write_lora(tmp_path / "a.safetensors"))
    before = pixels(model)
    full, half, none = (pixels(model, loras=[{"file": path, "scale": scale}]) for scale in (1, 0.5, 0))
    assert apart(full, before) > apart(half, before) > 0.1
    assert np.array_equal(none, before)
    assert np.array_equal(pixels(model), before)


def test_the_scale_of_the_text_encoder_is_its_own(model, tmp_path):
    path = str(write_lora(tmp_path / "a.safetensors", only="text"))
    before = pixels(model)
    assert np.array_equal(pixels(model, loras=[{"file": path, "scale": 1, "text_scale": 0}]), before)
    assert apart(pixels(model, loras=[{"file": path, "scale": 0, "text_scale": 1}]), before) > 0.01


def test_two_loras_add_up_in_any_order(model, tmp_path):
    a, b = (str(write_lora(tmp_path / f"{seed}.safetensors", seed, 0.3)) for seed in (1, 2))
    both = pixels(model, loras=[a, b])
    assert np.abs(both.astype(int) - pixels(model, loras=[b, a]).astype(int)).max() <= 1
    assert apart(both, pixels(model, loras=[a])) > 0.1


def test_a_lora_in_the_prompt_is_the_lora_in_the_recipe_and_no_word(model, home):
    path = write_lora(home / "loras" / "paint.safetensors")
    said = model.generate(CAR.model_copy(update={"prompt": "a red car<lora:paint:0.5>"}))
    assert said.recipe.prompt == "a red car"
    assert said.recipe.loras == (LoraUse(file="paint.safetensors", sha256=digest(path), scale=0.5),)
    assert np.array_equal(said.pixels, pixels(model, loras=[{"file": "paint", "scale": 0.5}]))
    plain = model.generate(CAR.model_copy(update={"prompt": "a red car<lora:paint:0.5>", "prompt_syntax": "plain"}))
    assert plain.recipe.loras == ()


@pytest.mark.parametrize("exact", [True, False])
def test_pictures_with_other_loras_or_none_do_not_touch_each_other(tmp_path, exact):
    a, b = (str(write_lora(tmp_path / f"{seed}.safetensors", seed)) for seed in (1, 2))
    recipes = [
        CAR.model_copy(update={"loras": use, "seed": seed})
        for seed, use in enumerate([[a], [], [b], [a, b], [a]])
    ]  # fmt: skip
    events = Engine(tiny_model(), exact=exact, at_once=5).stream(recipes)
    together = {event.index: event.picture for event in events if isinstance(event, Finished)}
    for index, recipe in enumerate(recipes):
        alone = tiny_model().generate(recipe).pixels
        assert np.abs(together[index].pixels.astype(int) - alone.astype(int)).max() <= (0 if exact else 1)
    assert [together[index].provenance.alone for index in range(5)] == [exact, True, True, True, exact]


def test_what_a_lora_did_is_said(model, tmp_path):
    path = write_lora(tmp_path / "a.safetensors")
    (said,) = Engine(model).notices(CAR.model_copy(update={"loras": [str(path)]}))
    count = len(layers(UNET, TEXT))
    assert said.startswith("LoRA a.safetensors: ")
    assert said.endswith("tensors applied, 0 unknown")
    assert count


def test_a_file_that_is_no_lora_is_one_line(model, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(RecipeError) as caught:
        pixels(model, loras=[str(tmp_path / "a.safetensors")])
    assert "\n" not in str(caught.value)


# -- Textual inversion, hypernetworks, ControlNets ---------------------------------------------------------------------


def test_an_embedding_is_a_word_of_the_prompt_by_its_files_name(model, tmp_path, home):
    vectors = torch.randn(2, TEXT.width, generator=torch.Generator().manual_seed(0)) * 3
    path = tmp_path / "zorb.safetensors"
    embedding.write(embedding.Embedding("zorb", vectors), path, "kohya")
    spelt = pixels(model, prompt="a zorb car")
    picture = model.generate(CAR.model_copy(update={"prompt": "a zorb car", "embeddings": [str(path)]}))
    assert apart(picture.pixels, spelt) > 0.1
    assert picture.recipe.embeddings == (FileUse(file="zorb.safetensors", sha256=digest(path)),)
    assert np.array_equal(pixels(model, embeddings=[str(path)]), pixels(model))  # a word that is not said
    path.rename(tmp_path / "renamed.safetensors")
    again = CAR.model_copy(
        update={"prompt": "a zorb car", "embeddings": [{"file": str(tmp_path / "renamed.safetensors")}]}
    )
    assert np.array_equal(model.generate(again).pixels, spelt)  # its word is another now
    (home / "embeddings").mkdir(parents=True, exist_ok=True)
    (tmp_path / "renamed.safetensors").rename(home / "embeddings" / "zorb.safetensors")
    assert np.array_equal(model.generate(picture.recipe).pixels, picture.pixels)
    (said,) = Engine(model).notices(picture.recipe)
    assert said == "embedding 'zorb': 2 tokens"


def test_a_hypernetwork_shows_by_its_scale_and_leaves_the_model_as_it_was(model, tmp_path):
    generator = torch.Generator().manual_seed(1)

    def perceptron():
        shapes = {
            "linear.0.weight": (64, 32),
            "linear.0.bias": (64,),
            "linear.1.weight": (32, 64),
            "linear.1.bias": (32,),
        }
        return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}

    torch.save({32: (perceptron(), perceptron()), "activation_func": "relu"}, tmp_path / "ink.pt")
    before = pixels(model)
    full, none = (
        pixels(model, hypernetworks=[{"file": str(tmp_path / "ink.pt"), "scale": scale}]) for scale in (1.0, 0.0)
    )
    assert apart(full, before) > 0.1
    assert np.array_equal(none, before)
    assert np.array_equal(pixels(model), before)
    (said,) = Engine(model).notices(CAR.model_copy(update={"hypernetworks": [str(tmp_path / "ink.pt")]}))
    assert said == "hypernetwork ink.pt: 2 of 2 tensors applied, 0 unknown"


def write_controlnet(path):
    """A ControlNet for the tiny model, with random weights that say something."""
    torch.manual_seed(3)
    network = ControlNet(UNET)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.3)
    state = network.state_dict()
    names = {name.ours: name.theirs("compvis") for name in controlnet_names(UNET, 3)}
    save_file({names[ours]: tensor.contiguous() for ours, tensor in state.items()}, path)
    return path


def write_picture(path, seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8)
    Image.fromarray(noise).resize((90, 60), Image.Resampling.BICUBIC).save(path)
    return path


def test_a_controlnet_follows_its_picture_as_strongly_and_as_long_as_it_is_told(model, tmp_path):
    use = {"file": str(write_controlnet(tmp_path / "c.safetensors")), "image": str(write_picture(tmp_path / "p.png"))}
    other = str(write_picture(tmp_path / "q.png", 1))
    before = pixels(model)
    picture = model.generate(CAR.model_copy(update={"controls": [use]}))
    assert apart(picture.pixels, before) > 0.1
    assert apart(pixels(model, controls=[use | {"image": other}]), picture.pixels) > 0.01
    assert apart(pixels(model, controls=[use | {"prepare": "canny"}]), picture.pixels) > 0.01
    half = pixels(model, controls=[use | {"strength": 0.5}])
    assert 0 < apart(half, before) < apart(picture.pixels, before)
    first = pixels(model, controls=[use | {"end": 0.5}])
    assert apart(first, picture.pixels) > 0
    assert apart(first, before) > 0
    assert np.array_equal(pixels(model, controls=[use | {"strength": 0}]), before)
    (made,) = picture.recipe.controls
    assert (made.file, made.image.file) == ("c.safetensors", "p.png")
    assert (made.sha256, made.image.sha256) == (digest(tmp_path / "c.safetensors"), digest(tmp_path / "p.png"))
    assert np.array_equal(model.generate(picture.recipe).pixels, picture.pixels)


def test_two_controlnets_add_up(model, tmp_path):
    use = {"file": str(write_controlnet(tmp_path / "c.safetensors")), "image": str(write_picture(tmp_path / "p.png"))}
    twice = pixels(model, controls=[use | {"strength": 0.25}] * 2)
    once = pixels(model, controls=[use | {"strength": 0.5}])
    assert np.abs(twice.astype(int) - once.astype(int)).max() <= 1


def test_a_controlnet_for_another_model_is_one_line(model, tmp_path):
    image = str(write_picture(tmp_path / "p.png"))
    save_file({"body.0.in_conv.weight": torch.ones(2)}, tmp_path / "t2i.safetensors")
    with pytest.raises(RecipeError, match="T2I-Adapter"):
        pixels(model, controls=[{"file": str(tmp_path / "t2i.safetensors"), "image": image}])
    with pytest.raises(RecipeError, match=r"there is no image '.*gone\.png'"):
        pixels(model, controls=[{"file": str(write_controlnet(tmp_path / "c.safetensors")), "image": "gone.png"}])


# -- IP-Adapter --------------------------------------------------------------------------------------------------------

TOWER = VisionConfig(size=28, patch=14, width=32, layers=1, heads=4, mlp=32, projection=24)


def write_adapter(folder, width=24):
    """An IP-Adapter of random weights for the tiny model, and its image tower beside it."""
    folder.mkdir()
    torch.manual_seed(4)
    write_image_tower(folder, ImageEncoder(TOWER))
    sites = ip_adapter.cross_sites(tiny_model().unet.network)
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * UNET.context, width),
        "image_proj.proj.bias": torch.randn(4 * UNET.context),
        "image_proj.norm.weight": torch.ones(UNET.context),
        "image_proj.norm.bias": torch.zeros(UNET.context),
    }
    for i, (_, attention) in enumerate(sites):
        for kind in "kv":
            tensors[f"ip_adapter.{2 * i + 1}.to_{kind}_ip.weight"] = torch.randn(attention.q.out_features, UNET.context)
    save_file(tensors, folder / "ip.safetensors")
    return str(folder / "ip.safetensors")


def test_an_image_prompt_shows_by_its_scale_and_is_recorded_with_its_tower(model, tmp_path):
    use = {"file": write_adapter(tmp_path / "ip"), "image": str(write_picture(tmp_path / "p.png"))}
    before = pixels(model)
    picture = model.generate(CAR.model_copy(update={"image_prompts": [use]}))
    assert apart(picture.pixels, before) > 0.05
    assert (
        apart(pixels(model, image_prompts=[use | {"image": str(write_picture(tmp_path / "q.png", 1))}]), before) > 0.05
    )
    assert np.array_equal(pixels(model, image_prompts=[use | {"scale": 0}]), before)
    assert np.array_equal(pixels(model), before)
    (made,) = picture.recipe.image_prompts
    assert (made.file, made.image.file) == ("ip.safetensors", "p.png")
    assert made.tower.sha256 == digest(tmp_path / "ip" / "image_encoder" / "model.safetensors")
    assert np.array_equal(model.generate(picture.recipe).pixels, picture.pixels)


@pytest.mark.parametrize("changes", [{"negative_prompt": "a red car"}, {"guidance_scale": 1.0}, {"perp_neg": True}])
def test_only_the_rows_of_the_prompt_see_the_picture(model, tmp_path, changes):
    use = {"file": write_adapter(tmp_path / "ip"), "image": str(write_picture(tmp_path / "p.png"))}
    drawing = model.begin(CAR.model_copy(update={"image_prompts": [use], "negative_prompt": "a house", **changes}))
    told = drawing.told
    positive, negative = told.positive(0.0)[0].context, told.negative(0.0)[0].context
    seen = []
    look = drawing_module.look
    drawing_module.look = lambda unet, prompts, rows: seen.append(rows) or look(unet, prompts, rows)
    try:
        see = drawing.see(5.0)
        for context in ([negative, positive], [positive]):
            with see(model.unet.network, torch.cat(context)):
                pass
    finally:
        drawing_module.look = look
    assert seen == [[False, True], [True]]


def test_an_adapter_without_its_tower_or_for_another_one_is_one_line(model, tmp_path):
    image = str(write_picture(tmp_path / "p.png"))
    other = {"file": write_adapter(tmp_path / "other", 16), "image": image}
    with pytest.raises(RecipeError, match="wants embeddings of width 16, but the image tower gives 24"):
        pixels(model, image_prompts=[other])
    lonely = {"file": write_adapter(tmp_path / "ip"), "image": image}
    shutil.rmtree(tmp_path / "ip" / "image_encoder")
    with pytest.raises(RecipeError, match="needs its image tower: put the folder image_encoder beside it"):
        pixels(model, image_prompts=[lonely])
