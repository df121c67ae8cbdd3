"""A plan being carried out in a folder: where things lie, where networks are, and how a stage is trained and judged.

    FOLDER/renders FOLDER/tokenizer FOLDER/latents      what is learnt from
    FOLDER/encoder FOLDER/unet-coarse ...               a stage that trains: checkpoints, readings, contact sheets

Next: `bundled`, the stages themselves.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from safelight.errors import TrainingError
from safelight.models.tokenizer import Tokenizer
from safelight.models.vae import Autoencoder
from safelight.train import checkpoint, gates, readings
from safelight.train.autoencoder import prepare
from safelight.train.data import Latents, Scenes, open_renders
from safelight.train.latents import PatchPCA, to_unit
from safelight.train.loop import Loop, Method, Settings
from safelight.train.plan import Plan
from safelight.train.sheets import to_bytes
from safelight.train.text_to_image import Judge

CPU = torch.device("cpu")
RECOGNISER = Path("recogniser") / "recogniser.safetensors"  # in the folder of a run, once one was taught
Tell = Callable[[float, str], None]
"""How much of a stage is done, 0 to 1, and what is happening."""


@dataclass(frozen=True)
class Work:
    """A plan being carried out.

    Attributes:
        plan: what is to be done.
        folder: where everything lies.
        threads: to compute with; for scenes, processes.
        tell: hears how it goes.
        device: where networks learn.
        deadline: of `time.monotonic`; when it comes everything is saved and the stage stops.
        ignore_gates: whether to go on from a stage that has not come far enough.
        open_judge: makes of a recogniser's file somebody who says how right contact sheets are.
        recogniser: the stage that teaches one, if there is one; False if it was asked to stop.
    """

    plan: Plan
    folder: Path
    threads: int
    tell: Tell
    device: torch.device = CPU
    deadline: float | None = None
    ignore_gates: bool = False
    open_judge: Callable[[Path], Judge] | None = None
    recogniser: Callable[["Work"], bool] | None = None

    @property
    def overdue(self) -> bool:
        """Whether the deadline has come."""
        return self.deadline is not None and time.monotonic() > self.deadline

    # What is learnt from.

    def vocabulary(self) -> tuple[Path, Path]:
        """The two files of the run's own tokenizer. Raises `TrainingError` where it was not learnt yet."""
        folder = self.folder / "tokenizer"
        if not (folder / "merges.txt").exists():
            raise TrainingError(f"no tokenizer in {folder}: run the stage `tokenizer` first")
        return folder / "vocab.json", folder / "merges.txt"

    def tokenizer(self) -> Tokenizer:
        """Return the run's own tokenizer. Raises `TrainingError` where it was not learnt yet."""
        return Tokenizer(*self.vocabulary(), self.plan.text.length)

    def pca(self) -> PatchPCA:
        """Return the closed-form autoencoder, where networks learn."""
        return PatchPCA.load(self.folder / "latents" / "pca.pt").to(self.device)

    def places(self, which: str) -> Latents:
        """Where the latents of "train" or "held-out" scenes go."""
        plan = self.plan
        seed = {"train": plan.seed, "held-out": plan.seed + 1}[which]
        pixels = self.folder / "renders" / which / "pixels.npy"
        projection = PatchPCA.load(self.folder / "latents" / "pca.pt").projection()
        return Latents(self.folder / "latents", which, seed, plan.pixels, plan.sides, projection, pixels)

    def latents(self, which: str, side: int) -> np.ndarray:
        """Return all latents of the "train" or "held-out" scenes, (N, 4, side, side) float16, read as they are used."""
        return self._array(self.folder / "latents" / f"{which}-{side}.npy")

    def small(self, which: str) -> np.ndarray:
        """Return small pictures of the same scenes, (N, 64, 64, 3) uint8."""
        return self._array(self.folder / "latents" / f"{which}-small.npy")

    def _array(self, path: Path) -> np.ndarray:
        if not path.exists():
            raise TrainingError(f"no {path}: run the stage `latents` first")
        return np.load(path, mmap_mode="r")

    def scenes(self, which: str) -> Scenes:
        """Return the scenes of the same numbers."""
        count = len(self._array(self.folder / "latents" / f"{which}-{self.plan.sides[0]}.npy"))
        return Scenes(self.plan.seed + (which == "held-out"), count)

    def held_out_pixels(self, count: int = 16) -> np.ndarray:
        """Return some pictures to be measured on, (count, S, S, 3) uint8."""
        return np.array(open_renders(self.folder / "renders" / "held-out").pixels[:count])

    # What was learnt.

    def average(self, stage: str, modules: dict[str, nn.Module], width: float) -> None:
        """Load a stage's averaged weights of this width into each of `modules`; see `load_average`."""
        load_average(self.folder / stage, modules, width)

    def judge(self) -> Judge | None:
        """Return who judges contact sheets, if a recogniser was taught by now."""
        path = self.folder / RECOGNISER
        return self.open_judge(path) if self.open_judge is not None and path.exists() else None

    def painter(self) -> "Painter":
        """Return what draws latents with the decoder as far as it has learnt by the time that it draws."""
        return Painter(self)

    # How it is learnt.

    def learn(self, method: Method, settings: Settings, stage: str) -> bool:
        """Run the loop in the stage's folder; False if it was asked to stop.

        Raises `TrainingError` where readings on the way do not pass a gate; everything is saved before.
        """
        objections: list[str] = []

        def report(line: readings.Readings) -> None:
            progress = line["progress"]
            self.tell(progress, told(stage, line))
            if (found := gates.on_the_way(self.plan.gates.get(stage, ()), line, progress)) is None:
                return
            if self.ignore_gates:
                self.tell(progress, f"{stage}: {found} (ignored)")
            else:
                objections.append(found)
                loop.stopping = True

        loop = Loop(method, settings, self.folder / stage, report, self.deadline)
        finished = loop.run()
        if objections:
            raise refused(stage, objections[0])
        return finished and self.passes(stage, readings.latest(self.folder / stage))

    def passes(self, stage: str, measured: readings.Readings) -> bool:
        """Hold a finished stage's readings against its gates. True, or raises `TrainingError`."""
        found = gates.at_the_end(self.plan.gates.get(stage, ()), measured)
        if found is not None and not self.ignore_gates:
            raise refused(stage, found)
        if found is not None:
            self.tell(1.0, f"{stage}: {found} (ignored)")
        return True


