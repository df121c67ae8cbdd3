"""`safelight verify`: make a picture again from what it carries, and say whether the pixels are the same.

    0   the same pixels
    1   other pixels: how many, how far off, and what differs between then and now
    2   it could not be tried

Device and dtype are those that made the picture, where they are recorded and still there; on a CPU so is the number
of threads, because sums in another order round differently; a GPU promises no bit from one run to the next. A JPEG
does not keep pixels exactly, so there the new picture goes through a JPEG too.
"""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import DeviceOption, DtypeOption, JsonOption, check_dtype, check_model
from safelight.cli.saying import note, printable

if TYPE_CHECKING:
    from safelight.picture import Difference, Picture, Provenance

__all__ = ["reasons", "verify"]

ROUNDING = 2
"""Differences of at most this many of 255 levels are what rounding in another order leaves."""


def verify(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A PNG, JPEG or WebP file that has a recipe.")],
    model: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER|FILE", help="Where the model is now, if it has moved.")
    ] = None,
    dtype: DtypeOption = "auto",
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Make a picture again and compare the pixels.

    The exit code is 0 if they are the same and 1 if they are not; then it says how many differ, by how much, and which
    difference between then and now explains it.
    """
    check_dtype(dtype)
    import safelight
    from safelight.picture import Picture, compare

    then = Picture.open(picture)
    past = then.provenance
    if past is not None:
        device = _as_then(past, device)
        dtype = past.dtype if dtype == "auto" else dtype
    if model is None:
        check_model(then.recipe, picture)
    engine = safelight.load(model or then.recipe.model, device=device, dtype=dtype, exact=True)
    weights = then.recipe.model_hash
    if weights not in (None, engine.model_hash):
        note(
            f"the picture was made with other weights ({weights[:10]}) than this model's ({engine.model_hash[:10]}); "
            "if the right ones are elsewhere, name them with --model"
        )
    now = engine.generate(then.recipe.model_copy(update={"model_hash": None}))
    stored = _through_jpeg(now) if picture.suffix.lower() in (".jpg", ".jpeg") else now
    difference = compare(then.pixels, stored.pixels) if then.pixels.shape == stored.pixels.shape else None
    same = difference is not None and difference.same
    why = [] if same else reasons(then, now, picture.suffix.lower())
    if as_json:
        line = {
            "path": str(picture),
            "same": same,
            "pixels": now.pixels.shape[0] * now.pixels.shape[1],
            "difference": None if same or difference is None else asdict(difference),
            "explanations": why,
            "recipe": now.recipe.model_dump(),
            "then": past.model_dump() if past is not None else None,
            "now": now.provenance.model_dump() if now.provenance is not None else None,
        }
        print(json.dumps(line))
    else:
        print(_verdict(then, now, difference))
        for line in why:
            print(f"  {printable(line)}")
    if not same:
        raise typer.Exit(1)


def reasons(then: "Picture", now: "Picture", suffix: str = ".png") -> list[str]:
    """Name what may explain other pixels, the likeliest first; there is always something to say."""
    from safelight.picture import explain

    if then.pixels.shape != now.pixels.shape:
        return ["the file was cropped or resized after it was made"]
    named: list[str] = []
    before, after = then.recipe.model_hash, now.recipe.model_hash
    if before is not None and before != after:
        named.append(f"the weights: {before} then, {after} now")
    if then.provenance is not None and now.provenance is not None:
        named += [line for line in explain(then.provenance, now.provenance) if line not in named]
    else:
        named.append("what it was made on is not recorded in the file: perhaps another program, or another machine")
    if suffix in (".jpg", ".jpeg"):
        named.append("a JPEG of another quality than ours keeps other pixels")
    if not named and now.provenance is not None and not now.provenance.device.startswith("cpu"):
        return ["a GPU may round differently from run to run, and shared network calls do (--exact)"]
    return named or ["nothing that is recorded differs: the pixels in the file were probably edited"]


def _verdict(then: "Picture", now: "Picture", difference: "Difference | None") -> str:
    high, wide = now.pixels.shape[:2]
    if difference is None:
        h, w = then.pixels.shape[:2]
        return f"different: the file is {w}x{h}, its recipe makes {wide}x{high}"
    if difference.same:
        return f"the same: all {high * wide} pixels"
    size = "no more than rounding" if difference.largest <= ROUNDING else "more than rounding"
    return (
        f"different: {difference.differing} of {high * wide} pixels, by at most {difference.largest} of 255 and "
        f"{difference.mean:.3g} in the mean ({size})"
    )


def _as_then(past: "Provenance", device: str) -> str:
    """Set the number of threads as it was, and return the device to use: the recorded one where it is there."""
    import torch

    kind = past.device.split()[0]
    if device == "auto":
        device = kind if kind == "cpu" or torch.cuda.is_available() else "cpu"
        if device != kind:
            note(f"made on {past.device}, which is not here; trying on the CPU")
    if device == kind == "cpu" and past.threads <= 256:
        torch.set_num_threads(past.threads)
    return device


def _through_jpeg(made: "Picture") -> "Picture":
    """Write and read a picture as we write and read a JPEG."""
    from safelight.picture import Picture

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "copy.jpg"
        made.save(path)
        return Picture.open(path)
