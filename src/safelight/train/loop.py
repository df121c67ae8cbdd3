"""The one training loop. What is learnt is a `Method`; the loop owns steps, time, averages, checkpoints and readings.

A run is boxed in time: the learning rate rises over the first steps, stays, and falls linearly over the last quarter of
the *minutes* ("warm-up, stable, decay", arXiv 2404.06395), so that a run ends well whatever the machine. Minutes are
counted in the checkpoint and survive restarts; a finished run given more minutes goes on from where it is.

All randomness of step n comes from a generator seeded with (seed, n). To resume, the number n is enough: twenty steps
are bit for bit ten steps, a power cut, and ten steps more, when the box counts steps.

A loss or gradient that is not finite brings back the last checkpoint and halves the learning rate from there on.
Whatever kills the process, no more is lost than the minutes since the last checkpoint.

    folder/step-*.pt        checkpoints, the newest two         folder/readings.jsonl   what was measured, a line each
    folder/sheet-*.png      what it draws by now                folder/events.*         the same for TensorBoard

Next: `text_to_image` for the method this was built for.
"""

import hashlib
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
from safelight.train.pace import Pace, Tally
from safelight.train.readings import Journal, Readings

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

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, float | Tensor], int]:
        """Return the mean loss of this step's batch, more readings of it, and how many samples it had."""
        ...

    def validate(self) -> Readings:
        """Return readings on data that is never trained on. Called with averaged weights, without gradients."""
        ...

    def sheet(self, path: Path) -> Readings | None:
        """Draw what has been learnt into a PNG, and judge it if you can. Called as `validate` is."""
        ...


@dataclass(frozen=True)
class Settings:
    """How a run goes. Give `minutes` or `steps` or both; whichever is over first ends it.

    `compute` is the type of the networks, which then are copies of float32 masters; with `autocast` the networks are
    the float32 masters, and their products are taken in bfloat16 (which suits a GPU).
    """

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
    autocast: bool = False
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
    """One run of one method in one folder.

    `report` hears every reading as it is written. `deadline` (of `time.monotonic`) stops the run as Ctrl-C would.
    """

    def __init__(
        self,
        method: Method,
        settings: Settings,
        folder: Path,
        report: Callable[[Readings], None] = lambda _: None,
        deadline: float | None = None,
    ) -> None:
        if settings.minutes is None and settings.steps is None:
            raise TrainingError("a training run needs an end: give it minutes or steps")
        self.method, self.settings, self.folder, self.report = method, settings, folder, report
        self.deadline = deadline
        self.masters = Masters(method.parts(), settings.compute, settings.betas, settings.weight_decay)
        self.ema = Ema(self.masters.weights, settings.ema)
        self.step, self.minutes, self.scale = 0, 0.0, 1.0
        self.failures = 0
        self.stopping = False
        self.journal: Journal | None = None

    @property
    def progress(self) -> float:
        """How much of the box is used, 0 to 1."""
        box = self.settings
        by_time = self.minutes / box.minutes if box.minutes else 0.0
        by_step = self.step / box.steps if box.steps else 0.0
        return min(1.0, max(by_time, by_step))

    def run(self) -> bool:
        """Train until the box is used up; returns False if it was asked to stop before that, or the deadline came.

        Raises `TrainingError` when the loss stays NaN or infinite at ever smaller learning rates.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.resume():
            self.save()
        if self.progress >= 1.0:
            return True
        self.journal = Journal(self.folder, self.step)
        try:
            with self._listening():
                self._train()
            self.save()
            if not self.stopping:
                self.validate()
                self.sheet()
        finally:
            self.journal.close()
        return not self.stopping

    def _train(self) -> None:
        box = self.settings
        since, spent = time.monotonic(), self.minutes
        saved = validated = drawn = self.minutes
        tally, pace = Tally(), Pace()
        while self.progress < 1.0 and not self.stopping:
            began = time.monotonic()
            samples = self._advance(tally, measured=(self.step + 1) % box.log_steps == 0)
            if samples is None:
                self._go_back()
                since, spent = time.monotonic(), self.minutes
                saved = min(saved, self.minutes)
                tally = Tally()
                continue
            now = time.monotonic()
            self.minutes = spent + (now - since) / 60
            self.stopping = self.stopping or (self.deadline is not None and now > self.deadline)
            tally.seconds += now - began
            if slow := pace.watch(now - began, samples):
                self.write(slow)
            if self.step % box.log_steps == 0:
                self.write(tally.means() | {"eta_minutes": self._left()})
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

    def _left(self) -> float:
        """Minutes until the box is used up, if it goes on like this."""
        done = self.progress
        return self.minutes * (1.0 - done) / done if done > 0 else math.inf

    def _advance(self, tally: Tally, measured: bool) -> int | None:
        """Take one step of so many samples; None if loss or gradient were not finite, and then nothing has changed."""
        box = self.settings
        factor = rate_factor(self.step, self.progress, box.warmup, box.cooldown, box.floor)
        rate = box.rate * self.scale * factor
        with self._computing():
            loss, readings, samples = self.method.loss(Now(self.step, self.progress, generator(box.seed, self.step)))
        # Elsewhere asking for the loss would make the device wait; the gradient's norm tells soon enough.
        if loss.device.type == "cpu" and not math.isfinite(float(loss.detach())):
            return None
        loss.backward()
        done = self.masters.step(rate, box.clip, measured)
        if not math.isfinite(done.norm):
            return None
        self.step += 1
        self.ema.update(self.step)
        more: dict[str, float | Tensor] = {"loss": loss.detach(), "gradient": done.norm, **readings}
        if done.moved is not None:
            more["update_ratio"] = done.moved
        tally.add(more, samples, rate)
        return samples

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
        put(self.masters.weights, state["weights"].values())  # to wherever the weights are
        for track, values in zip(self.ema.tracks.values(), state["averages"].values(), strict=True):
            put(track, values.values())
        self.masters.optimiser.load_state_dict(state["optimiser"])
        self.masters.refresh()
        self.step, self.minutes, self.scale = state["step"], state["minutes"], state["scale"]
        return True

    def validate(self) -> None:
        """Measure with the first average, and write it down."""
        with torch.no_grad(), self._averaged(), self._computing():
            self.write(self.method.validate())

    def sheet(self) -> None:
        """Draw with the first average, and write down how it is judged."""
        path = self.folder / f"sheet-{self.step:08d}.png"
        with torch.no_grad(), self._averaged(), self._computing():
            judged = self.method.sheet(path)
        if judged:
            self.write(judged)
        if self.journal is not None:
            self.journal.picture(self.step, path)

    def write(self, readings: Mapping[str, float]) -> None:
        """Add a line to the readings."""
        assert self.journal is not None, "there are readings only while a run goes on"
        line = self.journal.write(self.step, self.minutes, readings)
        self.report({**line, "progress": self.progress})

    def _computing(self) -> AbstractContextManager[object]:
        """Where the networks are asked: in bfloat16 where products gain from it."""
        weights = self.masters.weights
        return torch.autocast(weights[0].device.type, torch.bfloat16) if self.settings.autocast else nullcontext()

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
