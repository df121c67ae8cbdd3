"""Settings of the process that trains: where, threads, small numbers, and memory that is kept.

Next: `loop`.
"""

import ctypes
import sys

import torch

from safelight.errors import TrainingError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # from glibc's malloc.h
GIGABYTE = 2**30


def settle(threads: int) -> None:
    """Use `threads` threads, flush denormal numbers to zero, and keep freed memory.

    A training step allocates and frees the same few hundred megabytes every time. glibc hands large blocks back to the
    kernel at once, which then has to clear the pages again: a tenth of a step, and half the time of every elementwise
    operation. Two busy processes with one thread each get further than one with two: threads that wait for each other
    at the end of every operation lose most of what they gain when anything else runs.
    """
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:  # musl has none
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, GIGABYTE)
            mallopt(M_TOP_PAD, GIGABYTE // 8)


def find_device(name: str) -> torch.device:
    """The device of that name: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", ...

    On a GPU products of float32 may be taken in TensorFloat-32, and convolutions search for their fastest kernel once
    per shape. Raises `TrainingError` where there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise TrainingError(f"device {name!r} is not there; use auto, cpu, or cuda where PyTorch finds a GPU") from None
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    return device
