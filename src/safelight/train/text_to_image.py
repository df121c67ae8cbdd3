"""Teaching a UNet and a text encoder, together and from nothing, to draw what a caption says.

    min(SNR, 5) / SNR  |eps - unet(sqrt(abar_t) z + sqrt(1 - abar_t) eps, t, text(caption))|^2

The caption is said anew each time and left out one time in ten. Each scene of a batch is shown `repeats` times, at far
apart t and with its own noise, under one caption: the text encoder reads 77 tokens whatever their meaning, and is a
third of the work otherwise. The t of a batch are stratified: one in each of B equal parts of 0..999, shifted together.

Both networks start as their papers' code does: the UNet's branches and its answer at zero (Rombach et al. 2022), CLIP's
embeddings small (Radford et al. 2021). torch's own start, unit-variance embeddings, drowns position and attention.

Where a picture is laid out, at high t, epsilon is nearly x and the loss is small whatever was drawn. A balanced diet
divides every row by the usual loss at its t, so that all noise levels pull alike (the idea of the learnt uncertainty in
Karras et al. 2023, arXiv 2312.02696, section 2.1, with a fixed table).

Whether the text is heard is measured as the *text gap*: the validation loss under other scenes' captions minus that
under the right ones. It is clearly above zero after some 15,000 samples, or something is broken.

Letters: B rows of a batch, H W latent size, T tokens, D width.  Next: `bundled`, which runs all of this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from safelight.diffusion.denoiser import Denoiser, Network
from safelight.diffusion.guidance import classifier_free
from safelight.diffusion.objective import epsilon_loss
from safelight.diffusion.samplers import SAMPLERS, drive, finish, ladder, start
from safelight.diffusion.schedule import NoiseSchedule
from safelight.models.text import TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet
from safelight.train.captions import Captions
from safelight.train.loop import Now, Readings, generator
from safelight.train.optimiser import Part
from safelight.train.sheets import write_sheet

PROMPTS = (
    "a red sports car on a mountain road",
    "a watercolor painting of a green bird in a forest",
    "a blue house in a snowy field at night",
    "pixel art of a black cat on a beach",
    "a realistic photo of a purple lighthouse by the sea, golden hour",
    "a pencil sketch of a medieval warrior, dramatic lighting",
    "an oil painting of a yellow sailboat on a lake, vintage",
    "a futuristic cyberpunk city at night with glowing neon lights, flying vehicles",
    "a photograph of an astronaut riding a horse",
    "a red cube on top of a blue sphere",
    "three green apples on a plain background",
    "an orange dragon to the left of a white castle, low poly",
)


USUAL_LOSS = (
    0.05, 0.12, 0.18, 0.19, 0.165, 0.135, 0.11, 0.088, 0.074, 0.064,
    0.053, 0.046, 0.036, 0.031, 0.026, 0.018, 0.013, 0.0115, 0.009, 0.006,
)  # fmt: skip
"""The loss in each twentieth of t, measured on held-out scenes after 56,000 samples. At high t, where a picture is laid
out, it is thirty times smaller than where textures form, so that a plain mean hardly hears what the caption names."""


@dataclass(frozen=True)
class Size:
    """Square latents of `side`: what `share` of the steps take them, and how many rows such a step has."""

    side: int
    share: float
    batch: int


@dataclass(frozen=True)
class Diet:
    """What a stage of training shows: sizes, repeats of a scene within a batch, and how often the caption is left out.

    `text` is the text encoder's factor on the learning rate; at 0 it is frozen and only read. With `balanced` every
    noise level pulls alike: a row is divided by the usual loss at its t (`USUAL_LOSS`).
    """

    sizes: tuple[Size, ...]
    repeats: int = 2
    silent: float = 0.1
    text: float = 0.5
    gamma: float = 5.0
    balanced: bool = False


def initialise(unet: UNet, text: TextEncoder) -> None:
    """Set the starts that matter: zero at the end of every branch of the UNet, small embeddings in the text encoder."""
    for name, module in unet.named_modules():
        if name.endswith(("conv2", "proj_out", "conv_out")):
            nn.init.zeros_(module.get_parameter("weight"))
            nn.init.zeros_(module.get_parameter("bias"))
    width, layers = text.config.width, text.config.layers
    nn.init.normal_(text.tokens.weight, std=0.02)
    nn.init.normal_(text.positions.weight, std=0.01)
    ends = width**-0.5 * (2 * layers) ** -0.5
    spread = {
        "q": width**-0.5,
        "k": width**-0.5,
        "v": width**-0.5,
        "out": ends,
        "up": (2 * width) ** -0.5,
        "down": ends,
    }
    for name, module in text.layers.named_modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=spread[name.rsplit(".", 1)[-1]])
            nn.init.zeros_(module.bias)


def stratified(rows: int, source: torch.Generator, steps: int = 1000) -> Tensor:
    """Training steps t (rows,) int64, one from each of `rows` equal parts of 0 .. steps - 1, rising but for a wrap."""
    u = (torch.rand((), generator=source) + torch.arange(rows) / rows) % 1.0
    return (u * steps).long().clamp(max=steps - 1)


def in_its_own_type(unet: UNet) -> Network:
    """Ask `unet` in the type of its weights, bfloat16 where that is what training computes in, and answer in x's."""

    def ask(x: Tensor, t: Tensor, context: Tensor) -> Tensor:
        dtype = unet.conv_in.weight.dtype
        return unet(x.to(dtype), t, context.to(dtype)).to(x.dtype)

    return ask


