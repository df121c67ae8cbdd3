"""Looking at pictures without a network: plain measures of pixels that should agree with what the judge says.

A judge could be fooled by faults that it shares with the generator; sums over pixels cannot be in the same way. Each
`Test` is one measure and the value from which it says yes. Measured on 640 renders at 256 and at 128 pixels:

    test           limit           says yes to           and to others   over
    blurry         sharpness < 9        100 % (13)            0 %        all
    low quality    blocks > 2           100 % (16)            0 %        all
    watermark      correlation > 0.09   100 % (13)            0 %        all
    pixel art      on a lattice > 0.4   100 % (45)            0 %        without a defect
    pencil sketch  saturation < 0.08     97 % (61)          8.5 %        without a defect (74 % and 0.4 % at 0.02)
    dark           luminance < 110       83 % (174)        11.6 %        night, neon, dramatic; no sketch, no defect
    golden hour    red / blue > 1.2      93 % (81)           23 %        no sketch, no defect
    cyberpunk      magenta, cyan > 0.4   77 % (60)           13 %        no sketch, no defect, no neon light

The first four settle a question by themselves; the last four only say whether many answers can be true together.
They are facts about pixels: an autoencoder that smooths everything makes every picture "blurry" here, however sure the
judge is of its content, and wipes out lattices and watermarks. So measure its round trips beside a generator's work.
The pictures are square, S a multiple of 128.

Letters: B pictures, H W pixels.  Next: read.py, what the judge says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np

from safelight.scenes.defects import DEFECTS
from safelight.scenes.media.screen import CELL
from safelight.scenes.render import COLOURS

__all__ = [
    "TESTS", "Test", "blocks", "distinct_colours", "lattice", "luminance", "magenta_cyan", "nearest_colour",
    "saturation", "sharpness", "warmth", "watermark",
]  # fmt: skip


def grey(pixels: np.ndarray) -> np.ndarray:
    """How bright each pixel looks, (B, H, W, 3) uint8 -> (B, H, W) float32 0..255: the weights of ITU-R BT.601."""
    return pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Mean brightness (B,), 0..255."""
    return grey(pixels).mean((1, 2))


def warmth(pixels: np.ndarray) -> np.ndarray:
    """Mean red over mean blue (B,): above 1 is warm."""
    red, blue = (pixels[..., c].astype(np.float32).mean((1, 2)) for c in (0, 2))
    return (red + 1) / (blue + 1)


def saturation(pixels: np.ndarray) -> np.ndarray:
    """How far the greatest channel is above the least, mean over pixels (B,), 0..1; a tint of the paper is taken off.

    The tint is the picture's mean colour: what a palette does to a whole sheet is no colour of the things on it.
    """
    x = pixels.astype(np.float32)
    mean = x.mean((1, 2), keepdims=True)
    x = x * (mean.mean(3, keepdims=True) + 1) / (mean + 1)
    return (x.max(3) - x.min(3)).mean((1, 2)) / 255


def distinct_colours(pixels: np.ndarray) -> np.ndarray:
    """How many colours of 32 levels a channel it takes to cover nine tenths of the picture (B,)."""
    key = pixels.astype(np.int32) >> 3
    key = (key[..., 0] << 10 | key[..., 1] << 5 | key[..., 2]).reshape(len(pixels), -1)
    found = []
    for one in key:
        counts = np.sort(np.bincount(one))[::-1].cumsum()
        found.append(int(np.searchsorted(counts, 0.9 * one.size)) + 1)
    return np.array(found, np.float32)


def lattice(pixels: np.ndarray, cell: float) -> np.ndarray:
    """How much of all change between neighbours lies on the lines of a square lattice (B,), 0..1.

    `cell` is the lattice's in 256ths of the picture; of all its positions the best counts. By chance it is
    1 / cell, in true square cells nearly 1.
    """
    size = pixels.shape[1]
    period = max(2, round(cell * size / 256))
    x = grey(pixels)
    across, along = np.abs(np.diff(x, axis=2)).mean(1), np.abs(np.diff(x, axis=1)).mean(2)
    return (_on_lines(across, period) + _on_lines(along, period)) / 2


def _on_lines(change: np.ndarray, period: int) -> np.ndarray:
    sums = np.stack([change[:, phase::period].sum(1) for phase in range(period)], 1)
    return sums.max(1) / (sums.sum(1) + 1e-6)


def blocks(pixels: np.ndarray) -> np.ndarray:
    """How much stronger the change is on the lines between blocks of 16 256ths than beside them (B,); 1 by chance.

    JPEG has blocks of 8 pixels; the world's defect saves at half size and enlarges.
    """
    size = pixels.shape[1]
    period = 16 * size // 256
    x = grey(pixels)
    found = []
    for change in (np.abs(np.diff(x, axis=2)).mean(1), np.abs(np.diff(x, axis=1)).mean(2)):
        lines = np.arange(period - 1, change.shape[1] - 1, period)
        found.append(change[:, lines].mean(1) / (change[:, np.concatenate([lines - 2, lines + 2])].mean(1) + 0.5))
    return np.sqrt(found[0] * found[1])


