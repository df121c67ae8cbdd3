"""Solvers of the reverse stochastic equation: between rungs they integrate, and the noise is one Brownian path.

In lambda = -log(sigma), with the share eta of noise (0 is the flow, 1 the reverse of the noising), a step of length h
is

    x_next = e^(-h (1 + eta)) * x + (1 - e^(-h (1 + eta))) * (mean of D on the way)
             + s_next * sqrt(1 - e^(-2 eta h)) * z

(DPM-Solver++ for the SDE, Lu et al. 2022, arXiv 2211.01095, appendix D.6; k-diffusion's eta). The solvers differ in
how they draw D on into the step: through a point within it, or through what was answered before. `er_sde` does the
same for another share of noise that changes with sigma.

z comes from a path (noise.py, Brownian), so that the same seed ends near the same picture whatever the steps.
Letters: s, s_next the sigmas of a step, h = log(s / s_next), D denoised. Read next: multistep.py.
"""

import math

import torch
from torch import Tensor

from safelight.diffusion.noise import NoiseSource, path
from safelight.diffusion.samplers.asking import Sampling, steps
from safelight.diffusion.samplers.noising import ancestral, fresh, root

__all__ = ["dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "dpmpp_sde", "er_sde"]


def dpmpp_sde(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """DPM-Solver++(2S) for the SDE with r = 1/2, k-diffusion's `sample_dpmpp_sde`: two questions a step."""
    noise = path(noise) if noise is not None else None
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        if s_next == 0:
            return denoised
        middle = math.sqrt(s * s_next)
        down, up = ancestral(s, middle, eta)
        u = down / s * x + (1 - down / s) * denoised + fresh(noise, up, s, middle, x)
        denoised = yield u, middle  # with r = 1/2 the first answer has no weight left
        down, up = ancestral(s, s_next, eta)
        x = down / s * x + (1 - down / s) * denoised + fresh(noise, up, s, s_next, x)
    return x


def dpmpp_2m_sde(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """DPM-Solver++(2M) for the SDE, midpoint: D is taken where the straight line through two answers has its middle."""
    return (yield from _two_answers(x, sigmas, noise, eta, midpoint=True))


def dpmpp_2m_sde_heun(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """DPM-Solver++(2M) for the SDE, heun: the straight line through two answers is integrated exactly."""
    return (yield from _two_answers(x, sigmas, noise, eta, midpoint=False))


def _two_answers(x: Tensor, sigmas: Tensor, noise: NoiseSource | None, eta: float, midpoint: bool) -> Sampling:
    """Draw D on through two answers: k-diffusion's `sample_dpmpp_2m_sde`. One question a step."""
    noise = path(noise) if noise is not None else None
    before: tuple[Tensor, float] | None = None
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        if s_next == 0:
            return denoised
        h = math.log(s / s_next)
        z = fresh(noise, s_next * root(-math.expm1(-2 * eta * h)), s, s_next, x)
        phi_1, phi_2, _ = _phis(h * (1 + eta))
        x_next = (1 - phi_1) * x + phi_1 * denoised
        if before is not None:
            denoised_old, h_old = before
            slope = (denoised - denoised_old) * (h / h_old)
            x_next = x_next + (phi_1 / 2 if midpoint else phi_2) * slope
        before = denoised, h
        x = x_next + z
    return x


def dpmpp_3m_sde(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """DPM-Solver++(3M) for the SDE, k-diffusion's `sample_dpmpp_3m_sde`: a parabola through three answers."""
    noise = path(noise) if noise is not None else None
    before: list[tuple[Tensor, float]] = []  # newest first: answers with the length of the step that followed
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        if s_next == 0:
            return denoised
        h = math.log(s / s_next)
        z = fresh(noise, s_next * root(-math.expm1(-2 * eta * h)), s, s_next, x)
        phi_1, phi_2, phi_3 = _phis(h * (1 + eta))
        x_next = (1 - phi_1) * x + phi_1 * denoised
        if len(before) == 2:
            (d_1, h_1), (d_2, h_2) = before
            r_0, r_1 = h_1 / h, h_2 / h
            near, far = (denoised - d_1) / r_0, (d_1 - d_2) / r_1
            bend = (near - far) / (r_0 + r_1)
            x_next = x_next + phi_2 * (near + r_0 * bend) - phi_3 * bend
        elif before:
            d_1, h_1 = before[0]
            x_next = x_next + phi_2 * (denoised - d_1) * (h / h_1)
        before = [(denoised, h), *before[:1]]
        x = x_next + z
    return x


def _phis(h: float) -> tuple[float, float, float]:
    """The integrals of 1, u and u^2 (up to signs) under e^(-h u) that exponential integrators weigh answers with."""
    phi_1 = -math.expm1(-h)
    phi_2 = 1 - phi_1 / h
    return phi_1, phi_2, phi_2 / h - 0.5


POINTS = 200


def er_sde(x: Tensor, sigmas: Tensor, noise: NoiseSource | None = None, eta: float = 1.0) -> Sampling:
    """ER-SDE-Solver-3 (Cui et al. 2023, arXiv 2309.06169, algorithm 3) with phi(s) = s (e^(s^0.3) + 10).

    phi is how freely the paper's extended equation draws noise: less than the reverse of the noising. The integrals of
    1/phi are sums of 200 rectangles, as in the authors' code. One question a step; it has no eta to choose.
    """
    noise = path(noise) if noise is not None else None
    before: list[tuple[float, Tensor, Tensor | None]] = []  # newest first: sigma, D, dD/dsigma
    for s, s_next in steps(sigmas):
        denoised = yield x, s
        if s_next == 0:
            return denoised
        r = _phi(s_next) / _phi(s)
        z = fresh(noise, root(s_next**2 - (s * r) ** 2), s, s_next, x)
        x_next = r * x + (1 - r) * denoised
        slope: Tensor | None = None
        if before:
            width = (s - s_next) / POINTS
            nodes = s_next + width * torch.arange(POINTS, dtype=torch.float64)
            weights = width * _phi(s_next) / _phis_of(nodes)
            step = s_next - s
            s_1, d_1, slope_1 = before[0]
            slope = (denoised - d_1) / (s - s_1)
            x_next = x_next + (step + float(weights.sum())) * slope
            if slope_1 is not None:
                bend = (slope - slope_1) / ((s - before[1][0]) / 2)
                x_next = x_next + (step**2 / 2 + float((weights * (nodes - s)).sum())) * bend
        before = [(s, denoised, slope), *before[:1]]
        x = x_next + z
    return x


def _phi(s: float) -> float:
    return s * (math.exp(s**0.3) + 10)


def _phis_of(s: Tensor) -> Tensor:
    return s * ((s**0.3).exp() + 10)
