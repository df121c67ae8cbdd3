"""ControlNets compute what diffusers' do, on random weights, and files are read strictly."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from references import carry, relative_error, scatter, unets
from safelight.adapters.controlnet import Control, active, control, read, residuals
from safelight.adapters.controlnet_names import controlnet_names
from safelight.errors import WeightsError
from safelight.models.controlnet import ControlNet
from safelight.models.unet import Residuals, UNetConfig

CONFIG = UNetConfig(channels=(32, 64), attention=(True, False), blocks=2, heads=4, context=32, groups=8)
HINT = (8, 12, 16, 24)


@pytest.fixture(scope="module")
def theirs():
    from diffusers import ControlNetModel

    torch.manual_seed(3)
    network = ControlNetModel(
        block_out_channels=CONFIG.channels,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        layers_per_block=2,
        attention_head_dim=4,
        cross_attention_dim=32,
        norm_num_groups=8,
        conditioning_embedding_out_channels=HINT,
    ).eval()
    scatter(network)
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, 0, 0.2)  # the zero convolutions would hide everything
    return network.double()


@pytest.fixture(scope="module")
def ours(theirs):
    network = ControlNet(CONFIG, HINT)
    carry(theirs.state_dict(), network, controlnet_names(CONFIG))
    return network.requires_grad_(False)


@pytest.fixture(scope="module")
def asked():
    generator = torch.Generator().manual_seed(5)
    x, context = (torch.randn(*shape, generator=generator).double() for shape in ((2, 4, 8, 12), (2, 7, 32)))
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    return x, torch.tensor([17.0, 801.0]), context, pixels


def single(network):
    """The network as the authors' files hold it."""
    names = controlnet_names(CONFIG)
    return {name.compvis: network.state_dict()[name.ours].float().contiguous() for name in names}


def test_residuals_are_those_of_diffusers(ours, theirs, asked):
    x, t, context, pixels = asked
    picture = (torch.from_numpy(pixels).permute(2, 0, 1)[None].double() / 255).expand(2, -1, -1, -1)
    with torch.no_grad():
        kept, middle = theirs(x, t, context, picture, conditioning_scale=0.7, return_dict=False)
    found = residuals([control(ours, pixels, strength=0.7)], x, t, context, 0, 4)
    assert found is not None and len(found.kept) == len(kept)
    for mine, other in zip((*found.kept, found.middle), (*kept, middle), strict=True):
        # The time embedding's angles are float32 on both sides.
        assert relative_error(mine, other) < 1e-6


def test_a_unet_adds_residuals_as_diffusers_does(ours, asked):
    x, t, context, pixels = asked
    unet, reference = (network.double() for network in unets(CONFIG))
    more = residuals([control(ours, pixels)], x, t, context, 0, 1)
    assert more is not None
    with torch.no_grad():
        wanted = reference(
            x, t, context, down_block_additional_residuals=more.kept, mid_block_additional_residual=more.middle
        ).sample
        assert relative_error(unet(x, t, context, more), wanted) < 1e-6
        assert relative_error(unet(x, t, context), wanted) > 1e-3
        nothing = Residuals(tuple(torch.zeros_like(kept) for kept in more.kept), torch.zeros_like(more.middle))
        assert torch.equal(unet(x, t, context, nothing), unet(x, t, context))


def test_an_untrained_controlnet_changes_nothing():
    network = ControlNet(CONFIG, HINT)
    context = torch.randn(1, 3, 32)
    found = network(torch.randn(1, 4, 8, 8), torch.tensor([5.0]), context, torch.randn(1, 32, 8, 8))
    assert not any(tensor.any() for tensor in (*found.kept, found.middle))


def test_several_controls_add_up_and_those_that_are_off_are_not_asked(ours, asked):
    x, t, context, pixels = asked
    a, b = control(ours, pixels, 0.5), control(ours, 255 - pixels, 2.0, start=0.5)
    first, second = (residuals([one], x, t, context, 3, 4) for one in (a, b))
    both = residuals([a, b], x, t, context, 3, 4)
    assert first is not None and second is not None and both is not None
    assert torch.equal(both.middle, first.middle + second.middle)
    early = residuals([a, b], x, t, context, 0, 4)
    assert early is not None and torch.equal(early.middle, first.middle)
    assert residuals([b], x, t, context, 0, 4) is None


def test_start_and_end_are_fractions_of_the_steps_as_in_diffusers(ours):
    hint = torch.zeros(1, 32, 8, 8)
    for start, end in ((0, 1), (0.2, 0.7), (0.5, 0.5), (0, 0.05), (0.31, 1)):
        for steps in (1, 10, 20):
            on = [active(Control(ours, hint, 1, start, end), step, steps) for step in range(steps)]
            assert on == [not (i / steps < start or (i + 1) / steps > end) for i in range(steps)]
    assert not active(Control(ours, hint, 0), 0, 1)


