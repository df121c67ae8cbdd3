"""Captions of scenes, said anew each time a scene is shown.

One scene has many captions: short ones, long ones, other words for the same things. Saying another one every time makes
a few thousand scenes worth many more, and the text encoder cannot learn them by heart.

Letters: B scenes, T tokens.  Next: `text_to_image`.
"""

from collections.abc import Sequence
from random import Random

import torch
from torch import Tensor

from safelight.models.tokenizer import Tokenizer
from safelight.scenes.grammar import Scene, caption


class Captions:
    """Scenes by number, and the tokens of what is said about them."""

    def __init__(self, scenes: Sequence[Scene], tokenizer: Tokenizer) -> None:
        self.scenes, self.tokenizer = scenes, tokenizer

    def draw(self, which: Sequence[int], generator: torch.Generator, silent: float = 0.0) -> Tensor:
        """Tokens (B, T) of a new caption for each scene in `which`; with probability `silent` it is the empty one.

        The empty caption teaches the model what to draw when nothing is asked, which guidance needs.
        """
        rng = Random(int(torch.randint(2**62, (), generator=generator)))
        said = [caption(self.scenes[index], rng) for index in which]
        return self.tokenizer.batch(["" if rng.random() < silent else text for text in said])