def sharpness(pixels: np.ndarray) -> np.ndarray:
    """Variance of the Laplacian of brightness at 128 pixels (B,)."""
    x = grey(pixels)
    k = max(1, x.shape[1] // 128)
    x = x[:, : x.shape[1] // k * k, : x.shape[2] // k * k]
    x = x.reshape(len(x), x.shape[1] // k, k, x.shape[2] // k, k).mean((2, 4))
    middle = x[:, 1:-1, 1:-1]
    return (x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4 * middle).var((1, 2))


def magenta_cyan(pixels: np.ndarray) -> np.ndarray:
    """The share of pixels (B,), 0..1, that are clearly magenta or cyan: blue strong, and just one of red and green."""
    r, g, b = (pixels[..., c].astype(np.float32) for c in range(3))
    clear = np.maximum(np.maximum(r, g), b) - np.minimum(np.minimum(r, g), b) > 40
    magenta = clear & (b > 1.25 * g) & (r > 1.15 * g) & (b > 0.6 * r)
    cyan = clear & (b > 1.3 * r) & (g > 1.2 * r) & (g > 0.6 * b)
    return (magenta | cyan).mean((1, 2))


@lru_cache(maxsize=4)
def _marks(size: int) -> np.ndarray:
    """What watermarks add to a grey sheet, (N, size * size): high-passed, each of unit length."""
    sheet = np.full((3, size, size), 128, np.float32)
    cover = np.stack([DEFECTS["watermark"](sheet, Random(k))[0] for k in range(48)])
    return _unit(_edges(cover))


def _edges(x: np.ndarray) -> np.ndarray:
    """Each pixel less the mean of the 9 x 9 round it, limited so that no contour outweighs a mark: (B, S, S)."""
    total = np.zeros_like(x)
    wide = np.pad(x, ((0, 0), (4, 4), (4, 4)), mode="edge")
    for dy in range(9):
        for dx in range(9):
            total += wide[:, dy : dy + x.shape[1], dx : dx + x.shape[2]]
    return np.clip(x - total / 81, -40, 40)


def _unit(x: np.ndarray) -> np.ndarray:
    flat = x.reshape(len(x), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6)


def watermark(pixels: np.ndarray) -> np.ndarray:
    """The best normalised cross-correlation with 48 watermarks (B,), -1..1, at 128 pixels; S is a multiple of 128."""
    x = grey(pixels)
    k = x.shape[1] // 128
    x = x.reshape(len(x), 128, k, 128, k).mean((2, 4))
    return (_unit(_edges(x)) @ _marks(128).T).max(1)


def lab(colours: np.ndarray) -> np.ndarray:
    """sRGB (..., 3) 0..255 as CIE Lab with white point D65, in which equal distances look about equal."""
    c = colours.astype(np.float64) / 255
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.0890])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def nearest_colour(pixels: np.ndarray, box: tuple[float, float, float, float]) -> str:
    """Which of the ten colours is nearest to most of the middle of a box; brightness counts for half.

    `pixels` (H, W, 3) uint8; `box` is x, y (its middle), w, h as fractions of the picture. Each pixel of the middle
    half votes. Light and shade move brightness far more than hue.
    """
    H, W = pixels.shape[:2]
    x, y, w, h = box
    rows = slice(max(0, round((y - h / 4) * H)), max(1, round((y + h / 4) * H)))
    columns = slice(max(0, round((x - w / 4) * W)), max(1, round((x + w / 4) * W)))
    patch = pixels[rows, columns].reshape(-1, 3)
    weight = np.array([0.5, 1.0, 1.0])
    known = lab(np.array(list(COLOURS.values()))) * weight
    apart = np.square((lab(patch) * weight)[:, None] - known).sum(-1)
    return list(COLOURS)[int(np.bincount(apart.argmin(1), minlength=len(known)).argmax())]


@dataclass(frozen=True)
class Test:
    """A measure of pictures (B, H, W, 3) -> (B,) and where it says yes: above `limit`, or below it."""

    measure: Callable[[np.ndarray], np.ndarray]
    limit: float
    above: bool = True

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return yes or no for each picture, (B,) bool."""
        value = self.measure(pixels)
        return value > self.limit if self.above else value < self.limit


TESTS: dict[str, Test] = {
    "blurry": Test(sharpness, 9.0, above=False),
    "low quality": Test(blocks, 2.0),
    "watermark": Test(watermark, 0.09),
    "pixel art": Test(lambda pixels: lattice(pixels, CELL), 0.4),
    "pencil sketch": Test(saturation, 0.08, above=False),
    "dark": Test(luminance, 110.0, above=False),
    "golden hour": Test(warmth, 1.2),
    "cyberpunk": Test(magenta_cyan, 0.4),
}
