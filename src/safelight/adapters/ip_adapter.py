"""IP-Adapter: a picture as part of the prompt, through a second cross-attention beside the one to the words.

    attention(q, k, v) + scale * attention(q, W_k c, W_v c),    c = norm(project(embedding of the picture)), 4 tokens

Ye et al. 2023, arXiv 2308.06721, sections 3.2.1 and 3.2.2. Read are `ip-adapter_sd15.safetensors`, its `.bin`, and
files of the same form (`light`, `vit-G`); the Plus, full-face and FaceID ones look at pictures in other ways, and are
refused by name. Without a picture, for guidance, the embedding is zero; its tokens are not.

Shapes: B batch, T tokens (4), D width of the context, P of CLIP's embedding, h heads, d width of a head.
Read next: `models/attention.py`, whose tap it uses, and `models/vision.py`, whose embedding it takes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from safelight.adapters.tensors import read_tensors
from safelight.errors import WeightsError
from safelight.models.attention import Attend, Attention, Site, attend, edit_attention
from safelight.models.unet import UNet
from safelight.models.vision import MEAN, SPREAD

__all__ = ["IPAdapter", "ImagePrompt", "image_prompt", "look", "prepare", "read"]

TOKENS = 4
PAIR = re.compile(r"ip_adapter\.(\d{1,4})\.to_([kv])_ip\.weight")
PROJECTION = ("proj.weight", "proj.bias", "norm.weight", "norm.bias")
OTHERS = {
    "image_proj.perceiver_resampler.": "an IP-Adapter FaceID Plus",
    "image_proj.latents": "an IP-Adapter Plus",
    "image_proj.proj.3.": "a full-face IP-Adapter",
    "image_proj.proj.2.": "an IP-Adapter FaceID",
}
ORDER = ("down", "up", "mid")  # in which diffusers lists the parts of a UNet, and the files count attention


@dataclass(frozen=True, eq=False)
class IPAdapter:
    """What a file holds.

    Attributes:
        name: of the file, for messages.
        weight: of the projection, (T D, P).
        bias: of the projection, (T D,).
        norm: weight and bias (D,) of the layer norm over each token.
        maps: W_k and W_v, (width, D) each, for every cross-attention in the file's order.
    """

    name: str
    weight: Tensor
    bias: Tensor
    norm: tuple[Tensor, Tensor]
    maps: tuple[tuple[Tensor, Tensor], ...]

    def tokens(self, embedding: Tensor) -> Tensor:
        """CLIP's embedding of pictures, (B, P) and not normalised -> (B, T, D)."""
        tokens = F.linear(embedding.to(self.weight), self.weight, self.bias).unflatten(1, (TOKENS, -1))
        return F.layer_norm(tokens, tokens.shape[-1:], *self.norm)


@dataclass(frozen=True, eq=False)
class ImagePrompt:
    """One picture, ready for a UNet: keys and values of both its absence and itself, at each site by name.

    `sites` maps a name to (k, v), each (2, h, T, d): row 0 without the picture, row 1 with it.
    """

    sites: Mapping[str, tuple[Tensor, Tensor]]
    scale: float = 1.0


def prepare(picture: Image.Image, size: int = 224) -> Tensor:
    """Bring a picture to what CLIP looks at: shorter side resized, middle cut out, normed: (1, 3, size, size)."""
    picture = picture.convert("RGB")
    short = min(picture.size)
    sides = tuple(max(size, int(size * side / short)) for side in picture.size)
    resized = np.asarray(picture.resize((sides[0], sides[1]), Image.Resampling.BICUBIC), np.float32) / 255
    left, top = (sides[0] - size) // 2, (sides[1] - size) // 2
    cut = (resized[top : top + size, left : left + size] - np.array(MEAN, np.float32)) / np.array(SPREAD, np.float32)
    return torch.from_numpy(np.ascontiguousarray(cut.transpose(2, 0, 1)))[None]


