"""All of guidance for one picture: what is wanted, as data, and the denoiser that it comes to.

    prompts -> composed, regional -> perp_neg -> classifier_free or apg -> perturbed_attention, autoguidance
            -> rescaled -> dynamic_threshold -> interval

Each arrow is one function of this package, in the order in which they are put into one another here; what is not wanted
is left out and costs nothing. Where nothing but a scale is wanted the result is `classifier_free`, bit for bit.

Letters: B batch, T tokens, D width. Read next: samplers/guided.py, which asks for both answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from safelight.diffusion.denoiser import ConditionedDenoise, Denoise
from safelight.diffusion.guidance.apg import Momentum, apg
from safelight.diffusion.guidance.both import both
from safelight.diffusion.guidance.classifier_free import between, classifier_free, rescaled
from safelight.diffusion.guidance.composed import composed, mean, regional
from safelight.diffusion.guidance.dynamic_threshold import dynamic_threshold
from safelight.diffusion.guidance.interval import Curve, curve, one
from safelight.diffusion.guidance.perp_neg import perp_neg
from safelight.diffusion.guidance.together import Branch, together
from safelight.diffusion.guidance.worse import autoguidance, perturbed_attention
from safelight.diffusion.schedule import Prediction

__all__ = ["Branches", "Guidance", "Guided", "build"]

Branches = Callable[[float], Sequence[Branch]]
"""Progress 0..1 -> the prompts that hold then, at least one of them without a mask"""


@dataclass(frozen=True)
class Guidance:
    """What is wanted of guidance; the defaults are classifier-free guidance at a scale, and nothing else.

    `interval` is (low, high) in sigma; outside of it the prompt alone answers. `curve` is a name in `CURVES` or points,
    and bends `scale` alone. `apg_eta` None is classifier-free guidance: `apg_norm`, `apg_momentum` then have no say.
    """

    scale: float = 1.0
    rescale: float = 0.0
    interval: tuple[float, float] | None = None
    curve: str = "constant"
    dynamic_threshold: float | None = None
    apg_eta: float | None = None
    apg_norm: float = 0.0
    apg_momentum: float = 0.0
    pag_scale: float = 0.0
    autoguidance_scale: float = 0.0
    perp_neg: bool = False
    prediction: Prediction = "epsilon"

    @property
    def plain(self) -> bool:
        """Whether this is `classifier_free`, so that one call can serve pictures of different wishes."""
        return self == Guidance(scale=self.scale, rescale=self.rescale, prediction=self.prediction)


class Guided:
    """D(x; sigma) of one picture, guided as wanted; `both` gives the unguided answer as well.

    It belongs to one sampler from its first question to its last, because APG remembers where the last step went.
    """

    def __init__(
        self,
        guidance: Guidance,
        denoise: ConditionedDenoise,
        positive: Branches,
        negative: Branches,
        progress: Curve,
        empty: Tensor | None = None,
        perturbed: ConditionedDenoise | None = None,
        weak: ConditionedDenoise | None = None,
    ) -> None:
        for needed, given, name in (
            (guidance.perp_neg, empty, "`empty`, the context of the empty prompt, for Perp-Neg"),
            (guidance.pag_scale, perturbed, "`perturbed`, the network without attention in the middle, for its scale"),
            (guidance.autoguidance_scale, weak, "`weak`, a worse network, for autoguidance"),
        ):
            if needed and given is None:
                raise ValueError(f"guidance lacks {name}")
        self.guidance = guidance
        self._denoise, self._perturbed, self._weak = denoise, perturbed, weak
        self._positive, self._negative, self._empty = positive, negative, empty
        self._progress = progress
        self._curve = curve(guidance.curve)
        self._momentum = Momentum(guidance.apg_momentum)

    def __call__(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """(x (B, C, H, W), sigma, the same for all rows) -> denoised (B, C, H, W)."""
        positive, negative = self._prompts(sigma)
        if self.guidance.plain and [(b.weight, b.mask) for b in positive] == [(1, None)] and len(negative) == 1:
            wanted, contexts = self.guidance, (positive[0].context, negative[0].context)
            return classifier_free(self._denoise, *contexts, wanted.scale, wanted.rescale, wanted.prediction)(x, sigma)
        return self._denoisers(sigma, unguided=False)[0](x, sigma)

    def both(self, x: Tensor, sigma: Tensor | float) -> Tensor:
        """(x, sigma) -> the guided and the unguided answer, (2, B, C, H, W)."""
        return both(*self._denoisers(sigma, unguided=True))(x, sigma)

    def _prompts(self, sigma: Tensor | float) -> tuple[Sequence[Branch], Sequence[Branch]]:
        p = self._progress(one(sigma))
        return self._positive(p), self._negative(p)

    def _denoisers(self, sigma: Tensor | float, unguided: bool) -> tuple[Denoise, Denoise]:
        """The guided and the unguided denoiser at one sigma; `unguided` says that the second will be asked too."""
        wanted, s = self.guidance, one(sigma)
        low, high = wanted.interval or (-1.0, float("inf"))
        on = low < s <= high
        scale = 1 + (wanted.scale - 1) * self._curve(self._progress(s)) if on else 1.0
        positive, negative = self._prompts(s)
        if not any(branch.mask is None for branch in positive):
            raise ValueError("one prompt at least must hold in the whole picture; the others have their regions")
        perp = on and wanted.perp_neg
        start = [Branch(self._empty)] if wanted.perp_neg and self._empty is not None else negative

        conjunction = [branch.weight for branch in positive if branch.mask is None] != [1]
        first = start if scale != 1 or unguided or conjunction or perp else ()
        network = _Panel(self._denoise, [*first, *positive, *(negative if perp else ())])
        origin = network.mean(start)
        prompted = network.prompted(positive, origin)

        freed = perp_neg(prompted, network.weighed(negative), origin) if perp else prompted
        if wanted.apg_eta is not None and scale != 1:
            guided = apg(freed, origin, scale, wanted.apg_eta, wanted.apg_norm, self._momentum)
        else:
            guided = between(freed, origin, scale)
        if not on:
            return guided, origin
        for add, worse, strength in (
            (perturbed_attention, self._perturbed, wanted.pag_scale),
            (autoguidance, self._weak, wanted.autoguidance_scale),
        ):
            if worse is not None and strength:
                other = _Panel(worse, [*(start if conjunction else ()), *positive])
                guided = add(guided, prompted, other.prompted(positive, other.mean(start)), strength)
        guided = rescaled(guided, prompted, wanted.rescale, wanted.prediction)
        if wanted.dynamic_threshold is not None:
            guided = dynamic_threshold(guided, prompted, wanted.dynamic_threshold)
        return guided, origin


class _Panel:
    """One network and the prompts that a question is put for."""

    def __init__(self, denoise: ConditionedDenoise, branches: Sequence[Branch]) -> None:
        self._denoisers = dict(
            zip(map(id, branches), together(denoise, [branch.context for branch in branches]), strict=True)
        )

    def weighed(self, branches: Sequence[Branch]) -> list[tuple[Denoise, float]]:
        """Each prompt's denoiser and weight."""
        return [(self._denoisers[id(branch)], branch.weight) for branch in branches]

    def mean(self, branches: Sequence[Branch]) -> Denoise:
        """The answer to the negative prompt, looked up when it is asked for: it may not be."""
        return lambda x, sigma: mean(self.weighed(branches))(x, sigma)

    def prompted(self, branches: Sequence[Branch], origin: Denoise) -> Denoise:
        """The answer to all positive prompts: those without a mask composed, those with one in their places."""
        base = composed(self.weighed([branch for branch in branches if branch.mask is None]), origin)
        held = [(branch, branch.mask * branch.weight) for branch in branches if branch.mask is not None]
        places = [(self._denoisers[id(branch)], mask) for branch, mask in held]
        return regional(base, places)


def build(
    guidance: Guidance,
    denoise: ConditionedDenoise,
    positive: Branches,
    negative: Branches,
    progress: Curve,
    *,
    empty: Tensor | None = None,
    perturbed: ConditionedDenoise | None = None,
    weak: ConditionedDenoise | None = None,
) -> Guided:
    """Put together the guidance of one picture.

    Args:
        guidance: what is wanted.
        denoise: the network's denoiser; it is asked for all prompts of a question in one call.
        positive: the prompts at a progress, `Branch`es of which one at least has no mask; contexts of equal length.
        negative: the negative prompts at a progress, one at least; several count by their weights.
        progress: sigma -> 0..1; `interval.progress(sigmas)` for a ladder.
        empty: the context (1, T, D) of the empty prompt; Perp-Neg starts from it.
        perturbed: the denoiser of the network with perturbed attention, for `pag_scale`.
        weak: the denoiser of the worse network, for `autoguidance_scale`.

    Raises ValueError where something that is wanted lacks its denoiser or context, RecipeError for an unknown curve.
    """
    return Guided(guidance, denoise, positive, negative, progress, empty, perturbed, weak)
