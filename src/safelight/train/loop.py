"""The one training loop. What is learnt is a `Method`; the loop owns steps, time, averages, checkpoints and readings.

A run is boxed in time: the learning rate rises over the first steps, stays, and falls linearly over the last quarter of
the *minutes* ("warm-up, stable, decay", arXiv 2404.06395), so that a run ends well whatever the machine. Minutes are
counted in the checkpoint and survive restarts; a finished run given more minutes goes on from where it is.

All randomness of step n comes from a generator seeded with (seed, n). To resume, the number n is enough: twenty steps
are bit for bit ten steps, a power cut, and ten steps more, when the box counts steps.

A loss or gradient that is not finite brings back the last checkpoint and halves the learning rate from there on.

    folder/step-*.pt        checkpoints, the newest two         folder/readings.jsonl   what was measured, a line each
    folder/sheet-*.png      what it draws by now

Next: `text_to_image` for the method this was built for.
"""

import hashlib
import json
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Protocol

import torch
from torch import Tensor

from safelight.errors import TrainingError
from safelight.train import checkpoint
from safelight.train.ema import Ema, put
from safelight.train.optimiser import Masters, Part

Readings = dict[str, float]
FAILURES = 5  # in a row, without a checkpoint between them: then the run is hopeless


@dataclass(frozen=True)
class Now:
    """Where a run is: `step` counts from 0, `progress` from 0 to 1, `generator` is this step's own randomness."""

    step: int
    progress: float
    generator: torch.Generator


class Method(Protocol):
    """Something that can be learnt."""

    def parts(self) -> list[Part]:
        """Return the modules that learn, and how fast."""
        ...

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, float], int]:
        """Return the mean loss of this step's batch, more readings of it, and how many samples it had."""
        ...

    def validate(self) -> Readings:
        """Return readings on data that is never trained on. Called with averaged weights, without gradients."""
        ...

    def sheet(self, path: Path) -> None:
        """Draw what has been learnt into a PNG. Called with averaged weights, without gradients."""
        ...


@dataclass(frozen=True)
class Settings:
    """How a run goes. Give `minutes` or `steps` or both; whichever is over first ends it."""

    rate: float
    minutes: float | None = None
    steps: int | None = None
    warmup: int = 300
    cooldown: float = 0.25
    floor: float = 0.02
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.01
    clip: float = 1.0
    ema: tuple[float, ...] = (0.05, 0.10)
    seed: int = 0
    compute: torch.dtype = torch.float32
    log_steps: int = 50
    save_minutes: float = 5.0
    save_steps: int | None = None
    validate_minutes: float = 4.0
    sheet_minutes: float = 10.0


