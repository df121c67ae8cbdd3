"""Our networks against diffusers' and transformers', paired in one run: time, memory, and whether the answers agree.

    python benchmarks/networks.py                           all three, float32 and bfloat16, full size (20 GiB, minutes)
    python benchmarks/networks.py --networks unet --size 32 --repeats 5 --json result.json

The two sides live in two processes and take turns, A B A B, after a warm-up; a pair in which others used more than
5 % of the machine is thrown away and taken again (`load.py`). What counts is the ratio of the medians: above 1, ours is
faster. Weights are random and equal, and a side whose answers differ would not have done the same work, so a difference
beyond rounding is an error. Nothing else should run; nothing here can make an old or a hot machine repeat itself.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median, quantiles

from load import STAT, cores
from report import environment, save
from worker import Job

HERE = Path(__file__).parent
PEERS = {"unet": "diffusers", "vae": "diffusers", "text": "transformers"}
DOES = {"unet": "UNet, guided step", "vae": "VAE, decode", "text": "text, 2 prompts"}
# How far apart the answers may be, as a share of the largest: the rounding of some hundred layers.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.1}
COOLING = 0.3  # seconds between turns, in which the threads of the other side stop spinning


class Side:
    """A worker process: one network on one side."""

    def __init__(self, job: Job) -> None:
        source = str(HERE.parent / "src")
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        threads = str(job.threads)
        environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        command = [sys.executable, str(HERE / "worker.py"), json.dumps(asdict(job))]
        self.job = job
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, command: str) -> dict:
        """Send one command and wait for its answer."""
        assert self.process.stdin
        print(command, file=self.process.stdin, flush=True)
        return self.hear()

    def hear(self) -> dict:
        """Wait for one line of JSON. Ends the run where the worker has died; it has said why on standard error."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the worker for {self.job.side} {self.job.network} {self.job.dtype} has died")
        return json.loads(line)

    def close(self) -> None:
        """Stop the process, whether or not it was told to end."""
        self.process.kill()
        self.process.wait()


def compare(network: str, dtype: str, options: argparse.Namespace) -> dict:
    """Measure one network in one dtype on both sides."""
    sides = []
    try:
        for side in ("ours", "theirs"):
            job = Job(side, network, dtype, options.size, options.layout, options.threads, options.tiny)
            sides.append(Side(job))
            built = sides[-1].hear()  # one after the other: building is not to disturb
            print(f"  {side} {network} {dtype}: {built['parameters']:,} parameters", file=sys.stderr)
        numbers = [side.ask("answer")["numbers"] for side in sides]
        calls = []
        for side in sides:
            seconds = side.ask(f"warm {options.warmup}")["seconds"]
            calls.append(max(1, round(options.min_seconds / seconds)))
        pairs = []
        for _ in range(options.repeats * 3):
            pair = []
            for side, count in zip(sides, calls, strict=True):
                time.sleep(COOLING)
                pair.append(side.ask(f"run {count}"))
            pairs.append(pair)
            if sum(clean(pair) for pair in pairs) == options.repeats:
                break
        peaks = [side.ask("end")["peak"] for side in sides]
    finally:
        for side in sides:
            side.close()
    return summary(network, dtype, pairs, peaks, difference(*numbers), options.repeats)


def clean(pair: list[dict]) -> bool:
    """Whether neither half of a pair was disturbed."""
    return all(half["clean"] for half in pair)


def difference(ours: list[float], theirs: list[float]) -> float:
    """Largest difference, as a share of the largest number of theirs."""
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / max(map(abs, theirs))


def summary(network: str, dtype: str, pairs: list, peaks: list[int], apart: float, repeats: int) -> dict:
    """One row: medians of the clean pairs, or of all of them, and then marked, where too few are clean."""
    counted = [pair for pair in pairs if clean(pair)]
    enough = len(counted) >= repeats
    if not enough:
        counted = pairs
    ours, theirs = (median(pair[side]["seconds"] for pair in counted) for side in (0, 1))
    ratios = [pair[1]["seconds"] / pair[0]["seconds"] for pair in counted]
    low, _, high = quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {
        "network": network,
        "dtype": dtype,
        "peer": PEERS[network],
        "ours_seconds": ours,
        "theirs_seconds": theirs,
        "ratio": theirs / ours,
        "ratio_quartiles": [low, high],
        "ours_peak_bytes": peaks[0],
        "theirs_peak_bytes": peaks[1],
        "difference": apart,
        "agrees": apart <= TOLERANCE[dtype],
        "undisturbed": enough,
        "pairs_taken": len(pairs),
        "pairs_counted": len(counted),
        "pairs": pairs,
    }


def show(row: dict) -> str:
    """One line of the table."""
    remarks = [] if row["undisturbed"] else ["DISTURBED"]
    remarks += [] if row["agrees"] else ["DIFFERENT ANSWERS"]
    low, high = row["ratio_quartiles"]
    return (
        f"{DOES[row['network']]:18} {row['dtype']:9} {row['ours_seconds']:9.4f} {row['theirs_seconds']:9.4f} "
        f"{row['ratio']:6.2f}  {low:5.2f} to {high:5.2f} {row['ours_peak_bytes'] / 2**20:9.0f} "
        f"{row['theirs_peak_bytes'] / 2**20:9.0f}  {row['difference']:8.1e}  "
        f"{row['pairs_counted']}/{row['pairs_taken']} {' '.join(remarks)}"
    ).rstrip()


HEADER = (
    f"{'':18} {'':9} {'ours s':>9} {'theirs s':>9} {'ratio':>6}  {'quartiles':>14} {'ours MiB':>9} "
    f"{'their MiB':>9}  {'differ':>8}  pairs"
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--networks", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--dtypes", nargs="+", choices=list(TOLERANCE), default=list(TOLERANCE))
    parser.add_argument("--size", type=int, default=64, help="side of the latent square; the picture's is 8 times that")
    parser.add_argument("--layout", choices=["contiguous", "channels_last"], default="contiguous", help="on both sides")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--repeats", type=int, default=7, help="undisturbed pairs to take; at most 3 times as many")
    parser.add_argument("--warmup", type=int, default=2, help="calls before the first that counts")
    parser.add_argument("--min-seconds", type=float, default=1.0, help="short calls are repeated to fill this")
    parser.add_argument("--tiny", action="store_true", help="tiny networks: to try the benchmark, not to measure")
    parser.add_argument("--json", type=Path, help="write everything here, each pair included")
    options = parser.parse_args()
    for name in ("size", "threads", "repeats", "warmup"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be 1 or more")
    return options


def main() -> int:
    """Print the table row by row; the exit code is 1 where answers differ, 3 where a row was disturbed."""
    options = arguments()
    packages = ("torch", "diffusers", "transformers")
    chosen = {name: getattr(options, name) for name in ("threads", "size", "layout", "tiny")}
    report: dict = {"environment": environment(packages) | chosen, "rows": []}
    print(", ".join(f"{key} {value}" for key, value in report["environment"].items()))
    if not STAT.is_file():
        print("no /proc/stat here: foreign load cannot be seen, and no pair is rejected")
    print(HEADER)
    for network in options.networks:
        for dtype in options.dtypes:
            report["rows"].append(compare(network, dtype, options))
            print(show(report["rows"][-1]), flush=True)
    if options.json:
        save(report, options.json)
    if not all(row["agrees"] for row in report["rows"]):
        return 1
    return 0 if all(row["undisturbed"] for row in report["rows"]) else 3


if __name__ == "__main__":
    sys.exit(main())
