"""Was the machine ours while we measured? The busy time of all its cores beside that of the process itself.

    foreign = (busy time of the machine - CPU time of this process) / (wall time * cores)

A neighbour who takes a core makes a timing worthless and leaves no trace in it, so every measurement carries `foreign`,
and what is above `LIMIT` is thrown away and taken again. Time that the hypervisor gave to others ("steal") is foreign.
The kernel counts in hundredths of a second: measure a second or more at a time.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["LIMIT", "Measurement", "cores", "measure"]

LIMIT = 0.05
STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Measurement:
    """`seconds` for each of `calls` calls; `foreign` as a share of the machine, None where it cannot be known."""

    seconds: float
    calls: int
    foreign: float | None

    @property
    def clean(self) -> bool:
        """Whether nobody else was at work. Where that cannot be known, nothing is rejected (and the report says so)."""
        return self.foreign is None or self.foreign <= LIMIT

    def record(self) -> dict[str, float | int | bool | None]:
        """All of it, for JSON."""
        return asdict(self) | {"clean": self.clean}


def cores() -> int:
    """How many cores the machine has, whether or not this process may use them all."""
    return os.cpu_count() or 1


def busy() -> float | None:
    """CPU seconds that all processes together have used since the machine started; None where there is no /proc."""
    if not STAT.is_file():
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, STAT.read_text().split(None, 9)[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def measure(call: Callable[[], object], calls: int = 1, own: Callable[[], float] = time.process_time) -> Measurement:
    """Time `calls` calls in a row.

    `own` returns the CPU seconds this work has used: of this process, unless the work is done in another one.
    """
    busy_before, own_before, start = busy(), own(), time.perf_counter()
    for _ in range(calls):
        call()
    wall = time.perf_counter() - start
    mine, busy_after = own() - own_before, busy()
    foreign = None
    if busy_before is not None and busy_after is not None:
        foreign = max(0.0, busy_after - busy_before - mine) / (wall * cores())
    return Measurement(wall / calls, calls, foreign)
