"""Fetch a model from the Hugging Face hub: the one place in Safelight that opens a network connection.

    pull("CompVis/stable-diffusion-v1-4")  ->  library home / CompVis / stable-diffusion-v1-4

A model is fetched at one revision: the pinned one of a known repository, else the newest, which is then recorded.
Only what a picture needs comes: configs, tokenizer, one safetensors file for each network. The configs come first, so a
model that is not Stable Diffusion v1 is refused before its gigabytes are fetched. An interrupted pull goes on where it
stopped; a model appears in the library when it is whole and its tensors are all accounted for.
"""

import errno
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from safelight.errors import HubError, OutputError, SafelightError, WeightsError
from safelight.weights import library
from safelight.weights.hashes import hash_files

__all__ = ["LICENCES", "PINNED", "Listing", "list_repository", "pull"]

PINNED = {
    "CompVis/stable-diffusion-v1-4": "133a221b8aa7292a167afc5127cb63fb5005638b",
    "stable-diffusion-v1-5/stable-diffusion-v1-5": "451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
}

OPENRAIL = """CreativeML Open RAIL-M, 22 August 2022 (https://huggingface.co/spaces/CompVis/stable-diffusion-license).
You may use, change and pass on the model, also commercially, and the pictures are yours. You must not use it for what
its Attachment A forbids: among others breaking the law, harming minors, false information meant to harm, harassment,
discrimination, fully automated decisions about people's rights, medical advice. Whoever gets the model, or a service
made of it, from you must be bound by the same restrictions and get a copy of the licence."""
LICENCES = {"creativeml-openrail-m": OPENRAIL}

SMALL = (
    "model_index.json",
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "unet/config.json",
    "vae/config.json",
    "text_encoder/config.json",
    "scheduler/scheduler_config.json",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "tokenizer/tokenizer_config.json",
    "tokenizer/special_tokens_map.json",
    "tokenizer/tokenizer.json",
    "safelight.json",
)
STEMS = ("text_encoder/model", "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model")
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


@dataclass(frozen=True)
class Listing:
    """What the hub has: the revision, its files (name -> bytes, SHA-256 or None), and the licence it is under."""

    repository: str
    revision: str
    files: Mapping[str, tuple[int, str | None]]
    licence: str


