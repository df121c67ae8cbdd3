"""One table of names: every tensor of Stable Diffusion v1 as it is called here, by CompVis and by diffusers.

    down.1.attn.0.block.cross.k.weight
      = model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight      CompVis, one file for all
      = down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight                  diffusers, in its folder unet

The table is generated from the same small configs that size the networks, so it is right for every variant, and it is
read in both directions. A dialect is one column; what a dialect spells in more than one way is in `spellings`.
v1.4 has 686 + 248 + 196 = 1,130 names (UNet, autoencoder, text encoder).

Read next: `matching.py`, which holds a file against this table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig

__all__ = ["PARTS", "Dialect", "Name", "Part", "ignored", "spellings", "text_names", "unet_names", "vae_names"]

Part = Literal["text", "unet", "vae"]
Dialect = Literal["compvis", "diffusers"]
PARTS: tuple[Part, ...] = ("text", "unet", "vae")


@dataclass(frozen=True)
class Name:
    """One tensor in three vocabularies.

    `pointwise` marks the matrices of the autoencoder's attention: a linear map (out, in) here and in diffusers,
    a 1x1 convolution (out, in, 1, 1) in CompVis' files.
    """

    ours: str
    compvis: str
    diffusers: str
    pointwise: bool = False

    def theirs(self, dialect: Dialect) -> str:
        """Return the name in a file of that dialect."""
        return self.compvis if dialect == "compvis" else self.diffusers


# Each row: ours, CompVis, diffusers. A row has a weight and a bias unless it ends in "nobias".
RES = """
    norm1   in_layers.0   norm1
    conv1   in_layers.2   conv1
    time    emb_layers.1  time_emb_proj
    norm2   out_layers.0  norm2
    conv2   out_layers.3  conv2
"""
SKIP = "skip  skip_connection  conv_shortcut"
TRANSFORMER = """
    norm             norm                                   norm
    proj_in          proj_in                                proj_in
    block.norm1      transformer_blocks.0.norm1             transformer_blocks.0.norm1
    block.self.q     transformer_blocks.0.attn1.to_q        transformer_blocks.0.attn1.to_q      nobias
    block.self.k     transformer_blocks.0.attn1.to_k        transformer_blocks.0.attn1.to_k      nobias
    block.self.v     transformer_blocks.0.attn1.to_v        transformer_blocks.0.attn1.to_v      nobias
    block.self.out   transformer_blocks.0.attn1.to_out.0    transformer_blocks.0.attn1.to_out.0
    block.norm2      transformer_blocks.0.norm2             transformer_blocks.0.norm2
    block.cross.q    transformer_blocks.0.attn2.to_q        transformer_blocks.0.attn2.to_q      nobias
    block.cross.k    transformer_blocks.0.attn2.to_k        transformer_blocks.0.attn2.to_k      nobias
    block.cross.v    transformer_blocks.0.attn2.to_v        transformer_blocks.0.attn2.to_v      nobias
    block.cross.out  transformer_blocks.0.attn2.to_out.0    transformer_blocks.0.attn2.to_out.0
    block.norm3      transformer_blocks.0.norm3             transformer_blocks.0.norm3
    block.ff.up      transformer_blocks.0.ff.net.0.proj     transformer_blocks.0.ff.net.0.proj
    block.ff.down    transformer_blocks.0.ff.net.2          transformer_blocks.0.ff.net.2
    proj_out         proj_out                               proj_out
"""
UNET_ENDS = """
    time.0    time_embed.0      time_embedding.linear_1
    time.1    time_embed.2      time_embedding.linear_2
    conv_in   input_blocks.0.0  conv_in
    norm_out  out.0             conv_norm_out
    conv_out  out.2             conv_out
"""
VAE_RES = """
    norm1  norm1  norm1
    conv1  conv1  conv1
    norm2  norm2  norm2
    conv2  conv2  conv2
"""
VAE_SKIP = "skip  nin_shortcut  conv_shortcut"
VAE_ATTENTION = """
    q    q         to_q
    k    k         to_k
    v    v         to_v
    out  proj_out  to_out.0
"""
VAE_ENDS = """
    conv_in   conv_in   conv_in
    norm_out  norm_out  conv_norm_out
    conv_out  conv_out  conv_out
