"""The whole story of the bundled model in small, from nothing to a folder that draws."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from safelight.errors import TrainingError
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig
from safelight.models.vision import VisionConfig
from safelight.train.bundled import Course, Plan, run, stages
from safelight.train.diet import Diet, Size
from safelight.train.gates import Gate
from safelight.train.loop import Settings
from safelight.train.plan import for_gpu
from safelight.train.process import find_device
from safelight.train.work import load_average
from safelight.weights.checkpoint import open_model
from safelight.weights.image_tower import read_image_tower

THREE = Settings(rate=1e-3, steps=3, warmup=1, ema=(0.1,), log_steps=1)
PLAN = replace(
    Plan(),
    scenes=40,
    pixels_kept=16,
    held_out=40,
    pixels=64,
    sides=(4, 8),
    captions_for_tokenizer=300,
    crop=16,
    crops=4,
    text=TextConfig(vocabulary=600, width=16, layers=1, heads=2, mlp=32, length=77),
    unet=UNetConfig(channels=(8, 16), blocks=1, attention=(False, True), heads=2, context=16, groups=4),
    autoencoder=AutoencoderConfig(channels=(8, 8, 16, 16), blocks=1, groups=4, scale=1.0),
    tower=VisionConfig(size=16, patch=8, width=16, layers=1, heads=2, mlp=32, projection=8),
    encoder_run=THREE,
    decoder_run=THREE,
    tower_run=THREE,
    tower_batch=8,
    courses=(
        Course("unet-plain", THREE, Diet((Size(4, 1.0, 4),))),
        Course("unet-wide", THREE, Diet((Size(8, 0.5, 4), Size(8, 0.5, 4, shape=(6, 8))), balanced=True)),
    ),
    gates={},
)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The folder of a finished run, and what was said while it went on."""
    folder = tmp_path_factory.mktemp("story")
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("safelight.train.bundled.english", lambda: ["a megabyte of English takes its time"] * 9)
        assert run(folder, tell=lambda done, what: said.append(what), plan=PLAN)
    return folder, said


def test_every_stage_leaves_its_work_and_the_last_one_a_model(story):
    folder, said = story
    assert said[-1].startswith("wrote")
    assert {
        "renders",
        "tokenizer",
        "latents",
        "encoder",
        "decoder",
        "unet-plain",
        "unet-wide",
        "image-tower",
        "model",
    } == {path.name for path in folder.iterdir()}
    assert not list(folder.rglob("*.part"))
    assert "there is no recogniser to teach" in said


def test_the_model_is_opened_strictly_and_says_what_it_knows_and_how_it_was_made(story):
    model = story[0] / "model"
    files = open_model(model)
    assert (files.defaults.width, files.defaults.height) == (64, 64)
    assert files.load_unet(torch.float32).config == PLAN.unet
    about = json.loads((model / "safelight.json").read_text())
    assert "sports car" in about["knows"]["things"]
    assert "golden hour lighting" in about["knows"]["lighting"]
    assert about["training"]["world"] == {"seed": 1, "scenes": 40}
    made = about["training"]["stages"]
    assert list(made) == ["encoder", "decoder", "unet-plain", "unet-wide", "image-tower"]
    assert made["unet-wide"]["steps"] == 3
    assert made["decoder"]["validation_psnr"] > 0
    assert "rate" not in made["decoder"]


def test_the_image_tower_is_in_the_folder_with_the_texts_projection(story):
    tower, beside = read_image_tower(story[0] / "model")
    assert tower.config == PLAN.tower
    assert {name: tuple(value.shape) for name, value in beside.items()} == {
        "text_projection.weight": (8, 16),
        "logit_scale": (),
    }
    index = json.loads((story[0] / "model" / "model_index.json").read_text())
    assert index["image_encoder"] == ["transformers", "CLIPVisionModelWithProjection"]


def test_only_the_autoencoders_share_is_kept_as_pixels_and_all_scenes_have_latents(story):
    folder = story[0]
    assert np.load(folder / "renders" / "train" / "pixels.npy", mmap_mode="r").shape == (16, 64, 64, 3)
    for side in (4, 8):
        z = np.load(folder / "latents" / f"train-{side}.npy")
        assert z.shape == (40, 4, side, side)
        assert (z.astype(np.float32).reshape(40, -1).std(1) > 0.05).all()


def test_a_run_that_is_done_does_nothing(story, monkeypatch):
    folder, _ = story
    before = {
        path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and "model" not in path.parts
    }
    for stage in stages(PLAN):
        if stage not in ("export", "tokenizer"):
            assert run(folder, stage, plan=PLAN)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_gate_that_is_shut_stops_the_run_with_one_line_and_can_be_ignored(story):
    folder, _ = story
    shut = replace(PLAN, gates={"decoder": (Gate("validation_psnr", 90.0, advice="train on"),)})
    with pytest.raises(TrainingError, match=r"decoder: validation_psnr is .*, at least 90 is needed; train on\. --ign"):
        run(folder, "decoder", plan=shut)
    said: list[str] = []
    assert run(folder, "decoder", plan=shut, ignore_gates=True, tell=lambda done, what: said.append(what))
    assert said[-1].endswith("(ignored)")