def pull(
    repository: str,
    revision: str | None = None,
    variant: str | None = None,
    accept: Callable[[str, str], bool] = lambda licence, text: False,
    quiet: bool = False,
) -> Path:
    """Fetch a model into the library and return its folder.

    Args:
        repository: "owner/name" on the hub.
        revision: a branch, tag or commit; None takes the pinned one, or the newest of a repository without a pin.
        variant: "fp16" fetches the half precision files; None the plain ones, or what there is.
        accept: shown a licence's name and text once, says whether the user accepts it; remembered in the library.
        quiet: draw no progress bars on stderr.

    Raises:
        HubError: the hub cannot be reached, does not have it, or the licence was not accepted.
        WeightsError: it is not a Stable Diffusion v1 model.
        OutputError: the library cannot be written to.
    """
    # The name becomes a path in the library: two plain words, or nothing.
    if not re.fullmatch(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*", repository, re.ASCII):
        raise HubError(f"{repository[:100]!r} is no name on the hub; write owner/name")
    wanted = revision or PINNED.get(repository)
    place = library.home() / repository
    entry = pulled().get(repository, {})
    if wanted and place.is_dir() and (entry.get("revision"), entry.get("variant")) == (wanted, variant):
        return place
    listing = list_repository(repository, wanted)
    if place.is_dir() and (entry.get("revision"), entry.get("variant")) == (listing.revision, variant):
        return place
    weights = weight_files(listing, variant)
    agree_to(listing, accept)

    staging = library.home() / ".pulling" / f"{repository.replace('/', '--')}@{listing.revision}"
    small = [name for name in SMALL if name in listing.files]
    fetch(listing, small + [name for name in weights if name.endswith(".json")], staging, quiet)
    check_configs(staging)
    fetch(listing, weights, staging, quiet)
    check(listing, weights, staging, variant)
    with writable(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            shutil.rmtree(place)
        staging.rename(place)
    record = {"revision": listing.revision, "variant": variant, "licence": listing.licence}
    library.remember("pulled", pulled() | {repository: record})
    return place


def pulled() -> dict[str, dict[str, object]]:
    """Return what is known of the models that were pulled: repository -> revision, variant, licence."""
    value = library.remembered("pulled")
    entries = value.items() if isinstance(value, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, dict)}


def list_repository(repository: str, revision: str | None) -> Listing:
    """Ask the hub what a repository holds at a revision (None: the newest)."""
    from huggingface_hub import HfApi

    with hub_errors(repository, revision):
        info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    files = {
        file.rfilename: (file.size or 0, file.lfs.sha256 if file.lfs is not None else None)
        for file in info.siblings or []
    }
    licence = (info.card_data or {}).get("license") or "unknown"
    if info.sha is None:
        raise HubError(f"the hub did not say which revision of {repository} it has; try again later")
    return Listing(repository, info.sha, files, str(licence))


def weight_files(listing: Listing, variant: str | None) -> list[str]:
    """Choose one safetensors file (or an index and its pieces) for each network."""
    chosen: list[str] = []
    for stem in STEMS:
        folder = stem.split("/")[0]
        if f"{folder}/config.json" not in listing.files:
            raise WeightsError(
                f"{listing.repository} is not a model in diffusers' layout: it has no {folder}/config.json; "
                "a single .safetensors file can be downloaded by hand and given with --model"
            )
        for kind in dict.fromkeys((variant, None, "fp16") if variant else (None, "fp16")):
            names = named(stem, kind, listing.files)
            if names:
                chosen += names
                break
        else:
            raise HubError(f"{listing.repository} has no safetensors weights for {folder}; try another --revision")
    if variant and not any(f".{variant}." in name for name in chosen):
        raise HubError(f"{listing.repository} has no variant {variant!r}; leave --variant out")
    return chosen


def named(stem: str, variant: str | None, files: Mapping[str, object]) -> list[str]:
    """Return the files of one network in one variant, empty if there are none."""
    middle = f".{variant}" if variant else ""
    whole = f"{stem}{middle}.safetensors"
    if whole in files:
        return [whole]
    for index in (f"{stem}{middle}.safetensors.index.json", f"{stem}.safetensors.index{middle}.json"):
        if index in files:
            piece = re.compile(re.escape(f"{stem}{middle}") + r"-[\w-]+\.safetensors", re.ASCII)
            return [index, *sorted(filter(piece.fullmatch, files))]
    return []


def agree_to(listing: Listing, accept: Callable[[str, str], bool]) -> None:
    """Have the licence accepted, once for each licence (for each repository where its name says nothing)."""
    value = library.remembered("licences")
    accepted = value if isinstance(value, list) else []
    key = listing.licence if listing.licence in LICENCES else f"{listing.licence} of {listing.repository}"
    if key in accepted:
        return
    text = LICENCES.get(listing.licence, f"Read it at https://huggingface.co/{listing.repository} before you go on.")
    if not accept(key, text):
        raise HubError(f"{listing.repository} is under the licence {key}, which was not accepted; nothing was fetched")
    library.remember("licences", [*accepted, key])


def fetch(listing: Listing, names: list[str], folder: Path, quiet: bool) -> None:
    """Fetch files into a folder. What is there already is not fetched again, nor is the first part of a broken file."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    if quiet:
        disable_progress_bars()
    try:
        with writable(folder), hub_errors(listing.repository, listing.revision):
            for name in names:
                target = folder / name
                if not target.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    part = target.with_name(f"{target.name}.part")
                    download(listing, name, part)
                    part.replace(target)
    finally:
        if quiet and not before:
            enable_progress_bars()


def download(listing: Listing, name: str, part: Path) -> None:
    """Append to `part` what it lacks of a file.

    The library's own `snapshot_download` would start a broken file anew, and one of them has three gigabytes.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    size = listing.files[name][0]
    if part.is_file() and part.stat().st_size > size:
        part.unlink()
    url = hf_hub_url(listing.repository, name, revision=listing.revision)
    location = get_hf_file_metadata(url).location
    # The user's token is the hub's business alone; files may lie on another host.
    headers = build_hf_headers() if urlsplit(location).netloc == urlsplit(url).netloc else {}
    with part.open("ab") as file:
        http_get(location, file, resume_size=file.tell(), headers=headers, expected_size=size, displayed_filename=name)


def check_configs(folder: Path) -> None:
    """Refuse what is not Stable Diffusion v1 while it is still small."""
    from safelight.weights.configs import text_config, unet_config, vae_config
    from safelight.weights.folder import read_configs

    configs = read_configs(folder)
    text_config(*configs["text"])
    unet_config(*configs["unet"])
    vae_config(*configs["vae"])


def check(listing: Listing, names: list[str], folder: Path, variant: str | None) -> None:
    """Check that each file came whole, and that the model can be opened."""
    from safelight.weights.checkpoint import open_model

    for name in names:
        file = folder / name
        digest = listing.files[name][1]
        if not file.is_file() or (digest is not None and hash_files([file]) != digest):
            file.unlink(missing_ok=True)
            raise HubError(f"{listing.repository}: {name} did not arrive whole; pull again to fetch it anew")
    open_model(folder, variant)


@contextmanager
def writable(place: Path) -> Iterator[None]:
    """Turn what the disk says into one line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{place} cannot be written: {error.strerror or error}; what was fetched is kept") from error


@contextmanager
def hub_errors(repository: str, revision: str | None) -> Iterator[None]:
    """Turn what the hub's library raises into one line."""
    from huggingface_hub import errors

    at = f" at revision {revision}" if revision else ""
    try:
        yield
    except SafelightError:
        raise
    except errors.GatedRepoError as error:
        raise HubError(
            f"{repository} asks for consent on its page: open https://huggingface.co/{repository}, accept, "
            "then run `hf auth login` and pull again"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise HubError(f"the hub has no model {repository} (or it is private); check the name") from error
    except errors.RevisionNotFoundError as error:
        raise HubError(f"{repository} has no revision {revision!r}; leave --revision out for the usual one") from error
    except errors.HFValidationError as error:
        raise HubError(f"{repository!r} is no name on the hub; write owner/name") from error
    except errors.OfflineModeIsEnabled as error:
        raise HubError("the hub may not be asked: HF_HUB_OFFLINE is set; unset it to pull") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "an error"
        raise HubError(f"the hub answered {status} for {repository}{at}; try again later") from error
    except OSError as error:
        if error.errno in DISK:
            raise  # the disk's word, not the hub's
        raise HubError(f"the hub could not be reached for {repository}: {first_line(error)}") from error
    except Exception as error:  # whatever library it speaks HTTP with raises its own kinds
        raise HubError(f"the hub could not be reached for {repository}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return what an error says, on one bounded line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
