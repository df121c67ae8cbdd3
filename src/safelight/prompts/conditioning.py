"""From prompts to what the UNet is told about a picture.

    plain:      context = encoder(one row of T tokens)
    weighted:   context = sum of share * weigh(encoder(rows)), rows laid end to end; per step and per side of an AND

`encode` is the plain way. A `Conditioner` goes the whole one: it lays the prompt out (`reading.py`), asks the encoder
for all rows at once, weighs the words (`weighting.py`), mixes blends, and gives the prompt and the negative prompt
contexts of one length, shorter ones filled up with the empty prompt. Nothing outside this room knows how a context came
to be.

Paper: Rombach et al. 2022, arXiv 2112.10752, section 3.3.
Shapes: B batch, R rows, T tokens of a row, D width of the context.
Read next: `models/text.py` (the encoder) and `models/unet.py` (which attends to the context).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from safelight.errors import RecipeError, nearest
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.chunks import Row, Words
from safelight.prompts.reading import LaidText, Reading, lay_out
from safelight.prompts.weighting import (
    WEIGHTINGS,
    downweighted,
    from_empty,
    multiply,
    restore_mean,
    towards_absence,
)

__all__ = ["Conditioner", "Conditioning", "Context", "Contextual", "Encoder", "encode"]

AT_ONCE = 16
"""Rows that the text encoder is asked for in one call."""


@dataclass(frozen=True)
class Context:
    """What the UNet is told about B pictures: `context` (B, T, D), one hidden state for each token."""

    context: Tensor


def encode(
    prompts: Sequence[str], tokenizer: Tokenizer, encoder: Callable[[Tensor, int], Tensor], skip: int = 1
) -> Context:
    """Read plain `prompts` with a text encoder; what is longer than a row is cut.

    Args:
        prompts: B texts; "" is the empty prompt, not an error.
        tokenizer: the one the encoder was trained with.
        encoder: token ids (B, T) int64 and `skip` -> hidden states (B, T, D); a `TextEncoder`, or what calls one.
        skip: from which layer, counted from the end: 1 is the last, 2 the one before it ("clip skip").
    """
    return Context(encoder(tokenizer.batch(prompts), skip))


@dataclass(frozen=True)
class Contextual:
    """One side of an AND: its context (1, R * T, D), and the weight of its answer."""

    context: Tensor
    weight: float = 1.0


@dataclass(frozen=True)
class Conditioning:
    """What the UNet is told about one picture, step for step.

    Attributes:
        stretches: the last step, counted from 1, of each stretch, and what holds until then.
        skip: the layer of the text encoder that spoke.
    """

    stretches: tuple[tuple[int, tuple[Contextual, ...]], ...]
    skip: int = 1

    @property
    def steps(self) -> int:
        """How many steps it was read for."""
        return self.stretches[-1][0]

    @property
    def length(self) -> int:
        """Tokens of the longest context."""
        return max(branch.context.shape[1] for _, branches in self.stretches for branch in branches)

    @property
    def context(self) -> Tensor | None:
        """The one context (1, R * T, D) of a prompt that never changes and has one branch; None of any other."""
        (_, branches), *others = self.stretches
        return branches[0].context if not others and len(branches) == 1 and branches[0].weight == 1 else None

    def branches_at(self, progress: float) -> tuple[Contextual, ...]:
        """Return what holds when a share `progress`, 0 to 1, of the steps is done: at 0 the first step begins.

        Steps are told apart by progress to one part in a million, so `k / steps` is always step k + 1.
        """
        return self.branches_of(int(progress * self.steps + 1e-6 * self.steps) + 1)

    def branches_of(self, step: int) -> tuple[Contextual, ...]:
        """Return what holds in `step`, counted from 1; beyond the last step, what holds there."""
        return next((branches for last, branches in self.stretches if step <= last), self.stretches[-1][1])


class Encoder(Protocol):
    """What reads tokens; a `TextEncoder`, or what calls one."""

    def __call__(self, ids: Tensor, skip: int, extra: Tensor | None = None, seen: Tensor | None = None, /) -> Tensor:
        """Ids (B, T), skip, vectors for negative ids (n, D), mask of seen tokens (B, T) -> hidden states (B, T, D)."""
        ...


class Conditioner:
    """Makes conditionings with one text encoder.

    Args:
        tokenizer: the one the encoder was trained with.
        encoder: the text encoder.
        embeddings: textual-inversion words, name -> vectors (n, D).
    """

    def __init__(self, tokenizer: Tokenizer, encoder: Encoder, embeddings: Mapping[str, Tensor] | None = None) -> None:
        self.tokenizer = tokenizer
        self.encoder = encoder
        embeddings = embeddings or {}
        self.words = Words({name: len(vectors) for name, vectors in embeddings.items()})
        self.vectors = torch.cat([vectors.float() for vectors in embeddings.values()]) if embeddings else None

    def read(self, prompt: str, *, syntax: str = "weighted", strict: bool = False, steps: int = 1) -> Reading:
        """Lay `prompt` out without asking the encoder; raises what `lay_out` raises."""
        return lay_out(prompt, self.tokenizer, syntax=syntax, strict=strict, steps=steps, words=self.words)

    def conditioning(
        self,
        prompt: str,
        *,
        syntax: str = "weighted",
        weighting: str = "a1111",
        clip_skip: int = 1,
        strict: bool = False,
        steps: int = 1,
    ) -> Conditioning:
        """Make the conditioning of one prompt for `steps` steps. Raises RecipeError for what cannot be read."""
        (made,) = self.conditionings(
            [prompt], syntax=syntax, weighting=weighting, clip_skip=clip_skip, strict=strict, steps=steps
        )
        return made

    def conditionings(
        self,
        prompts: Sequence[str],
        *,
        syntax: str = "weighted",
        weighting: str = "a1111",
        clip_skip: int = 1,
        strict: bool = False,
        steps: int = 1,
    ) -> tuple[Conditioning, ...]:
        """Make the conditionings of some prompts, aligned: usually a prompt and its negative prompt.

        Prompts that are one row each are asked for in one call, as `encode` does, and without weights have its bits.
        """
        if weighting not in WEIGHTINGS:
            raise RecipeError(f"prompt_weighting {weighting!r} is not known.{nearest(weighting, WEIGHTINGS)}")
        readings = [self.read(prompt, syntax=syntax, strict=strict, steps=steps) for prompt in prompts]
        # A text that comes back in a later stretch is the same object; equal texts of two prompts are two.
        texts = {id(text): text for reading in readings for part in reading.stretches for text in part.texts()}
        states = self.states([row for text in texts.values() for row in text.rows], clip_skip)
        contexts: dict[int, Tensor] = {}
        for key, text in texts.items():
            own, states = states.split([len(text.rows), len(states) - len(text.rows)])
            contexts[key] = self.weigh(own, text, weighting, clip_skip).flatten(0, 1).unsqueeze(0)
        return self.align([self._assembled(reading, contexts, clip_skip) for reading in readings])

    def align(self, conditionings: Sequence[Conditioning]) -> tuple[Conditioning, ...]:
        """Fill all contexts up to the length of the longest, with rows of the empty prompt."""
        longest = max(conditioning.length for conditioning in conditionings)
        return tuple(
            replace(
                conditioning,
                stretches=tuple(
                    (last, tuple(replace(b, context=self._filled(b.context, longest, conditioning.skip)) for b in told))
                    for last, told in conditioning.stretches
                ),
            )
            for conditioning in conditionings
        )

    def weigh(self, states: Tensor, text: LaidText, weighting: str, skip: int) -> Tensor:
        """Weigh the states (R, T, D) of a text by the weights in its rows."""
        length = self.tokenizer.length
        rows = [row.weights(length) for row in text.rows]
        if all(weight == 1 for row in rows for weight in row):
            return states
        weights = torch.tensor(rows, dtype=states.dtype, device=states.device)
        if weighting == "a1111":
            return restore_mean(states, weights)
        if weighting == "no-norm":
            return multiply(states, weights)
        if weighting == "comfy":
            return from_empty(states, weights, self.empty(skip))
        absences = downweighted(rows, [row.pieces(length) for row in text.rows])
        return towards_absence(
            states, weights, self.empty(skip), absences, lambda seen: self.states(text.rows, skip, seen)
        )

    def empty(self, skip: int) -> Tensor:
        """Return the states (1, T, D) of the empty prompt."""
        return self.states([Row(())], skip)

    def states(self, rows: Sequence[Row], skip: int, seen: Tensor | None = None) -> Tensor:
        """Ask the encoder for the states (R, T, D) of R rows; `seen` (R, T) hides tokens from all others."""
        ids = torch.tensor([row.ids(self.tokenizer) for row in rows])
        extra = self.vectors if self.vectors is not None and bool((ids < 0).any()) else None
        answers = []
        for start in range(0, len(rows), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            if seen is not None:
                answers.append(self.encoder(ids[some], skip, extra, seen[some]))
            elif extra is not None:
                answers.append(self.encoder(ids[some], skip, extra))
            else:
                answers.append(self.encoder(ids[some], skip))
        return answers[0] if len(answers) == 1 else torch.cat(answers)

    def _assembled(self, reading: Reading, contexts: Mapping[int, Tensor], skip: int) -> Conditioning:
        """Mix the blends of each branch of each stretch."""
        mixed: dict[tuple[int, ...], Tensor] = {}

        def mix(blend: tuple[LaidText, ...]) -> Tensor:
            key = tuple(map(id, blend))
            if key not in mixed:
                longest = max(contexts[id(text)].shape[1] for text in blend)
                filled = [self._filled(contexts[id(text)], longest, skip) for text in blend]
                parts = [text.share * context for text, context in zip(blend, filled, strict=True)]
                mixed[key] = filled[0] if len(blend) == 1 else torch.stack(parts).sum(0)
            return mixed[key]

        return Conditioning(
            tuple(
                (part.last, tuple(Contextual(mix(branch.blend), branch.weight) for branch in part.branches))
                for part in reading.stretches
            ),
            skip,
        )

    def _filled(self, context: Tensor, longest: int, skip: int) -> Tensor:
        missing = (longest - context.shape[1]) // self.tokenizer.length
        return context if missing == 0 else torch.cat([context, *[self.empty(skip)] * missing], dim=1)
