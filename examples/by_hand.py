"""From a prompt to a picture with nothing but the parts: what `safelight generate` does, one line after another.

python examples/by_hand.py "a red sports car on a mountain road" picture.png
"""

import sys
from itertools import pairwise
from pathlib import Path

import torch

from safelight.diffusion.denoiser import Denoiser
from safelight.diffusion.noise import Noise
from safelight.diffusion.schedule import NoiseSchedule
from safelight.models.tokenizer import Tokenizer
from safelight.picture import Picture, from_tensor
from safelight.recipe import Recipe
from safelight.weights.checkpoint import open_model
from safelight.weights.library import find


@torch.inference_mode()
def draw(prompt: str, seed: int, steps: int, scale: float, size: tuple[int, int]) -> torch.Tensor:
    """Return the picture as numbers (3, height, width) in [-1, 1]; size is (width, height) in pixels."""
    # The three networks, and the two files of the tokenizer.
    files = open_model(find("bundled"))
    text, unet, vae = (load(torch.float32).eval() for load in (files.load_text, files.load_unet, files.load_vae))
    tokenizer = Tokenizer(*files.tokenizer)

    # Words become vectors: what the picture should be, and what it should not be (here: nothing in particular).
    positive, negative = text(tokenizer.batch([prompt, ""])).split(1)

    # The noise levels to visit, evenly in time from the most to the least, and then none.
    schedule = NoiseSchedule(files.schedule_config)
    sigmas = schedule.steps("uniform", steps).tolist()

    # A latent is an eighth of the picture's size, and starts as noise alone.
    width, height = size
    x = Noise(seed, (4, height // 8, width // 8)).initial() * sigmas[0]

    # Euler's method: look at what the network makes of x, with the prompt and without, and go a little that way.
    denoise = Denoiser(unet, schedule)
    for sigma, sigma_next in pairwise(sigmas):
        without = denoise(x, sigma, negative)
        denoised = without + scale * (denoise(x, sigma, positive) - without)
        x = x + (x - denoised) / sigma * (sigma_next - sigma)

    return vae.decode(x / vae.config.scale)[0]


if __name__ == "__main__":
    prompt = sys.argv[1] if len(sys.argv) > 1 else "a red sports car on a mountain road"
    path = Path(sys.argv[2] if len(sys.argv) > 2 else "by_hand.png")
    files = open_model(find("bundled"))
    usual = files.defaults
    pixels = draw(prompt, 7, usual.steps, usual.guidance_scale, (usual.width, usual.height))
    recipe = Recipe(prompt=prompt, seed=7, sampler="euler", schedule="uniform", prompt_syntax="plain")
    Picture(from_tensor(pixels), recipe.resolved(usual, files.hash)).save(path)