def test_the_table_of_names_is_that_of_v1_with_340_tensors():
    with torch.device("meta"):
        network = ControlNet(UNetConfig())
    names = controlnet_names(UNetConfig())
    assert {name.ours for name in names} == set(network.state_dict()) and len(names) == 340
    assert sum(parameter.numel() for parameter in network.parameters()) == 361_279_120


def test_the_authors_names_become_diffusers_names_as_diffusers_itself_converts_them(theirs):
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    config = UNetConfig()
    names = [n for n in controlnet_names(config) if not n.ours.startswith("hint.convs.7")]
    converted = convert_controlnet_checkpoint({n.compvis: n.compvis for n in names}, {"layers_per_block": 2})
    pairs = {theirs: source for theirs, source in converted.items() if source is not None}
    wanted = {n.diffusers: n.compvis.removeprefix("control_model.") for n in names}
    # It keeps values, which are full names here; a name that it drops would be missing.
    assert {a: b.removeprefix("control_model.") for a, b in pairs.items()} == wanted


def test_every_kind_of_file_gives_the_same_network(theirs, ours, tmp_path):
    theirs.float().save_pretrained(tmp_path / "folder")
    theirs.double()
    whole = {"model.diffusion_model.out.0.weight": torch.ones(3)}
    save_file(single(ours), tmp_path / "bare.safetensors")
    save_file({k.removeprefix("control_model."): v for k, v in single(ours).items()}, tmp_path / "short.safetensors")
    torch.save({"state_dict": single(ours) | whole}, tmp_path / "whole.pth")
    for name in ("folder", "bare.safetensors", "short.safetensors", "whole.pth"):
        state = read(tmp_path / name, CONFIG).state_dict()
        assert all(torch.equal(value, ours.state_dict()[key].float()) for key, value in state.items()), name


def test_a_network_for_blue_first_pictures_is_turned_about(theirs, ours, tmp_path):
    theirs.float().save_pretrained(tmp_path)
    theirs.double()
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"rgb"', '"bgr"'))
    weight = read(tmp_path, CONFIG).state_dict()["hint.convs.0.weight"]
    assert torch.equal(weight, ours.state_dict()["hint.convs.0.weight"].float().flip(1))
    config.write_text(config.read_text().replace('"global_pool_conditions": false', '"global_pool_conditions": true'))
    with pytest.raises(WeightsError, match="global_pool_conditions"):
        read(tmp_path, CONFIG)


def test_files_that_do_not_fit_are_refused_in_one_line(ours, tmp_path):
    path = tmp_path / "file.safetensors"
    good = single(ours)
    bad = {
        "1 tensors missing": {k: v for k, v in good.items() if k != "control_model.zero_convs.2.0.bias"},
        "1 tensors misshapen": good | {"control_model.zero_convs.2.0.bias": torch.ones(7)},
        "1 tensors unknown": good | {"control_model.stranger": torch.ones(2)},
        "T2I-Adapter": {"body.0.block1.weight": torch.ones(2)},
        "no ControlNet": {"lora_unet": torch.ones(2)},
    }
    for message, tensors in bad.items():
        save_file(tensors, path)
        with pytest.raises(WeightsError, match=message) as caught:
            read(path, CONFIG)
        assert "\n" not in str(caught.value)
    save_file(good, path)
    with pytest.raises(WeightsError, match="misshapen"):
        read(path, UNetConfig(channels=(32, 64), attention=(True, False), heads=4, context=64, groups=8))
    with pytest.raises(WeightsError):
        read(tmp_path, CONFIG)


def test_hints_of_another_size_or_kind_are_refused(ours):
    with pytest.raises(ValueError, match="multiples of 8"):
        control(ours, np.zeros((60, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        control(ours, np.zeros((64, 64, 3)))
    with pytest.raises(ValueError, match="resize"):
        ours(torch.zeros(1, 4, 9, 8).double(), torch.zeros(1), torch.zeros(1, 2, 32).double(), torch.zeros(1, 32, 8, 8))


def test_a_controlnet_looks_only_at_the_latent_of_an_inpainting_model(ours, asked):
    _, t, context, pixels = asked
    x = torch.randn(2, 9, 8, 12).double()
    one = control(ours, pixels)
    a, b = (residuals([one], given, t, context, 0, 1) for given in (x, x[:, :4]))
    assert a is not None and b is not None and torch.equal(a.middle, b.middle)
