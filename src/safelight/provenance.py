"""What produced a picture: everything outside its recipe that can change its last bits.

A recipe says which picture; on another machine, with another torch or another number type, the same recipe gives the
same picture to the eye and other last bits. A picture carries its provenance, so that `safelight verify` can say which
difference explains what it finds.
"""

import platform
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from safelight import __version__

if TYPE_CHECKING:
    import torch

__all__ = ["Provenance", "explain"]

_Name = Annotated[str, Field(max_length=200)]


class Provenance(BaseModel):
    """What produced a picture: everything outside the recipe that can change its last bits."""

    # A newer version may say more; what it says beyond this is passed over.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, protected_namespaces=())

    safelight: _Name
    torch: _Name
    python: _Name
    platform: _Name
    device: _Name
    """`cpu` with its instruction set, or `cuda` with the name of the GPU."""
    dtype: _Name
    attention: _Name
    threads: Annotated[int, Field(ge=1, le=2**20)]
    model_hash: _Name
    alone: bool = True
    """Whether the networks were asked for this picture alone; a call shared with neighbours may round differently."""
    rescued: Annotated[tuple[_Name, ...], Field(max_length=16, strict=False)] = ()  # JSON has no tuples
    """The networks that overflowed, and were asked again in float32."""

    @classmethod
    def here(
        cls,
        device: "torch.device | str",
        dtype: "torch.dtype | str",
        attention: str,
        model_hash: str,
        alone: bool = True,
        rescued: tuple[str, ...] = (),
    ) -> "Provenance":
        """Say what this process would produce pictures with."""
        import torch

        where = torch.device(device)
        if where.type == "cuda":
            detail = torch.cuda.get_device_name(where)
        else:
            detail = torch.backends.cpu.get_cpu_capability() if where.type == "cpu" else ""
        return cls(
            safelight=__version__,
            torch=str(torch.__version__),
            python=platform.python_version(),
            platform=f"{platform.system()} {platform.machine()}",
            device=f"{where.type} ({detail})" if detail else where.type,
            dtype=str(dtype).removeprefix("torch."),
            attention=attention,
            threads=torch.get_num_threads(),
            model_hash=model_hash,
            alone=alone,
            rescued=rescued,
        )


_WORDS = {
    "model_hash": "the weights",
    "safelight": "Safelight",
    "torch": "torch",
    "device": "the device",
    "dtype": "the number type",
    "rescued": "what overflowed and was computed again in float32",
    "alone": "whether the networks were asked for this picture alone",
    "attention": "the attention kernel",
    "threads": "the number of CPU threads",
    "platform": "the operating system",
    "python": "Python",
}


def explain(before: Provenance, now: Provenance) -> list[str]:
    """Name each difference between two environments, the likeliest cause of different pixels first."""
    then, today = before.model_dump(), now.model_dump()
    return [
        f"{words}: {_said(then[name])} then, {_said(today[name])} now"
        for name, words in _WORDS.items()
        if then[name] != today[name]
    ]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value)
