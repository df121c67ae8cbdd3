"""Exponential integrators with a memory: a polynomial through past answers, integrated exactly under an exponential.

In lambda = -log(sigma), u = lambda - lambda_next, a step of length h asks for weights of what was answered before,

    w_j = integral from -h to 0 of a e^(a u) l_j(u) du,       l_j the Lagrange polynomial of the j-th answer

With a = -1 they weigh slopes d (`deis`), with a = 1 + tau^2 denoised latents (`sa_solver`); `res_multistep` writes the
case of two answers and a = 1 out. Letters: s, s_next the sigmas of a step, h = log(s / s_next), D denoised.
Read next: singlestep.py.
"""

import math

from torch import Tensor

from safelight.diffusion.noise import NoiseSource
from safelight.diffusion.samplers.asking import Sampling, derivative, steps
from safelight.diffusion.samplers.noising import ancestral, fresh, root
from safelight.diffusion.schedule import NoiseSchedule

__all__ = ["deis", "res_multistep", "sa_solver"]


def deis(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """DEIS of order 3 (Zhang & Chen 2022, arXiv 2204.13902, rho-AB in log rho): one question a step.

    The noise slope d is drawn on as a parabola in log sigma. A step to 0 is D itself.
    """
    before: list[tuple[float, Tensor]] = []  # newest first
    for s, s_next in steps(sigmas):
        d = yield from derivative(x, s)
        if s_next == 0:
            return x - s * d
        before = [(s, d), *before[:2]]
        nodes = [math.log(s_next / s_j) for s_j, _ in before]
        for weight, (_, d_j) in zip(lagrange_weights(nodes, -1.0, math.log(s / s_next)), before, strict=True):
            x = x + s_next * weight * d_j
    return x


def res_multistep(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 0.0) -> Sampling:
    """RES, the refined exponential solver of order 2 with a memory (Zhang et al. 2023, arXiv 2308.02157, section 3).

    With eta 0 this is DPM-Solver++(2M) with its straight line integrated exactly. With eta it is ancestral, as
    ComfyUI's `res_multistep_ancestral`. One question a step; a step to 0 is D itself.
    """
    before: tuple[float, float, Tensor] | None = None
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        down, up = ancestral(s, s_next, eta)
        if down == 0 or before is None:
            mixed = (down / s) * x + (1 - down / s) * denoised
        else:
            s_old, down_old, denoised_old = before
            h = math.log(s / down)
            c_2 = math.log(down_old / s_old) / h  # where the older answer stands, in steps; below 0
            phi_1 = -math.expm1(-h)
            b_2 = (1 - phi_1 / h) / c_2
            mixed = math.exp(-h) * x + (phi_1 - b_2) * denoised + b_2 * denoised_old
        before = s, down, denoised
        x = mixed + fresh(noise, up, s, s_next, x)
    return x


# Steps 200 to 800 of Stable Diffusion v1's schedule, both included: where SA-Solver adds noise, as its authors do.
_V1 = NoiseSchedule().sigmas
NOISY = float(_V1[200]) * (1 - 1e-6), float(_V1[800]) * (1 + 1e-6)


def sa_solver(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """SA-Solver (Xue et al. 2023, arXiv 2309.05019, algorithm 1), orders 2 and 2: predict, ask, correct.

    eta is the paper's tau: how much noise the equation draws, here between steps 200 and 800 of training and nowhere
    else. Each answer serves twice, as in `unipc`: to correct the step that led here, and to predict the next.
    """
    last: tuple[Tensor, float, float, Tensor | float] | None = None  # where the last step began: x, s, tau, noise
    before: list[tuple[float, Tensor]] = []  # newest first
    ladder = steps(sigmas)
    for i, (s, s_next) in enumerate(ladder):
        denoised = yield x, s
        if last is not None:
            x_0, s_0, tau, z = last
            x = _adams(x_0, s_0, s, [(s, denoised), before[0]], tau, z, corrects=True)
        if s_next == 0:
            return denoised
        before = [(s, denoised), *before[:1]]
        order = min(2, len(before), len(ladder) - i)
        tau = eta if NOISY[0] <= s <= NOISY[1] else 0.0
        h = math.log(s / s_next)
        z: Tensor | float = 0.0
        if eta > 0:  # drawn even where none is added: so the stream is that of diffusers
            z = root(-math.expm1(-2 * tau**2 * h)) * s_next * fresh(noise, 1.0, s, s_next, x)
        last = x, s, tau, z
        x = _adams(x, s, s_next, before[:order], tau, z, corrects=False)
    return x


def _adams(
    x: Tensor, s: float, s_next: float, used: list[tuple[float, Tensor]], tau: float, z: Tensor | float, corrects: bool
) -> Tensor:
    """Step from s to s_next (the paper's eq. 14 and 17) by the answers in `used`, newest first; `z` is the noise."""
    h, a = math.log(s / s_next), 1 + tau**2
    nodes = [math.log(s_next / s_j) for s_j, _ in used]
    weights = lagrange_weights(nodes, a, h)
    if len(used) == 2:
        # The authors' change of order h^3, which treats the slope between two answers as UniPC's B2 does.
        exact = (a * h + math.expm1(-a * h)) / a**2
        change = a * (h**2 / 2 - exact) / (h if corrects else nodes[0] - nodes[1])
        weights = [weights[0] + change, weights[1] - change]
    x = math.exp(-a * h) * x + z
    for weight, (_, answer) in zip(weights, used, strict=True):
        x = x + weight * answer
    return x


def lagrange_weights(nodes: list[float], a: float, h: float) -> list[float]:
    """Integrate a e^(a u) l_j(u) from u = -h to 0, for each Lagrange polynomial l_j of the `nodes` in u."""
    moments = _moments(a, h, len(nodes))
    weights = []
    for j, node in enumerate(nodes):
        polynomial = [1.0]  # coefficients of l_j, the constant first
        for k, other in enumerate(nodes):
            if k != j:
                up, down = [0.0, *polynomial], [*polynomial, 0.0]
                polynomial = [(p - other * q) / (node - other) for p, q in zip(up, down, strict=True)]
        weights.append(sum(c * m for c, m in zip(polynomial, moments, strict=True)))
    return weights


def _moments(a: float, h: float, count: int) -> list[float]:
    """Integrals of a e^(a u) u^k from -h to 0. Short steps take the power series, where parts would cancel."""
    if abs(a * h) < 1:
        return [
            sum(
                (-1) ** (k + m) * a ** (m + 1) * h ** (k + m + 1) / (math.factorial(m) * (k + m + 1)) for m in range(22)
            )
            for k in range(count)
        ]
    found = [-math.expm1(-a * h)]
    for k in range(1, count):
        found.append(-((-h) ** k) * math.exp(-a * h) - k / a * found[-1])
    return found