"""
TEXT_LAYER = """
    norm1     layer_norm1         layer_norm1
    attn.q    self_attn.q_proj    self_attn.q_proj
    attn.k    self_attn.k_proj    self_attn.k_proj
    attn.v    self_attn.v_proj    self_attn.v_proj
    attn.out  self_attn.out_proj  self_attn.out_proj
    norm2     layer_norm2         layer_norm2
    mlp.up    mlp.fc1             mlp.fc1
    mlp.down  mlp.fc2             mlp.fc2
"""

Base = tuple[str, str, str]  # what stands before a row's names; each ends in a dot or is empty


def rows(base: Base, table: str, pointwise: bool = False) -> Iterator[Name]:
    """Write out a table: one name for each weight and each bias."""
    for line in table.strip().splitlines():
        ours, compvis, diffusers, *nobias = line.split()
        for kind in ("weight",) if nobias else ("weight", "bias"):
            yield Name(
                f"{base[0]}{ours}.{kind}",
                f"{base[1]}{compvis}.{kind}",
                f"{base[2]}{diffusers}.{kind}",
                pointwise and kind == "weight",
            )


def unet_names(config: UNetConfig) -> list[Name]:
    """Name every tensor of a UNet.

    CompVis counts the blocks of the way down in one row (with the halvings between them), and those of the way up in
    another, where a block holds its residual part, its transformer and its doubling as 0, 1, 2 without gaps.
    """
    root = "model.diffusion_model."
    names = list(rows(("", root, ""), UNET_ENDS))
    last = len(config.channels) - 1

    block, width = 1, config.channels[0]  # CompVis' block 0 is conv_in
    for level, channels in enumerate(config.channels):
        ours, theirs = f"down.{level}.", f"down_blocks.{level}."
        for j in range(config.blocks):
            skip = SKIP if channels != width else ""
            names += rows((f"{ours}res.{j}.", f"{root}input_blocks.{block}.0.", f"{theirs}resnets.{j}."), RES + skip)
            if config.attention[level]:
                base = (f"{ours}attn.{j}.", f"{root}input_blocks.{block}.1.", f"{theirs}attentions.{j}.")
                names += rows(base, TRANSFORMER)
            block, width = block + 1, channels
        if level < last:
            base = (ours, f"{root}input_blocks.{block}.0.", theirs)
            names += rows(base, "downsample  op  downsamplers.0.conv")
            block += 1

    for j in range(2):
        names += rows((f"mid.res.{j}.", f"{root}middle_block.{2 * j}.", f"mid_block.resnets.{j}."), RES)
    names += rows(("mid.attn.", f"{root}middle_block.1.", "mid_block.attentions.0."), TRANSFORMER)

    block = 0
    for level, attention in enumerate(reversed(config.attention)):
        ours, theirs = f"up.{level}.", f"up_blocks.{level}."
        for j in range(config.blocks + 1):
            base = (f"{ours}res.{j}.", f"{root}output_blocks.{block}.0.", f"{theirs}resnets.{j}.")
            names += rows(base, RES + SKIP)  # the kept result joins the channels, so there is always a skip
            if attention:
                base = (f"{ours}attn.{j}.", f"{root}output_blocks.{block}.1.", f"{theirs}attentions.{j}.")
                names += rows(base, TRANSFORMER)
            block += 1
        if level < last:
            base = (ours, f"{root}output_blocks.{block - 1}.{1 + attention}.", theirs)
            names += rows(base, "upsample  conv  upsamplers.0.conv")
    return names


def vae_names(config: AutoencoderConfig) -> list[Name]:
    """Name every tensor of an autoencoder. CompVis counts the decoder's levels from the fine end, we from the other."""
    root = "first_stage_model."
    names = list(rows(("", root, ""), "quant  quant_conv  quant_conv\n post_quant  post_quant_conv  post_quant_conv"))
    for half in ("encoder.", "decoder."):
        names += rows((half, root + half, half), VAE_ENDS)
        for j in range(2):
            base = (f"{half}mid.res.{j}.", f"{root}{half}mid.block_{j + 1}.", f"{half}mid_block.resnets.{j}.")
            names += rows(base, VAE_RES)
        base = (f"{half}mid.attn.", f"{root}{half}mid.attn_1.", f"{half}mid_block.attentions.0.")
        names += rows(base, "norm  norm  group_norm")
        names += rows(base, VAE_ATTENTION, pointwise=True)

    last, width = len(config.channels) - 1, config.channels[0]
    for level, channels in enumerate(config.channels):
        base = (f"encoder.down.{level}.", f"{root}encoder.down.{level}.", f"encoder.down_blocks.{level}.")
        for j in range(config.blocks):
            names += vae_block(base, j, channels != width)
            width = channels
        if level < last:
            names += rows(base, "downsample  downsample.conv  downsamplers.0.conv")

    for level, channels in enumerate(reversed(config.channels)):
        base = (f"decoder.up.{level}.", f"{root}decoder.up.{last - level}.", f"decoder.up_blocks.{level}.")
        for j in range(config.blocks + 1):
            names += vae_block(base, j, channels != width)
            width = channels
        if level < last:
            names += rows(base, "upsample  upsample.conv  upsamplers.0.conv")
    return names


