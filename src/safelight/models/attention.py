"""Attention, the one piece that all the networks share, and the tap through which others change it.

    attend(q, k, v) = softmax(q kᵀ / sqrt(d)) v          Vaswani et al. 2017, arXiv 1706.03762, equation 1

Word heat maps, shared styles, image prompts, perturbed attention: each is one function given to `edit_attention`,
which calls it in place of `attend` for as long as a `with` block lasts.

Shapes: B batch, N queries, T keys, D width, h heads, d = D / h.
Read next: `text.py`, the smallest network made of it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Lock, get_ident
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Attend", "Attention", "EditAttention", "Site", "attend", "edit_attention", "in_the_middle", "itself"]


def attend(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    """Let each query gather values by similarity of keys: (B, h, N, d), (B, h, T, d), (B, h, T, d) -> (B, h, N, d).

    `causal` hides from each position the ones after it (then N must equal T).
    """
    if q.requires_grad and q.device.type == "cpu":
        # torch's fused kernel takes a third of a training step for its backward pass on a CPU; two products do not.
        scores = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
        if causal:
            future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        return scores.softmax(dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)


class Attention(nn.Module):
    """Multi-head attention of a sequence to itself, or to a `context` of another width.

    `bias` is that of q, k and v: CLIP has it, Stable Diffusion's UNet has not. The output projection always has one.
    """

    def __init__(self, width: int, heads: int, context: int | None = None, bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=bias)
        self.k = nn.Linear(context or width, width, bias=bias)
        self.v = nn.Linear(context or width, width, bias=bias)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor | None = None, causal: bool = False) -> Tensor:
        """(B, N, D) and, for cross-attention, (B, T, context) -> (B, N, D)."""
        q, k, v = self.project(x, context)
        return self.join(attend(q, k, v, causal))

    def project(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, h, N, d) of x, keys and values (B, h, T, d) of the context, or of x where there is none."""
        source = x if context is None else context
        return self.split(self.q(x)), self.split(self.k(source)), self.split(self.v(source))

    def join(self, gathered: Tensor) -> Tensor:
        """What the heads gathered, (B, h, N, d) -> (B, N, D)."""
        return self.out(gathered.transpose(1, 2).flatten(2))

    def split(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, h, N, d)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


@dataclass(frozen=True)
class Site:
    """A place in a network where attention happens.

    `name` is that of the module ("down.1.attn.0.block.cross"); `level` counts halvings, 0 the finest, and is that of
    the coarsest level in the middle; `index` counts the sites of one kind in the order in which a call passes them.
    """

    name: str
    kind: Literal["self", "cross"]
    level: int
    index: int


Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(q (B, h, N, d), k (B, h, T, d), v (B, h, T, d)) -> (B, h, N, d)"""
EditAttention = Callable[[Site, Tensor, Tensor, Tensor, Attend], Tensor]
"""(site, q, k, v, attend) -> (B, h, N, d); `attend` is what it replaces, and may be called any number of times"""


class HasSites(Protocol):
    """A network that can say where its attention happens, as the UNet does."""

    def sites(self) -> Iterable[tuple[Site, Attention]]:
        """Every place of attention, in the order in which a call passes them."""
        ...


@contextmanager
def edit_attention(
    network: HasSites, edit: EditAttention, where: Callable[[Site], bool] | None = None
) -> Iterator[None]:
    """Within the block, call `edit(site, q, k, v, attend)` for the attention at each site, or those that `where` picks.

    Of several nested edits the innermost block is asked first, and its `attend` is the block around it. The edit holds
    for calls made by the thread that opened the block, so one network may serve many threads; when the block is left,
    however it is left, nothing of it stays. A network without edits runs the code it always ran. Open the block around
    a single call of the network, not around the `yield` of a sampler. Raises ValueError where no site is picked.
    """
    picked = [(site, attention) for site, attention in network.sites() if where is None or where(site)]
    if not picked:
        raise ValueError("`where` picks no site of this network; network.sites() lists them all")
    entries = [(attention, _Entry(get_ident(), site, edit)) for site, attention in picked]
    with _LOCK:
        for attention, entry in entries:
            # An instance's own `forward` goes before its class's; without edits there is none to look for.
            edited = attention.__dict__.setdefault("forward", _Edited(attention))
            edited.entries = (*edited.entries, entry)
    try:
        yield
    finally:
        with _LOCK:
            for attention, entry in entries:
                edited = attention.__dict__["forward"]
                edited.entries = tuple(other for other in edited.entries if other is not entry)
                if not edited.entries:
                    del attention.__dict__["forward"]


def in_the_middle(site: Site) -> bool:
    """Pick the self-attention of the network's middle, where perturbed-attention guidance perturbs."""
    return site.name.startswith("mid.") and site.kind == "self"


def itself(site: Site, q: Tensor, k: Tensor, v: Tensor, attend: Attend) -> Tensor:
    """The edit in which each position sees only itself: its scores are the identity, what it gathers is its value.

    Perturbed-attention guidance asks for it in the middle (Ahn et al. 2024, arXiv 2403.17377, section 4.1).
    """
    return v


@dataclass(eq=False)
class _Entry:
    """One edit at one site, and the thread that it belongs to."""

    thread: int
    site: Site
    edit: EditAttention

    def around(self, kernel: Attend) -> Attend:
        return lambda q, k, v: self.edit(self.site, q, k, v, kernel)


class _Edited:
    """Stands in for `Attention.forward` while some thread has edits there."""

    def __init__(self, attention: Attention) -> None:
        self.attention = attention
        self.entries: tuple[_Entry, ...] = ()

    def __call__(self, x: Tensor, context: Tensor | None = None, causal: bool = False) -> Tensor:
        thread = get_ident()
        kernel: Attend = partial(attend, causal=causal)
        for entry in self.entries:
            if entry.thread == thread:
                kernel = entry.around(kernel)
        return self.attention.join(kernel(*self.attention.project(x, context)))


_LOCK = Lock()
