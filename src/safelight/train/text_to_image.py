"""Teaching a UNet and a text encoder, together and from nothing, to draw what a caption says.

    min(SNR, 5) / SNR  |eps - unet(sqrt(abar_t) z + sqrt(1 - abar_t) eps, t, text(caption))|^2

The caption is said anew each time and left out one time in ten. Each scene of a batch is shown `repeats` times, at far
apart t and with its own noise, under one caption: the text encoder reads 77 tokens whatever their meaning, and is a
third of the work otherwise. What else a step is shown: `diet`. How both networks begin: `beginnings`.

Whether the text is heard is measured as the *text gap*: the validation loss under other scenes' captions minus that
under the right ones. It is clearly above zero after some 15,000 samples, or something is broken.

Letters: B rows of a batch, H W latent size, T tokens, D width.  Next: `bundled`, which runs all of this.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from safelight.diffusion.denoiser import Denoiser, Network
from safelight.diffusion.guidance import classifier_free
from safelight.diffusion.objective import epsilon_loss
from safelight.diffusion.samplers import SAMPLERS, drive, finish, ladder, start
from safelight.diffusion.schedule import NoiseSchedule
from safelight.models.text import TextEncoder
from safelight.models.tokenizer import Tokenizer
from safelight.models.unet import UNet
from safelight.scenes.captions import describe
from safelight.scenes.grammar import Scene
from safelight.train.captions import Captions
from safelight.train.diet import Diet, Size, balance, by_quarter, stratified
from safelight.train.loop import Now, generator
from safelight.train.optimiser import Part
from safelight.train.readings import Readings
from safelight.train.sheets import to_bytes, write_sheet

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
        place, ask = unet.conv_in.weight.device, in_its_own_type(unet)
        found = []
        for at in range(0, len(ids), rows):
            x0, words, noise = (x[at : at + rows].to(place) for x in (self.x0, ids, self.noise))
            found.append(epsilon_loss(ask, schedule, x0, text(words), self.t[at : at + rows], noise).float().cpu())
        return torch.cat(found)


Judge = Callable[[np.ndarray, Sequence[Scene]], Readings]
"""Pictures (B, S, S, 3) uint8 and the scenes that were asked for -> the shares that are right, `accuracy_...`."""


class TextToImage:
    """The method for the diffusion model.

    `latents` maps a side to all training scenes' (N, 4, side, side), as an array, or as a tensor where they lie on a
    GPU; `draw` makes pixels of latents for the contact sheets, (B, 4, H, W) -> (B, 3, 8H, 8W). With a `judge`, scenes
    `asked` for are drawn and judged beside the fixed prompts. Thirty-six pictures every ten minutes are no examination,
    their standard error is eight points; they show what is coming: media and light are right before colours, colours
    before things, things before counts (Okawa et al. 2023, arXiv 2310.09336).
    """

    def __init__(
        self,
        unet: UNet,
        text: TextEncoder,
        schedule: NoiseSchedule,
        diet: Diet,
        latents: Mapping[int, np.ndarray | Tensor],
        captions: Captions,
        examination: Examination,
        draw: Callable[[Tensor], Tensor],
        judge: Judge | None = None,
        asked: Sequence[Scene] = (),
    ) -> None:
        self.unet, self.text, self.schedule, self.diet = unet, text, schedule, diet
        self.latents, self.captions, self.examination, self.draw = latents, captions, examination, draw
        self.judge, self.asked = judge, asked

    def parts(self) -> list[Part]:
        """Return both networks; the text encoder learns more slowly, or not at all."""
        return [Part("unet", self.unet), Part("text", self.text, self.diet.text)]

    def loss(self, now: Now) -> tuple[Tensor, Mapping[str, Tensor], int]:
        """Return the weighted loss, and its mean in each quarter of t as `loss_t0` (nearly clean) to `loss_t3`."""
        source, place = now.generator, self.unet.conv_in.weight.device
        size = self._choose(float(torch.rand((), generator=source)))
        scenes, repeats = size.batch // self.diet.repeats, self.diet.repeats
        latents = self.latents[size.side]
        which = torch.randint(len(latents), (scenes,), generator=source)
        x0 = size.cut(take(latents, which)).to(place).repeat(repeats, 1, 1, 1)
        ids = self.captions.draw(which.tolist(), source, self.diet.silent).to(place)
        with torch.set_grad_enabled(self.diet.text > 0):
            context = self.text(ids)
        # Row i shows scene i % scenes: repeats of a scene are `scenes` apart, and so are their t.
        t = stratified(len(x0), source)
        noise = noise_like(x0, source)
        ask = in_its_own_type(self.unet)
        rows = epsilon_loss(ask, self.schedule, x0, context.repeat(repeats, 1, 1), t, noise, gamma=self.diet.gamma)
        loss = (rows * balance(t).to(place)).mean() if self.diet.balanced else rows.mean()
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
            **{f"validation_{name}": float(value) for name, value in by_quarter(right, exam.t).items()},
        }

    def sheet(self, path: Path) -> Readings | None:
        """Draw the fixed prompts at the size that most steps have, and what there is to be judged below them."""
        prompts = [*PROMPTS, *(map(describe, self.asked) if self.judge else ())]
        rows: list[Tensor] = []
        for at in range(0, len(prompts), 6):
            asked, side = prompts[at : at + 6], self.diet.usual
            z = sample(self.unet, self.text, self.schedule, self.captions.tokenizer, asked, side, seed=at)
            rows.append(self.draw(z))
        write_sheet(path, rows)
        return self.judge(to_bytes(torch.cat(rows)[len(PROMPTS) :]), self.asked) if self.judge else None


def take(latents: np.ndarray | Tensor, which: Tensor) -> Tensor:
    """Rows (B, 4, H, H) float32 of all latents; a memory-mapped array is read row by row."""
    if isinstance(latents, Tensor):
        return latents[which.to(latents.device)].float()
    return torch.from_numpy(np.stack([latents[index] for index in which.tolist()]).astype(np.float32))


def noise_like(x: Tensor, source: torch.Generator) -> Tensor:
    """Unit normal numbers in the shape of x: from `source` on a CPU, elsewhere from a generator there that it seeds."""
    if x.device.type == "cpu":
        return torch.randn(x.shape, generator=source)
    there = torch.Generator(x.device).manual_seed(int(torch.randint(2**31, (), generator=source)))
    return torch.randn(x.shape, generator=there, device=x.device)


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
    place = unet.conv_in.weight.device
    positive = text(tokenizer.batch(list(prompts)).to(place)).float()
    negative = text(tokenizer.batch([""]).to(place)).float().expand_as(positive)
    denoise = classifier_free(Denoiser(in_its_own_type(unet), schedule), positive, negative, scale)
    sampler = SAMPLERS["ddim"]
    sigmas = ladder(schedule, sampler, steps)
    noise = torch.randn(len(prompts), 4, side, side, generator=generator(seed, 0)).to(place)
    x = drive(sampler.run(start(sampler.schedule, sampler, sigmas, noise), sigmas, None, 0.0), denoise)
    return finish(x, sigmas)
