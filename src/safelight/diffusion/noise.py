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

Samplers that solve a stochastic equation do not want blocks of noise but one path of it, known at every sigma: see
`Brownian`.

Letters: C channels, H W latent size. Read next: samplers/stochastic.py, which asks for the draws.
"""

import math
from typing import Literal, Protocol

import torch
from torch import Tensor

from safelight.errors import RecipeError

__all__ = ["Brownian", "Noise", "NoiseSource", "path", "philox_normal"]


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

    def path(self) -> "Brownian":
        """Return the Brownian path of this seed; it takes nothing from the stream."""
        _, channels, height, width = self.shape
        return Brownian(self.seed, (channels, height, width))

    def _draw(self) -> Tensor:
        draw, self.draws = self.draws, self.draws + 1
        if self.kind == "philox":
            return philox_normal(self.seed, draw, math.prod(self.shape)).reshape(self.shape)
        return torch.randn(self.shape, generator=self._generator, dtype=torch.float32, device="cpu")


class Brownian:
    """One path of Brownian motion W over u = log2 sigma, the same whoever asks for what, in whichever order.

        noise(s, s_next) = (W(u_next) - W(u)) / sqrt(|u_next - u|)

    is unit noise; steps that do not overlap get independent noise, and a long step gets what the short ones within it
    get together. So more steps follow the same path, and end near the same picture.

    W(u) is a function of the seed and u alone. It is found by halving, from both ends of -32 <= u < 32: in the middle
    of an interval of length L a Brownian path is normal around the mean of its ends, with variance L / 4 (Levy's
    construction). Every midpoint has a number, and the number and the seed make its draw. The halving ends at 2^-20,
    a part in a million of sigma; a step within one such cell gets the cell's own draw.

    seed 0 .. 2^64 - 1; shape (C, H, W). Draws are float32 (1, C, H, W), on the CPU.
    """

    LOW, HIGH = -32.0, 32.0
    DEPTH = 26

    def __init__(self, seed: int, shape: tuple[int, int, int]) -> None:
        self.seed = seed
        self.shape = (1, *shape)
        self._cells = 2**self.DEPTH
        self._ends = torch.zeros(self.shape), self._draw(0) * (self.HIGH - self.LOW) ** 0.5
        self._way: list[tuple[int, Tensor]] = []  # the midpoints passed on the last way down, with their cells

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """Return unit noise (1, C, H, W) for a step between two sigmas above 0."""
        start, end = self._cell(sigma), self._cell(sigma_next)
        if start == end:
            return self._draw(2 * self._cells + start)
        length = (self.HIGH - self.LOW) / self._cells * (end - start)
        return (self._at(end) - self._at(start)) / abs(length) ** 0.5

    def _cell(self, sigma: float) -> int:
        if not sigma > 0:
            raise ValueError(f"a Brownian path has no noise at sigma {sigma}: it is known above 0 only")
        place = (math.log2(sigma) - self.LOW) / (self.HIGH - self.LOW)
        return min(max(round(place * self._cells), 0), self._cells)

    def _at(self, cell: int) -> Tensor:
        """W at the left end of a cell; what is shared with the last way down is taken from there."""
        known = self._way
        left, right = 0, self._cells
        w_left, w_right = self._ends
        self._way = []
        while left < cell < right:
            middle = (left + right) // 2
            depth = len(self._way)
            if depth < len(known) and known[depth][0] == middle:
                w = known[depth][1]
            else:
                known = []
                spread = ((self.HIGH - self.LOW) / self._cells * (right - left) / 4) ** 0.5
                w = (w_left + w_right) / 2 + self._draw(middle) * spread
            self._way.append((middle, w))
            if cell < middle:
                right, w_right = middle, w
            else:
                left, w_left = middle, w
        return w_left if cell == left else w_right

    def _draw(self, number: int) -> Tensor:
        """Unit noise that only the seed and a number decide. torch keeps 32 bits of a seed, so both are well mixed."""
        seed = _mix(_mix(self.seed) ^ number)
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randn(self.shape, generator=generator, dtype=torch.float32, device="cpu")


def path(noise: NoiseSource) -> NoiseSource:
    """Make of a picture's noise the Brownian path of its seed; any other source is taken to be a path already."""
    return noise.path() if isinstance(noise, Noise) else noise


def _mix(number: int) -> int:
    """Spread every bit of a 64-bit number over all of them (SplitMix64, Steele et al. 2014)."""
    number = (number + 0x9E3779B97F4A7C15) & _LONG
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _LONG
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _LONG
    return number ^ (number >> 31)


def philox_normal(seed: int, draw: int, count: int) -> Tensor:
    """Return `count` normal numbers, float32 (count,): draw number `draw`, from 0, of a CUDA generator."""
    x, y = _philox(seed, draw, count)
    # cuRAND's Box-Muller, in float32 as there: both halves are kept away from 0 by half a unit of the 32-bit grid.
    u = x.float() * 2**-32 + 2**-33
    v = y.float() * (2**-32 * 2 * math.pi) + 2**-32 * math.pi
    return (-2 * u.log()).sqrt() * v.sin()


_WORD = 0xFFFFFFFF
_LONG = 0xFFFFFFFFFFFFFFFF


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
