"""Where a picture file keeps its recipe, and how to get it out of a file that nobody vouches for.

    PNG    text chunk `safelight` (JSON)                     text chunk `parameters` (for other programs)
    JPEG   XMP, property `safelight:made` (the same JSON)    EXIF UserComment (the same text)
    WebP   XMP, property `safelight:made` (the same JSON)    EXIF UserComment (the same text)

The JSON, `{"recipe": {...}, "provenance": {...}}`, is the truth; it is written in ASCII, which every tool carries
unharmed. The text is written for other programs (see `infotext.py`) and read only where there is no JSON; what other
programs write in their own ways is read by `foreign/`.
A JPEG segment holds at most 64 KB. A JSON that is longer goes on in Extended XMP segments (Adobe, XMP Specification
Part 3, 1.1.3.1); a text that is longer is left out, for it says nothing that the JSON does not say better.
There is never a PNG chunk `prompt` nor a JPEG comment: other programs take those for recipes of their own making.

Read `picture.py` next.
"""

import hashlib
import html
import json
import os
import stat
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, JpegImagePlugin, PngImagePlugin, UnidentifiedImageError
from pydantic import ValidationError

from safelight import foreign
from safelight.errors import PictureError, RecipeError
from safelight.provenance import Provenance
from safelight.recipe import Recipe, json_object, recipe_from

__all__ = [
    "Metadata",
    "decoding",
    "exif_with",
    "jpeg_with",
    "metadata_of",
    "open_image",
    "png_with",
    "read_metadata",
    "recipe_of",
    "xmp_with",
]

MOST_PIXELS = 4 * 2048 * 2048
"""Pixels in a file that we decode; asked before anything is decoded."""
_MOST_BYTES = 128 * 2**20
_LONGEST_TEXT = 2**20
_MOST_TEXT = 4 * 2**20
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_MAKE, _MODEL = 0x010F, 0x0110
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_SEGMENT = 65_533  # bytes in a JPEG segment after its two bytes of length


# -- Into a file -------------------------------------------------------------------------------------------------------


def _truth(recipe: Recipe, provenance: Provenance | None) -> str:
    """Write recipe and provenance as ASCII JSON."""
    made = {"recipe": recipe.model_dump()}
    if provenance is not None:
        made["provenance"] = provenance.model_dump()
    return json.dumps(made, allow_nan=False)


def png_with(recipe: Recipe, provenance: Provenance | None, text: str) -> PngImagePlugin.PngInfo:
    """Make the text chunks of a PNG; Pillow writes them before the pixels."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", text)  # becomes iTXt by itself where it is not Latin-1
    chunks.add_text("safelight", _truth(recipe, provenance))
    return chunks


def exif_with(text: str) -> bytes:
    """Make EXIF data whose UserComment is `text`, in the encoding that other programs expect."""
    comment = b"UNICODE\0" + text.encode("utf-16-be")
    # Written out, because Pillow would call the comment BYTE, and readers insist on the standard's UNDEFINED (7):
    # a TIFF header; a directory that points to the EXIF directory at byte 26; that one, pointing to byte 44.
    head = struct.pack(">2sHI", b"MM", 42, 8)
    first = struct.pack(">HHHIII", 1, _EXIF_IFD, 4, 1, 26, 0)
    second = struct.pack(">HHHIII", 1, _USER_COMMENT, 7, len(comment), 44, 0)
    return b"Exif\0\0" + head + first + second + comment


def xmp_with(recipe: Recipe, provenance: Provenance | None) -> bytes:
    """Make an XMP packet that holds the JSON."""
    return _packet(f"<safelight:made>{html.escape(_truth(recipe, provenance), quote=False)}</safelight:made>")


def _packet(inside: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:safelight="urn:safelight:picture#" '
        f'xmlns:xmpNote="http://ns.adobe.com/xmp/note/">{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode("ascii")


def _segment(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def jpeg_with(jpeg: bytes, recipe: Recipe, provenance: Provenance | None, text: str) -> bytes:
    """Put text and JSON into an encoded JPEG, as segments after its first (JFIF) one."""
    exif, xmp = exif_with(text), xmp_with(recipe, provenance)
    parts: list[bytes] = []
    if len(_XMP + xmp) > _SEGMENT:
        extended, digest = xmp, hashlib.md5(xmp, usedforsecurity=False).hexdigest().upper().encode()
        xmp = _packet(f"<xmpNote:HasExtendedXMP>{digest.decode()}</xmpNote:HasExtendedXMP>")
        room = _SEGMENT - len(_EXTENDED_XMP) - len(digest) - 8
        parts = [
            _EXTENDED_XMP + digest + struct.pack(">II", len(extended), at) + extended[at : at + room]
            for at in range(0, len(extended), room)
        ]
    bodies = [exif] if len(exif) <= _SEGMENT else []
    segments = b"".join(_segment(body) for body in [*bodies, _XMP + xmp, *parts])
    first = 4 + struct.unpack(">H", jpeg[4:6])[0]  # SOI, then the JFIF segment, which must stay the first
    return jpeg[:first] + segments + jpeg[first:]


# -- Out of a file -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Metadata:
    """What a picture file says about itself."""

    recipe: Recipe
    provenance: Provenance | None
    source: str
    """`safelight`: our JSON, exact. `parameters`, `prompt` and so on: what another program wrote, as far as it goes."""
    left_out: list[str] = field(default_factory=list)
    """What the text said that a recipe cannot carry: "what: why"."""
    program: str = "Safelight"
    """Who wrote it."""
    carried: list[str] = field(default_factory=list)
    """Of another program's text: what was understood, "what as field"."""