def read(path: str | Path, unet: UNet) -> IPAdapter:
    """Read an IP-Adapter for this UNet, `.safetensors` or `.bin`; nothing in it is run.

    Its tensors are brought to the UNet's dtype and device.

    Raises:
        WeightsError: in one line, where it cannot be read, is none, is of another kind, or does not fit.
    """
    path = Path(path)
    tensors = read_tensors(path)[0]
    kind = next((kind for word, kind in OTHERS.items() if any(name.startswith(word) for name in tensors)), None)
    if kind or not any(PAIR.fullmatch(name) for name in tensors):
        some = ", ".join(sorted(tensors)[:2])[:100]
        raise WeightsError(
            f"{path} is {kind or f'no IP-Adapter (it holds {some})'}; get one like ip-adapter_sd15.safetensors"
        )
    places = cross_sites(unet)
    wanted = shapes(tensors, [attention for _, attention in places], unet.config.context)
    check(path, tensors, wanted)
    like = unet.conv_in.weight
    weight, bias, *norm = (tensors[f"image_proj.{name}"].to(like) for name in PROJECTION)
    numbers = range(1, 2 * len(places), 2)
    maps = tuple(
        (tensors[f"ip_adapter.{i}.to_k_ip.weight"].to(like), tensors[f"ip_adapter.{i}.to_v_ip.weight"].to(like))
        for i in numbers
    )
    return IPAdapter(path.name, weight, bias, (norm[0], norm[1]), maps)


def image_prompt(adapter: IPAdapter, unet: UNet, embedding: Tensor, scale: float = 1.0) -> ImagePrompt:
    """Work out keys and values for a picture's embedding (1, P), once for all steps."""
    if embedding.shape != (1, adapter.weight.shape[1]):
        raise WeightsError(
            f"{adapter.name} wants embeddings of width {adapter.weight.shape[1]}, but the image tower gives "
            f"{embedding.shape[-1]}; use the image tower that it was trained with"
        )
    with torch.no_grad():
        tokens = adapter.tokens(torch.cat([torch.zeros_like(embedding), embedding]))
        sites = {
            site.name: (attention.split(F.linear(tokens, k)), attention.split(F.linear(tokens, v)))
            for (site, attention), (k, v) in zip(cross_sites(unet), adapter.maps, strict=True)
        }
    return ImagePrompt(sites, scale)


@contextmanager
def look(unet: UNet, prompts: Sequence[ImagePrompt], rows: Sequence[bool]) -> Iterator[None]:
    """Within the block, a call of the UNet sees the pictures; several add up.

    `rows` says for each row of the batch whether it does: true for the prompt, false for the negative one, which sees
    what is there in place of a picture. As with `edit_attention`, open it around a single call.
    """
    prompts = [prompt for prompt in prompts if prompt.scale != 0]
    if not prompts:
        yield
        return
    picked = [int(row) for row in rows]

    def edit(site: Site, q: Tensor, k: Tensor, v: Tensor, words: Attend) -> Tensor:
        gathered = words(q, k, v)
        for prompt in prompts:
            keys, values = (tensor[picked] for tensor in prompt.sites[site.name])
            # Not through `words`: what else is there, such as heat maps of words, knows nothing of pictures.
            gathered = gathered + prompt.scale * attend(q, keys, values)
        return gathered

    with edit_attention(unet, edit, lambda site: site.kind == "cross"):
        yield


def cross_sites(unet: UNet) -> list[tuple[Site, Attention]]:
    """List a UNet's cross-attention in the order of the files: 1, 3, 5 ... there, as self-attention is counted too."""
    found = [(site, attention) for site, attention in unet.sites() if site.kind == "cross"]
    return sorted(found, key=lambda place: ORDER.index(place[0].name.split(".")[0]))  # stable within each part


def shapes(tensors: Mapping[str, Tensor], places: Sequence[Attention], context: int) -> dict[str, tuple[int, ...]]:
    """Say what a file for these places has to hold; only the width of the embedding is the file's to choose."""
    first = tensors.get("image_proj.proj.weight")
    width = first.shape[-1] if first is not None and first.ndim else 0
    sizes = ((TOKENS * context, width), (TOKENS * context,), (context,), (context,))
    wanted = {f"image_proj.{name}": size for name, size in zip(PROJECTION, sizes, strict=True)}
    for i, attention in enumerate(places):
        for kind in "kv":
            wanted[f"ip_adapter.{2 * i + 1}.to_{kind}_ip.weight"] = (attention.q.out_features, context)
    return wanted


def check(path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Hold a file against what is wanted, to the last tensor."""
    for name in (*wanted, *tensors):
        if name not in tensors:
            fault = f"{name} is missing"
        elif name not in wanted:
            fault = f"nothing here is called {name[:80]}"
        elif tuple(tensors[name].shape) != wanted[name] or not tensors[name].is_floating_point():
            fault = (
                f"{name} is {list(tensors[name].shape)} of {tensors[name].dtype}, not {list(wanted[name])} of floats"
            )
        else:
            continue
        raise WeightsError(f"{path} does not fit this model: {fault}; get an IP-Adapter for Stable Diffusion v1")
