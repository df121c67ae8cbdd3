"""Teaching the judge on renders, whose truth is known.

    heat     penalty-reduced focal loss: at a thing's middle -(1-p)^2 log p, elsewhere -(1-t)^4 p^2 log(1-p)
    noun, colour, size, offset, order    at the cells within one of a middle: cross entropies, L1 of log size
    whole    cross entropies of the seven axes, binary ones of defects, extras, and what is there at all

t is a bump round each middle (Law and Deng 2018, CornerNet, arXiv 1808.01244). Round trips and slightly spoilt pictures
among the lessons keep it from taking an autoencoder's traces for content. Pencil sketches have no colour: there that
loss is left out. Most of a run looks at small pictures, of which four cost as much as a whole one; the network
is the same at any size.

Letters: B pictures, K things at most, G cells a side, M cells that belong to a thing.  Next: `evaluate/ceilings`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from safelight.evaluate.heads import AXES, COLOURS, NOUNS, SIDE, Answers, Network, prepare
from safelight.evaluate.lessons import Lessons, Truth
from safelight.evaluate.read import readings
from safelight.train.loop import Now, Readings, Settings
from safelight.train.optimiser import Part

__all__ = ["RUN", "LearnRecogniser", "loss", "targets"]

RUN = Settings(rate=2e-3, minutes=20, warmup=50, cooldown=0.35, weight_decay=0.02, ema=(0.08,), log_steps=20)

SIDES = ((64, 0.35), (96, 0.6), (SIDE, 2.0))
"""Pixels along a side, and until when in a run: small pictures first, of which four cost as much as a whole one."""


def targets(things: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Make of things (B, K, 8) the heat (B, G, G) and whose cell each is: (B, G, G) int64, -1 for nobody's."""
    at = (torch.arange(cells) + 0.5) / cells
    x, y, w, h = (things[:, :, i, None, None] for i in (2, 3, 4, 5))
    there = things[:, :, 0, None, None] >= 0
    away = (at[None, None, None, :] - x) ** 2 + (at[None, None, :, None] - y) ** 2
    spread = (torch.minimum(w, h) / 8).clamp(0.7 / cells, 2.0 / cells)
    bump = torch.exp(-away / (2 * spread**2)).clamp(max=0.95) * there
    # exactly 1 at the cell that holds the middle: only that is a positive
    column, row = ((v * cells).floor().clamp(0, cells - 1) for v in (x, y))
    each = torch.arange(cells)
    off = torch.maximum((each[None, None, None, :] - column).abs(), (each[None, None, :, None] - row).abs())
    bump = torch.where((off == 0) & there, 1.0, bump)
    nearest = torch.where((off <= 1) & there, away, torch.inf).min(1)
    return bump.amax(1), torch.where(nearest.values.isfinite(), nearest.indices, -1)


def focal(logits: Tensor, target: Tensor) -> Tensor:
    """The heat's loss, (B, G, G) logits and target, per thing."""
    p = logits.sigmoid().clamp(1e-5, 1 - 1e-5)
    middle = target == 1
    gain = torch.where(middle, (1 - p) ** 2 * p.log(), (1 - target) ** 4 * p**2 * (1 - p).log())
    return -gain.sum() / middle.sum().clamp(min=1)


