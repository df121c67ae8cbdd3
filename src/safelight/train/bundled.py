"""The story of the bundled model, one function a stage, in the order in which they run.

    renders        some scenes are drawn, and kept                       any number of processes
    tokenizer      byte pairs of captions and plain English
    latents        closed-form latents of all scenes at all sizes        any number of processes
    encoder        regression of an encoder onto them                    * at once, if you like: a process each
    decoder        a decoder that draws pictures from them               *
    recogniser     who can say what a picture shows
    unet-coarse    UNet and text encoder from nothing, 8 x 8 latents     *
    unet-middle    the same networks, mostly 16 x 16
    unet-fine      the same, up to 32 x 32, and the cooldown
    image-tower    CLIP's other half, against the text encoder as it is by now
    export         all of it as a diffusers folder, in half precision

The diffusion model learns from coarse to fine. A coarse picture costs a quarter or less of the next finer one, and what
words mean, which colour belongs to which thing and where things go is all in it: after six minutes of 8 x 8 latents the
text gap was three times what the same minutes of 16 x 16 gave, and at 16 x 16 learning then goes on from there.

Everything lies in one folder, a subfolder per stage; a stage that finds its work done does nothing, one that was
interrupted goes on. A stage that has not come far enough stops the run (`gates`).

Next: `plan` for what decides it all, `loop`, which trains, `text_to_image`, what is trained, `export`, how it ends.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch

from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import TrainingError, nearest
from safelight.models.text import TextEncoder
from safelight.models.unet import UNet
from safelight.models.vae import Autoencoder
from safelight.scenes.grammar import caption, scene
from safelight.train import board
from safelight.train.autoencoder import LearnDecoder, LearnEncoder, Pixels
from safelight.train.beginnings import initialise
from safelight.train.captions import Captions, Told
from safelight.train.captions import tell as tell_captions
from safelight.train.data import open_renders, render_folder
from safelight.train.diet import Diet
from safelight.train.export import export
from safelight.train.image_tower import ImageTower
from safelight.train.image_tower import networks as tower_networks
from safelight.train.latents import fit_renders
from safelight.train.patches import PATCH
from safelight.train.plan import Course, Plan
from safelight.train.process import find_device, settle
from safelight.train.text_to_image import Examination, Judge, TextToImage
from safelight.train.vocabulary import english, train_tokenizer
from safelight.train.work import Tell, Work, load_average

__all__ = ["Course", "Plan", "Tell", "Work", "load_average", "run", "stages"]

RARE_WORDS = 300  # times that every word of the captions is said once more to the tokenizer
EXAMINED, JUDGED = 256, 36  # held-out scenes: those that losses are measured on, those that are drawn and looked at


def renders(work: Work) -> bool:
    """Draw the scenes that the autoencoder learns from, and others to be examined on."""
    plan = work.plan
    kept = min(plan.scenes, plan.pixels_kept)
    advance = counting(work, kept + plan.held_out, "scenes rendered")
    return all(
        render_folder(
            work.folder / "renders" / which,
            count,
            seed=seed,
            size=plan.pixels,
            workers=work.threads,
            advance=advance,
            deadline=work.deadline,
        )
        for which, count, seed in (
            ("held-out", plan.held_out, plan.seed + 1),
            ("train", kept, plan.seed),
        )
    )


def tokenizer(work: Work) -> bool:
    """Learn the vocabulary from captions of scenes that are not drawn, and from plain English."""
    folder, plan = work.folder / "tokenizer", work.plan
    if (folder / "merges.txt").exists():
        return True
    rng = Random(plan.seed)
    work.tell(0.0, f"telling {plan.captions_for_tokenizer} captions")
    texts = [caption(scene(plan.seed + 2, index), rng) for index in range(plan.captions_for_tokenizer)]
    work.tell(0.5, "learning byte pairs")
    # Every word of the world counts as if it were said often, so that none is left in pieces, however rare it is.
    said = sorted({word for text in texts for word in text.replace(",", " ").split()})
    train_tokenizer([*texts, *english(), *([" ".join(said)] * RARE_WORDS)], plan.text.vocabulary, folder)
    work.tell(1.0, f"{plan.text.vocabulary} tokens learnt")
    return True


def latents(work: Work) -> bool:
    """Fit the closed-form latents and write those of every scene at every size; most are drawn for this alone."""
    folder, plan = work.folder / "latents", work.plan
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "pca.pt").exists():
        work.tell(0.0, "fitting principal components")
        pixels = open_renders(work.folder / "renders" / "train").pixels
        fit_renders(pixels, [side * PATCH for side in plan.sides]).save(folder / "pca.pt")
    advance = counting(work, plan.scenes + plan.held_out, "scenes made latents of")
    for which, count in (("held-out", plan.held_out), ("train", plan.scenes)):
        places = work.places(which)
        if not places.fill(count, workers=work.threads, advance=advance, deadline=work.deadline):
            return False
    z = np.array(work.latents("train", plan.sides[-1])[:2000], np.float32)
    each = z.std((0, 2, 3))
    measured = {
        "deviation": float(z.std()),
        "least_deviation": float(each.min()),
        "greatest_deviation": float(each.max()),
        "greatest_mean": float(np.abs(z.mean((0, 2, 3))).max()),
    }
    return work.passes("latents", measured)


def counting(work: Work, total: int, what: str) -> Callable[[int], None]:
    """Something that is told how many more are done, and says how many that makes."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        work.tell(min(1.0, done / total), f"{done} of {total} {what}")

    return advance