_filters = threading.RLock()


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """Open a picture from a stranger: PNG, JPEG or WebP, of bounded size; raises `PictureError` for anything else.

    Nothing is decoded before the size is known to be bearable. What is asked of the image later stands in `decoding`.
    """
    with decoding(path):
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would make us wait for ever
            raise PictureError(f"{path} is {'a folder' if stat.S_ISDIR(found.st_mode) else 'no file'}, not a picture")
        if found.st_size > _MOST_BYTES:
            raise PictureError(f"{path}: {found.st_size} bytes are too many for a picture")
        image = Image.open(path, formats=["PNG", "JPEG", "WEBP"])
    with image:
        if image.width * image.height > MOST_PIXELS:
            raise PictureError(
                f"{path}: {image.width}x{image.height} pixels are too many; at most {MOST_PIXELS} are read"
            )
        yield image


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Stand around calls of Pillow, and nothing else: whatever a stranger's file makes of them is a `PictureError`.

    Only a lack of memory stays what it is.
    """
    try:
        # Pillow warns about oddities in hostile files; the filters that silence it belong to the whole process.
        with _filters, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (PictureError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{path} is not a PNG, JPEG or WebP picture, or is broken at its start") from None
    except FileNotFoundError:
        raise PictureError(f"there is no picture {path}") from None
    except Exception as error:  # Pillow's decoders answer hostile bytes with a dozen kinds of exception
        if isinstance(error, OSError) and error.errno is not None:
            raise PictureError(f"{path} cannot be read: {os.strerror(error.errno)}") from None
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise PictureError(f"{path} is broken or cut short: {reason}") from None


def read_metadata(path: Path | str) -> Metadata:
    """Read the recipe of a picture file: Safelight's own, or what the `parameters` text of another program says.

    Raises `PictureError` when there is none, when it is damaged, and for files that are no picture.
    """
    path = Path(path)
    with open_image(path) as image:
        return metadata_of(image, path)


def recipe_of(path: Path | str) -> tuple[Recipe, list[str]]:
    """Read the recipe of a picture and what a person should know of it: of another program's, what was not carried.

    Raises what `read_metadata` raises.
    """
    found = read_metadata(path)
    ours = found.source == "safelight"
    return found.recipe, found.left_out if ours else [f"made by {found.program}", *found.left_out]


def metadata_of(image: Image.Image, path: Path) -> Metadata:
    """Read the recipe of an opened image; `path` is for the message."""
    made, texts = _texts(image, path)
    if made is None and not texts and image.format == "PNG":
        with decoding(path):
            image.load()  # other programs may write their text after the pixels
        made, texts = _texts(image, path)
    try:
        if made is not None:
            return _from_truth(made)
        if (found := foreign.read(texts)) is not None:
            source = next(key for key in foreign.KEYS if key in texts)
            return Metadata(found.recipe, None, source, found.not_carried, found.program, found.carried)
    except RecipeError as error:
        raise PictureError(f"{path} holds a recipe that cannot be used: {error}") from None
    raise PictureError(f"{path} holds no recipe, neither Safelight's nor that of a program whose pictures are known")


def _from_truth(made: str) -> Metadata:
    fields = json_object(made)
    recipe = fields.get("recipe")
    if not isinstance(recipe, dict):
        raise RecipeError("it has no part 'recipe'")
    provenance, left_out = None, []
    if "provenance" in fields:
        try:
            provenance = Provenance.model_validate(fields["provenance"])
        except ValidationError:
            left_out.append("provenance (damaged)")
    return Metadata(recipe_from(recipe), provenance, "safelight", left_out)


def _texts(image: Image.Image, path: Path) -> tuple[str | None, dict[str, str]]:
    """Find our JSON, None where there is none, and the texts of other programs by the names of their PNG chunks."""
    if image.format == "PNG":
        # The text classes of Pillow are str, with a language tag that must not travel.
        found = {key: str(said) for key in ("safelight", *foreign.KEYS) if isinstance(said := image.info.get(key), str)}
        made = found.pop("safelight", None)
    else:
        made = _from_xmp(_xmp_of(image, path), path)
        found = _exif_texts(image, path) if made is None else {}
    # A workflow is never read, however long; the others have bounds of their own.
    bound = {key: len(said) for key, said in found.items() if "workflow" not in key}
    if (
        len(made or "") > _LONGEST_TEXT
        or bound.pop("prompt", 0) > _MOST_TEXT
        or any(length > _LONGEST_TEXT for length in bound.values())
    ):
        raise PictureError(f"{path}: its texts are too long")
    return made, found


def _exif_texts(image: Image.Image, path: Path) -> dict[str, str]:
    """Read what other programs put into EXIF: AUTOMATIC1111 its text, ComfyUI "prompt:{...}" as maker and model."""
    found: dict[str, str] = {}
    with decoding(path):
        exif = image.getexif()
        for tag in (_MAKE, _MODEL):
            said = exif.get(tag)
            key, colon, rest = said.partition(":") if isinstance(said, str) else ("", "", "")
            if colon and key in ("prompt", "workflow") and rest.lstrip().startswith("{"):
                found[key] = rest
    if (comment := _user_comment(image, path)) is not None:
        found["parameters"] = comment
    return found


def _xmp_of(image: Image.Image, path: Path) -> str:
    """Give the XMP of an image, Extended XMP joined to it."""
    xmp = image.info.get("xmp", b"")
    parts: dict[int, bytes] = {}
    for marker, body in image.applist if isinstance(image, JpegImagePlugin.JpegImageFile) else []:
        head = len(_EXTENDED_XMP) + 32
        if marker == "APP1" and body.startswith(_EXTENDED_XMP) and len(body) >= head + 8:
            parts[struct.unpack(">II", body[head : head + 8])[1]] = body[head + 8 :]
    whole = (xmp if isinstance(xmp, bytes) else b"") + b"".join(parts[at] for at in sorted(parts))
    if len(whole) > _MOST_TEXT:
        raise PictureError(f"{path}: its XMP is too long")
    return whole.decode("utf-8", errors="replace")


def _from_xmp(xmp: str, path: Path) -> str | None:
    """Take our property out of XMP, as an element, or as the attribute that some tools make of it."""
    # By hand, not with an XML parser: two searches cannot be made to expand entities.
    for begin, end in (("<safelight:made>", "</safelight:made>"), ('safelight:made="', '"')):
        _, found, rest = xmp.partition(begin)
        if found:
            try:
                return html.unescape(rest.partition(end)[0])
            except ValueError:  # "&#" and thousands of digits
                raise PictureError(f"{path} holds a recipe that cannot be used: its XMP is damaged") from None
    return None


def _user_comment(image: Image.Image, path: Path) -> str | None:
    """Read EXIF UserComment; its UTF-16 may have either order of bytes, whatever the standard says."""
    with decoding(path):
        comment = image.getexif().get_ifd(_EXIF_IFD).get(_USER_COMMENT)
    if isinstance(comment, str):
        return comment
    if not isinstance(comment, bytes):
        return None
    code, body = comment[:8], comment[8:]
    if code != b"UNICODE\0":
        return body.decode("utf-8", errors="replace") if code in (b"ASCII\0\0\0", b"\0" * 8) else None
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", errors="replace")
    little = body[1::2].count(0) > body[0::2].count(0)
    return body.decode("utf-16-le" if little else "utf-16-be", errors="replace")
