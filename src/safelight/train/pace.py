"""How fast a run goes: readings summed between two lines, and a watch for steps that take far too long.

A step that takes three times as long as usual means that something else wants the processor: two busy processes with
two threads each slow one another down thirtyfold, and nothing else would say so.  Next: `loop`.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from statistics import median

from torch import Tensor

from safelight.train.readings import Readings

SLOW = 3.0  # times the usual
KNOWN = 20  # steps until one knows what is usual


class Tally:
    """Readings summed since the last line."""

    def __init__(self) -> None:
        self.sums: dict[str, float | Tensor] = {}
        self.counts: dict[str, int] = {}
        self.samples, self.seconds, self.rate = 0, 0.0, 0.0

    def add(self, readings: Mapping[str, float | Tensor], samples: int, rate: float) -> None:
        """Add one step's readings; one need not appear in every step. Tensors stay where they are until asked for."""
        for name, value in readings.items():
            self.sums[name] = self.sums.get(name, 0.0) + (value.detach() if isinstance(value, Tensor) else value)
            self.counts[name] = self.counts.get(name, 0) + 1
        self.samples += samples
        self.rate = rate

    def means(self) -> Readings:
        """Mean readings, samples per second of training, and the learning rate of the last step."""
        means = {name: float(total) / self.counts[name] for name, total in self.sums.items()}
        return means | {"rate": self.rate, "samples_per_second": self.samples / max(self.seconds, 1e-9)}


class Pace:
    """Remembers how long steps took; steps of different batches are compared with their like."""

    def __init__(self) -> None:
        self._seconds: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=101))
        self._quiet = 0

    def watch(self, seconds: float, samples: int) -> Readings | None:
        """Take the time of a step; answers with readings if it was slow, but not for each of many in a row."""
        known = self._seconds[samples]
        usual = median(known) if len(known) >= KNOWN else seconds
        known.append(seconds)
        self._quiet = max(0, self._quiet - 1)
        if seconds <= SLOW * usual or self._quiet:
            return None
        self._quiet = 50
        return {"slow_step": seconds, "usual_step": usual}
