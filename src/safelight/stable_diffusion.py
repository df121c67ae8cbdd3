"""Stable Diffusion: the three networks and the schedule, and the way from one recipe to one picture.

    prompts -> context;  schedule -> sigmas;  seed -> noise;  sampler(noise, sigmas) asks D(x, sigma);  decode

Rombach et al. 2022, arXiv 2112.10752. `StableDiffusion.generate` is the whole of it, to be read from top to bottom;
`engine.py` walks the same way with many pictures at once.

Shapes: B batch, C channels, H W latent size (pixels / 8), T tokens, D width.
Read next: `diffusion/samplers`, then `engine.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoise, Denoiser
from safelight.diffusion.guidance import classifier_free
from safelight.diffusion.noise import Noise
from safelight.diffusion.samplers import SAMPLERS, Sampling, drive, finish, ladder, start
from safelight.diffusion.schedule import NoiseSchedule
from safelight.errors import RecipeError
from safelight.finite import Finite
from safelight.models.text import TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet
from safelight.models.vae import Autoencoder
from safelight.picture import Picture, Provenance, from_tensor
from safelight.prompts.conditioning import Conditioning, encode
from safelight.recipe import Defaults, Recipe
from safelight.weights.checkpoint import open_model
from safelight.weights.library import name_of

__all__ = ["Drawing", "StableDiffusion"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Drawing:
    """One picture on its way: everything that the networks need to be told about it, and its suspended sampler."""

    recipe: Recipe
    sigmas: Tensor
    positive: Tensor
    negative: Tensor
    sampling: Sampling


class StableDiffusion:
    """A model of the Stable Diffusion v1 family. It holds no state of any picture, so any number may be under way."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        text: TextEncoder,
        unet: UNet,
        vae: Autoencoder,
        schedule: NoiseSchedule,
        defaults: Defaults,
        name: str,
        model_hash: str,
    ) -> None:
        self.tokenizer = tokenizer
        self.text = Finite("text encoder", text.eval().requires_grad_(False))
        self.unet = Finite("UNet", unet.eval().requires_grad_(False))
        self.vae = Finite("autoencoder", vae.eval().requires_grad_(False))
        self.schedule = schedule
        self.defaults = defaults
        self.name = name
        self.hash = model_hash
        self.denoiser = Denoiser(self.predict, schedule)

    @classmethod
    def load(cls, path: Path, *, device: str = "auto", dtype: str = "auto") -> "StableDiffusion":
        """Read a model from a diffusers folder or a single CompVis safetensors file.

        `device` is "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", ...; `dtype` is "auto" (float16 on CUDA,
        float32 elsewhere), "float32", "bfloat16" or "float16". Raises WeightsError for what is not Stable Diffusion v1,
        RecipeError for a device or a dtype that is not there.
        """
        where = _device(device)
        kind = _dtype(dtype, where)
        files = open_model(path)
        return cls(
            Tokenizer(*files.tokenizer, length=files.text_config.length),
            files.load_text(kind).to(where),
            files.load_unet(kind).to(where),
            files.load_vae(kind).to(where),
            NoiseSchedule(files.schedule_config),
            files.defaults,
            name_of(path),
            files.hash,
        )

    @torch.inference_mode()
    def generate(self, recipe: Recipe) -> Picture:
        """Make one picture. Raises RecipeError for what this model cannot do, NumericalError where it fails."""
        drawing = self.begin(recipe)
        x = drive(drawing.sampling, self.guided([drawing]))
        return self.develop(drawing, x)

    @torch.inference_mode()
    def begin(self, recipe: Recipe) -> Drawing:
        """Do all that comes before the first look at the UNet: context, sigmas, noise, and a sampler ready to ask."""
        recipe = recipe.model_copy(update={"model": self.name}).resolved(self.defaults, self.hash)
        assert recipe.sampler and recipe.steps and recipe.width and recipe.height  # that is what resolved means
        sampler = SAMPLERS[recipe.sampler]
        sigmas = ladder(self.schedule, sampler, recipe.steps, recipe.schedule)
        positive, negative = self.encode([recipe.prompt, recipe.negative_prompt], recipe.clip_skip).context.split(1)

        vae = self.vae.network
        shape = (vae.config.latent_channels, recipe.height // vae.factor, recipe.width // vae.factor)
        noise = Noise(recipe.seed, shape, recipe.rng)
        x = start(recipe.schedule or sampler.schedule, sampler, sigmas, noise.initial()).to(self.device)
        eta = recipe.eta if recipe.eta is not None else sampler.eta or 0.0
        return Drawing(recipe, sigmas, positive, negative, sampler.run(x, sigmas, noise, eta))

    def guided(self, drawings: Sequence[Drawing]) -> Denoise:
        """Make the denoiser that answers one question of each of some drawings, in one network call for all of them."""
        return classifier_free(
            self.denoiser,
            torch.cat([drawing.positive for drawing in drawings]),
            torch.cat([drawing.negative for drawing in drawings]),
            torch.tensor([drawing.recipe.guidance_scale for drawing in drawings], dtype=torch.float64),
            torch.tensor([drawing.recipe.guidance_rescale for drawing in drawings], dtype=torch.float64),
            self.schedule.config.prediction,
        )

    @torch.inference_mode()
    def develop(self, drawing: Drawing, x: Tensor) -> Picture:
        """Turn where the sampler ended, x (1, C, H, W), into a picture that carries its recipe."""
        pixels = self.decode(finish(x, drawing.sigmas))[0]
        return Picture(from_tensor(pixels), drawing.recipe, self.provenance())

    def encode(self, prompts: Sequence[str], clip_skip: int = 1) -> Conditioning:
        """Prompts to their context (B, T, D), with what was cut from those that are too long."""
        layers = self.text.network.config.layers
        if clip_skip > layers:
            raise RecipeError(f"clip_skip {clip_skip} is too many: this text encoder has {layers} layers")
        return encode(prompts, self.tokenizer, self.read, clip_skip)

    def read(self, ids: Tensor, skip: int) -> Tensor:
        """Ask the text encoder: token ids (B, T) -> hidden states (B, T, D)."""
        return self.text.ask(lambda text, ids: text(ids, skip), ids.to(self.device))

    def predict(self, x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        """Ask the UNet: latents (B, C, H, W), time steps (B,), context (B, T, D) -> epsilon or v (B, C, H, W)."""
        return self.unet.ask(lambda unet, *inputs: unet(*inputs), x, t, context)

    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, H, W) -> pixels (B, 3, 8H, 8W), about in [-1, 1]."""
        return self.vae.ask(lambda vae, z: vae.decode(z), latents.float() / self.vae.network.config.scale)

    @property
    def device(self) -> torch.device:
        """Where the networks are, and the latents with them."""
        return next(self.unet.network.parameters()).device

    def provenance(self) -> Provenance:
        """Say what this model runs on, for the picture's metadata."""
        dtype = str(self.unet.dtype).removeprefix("torch.")
        return Provenance.here(str(self.device), dtype, "torch scaled_dot_product_attention", self.hash)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise RecipeError(f"device {name!r} is not there; use auto, cpu, or cuda where PyTorch finds a GPU") from None
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        name = "float16" if device.type == "cuda" else "float32"
    if name not in DTYPES:
        raise RecipeError(f"dtype {name!r} is not one of auto, {', '.join(DTYPES)}")
    return DTYPES[name]
