"""The files that a recipe uses: found by name or by hash, and written into the recipe by hash.

    recipe, files = settle(recipe)        files: SHA-256 -> where it is on this machine

A file is looked for at its path, then in its kind's folder in the library's home (`loras/`, `embeddings/` and so on,
with or without its suffix), then where that hash was last seen. A recipe that knows the hash takes no other file.
What comes out names files by the last part of their path: pictures are passed on, and where one keeps one's files is
nobody's business.

`<lora:name:0.8>` in a prompt is an instruction and no text: it moves from the prompt to the recipe's LoRAs.

Read next: `drawing.py`.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from safelight.errors import RecipeError, WeightsError, nearest
from safelight.prompts.mentions import mentions
from safelight.recipe import FileUse, ImagePromptUse, LoraUse, Recipe, ScaledUse
from safelight.weights import library
from safelight.weights.hashes import hash_files
from safelight.weights.image_tower import FOLDER

__all__ = ["find", "find_model", "hash_of", "remember", "settle"]

SUFFIXES = (".safetensors", ".pt", ".bin", ".ckpt", ".pth", ".png", ".jpg", ".jpeg", ".webp")
REMEMBERED = 1_000  # places of files, at most

Use = TypeVar("Use", bound=FileUse)


def settle(recipe: Recipe) -> tuple[Recipe, Mapping[str, Path]]:
    """Find every file of a recipe; return the recipe with their names and hashes, and where each hash is.

    Raises RecipeError, in one line, for a file that is not there, or that is another than the recipe says.
    """
    files: dict[str, Path] = {}

    def found(kind: str, use: Use) -> Use:
        path, digest = find(kind, use)
        files[digest] = path
        return use.model_copy(update={"file": _name(kind, path), "sha256": digest})

    def with_image(kind: str, use: Use, image: FileUse) -> Use:
        return found(kind, use.model_copy(update={"image": found("image", image)}))

    def with_tower(use: ImagePromptUse) -> ImagePromptUse:
        settled = with_image("IP-Adapter", use, use.image)
        tower = use.tower or FileUse(file=str(_tower_beside(files[hash_of(settled)], settled.file)))
        return settled.model_copy(update={"tower": found("IP-Adapter", tower)})

    recipe = without_mentions(recipe)
    if not any(used(recipe)):
        return recipe, files
    changes = {
        "loras": tuple(found("LoRA", use) for use in recipe.loras),
        "embeddings": tuple(found("embedding", use) for use in recipe.embeddings),
        "hypernetworks": tuple(found("hypernetwork", use) for use in recipe.hypernetworks),
        "vae": recipe.vae and found("autoencoder", recipe.vae),
        "controls": tuple(with_image("ControlNet", use, use.image) for use in recipe.controls),
        "image_prompts": tuple(with_tower(use) for use in recipe.image_prompts),
        "regions": tuple(
            region.model_copy(update={"mask": region.mask and found("image", region.mask)}) for region in recipe.regions
        ),
    }
    return recipe.model_copy(update=changes), files


def hash_of(use: FileUse | None) -> str:
    """The hash of a file of a settled recipe, which has one."""
    assert use is not None and use.sha256 is not None
    return use.sha256


def used(recipe: Recipe) -> Iterator[FileUse]:
    """Every file that a recipe names, images included."""
    yield from (*recipe.loras, *recipe.embeddings, *recipe.hypernetworks, *recipe.controls, *recipe.image_prompts)
    yield from (use.image for use in (*recipe.controls, *recipe.image_prompts))
    yield from (region.mask for region in recipe.regions if region.mask is not None)
    if recipe.vae is not None:
        yield recipe.vae


def without_mentions(recipe: Recipe) -> Recipe:
    """Move `<lora:name:0.8>` and its like out of the prompt, where the prompt is read in a way that knows them."""
    if recipe.prompt_syntax not in ("weighted", "a1111") or "<" not in recipe.prompt:
        return recipe
    text, found = mentions(recipe.prompt)
    if not found:
        return recipe
    loras = [
        LoraUse(file=mention.name, scale=mention.scale, text_scale=mention.text_scale)
        for mention in found
        if mention.kind == "lora"
    ]
    networks = [ScaledUse(file=mention.name, scale=mention.scale) for mention in found if mention.kind == "hypernet"]
    changes = {"loras": (*recipe.loras, *loras), "hypernetworks": (*recipe.hypernetworks, *networks)}
    return recipe.model_copy(update={"prompt": text, **changes})


def find(kind: str, use: FileUse) -> tuple[Path, str]:
    """Return where a file is and its SHA-256. `kind` is one of `library.FOLDERS`.

    Raises RecipeError where there is none of that name, or none of that hash.
    """
    others: list[str] = []
    for path in _places(kind, use):
        try:
            digest = hash_files([path])
        except WeightsError as error:
            raise RecipeError(f"the {kind} {use.file}: {error}") from None
        if use.sha256 in (None, digest):
            remember(digest, path)
            return path, digest
        others.append(digest)
    if others:
        raise RecipeError(
            f"the {kind} {use.file} is not the one in the recipe (SHA-256 {others[0][:10]}, not "
            f"{(use.sha256 or '')[:10]}); put the right one in its place, or leave sha256 out to take this one"
        )
    folder = library.home() / library.FOLDERS[kind]
    known = sorted(path.stem for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []
    tail = nearest(use.file, known) if known else f" Give its path, or put it into {folder}."
    raise RecipeError(f"there is no {kind} {use.file!r}.{tail}")


def _places(kind: str, use: FileUse) -> Iterator[Path]:
    """Where a file may be, the likeliest place first."""
    folder = library.home() / library.FOLDERS[kind]
    with suppress(OSError, RuntimeError, ValueError):  # too long for a path, "~nobody", a NUL: then it is none
        given = Path(use.file).expanduser()
        names = [given, folder / given, *(folder / f"{given}{suffix}" for suffix in SUFFIXES)]
        if not given.is_absolute() and ".." in given.parts:
            names = [given]
        yield from (path for path in names if path.is_file())
        if use.sha256 is not None:
            yield from (place for place in seen(use.sha256) if place.is_file())


def _tower_beside(path: Path, name: str) -> Path:
    """Return the weights of the image tower that lies beside an IP-Adapter, or in the library's folder of them."""
    places = [place / FOLDER / "model.safetensors" for place in (path.parent, library.home() / "ip-adapters")]
    for place in places:
        if place.is_file():
            return place
    raise RecipeError(f"the IP-Adapter {name} needs its image tower: put the folder {FOLDER} beside it")


def find_model(name: str, digest: str | None) -> Path:
    """Return where a second model is, by name, or where weights of that hash were last seen. Raises RecipeError."""
    try:
        return library.find(name)
    except WeightsError as error:
        if digest is not None and (places := [place for place in seen(digest) if place.exists()]):
            return places[0]
        raise RecipeError(str(error)) from None


def seen(digest: str) -> list[Path]:
    """Where a file or a model of this hash was last seen, if it ever was."""
    place = library.read_json(library.home() / "files.json").get(digest)
    return [Path(place)] if isinstance(place, str) else []


def _name(kind: str, path: Path) -> str:
    """Return what pictures call a file: its place in its folder, or the last part of its path."""
    folder = library.home() / library.FOLDERS[kind]
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def remember(digest: str, path: Path) -> None:
    """Keep where a file of this hash was seen, for the pictures that will ask for it."""
    place, whole = library.home() / "files.json", str(path.resolve())
    known = library.read_json(place)
    if known.get(digest) != whole:
        known.pop(digest, None)
        with suppress(OSError):  # a home that cannot be written to remembers nothing
            library.write_json(place, dict([*known.items(), (digest, whole)][-REMEMBERED:]))
