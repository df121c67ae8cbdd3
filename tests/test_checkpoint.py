"""Models on disk: what diffusers wrote is read right, what we write diffusers reads, and what is wrong is named."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from model_files import (
    DEFAULTS,
    TEXT,
    UNET,
    VAE,
    edit,
    edit_json,
    folder_model,
    networks,
    raw,
    same,
    single_model,
    vocabulary,
)
from references import relative_error, texts, unets, vaes
from safelight.diffusion.schedule import ScheduleConfig
from safelight.errors import OutputError, WeightsError
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNetConfig
from safelight.recipe import Defaults
from safelight.weights.checkpoint import examine, open_model, write_folder, write_single
from safelight.weights.matching import MismatchError


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def made():
    return networks()


@pytest.fixture
def folder(tmp_path, made):
    folder_model(tmp_path / "model", made=made)
    return tmp_path / "model"


@pytest.fixture
def single(tmp_path, made):
    single_model(tmp_path / "model.safetensors", made=made)
    return tmp_path / "model.safetensors"


def loaded(files, dtype=torch.float32):
    return files.load_text(dtype), files.load_unet(dtype), files.load_vae(dtype)


UNET_FILE = "unet/diffusion_pytorch_model.safetensors"
VAE_FILE = "vae/diffusion_pytorch_model.safetensors"
TEXT_FILE = "text_encoder/model.safetensors"


# -- What others wrote -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A folder that diffusers and transformers wrote, and their networks."""
    path = tmp_path_factory.mktemp("theirs") / "model"
    models = {"text_encoder": texts(TEXT)[1], "unet": unets(UNET)[1], "vae": vaes(VAE)[1]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in models.items():
            model.save_pretrained(path / name)
    vocabulary(path / "tokenizer")
    (path / "scheduler").mkdir()
    (path / "scheduler" / "scheduler_config.json").write_text(
        json.dumps(
            {
                "_class_name": "PNDMScheduler",
                "_diffusers_version": "0.2.2",
                "beta_start": 0.00085,
                "beta_end": 0.012,
                "beta_schedule": "scaled_linear",
                "num_train_timesteps": 1000,
                "set_alpha_to_one": False,
                "skip_prk_steps": True,
                "trained_betas": None,
                "clip_sample": False,
            }
        )
    )
    return path, models


def agree(files, models):
    """Whether the networks in the files answer as the references do."""
    generator = torch.Generator().manual_seed(4)
    text, unet, vae = loaded(files)
    ids = torch.randint(0, 514, (2, 77), generator=generator)
    x, context = torch.randn(2, 4, 16, 8, generator=generator), torch.randn(2, 77, 64, generator=generator)
    t, pixels = torch.tensor([981.0, 1.0]), torch.rand(1, 3, 64, 32, generator=generator) * 2 - 1
    reference = models["vae"]
    with torch.no_grad():
        pairs = [
            (text(ids), models["text_encoder"](ids).last_hidden_state),
            (unet(x, t, context), models["unet"](x, t, context).sample),
            (vae.encode(pixels).mean, reference.encode(pixels).latent_dist.mean),
            (vae.decode(x), reference.decode(x).sample),
        ]
    return max(relative_error(a, b) for a, b in pairs)


def test_a_folder_of_diffusers_is_read_and_its_networks_answer_alike(theirs):
    path, models = theirs
    files = open_model(path)
    assert (files.text_config, files.unet_config, files.vae_config) == (TEXT, UNET, VAE)
    assert agree(files, models) < 1e-4


def test_the_scheduler_of_v1_is_read_as_plms_leading_fifty_steps_at_seven_and_a_half(theirs):
    files = open_model(theirs[0])
    assert files.schedule_config == ScheduleConfig()
    chosen = files.defaults
    assert (chosen.sampler, chosen.schedule, chosen.steps, chosen.guidance_scale) == ("plms", "leading", 50, 7.5)


def copied(theirs, tmp_path):
    shutil.copytree(theirs[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_old_names_of_the_autoencoders_attention_are_read(theirs, tmp_path):
    path = copied(theirs, tmp_path)
    count = 0

    def age(tensors, _):
        nonlocal count
        for name in [name for name in tensors if ".attentions.0.to_" in name]:
            old = name
            for new, word in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
                old = old.replace(f".{new}.", f".{word}.")
            tensors[old] = tensors.pop(name)
            count += 1

    edit(path / VAE_FILE, age)
    assert count == 16
    assert agree(open_model(path), theirs[1]) < 1e-4


def test_text_encoders_are_read_with_and_without_the_word_text_model_and_with_position_ids(theirs, tmp_path):
    path = copied(theirs, tmp_path)

    def toggle(tensors, _):
        for name in list(tensors):
            other = name.removeprefix("text_model.") if name.startswith("text_model.") else f"text_model.{name}"
            tensors[other] = tensors.pop(name)
        prefix = "text_model." if any(name.startswith("text_model.") for name in tensors) else ""
        tensors[f"{prefix}embeddings.position_ids"] = torch.arange(77)[None]

    for _ in range(2):
        edit(path / TEXT_FILE, lambda tensors, _: tensors.pop("text_model.embeddings.position_ids", None))
        edit(path / TEXT_FILE, lambda tensors, _: tensors.pop("embeddings.position_ids", None))
        edit(path / TEXT_FILE, toggle)
        files = open_model(path)
        assert files.report.count("ignored") == 1
        assert agree(files, theirs[1]) < 1e-4


def test_numbered_pieces_with_an_index_are_read(theirs, tmp_path):
    from safetensors.torch import load_file, save_file

    path = copied(theirs, tmp_path)
    tensors = load_file(path / UNET_FILE)
    (path / UNET_FILE).unlink()
    weight_map = {}
    for piece in range(3):
        name = f"diffusion_pytorch_model-0000{piece + 1}-of-00003.safetensors"
        part = {key: tensors[key] for i, key in enumerate(sorted(tensors)) if i % 3 == piece}
        save_file(part, path / "unet" / name)
        weight_map |= dict.fromkeys(part, name)
    index = path / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    files = open_model(path)
    assert len(files.components["unet"].files) == 3
    assert agree(files, theirs[1]) < 1e-4

    for name, word in (
        ("../vae/diffusion_pytorch_model.safetensors", "no .safetensors file beside"),
        ("/etc/passwd", "no .safetensors file beside"),
        ("missing.safetensors", "cannot be read"),
        ("diffusion_pytorch_model-00001-of-00003.safetensors", "lacks it"),
    ):
        wrong = dict(weight_map)
        wrong[next(key for key, value in weight_map.items() if "00002" in value)] = name
        index.write_text(json.dumps({"weight_map": wrong}))
        with pytest.raises(WeightsError, match=word):
            open_model(path)


def test_a_folder_that_comes_only_in_half_precision_is_read_in_single(theirs, tmp_path):
    path = copied(theirs, tmp_path)
    for name in (UNET_FILE, VAE_FILE, TEXT_FILE):
        edit(path / name, lambda tensors, _: tensors.update({key: value.half() for key, value in tensors.items()}))
        (path / name).rename((path / name).with_suffix(".fp16.safetensors"))
    files = open_model(path)
    assert {file.name.split(".")[1] for file in files.files} == {"fp16"}
    assert all(part.dtypes == ("F16",) for part in files.components.values())
    assert all(p.dtype == torch.float32 for network in loaded(files) for p in network.parameters())
    assert agree(files, theirs[1]) < 0.05
    assert all(p.dtype == torch.float16 for p in files.load_unet(torch.float16).parameters())


def test_the_plain_files_are_taken_unless_a_variant_is_asked_for(theirs, tmp_path):
    path = copied(theirs, tmp_path)
    shutil.copyfile(path / UNET_FILE, path / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    edit(
        path / "unet" / "diffusion_pytorch_model.fp16.safetensors",
        lambda tensors, _: tensors.update({key: value.half() for key, value in tensors.items()}),
    )
    assert open_model(path).components["unet"].dtypes == ("F32",)
    half = open_model(path, variant="fp16")
    assert half.components["unet"].dtypes == ("F16",)
    assert half.components["vae"].dtypes == ("F32",)  # it comes in no other
    assert half.hash != open_model(path).hash
    with pytest.raises(WeightsError, match=r"no variant 'fp61'.*fp16"):
        open_model(path, variant="fp61")


def test_model_index_json_is_never_needed_and_never_believed(theirs, tmp_path):
    path = copied(theirs, tmp_path)
    assert not (path / "model_index.json").exists()
    (path / "model_index.json").write_text('{"_class_name": "os.system", "unet": ["evil_module", "Evil"]}')
    (path / "evil_module.py").write_text("raise SystemExit('run')")
    assert open_model(path).unet_config == UNET


# -- What we write -----------------------------------------------------------------------------------------------------


def test_a_folder_comes_back_exactly(folder, made):
    files = open_model(folder)
    assert (files.text_config, files.unet_config, files.vae_config) == (TEXT, UNET, VAE)
    assert files.defaults == DEFAULTS
    assert files.schedule_config == ScheduleConfig()
    assert all(map(same, loaded(files), made))
    assert files.report.count("matched") == len(files.report.rows)


def test_a_single_file_comes_back_exactly(single, made):
    files = open_model(single)
    assert files.format == "compvis"
    assert (files.text_config, files.unet_config, files.vae_config) == (TEXT, UNET, VAE)
    assert files.defaults == DEFAULTS
    assert all(map(same, loaded(files), made))
    assert files.files == (single,)


def test_folder_to_single_file_to_folder_changes_no_bit(folder, tmp_path):
    first = open_model(folder)
    write_single(tmp_path / "one.safetensors", *loaded(first), first.schedule_config, first.defaults, first.tokenizer)
    second = open_model(tmp_path / "one.safetensors")
    write_folder(tmp_path / "again", *loaded(second), second.schedule_config, second.defaults, first.tokenizer)
    third = open_model(tmp_path / "again")
    assert third.hash == first.hash
    for file in sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file()):
        assert (tmp_path / "again" / file).read_bytes() == (folder / file).read_bytes(), file


def test_a_single_file_without_our_configs_is_sized_by_its_shapes(tmp_path):
    path = tmp_path / "model.safetensors"
    for channels in (4, 8, 9):
        unet = UNetConfig(**(vars(UNET) | {"in_channels": channels, "heads": 8}))
        made = networks(unet=unet)
        single_model(path, made=made)
        edit(path, lambda _, metadata: metadata.pop("safelight"))
        files = open_model(path)
        assert (files.text_config, files.unet_config, files.vae_config) == (TEXT, unet, VAE)
        assert files.defaults == Defaults()
        assert all(map(same, loaded(files), made))


def test_a_single_file_keeps_the_autoencoders_attention_as_convolutions(single):
    from safetensors.torch import load_file

    tensors = load_file(single)
    assert tensors["first_stage_model.encoder.mid.attn_1.q.weight"].shape == (64, 64, 1, 1)
    assert tensors["first_stage_model.encoder.mid.attn_1.q.bias"].shape == (64,)
    assert tensors["model.diffusion_model.input_blocks.1.1.proj_in.weight"].shape == (32, 32, 1, 1)


def test_what_training_leaves_in_a_single_file_is_known_and_left_alone(single):
    def clutter(tensors, _):
        tensors["betas"] = torch.zeros(1000)
        tensors["model_ema.decay"] = torch.tensor(0.9999)
        tensors["model_ema.num_updates"] = torch.tensor(3)
        tensors["model_ema.diffusion_modelinput_blocks00weight"] = torch.zeros(32, 4, 3, 3)
        tensors["first_stage_model.loss.logvar"] = torch.zeros(1)
        tensors["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]

    edit(single, clutter)
    assert open_model(single).report.count("ignored") == 6


def test_the_file_itself_is_hashed_as_other_tools_hash_it(single, folder):
    import hashlib

    assert open_model(single).hash == hashlib.sha256(single.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for name in (TEXT_FILE, UNET_FILE, VAE_FILE):
        digest.update((folder / name).read_bytes())
    assert open_model(folder).hash == digest.hexdigest()


def test_diffusers_loads_our_folder_offline_and_answers_alike(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

        pipeline = StableDiffusionPipeline.from_pretrained(folder, local_files_only=True)
    files = open_model(folder)
    models = {"text_encoder": pipeline.text_encoder, "unet": pipeline.unet, "vae": pipeline.vae}
    assert agree(files, models) < 1e-4
    assert isinstance(pipeline.scheduler, DPMSolverMultistepScheduler)
    assert pipeline.scheduler.config.use_karras_sigmas
    assert pipeline.scheduler.config.beta_schedule == "scaled_linear"
    ours = Tokenizer(*files.tokenizer)
    prompts = ["a red car", "", "it's two things, 3 of them!"]
    ids = pipeline.tokenizer(
        prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    ).input_ids
    assert torch.equal(ours.batch(prompts), ids)
    assert pipeline.vae.config.scaling_factor == VAE.scale
    assert pipeline.unet.config.sample_size == 16


def test_half_precision_is_written_and_read(tmp_path, made):
    for dtype in (torch.float16, torch.bfloat16):
        folder_model(tmp_path / "half", dtype, made)
        network = open_model(tmp_path / "half").load_unet(dtype)
        expected = made[1].state_dict()
        assert all(torch.equal(value, expected[name].to(dtype)) for name, value in network.state_dict().items())


def test_writing_over_a_model_replaces_it_and_keeps_what_is_no_part_of_it(folder, made):
    (folder / "README.md").write_text("a card")
    (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"stale")
    other = networks()
    with torch.no_grad():
        other[1].conv_in.weight.add_(1)
    folder_model(folder, made=other)
    assert (folder / "README.md").read_text() == "a card"
    assert not (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").exists()
    assert same(open_model(folder).load_unet(), other[1])
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "words"]


def test_writing_that_fails_keeps_the_old_model_and_leaves_nothing_else(folder, made, monkeypatch):
    before = open_model(folder).hash

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safelight.weights.writing.os.fsync", full)
    with pytest.raises(OutputError, match=r"model cannot be written: No space left on device"):
        folder_model(folder, made=made)
    assert open_model(folder).hash == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["home", "model", "words"]


def test_a_file_in_the_way_is_one_clear_error(tmp_path, made):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken/model cannot be written"):
        write_folder(tmp_path / "taken" / "model", *made, ScheduleConfig(), DEFAULTS, vocabulary(tmp_path / "words"))


# -- Loading costs nothing twice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "single"])
def test_every_parameter_is_the_files_own_memory(kind, request):
    files = open_model(request.getfixturevalue(kind))
    for part, network in zip(("text", "unet", "vae"), loaded(files), strict=True):
        component = files.components[part]
        for name, parameter in network.named_parameters():
            file, theirs = component.found[name]
            assert parameter.data_ptr() == file.tensor(theirs).data_ptr()
            assert not parameter.requires_grad
        assert not any(value.is_meta for value in (*network.parameters(), *network.buffers()))
        assert not network.training


PEAK = """
import resource, sys, torch
from safelight.weights.checkpoint import open_model
from pathlib import Path
files = open_model(Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
unet = files.load_unet(getattr(torch, sys.argv[2]))
total = sum(float(p.sum()) for p in unet.parameters())  # every page is looked at
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is measured as Linux reports it")
@pytest.mark.parametrize(("stored", "wanted"), [("float32", "float32"), ("float16", "float32")])
def test_peak_memory_holds_the_weights_once(stored, wanted, tmp_path):
    unet = UNetConfig(channels=(256, 512), attention=(True, True), blocks=1, context=64)
    made = networks(unet=unet)
    folder_model(tmp_path / "big", getattr(torch, stored), made)
    file = (tmp_path / "big" / UNET_FILE).stat().st_size
    whole = sum(p.numel() for p in made[1].parameters()) * 4
    command = [sys.executable, "-c", PEAK, str(tmp_path / "big"), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": SOURCE})
    # Mapped pages of the file count as well: the file once, and its converted numbers once where it is converted.
    allowed = file if stored == wanted else file + whole
    assert whole > 80e6
    assert int(done.stdout) < 1.1 * allowed + 16e6


def test_loading_does_not_wake_torchs_compiler(folder):
    code = (
        "import sys; from pathlib import Path; from safelight.weights.checkpoint import open_model;"
        "files = open_model(Path(sys.argv[1])); files.load_text(); files.load_unet(); files.load_vae();"
        "assert 'torch._dynamo' not in sys.modules"  # a second and a half of imports
    )
    command = [sys.executable, "-c", code, str(folder)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": SOURCE})


SOURCE = os.pathsep.join([str(Path(__file__).parent.parent / "src"), os.environ.get("PYTHONPATH", "")])


# -- What is wrong is named --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["folder", "single"])
def test_an_error_names_every_missing_misshapen_and_unexpected_tensor(kind, request):
    path = request.getfixturevalue(kind)
    names = {
        "folder": ("conv_in.weight", "conv_out.bias", "down_blocks.0.resnets.0.conv1.weight", "surprise.weight"),
        "single": (
            "model.diffusion_model.input_blocks.0.0.weight",
            "model.diffusion_model.out.2.bias",
            "model.diffusion_model.input_blocks.1.0.in_layers.2.weight",
            "model.diffusion_model.surprise.weight",
        ),
    }[kind]

    def spoil(tensors, _):
        del tensors[names[0]], tensors[names[1]]
        tensors[names[2]] = torch.zeros(32, 32, 3)
        tensors[names[3]] = torch.zeros(1)

    edit(path / UNET_FILE if kind == "folder" else path, spoil)
    with pytest.raises(MismatchError) as caught:
        open_model(path)
    message = str(caught.value)
    assert message.splitlines()[0] == (
        f"{path} is not a Stable Diffusion v1 model: 2 missing, 1 misshapen, 1 unexpected tensors"
    )
    for name in (
        *names,
        "conv_in.weight",
        "conv_out.bias",
        "down.0.res.0.conv1.weight",
        "[32, 32, 3, 3]",
        "[32, 32, 3]",
    ):
        assert name in message
    assert [row.status for row in caught.value.report.faults] == ["missing", "missing", "misshapen", "unexpected"]
    assert examine(path).report == caught.value.report


def test_a_long_list_is_bounded_in_the_message_and_whole_in_the_report(folder):
    edit(folder / UNET_FILE, lambda tensors, _: [tensors.pop(name) for name in list(tensors)[1:]])
    with pytest.raises(MismatchError) as caught:
        open_model(folder)
    assert len(str(caught.value).splitlines()) == 22
    assert "models check" in str(caught.value)
    assert caught.value.report.count("missing") > 50


def test_weights_that_are_whole_numbers_are_misshapen(folder):
    edit(folder / UNET_FILE, lambda tensors, _: tensors.update({"conv_out.bias": torch.zeros(4, dtype=torch.int32)}))
    with pytest.raises(MismatchError, match=r"floats wanted, \[4\] of I32 found"):
        open_model(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_missing_part_is_named(folder, part):
    shutil.rmtree(folder / part)
    with pytest.raises(WeightsError, match=f"no {part}/config.json"):
        open_model(folder)


@pytest.mark.parametrize("name", [UNET_FILE, VAE_FILE, TEXT_FILE])
def test_missing_weights_are_named_and_pickles_are_refused(folder, name):
    file = folder / name
    file.unlink()
    with pytest.raises(WeightsError, match="holds no weights"):
        open_model(folder)
    file.with_suffix(".bin").write_bytes(b"\x80\x04.")
    with pytest.raises(WeightsError, match="runs whatever code it carries"):
        open_model(folder)


@pytest.mark.parametrize("name", [UNET_FILE, VAE_FILE, TEXT_FILE])
def test_a_truncated_file_is_named(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate((folder / name).stat().st_size - 100)
    with pytest.raises(WeightsError, match=name):
        open_model(folder)


def test_what_is_no_model_at_all_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "pickle.ckpt").write_bytes(b"\x80\x04.")
    (tmp_path / "text.safetensors").write_text("hello, this is not a model")
    raw(
        tmp_path / "lora.safetensors",
        {"lora_unet_x.lora_up.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
        bytes(4),
    )
    raw(
        tmp_path / "part.safetensors",
        {"down_blocks.0.x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}},
        bytes(4),
    )
    os.mkfifo(tmp_path / "pipe.safetensors")
    for name, word in (
        ("nowhere", "no such file or folder"),
        ("empty", "no unet/config.json|no text_encoder/config.json"),
        ("pickle.ckpt", "pickle"),
        ("text.safetensors", "not a usable safetensors file"),
        ("lora.safetensors", "a LoRA"),
        ("part.safetensors", "give the folder"),
        ("pipe.safetensors", "neither a file nor a folder"),
        ("a\0b", "cannot be read|no such file"),
        ("n" * 5000, "cannot be read|no such file"),
    ):
        with pytest.raises(WeightsError, match=word):
            open_model(tmp_path / name)


@pytest.mark.parametrize(
    ("part", "change"),
    [("unet", {"cross_attention_dim": 32}), ("unet", {"in_channels": 3}), ("vae", {"latent_channels": 16})],
)
def test_networks_that_do_not_speak_to_each_other_are_refused(folder, part, change):
    edit_json(folder / part / "config.json", **change)
    with pytest.raises(WeightsError, match="do not belong together"):
        open_model(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"a": 1' + "0" * 5000 + "}", "\xff", "null"])
def test_a_config_that_is_no_json_object_is_refused(folder, text):
    (folder / "unet" / "config.json").write_text(text, "latin-1")
    with pytest.raises(WeightsError, match=r"unet/config\.json"):
        open_model(folder)


def test_defaults_that_cannot_be_are_refused(folder):
    edit_json(folder / "safelight.json", defaults={"steps": 0})
    with pytest.raises(WeightsError, match=r"safelight\.json.*steps"):
        open_model(folder)
    edit_json(folder / "safelight.json", defaults={"colour": "red"})
    with pytest.raises(WeightsError, match="colour"):
        open_model(folder)


# -- Tokenizers --------------------------------------------------------------------------------------------------------


def test_a_single_file_finds_its_tokenizer_beside_it_or_in_the_library(tmp_path, made, folder):
    path = tmp_path / "elsewhere" / "model.safetensors"
    path.parent.mkdir()
    write_single(path, *made, ScheduleConfig(), DEFAULTS, vocabulary(tmp_path / "words"))
    with pytest.raises(WeightsError, match=r"holds no tokenizer.*beside it"):
        _ = open_model(path).tokenizer
    (tmp_path / "home").mkdir(exist_ok=True)
    shutil.copytree(folder, tmp_path / "home" / "maker" / "model")
    assert open_model(path).tokenizer[0].parent == tmp_path / "home" / "maker" / "model" / "tokenizer"
    vocabulary(path.parent / "tokenizer")
    assert open_model(path).tokenizer[0].parent == path.parent / "tokenizer"
    vocabulary(path.parent)
    assert open_model(path).tokenizer[0].parent == path.parent / "tokenizer"


def test_a_tokenizer_with_more_words_than_the_text_encoder_is_refused(folder):
    edit_json(folder / "tokenizer" / "vocab.json", extra=514)
    with pytest.raises(WeightsError, match="do not belong together"):
        _ = open_model(folder).tokenizer


def test_the_tokenizer_that_new_transformers_write_is_taken_apart(folder, tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import CLIPTokenizer

        theirs = CLIPTokenizer.from_pretrained(folder / "tokenizer")
    before = [file.read_text("utf-8") for file in open_model(folder).tokenizer]
    shutil.rmtree(folder / "tokenizer")
    theirs.save_pretrained(folder / "tokenizer")
    assert not (folder / "tokenizer" / "vocab.json").exists()
    files = open_model(folder).tokenizer
    assert json.loads(files[0].read_text("utf-8")) == json.loads(before[0])
    assert files[1].read_text("utf-8").strip() == before[1].strip()
    assert Tokenizer(*files).encode("a car") == theirs("a car", add_special_tokens=False).input_ids
    assert open_model(folder).tokenizer == files  # taken apart once
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "model" / "safelight.json" / "no"))
    elsewhere = open_model(folder).tokenizer
    assert elsewhere != files
    assert elsewhere[0].read_text("utf-8") == files[0].read_text("utf-8")
    for change in ({"model": None}, {"model": {"type": "WordPiece"}}):
        edit_json(folder / "tokenizer" / "tokenizer.json", **change)
        with pytest.raises(WeightsError, match=r"tokenizer\.json"):
            _ = open_model(folder).tokenizer


def test_a_folder_without_a_tokenizer_says_so(folder):
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(WeightsError, match=r"no tokenizer/vocab\.json"):
        _ = open_model(folder).tokenizer


# -- The size of v1.4 --------------------------------------------------------------------------------------------------


def v14_header(extra=()):
    """The header of a v1.4 checkpoint in half precision, and how long its body is."""
    from safelight.models.text import TextConfig, TextEncoder
    from safelight.models.unet import UNet
    from safelight.models.vae import Autoencoder, AutoencoderConfig
    from safelight.weights.keys import text_names, unet_names, vae_names

    header, at = {}, 0
    parts = (
        (text_names, TextConfig, TextEncoder),
        (unet_names, UNetConfig, UNet),
        (vae_names, AutoencoderConfig, Autoencoder),
    )
    for names, config, network in parts:
        with torch.device("meta"):
            state = network(config()).state_dict()
        for name in names(config()):
            shape = [*state[name.ours].shape, *((1, 1) if name.pointwise else ())]
            size = 2 * state[name.ours].numel()
            header[name.compvis] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
            at += size
    for name in extra:
        header[name] = {"dtype": "F16", "shape": [1], "data_offsets": [at, at + 2]}
        at += 2
    return header, at


def test_a_file_of_v14s_size_is_recognised_by_its_shapes_alone(tmp_path):
    header, size = v14_header(extra=["alphas_cumprod"])
    path = raw(tmp_path / "v1-4.safetensors", header)
    os.truncate(path, path.stat().st_size + size)  # a hole of two gigabytes: nothing is written
    files = open_model(path)
    assert files.unet_config == UNetConfig()
    assert files.report.count("matched") == 1130
    assert files.report.count("ignored") == 1
    counts = {
        part: sum(torch.Size(file.entries[name].shape).numel() for file, name in component.found.values())
        for part, component in files.components.items()
    }
    assert counts == {"unet": 859_520_964, "vae": 83_653_863, "text": 123_060_480}
    assert (files.defaults.width, files.defaults.sampler) == (512, "plms")