def encoder(work: Work) -> bool:
    """Teach the encoder what the closed-form latents are."""
    torch.manual_seed(work.plan.seed)
    model = Autoencoder(work.plan.autoencoder).to(work.device)
    method = LearnEncoder(model, work.pca(), crops(work), work.held_out_pixels())
    return work.learn(method, work.plan.encoder_run, "encoder")


def decoder(work: Work) -> bool:
    """Teach the decoder to draw pictures from the closed-form latents."""
    torch.manual_seed(work.plan.seed)
    model = Autoencoder(work.plan.autoencoder).to(work.device)
    method = LearnDecoder(model, work.pca(), crops(work), work.held_out_pixels())
    return work.learn(method, work.plan.decoder_run, "decoder")


def crops(work: Work) -> Pixels:
    """Return the pictures that the autoencoder learns from."""
    pixels = open_renders(work.folder / "renders" / "train").pixels
    return Pixels(pixels, work.plan.crop, work.plan.crops)


def unet(work: Work, course: Course) -> bool:
    """Teach UNet and text encoder together, from nothing or from the averaged weights of the course before."""
    networks = new_networks(work)
    before = work.plan.courses[: work.plan.courses.index(course)]
    if before:
        work.average(before[-1].stage, {"unet": networks[0], "text": networks[1]}, before[-1].run.ema[0])
    captions = train_captions(work)
    return captions is not None and work.learn(
        text_to_image(work, networks, course.diet, captions), course.run, course.stage
    )


def new_networks(work: Work) -> tuple[UNet, TextEncoder]:
    """Make the networks of the diffusion model as they are before they learn anything."""
    torch.manual_seed(work.plan.seed)
    unet, text = UNet(work.plan.unet), TextEncoder(work.plan.text)
    initialise(unet, text)
    return unet.to(work.device), text.to(work.device)


def train_captions(work: Work) -> Captions | None:
    """What is said about the training scenes; for a GPU it is told beforehand. None if the deadline came."""
    scenes, words = work.scenes("train"), work.tokenizer()
    if work.device.type == "cpu":
        return Captions(scenes, words)
    path = work.folder / "latents" / "captions.npy"
    files = (*work.vocabulary(), work.plan.text.length)
    advance = counting(work, len(scenes), "scenes put into words")
    if not tell_captions(
        path, scenes.seed, len(scenes), files, workers=work.threads, advance=advance, deadline=work.deadline
    ):
        return None
    return Told(scenes, words, np.load(path))


def text_to_image(
    work: Work, networks: tuple[UNet, TextEncoder], diet: Diet, captions: Captions | None = None
) -> TextToImage:
    """Set a table for the diffusion model: latents, captions, an examination, and something to draw with."""
    words = work.tokenizer()
    sides: dict[int, np.ndarray | torch.Tensor] = {}
    for size in diet.sizes:
        stored = work.latents("train", size.side)
        sides[size.side] = stored if work.device.type == "cpu" else torch.from_numpy(np.array(stored)).to(work.device)
    examined = work.scenes("held-out")[:EXAMINED]
    examination = Examination(work.latents("held-out", diet.usual)[: len(examined)], Captions(examined, words))
    asked = [one for one in work.scenes("held-out") if one.defect is None][:JUDGED]
    captions = captions or Captions(work.scenes("train"), words)
    schedule = NoiseSchedule(work.plan.noise)
    return TextToImage(*networks, schedule, diet, sides, captions, examination, work.painter(), work.judge(), asked)


