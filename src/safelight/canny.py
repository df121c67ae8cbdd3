"""Edges of a picture, as white lines one pixel wide: the hint that many ControlNets were trained on.

    Sobel's gradient -> keep where it is the largest across the edge -> keep above `high`, and above `low` beside those

Canny 1986, "A computational approach to edge detection", IEEE PAMI 8(6). The paper smooths with a Gaussian first; the
pictures that ControlNets learned from were made by OpenCV's Canny, which does not, so that `blur` is 0 unless asked
for. The rest follows OpenCV to the pixel: the L1 size of the gradient, of the colour where it is largest, and the
direction in four sectors, by whole numbers.

Shapes: H, W height and width in pixels.
Read next: `adapters/controlnet.py`, which takes the result as a hint.
"""

import math

import numpy as np

__all__ = ["canny"]

TAN_22 = 13573  # tan(22.5 degrees) * 2^15


def canny(pixels: np.ndarray, low: float = 100, high: float = 200, blur: float = 0.0) -> np.ndarray:
    """Find edges: uint8 (H, W, 3) or (H, W) -> uint8 (H, W), 255 on edges and 0 elsewhere.

    Args:
        pixels: the picture.
        low: the size of a gradient, 0..2040, above which a pixel may continue an edge.
        high: the size above which it begins one; the two are exchanged where it is the smaller.
        blur: the standard deviation, in pixels, of the Gaussian that smooths the picture first; 0 for none.

    Raises:
        ValueError: pixels of another kind, or numbers below 0.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        raise ValueError(f"a picture is uint8 (height, width, 3), not {pixels.dtype} {pixels.shape}")
    if not (low >= 0 and high >= 0 and blur >= 0):
        raise ValueError(f"low {low}, high {high} and blur {blur} must be 0 or more")
    low, high = sorted((math.floor(low), math.floor(high)))
    dx, dy = gradient(smoothed(pixels.reshape(*pixels.shape[:2], -1), blur))
    size = np.abs(dx) + np.abs(dy)
    peak = peaks(dx, dy, size) & (size > low)
    return joined(peak, peak & (size > high)).astype(np.uint8) * np.uint8(255)


def smoothed(pixels: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (H, W, C) with a Gaussian that ends at three deviations, edges repeated; int32, rounded."""
    if sigma == 0:
        return pixels.astype(np.int32)
    reach = max(1, round(3 * sigma))
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    result = pixels.astype(np.float64)
    for axis in (0, 1):
        pad = [(0, 0)] * 3
        pad[axis] = (reach, reach)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(result, pad, mode="edge"), kernel.size, axis)
        result = windows @ kernel
    return np.rint(result).astype(np.int32)


def gradient(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel's derivatives of (H, W, C), edges repeated: two of (H, W), each pixel's from its steepest colour."""
    p = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = p[:, 2:] - p[:, :-2]
    down = p[2:] - p[:-2]
    dx = across[:-2] + 2 * across[1:-1] + across[2:]
    dy = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    steepest = (np.abs(dx) + np.abs(dy)).argmax(axis=2, keepdims=True)
    return np.take_along_axis(dx, steepest, 2)[..., 0], np.take_along_axis(dy, steepest, 2)[..., 0]


def peaks(dx: np.ndarray, dy: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Say where the gradient is larger than on both sides of the edge; of two equal ones, the earlier wins."""
    x, y = np.abs(dx).astype(np.int64), np.abs(dy).astype(np.int64) << 15
    near_22 = x * TAN_22
    near_67 = near_22 + (x << 16)  # tan 67.5 = tan 22.5 + 2
    p = np.pad(size, 1)
    height, width = size.shape

    def beside(rows: int, columns: int) -> np.ndarray:
        return p[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    flat = (size > beside(0, -1)) & (size >= beside(0, 1))
    steep = (size > beside(-1, 0)) & (size >= beside(1, 0))
    falling = (size > beside(-1, -1)) & (size > beside(1, 1))
    rising = (size > beside(-1, 1)) & (size > beside(1, -1))
    slanted = np.where((dx < 0) != (dy < 0), rising, falling)
    return np.where(y < near_22, flat, np.where(y > near_67, steep, slanted))


def joined(possible: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Grow the sure pixels through possible ones, corners included."""
    width = possible.shape[1] + 2
    open_ = np.pad(possible & ~sure, 1).ravel()
    found = np.pad(sure, 1).ravel()
    around = np.array([-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
    front = np.flatnonzero(found)
    while front.size:
        near = (front[:, None] + around).ravel()
        front = np.unique(near[open_[near]])
        open_[front] = False
        found[front] = True
    return found.reshape(-1, width)[1:-1, 1:-1]
