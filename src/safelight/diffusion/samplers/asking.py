"""How a sampler works: it asks. Each one is a generator that knows no network, no guidance and no progress bar.

    denoised = yield x, sigma

hands out a question, "what is behind x, whose noise is sigma?", and sleeps until someone sends the answer. Whoever
holds the sampler answers when and as they like: `drive` does it at once; an engine can answer many sleeping
samplers in one network call, show each `denoised` as a preview, stop in between, or put a half-done picture aside.

A few samplers want to know in addition what the network sees without the prompt. They ask for both:

    denoised, unguided = yield AskBoth(x, sigma)

and are sent one tensor (2, B, C, H, W). An AskBoth is a pair (x, sigma) as every question is; who answers tells it by
its type.

All samplers share one signature, (x, sigmas, noise, eta), and may ignore what they have no use for. x (B, C, H, W)
is a latent with sigmas[0] of noise; sigmas is float64 (n + 1,), descending; what returns is the latent at
sigmas[-1].

Read next: one_step.py, stochastic.py, multistep.py; then __init__.py, which names them.
"""

from collections.abc import Generator
from itertools import pairwise
from typing import NamedTuple, Protocol

from torch import Tensor

from safelight.diffusion.denoiser import Denoise
from safelight.diffusion.noise import NoiseSource

__all__ = ["AskBoth", "Run", "Sampling", "ask_both", "derivative", "drive", "steps"]

Sampling = Generator[tuple[Tensor, float], Tensor, Tensor]
"""Asks (x, sigma), receives denoised, or asks AskBoth(x, sigma) and receives two; returns x at the last sigma."""


class AskBoth(NamedTuple):
    """The question with two answers: what guidance makes of x at `sigma`, and what the network says unguided.

    The answer is (2, B, C, H, W) in this order. Unguided is what guidance starts from: the answer to the negative
    prompt. At a guidance scale of 1 the two still differ.
    """

    x: Tensor
    sigma: float


class Run(Protocol):
    """What every sampler is: a function of a latent, a ladder and a source of noise that returns its questions."""

    def __call__(self, x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = ...) -> Sampling:
        """Begin sampling; nothing is computed before the first question is asked for."""
        ...


def drive(sampling: Sampling, denoise: Denoise, both: Denoise | None = None) -> Tensor:
    """Answer every question of one sampler with `denoise`, and return the latent that it ends with.

    `both` answers AskBoth, with (2, B, C, H, W). Raises ValueError where that is asked and there is no `both`.
    """
    try:
        question = next(sampling)
        while True:
            answer = both if isinstance(question, AskBoth) else denoise
            if answer is None:
                raise ValueError("this sampler asks for the unguided answer as well: say who gives both")
            question = sampling.send(answer(*question))
    except StopIteration as end:
        return end.value


def steps(sigmas: Tensor) -> list[tuple[float, float]]:
    """Split a ladder (n + 1,) into its n steps (from, to). Plain floats are float64 and leave x in its own type."""
    return list(pairwise(sigmas.tolist()))


def derivative(x: Tensor, sigma: float) -> Sampling:
    """Ask once, return d = (x - D) / sigma, the slope dx/dsigma of the probability flow (arXiv 2206.00364, eq. 1, 3).

    d is also the noise, eps, that the network sees in x: to walk along it is to take that noise away.
    """
    denoised = yield x, sigma
    return (x - denoised) / sigma


def ask_both(x: Tensor, sigma: float) -> Generator[AskBoth, Tensor, tuple[Tensor, Tensor]]:
    """Ask for both answers, return (denoised, unguided). Raises ValueError where one answer comes."""
    answer = yield AskBoth(x, sigma)
    if answer.shape != (2, *x.shape):
        raise ValueError(f"AskBoth wants an answer of shape {(2, *x.shape)}, not {tuple(answer.shape)}")
    denoised, unguided = answer
    return denoised, unguided
