"""One stream of unit noise per picture, so that a picture never depends on its neighbours, its batch or its device.

A seed is only as good as the generator behind it. Two are offered, because two are in use:

    torch    what `torch.Generator("cpu").manual_seed(seed)` draws: diffusers with a CPU generator, ComfyUI
    philox   what `torch.randn` draws on CUDA, computed here on any machine: AUTOMATIC1111's default

Both draw the starting noise first and then one block per noisy step, in float32 and in the order of diffusers.

Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") is a counter scrambled under a
key, so any number can be had without the ones before it: key = seed, counter = (draw, 0, element, 0). cuRAND turns
the first two of its four words into one normal number (Box-Muller). CUDA gives every element a thread of its own
only while the block fits on the device at once: up to (multiprocessors x resident threads) elements, 43,008 on a
GeForce RTX 3060 and 221,184 on an A100. There, philox is what the card would draw. A 512 x 512 picture has 16,384
elements; beyond the limit cards differ from one another, and this stream goes on as one with a larger card would.

Letters: C channels, H W latent size. Read next: samplers/stochastic.py, which asks for the draws.
"""

import math
from typing import Literal, Protocol

import torch
from torch import Tensor

from safelight.errors import RecipeError

__all__ = ["Noise", "NoiseSource", "philox_normal"]


class NoiseSource(Protocol):
    """Whatever gives unit noise for a step from `sigma` to `sigma_next`."""

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Return noise of mean 0 and variance 1, broadcastable to the latent."""
        ...


class Noise:
    """The noise of one picture: `initial()` once, then `noise(sigma, sigma_next)` for each step that wants some.

    seed 0 .. 2^64 - 1; shape (C, H, W); kind "torch" or "philox". Every draw is float32 (1, C, H, W) on the CPU.
    """

    def __init__(self, seed: int, shape: tuple[int, int, int], kind: Literal["torch", "philox"] = "torch") -> None:
        if not 0 <= seed < 2**64:
            raise RecipeError(f"The seed {seed} is out of range; write a whole number from 0 to 2^64 - 1.")
        if kind not in ("torch", "philox"):
            raise RecipeError(f"There is no noise {kind!r}; write 'torch' or 'philox'.")
        self.seed = seed
        self.shape = (1, *shape)
        self.kind = kind
        self.draws = 0
        self._generator = torch.Generator("cpu").manual_seed(seed)

    def initial(self) -> Tensor:
        """Return the starting noise (1, C, H, W): the first draw of the stream, so ask for it first."""
        return self._draw()

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Return the next draw (1, C, H, W). Neither stream looks at the sigmas; a Brownian one would."""
        return self._draw()

    def _draw(self) -> Tensor:
        draw, self.draws = self.draws, self.draws + 1
        if self.kind == "philox":
            return philox_normal(self.seed, draw, math.prod(self.shape)).reshape(self.shape)
        return torch.randn(self.shape, generator=self._generator, dtype=torch.float32, device="cpu")


def philox_normal(seed: int, draw: int, count: int) -> Tensor:
    """Return `count` normal numbers, float32 (count,): draw number `draw`, from 0, of a CUDA generator."""
    x, y = _philox(seed, draw, count)
    # cuRAND's Box-Muller, in float32 as there: both halves are kept away from 0 by half a unit of the 32-bit grid.
    u = x.float() * 2**-32 + 2**-33
    v = y.float() * (2**-32 * 2 * math.pi) + 2**-32 * math.pi
    return (-2 * u.log()).sqrt() * v.sin()


_WORD = 0xFFFFFFFF


def _philox(seed: int, draw: int, count: int) -> tuple[Tensor, Tensor]:
    """The first two words of ten rounds of Philox 4x32, for elements 0 .. count - 1; int64 tensors that hold uint32."""
    a = torch.full((count,), draw & _WORD)
    b = torch.full((count,), draw >> 32)
    c = torch.arange(count)
    d = torch.zeros(count, dtype=torch.int64)
    key = seed & _WORD, seed >> 32
    for _ in range(10):
        a_high, a_low = _multiply(a, 0xD2511F53)
        c_high, c_low = _multiply(c, 0xCD9E8D57)
        a, b, c, d = c_high ^ b ^ key[0], c_low, a_high ^ d ^ key[1], a_low
        key = (key[0] + 0x9E3779B9) & _WORD, (key[1] + 0xBB67AE85) & _WORD
    return a, b


def _multiply(words: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Upper and lower half of a 32 x 32 bit product. int64 wraps beyond 2^63, which loses no bit of either half."""
    product = words * factor
    return (product >> 32) & _WORD, product & _WORD
