"""What a stage must have reached before the next one may build on it.

A poor encoder cannot be changed once a UNet has learnt its latents, and a UNet that does not hear the text after ten
minutes will not hear it after ten hours. So readings are held against thresholds: some while a stage goes on, from a
part of its time on, the others at its end. One that fails stops the run, with one line that says which reading, which
threshold and what to do; `--ignore-gates` goes on all the same.

Next: `work`, which asks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from safelight.train.readings import Readings


@dataclass(frozen=True)
class Gate:
    """A reading must lie between `least` and `most` (inclusive) from the part `after` (0 to 1) of a stage on.

    `advice` says what to do otherwise.
    """

    reading: str
    least: float = float("-inf")
    most: float = float("inf")
    after: float = 1.0
    advice: str = ""

    def objection(self, readings: Mapping[str, float]) -> str | None:
        """What is wrong with the readings, in one line; None if nothing is."""
        value = readings.get(self.reading)
        if value is None:
            return f"{self.reading} was not measured; {self.advice}"
        if self.least <= value <= self.most:
            return None
        needed = f"at least {self.least:g}" if value < self.least or value != value else f"at most {self.most:g}"
        return f"{self.reading} is {value:.3g}, {needed} is needed; {self.advice}"


Gates = Mapping[str, tuple[Gate, ...]]


def at_the_end(gates: Iterable[Gate], readings: Readings) -> str | None:
    """The first objection to a finished stage's readings."""
    return next(filter(None, (gate.objection(readings) for gate in gates)), None)


def on_the_way(gates: Iterable[Gate], line: Readings, progress: float) -> str | None:
    """The first objection to a line of readings when so much of the stage (0 to 1) is over."""
    due = (gate for gate in gates if gate.after <= progress < 1.0 and gate.reading in line)
    return next(filter(None, (gate.objection(line) for gate in due)), None)


_LATENTS = "move the folder `latents` away and run the stage again"
_MORE = "train on with --stage {} and more --minutes"
_TEXT = "train on with --stage {} and more --minutes; if it does not rise, captions do not belong to their scenes"

GATES: Gates = {
    "latents": (
        Gate("deviation", 0.9, 1.1, advice=_LATENTS),
        Gate("least_deviation", 0.5, advice=_LATENTS),
        Gate("greatest_deviation", most=1.5, advice=_LATENTS),
        Gate("greatest_mean", most=0.3, advice=_LATENTS),
    ),
    "encoder": (
        Gate("validation_error", most=0.01, advice=_MORE.format("encoder")),
        Gate("validation_error_half", most=0.02, advice=_MORE.format("encoder")),
    ),
    "decoder": (
        Gate("validation_psnr", 22.0, after=0.4, advice="something is broken: look at a sheet"),
        Gate("validation_psnr", 27.0, advice=_MORE.format("decoder")),
    ),
    "unet-coarse": (
        Gate("text_gap_late", 0.0005, after=0.25, advice="captions do not belong to their scenes, or are not heard"),
        Gate("text_gap", 0.01, advice=_TEXT.format("unet-coarse")),
        Gate("text_gap_late", 0.01, advice=_TEXT.format("unet-coarse")),
    ),
    "unet-middle": (Gate("text_gap", 0.01, advice=_TEXT.format("unet-middle")),),
    "unet-fine": (Gate("text_gap", 0.005, advice=_TEXT.format("unet-fine")),),
    "image-tower": (Gate("image_finds_text", 0.1, advice=_MORE.format("image-tower")),),
}
"""By stage; readings are those of held-out scenes, PSNR in dB. The gap falls with the size of the latents, on which the
course is examined: the more cells, the more of the noise shows through without any text."""
