"""The table of names: complete, one to one, and the names that diffusers, transformers and CompVis really use."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from references import AutoencoderKL, CLIPTextConfig, CLIPTextModel, UNet2DConditionModel
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.models.vae import Autoencoder, AutoencoderConfig
from safelight.weights.keys import ignored, spellings, text_names, unet_names, vae_names

PARTS = {
    "text": (text_names, TextConfig, TextEncoder),
    "unet": (unet_names, UNetConfig, UNet),
    "vae": (vae_names, AutoencoderConfig, Autoencoder),
}


def shapes(network):
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def on_meta(make):
    with torch.device("meta"):
        return make()


@pytest.mark.parametrize(("part", "count"), [("unet", 686), ("vae", 248), ("text", 196)])
def test_v1_has_1130_names_and_each_vocabulary_has_each_once(part, count):
    names, config, _ = PARTS[part]
    table = names(config())
    assert len(table) == count
    for column in ("ours", "compvis", "diffusers"):
        assert len({getattr(name, column) for name in table}) == count


@pytest.mark.parametrize("part", PARTS)
def test_our_names_are_exactly_those_of_our_modules(part):
    names, config, network = PARTS[part]
    assert {name.ours for name in names(config())} == set(on_meta(lambda: network(config())).state_dict())


def test_diffusers_unet_of_v1_has_exactly_our_names_and_shapes():
    theirs = shapes(on_meta(lambda: UNet2DConditionModel(cross_attention_dim=768)))
    ours = shapes(on_meta(lambda: UNet(UNetConfig())))
    assert {name.diffusers: ours[name.ours] for name in unet_names(UNetConfig())} == theirs


def test_diffusers_autoencoder_of_v1_has_exactly_our_names_and_shapes():
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    theirs = shapes(
        on_meta(lambda: AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, **blocks))
    )
    ours = shapes(on_meta(lambda: Autoencoder(AutoencoderConfig())))
    assert {name.diffusers: ours[name.ours] for name in vae_names(AutoencoderConfig())} == theirs


def test_transformers_text_encoder_of_v1_has_exactly_our_names_and_shapes():
    sizes = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
    theirs = shapes(on_meta(lambda: CLIPTextModel(CLIPTextConfig(num_hidden_layers=12, **sizes))))
    ours = shapes(on_meta(lambda: TextEncoder(TextConfig())))
    table = text_names(TextConfig())
    spelt = {next(s for s in spellings(name, "text", "diffusers") if s in theirs): ours[name.ours] for name in table}
    assert spelt == theirs


# Written out by hand from CompVis' modules: one of each kind of place, and the places where counting goes wrong.
COMPVIS = {
    "unet": {
        "time.1.bias": "model.diffusion_model.time_embed.2.bias",
        "conv_in.weight": "model.diffusion_model.input_blocks.0.0.weight",
        "down.0.res.0.time.weight": "model.diffusion_model.input_blocks.1.0.emb_layers.1.weight",
        "down.0.downsample.weight": "model.diffusion_model.input_blocks.3.0.op.weight",
        "down.1.res.0.skip.weight": "model.diffusion_model.input_blocks.4.0.skip_connection.weight",
        "down.1.attn.0.block.cross.k.weight": (
            "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
        ),
        "down.3.res.1.conv2.bias": "model.diffusion_model.input_blocks.11.0.out_layers.3.bias",
        "mid.res.1.norm1.weight": "model.diffusion_model.middle_block.2.in_layers.0.weight",
        "mid.attn.proj_out.weight": "model.diffusion_model.middle_block.1.proj_out.weight",
        "up.0.upsample.weight": "model.diffusion_model.output_blocks.2.1.conv.weight",
        "up.1.upsample.weight": "model.diffusion_model.output_blocks.5.2.conv.weight",
        "up.3.attn.2.block.ff.up.bias": (
            "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.ff.net.0.proj.bias"
        ),
        "up.3.res.2.skip.weight": "model.diffusion_model.output_blocks.11.0.skip_connection.weight",
        "norm_out.weight": "model.diffusion_model.out.0.weight",
        "conv_out.bias": "model.diffusion_model.out.2.bias",
    },
    "vae": {
        "quant.weight": "first_stage_model.quant_conv.weight",
        "encoder.down.0.downsample.weight": "first_stage_model.encoder.down.0.downsample.conv.weight",
        "encoder.down.1.res.0.skip.weight": "first_stage_model.encoder.down.1.block.0.nin_shortcut.weight",
        "encoder.mid.attn.out.weight": "first_stage_model.encoder.mid.attn_1.proj_out.weight",
        "decoder.mid.res.1.norm2.weight": "first_stage_model.decoder.mid.block_2.norm2.weight",
        "decoder.up.0.res.2.conv1.weight": "first_stage_model.decoder.up.3.block.2.conv1.weight",
        "decoder.up.0.upsample.bias": "first_stage_model.decoder.up.3.upsample.conv.bias",
        "decoder.up.3.res.0.skip.weight": "first_stage_model.decoder.up.0.block.0.nin_shortcut.weight",
    },
    "text": {
        "tokens.weight": "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight",
        "layers.11.mlp.up.bias": "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc1.bias",
        "norm.bias": "cond_stage_model.transformer.text_model.final_layer_norm.bias",
    },
}


@pytest.mark.parametrize("part", PARTS)
def test_compvis_names_are_those_of_its_published_checkpoints(part):
    names, config, _ = PARTS[part]
    table = {name.ours: name.compvis for name in names(config())}
    assert COMPVIS[part].items() <= table.items()


@settings(max_examples=12)
@given(
    channels=st.lists(st.sampled_from([32, 64, 96]), min_size=1, max_size=4),
    blocks=st.integers(1, 3),
    data=st.data(),
)
def test_the_table_is_a_bijection_for_any_unet(channels, blocks, data):
    attention = data.draw(st.lists(st.booleans(), min_size=len(channels), max_size=len(channels)))
    config = UNetConfig(channels=tuple(channels), blocks=blocks, attention=tuple(attention), heads=1, context=8)
    table = unet_names(config)
    ours, theirs = {name.ours for name in table}, {name.compvis for name in table}
    assert len(ours) == len(theirs) == len({name.diffusers for name in table}) == len(table)
    assert ours == set(on_meta(lambda: UNet(config)).state_dict())
    blocks_down = ["CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention]
    blocks_up = ["CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)]
    reference = on_meta(
        lambda: UNet2DConditionModel(
            block_out_channels=tuple(channels),
            layers_per_block=blocks,
            down_block_types=tuple(blocks_down),
            up_block_types=tuple(blocks_up),
            cross_attention_dim=8,
            attention_head_dim=1,
        )
    )
    assert {name.diffusers for name in table} == set(reference.state_dict())


@settings(max_examples=12)
@given(channels=st.lists(st.sampled_from([32, 64]), min_size=1, max_size=4), blocks=st.integers(1, 3))
def test_the_table_is_a_bijection_for_any_autoencoder(channels, blocks):
    config = AutoencoderConfig(channels=tuple(channels), blocks=blocks)
    table = vae_names(config)
    assert {name.ours for name in table} == set(on_meta(lambda: Autoencoder(config)).state_dict())
    assert len({name.compvis for name in table}) == len({name.diffusers for name in table}) == len(table)


def test_only_the_matrices_of_the_autoencoders_attention_are_convolutions_elsewhere():
    pointwise = [name for name in vae_names(AutoencoderConfig()) if name.pointwise]
    assert len(pointwise) == 8
    assert all(".mid.attn." in name.ours and name.ours.endswith(".weight") for name in pointwise)
    assert not any(name.pointwise for name in unet_names(UNetConfig()) + text_names(TextConfig()))


def test_old_autoencoders_spell_their_attention_otherwise():
    table = {name.ours: spellings(name, "vae", "diffusers") for name in vae_names(AutoencoderConfig())}
    root = "encoder.mid_block.attentions.0."
    assert table["encoder.mid.attn.q.weight"] == (f"{root}to_q.weight", f"{root}query.weight")
    assert table["encoder.mid.attn.k.bias"] == (f"{root}to_k.bias", f"{root}key.bias")
    assert table["encoder.mid.attn.v.weight"] == (f"{root}to_v.weight", f"{root}value.weight")
    assert table["encoder.mid.attn.out.weight"] == (f"{root}to_out.0.weight", f"{root}proj_attn.weight")


@pytest.mark.parametrize(
    "key",
    [
        "betas",
        "alphas_cumprod_prev",
        "scale_factor",
        "model_ema.diffusion_modelinput_blocks00weight",
        "first_stage_model.loss.logvar",
        "cond_stage_model.transformer.text_model.embeddings.position_ids",
        "text_model.embeddings.position_ids",
        "embeddings.position_ids",
    ],
)
def test_what_is_no_weight_is_known_and_left_alone(key):
    assert ignored(key)


@pytest.mark.parametrize("part", PARTS)
def test_no_weight_is_ever_left_alone(part):
    names, config, _ = PARTS[part]
    for name in names(config()):
        for dialect in ("compvis", "diffusers"):
            assert not any(map(ignored, spellings(name, part, dialect)))


@pytest.mark.parametrize("key", ["betas2", "model.diffusion_model.betas", "unet.position_ids", "lora_up.weight", ""])
def test_what_is_unknown_is_not_left_alone(key):
    assert ignored(key) is None
