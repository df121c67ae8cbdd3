"""Networks that answer with numbers: NaN and infinity are caught where they arise, named, and tried once more.

In half precision a layer can overflow; the picture would come out black, long after the cause. Here every answer is
checked, and rows of a batch that are not finite are asked again of a float32 copy of that network alone. The network
itself is left as it is, so that the next picture is the same as it would have been without this one.

Read next: `stable_diffusion.py`.
"""

import copy
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from safelight.errors import NumericalError

__all__ = ["Finite"]

Net = TypeVar("Net", bound=nn.Module)


class Finite(Generic[Net]):
    """A network whose answers are finite, or a NumericalError that says which network failed.

    `name` is what the error calls it ("UNet"). The first rescue makes a float32 copy, which stays for the next one:
    a network that overflows once will overflow again.
    """

    def __init__(self, name: str, network: Net) -> None:
        self.name = name
        self.network = network
        self._spare: Net | None = None

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return next(self.network.parameters()).dtype

    def ask(self, run: Callable[..., Tensor], *inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return `run(network, *inputs)`, float32 and where the first input is, and which rows were rescued (B,) bool.

        All inputs and the answer are (B, ...), and `run` must treat the rows of a batch apart from each other. Rows of
        the answer that are not finite are computed again in float32. Raises NumericalError where they still are not,
        or where the network is float32 already.
        """
        answer = self._run(self.network, run, inputs)
        rescued = lost = _lost(answer)
        if lost.any() and self.dtype != torch.float32:
            if self._spare is None:
                self._spare = copy.deepcopy(self.network).float()
            answer[lost] = self._run(self._spare, run, tuple(x[lost] for x in inputs))
            lost = _lost(answer)
        if lost.any():
            raise NumericalError(
                f"the {self.name} answered with NaN or infinity, in float32 too: its weights, or what it was given, "
                f"cannot be right. `safelight models check` examines the weights."
            )
        return answer, rescued

    def _run(self, network: Net, run: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> Tensor:
        weight = next(network.parameters())
        # Token ids are no floats, and time steps (B,) stay exact: 981 would be 980 in bfloat16.
        moved = (x.to(weight if x.is_floating_point() and x.ndim > 1 else weight.device) for x in inputs)
        return run(network, *moved).to(inputs[0].device, torch.float32)


def _lost(answer: Tensor) -> Tensor:
    """Rows (B,) that hold NaN or infinity."""
    return ~answer.flatten(1).isfinite().all(dim=1)
