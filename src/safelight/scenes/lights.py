"""The seven lightings, as data: what colour the sky, the air, the key light and the shadows have.

A multiplier of 1 is plain daylight. Read next: light.py, which says how each number is used.
"""

from dataclasses import dataclass

__all__ = ["LIGHTS", "Colour", "Disc", "Light"]

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Disc:
    """The sun or the moon: height and radius in picture units, its colour, and the strength of its halo."""

    y: float
    radius: float
    colour: Colour
    halo: Colour
    strength: float


@dataclass(frozen=True)
class Light:
    """One lighting. `sky` is a gradient from the top (0) to the horizon (1); colours are 0..255, multipliers near 1.

    air, haze    the colour of distance, and how much of it lies before what is far; `veil`: also before what is near
    key, ambient the light on surroundings, in full light and in full shade; `subject`: the key on the subject
    rim          a line of light on the subject's upper right edge; `sides`: light from its left and from its right
    turn         how much the side of a form that looks away from the left lies in the dark, 0..1
    pool         the light that reaches the corners of the picture, 1: all; `beam`: a shaft from the upper left
    mute         how grey the surroundings turn, 0..1; `contrast`: how much deeper shades are
    glow         the strength of lamps, windows and signs; `shadow`, `slant`: the shadow on the ground, and its length
    halo         what is laid round dark subjects, so that they read; `disc`, `stars`: what stands in the sky
    """

    sky: tuple[tuple[float, Colour], ...]
    air: Colour
    haze: float
    key: Colour
    ambient: Colour
    subject: Colour
    rim: Colour
    glow: float
    shadow: float
    halo: Colour = (110, 124, 140)
    veil: float = 0.0
    slant: float = 0.0
    disc: Disc | None = None
    stars: int = 0
    sides: tuple[Colour, Colour] | None = None
    turn: float = 0.0
    pool: float = 1.0
    beam: Colour | None = None
    mute: float = 0.0
    contrast: float = 1.0


LIGHTS: dict[str, Light] = {
    "daylight": Light(
        sky=((0, (74, 156, 228)), (0.55, (136, 200, 240)), (1, (214, 238, 246))),
        air=(196, 222, 242),
        haze=0.42,
        key=(1.02, 1.01, 0.98),
        ambient=(0.34, 0.38, 0.52),
        subject=(1.03, 1.02, 1.0),
        rim=(40, 40, 34),
        glow=0.0,
        shadow=0.50,
        slant=0.12,
        disc=Disc(40, 15, (255, 250, 222), (255, 246, 206), 0.5),
    ),
    "golden hour": Light(
        sky=((0, (98, 104, 172)), (0.42, (226, 142, 142)), (0.75, (252, 184, 116)), (1, (255, 222, 152))),
        air=(252, 186, 128),
        haze=0.58,
        halo=(150, 104, 74),
        key=(1.10, 0.86, 0.62),
        ambient=(0.40, 0.28, 0.42),
        subject=(1.10, 0.96, 0.84),
        rim=(120, 84, 34),
        glow=0.55,
        shadow=0.55,
        slant=0.6,
        disc=Disc(116, 22, (255, 244, 196), (255, 196, 104), 1.0),
    ),
    "night": Light(
        sky=((0, (14, 18, 52)), (0.55, (30, 42, 94)), (1, (66, 84, 146))),
        air=(58, 76, 138),
        haze=0.50,
        key=(0.36, 0.43, 0.70),
        ambient=(0.12, 0.14, 0.32),
        subject=(0.88, 0.86, 0.98),
        rim=(76, 96, 146),
        glow=1.0,
        halo=(74, 96, 160),
        shadow=0.55,
        slant=0.2,
        disc=Disc(44, 15, (250, 246, 222), (150, 176, 240), 0.55),
        stars=16,
    ),
    "neon": Light(
        sky=((0, (18, 8, 46)), (0.5, (64, 18, 104)), (0.85, (176, 38, 150)), (1, (250, 86, 178))),
        air=(150, 34, 150),
        haze=0.52,
        key=(0.46, 0.30, 0.62),
        ambient=(0.16, 0.06, 0.30),
        subject=(0.88, 0.84, 0.94),
        rim=(30, 150, 160),
        glow=1.15,
        halo=(150, 44, 150),
        shadow=0.5,
        sides=((255, 30, 170), (20, 225, 255)),
        turn=0.22,
    ),
    "fog": Light(
        sky=((0, (188, 198, 206)), (0.6, (206, 213, 217)), (1, (218, 223, 225))),
        air=(213, 219, 222),
        haze=0.96,
        key=(0.90, 0.92, 0.94),
        ambient=(0.50, 0.53, 0.58),
        subject=(0.94, 0.95, 0.96),
        rim=(12, 12, 12),
        glow=0.35,
        shadow=0.26,
        veil=0.26,
    ),
    "studio": Light(
        sky=((0, (226, 224, 222)), (0.6, (246, 244, 241)), (1, (252, 250, 247))),
        air=(246, 244, 241),
        haze=0.62,
        key=(1.04, 1.03, 1.02),
        ambient=(0.60, 0.60, 0.62),
        subject=(1.06, 1.05, 1.04),
        rim=(86, 86, 86),
        glow=0.25,
        halo=(150, 148, 146),
        shadow=0.42,
        pool=0.52,
        mute=0.80,
    ),
    "dramatic": Light(
        sky=((0, (16, 18, 24)), (0.5, (44, 48, 58)), (0.85, (92, 94, 100)), (1, (150, 142, 128))),
        air=(70, 72, 80),
        haze=0.55,
        key=(0.84, 0.78, 0.68),
        ambient=(0.06, 0.07, 0.10),
        subject=(1.20, 1.12, 1.0),
        rim=(16, 18, 24),
        glow=0.6,
        halo=(96, 92, 88),
        shadow=0.85,
        slant=1.0,
        turn=0.9,
        pool=0.12,
        beam=(255, 232, 188),
        mute=0.35,
        contrast=1.5,
    ),
}
