"""CLIP's other half: an image tower that puts a picture near its caption, beside the text encoder as it is.

    loss = ( -log softmax_j (s <x_i, y_j>)_i  -  log softmax_j (s <y_i, x_j>)_i ) / 2

x_i are the projected pictures of a batch, y_j the projected captions, both of length 1, s the learnt temperature
(Radford et al. 2021, arXiv 2103.00020, figure 3). To the captions of a batch come as many that are wrong by one word
(`confusions`), which only pictures see. The text encoder learnt its words by what they draw and is not touched, so that
the diffusion model stays what it is; only a projection of its last word is learnt (Zhai et al. 2021, arXiv 2111.07991,
with the towers' parts exchanged).

Captions can be alike: where two in a batch are the same, neither counts against the other.

Letters: B pictures, S their side, T tokens, D width of the text, P of the projection.  Next: `bundled`.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from safelight.models.text import TextConfig, TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.vision import MEAN, SPREAD, ImageEncoder, VisionConfig
from safelight.scenes.grammar import Scene
from safelight.train.beginnings import begin_tower
from safelight.train.confusions import told_apart
from safelight.train.latents import to_unit
from safelight.train.loop import Now, generator
from safelight.train.optimiser import Part
from safelight.train.patches import resize
from safelight.train.readings import Readings
from safelight.train.sheets import write_sheet
from safelight.train.text_to_image import PROMPTS

HOTTEST = 100.0  # CLIP's bound of the temperature
EXAMINED = 256

Examples = tuple[np.ndarray, Sequence[Scene]]
"""Small pictures (N, S, S, 3) uint8, and the scenes that they show."""


class Meeting(nn.Module):
    """What lies between the towers: the text's projection, and the temperature."""

    def __init__(self, width: int, projection: int) -> None:
        super().__init__()
        self.projection = nn.Linear(width, projection, bias=False)
        nn.init.normal_(self.projection.weight, std=width**-0.5)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, last: Tensor) -> Tensor:
        """The last words (B, D) of captions -> y (B, P) of length 1."""
        return F.normalize(self.projection(last), dim=-1)

    @property
    def scale(self) -> Tensor:
        """The temperature s."""
        return self.logit_scale.exp().clamp(max=HOTTEST)


def networks(config: VisionConfig, text: TextConfig, seed: int) -> tuple[ImageEncoder, Meeting, TextEncoder]:
    """Make an image tower and what joins it to a text encoder, as they begin, and a text encoder to be filled."""
    torch.manual_seed(seed)
    tower, meeting = ImageEncoder(config), Meeting(text.width, config.projection)
    begin_tower(tower)
    return tower, meeting, TextEncoder(text)


def prepared(pixels: np.ndarray, size: int) -> Tensor:
    """Pictures (B, S, S, 3) uint8 as CLIP wants them: (B, 3, size, size), by red, green and blue of unit variance."""
    unit = to_unit(resize(np.asarray(pixels), size)).add(1).div(2)
    return (unit - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]


def last_words(text: TextEncoder, ids: Tensor, end: int) -> Tensor:
    """Hidden states (B, D) at the first end of each row of ids (B, T).

    The text encoder looks only back, so what stands behind the last end of all rows need not be read.
    """
    ends = (ids == end).int().argmax(dim=1)
    hidden = text(ids[:, : int(ends.max()) + 1])
    return hidden[torch.arange(len(ids), device=ids.device), ends]


