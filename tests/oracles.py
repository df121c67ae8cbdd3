"""What the diffusion tests hold the package against: exact denoisers, k-diffusion's samplers, diffusers' schedulers."""

import importlib
import math
import sys
import types
from pathlib import Path

import torch

from safelight.diffusion.denoiser import Denoiser
from safelight.diffusion.schedule import NoiseSchedule


class Mixture:
    """Data drawn from a few Gaussians per element: its denoiser, its score and its moments are known exactly.

    D(x; sigma) = sum_k r_k(x) * (mu_k + tau_k^2 / (tau_k^2 + sigma^2) * (x - mu_k)), r_k the chance that x came from k.
    """

    def __init__(self, means=(-1.0, 0.4, 1.5), deviations=(0.5, 0.3, 0.7), weights=(0.3, 0.3, 0.4)):
        self.mu, self.tau, self.w = (torch.tensor(v, dtype=torch.float64) for v in (means, deviations, weights))
        self.mean = float((self.w * self.mu).sum())
        self.variance = float((self.w * (self.tau**2 + self.mu**2)).sum()) - self.mean**2

    def __call__(self, x, sigma):
        sigma = torch.as_tensor(sigma, dtype=x.dtype)
        sigma = sigma.reshape(-1, *(1 for _ in x.shape[1:])) if sigma.ndim else sigma
        z, s2 = x[..., None], sigma[..., None] ** 2
        mu, tau2, w = self.mu.to(x), self.tau.to(x) ** 2, self.w.to(x)
        spread = tau2 + s2
        r = torch.softmax(w.log() - spread.log() / 2 - (z - mu) ** 2 / (2 * spread), dim=-1)
        return (r * (mu + tau2 / spread * (z - mu))).sum(-1)

    def network(self, schedule: NoiseSchedule):
        """The network that predicts this mixture's noise or v perfectly, asked as networks are."""

        def answer(z, t, context):
            sigma = schedule.sigma(t).to(z).reshape(-1, *(1 for _ in z.shape[1:]))
            scale = (1 + sigma**2) ** 0.5
            x0 = self(z * scale, schedule.sigma(t).to(z)) + context.mean(dim=(1, 2))[:, None, None, None]
            eps = (z * scale - x0) / sigma
            return eps if schedule.config.prediction == "epsilon" else (eps - sigma * x0) / scale

        return answer

    def denoiser(self, schedule: NoiseSchedule) -> Denoiser:
        return Denoiser(self.network(schedule), schedule)


class Recorded:
    """Noise that is drawn once and can be played again, to a sampler of ours and to one of theirs."""

    def __init__(self, shape, seed=0, dtype=torch.float64):
        self.generator = torch.Generator().manual_seed(seed)
        self.shape, self.dtype, self.drawn, self.played = shape, dtype, [], 0

    def __call__(self, sigma=0.0, sigma_next=0.0):
        if self.played == len(self.drawn):
            self.drawn.append(torch.randn(self.shape, generator=self.generator, dtype=self.dtype))
        self.played += 1
        return self.drawn[self.played - 1]

    def rewound(self):
        self.played = 0
        return self


def k_diffusion():
    """k_diffusion's `sampling` and `external`, without what its package and its `utils` import and no sampler uses."""
    if "k_diffusion" not in sys.modules:
        folder = next(p for p in map(Path, sys.path) if (p / "k_diffusion" / "sampling.py").exists())
        package = types.ModuleType("k_diffusion")
        package.__path__ = [str(folder / "k_diffusion")]
        sys.modules["k_diffusion"] = package
        for name in ("torchvision", "torchvision.transforms"):
            if name not in sys.modules:
                sys.modules[name] = types.ModuleType(name)
        sys.modules["torchvision.transforms"].functional = None
        try:
            package.sampling = importlib.import_module("k_diffusion.sampling")
            package.external = importlib.import_module("k_diffusion.external")
        finally:
            # transformers asks whether torchvision is there; an empty stand-in would be a lie.
            for name in ("torchvision", "torchvision.transforms"):
                del sys.modules[name]
    return sys.modules["k_diffusion"]


def relative(a, b) -> float:
    """The greatest difference, measured by the greatest of the values."""
    return float((a - b).abs().max() / b.abs().max().clamp(min=1e-12))


def order(errors: list[float]) -> float:
    """The measured order of convergence: by what power of two the error falls when the last steps are halved."""
    return math.log2(errors[-2] / errors[-1])
