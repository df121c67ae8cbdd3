"""The story of the bundled model, one function a stage, in the order in which they run.

    renders        scenes are drawn, with their truth                     any number of processes
    tokenizer      byte pairs of captions and plain English
    latents        closed-form latents of all renders at all sizes
    encoder        regression of an encoder onto them                  \\
    decoder        a decoder that draws pictures from them              } independent: three processes, side by side
    unet-coarse    UNet and text encoder from nothing, 8 x 8 latents   /
    unet-middle    the same networks, mostly 16 x 16
    unet-fine      the same, up to 32 x 32, and the cooldown
    export         all of it as a diffusers folder, in float16

The diffusion model learns from coarse to fine. A coarse picture costs a quarter or less of the next finer one, and what
words mean, which colour belongs to which thing and where things go is all in it: after six minutes of 8 x 8 latents the
text gap was three times what the same minutes of 16 x 16 gave, and at 16 x 16 learning then goes on from there.

Everything lies in one folder, a subfolder per stage; a stage that finds its work done does nothing, one that was
interrupted goes on. The sizes are those of Stable Diffusion v1 divided down: same shapes of network, same names.

Next: `loop`, which trains; `text_to_image`, what is trained.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from safelight.diffusion.schedule import NoiseSchedule, ScheduleConfig
from safelight.errors import TrainingError, nearest
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.recipe import Defaults
from safelight.scenes.grammar import caption, scene
from safelight.train import checkpoint
from safelight.train.autoencoder import LearnDecoder, LearnEncoder, Pixels, prepare
from safelight.train.captions import Captions
from safelight.train.data import open_renders, render_folder
from safelight.train.latents import PATCH, PatchPCA, encode_renders, fit_renders
from safelight.train.loop import Loop, Method, Readings, Settings
from safelight.train.process import settle
from safelight.train.text_to_image import Diet, Examination, Size, TextToImage, initialise
from safelight.train.vocabulary import english, train_tokenizer
from safelight.weights.checkpoint import write_folder

Tell = Callable[[float, str], None]
"""How much of a stage is done, 0 to 1, and what is happening."""


TEXT = TextConfig(vocabulary=2048, width=256, layers=4, heads=4, mlp=1024, length=77)
UNET = UNetConfig(
    channels=(64, 128, 192, 192), blocks=1, attention=(False, True, True, False), heads=4, context=256, groups=16
)
AUTOENCODER = AutoencoderConfig(channels=(32, 64, 128, 128), blocks=1, groups=8, scale=1.0)
NOISE = ScheduleConfig()
DEFAULTS = Defaults(width=128, height=128, steps=25, guidance_scale=4.0, sampler="dpmpp_2m", schedule="karras")

ENCODER_RUN = Settings(rate=1e-3, minutes=5, warmup=50, weight_decay=0.0, ema=(0.05,))
DECODER_RUN = Settings(rate=1e-3, minutes=25, warmup=50, weight_decay=0.0, ema=(0.05,))


@dataclass(frozen=True)
class Course:
    """One stage of teaching the diffusion model; it begins where the course before it has come to."""

    stage: str
    run: Settings
    diet: Diet


COARSE = Course(
    "unet-coarse",
    Settings(rate=6e-4, minutes=45, warmup=200, cooldown=0.0),
    Diet((Size(8, 1.0, 64),), repeats=4, balanced=True),
)
MIDDLE = Course(
    "unet-middle",
    Settings(rate=6e-4, minutes=150, warmup=50, cooldown=0.0),
    Diet((Size(16, 0.9, 32), Size(8, 0.1, 64)), balanced=True),
)
FINE = Course(
    "unet-fine",
    Settings(rate=4e-4, minutes=100, warmup=50, cooldown=0.4),
    Diet((Size(32, 0.5, 16), Size(24, 0.25, 16), Size(16, 0.25, 32)), text=0.1, balanced=True),
)


@dataclass(frozen=True)
class Plan:
    """Everything that decides the bundled model."""

    seed: int = 1
    scenes: int = 24_000
    held_out: int = 512
    pixels: int = 256
    sides: tuple[int, ...] = (8, 16, 24, 32)
    captions_for_tokenizer: int = 60_000
    crop: int = 64
    text: TextConfig = TEXT
    unet: UNetConfig = UNET
    autoencoder: AutoencoderConfig = AUTOENCODER
    noise: ScheduleConfig = NOISE
    encoder_run: Settings = ENCODER_RUN
    decoder_run: Settings = DECODER_RUN
    courses: tuple[Course, ...] = (COARSE, MIDDLE, FINE)
    defaults: Defaults = DEFAULTS


@dataclass(frozen=True)
class Work:
    """A plan being carried out in a folder."""

    plan: Plan
    folder: Path
    threads: int
    tell: Tell

    def tokenizer(self) -> Tokenizer:
        """Return the run's own tokenizer. Raises `TrainingError` where it was not learnt yet."""
        folder = self.folder / "tokenizer"
        if not (folder / "merges.txt").exists():
            raise TrainingError(f"no tokenizer in {folder}: run the stage `tokenizer` first")
        return Tokenizer(folder / "vocab.json", folder / "merges.txt", self.plan.text.length)

    def latents(self, which: str, side: int) -> np.ndarray:
        """Return all latents of the "train" or "held-out" renders, (N, 4, side, side) float16."""
        path = self.folder / "latents" / f"{which}-{side}.npy"
        if not path.exists():
            raise TrainingError(f"no {path}: run the stage `latents` first")
        return np.load(path)

    def pca(self) -> PatchPCA:
        """Return the closed-form autoencoder."""
        return PatchPCA.load(self.folder / "latents" / "pca.pt")

    def learn(self, method: Method, settings: Settings, stage: str) -> bool:
        """Run the loop in the stage's folder; False if it was asked to stop."""

        def report(line: Readings) -> None:
            words = [
                f"{name} {value:.4g}" for name, value in line.items() if name not in ("step", "minutes", "progress")
            ]
            self.tell(
                line["progress"], f"{stage} step {line['step']:.0f}, {line['minutes']:.1f} min: {', '.join(words)}"
            )

        return Loop(method, settings, self.folder / stage, report).run()