class ImageTower:
    """The method for the image tower."""

    def __init__(
        self,
        networks: tuple[ImageEncoder, Meeting, TextEncoder],
        tokenizer: Tokenizer,
        train: Examples,
        held_out: Examples,
        batch: int,
    ) -> None:
        self.tower, self.meeting, self.text = networks
        self.tokenizer, self.train, self.batch = tokenizer, train, batch
        pixels, scenes = held_out
        self.shown, self.asked = np.array(pixels[:EXAMINED]), scenes[:EXAMINED]
        self.exam = self._said(self.asked, generator(0x5AFE, len(self.asked)))

    def parts(self) -> list[Part]:
        """Return the tower and the projection of the text; the text encoder stays as it is."""
        return [Part("tower", self.tower), Part("meeting", self.meeting), Part("text", self.text, 0.0)]

    def _said(self, scenes: Sequence[Scene], source: torch.Generator) -> tuple[Tensor, Tensor]:
        """Tokens (2B, T) of right captions, then of wrong ones, and whether there is a wrong one (B,)."""
        rng = Random(int(torch.randint(2**62, (), generator=source)))
        pairs = [told_apart(scene, rng) for scene in scenes]
        texts = [right for right, _ in pairs] + [wrong or "" for _, wrong in pairs]
        return self.tokenizer.batch(texts), torch.tensor([wrong is not None for _, wrong in pairs])

    def _meet(self, pixels: np.ndarray, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Where pictures (B, P) and captions (2B, P) are in the common space."""
        weight = self.tower.patches.weight
        x = self.tower(prepared(pixels, self.tower.config.size).to(weight)).embedding
        with torch.no_grad():
            last = last_words(self.text, ids.to(weight.device), self.tokenizer.end)
        return F.normalize(x.float(), dim=-1), self.meeting(last.to(self.meeting.projection.weight)).float()

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, Tensor], int]:
        """Return the loss, and how often a picture is nearest to its own caption."""
        pixels, scenes = self.train
        which = torch.randint(len(pixels), (self.batch,), generator=now.generator).tolist()
        ids, wrong = self._said([scenes[index] for index in which], now.generator)
        x, y = self._meet(np.stack([pixels[index] for index in which]), ids)
        loss, right = contrast(x, y, self.meeting.scale.float(), alike(ids, wrong).to(x.device))
        return loss, {"image_finds_text_in_batch": right, "temperature": self.meeting.scale.detach()}, len(x)

    def validate(self) -> Readings:
        """Return the loss on held-out scenes, how often either finds the other, and how often a wrong word is heard."""
        ids, wrong = self.exam
        x, y = self._meet(self.shown, ids)
        loss, right = contrast(x, y, self.meeting.scale.float(), alike(ids, wrong).to(x.device))
        own, other = (x @ y.T).diagonal(), (x @ y.T).diagonal(len(x))
        found = (y[: len(x)] @ x.T).argmax(1).cpu() == torch.arange(len(x))
        return {
            "validation_loss": float(loss),
            "image_finds_text": float(right),
            "text_finds_image": float(found.float().mean()),
            "wrong_word_heard": float((own > other)[wrong.to(x.device)].float().mean()),
        }

    def sheet(self, path: Path) -> None:
        """Draw, a row for each of some prompts, the held-out pictures that are nearest to it."""
        ids = self.tokenizer.batch(list(PROMPTS))
        x, y = self._meet(self.shown, ids)
        best = (y @ x.T).topk(min(8, len(x)), dim=1).indices.tolist()
        write_sheet(path, [to_unit(self.shown[row]) for row in best])


def alike(ids: Tensor, wrong: Tensor) -> Tensor:
    """Which captions (2B, T) do not count against which pictures, (B, 2B): those that are the same as the right one,
    and the places of wrong ones that are not there (`wrong` (B,)).
    """
    count = len(wrong)
    same = (ids[:count, None] == ids[None]).all(-1)
    same[:, count:] |= ~wrong
    same.fill_diagonal_(False)
    return same


def contrast(x: Tensor, y: Tensor, scale: Tensor, alike: Tensor) -> tuple[Tensor, Tensor]:
    """CLIP's loss of pictures (B, P) and captions (2B, P), and the share of pictures that are nearest to their own."""
    own = torch.arange(len(x), device=x.device)
    from_pictures = (scale * x @ y.T).masked_fill(alike, float("-inf"))
    from_captions = (scale * y[: len(x)] @ x.T).masked_fill(alike[:, : len(x)], float("-inf"))
    loss = (F.cross_entropy(from_pictures, own) + F.cross_entropy(from_captions, own)) / 2
    nearest = (x @ y[: len(x)].T).masked_fill(alike[:, : len(x)], float("-inf")).argmax(1)
    return loss, (nearest == own).float().mean()
