"""Guidance: functions from denoisers to a denoiser, each of one paper, to be put into one another.

    together.py           several prompts in one network call
    classifier_free.py    away from the negative prompt, towards the prompt; and rescaling (Ho; Lin)
    interval.py           only between two sigmas, by a scale that changes on the way (Kynkäänniemi; Wang)
    dynamic_threshold.py  what is overdriven comes back into range (Saharia)
    apg.py                without the part that only saturates (Sadat)
    worse.py              away from a worse network: perturbed attention, autoguidance (Ahn; Karras)
    perp_neg.py           a negative prompt that spares the prompt (Armandpour)
    composed.py           several prompts, everywhere or each in its place (Liu; Bar-Tal)
    both.py               the unguided answer as well (Chung)
    plan.py               all of it for one picture: `Guidance`, `build`

Read them in this order. FreeU, which changes the network itself, is models/freeu.py.
"""

from safelight.diffusion.guidance.apg import Momentum, apg
from safelight.diffusion.guidance.both import both
from safelight.diffusion.guidance.classifier_free import between, classifier_free, rescaled
from safelight.diffusion.guidance.composed import composed, mean, regional
from safelight.diffusion.guidance.dynamic_threshold import dynamic_threshold
from safelight.diffusion.guidance.interval import CURVES, Curve, curve, curved, interval, progress
from safelight.diffusion.guidance.perp_neg import perp_neg
from safelight.diffusion.guidance.plan import Branches, Guidance, Guided, build
from safelight.diffusion.guidance.together import Branch, together
from safelight.diffusion.guidance.worse import autoguidance, perturbed_attention

__all__ = [
    "CURVES",
    "Branch",
    "Branches",
    "Curve",
    "Guidance",
    "Guided",
    "Momentum",
    "apg",
    "autoguidance",
    "between",
    "both",
    "build",
    "classifier_free",
    "composed",
    "curve",
    "curved",
    "dynamic_threshold",
    "interval",
    "mean",
    "perp_neg",
    "perturbed_attention",
    "progress",
    "regional",
    "rescaled",
    "together",
]