def renders(work: Work) -> bool:
    """Draw the scenes to learn from, and others to be examined on."""
    plan = work.plan
    total, done = plan.scenes + plan.held_out, 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        work.tell(done / total, f"rendered {done} of {total} scenes")

    for which, count, seed in (("held-out", plan.held_out, plan.seed + 1), ("train", plan.scenes, plan.seed)):
        render_folder(
            work.folder / "renders" / which, count, seed=seed, size=plan.pixels, workers=work.threads, advance=advance
        )
    return True


def tokenizer(work: Work) -> bool:
    """Learn the vocabulary from captions of scenes that are not drawn, and from plain English."""
    folder, plan = work.folder / "tokenizer", work.plan
    if (folder / "merges.txt").exists():
        return True
    rng = Random(plan.seed)
    work.tell(0.0, f"telling {plan.captions_for_tokenizer} captions")
    texts = [caption(scene(plan.seed + 2, index), rng) for index in range(plan.captions_for_tokenizer)]
    work.tell(0.5, "learning byte pairs")
    train_tokenizer([*texts, *english()], plan.text.vocabulary, folder)
    work.tell(1.0, f"{plan.text.vocabulary} tokens learnt")
    return True


def latents(work: Work) -> bool:
    """Fit the closed-form latents and write them for every render at every size."""
    folder, plan = work.folder / "latents", work.plan
    folder.mkdir(parents=True, exist_ok=True)
    pixels = {which: open_renders(work.folder / "renders" / which).pixels for which in ("held-out", "train")}
    if not (folder / "pca.pt").exists():
        work.tell(0.0, "fitting principal components")
        fit_renders(pixels["train"], [side * PATCH for side in plan.sides]).save(folder / "pca.pt")
    pca = work.pca()
    done, total = 0, len(plan.sides) * sum(map(len, pixels.values()))
    for side in plan.sides:
        for which, pictures in pixels.items():
            path = folder / f"{which}-{side}.npy"
            if path.exists():
                done += len(pictures)
                continue
            for more in encode_renders(pca, pictures, side * PATCH, path):
                done += more
                work.tell(done / total, f"latents of {which} at {side} x {side}")
    return True


def encoder(work: Work) -> bool:
    """Teach the encoder what the closed-form latents are."""
    torch.manual_seed(work.plan.seed)
    model = Autoencoder(work.plan.autoencoder)
    method = LearnEncoder(model, work.pca(), crops(work), held_out_pixels(work))
    return work.learn(method, work.plan.encoder_run, "encoder")


def decoder(work: Work) -> bool:
    """Teach the decoder to draw pictures from the closed-form latents."""
    torch.manual_seed(work.plan.seed)
    model = Autoencoder(work.plan.autoencoder)
    method = LearnDecoder(model, work.pca(), crops(work), held_out_pixels(work))
    return work.learn(method, work.plan.decoder_run, "decoder")


def crops(work: Work) -> Pixels:
    """Return the pictures that the autoencoder learns from."""
    return Pixels(open_renders(work.folder / "renders" / "train").pixels, work.plan.crop)


def held_out_pixels(work: Work, count: int = 16) -> np.ndarray:
    """Return some pictures to be measured on, (count, S, S, 3) uint8."""
    return np.array(open_renders(work.folder / "renders" / "held-out").pixels[:count])


def unet(work: Work, course: Course) -> bool:
    """Teach UNet and text encoder together, from nothing or from the averaged weights of the course before."""
    unet, text = networks(work.plan)
    before = work.plan.courses[: work.plan.courses.index(course)]
    if before:
        load_average(work.folder / before[-1].stage, {"unet": unet, "text": text}, before[-1].run.ema[0])
    return work.learn(text_to_image(work, unet, text, course.diet), course.run, course.stage)


def networks(plan: Plan) -> tuple[UNet, TextEncoder]:
    """Make the networks of the diffusion model as they are before they learn anything."""
    torch.manual_seed(plan.seed)
    unet, text = UNet(plan.unet), TextEncoder(plan.text)
    initialise(unet, text)
    return unet, text