def test_a_gate_on_the_way_stops_a_stage_that_has_only_begun_and_keeps_what_it_learnt(story, tmp_path):
    folder, _ = story
    for name in ("renders", "tokenizer", "latents", "decoder"):
        (tmp_path / name).symlink_to(folder / name)
    course = replace(PLAN.courses[0], run=replace(THREE, steps=9))
    early = replace(PLAN, courses=(course,), gates={"unet-plain": (Gate("loss", most=0.0, after=0.3, advice="stop"),)})
    with pytest.raises(TrainingError, match="unet-plain: loss is"):
        run(tmp_path, "unet-plain", plan=early)
    assert [path.name for path in sorted((tmp_path / "unet-plain").glob("*.pt"))][-1] == "step-00000003.pt"


def test_a_deadline_stops_a_run_between_steps_and_the_same_call_goes_on(story, tmp_path, monkeypatch):
    folder, _ = story
    for name in ("renders", "tokenizer", "latents", "decoder"):
        (tmp_path / name).symlink_to(folder / name)
    assert not run(tmp_path, "unet-plain", plan=PLAN, stop_after=0.0)
    assert (tmp_path / "unet-plain" / "step-00000001.pt").exists()
    assert run(tmp_path, "unet-plain", plan=PLAN)
    assert (tmp_path / "unet-plain" / "step-00000003.pt").exists()


def test_the_older_layout_of_a_folder_goes_on(story, tmp_path):
    """All scenes as renders, and latents beside no small pictures."""
    folder, _ = story
    (tmp_path / "latents").mkdir()
    (tmp_path / "renders").symlink_to(folder / "renders")
    for path in (folder / "latents").iterdir():
        if "small" not in path.name:
            (tmp_path / "latents" / path.name).symlink_to(path)
    assert run(tmp_path, "latents", plan=PLAN)
    again, first = (np.load(place / "latents" / "train-small.npy") for place in (tmp_path, folder))
    assert np.array_equal(again, first)


def test_a_recogniser_is_taught_by_who_brings_one_and_judges_every_sheet(story, tmp_path):
    folder, _ = story
    for name in ("renders", "tokenizer", "latents", "decoder"):
        (tmp_path / name).symlink_to(folder / name)
    taught: list[Path] = []
    assert run(tmp_path, "recogniser", plan=PLAN, teach_recogniser=lambda work: taught.append(work.folder) is None)
    assert taught == [tmp_path]

    looked: list[tuple[int, ...]] = []

    def judge(pixels, scenes):
        assert len(pixels) == len(scenes) <= 36
        assert all(scene.defect is None for scene in scenes)
        looked.append(pixels.shape)
        return {"accuracy_medium": 0.25}

    opened: list[Path] = []
    (tmp_path / "recogniser").mkdir()
    (tmp_path / "recogniser" / "recogniser.safetensors").touch()
    assert run(tmp_path, "unet-plain", plan=PLAN, open_judge=lambda path: opened.append(path) or judge)
    assert opened == [tmp_path / "recogniser" / "recogniser.safetensors"]
    assert looked[0][1:] == (32, 32, 3)
    lines = [json.loads(line) for line in (tmp_path / "unet-plain" / "readings.jsonl").read_text().splitlines()]
    assert lines[-1]["accuracy_medium"] == 0.25


def test_a_stage_that_comes_too_early_or_is_unknown_says_so(tmp_path):
    with pytest.raises(TrainingError, match="Did you mean 'decoder'"):
        run(tmp_path, "decodr")
    with pytest.raises(TrainingError, match="run the stage"):
        run(tmp_path, "decoder")
    with pytest.raises(TrainingError, match="run the stage"):
        run(tmp_path, "image-tower")


def test_a_device_that_is_not_there_is_refused():
    assert find_device("cpu").type == "cpu"
    with pytest.raises(TrainingError, match="device 'tpu' is not there"):
        find_device("tpu")


def test_modules_are_only_loaded_from_a_stage_that_has_them(tmp_path, story):
    with pytest.raises(TrainingError, match="run the stage `unet-plain` first"):
        load_average(tmp_path / "unet-plain", {"unet": nn.Linear(1, 1)}, 0.05)
    with pytest.raises(TrainingError, match="hold no unet"):
        load_average(story[0] / "decoder", {"unet": nn.Linear(1, 1)}, 0.1)


def test_a_gpus_plan_has_larger_batches_fewer_minutes_and_the_same_networks():
    plan, large = Plan(), for_gpu(Plan())
    assert (large.unet, large.text, large.autoencoder, large.tower) == (
        plan.unet,
        plan.text,
        plan.autoencoder,
        plan.tower,
    )
    assert all(course.run.autocast for course in large.courses)
    assert sum(course.run.minutes or 0 for course in large.courses) < 20
    for course, small in zip(large.courses, plan.courses, strict=True):
        assert [size.batch for size in course.diet.sizes] == [16 * size.batch for size in small.diet.sizes]


def test_networks_learn_under_autocast_with_float32_masters(story, tmp_path):
    folder, _ = story
    for name in ("renders", "tokenizer", "latents", "decoder"):
        (tmp_path / name).symlink_to(folder / name)
    courses = tuple(replace(course, run=replace(course.run, autocast=True)) for course in PLAN.courses)
    assert run(tmp_path, "unet-plain", plan=replace(PLAN, courses=courses))
    state = torch.load(tmp_path / "unet-plain" / "step-00000003.pt", weights_only=True)
    assert {w.dtype for w in state["weights"].values()} == {torch.float32}