def image_tower(work: Work) -> bool:
    """Teach an image tower which pictures go with which captions, as the text encoder now understands them."""
    parts = tower_networks(work.plan.tower, work.plan.text, work.plan.seed)
    course = newest(work)
    work.average(course.stage, {"text": parts[2]}, course.run.ema[0])
    for part in parts:
        part.to(work.device)
    train, held_out = ((work.small(which), work.scenes(which)) for which in ("train", "held-out"))
    method = ImageTower(parts, work.tokenizer(), train, held_out, work.plan.tower_batch)
    return work.learn(method, work.plan.tower_run, "image-tower")


def recogniser(work: Work) -> bool:
    """Teach a recogniser, where there is one that can be taught."""
    if work.recogniser is None:
        work.tell(1.0, "there is no recogniser to teach")
        return True
    return work.recogniser(work)


def finish(work: Work) -> bool:
    """Put the newest of everything into a diffusers folder; of the averages, the one with the least validation loss."""
    course = newest(work)
    unet, text = networks = new_networks(work)
    method = text_to_image(work, networks, course.diet)
    losses: dict[float, float] = {}
    for width in course.run.ema:
        work.average(course.stage, {"unet": unet, "text": text}, width)
        with torch.no_grad():
            losses[width] = method.validate()["validation_loss"]
        work.tell(0.5, f"{course.stage}, average {width}: validation loss {losses[width]:.5f}")
    chosen = min(losses, key=losses.__getitem__)
    work.average(course.stage, {"unet": unet, "text": text}, chosen)
    export(work, course, unet, text, list(stages(work.plan)))
    work.tell(1.0, f"wrote {work.folder / 'model'}")
    return True


def newest(work: Work) -> Course:
    """The last course of which anything was learnt."""
    begun = [course for course in work.plan.courses if list((work.folder / course.stage).glob("step-*.pt"))]
    return begun[-1] if begun else work.plan.courses[0]


def stages(plan: Plan) -> dict[str, Callable[[Work], bool]]:
    """Name the stages of a plan, in the order in which they run."""
    return {
        "renders": renders,
        "tokenizer": tokenizer,
        "latents": latents,
        "encoder": encoder,
        "decoder": decoder,
        "recogniser": recogniser,
        **{course.stage: partial(unet, course=course) for course in plan.courses},
        "image-tower": image_tower,
        "export": finish,
    }


def run(
    folder: Path,
    stage: str | None = None,
    minutes: float | None = None,
    threads: int = 1,
    tell: Tell = lambda done, what: None,
    plan: Plan | None = None,
    *,
    device: str = "cpu",
    stop_after: float | None = None,
    ignore_gates: bool = False,
    open_judge: Callable[[Path], Judge] | None = None,
    teach_recogniser: Callable[[Work], bool] | None = None,
) -> bool:
    """Run one stage, or all of them in order; `minutes` replaces the plan's for the stages that train.

    After `stop_after` minutes everything is saved and the answer is False, as when it was asked to stop; the same call
    goes on. Raises `TrainingError` for an unknown stage, one that comes too early, or a gate that is shut.
    """
    deadline = None if stop_after is None else time.monotonic() + 60 * stop_after
    plan = plan or Plan()
    if stage is not None and stage not in stages(plan):
        raise TrainingError(f"no stage {stage!r}.{nearest(stage, stages(plan))}")
    place = find_device(device)
    settle(threads)
    if minutes is not None:
        plan = plan.minutes(minutes)
    if not board.available():
        tell(0.0, board.MISSING)
    work = Work(plan, folder, threads, tell, place, deadline, ignore_gates, open_judge, teach_recogniser)
    todo = stages(plan)
    names = [stage] if stage else list(todo)
    return all(todo[name](work) and not (work.overdue and name != names[-1]) for name in names)
