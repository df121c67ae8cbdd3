"""Where models live, and what they are called.

A model is named by a path, by what it was pulled as ("CompVis/stable-diffusion-v1-4", or its last part alone where
that is unambiguous), or "bundled": the small one that comes with Safelight. What was pulled lies in the library's home,
$SAFELIGHT_HOME or ~/.cache/safelight/models, each model in a folder of its name; one may put folders and files
there by hand too. `library.json` beside them remembers the default model and the licences that were accepted.

A home that cannot be written to is a library that remembers nothing new; nothing breaks.

Read next: `hashes.py`, `hub.py`.
"""

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from safelight.errors import OutputError, WeightsError, nearest

__all__ = [
    "BUNDLED",
    "FOLDERS",
    "default",
    "find",
    "home",
    "models",
    "name_of",
    "remember",
    "remembered",
    "use",
    "write_json",
]

BUNDLED = "bundled"
FOLDERS: Mapping[str, str] = {
    "LoRA": "loras",
    "embedding": "embeddings",
    "hypernetwork": "hypernetworks",
    "autoencoder": "vaes",
    "ControlNet": "controlnets",
    "IP-Adapter": "ip-adapters",
    "image": "images",
}
"""What else may lie in the library's home, each kind in a folder of its own; these hold no models."""


def home() -> Path:
    """Return the folder where models live. It need not exist yet."""
    chosen = os.environ.get("SAFELIGHT_HOME")
    return Path(chosen).expanduser() if chosen else Path("~/.cache/safelight/models").expanduser()


def bundled() -> Path:
    """Return the folder of the model that comes with Safelight."""
    path = Path(str(files("safelight.weights"))) / BUNDLED
    if not (path / "unet").is_dir():
        raise WeightsError("this copy of Safelight came without its bundled model; name another with --model")
    return path


def models() -> dict[str, Path]:
    """List the models of this machine, name -> folder or file; the bundled one first, the others by name."""
    found: dict[str, Path] = {}
    place = home()
    for depth in ("*", "*/*"):
        for path in place.glob(depth) if place.is_dir() else ():
            first = path.relative_to(place).parts[0]
            if first.startswith(".") or first in FOLDERS.values():
                continue  # half of a model, on its way from the hub; or no model
            whole = (path / "unet" / "config.json").is_file() and (path / "vae").is_dir()
            single = path.suffix == ".safetensors" and path.is_file() and not (path.parent / "config.json").exists()
            if whole or single:
                found[path.relative_to(place).as_posix()] = path
    try:
        return {BUNDLED: bundled(), **dict(sorted(found.items()))}
    except WeightsError:
        return dict(sorted(found.items()))


def find(name: str | Path) -> Path:
    """Return the folder or file of a model, given its name or its path.

    Raises WeightsError, with the nearest known names, where there is no such model.
    """
    name = str(name)
    if name == BUNDLED:
        return bundled()
    try:
        path = Path(name).expanduser()
        if name and path.exists():
            return path
    except (OSError, RuntimeError, ValueError):  # too long for a path, "~nobody", a NUL: then it is no path
        pass
    known = models()
    if name in known:
        return known[name]
    ends = [full for full in known if name in (Path(full).name, Path(full).stem)]
    if len(ends) == 1:
        return known[ends[0]]
    if len(ends) > 1:
        raise WeightsError(f"{name!r} could be {' or '.join(sorted(ends))}; write the whole name")
    shown = name if len(name) <= 200 else name[:200] + "..."
    tail = nearest(name[:200], known) if known else ""
    if not name or name.startswith((".", "/", "~")) or name.endswith((".safetensors", ".ckpt")):
        raise WeightsError(f"no model at {shown!r}: there is no such file or folder.{tail}")
    pull = f" To fetch it: safelight models pull {shown}" if name.count("/") == 1 else ""
    raise WeightsError(f"no model {shown!r} on this machine.{tail}{pull}")


def name_of(path: Path) -> str:
    """Return what pictures call a model: its name in the library, or the last part of its path.

    Never the whole path: pictures are passed on, and where one keeps one's files is nobody's business. What tells
    models of one name apart is the hash of their weights.
    """
    known = next((name for name, place in models().items() if place == path), None)
    return known or Path(os.path.abspath(path)).name or "model"  # noqa: PTH100  (resolve would follow links)


def default() -> str:
    """Return the name of the model that is taken where none is named."""
    name = remembered("default")
    return name if isinstance(name, str) else BUNDLED


def use(name: str) -> Path:
    """Make a model the default one, and return its path. Raises WeightsError if there is none of that name."""
    path = find(name)
    lasting = name if name in models() else str(path.resolve())
    remember("default", lasting)
    return path


def remembered(key: str) -> object:
    """Return what `remember` stored under `key`, None if nothing."""
    return read_json(home() / "library.json").get(key)


def remember(key: str, value: object) -> None:
    """Store a small JSON value for later runs. Raises OutputError where the home cannot be written to."""
    path = home() / "library.json"
    try:
        write_json(path, read_json(path) | {key: value})
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path} cannot be written: {reason}; set SAFELIGHT_HOME to a folder that can") from error


def read_json(path: Path) -> dict[str, object]:
    """Read our own small file; one that is missing or damaged counts as empty."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON file in one step: readers see the old one or the new one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