class Examination:
    """A fixed set of latents, captions, t and noise that is never trained on.

    `latents` (N, 4, H, W) and `captions` of the same N scenes; the same set every time it is made.
    """

    def __init__(self, latents: np.ndarray, captions: Captions, steps: int = 1000) -> None:
        source = generator(0x5AFE, len(latents))
        self.x0 = torch.from_numpy(np.array(latents, dtype=np.float32))
        self.ids = captions.draw(range(len(self.x0)), source)
        self.t = stratified(len(self.x0), source, steps)[torch.randperm(len(self.x0), generator=source)]
        self.noise = torch.randn(self.x0.shape, generator=source)

    def losses(self, unet: UNet, text: TextEncoder, schedule: NoiseSchedule, roll: int, rows: int = 32) -> Tensor:
        """Losses (N,), with each scene under the caption of the scene `roll` places before it."""
        ids = self.ids.roll(roll, 0)
        pieces = zip(*(x.split(rows) for x in (self.x0, ids, self.t, self.noise)), strict=True)
        ask = in_its_own_type(unet)
        return torch.cat([epsilon_loss(ask, schedule, x0, text(words), t, noise) for x0, words, t, noise in pieces])


class TextToImage:
    """The method for the diffusion model.

    `latents` maps a side to the array (N, 4, side, side) of all training scenes; `draw` makes pixels of latents for
    the contact sheets, (B, 4, H, W) -> (B, 3, 8H, 8W).
    """

    def __init__(
        self,
        unet: UNet,
        text: TextEncoder,
        schedule: NoiseSchedule,
        diet: Diet,
        latents: Mapping[int, np.ndarray],
        captions: Captions,
        examination: Examination,
        draw: Callable[[Tensor], Tensor],
    ) -> None:
        self.unet, self.text, self.schedule, self.diet = unet, text, schedule, diet
        self.latents, self.captions, self.examination, self.draw = latents, captions, examination, draw

    def parts(self) -> list[Part]:
        """Return both networks; the text encoder learns more slowly, or not at all."""
        return [Part("unet", self.unet), Part("text", self.text, self.diet.text)]

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, float], int]:
        """Return the weighted loss, and its mean in each quarter of t as `loss_t0` (nearly clean) to `loss_t3`."""
        source = now.generator
        size = self._choose(float(torch.rand((), generator=source)))
        scenes, repeats = size.batch // self.diet.repeats, self.diet.repeats
        latents = self.latents[size.side]
        which = torch.randint(len(latents), (scenes,), generator=source).tolist()
        x0 = torch.from_numpy(np.stack([latents[index] for index in which]).astype(np.float32)).repeat(repeats, 1, 1, 1)
        ids = self.captions.draw(which, source, self.diet.silent)
        with torch.set_grad_enabled(self.diet.text > 0):
            context = self.text(ids)
        # Row i shows scene i % scenes: repeats of a scene are `scenes` apart, and so are their t.
        t = stratified(len(x0), source)
        noise = torch.randn(x0.shape, generator=source)
        ask = in_its_own_type(self.unet)
        rows = epsilon_loss(ask, self.schedule, x0, context.repeat(repeats, 1, 1), t, noise, gamma=self.diet.gamma)
        loss = (rows * balance(t)).mean() if self.diet.balanced else rows.mean()
        return loss, by_quarter(rows.detach(), t), len(x0)

    def _choose(self, u: float) -> Size:
        total = sum(size.share for size in self.diet.sizes)
        for size in self.diet.sizes:
            u -= size.share / total
            if u < 0:
                return size
        return self.diet.sizes[-1]

    def validate(self) -> Readings:
        """Return the loss on the examination, in quarters of t too, and the text gap, at all t and at t >= 500."""
        exam = self.examination
        right = exam.losses(self.unet, self.text, self.schedule, 0)
        gap = exam.losses(self.unet, self.text, self.schedule, 37) - right
        return {
            "validation_loss": float(right.mean()),
            "text_gap": float(gap.mean()),
            "text_gap_late": float(gap[exam.t >= 500].mean()),
            **{f"validation_{name}": value for name, value in by_quarter(right, exam.t).items()},
        }

    def sheet(self, path: Path) -> None:
        """Draw the fixed prompts at the size that most steps have."""
        side = max(self.diet.sizes, key=lambda size: size.share).side
        z = sample(self.unet, self.text, self.schedule, self.captions.tokenizer, PROMPTS, side)
        write_sheet(path, [self.draw(row) for row in z.split(6)])


def balance(t: Tensor) -> Tensor:
    """Weights (B,) of the rows at steps t (B,): under them the usual loss is 0.07 at every noise level."""
    usual = torch.tensor(USUAL_LOSS)
    return 0.07 / usual[t * len(usual) // 1000]


def by_quarter(rows: Tensor, t: Tensor, steps: int = 1000) -> Readings:
    """Mean of `rows` (B,) in each quarter of the training steps, for those quarters that occur."""
    quarter = t * 4 // steps
    return {f"loss_t{q}": float(rows[quarter == q].mean()) for q in range(4) if bool((quarter == q).any())}


@torch.no_grad()
def sample(
    unet: UNet,
    text: TextEncoder,
    schedule: NoiseSchedule,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    side: int,
    steps: int = 20,
    scale: float = 4.0,
    seed: int = 0,
) -> Tensor:
    """Latents (B, 4, side, side) that DDIM draws for `prompts` under classifier-free guidance."""
    positive = text(tokenizer.batch(list(prompts))).float()
    negative = text(tokenizer.batch([""])).float().expand_as(positive)
    denoise = classifier_free(Denoiser(in_its_own_type(unet), schedule), positive, negative, scale)
    sampler = SAMPLERS["ddim"]
    sigmas = ladder(schedule, sampler, steps)
    noise = torch.randn(len(prompts), 4, side, side, generator=generator(seed, 0))
    x = drive(sampler.run(start(sampler.schedule, sampler, sigmas, noise), sigmas, None, 0.0), denoise)
    return finish(x, sigmas)
