"""Samplers with a memory: past answers bend the next step, so that each new answer is worth more.

`plms`, `ipndm` and `lms` remember slopes d and integrate a polynomial through them (Adams-Bashforth), as if steps were
even, or in sigma.
`dpmpp_2m` and `unipc` remember denoised latents and integrate in lambda = -log(sigma), where the flow is

    x(s_next) = s_next / s * x(s) + (1 - exp(-h)) * (mean of D on the way),     h = log(s / s_next)

(DPM-Solver++, Lu et al. 2022, arXiv 2211.01095, eq. 8, with x in place of x_t / alpha_t). In these coordinates
the part of the equation that is linear in x is solved exactly, and only D has to be extrapolated. Read next:
exponential.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, derivative, steps

__all__ = ["dpmpp_2m", "ipndm", "lms", "plms", "unipc"]

# Adams-Bashforth weights for evenly spaced steps, the newest slope first (PNDM's linear multistep, arXiv 2202.09778).
ADAMS_BASHFORTH = (
    (1,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)


def plms(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Pseudo linear multistep (Liu et al. 2022, arXiv 2202.09778), as CompVis runs it: n steps, n + 1 questions.

    The first step is Heun's, which CompVis calls pseudo improved Euler; then orders 2, 3, 4 as slopes come in. The
    weights are those of steps even in t. A ladder of one step is a plain Euler step, as in diffusers' PNDM with
    `skip_prk_steps`.
    """
    ladder = steps(sigmas)
    history: list[Tensor] = []
    for i, (s, s_next) in enumerate(ladder):
        d = yield from derivative(x, s)
        history = [d, *history[:3]]
        if i == 0 and len(ladder) > 1:
            d_next = yield from derivative(x + d * (s_next - s), s_next)
            d = (d + d_next) / 2
        else:
            d = _weighted(ADAMS_BASHFORTH[len(history) - 1], history)
        x = x + d * (s_next - s)
    return x


def ipndm(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Improved PNDM (Zhang & Chen 2022, arXiv 2204.13902, section 3.3): PLMS that starts with a step of Euler's.

    Orders 1, 2, 3, 4 as slopes come in, one question a step. The weights are those of even steps, though the steps
    in sigma seldom are; so the order is 2 where steps change smoothly. A step to 0 is D itself.
    """
    history: list[Tensor] = []
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        history = [d, *history[:3]]
        if s_next == 0:
            return x - s * d
        x = x + _weighted(ADAMS_BASHFORTH[len(history) - 1], history) * (s_next - s)
    return x


def lms(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """Linear multistep, order 4, any spacing (k-diffusion's `sample_lms`): a cubic in sigma through four slopes."""
    history: list[Tensor] = []
    stops: list[float] = []
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        history, stops = [d, *history[:3]], [s, *stops[:3]]
        x = x + _weighted(_adams_weights(stops, s, s_next), history)
    return x


def _adams_weights(nodes: list[float], start: float, end: float) -> list[float]:
    """Integrate, from `start` to `end`, each Lagrange polynomial that is 1 at its own node and 0 at the others.

    Four nodes make cubics, and two Gauss-Legendre points integrate a cubic exactly.
    """
    middle, half = (start + end) / 2, (end - start) / 2
    points = (middle - half / math.sqrt(3), middle + half / math.sqrt(3))

    def basis(j: int, tau: float) -> float:
        return math.prod((tau - node) / (nodes[j] - node) for k, node in enumerate(nodes) if k != j)

    return [half * sum(basis(j, tau) for tau in points) for j in range(len(nodes))]


def _weighted(weights: tuple[float, ...] | list[float], tensors: list[Tensor]) -> Tensor:
    total = weights[0] * tensors[0]
    for weight, tensor in zip(weights[1:], tensors[1:], strict=True):
        total = total + weight * tensor
    return total


def dpmpp_2m(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """DPM-Solver++(2M), arXiv 2211.01095, algorithm 2: order 2, one question a step. A step to 0 is D itself."""
    previous: tuple[Tensor, float] | None = None
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        if s_next == 0:
            return denoised
        h = math.log(s / s_next)
        target = denoised
        if previous is not None:
            denoised_old, h_old = previous
            target = denoised + (denoised - denoised_old) * (h / h_old / 2)  # D drawn on to the middle of the step
        x = s_next / s * x - math.expm1(-h) * target
        previous = denoised, h
    return x


Memory = list[tuple[float, Tensor]]
"""Up to two pairs (sigma, D), the newest last."""


def unipc(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """UniPC-2 with B2(h), predicting x0 (Zhao et al. 2023, arXiv 2302.04867): predict, ask, correct.

    One question a step, for each answer serves twice: UniC (algorithm 1) uses it to correct the step that led here,
    UniP (algorithm 2) to predict the next. The first and the last step are of order 1, as in diffusers with
    `lower_order_final`.
    """
    ladder = steps(sigmas)
    before, used = x, Memory()
    memory = Memory()
    for i, (s, s_next) in enumerate(ladder):
        denoised = yield x, s
        if used:
            x = _unic(before, used, s, denoised)
        if s_next == 0:
            return denoised
        memory = [*memory[-1:], (s, denoised)]
        order = min(len(memory), len(ladder) - i)
        before, used = x, memory[-order:]
        x = _unip(before, used, s_next)
    return x


def _unip(x: Tensor, used: Memory, s_next: float) -> Tensor:
    """Predict x at s_next (arXiv 2302.04867, algorithm 2; its weight for order 2 is 1/2)."""
    s, m0 = used[-1]
    h = math.log(s / s_next)
    B = math.expm1(-h)
    x = s_next / s * x - B * m0
    if len(used) == 2:
        s1, m1 = used[0]
        r = math.log(s / s1) / h
        x = x - B / 2 * ((m1 - m0) / r)
    return x


def _unic(x: Tensor, used: Memory, s_next: float, m_next: Tensor) -> Tensor:
    """Correct the same step now that D at its end, `m_next`, is known (arXiv 2302.04867, algorithm 1)."""
    s, m0 = used[-1]
    h = math.log(s / s_next)
    B = math.expm1(-h)
    x = s_next / s * x - B * m0
    if len(used) == 1:
        return x - B / 2 * (m_next - m0)
    s1, m1 = used[0]
    r = math.log(s / s1) / h
    # Two conditions fix two weights: rho1 + rho2 = b1 and r rho1 + rho2 = b2.
    g1 = B / -h - 1
    g2 = g1 / -h - 1 / 2
    b1, b2 = g1 / B, 2 * g2 / B
    rho1 = (b1 - b2) / (1 - r)
    rho2 = b1 - rho1
    return x - B * (rho1 * ((m1 - m0) / r) + rho2 * (m_next - m0))