class Painter:
    """Latents (B, 4, H, W) -> pictures (B, 3, 8H, 8W), by the newest decoder there is, or by the linear inverse."""

    def __init__(self, work: Work) -> None:
        self.work, self.pca = work, work.pca()
        self.model = Autoencoder(work.plan.autoencoder).to(work.device).requires_grad_(False)
        prepare(self.model)
        self.loaded: Path | None = None

    @torch.no_grad()
    def __call__(self, z: Tensor) -> Tensor:
        """Draw latents that lie where networks learn."""
        found = checkpoint.paths(self.work.folder / "decoder")
        if not found:
            return self.pca.decode(z.float())
        if found[-1] != self.loaded:
            width = self.work.plan.decoder_run.ema[0]
            self.work.average("decoder", {"decoder": self.model.decoder}, width)
            self.loaded = found[-1]
        return torch.cat([self.model.decode(piece.float()).float() for piece in z.split(2)])

    def there_and_back(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures (B, 8H, 8W, 3) uint8 through the latents and back."""
        return to_bytes(self(self.pca.encode(to_unit(pixels).to(self.work.device))))


def refused(stage: str, objection: str) -> TrainingError:
    """A gate that is shut."""
    return TrainingError(f"{stage}: {objection}. --ignore-gates goes on all the same")


def told(stage: str, line: readings.Readings) -> str:
    """A line of readings in words."""
    where = f"{stage} step {line['step']:.0f}, {line['minutes']:.1f} min"
    if "slow_step" in line:
        slow, usual = line["slow_step"], line["usual_step"]
        return f"{where}: a step took {slow:.1f} s instead of {usual:.1f} s; is something else using the processor?"
    known = ("step", "minutes", "progress")
    return f"{where}: {', '.join(f'{name} {value:.4g}' for name, value in line.items() if name not in known)}"


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
