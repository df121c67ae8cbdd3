"""Captions of scenes, said anew each time a scene is shown.

One scene has many captions: short ones, long ones, other words for the same things. Saying another one every time makes
a few thousand scenes worth many more, and the text encoder cannot learn them by heart.

Saying and cutting one up takes half a millisecond. A CPU needs so long for a picture that it does not matter; a GPU
wants thousands a second, so for it a few captions of every scene are told beforehand (`Told`).

Letters: N scenes, B of them in a batch, K captions of each, T tokens.  Next: `text_to_image`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from safelight.models.tokenizer import Tokenizer
from safelight.scenes.grammar import Scene, caption, scene
from safelight.train.filling import Shape, fill

TOLD = 8  # captions of each scene that are told beforehand


class Captions:
    """Scenes by number, and the tokens of what is said about them."""

    def __init__(self, scenes: Sequence[Scene], tokenizer: Tokenizer) -> None:
        self.scenes, self.tokenizer = scenes, tokenizer

    def draw(self, which: Sequence[int], generator: torch.Generator, silent: float = 0.0) -> Tensor:
        """Tokens (B, T) int64 of a caption for each scene in `which`; with probability `silent` it is the empty one.

        The empty caption teaches the model what to draw when nothing is asked, which guidance needs.
        """
        rng = Random(int(torch.randint(2**62, (), generator=generator)))
        said = [caption(self.scenes[index], rng) for index in which]
        return self.tokenizer.batch(["" if rng.random() < silent else text for text in said])


class Told(Captions):
    """Captions that were told beforehand: `tokens` (N, K, T) int16, of which one is drawn each time."""

    def __init__(self, scenes: Sequence[Scene], tokenizer: Tokenizer, tokens: np.ndarray) -> None:
        super().__init__(scenes, tokenizer)
        self.tokens = torch.from_numpy(tokens)
        self.nothing = tokenizer.batch([""])[0]

    def draw(self, which: Sequence[int], generator: torch.Generator, silent: float = 0.0) -> Tensor:
        """As `Captions.draw`, from those that were told."""
        rows = torch.tensor(which)
        ids = self.tokens[rows, torch.randint(self.tokens.shape[1], rows.shape, generator=generator)].long()
        ids[torch.rand(len(ids), generator=generator) < silent] = self.nothing
        return ids


def tell(
    path: Path,
    seed: int,
    count: int,
    tokenizer: tuple[Path, Path, int],
    *,
    workers: int = 1,
    advance: Callable[[int], None] = lambda more: None,
    deadline: float | None = None,
) -> bool:
    """Write the tokens (count, K, T) int16 of captions of scenes 0 .. count-1 of `seed`; see `filling.fill`.

    `tokenizer` is its vocab.json, its merges.txt, and its length T.
    """
    arrays = {path: Shape((TOLD, tokenizer[2]), "int16")}
    work, log = partial(_tell, path, seed, tokenizer), path.with_suffix(".txt")
    return fill(arrays, count, work, log, workers=workers, advance=advance, deadline=deadline)


def _tell(path: Path, seed: int, tokenizer: tuple[Path, Path, int], chunk: range) -> Mapping[Path, np.ndarray]:
    words = Tokenizer(*tokenizer)
    said = []
    for index in chunk:
        shown, rng = scene(seed, index), Random(f"{seed} {index}")
        said += [caption(shown, rng) for _ in range(TOLD)]
    return {path: words.batch(said).reshape(len(chunk), TOLD, -1).numpy()}
