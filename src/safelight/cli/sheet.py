"""A labelled sheet of pictures: one or more blocks, each a table with words above its columns and beside its rows.

    sheet([Block("scale 7", [[picture, picture], [picture, None]])], columns=["steps 10", "steps 20"], rows=[...])

A cell is as large as its picture unless the sheet would be larger than `LARGEST`; then all shrink together. None is a
picture that could not be made, and stays grey. Read next: `grid.py`, `atlas.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safelight.cli.output import SUFFIXES
from safelight.errors import OutputError

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

__all__ = ["LARGEST", "Block", "check_sheet", "save_sheet", "sheet"]

LARGEST = 8192
"""Pixels of the longer side of a sheet, about; the labels come on top."""
_GAP, _PAPER, _INK, _EMPTY = 6, (250, 249, 246), (32, 32, 36), (214, 212, 208)


@dataclass(frozen=True)
class Block:
    """A table of pictures with a title; `labels`, where given, stand in the cells themselves."""

    title: str
    cells: "Sequence[Sequence[Image.Image | None]]"
    labels: Sequence[Sequence[str]] | None = None


def check_sheet(name: str) -> Path:
    """Look whether a sheet can be written under this name, before anything is made; raises OutputError."""
    path = Path(name)
    if path.suffix.lower() not in SUFFIXES or path.is_dir():
        raise OutputError(f"--output {name}: a sheet is one picture; end its name with {', '.join(SUFFIXES)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write to {path.parent}: {error.strerror}; choose another --output") from None
    return path


def sheet(
    blocks: Sequence[Block], columns: Sequence[str], rows: Sequence[str], cell: int | None = None
) -> "Image.Image":
    """Draw the sheet. `cell` is the longer side of each picture in pixels; None as large as they are, if it fits."""
    from PIL import Image, ImageDraw, ImageFont

    sizes = [held.size for block in blocks for line in block.cells for held in line if held is not None] or [(64, 64)]
    width, height = max(w for w, _ in sizes), max(h for _, h in sizes)
    across, down = max(len(line) for block in blocks for line in block.cells), sum(len(b.cells) for b in blocks)
    wanted = (cell or max(width, height)) / max(width, height)
    scale = min(wanted, LARGEST / (across * width), LARGEST / (down * height))
    width, height = max(16, round(width * scale)), max(16, round(height * scale))
    font = ImageFont.load_default(max(11, min(26, width // 11)))
    line = round(_box(font, "Ag")[1] * 1.5) + _GAP
    widest = max((_box(font, row)[0] for row in rows), default=0)
    left = min(widest, max(160, 2 * width)) + 2 * _GAP if any(rows) else _GAP
    top = line if any(columns) else 0
    titled = [line if block.title else 0 for block in blocks]
    whole_width = left + across * (width + _GAP)
    heights = [title + top + len(block.cells) * (height + _GAP) for title, block in zip(titled, blocks, strict=True)]
    paper = Image.new("RGB", (whole_width, sum(heights) + _GAP), _PAPER)
    pen, y = ImageDraw.Draw(paper), _GAP
    for block, title in zip(blocks, titled, strict=True):
        if title:
            _write(pen, font, block.title, _GAP, y, whole_width - 2 * _GAP)
        for i, column in enumerate(columns):
            _write(pen, font, column, left + i * (width + _GAP), y + title, width)
        for j, held in enumerate(block.cells):
            at = y + title + top + j * (height + _GAP)
            if j < len(rows):
                _write(pen, font, rows[j], _GAP, at + (height - line) // 2, left - 2 * _GAP)
            for i, picture in enumerate(held):
                _paste(paper, pen, picture, left + i * (width + _GAP), at, width, height)
                if block.labels is not None:
                    _tag(pen, font, block.labels[j][i], left + i * (width + _GAP), at)
        y += title + top + len(block.cells) * (height + _GAP)
    return paper


def save_sheet(image: "Image.Image", path: Path) -> None:
    """Write a sheet as a whole or not at all; raises OutputError."""
    import io

    from safelight.picture import write_file

    kind = {".png": "PNG", ".webp": "WEBP"}.get(path.suffix.lower(), "JPEG")
    data = io.BytesIO()
    image.save(data, kind, quality=92)
    write_file(path, data.getvalue())


def _box(font: "Font", text: str) -> tuple[int, int]:
    left, top, right, bottom = font.getbbox(text)
    return round(right - left), round(bottom - top)


def _fitted(font: "Font", text: str, width: int) -> str:
    """Cut a text to what fits into `width` pixels."""
    text = " ".join(text.split())[:400]
    if _box(font, text)[0] <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _box(font, text[:middle] + "...")[0] <= width else (low, middle - 1)
    return text[:low] + "..."


def _write(pen: "ImageDraw.ImageDraw", font: "Font", text: str, x: int, y: int, width: int) -> None:
    pen.text((x, y), _fitted(font, text, width), fill=_INK, font=font)


def _tag(pen: "ImageDraw.ImageDraw", font: "Font", text: str, x: int, y: int) -> None:
    """Write a label into the corner of a picture, on a slip of paper."""
    wide, high = _box(font, text)
    pen.rectangle((x, y, x + wide + 7, y + round(high * 1.5) + 5), fill=_PAPER)
    pen.text((x + 4, y + 2), text, fill=_INK, font=font)


def _paste(
    paper: "Image.Image", pen: "ImageDraw.ImageDraw", picture: "Image.Image | None", x: int, y: int, w: int, h: int
) -> None:
    from PIL import Image

    if picture is None:
        pen.rectangle((x, y, x + w - 1, y + h - 1), fill=_EMPTY)
        pen.line((x, y, x + w - 1, y + h - 1), fill=_PAPER, width=2)
        return
    scale = min(w / picture.width, h / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    small = picture if size == picture.size else picture.resize(size, Image.Resampling.LANCZOS)
    paper.paste(small, (x + (w - size[0]) // 2, y + (h - size[1]) // 2))
