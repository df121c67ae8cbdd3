"""The end of the story: what was learnt becomes a folder that Safelight and diffusers read.

    text_encoder/ unet/ vae/ scheduler/ tokenizer/ model_index.json      diffusers' layout, half precision, small files
    image_encoder/ recogniser/                                           where they were taught
    safelight.json     defaults: what it does when nothing is said;  knows: the words it was taught, by kind;
                       training: every stage's steps, minutes and last readings

Next: `weights/writing.py`, which writes it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from safelight import __version__
from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.models.vae import Autoencoder
from safelight.recipe import Defaults
from safelight.scenes.captions import vocabulary
from safelight.train import checkpoint, readings
from safelight.train.autoencoder import prepare
from safelight.train.image_tower import networks as tower_networks
from safelight.train.plan import Course
from safelight.train.work import RECOGNISER, Work
from safelight.weights.checkpoint import write_folder
from safelight.weights.image_tower import write_image_tower

LARGEST = 15_000_000  # bytes of a file


def export(work: Work, course: Course, unet: UNet, text: TextEncoder, order: Sequence[str]) -> Path:
    """Write the folder `model` from the diffusion model and the newest of everything else; returns where it is.

    `course` is where the diffusion model comes from, `order` are the names of the stages.
    """
    plan, path = work.plan, work.folder / "model"
    autoencoder = Autoencoder(plan.autoencoder)
    work.average("encoder", {"encoder": autoencoder.encoder}, plan.encoder_run.ema[0])
    work.average("decoder", {"decoder": autoencoder.decoder}, plan.decoder_run.ema[0])
    prepare(autoencoder)
    write_folder(
        path,
        text,
        unet,
        autoencoder,
        plan.noise,
        defaults(work, course),
        work.vocabulary(),
        dtype=plan.stored,
        largest=LARGEST,
        about={
            "knows": {kind: list(said) for kind, said in vocabulary().items()},
            "training": figures(work, order),
        },
    )
    if checkpoint.paths(work.folder / "image-tower"):
        tower, meeting, _ = tower_networks(plan.tower, plan.text, plan.seed)
        work.average("image-tower", {"tower": tower, "meeting": meeting}, plan.tower_run.ema[0])
        beside = {"text_projection.weight": meeting.projection.weight, "logit_scale": meeting.logit_scale}
        write_image_tower(path, tower, plan.stored, {name: value.detach() for name, value in beside.items()})
    recogniser = work.folder / RECOGNISER
    for file in (recogniser, recogniser.with_suffix(".json")):
        if file.exists():
            (path / RECOGNISER.parent).mkdir(exist_ok=True)
            shutil.copyfile(file, path / RECOGNISER.parent / file.name)
    return path


def defaults(work: Work, course: Course) -> Defaults:
    """What the model does when nothing is said: the plan's defaults, at the size that its last course mostly drew."""
    side = course.diet.usual * 8
    return work.plan.defaults.model_copy(update={"width": side, "height": side}) if side >= 64 else work.plan.defaults


def figures(work: Work, order: Sequence[str]) -> dict[str, object]:
    """How the model was made: world, and of every stage that trained its steps, minutes and last readings."""
    stages: dict[str, object] = {}
    for stage in order:
        found = readings.latest(work.folder / stage)
        if found:
            said = {name: value for name, value in found.items() if name.startswith(REPORTED)}
            stages[stage] = {"steps": int(found["step"]), "minutes": found["minutes"], **said}
    scenes = work.scenes("train")
    return {
        "safelight": __version__,
        "torch": torch.__version__,
        "world": {"seed": scenes.seed, "scenes": len(scenes)},
        "stages": stages,
    }


REPORTED = ("validation", "text_gap", "accuracy", "image_finds", "text_finds", "wrong_word")
