"""A guidance of one's own: a function from denoisers to a denoiser, used beside those that are there.

    python examples/new_guidance.py "a red sports car on a mountain road" picture.png

The one written here is the scaled half of CFG-Zero* (Fan et al. 2025, arXiv 2503.18886). Before guidance goes away from
what the network sees without the prompt, that is scaled to be as near to what it sees with the prompt as it can be:

    r = x - D,    s = (r_pos . r_neg) / |r_neg|^2,    D = D_pos - (scale - 1) * (r_pos - s * r_neg)
"""

import sys
from pathlib import Path

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise, Denoiser
from safelight.diffusion.guidance import dynamic_threshold, interval, together
from safelight.diffusion.noise import Noise
from safelight.diffusion.samplers import drive
from safelight.diffusion.samplers.one_step import euler
from safelight.diffusion.schedule import NoiseSchedule
from safelight.models.tokenizer import Tokenizer
from safelight.picture import Picture, from_tensor
from safelight.recipe import Recipe
from safelight.weights.checkpoint import open_model
from safelight.weights.library import find


def zero_star(positive: Denoise, negative: Denoise, scale: float) -> Denoise:
    """Guide away from the negative answer, scaled to fit the positive one. At a scale of 1 it is the positive one."""

    def guided(x: Tensor, sigma: Tensor | float) -> Tensor:
        d_pos, d_neg = positive(x, sigma), negative(x, sigma)
        r_pos, r_neg = x - d_pos, x - d_neg
        across = tuple(range(1, x.ndim))  # each row by itself: pictures of a batch never see each other
        s = (r_pos * r_neg).sum(across, keepdim=True) / r_neg.square().sum(across, keepdim=True)
        return d_pos - (scale - 1) * (r_pos - s * r_neg)

    return guided


@torch.inference_mode()
def draw(prompt: str, seed: int, steps: int, scale: float, size: tuple[int, int]) -> Tensor:
    """Return the picture as numbers (3, height, width) in [-1, 1]; size is (width, height) in pixels."""
    files = open_model(find("bundled"))
    text, unet, vae = (load(torch.float32).eval() for load in (files.load_text, files.load_unet, files.load_vae))
    schedule = NoiseSchedule(files.schedule_config)
    negative, prompted = text(Tokenizer(*files.tokenizer).batch(["", prompt])).split(1)

    # One network call answers for both prompts; the guidance is put into two that are there.
    without, with_prompt = together(Denoiser(unet, schedule), [negative, prompted])
    guided = dynamic_threshold(zero_star(with_prompt, without, scale), with_prompt, 0.995)
    guided = interval(guided, with_prompt, 0.1, 20.0)

    width, height = size
    sigmas = schedule.steps("uniform", steps)
    x = Noise(seed, (4, height // 8, width // 8)).initial() * float(sigmas[0])
    return vae.decode(drive(euler(x, sigmas), guided) / vae.config.scale)[0]


if __name__ == "__main__":
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red sports car on a mountain road"
    path = Path(sys.argv[2] if len(sys.argv) > 2 else "new_guidance.png")
    usual = open_model(find("bundled")).defaults
    pixels = draw(prompt, 7, usual.steps, usual.guidance_scale, (usual.width, usual.height))
    # A recipe has no word for this guidance; the picture says what was asked for, and not that it can be made again.
    Picture(from_tensor(pixels), Recipe(prompt=prompt, seed=7, sampler="euler", schedule="uniform")).save(path)