def vae_block(base: Base, j: int, skip: bool) -> Iterator[Name]:
    """Name residual block `j` of one level of the autoencoder."""
    ours, compvis, diffusers = base
    return rows((f"{ours}res.{j}.", f"{compvis}block.{j}.", f"{diffusers}resnets.{j}."), VAE_RES + VAE_SKIP * skip)


def text_names(config: TextConfig) -> list[Name]:
    """Name every tensor of a text encoder."""
    compvis, diffusers = "cond_stage_model.transformer.text_model.", "text_model."
    names: list[Name] = []
    for ours, theirs in (("tokens", "embeddings.token_embedding"), ("positions", "embeddings.position_embedding")):
        names.append(Name(f"{ours}.weight", f"{compvis}{theirs}.weight", f"{diffusers}{theirs}.weight"))
    for i in range(config.layers):
        layer = (f"layers.{i}.", f"{compvis}encoder.layers.{i}.", f"{diffusers}encoder.layers.{i}.")
        names += rows(layer, TEXT_LAYER)
    names += rows(("", compvis, diffusers), "norm  final_layer_norm  final_layer_norm")
    return names


OLD_VAE = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}


def spellings(name: Name, part: Part, dialect: Dialect) -> tuple[str, ...]:
    """Return what files of that dialect may call this tensor, the usual spelling first.

    Autoencoders saved by diffusers before 0.15 name their attention query, key, value, proj_attn. Text encoders saved
    by transformers 5, and some that were converted, lack the word `text_model`.
    """
    usual = name.theirs(dialect)
    if part == "text":
        return usual, usual.replace("text_model.", "", 1)
    if part == "vae" and dialect == "diffusers":
        for new, old in OLD_VAE.items():
            if f".attentions.0.{new}." in usual:
                return usual, usual.replace(new, old)
    return (usual,)


# Not weights, or weights of something that pictures do not need: known, and left alone.
IGNORED_PREFIXES = {
    "model_ema.": "moving average, kept for training",
    "first_stage_model.model_ema.": "moving average, kept for training",
    "first_stage_model.loss.": "the autoencoder's training loss",
    "embedding_manager.": "textual inversion's training",
    "cond_stage_model.transformer.vision_model.": "CLIP's image tower",
    "cond_stage_model.transformer.visual_projection.": "CLIP's image tower",
}
IGNORED_ENDS = {
    "embeddings.position_ids": "the numbers 0 to 76",
    "text_projection.weight": "CLIP's projection, used only by its loss",
    "logit_scale": "CLIP's temperature, used only by its loss",
}
SCHEDULE = """
    betas alphas_cumprod alphas_cumprod_prev sqrt_alphas_cumprod sqrt_one_minus_alphas_cumprod
    log_one_minus_alphas_cumprod sqrt_recip_alphas_cumprod sqrt_recipm1_alphas_cumprod posterior_variance
    posterior_log_variance_clipped posterior_mean_coef1 posterior_mean_coef2 lvlb_weights logvar scale_factor
    ddim_sigmas ddim_alphas ddim_alphas_prev ddim_sqrt_one_minus_alphas
"""
TEXT_ROOTS = ("cond_stage_model.", "text_model.", "embeddings.")


def ignored(key: str) -> str | None:
    """Say why a tensor of that name may be in a file without being loaded; None when it may not."""
    if key in SCHEDULE.split():
        return "a table of the noise schedule, computed anew"
    for prefix, reason in IGNORED_PREFIXES.items():
        if key.startswith(prefix):
            return reason
    for end, reason in IGNORED_ENDS.items():
        if key == end or (key.endswith(f".{end}") and key.startswith(TEXT_ROOTS)):
            return reason
    return None