def text_to_image(work: Work, unet: UNet, text: TextEncoder, diet: Diet) -> TextToImage:
    """Set a table for the diffusion model: latents, captions, an examination, and something to draw with."""
    words = work.tokenizer()
    sides = {size.side: work.latents("train", size.side) for size in diet.sizes}
    train = open_renders(work.folder / "renders" / "train").scenes
    examined = open_renders(work.folder / "renders" / "held-out").scenes[:256]
    side = max(diet.sizes, key=lambda size: size.share).side
    examination = Examination(work.latents("held-out", side)[: len(examined)], Captions(examined, words))
    schedule = NoiseSchedule(work.plan.noise)
    return TextToImage(unet, text, schedule, diet, sides, Captions(train, words), examination, lambda z: draw(work, z))


def draw(work: Work, z: Tensor) -> Tensor:
    """Draw latents with the decoder as far as it has learnt by now, or with the linear inverse before that."""
    if not checkpoint.paths(work.folder / "decoder"):
        return work.pca().decode(z)
    model = Autoencoder(work.plan.autoencoder)
    prepare(model)
    load_average(work.folder / "decoder", {"decoder": model.decoder}, work.plan.decoder_run.ema[0])
    with torch.no_grad():
        return torch.cat([model.decode(piece) for piece in z.split(2)])


def load_average(folder: Path, modules: dict[str, nn.Module], width: float) -> None:
    """Load the averaged weights of this width from the newest checkpoint in `folder` into each of `modules`.

    Raises `TrainingError` where the folder has no checkpoint, or none of these modules.
    """
    state = checkpoint.load(folder)
    if state is None:
        raise TrainingError(f"nothing learnt in {folder} yet: run the stage `{folder.name}` first")
    weights = state["averages"][str(width)]
    for prefix, module in modules.items():
        own = {name.removeprefix(f"{prefix}."): w for name, w in weights.items() if name.startswith(f"{prefix}.")}
        if not own:
            raise TrainingError(f"the checkpoints in {folder} hold no {prefix}")
        module.load_state_dict(own)


def export(work: Work) -> bool:
    """Put the newest of everything into a diffusers folder; of the averages, the one with the least validation loss."""
    plan = work.plan
    course = next((c for c in reversed(plan.courses) if checkpoint.paths(work.folder / c.stage)), plan.courses[0])
    unet, text = networks(plan)
    method = text_to_image(work, unet, text, course.diet)
    losses: dict[float, float] = {}
    for width in course.run.ema:
        load_average(work.folder / course.stage, {"unet": unet, "text": text}, width)
        with torch.no_grad():
            losses[width] = method.validate()["validation_loss"]
        work.tell(0.5, f"{course.stage}, average {width}: validation loss {losses[width]:.5f}")
    load_average(work.folder / course.stage, {"unet": unet, "text": text}, min(losses, key=losses.__getitem__))

    autoencoder = Autoencoder(plan.autoencoder)
    load_average(work.folder / "encoder", {"encoder": autoencoder.encoder}, plan.encoder_run.ema[0])
    load_average(work.folder / "decoder", {"decoder": autoencoder.decoder}, plan.decoder_run.ema[0])
    prepare(autoencoder)
    files = work.folder / "tokenizer" / "vocab.json", work.folder / "tokenizer" / "merges.txt"
    write_folder(work.folder / "model", text, unet, autoencoder, plan.noise, plan.defaults, files, dtype=torch.float16)
    work.tell(1.0, f"wrote {work.folder / 'model'}")
    return True


def stages(plan: Plan) -> dict[str, Callable[[Work], bool]]:
    """Name the stages of a plan, in the order in which they run."""
    return {
        "renders": renders,
        "tokenizer": tokenizer,
        "latents": latents,
        "encoder": encoder,
        "decoder": decoder,
        **{course.stage: partial(unet, course=course) for course in plan.courses},
        "export": export,
    }


def run(
    folder: Path,
    stage: str | None = None,
    minutes: float | None = None,
    threads: int = 1,
    tell: Tell = lambda done, what: None,
    plan: Plan | None = None,
) -> bool:
    """Run one stage, or all of them in order; `minutes` replaces the plan's for the stages that train.

    Returns False if it was asked to stop. Raises `TrainingError` for an unknown stage, or one that comes too early.
    """
    plan = plan or Plan()
    if stage is not None and stage not in stages(plan):
        raise TrainingError(f"no stage {stage!r}.{nearest(stage, stages(plan))}")
    settle(threads)
    if minutes is not None:
        plan = replace(
            plan,
            encoder_run=replace(plan.encoder_run, minutes=minutes),
            decoder_run=replace(plan.decoder_run, minutes=minutes),
            courses=tuple(replace(course, run=replace(course.run, minutes=minutes)) for course in plan.courses),
        )
    work = Work(plan, folder, threads, tell)
    todo = stages(plan)
    return all(todo[name](work) for name in ([stage] if stage else todo))
