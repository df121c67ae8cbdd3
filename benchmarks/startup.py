"""How long a person waits: wall time of `safelight --help`, and of `safelight generate` with the bundled model.

    python benchmarks/startup.py
    python benchmarks/startup.py --repeats 3 --json result.json -- --steps 4        options of generate, after "--"

Each command is a fresh process, run once before what counts, so that the files it reads are in memory. A run in which
others used more than 5 % of the machine is thrown away and taken again (`load.py`). "imports" is Python starting and
importing torch and numpy alone: what no code of ours could save.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from load import STAT, Measurement, measure
from report import environment, save

SOURCE = Path(__file__).parent.parent / "src"
PROMPT = "a red sports car on a mountain road, golden hour"


def children() -> float:
    """CPU seconds of all finished child processes."""
    times = os.times()
    return times.children_user + times.children_system


def run(command: Sequence[str]) -> None:
    """Run `python command...`; where it fails, end with what it said."""
    path = os.pathsep.join(filter(None, [str(SOURCE), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *command], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")


def take(command: Sequence[str], repeats: int) -> list[Measurement]:
    """Measure one command until `repeats` runs are undisturbed, or 3 times as many are taken."""
    run(command)
    taken: list[Measurement] = []
    while sum(one.clean for one in taken) < repeats and len(taken) < 3 * repeats:
        taken.append(measure(lambda: run(command), own=children))
    return taken


def main() -> int:
    """Print one line for each command; the exit code is 3 where one was disturbed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=7, help="undisturbed runs of each; at most 3 times as many")
    parser.add_argument("--json", type=Path, help="write everything here, each run included")
    parser.add_argument("generate", nargs="*", metavar="OPTION", help="after --: options of `safelight generate`")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error("--repeats must be 1 or more")

    report: dict = {"environment": environment(), "generate_options": options.generate, "rows": []}
    print(", ".join(f"{key} {value}" for key, value in report["environment"].items()))
    with tempfile.TemporaryDirectory() as folder:
        picture = ["--seed", "0", "--quiet", "--output", str(Path(folder, "picture.png"))]
        commands = {
            "imports": ["-c", "import numpy, torch"],
            "safelight --help": ["-m", "safelight", "--help"],
            "safelight generate": ["-m", "safelight", "generate", PROMPT, *picture, *options.generate],
        }
        for name, command in commands.items():
            taken = take(command, options.repeats)
            undisturbed = [one for one in taken if one.clean]
            counted = undisturbed if len(undisturbed) >= options.repeats else taken
            seconds = [one.seconds for one in counted]
            row = {
                "command": name,
                "seconds": median(seconds),
                "fastest": min(seconds),
                "slowest": max(seconds),
                "undisturbed": counted is undisturbed,
                "runs": [one.record() for one in taken],
            }
            report["rows"].append(row)
            remark = "" if row["undisturbed"] else "  DISTURBED"
            share = f"{len(counted)}/{len(taken)}"
            print(f"{name:20} {row['seconds']:7.2f} s  ({min(seconds):.2f} to {max(seconds):.2f}, {share}){remark}")
    if not STAT.is_file():
        print("no /proc/stat here: foreign load cannot be seen, and no run is rejected")
    if options.json:
        save(report, options.json)
    return 0 if all(row["undisturbed"] for row in report["rows"]) else 3


if __name__ == "__main__":
    sys.exit(main())
