"""`safelight models`: fetch, list, show, check and choose models.

Only `pull` touches the network. `check` is the strict table: one line for each tensor of Stable Diffusion v1 and for
each tensor in the files; it ends with 0 when all are accounted for and with 2 otherwise, whatever the file holds.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safelight.cli.asking import JsonOption
from safelight.cli.saying import note, printable
from safelight.errors import HubError, SafelightError, WeightsError

if TYPE_CHECKING:
    from safelight.weights.checkpoint import ModelFiles

__all__ = ["app"]

app = typer.Typer(help="Fetch, list, show, check and choose models.", no_args_is_help=True)

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, folder or file.")]
VariantOption = Annotated[str | None, typer.Option(metavar="NAME", help="Which variant of the files, such as fp16.")]


@app.command("pull")
def pull(
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Such as CompVis/stable-diffusion-v1-4.")],
    revision: Annotated[str | None, typer.Option(help="A branch, tag or commit instead of the pinned one.")] = None,
    variant: VariantOption = None,
    accept_license: Annotated[
        bool, typer.Option("--accept-license", help="Accept the model's licence without being asked.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a model from the Hugging Face hub into the library. The only command that uses the network."""
    from safelight.weights import hub

    def accept(licence: str, text: str) -> bool:
        note(f"{repository} is under the licence {licence}")
        for line in text.splitlines():
            note(line)
        if accept_license:
            note("accepted by --accept-license")
            return True
        try:
            return typer.confirm("Do you accept this licence?", err=True)
        except typer.Abort:
            raise HubError("nobody is there to accept the licence; --accept-license accepts it") from None

    path = hub.pull(repository, revision, variant, accept, quiet)
    known = hub.pulled().get(repository, {})
    if as_json:
        print(json.dumps({"name": repository, "path": str(path), **known}))
    else:
        note(f"revision {known.get('revision')}; to make it the default model: safelight models use {repository}")
        print(path)


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """List the models of this machine."""
    from safelight.weights import library

    known, default = library.models(), library.default()
    lines = [
        {"name": name, "path": str(path), "default": name == default, "bytes": weight(path)}
        for name, path in known.items()
    ]
    if default not in known:
        lines.append({"name": default, "path": default, "default": True, "bytes": weight(Path(default))})
    if as_json:
        for line in lines:
            print(json.dumps(line))
        return
    width = max((len(str(line["name"])) for line in lines), default=0)
    for line in lines:
        mark = "*" if line["default"] else " "
        print(f"{mark} {printable(str(line['name'])):<{width}}  {size(int(line['bytes'])):>9}  {line['path']}")
    note(f"models live in {library.home()}; * is the default model")


@app.command("show")
def show(model: ModelArgument, variant: VariantOption = None, as_json: JsonOption = False) -> None:
    """Show what a model is: sizes, hashes, format, dtype, parameters, defaults."""
    from safelight.weights import library
    from safelight.weights.checkpoint import open_model

    files = open_model(library.find(model), variant)
    about = description(files)
    if as_json:
        print(json.dumps(about))
        return
    for remark in files.notes:
        note(remark)
    for name, value in about.items():
        if name == "notes":
            continue
        values = value.items() if isinstance(value, dict) else ()
        print(f"{name:<10}  {'' if values else printable(str(value))}".rstrip())
        for key, item in values:
            shown = ", ".join(f"{k} {v}" for k, v in item.items()) if isinstance(item, dict) else str(item)
            print(f"  {printable(str(key)):<12}  {printable(shown)}")