def generator(seed: int, step: int) -> torch.Generator:
    """The randomness of one step. torch takes 32 bits of a seed, so (seed, step) is hashed into them."""
    digest = hashlib.sha256(f"{seed} {step}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:4], "little"))


def rate_factor(step: int, progress: float, warmup: int, cooldown: float, floor: float) -> float:
    """Warm-up, stable, decay: the factor on the learning rate at `step` (from 0) and `progress` (0 to 1)."""
    rise = min(1.0, (step + 1) / warmup)
    remaining = (1.0 - progress) / cooldown if cooldown > 0 else 1.0
    return rise * (floor + (1.0 - floor) * min(1.0, max(0.0, remaining)))


class Loop:
    """One run of one method in one folder. `report` hears every reading as it is written."""

    def __init__(
        self, method: Method, settings: Settings, folder: Path, report: Callable[[Readings], None] = lambda _: None
    ) -> None:
        if settings.minutes is None and settings.steps is None:
            raise TrainingError("a training run needs an end: give it minutes or steps")
        self.method, self.settings, self.folder, self.report = method, settings, folder, report
        self.masters = Masters(method.parts(), settings.compute, settings.betas, settings.weight_decay)
        self.ema = Ema(self.masters.weights, settings.ema)
        self.step, self.minutes, self.scale = 0, 0.0, 1.0
        self.failures = 0
        self.stopping = False

    @property
    def progress(self) -> float:
        """How much of the box is used, 0 to 1."""
        box = self.settings
        by_time = self.minutes / box.minutes if box.minutes else 0.0
        by_step = self.step / box.steps if box.steps else 0.0
        return min(1.0, max(by_time, by_step))

    def run(self) -> bool:
        """Train until the box is used up; returns False if it was asked to stop (Ctrl-C, SIGTERM) before that.

        Raises `TrainingError` when the loss stays NaN or infinite at ever smaller learning rates.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.resume():
            self.save()
        if self.progress >= 1.0:
            return True
        with self._listening():
            self._train()
        self.save()
        if not self.stopping:
            self.validate()
            self.sheet()
        return not self.stopping

    def _train(self) -> None:
        box = self.settings
        since, spent = time.monotonic(), self.minutes
        saved = validated = drawn = self.minutes
        tally = Tally()
        while self.progress < 1.0 and not self.stopping:
            if not self._advance(tally):
                self._go_back()
                since, spent = time.monotonic(), self.minutes
                saved = min(saved, self.minutes)
                tally = Tally()
                continue
            self.minutes = spent + (time.monotonic() - since) / 60
            if self.step % box.log_steps == 0:
                self.write(tally.means())
                tally = Tally()
            if self.minutes - saved >= box.save_minutes or (box.save_steps and self.step % box.save_steps == 0):
                self.save()
                self.failures = 0
                saved = self.minutes
            if self.minutes - validated >= box.validate_minutes:
                self.validate()
                validated = self.minutes
            if self.minutes - drawn >= box.sheet_minutes:
                self.sheet()
                drawn = self.minutes

    def _advance(self, tally: "Tally") -> bool:
        """Take one step; False if loss or gradient were not finite, and then nothing has changed."""
        box = self.settings
        factor = rate_factor(self.step, self.progress, box.warmup, box.cooldown, box.floor)
        rate = box.rate * self.scale * factor
        loss, readings, samples = self.method.loss(Now(self.step, self.progress, generator(box.seed, self.step)))
        if not math.isfinite(float(loss.detach())):
            return False
        loss.backward()
        norm = self.masters.step(rate, box.clip)
        if not math.isfinite(norm):
            return False
        self.step += 1
        self.ema.update(self.step)
        tally.add({"loss": float(loss.detach()), "gradient": norm, **readings}, samples, rate)
        return True

    def _go_back(self) -> None:
        self.failures += 1
        failed, scale = self.step, self.scale
        if self.failures > FAILURES:
            raise TrainingError(
                f"the loss is not finite at step {failed}, at a learning rate of {self.settings.rate * scale:g} too: "
                f"look at the data, or start {self.folder} anew with a smaller rate"
            )
        self.resume()
        self.scale = scale / 2
        self.save()
        self.write({"failed_step": failed, "scale": self.scale})

    def save(self) -> None:
        """Write a checkpoint."""
        tracks = {str(width): self.masters.named(track) for width, track in self.ema.tracks.items()}
        checkpoint.save(
            self.folder,
            {
                "step": self.step,
                "minutes": self.minutes,
                "scale": self.scale,
                "weights": self.masters.named(self.masters.weights),
                "averages": tracks,
                "optimiser": self.masters.optimiser.state_dict(),
            },
        )

    @torch.no_grad()
    def resume(self) -> bool:
        """Take up the newest checkpoint in the folder; False if there is none.

        Raises `TrainingError` if it is of another network, or cannot be read.
        """
        state = checkpoint.load(self.folder)
        if state is None:
            return False
        if list(state["weights"]) != self.masters.names or list(state["averages"]) != [str(w) for w in self.ema.tracks]:
            raise TrainingError(f"the checkpoints in {self.folder} are of another network: choose another folder")
        put(self.masters.weights, state["weights"].values())
        for track, values in zip(self.ema.tracks.values(), state["averages"].values(), strict=True):
            put(track, values.values())
        self.masters.optimiser.load_state_dict(state["optimiser"])
        self.masters.refresh()
        self.step, self.minutes, self.scale = state["step"], state["minutes"], state["scale"]
        return True

    def validate(self) -> None:
        """Measure with the first average, and write it down."""
        with torch.no_grad(), self._averaged():
            self.write(self.method.validate())

    def sheet(self) -> None:
        """Draw with the first average."""
        with torch.no_grad(), self._averaged():
            self.method.sheet(self.folder / f"sheet-{self.step:08d}.png")

    def write(self, readings: Mapping[str, float]) -> None:
        """Add a line to the readings."""
        line = {"step": self.step, "minutes": round(self.minutes, 3), **{k: round(v, 6) for k, v in readings.items()}}
        with (self.folder / "readings.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.report({**line, "progress": self.progress})

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        with self.ema.applied(self.settings.ema[0]):
            self.masters.refresh()
            yield
        self.masters.refresh()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Turn the first Ctrl-C or SIGTERM into a wish to stop after this step; a second one is obeyed at once."""

        def stop(number: int, frame: FrameType | None) -> None:
            self.stopping = True
            signal.signal(number, signal.SIG_DFL)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class Tally:
    """Readings summed since the last line."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}
        self.samples, self.rate = 0, 0.0
        self.began = time.monotonic()

    def add(self, readings: Mapping[str, float], samples: int, rate: float) -> None:
        """Add one step's readings; a reading need not appear in every step."""
        for name, value in readings.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1
        self.samples += samples
        self.rate = rate

    def means(self) -> Readings:
        """Mean readings, samples per second, and the learning rate of the last step."""
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        return means | {"rate": self.rate, "samples_per_second": self.samples / (time.monotonic() - self.began)}
