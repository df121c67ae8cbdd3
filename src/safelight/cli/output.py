"""Where pictures go: files that are never lost, names that are never taken, and a check before anything is computed.

    --output car.png    that file, replaced in one move if it exists; with --count 3: car-1.png, car-2.png, car-3.png
    --output cars/      new files in that folder, named by seed and prompt; a name without a suffix is a folder too
    (nothing)           the same, in the folder `pictures`
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safelight.errors import OutputError

__all__ = ["SUFFIXES", "Output", "slug"]

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def slug(prompt: str, longest: int = 48) -> str:
    """Make a file name of a prompt: letters and digits of any script, in lower case, joined by hyphens."""
    words = "".join(c if c.isalnum() else " " for c in prompt.lower()).split()
    name = ""
    for word in words:
        longer = f"{name}-{word}" if name else word[:longest]
        if len(longer) > longest or len(longer.encode()) > 3 * longest:
            break
        name = longer
    return name or "empty-prompt"


@dataclass(frozen=True)
class Output:
    """A folder, and the name in it if a person chose one. Made by `Output.of`, which checks what can be checked."""

    folder: Path
    file: str | None
    count: int

    @classmethod
    def of(cls, given: str | None, count: int) -> "Output":
        """Read `--output` for `count` pictures, make its folder, and try to write there; raises OutputError."""
        path = Path(given if given is not None else "pictures")
        try:
            is_folder = path.is_dir() or given is None or given.endswith(("/", os.sep)) or not path.suffix
            if path.exists() and not path.is_dir() and (is_folder or not path.is_file()):
                raise OutputError(f"--output {path} is no folder and no picture file; name a file that ends in .png")
            if not is_folder and path.suffix.lower() not in SUFFIXES:
                raise OutputError(
                    f"--output {path}: pictures are written as {', '.join(SUFFIXES)}, not {path.suffix}; "
                    "end a folder's name with /"
                )
            output = cls(path, None, count) if is_folder else cls(path.parent, path.name, count)
            output.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=output.folder):
                pass
            if not is_folder and path.exists() and not os.access(path, os.W_OK):
                raise OutputError(f"--output {path} is write-protected; choose another name")
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OutputError(f"cannot write to {path}: {reason}; choose another --output") from None
        return output

    @property
    def numbered(self) -> bool:
        """Whether one file name was given for several pictures."""
        return self.file is not None and self.count > 1

    def write(self, index: int, seed: int, prompt: str, save: Callable[[Path], object]) -> Path:
        """Have picture `index` (0, 1, ...) saved under its name and return that; raises OutputError.

        A name of ours is reserved by an empty file first, so that two commands at once cannot choose the same one; it
        goes again if saving fails.
        """
        if self.file is not None:
            chosen = Path(self.file)
            name = f"{chosen.stem}-{index + 1:0{len(str(self.count))}}{chosen.suffix}" if self.numbered else chosen
            return self._saved(self.folder / name, save)
        attempt, stem = 1, f"{seed}-{slug(prompt)}"
        while True:
            path = self.folder / (f"{stem}.png" if attempt == 1 else f"{stem}-{attempt}.png")
            try:
                path.touch(exist_ok=False)
                return self._saved(path, save)
            except FileExistsError:
                attempt += 1
            except OSError as error:
                raise OutputError(f"cannot write {path}: {error.strerror}") from None
            except BaseException:  # Ctrl-C too; what is not empty is a whole picture, ours or another command's
                if path.exists() and path.stat().st_size == 0:
                    path.unlink()
                raise

    @staticmethod
    def _saved(path: Path, save: Callable[[Path], object]) -> Path:
        try:
            save(path)
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
        return path
