"""Stable Diffusion: the three networks and the schedule, and the way from one recipe to one picture.

    prompts -> context;  schedule -> sigmas;  seed -> noise;  sampler(noise, sigmas) asks D(x, sigma);  decode

Rombach et al. 2022, arXiv 2112.10752. `StableDiffusion.generate` is the whole of it, to be read from top to bottom;
`engine.py` walks the same way with many pictures at once.

Shapes: B batch, C channels, H W latent size (pixels / 8), T tokens, D width.
Read next: `diffusion/samplers`, then `engine.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten
from threading import RLock

import torch
from torch import Tensor

from safelight.devices import device_of, dtype_of
from safelight.diffusion.denoiser import ConditionedDenoise, Denoiser
from safelight.diffusion.guidance import build, classifier_free
from safelight.diffusion.guidance import progress as progress_along
from safelight.diffusion.guidance.interval import one
from safelight.diffusion.noise import Noise
from safelight.diffusion.presets import apply
from safelight.diffusion.samplers import SAMPLERS, AskBoth, drive, finish, ladder_of, start_of
from safelight.diffusion.schedule import NoiseSchedule
from safelight.drawing import Drawing, Question, changed, guidance_of
from safelight.errors import RecipeError
from safelight.finite import Finite
from safelight.models.attention import Site, edit_attention, itself
from safelight.models.text import TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet
from safelight.models.vae import Autoencoder
from safelight.parts import Base, Parts, gather
from safelight.picture import Picture, Provenance, from_tensor
from safelight.recipe import Defaults, Recipe, recipe_from
from safelight.shelf import Shelf
from safelight.told import Told, conditioner, tell
from safelight.uses import settle
from safelight.weaker import second, weaker
from safelight.weights.checkpoint import open_model
from safelight.weights.library import name_of

__all__ = ["StableDiffusion"]

ATTENTION = "torch scaled_dot_product_attention"
NOT_YET = ("vae",)


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
        self.shelf = Shelf()
        self._turn = RLock()  # LoRAs change the networks for everyone while a call lasts

    @classmethod
    def load(cls, path: Path, *, device: str = "auto", dtype: str = "auto") -> "StableDiffusion":
        """Read a model from a diffusers folder or a single CompVis safetensors file.

        `device` is "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", ...; `dtype` is "auto" (float16 on CUDA,
        float32 elsewhere), "float32", "bfloat16" or "float16". Raises WeightsError for what is not Stable Diffusion v1,
        RecipeError for a device or a dtype that is not there.
        """
        where = device_of(device)
        kind = dtype_of(dtype, where)
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
        x = drive(drawing.sampling, drawing.guided, drawing.guided.both)
        return self.develop(drawing, x)

    @torch.inference_mode()
    def begin(self, recipe: Recipe) -> Drawing:
        """Do all that comes before the first look at the UNet: contexts, sigmas, noise, and a sampler ready to ask."""
        recipe, files = self.settle(recipe)
        assert recipe.sampler and recipe.width and recipe.height  # that is what resolved means
        sampler = SAMPLERS[recipe.sampler]
        sigmas = ladder_of(self.schedule, recipe)
        shape = (self.vae.network.config.latent_channels, *self.latent_size(recipe))
        rescued: set[str] = set()
        with self._turn:
            parts = gather(recipe, files, self.base)
            told = self.tell(recipe, files, parts, len(sigmas) - 1, rescued)

        noise = Noise(recipe.seed, shape, recipe.rng)
        x = start_of(self.schedule, recipe, sigmas, noise.initial()).to(self.device)
        eta = recipe.eta if recipe.eta is not None else sampler.eta or 0.0
        sampling = sampler.run(x, sigmas, noise, eta)
        wanted = guidance_of(recipe, self.schedule.config.prediction)
        drawing = Drawing(
            recipe,
            sigmas,
            sampling,
            told,
            progress_along(sigmas),
            parts.unet,
            parts.controls,
            parts.pictures,
            alone=not wanted.plain or bool(recipe.regions or recipe.controls or recipe.image_prompts),
            rescued=rescued,
        )
        drawing.guided = build(
            wanted,
            self.denoiser([drawing]),
            told.positive,
            told.negative,
            drawing.progress,
            empty=told.empty,
            perturbed=self.denoiser([drawing], perturbed=True) if wanted.pag_scale else None,
            weak=weaker(self, drawing, files) if wanted.autoguidance_scale else None,
        )
        return drawing

    def notices(self, recipe: Recipe) -> list[str]:
        """What a person should know before a picture is made: what of a prompt is lost, what each file does."""
        recipe, files = self.settle(recipe)
        with self._turn:
            parts = gather(recipe, files, self.base)
        reader = conditioner(self.tokenizer, self.text, set(), parts.text, parts.embeddings)
        said = list(parts.reports)
        for name, text in (("prompt", recipe.prompt), ("negative prompt", recipe.negative_prompt)):
            lost = reader.read(text, syntax=recipe.prompt_syntax).cut
            if lost is not None:
                start = shorten(lost.strip(), 60, placeholder=" ...")
                said.append(f"the {name} is longer than {self.tokenizer.length - 2} tokens; cut from {start!r} on")
        return said

    def settle(self, recipe: Recipe) -> tuple[Recipe, Mapping[str, Path]]:
        """Leave nothing open: find the files, take on another program's customs, put in this model's defaults."""
        if recipe.like != "safelight":
            given: dict[str, object] = {name: getattr(recipe, name) for name in recipe.model_fields_set}
            given |= {"width": recipe.width or self.defaults.width, "height": recipe.height or self.defaults.height}
            recipe = apply(recipe.like, recipe_from(given))
        recipe, files = settle(recipe)
        self.check(recipe)
        if recipe.autoguidance_scale and recipe.autoguidance_model:
            weak = second(self, recipe.autoguidance_model, recipe.autoguidance_hash)
            recipe = recipe.model_copy(update={"autoguidance_model": weak.name, "autoguidance_hash": weak.hash})
        recipe = recipe.model_copy(update={"model": self.name}).resolved(self.defaults, self.hash)
        return recipe, files

    def tell(self, recipe: Recipe, files: Mapping[str, Path], parts: Parts, steps: int, rescued: set[str]) -> Told:
        """Read the prompts of a settled recipe for `steps` steps; notes in `rescued` where float32 had to help."""
        reader = conditioner(self.tokenizer, self.text, rescued, parts.text, parts.embeddings)
        return tell(recipe, files, reader, self.latent_size(recipe), self.unet.network.conv_in.weight, steps)

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

    @torch.inference_mode()
    def answer(self, drawings: Sequence[Drawing], questions: Sequence[Question]) -> list[Tensor]:
        """Answer one question of each drawing; several, which must be able to share, in one network call for all."""
        if len(drawings) == 1:
            (drawing,), (question,) = drawings, questions
            return [drawing.guided.both(*question) if isinstance(question, AskBoth) else drawing.guided(*question)]
        contexts = [drawing.contexts(question) for drawing, question in zip(drawings, questions, strict=True)]
        told = [pair for pair in contexts if pair is not None]
        assert len(told) == len(drawings)
        for drawing in drawings:
            drawing.shared = True
        guided = classifier_free(
            self.denoiser(drawings),
            torch.cat([positive for positive, _ in told]),
            torch.cat([negative for _, negative in told]),
            torch.tensor([drawing.recipe.guidance_scale for drawing in drawings], dtype=torch.float64),
            torch.tensor([drawing.recipe.guidance_rescale for drawing in drawings], dtype=torch.float64),
            self.schedule.config.prediction,
        )
        x = torch.cat([x for x, _ in questions])
        return list(guided(x, torch.tensor([sigma for _, sigma in questions], dtype=torch.float64)).split(1))

    def denoiser(self, drawings: Sequence[Drawing], perturbed: bool = False) -> ConditionedDenoise:
        """D(x; sigma, context) of drawings that share a network; `perturbed`: without attention in its middle."""
        changes = drawings[0].changes
        if perturbed:
            changes = (*changes, lambda unet: edit_attention(unet, itself, in_the_middle))

        def denoise(x: Tensor, sigma: Tensor | float, context: Tensor) -> Tensor:
            run = changed(changes)
            if drawings[0].controls or drawings[0].pictures:  # such a drawing is always asked alone
                run = changed(changes, drawings[0].steer(one(sigma)), drawings[0].see(one(sigma)))
            return Denoiser(partial(self.ask, drawings, run), self.schedule)(x, sigma, context)

        return denoise

    def ask(
        self, drawings: Sequence[Drawing], run: Callable[..., Tensor], x: Tensor, t: Tensor, context: Tensor
    ) -> Tensor:
        """Run the UNet for rows that are these drawings, once or several times over."""
        with self._turn:
            answer, rescued = self.unet.ask(run, x, t, context)
        for row in rescued.nonzero().flatten().tolist():
            drawings[row % len(drawings)].rescued.add(self.unet.name)
        return answer

    @torch.inference_mode()
    def develop(self, drawing: Drawing, x: Tensor) -> Picture:
        """Turn where the sampler ended, x (1, C, H, W), into a picture that carries its recipe."""
        pixels, rescued = self.decode(finish(x, drawing.sigmas))
        if rescued:
            drawing.rescued.add(self.vae.name)
        made = Provenance.here(
            str(self.device),
            self.dtype,
            ATTENTION,
            self.hash,
            alone=not drawing.shared,
            rescued=tuple(sorted(drawing.rescued)),
        )
        return Picture(from_tensor(pixels[0]), drawing.recipe, made)

    def latent_size(self, recipe: Recipe) -> tuple[int, int]:
        """Height and width of a resolved recipe's latent. Raises RecipeError for sizes that the model has not got."""
        factor = self.vae.network.factor
        assert recipe.width and recipe.height
        if recipe.width % factor or recipe.height % factor:
            raise RecipeError(f"{recipe.width}x{recipe.height}: this model's sizes are multiples of {factor}")
        return recipe.height // factor, recipe.width // factor

    def decode(self, latents: Tensor) -> tuple[Tensor, bool]:
        """Scaled latents (B, C, H, W) to pixels (B, 3, 8H, 8W), about in [-1, 1]; and whether float32 rescued them."""
        pixels, rows = self.vae.ask(lambda vae, z: vae.decode(z), latents.float() / self.vae.network.config.scale)
        return pixels, bool(rows.any())

    @property
    def base(self) -> Base:
        """The networks that a recipe's files change."""
        return Base(self.text.network, self.unet.network, self.shelf)

    @property
    def dtype(self) -> str:
        """What the UNet computes in: "float32" and the like."""
        return str(self.unet.dtype).removeprefix("torch.")

    @property
    def device(self) -> torch.device:
        """Where the networks are, and the latents with them."""
        return next(self.unet.network.parameters()).device


def in_the_middle(site: Site) -> bool:
    """Pick the self-attention at the UNet's coarsest place, where pictures get their structure."""
    return site.kind == "self" and site.name.startswith("mid.")