def loss(answers: Answers, truth: Truth) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a batch, and its parts by name."""
    things = torch.from_numpy(truth.things)
    cells = answers.heat.shape[-1]
    heat, whose = targets(things, cells)
    b, row, column = (whose >= 0).nonzero(as_tuple=True)
    own = things[b, whose[b, row, column]]  # (M, 8)

    def at(field: Tensor) -> Tensor:
        return field[b, :, row, column]

    middle = torch.stack([own[:, 2] * cells - column - 0.5, own[:, 3] * cells - row - 0.5], 1)
    parts = {
        "heat": focal(answers.heat[:, 0], heat),
        "noun": 1.5 * F.cross_entropy(at(answers.noun), own[:, 0].long()),
        "colour": _known(_choice(at(answers.colour), own[:, 1].long().clamp(min=0)), own[:, 1]),
        "size": 0.5 * F.l1_loss(at(answers.size), own[:, 4:6].clamp(min=1e-3).log()),
        "offset": 0.2 * F.l1_loss(at(answers.offset), middle),
        "seen": 0.2 * F.binary_cross_entropy_with_logits(at(answers.order)[:, 0], own[:, 6].clamp(0, 1)),
        "near": 0.3 * _known(_binary(at(answers.order)[:, 1], own[:, 7].clamp(0, 1)), own[:, 7]),
        "marks": 3.0 * _binary(answers.marks, torch.from_numpy(truth.marks)).mean(),
        "present": 3.0 * _binary(answers.present, _present(things)).mean(),
    }
    axes = torch.from_numpy(truth.axes)
    for k, name in enumerate(AXES):
        parts[name] = 0.5 * F.cross_entropy(answers.axes[k], axes[:, k])
    return torch.stack(list(parts.values())).sum(), parts


def _binary(logits: Tensor, target: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def _choice(logits: Tensor, target: Tensor) -> Tensor:
    return F.cross_entropy(logits, target, reduction="none")


def _known(each: Tensor, value: Tensor) -> Tensor:
    """The mean of what has a value, 0 if nothing has."""
    known = value >= 0
    return (each * known).sum() / known.sum().clamp(min=1)


def _present(things: Tensor) -> Tensor:
    """Which nouns and colours are there at all, (B, 33 + 10) of 0 and 1."""
    shown = []
    for column, count in ((0, len(NOUNS)), (1, len(COLOURS))):
        index = things[:, :, column].long()
        one = F.one_hot(index.clamp(min=0), count) * (index >= 0)[..., None]
        shown.append(one.amax(1))
    return torch.cat(shown, 1).float()


class LearnRecogniser:
    """The method: `lessons` to learn from, and `pixels` (N, 128, 128, 3) uint8 with their `truth` to be measured on."""

    def __init__(
        self,
        network: Network,
        lessons: Lessons,
        pixels: np.ndarray,
        truth: Truth,
        sides: Sequence[tuple[int, float]] = SIDES,
    ) -> None:
        self.network, self.lessons, self.pixels, self.truth, self.sides = network, lessons, pixels, truth, sides

    def parts(self) -> list[Part]:
        """Return the one network."""
        return [Part("recogniser", self.network)]

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, float], int]:
        """Return the loss of this step's batch, and its parts."""
        pixels, truth = self.lessons.draw(now.generator)
        side = next(side for side, until in self.sides if now.progress < until)
        total, parts = loss(self.network(prepare(torch.from_numpy(pixels)), side), truth)
        return total, {f"loss_{name}": float(part.detach()) for name, part in parts.items()}, len(pixels)

    def validate(self) -> Readings:
        """Return the shares that are right on pictures never learnt from."""
        right: dict[str, list[bool]] = {}
        for i in range(0, len(self.pixels), 32):
            batch = torch.from_numpy(np.array(self.pixels[i : i + 32]))
            for name, hits in correct(self.network(prepare(batch)), self.truth[i : i + 32]).items():
                right.setdefault(name, []).extend(hits)
        return {f"validation_{name}": sum(hits) / max(len(hits), 1) for name, hits in right.items()}

    def sheet(self, path: Path) -> None:
        """Draw pictures with the boxes, nouns and colours that are seen in them."""
        pixels = np.array(self.pixels[:24])
        sheet = Image.new("RGB", (6 * 256, 4 * 256))
        for k, reading in enumerate(readings(self.network(prepare(torch.from_numpy(pixels))))):
            tile = Image.fromarray(pixels[k]).resize((256, 256), Image.Resampling.NEAREST)
            draw = ImageDraw.Draw(tile)
            for one in reading.instances:
                x, y, w, h = (256 * v for v in (one.x, one.y, one.w, one.h))
                draw.rectangle((x - w / 2, y - h / 2, x + w / 2, y + h / 2), outline=(255, 0, 255))
                draw.text((max(2, x - w / 2), max(2, y - h / 2)), f"{one.colour} {one.noun} {one.score:.2f}", "white")
            about = f"{reading.medium.value}, {reading.lighting.value}, {reading.environment.value}"
            draw.text((2, 244), about, "white")
            sheet.paste(tile, (k % 6 * 256, k // 6 * 256))
        part = path.with_suffix(".part")
        sheet.save(part, format="PNG")
        part.replace(path)


def correct(answers: Answers, truth: Truth) -> dict[str, list[bool]]:
    """For each factor, in which pictures of a batch it is read as it is; pictures without the factor are left out."""
    right: dict[str, list[bool]] = {name: [] for name in ("noun", "colour", "count", "two", *AXES)}
    for k, name in enumerate(AXES):
        right[name] += (answers.axes[k].argmax(1).numpy() == truth.axes[:, k]).tolist()
    for reading, things in zip(readings(answers), truth.things, strict=True):
        wanted = [(NOUNS[int(t[0])], int(t[1])) for t in things if t[0] >= 0]
        nouns = [one.noun for one in reading.instances]
        if len({noun for noun, _ in wanted}) == 2:
            right["two"].append({noun for noun, _ in wanted} <= set(nouns))
        elif wanted:
            noun, colour = wanted[0]
            right["noun"].append(bool(nouns) and nouns[0] == noun)
            right["count"].append(nouns.count(noun) == len(wanted))
            if noun in nouns and colour >= 0:
                right["colour"].append(reading.instances[nouns.index(noun)].colour == COLOURS[colour])
    return right
