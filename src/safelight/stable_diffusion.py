"""Stable Diffusion: the three networks and the schedule, and the way from one recipe to one picture.

    prompts -> context;  schedule -> sigmas;  seed -> noise;  sampler(noise, sigmas) asks D(x, sigma);  decode

Rombach et al. 2022, arXiv 2112.10752. `StableDiffusion.generate` is the whole of it, to be read from top to bottom;
`engine.py` walks the same way with many pictures at once.

Shapes: B batch, C channels, H W latent size (pixels / 8), T tokens, D width.
Read next: `diffusion/samplers`, then `engine.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
from safelight.prompts.conditioning import encode
from safelight.recipe import Defaults, Recipe
from safelight.weights.checkpoint import open_model
from safelight.weights.library import name_of

__all__ = ["Drawing", "StableDiffusion"]

ATTENTION = "torch scaled_dot_product_attention"
NOT_YET = (
    "regions", "guidance_interval", "guidance_curve", "dynamic_threshold", "apg_eta", "pag_scale", "autoguidance_model",
    "freeu", "perp_neg", "loras", "embeddings", "hypernetworks", "vae", "controls", "image_prompts",
    "strict_prompt", "prompt_weighting", "like", "sigmas", "timesteps",
)  # fmt: skip
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass
class Drawing:
    """One picture on its way: all that the networks need to be told about it, and its suspended sampler.

    `shared` and `rescued` grow with the work: whether a network call served other pictures too, and which networks
    overflowed and were asked again in float32. Both end in the picture's provenance.
    """

    recipe: Recipe
    sigmas: Tensor
    positive: Tensor
    negative: Tensor
    sampling: Sampling
    shared: bool = False
    rescued: set[str] = field(default_factory=set)


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
        self.check(recipe)
        recipe = recipe.model_copy(update={"model": self.name}).resolved(self.defaults, self.hash)
        assert recipe.sampler and recipe.steps and recipe.width and recipe.height  # that is what resolved means
        sampler = SAMPLERS[recipe.sampler]
        sigmas = ladder(self.schedule, sampler, recipe.steps, recipe.schedule)
        context, rescued = self.encode([recipe.prompt, recipe.negative_prompt], recipe.clip_skip)
        positive, negative = context.split(1)

        vae = self.vae.network
        if recipe.width % vae.factor or recipe.height % vae.factor:
            raise RecipeError(f"{recipe.width}x{recipe.height}: this model's sizes are multiples of {vae.factor}")
        shape = (vae.config.latent_channels, recipe.height // vae.factor, recipe.width // vae.factor)
        noise = Noise(recipe.seed, shape, recipe.rng)
        x = start(recipe.schedule or sampler.schedule, sampler, sigmas, noise.initial()).to(self.device)
        eta = recipe.eta if recipe.eta is not None else sampler.eta or 0.0
        sampling = sampler.run(x, sigmas, noise, eta)
        return Drawing(recipe, sigmas, positive, negative, sampling, rescued={self.text.name} if rescued else set())

    def check(self, recipe: Recipe) -> None:
        """Refuse, with a RecipeError, what this model cannot draw."""
        if recipe.model_hash not in (None, self.hash):
            raise RecipeError(
                f"the recipe was made with other weights ({recipe.model_hash[:10]}) than those of {self.name} "
                f"({self.hash[:10]}); leave model_hash out to draw it with these"
            )
        later = [name for name in NOT_YET if getattr(recipe, name) != Recipe.model_fields[name].default]
        if later:
            raise RecipeError(f"{later[0]} is not there yet; leave it out")
        layers = self.text.network.config.layers
        if recipe.clip_skip > layers:
            raise RecipeError(f"clip_skip {recipe.clip_skip} is too many: this text encoder has {layers} layers")
        inputs, latents = self.unet.network.config.in_channels, self.vae.network.config.latent_channels
        if inputs != latents:
            raise RecipeError(
                f"{self.name} draws into a picture that it is given (its UNet takes {inputs} channels, not {latents}); "
                "choose a model that draws from nothing"
            )

    def guided(self, drawings: Sequence[Drawing]) -> Denoise:
        """Make the denoiser that answers one question of each of some drawings, in one network call for all of them."""
        for drawing in drawings:
            drawing.shared |= len(drawings) > 1

        def network(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
            answer, rescued = self.unet.ask(lambda unet, *inputs: unet(*inputs), x, t, context)
            for row in rescued.nonzero().flatten().tolist():  # rows are the drawings, once or twice over
                drawings[row % len(drawings)].rescued.add(self.unet.name)
            return answer

        return classifier_free(
            Denoiser(network, self.schedule),
            torch.cat([drawing.positive for drawing in drawings]),
            torch.cat([drawing.negative for drawing in drawings]),
            torch.tensor([drawing.recipe.guidance_scale for drawing in drawings], dtype=torch.float64),
            torch.tensor([drawing.recipe.guidance_rescale for drawing in drawings], dtype=torch.float64),
            self.schedule.config.prediction,
        )

    @torch.inference_mode()
    def develop(self, drawing: Drawing, x: Tensor) -> Picture:
        """Turn where the sampler ended, x (1, C, H, W), into a picture that carries its recipe."""
        pixels, rescued = self.decode(finish(x, drawing.sigmas))
        if rescued:
            drawing.rescued.add(self.vae.name)
        dtype = str(self.unet.dtype).removeprefix("torch.")
        made = Provenance.here(
            str(self.device),
            dtype,
            ATTENTION,
            self.hash,
            alone=not drawing.shared,
            rescued=tuple(sorted(drawing.rescued)),
        )
        return Picture(from_tensor(pixels[0]), drawing.recipe, made)

    def encode(self, prompts: Sequence[str], clip_skip: int = 1) -> tuple[Tensor, bool]:
        """Prompts to their context (B, T, D), and whether float32 had to rescue it."""
        rescued = False

        def read(ids: Tensor, skip: int) -> Tensor:
            nonlocal rescued
            context, rows = self.text.ask(lambda text, ids: text(ids, skip), ids.to(self.device))
            rescued = bool(rows.any())
            return context

        return encode(prompts, self.tokenizer, read, clip_skip).context, rescued

    def decode(self, latents: Tensor) -> tuple[Tensor, bool]:
        """Scaled latents (B, C, H, W) to pixels (B, 3, 8H, 8W), about in [-1, 1]; and whether float32 rescued them."""
        pixels, rows = self.vae.ask(lambda vae, z: vae.decode(z), latents.float() / self.vae.network.config.scale)
        return pixels, bool(rows.any())

    @property
    def device(self) -> torch.device:
        """Where the networks are, and the latents with them."""
        return next(self.unet.network.parameters()).device


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
