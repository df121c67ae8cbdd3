"""Guidance: functions from denoisers to a denoiser, each of one paper, to be put into one another.

Read classifier_free.py first; the others change where it points, how far it goes, or when.
"""

from safelight.diffusion.guidance.classifier_free import classifier_free

__all__ = ["classifier_free"]