@app.command("check")
def check(
    model: ModelArgument,
    variant: VariantOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only what is wrong, and the sums.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Account for every tensor of a model; exit code 0 when all is well, 2 when anything is not."""
    try:
        result = examined(model, variant)
    except SafelightError as error:
        if as_json:
            print(json.dumps({"path": model, "ok": False, "error": str(error)}))
        raise
    rows, counts = result["rows"], result["counts"]
    if as_json:
        print(json.dumps(result))
    elif isinstance(rows, list) and isinstance(counts, dict):
        for row in rows:
            if not (quiet and row["status"] in ("matched", "ignored")):
                print(printable(row["text"]))
        print(", ".join(f"{number} {status}" for status, number in counts.items()))
    for remark in result["notes"] if isinstance(result["notes"], list) else ():
        note(remark)
    if not result["ok"]:
        raise typer.Exit(2)


@app.command("use")
def use(model: ModelArgument, as_json: JsonOption = False) -> None:
    """Make a model the default one, for every command that takes --model."""
    from safelight.weights import library
    from safelight.weights.checkpoint import open_model

    open_model(library.find(model))  # a default that cannot be opened would be a trap
    path = library.use(model)
    if as_json:
        print(json.dumps({"default": library.default(), "path": str(path)}))
    else:
        print(f"the default model is now {printable(library.default())}")


def examined(model: str, variant: str | None) -> dict[str, object]:
    """Examine a model; every way in which a file can be wrong ends in a row of the table or in a SafelightError."""
    from safelight.weights import library
    from safelight.weights.checkpoint import examine
    from safelight.weights.matching import finite

    path = library.find(model)
    try:
        files = examine(path, variant)
        rows = list(files.report.rows)
        for part in files.components.values():
            rows += finite(part)
    except SafelightError:
        raise
    except Exception as error:  # a file that defeats the checks is still a bad file
        raise WeightsError(f"{path} cannot be examined: {type(error).__name__}: {str(error)[:200]}") from error
    notes = list(files.notes)
    try:
        files.tokenizer  # noqa: B018  (looked for when asked for)
    except WeightsError as error:
        notes.append(str(error))
    statuses = ("matched", "ignored", "missing", "misshapen", "unexpected", "not finite")
    counts = {status: sum(row.status == status for row in rows) for status in statuses}
    return {
        "path": str(path),
        "format": files.format,
        "ok": counts["matched"] + counts["ignored"] == len(rows),
        "counts": counts,
        "notes": notes,
        "rows": [
            {"status": row.status, "part": row.part, "ours": row.ours, "theirs": row.theirs, "text": str(row)}
            for row in rows
        ],
    }


def description(files: "ModelFiles") -> dict[str, object]:
    """Gather what there is to say about a model."""
    from dataclasses import asdict
    from math import prod

    from safelight.weights import library
    from safelight.weights.hashes import hash_files

    parameters = {
        part: sum(prod(file.entries[name].shape) for file, name in component.found.values())
        for part, component in files.components.items()
    }
    dtypes = sorted({dtype for component in files.components.values() for dtype in component.dtypes})
    try:
        tokenizer = str(files.tokenizer[0].parent)
    except WeightsError:
        tokenizer = "none"
    return {
        "name": library.name_of(files.path),
        "path": str(files.path),
        "format": {"diffusers": "diffusers folder", "compvis": "one CompVis safetensors file"}[files.format],
        "dtype": ", ".join(dtypes),
        "hash": files.hash,
        "parameters": {**parameters, "total": sum(parameters.values())},
        "files": {
            str(file.relative_to(files.path) if files.path.is_dir() else file.name): {
                "bytes": file.stat().st_size,
                "sha256": hash_files([file]),
            }
            for file in files.files
        },
        "text": asdict(files.text_config),
        "unet": asdict(files.unet_config),
        "vae": asdict(files.vae_config),
        "schedule": asdict(files.schedule_config),
        "defaults": files.defaults.model_dump(),
        "tokenizer": tokenizer,
        "notes": list(files.notes),
    }


def weight(path: Path) -> int:
    """Add up the sizes of a model's safetensors files, in bytes."""
    files = path.rglob("*.safetensors") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def size(number: int) -> str:
    """Write a number of bytes for people."""
    return f"{number / 1e9:.2f} GB" if number >= 1e9 else f"{number / 1e6:.1f} MB"
