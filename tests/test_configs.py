"""diffusers' configs of networks: read into ours, written from ours, and refused where they ask for something else."""

import inspect
from pathlib import Path

import pytest

from model_files import TEXT, UNET, VAE
from safelight.diffusion.schedule import ScheduleConfig
from safelight.errors import WeightsError
from safelight.models.text import TextConfig
from safelight.models.unet import UNetConfig
from safelight.models.vae import AutoencoderConfig
from safelight.recipe import Defaults
from safelight.weights.configs import text_config, text_json, unet_config, unet_json, vae_config, vae_json
from safelight.weights.scheduler import sampling, schedule_config, scheduler_json

PARTS = {
    "unet": (unet_config, lambda: unet_json(UNET, 64)),
    "vae": (vae_config, lambda: vae_json(VAE, 512)),
    "text_encoder": (text_config, lambda: text_json(TEXT, 512, 513)),
}


@pytest.mark.parametrize("config", [UNET, UNetConfig(), UNetConfig(in_channels=9)])
def test_a_unet_config_comes_back(config):
    assert unet_config(unet_json(config, 64), Path("c.json")) == config


@pytest.mark.parametrize("config", [VAE, AutoencoderConfig()])
def test_an_autoencoder_config_comes_back(config):
    assert vae_config(vae_json(config, 512), Path("c.json")) == config


@pytest.mark.parametrize("config", [TEXT, TextConfig()])
def test_a_text_config_comes_back(config):
    assert text_config(text_json(config, 1, 2), Path("c.json")) == config


def test_the_number_of_heads_is_called_attention_head_dim_in_old_files_and_by_its_name_in_new_ones():
    old = unet_json(UNetConfig(), 64)
    assert unet_config(old | {"attention_head_dim": 4}, Path("c.json")).heads == 4
    assert unet_config(old | {"attention_head_dim": [8, 8, 8, 8]}, Path("c.json")).heads == 8
    assert unet_config(old | {"num_attention_heads": 16}, Path("c.json")).heads == 16
    assert unet_config(old | {"num_attention_heads": None}, Path("c.json")).heads == 8


def test_what_is_missing_is_what_diffusers_takes_it_to_be():
    from references import AutoencoderKL, UNet2DConditionModel

    assert unet_config({}, Path("c.json")) == UNetConfig(context=1280)
    theirs = inspect.signature(UNet2DConditionModel.__init__).parameters
    assert theirs["cross_attention_dim"].default == 1280
    assert theirs["block_out_channels"].default == UNetConfig().channels
    assert vae_config({}, Path("c.json")) == AutoencoderConfig(channels=(64,), blocks=1)
    assert AutoencoderKL().config.block_out_channels == (64,)


WRONG_CONFIGS = [
    ("unet", {"act_fn": "gelu"}, r'act_fn is "gelu".*only "silu"'),
    ("unet", {"attention_head_dim": [5, 10]}, r"attention_head_dim is \[5, 10\]"),
    ("unet", {"use_linear_projection": True}, "use_linear_projection is true"),
    ("unet", {"_class_name": "UNet2DModel"}, '_class_name is "UNet2DModel"'),
    ("unet", {"addition_embed_type": "text_time"}, 'addition_embed_type is "text_time"'),
    ("unet", {"a_setting_of_next_year": "on"}, 'a_setting_of_next_year is "on"'),
    ("unet", {"block_out_channels": [32, 65]}, "does not divide the width 65"),
    ("unet", {"block_out_channels": [32]}, "down_block_types"),
    ("unet", {"block_out_channels": [32, 10**9]}, "widths from 1 to 16384"),
    ("unet", {"layers_per_block": 10**9}, "layers_per_block is 1000000000"),
    ("unet", {"layers_per_block": True}, "layers_per_block is true"),
    ("unet", {"down_block_types": ["CrossAttnDownBlock2D", "AttnDownBlock2D"]}, "AttnDownBlock2D"),
    ("unet", {"up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"]}, "mirror image"),
    ("unet", {"norm_num_groups": 0}, "norm_num_groups is 0"),
    ("vae", {"act_fn": "relu"}, 'act_fn is "relu"'),
    ("vae", {"shift_factor": 0.1}, "shift_factor is 0.1"),
    ("vae", {"scaling_factor": 0}, "scaling_factor is 0"),
    ("vae", {"use_quant_conv": False}, "use_quant_conv is false"),
    ("text_encoder", {"hidden_act": "gelu"}, 'hidden_act is "gelu"'),
    ("text_encoder", {"num_hidden_layers": 10**9}, "num_hidden_layers"),
    ("text_encoder", {"num_attention_heads": 7}, "does not divide"),
    ("text_encoder", {"model_type": "t5"}, 'model_type is "t5"'),
]


@pytest.mark.parametrize(
    ("part", "change", "word"), WRONG_CONFIGS, ids=[f"{p} {next(iter(c))}" for p, c, _ in WRONG_CONFIGS]
)
def test_a_config_that_asks_for_what_is_not_here_is_refused_by_name_and_value(part, change, word):
    read, write = PARTS[part]
    with pytest.raises(WeightsError, match=word) as caught:
        read(write() | change, Path("model/config.json"))
    assert str(caught.value).startswith("model/config.json: ")
    assert len(str(caught.value).splitlines()) == 1


STRANGE = [
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    10**30,
    1e300,
    float("nan"),
    float("inf"),
    "",
    "x",
    [],
    [[]],
    [1, "x"],
    {},
    {"a": 1},
]
READERS = {
    **{part: (read, write) for part, (read, write) in PARTS.items()},
    "schedule": (schedule_config, lambda: scheduler_json(ScheduleConfig(), Defaults())),
    "sampling": (sampling, lambda: scheduler_json(ScheduleConfig(), Defaults(sampler="euler", schedule="karras"))),
}


@pytest.mark.parametrize("part", READERS)
def test_any_value_in_any_place_is_read_or_refused_in_one_line(part):
    read, write = READERS[part]
    for key in [*write(), "a_new_key", "num_attention_heads", "_class_name"]:
        for value in STRANGE:
            try:
                read(write() | {key: value}, Path("c.json"))
                said = "one line"
            except WeightsError as error:
                said = str(error)
            assert len(said.splitlines()) == 1
            assert len(said) < 400
