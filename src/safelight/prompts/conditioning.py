"""From prompts to what the UNet is told about a picture.

    context = encoder(tokenizer.batch(prompts))

A prompt is read as plain text in one row of T tokens; what is longer is cut (`Tokenizer.truncated` says what is lost).
Everything that turns a prompt into more than that belongs here, between the text encoder and the UNet: weights of
words, rows joined to go beyond 77 tokens, blends of prompts. Each is a way to compute a context; nothing outside knows.

Paper: Rombach et al. 2022, arXiv 2112.10752, section 3.3.
Shapes: B batch, T tokens, D width of the context.
Read next: `models/text.py` (the encoder) and `models/unet.py` (which attends to the context).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from safelight.models.tokenizer import Tokenizer

__all__ = ["Conditioning", "encode"]


@dataclass(frozen=True)
class Conditioning:
    """What the UNet is told about B pictures; weights of words, masks and schedules of prompts will join it here.

    Attributes:
        context: (B, T, D), one hidden state for each token.
    """

    context: Tensor


def encode(
    prompts: Sequence[str], tokenizer: Tokenizer, encoder: Callable[[Tensor, int], Tensor], skip: int = 1
) -> Conditioning:
    """Read `prompts` with a text encoder.

    Args:
        prompts: B texts; "" is the empty prompt, not an error.
        tokenizer: the one the encoder was trained with.
        encoder: token ids (B, T) int64 and `skip` -> hidden states (B, T, D); a `TextEncoder`, or what calls one.
        skip: from which layer, counted from the end: 1 is the last, 2 the one before it ("clip skip").
    """
    return Conditioning(encoder(tokenizer.batch(prompts), skip))
