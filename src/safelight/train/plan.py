"""Everything that decides the bundled model: sizes of networks, stages, minutes, what each stage is shown.

The sizes are those of Stable Diffusion v1 divided down: same shapes of network, same names. The minutes are for one
busy CPU thread; `for_gpu` makes of the plan one for a large GPU.

Next: `bundled`, which carries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch

from safelight.diffusion.schedule import ScheduleConfig
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig
from safelight.models.vision import VisionConfig
from safelight.recipe import Defaults
from safelight.train.diet import Diet, Size
from safelight.train.gates import GATES, Gate
from safelight.train.loop import Settings

TEXT = TextConfig(vocabulary=2048, width=256, layers=4, heads=4, mlp=1024, length=77)
UNET = UNetConfig(
    channels=(64, 128, 192, 192), blocks=1, attention=(False, True, True, False), heads=4, context=256, groups=16
)
AUTOENCODER = AutoencoderConfig(channels=(32, 64, 128, 128), blocks=1, groups=8, scale=1.0)
TOWER = VisionConfig(size=64, patch=8, width=192, layers=6, heads=6, mlp=768, projection=256)
NOISE = ScheduleConfig()
DEFAULTS = Defaults(width=128, height=128, steps=25, guidance_scale=4.0, sampler="dpmpp_2m", schedule="karras")

ENCODER_RUN = Settings(rate=1e-3, minutes=5, warmup=50, weight_decay=0.0, ema=(0.05,))
DECODER_RUN = Settings(rate=1e-3, minutes=25, warmup=50, weight_decay=0.0, ema=(0.05,))
TOWER_RUN = Settings(rate=1e-3, minutes=25, warmup=30, weight_decay=0.1, ema=(0.05,), log_steps=20)


@dataclass(frozen=True)
class Course:
    """One stage of teaching the diffusion model; it begins where the course before it has come to."""

    stage: str
    run: Settings
    diet: Diet


COARSE = Course(
    "unet-coarse",
    Settings(rate=6e-4, minutes=45, warmup=200, cooldown=0.0),
    Diet((Size(8, 1.0, 64),), repeats=4, balanced=True),
)
MIDDLE = Course(
    "unet-middle",
    Settings(rate=6e-4, minutes=150, warmup=50, cooldown=0.0),
    Diet((Size(16, 0.9, 32), Size(8, 0.1, 64)), balanced=True),
)
FINE = Course(
    "unet-fine",
    Settings(rate=4e-4, minutes=100, warmup=50, cooldown=0.4),
    Diet(
        (
            Size(32, 0.38, 16),
            Size(32, 0.08, 16, shape=(24, 32)),
            Size(32, 0.08, 16, shape=(32, 24)),
            Size(24, 0.22, 16),
            Size(16, 0.24, 32),
        ),
        text=0.1,
        balanced=True,
    ),
)


@dataclass(frozen=True)
class Plan:
    """A plan. Of `scenes` scenes the first `pixels_kept` are kept as renders, for the autoencoder.

    `recogniser_minutes` replace the recogniser's own, `gates` are by stage, `stored` is the type of the weights that
    ship.
    """

    seed: int = 1
    scenes: int = 60_000
    pixels_kept: int = 12_000
    held_out: int = 512
    pixels: int = 256
    sides: tuple[int, ...] = (8, 16, 24, 32)
    captions_for_tokenizer: int = 60_000
    crop: int = 64
    crops: int = 16
    text: TextConfig = TEXT
    unet: UNetConfig = UNET
    autoencoder: AutoencoderConfig = AUTOENCODER
    tower: VisionConfig = TOWER
    noise: ScheduleConfig = NOISE
    encoder_run: Settings = ENCODER_RUN
    decoder_run: Settings = DECODER_RUN
    tower_run: Settings = TOWER_RUN
    tower_batch: int = 128
    recogniser_minutes: float | None = None
    courses: tuple[Course, ...] = (COARSE, MIDDLE, FINE)
    gates: Mapping[str, tuple[Gate, ...]] = field(default_factory=lambda: GATES)
    defaults: Defaults = DEFAULTS
    stored: torch.dtype = torch.float16

    def minutes(self, minutes: float) -> "Plan":
        """The same plan with so many minutes for each stage that trains."""
        return replace(
            self,
            encoder_run=replace(self.encoder_run, minutes=minutes),
            decoder_run=replace(self.decoder_run, minutes=minutes),
            tower_run=replace(self.tower_run, minutes=minutes),
            recogniser_minutes=minutes,
            courses=tuple(replace(course, run=replace(course.run, minutes=minutes)) for course in self.courses),
        )


def for_gpu(plan: Plan, factor: int = 16) -> Plan:
    """A plan for one large GPU and half an hour: batches `factor` times as large, products in bfloat16, few minutes.

    A GPU is idle with the batches of a CPU. Adam's rate should rise with the root of the batch while gradients are
    mostly noise (Malladi et al. 2022, arXiv 2205.10287); it rises by half here, since these batches no longer are.
    Not measured yet.
    """

    def faster(run: Settings, minutes: float) -> Settings:
        return replace(run, rate=1.5 * run.rate, minutes=minutes, autocast=True)

    def fuller(diet: Diet) -> Diet:
        return replace(diet, sizes=tuple(replace(size, batch=factor * size.batch) for size in diet.sizes))

    return replace(
        plan,
        scenes=2 * plan.scenes,
        crops=8 * plan.crops,
        encoder_run=faster(plan.encoder_run, 1.0),
        decoder_run=faster(plan.decoder_run, 4.0),
        tower_run=faster(plan.tower_run, 3.0),
        tower_batch=2 * plan.tower_batch,
        recogniser_minutes=3.0,
        courses=tuple(
            replace(course, run=faster(course.run, minutes), diet=fuller(course.diet))
            for course, minutes in zip(plan.courses, (2.5, 5.0, 8.0), strict=True)
        ),
    )
