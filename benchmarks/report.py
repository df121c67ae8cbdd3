"""What every figure is reported with: the date, the machine, and the versions it is true of."""

import json
import os
import platform
from datetime import date
from importlib.metadata import version
from pathlib import Path

from load import LIMIT, STAT, cores

__all__ = ["environment", "save"]


def environment(packages: tuple[str, ...] = ("torch",)) -> dict:
    """The date, the machine, and the versions of Python and of `packages`."""
    return {
        "date": date.today().isoformat(),
        "machine": platform.machine(),
        "processor": processor(),
        "cores": cores(),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "guarded": STAT.is_file(),
        "foreign_limit": LIMIT,
    }


def processor() -> str:
    """The processor's own name for itself."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def save(report: dict, path: Path) -> None:
    """Write `report` as JSON, whole or not at all."""
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    half.write_text(json.dumps(report, indent=1) + "\n")
    half.replace(path)
