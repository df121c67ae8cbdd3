import json

import pytest
import torch
from diffusers.loaders.lora_conversion_utils import _convert_non_diffusers_lora_to_diffusers as to_diffusers
from safetensors.torch import load_file, save_file
from torch import nn

from references import TINY_TEXT, TINY_UNET, relative_error, texts, unets
from safelight.adapters.factors import Change
from safelight.adapters.lora import Lora, attach, merge, read, write
from safelight.adapters.lora_names import Layer, layers, split, written
from safelight.errors import WeightsError
from safelight.models.text import TextConfig, TextEncoder
from safelight.models.unet import UNet, UNetConfig
from safelight.weights.keys import text_names, unet_names

DOWN0 = "down_blocks.0.attentions.0.transformer_blocks.0."
QUERY, VALUE, CONV = f"{DOWN0}attn1.to_q", f"{DOWN0}attn1.to_v", "down_blocks.0.resnets.0.conv1"
HALVING, PROJECTION, FIRST = "down_blocks.0.downsamplers.0.conv", "down_blocks.0.attentions.0.proj_in", "conv_in"
PLACES = (QUERY, f"{DOWN0}attn2.to_k", f"{DOWN0}attn2.to_out.0", f"{DOWN0}ff.net.0.proj", CONV, HALVING, PROJECTION)
WORDS = "text_model.encoder.layers.1.self_attn.v_proj"


def kohya(stem, part="unet"):
    return f"lora_{part}_{stem.replace('.', '_')}"


def random(*shape, seed=0, spread=0.2):
    return spread * torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)))


def save(tmp_path, tensors, name="a.safetensors", metadata=None):
    save_file({key: tensor.clone().contiguous() for key, tensor in tensors.items()}, tmp_path / name, metadata)
    return tmp_path / name


@torch.no_grad()
def answer(network):
    generator = torch.Generator().manual_seed(3)
    if isinstance(network, TextEncoder):
        return network(torch.arange(10)[None])
    x, t = torch.randn(1, 4, 8, 8, generator=generator), torch.tensor([500.0])
    return network(x, t, torch.randn(1, 5, network.config.context, generator=generator))


def their_layer(theirs, stem):
    return theirs.get_submodule(stem)


def low(theirs, stem, rank=3, seed=0):
    """A random down and up for a layer of diffusers' network, and the product of the two by hand."""
    weight = their_layer(theirs, stem).weight
    if weight.ndim == 2:
        down, up = random(rank, weight.shape[1], seed=seed), random(weight.shape[0], rank, seed=seed + 1)
        return down, up, up @ down
    down, up = random(rank, *weight.shape[1:], seed=seed), random(weight.shape[0], rank, 1, 1, seed=seed + 1)
    delta = torch.zeros_like(weight.data)
    for r in range(rank):
        delta += up[:, r, 0, 0][:, None, None, None] * down[r][None]
    return down, up, delta


def with_delta(theirs, deltas):
    for stem, delta in deltas.items():
        layer = their_layer(theirs, stem)  # its weight is ours too: it is replaced, not changed
        layer.weight = nn.Parameter(layer.weight.detach() + delta.reshape(layer.weight.shape))
    return theirs


def their_answer(theirs, ours):
    generator = torch.Generator().manual_seed(3)
    x, t = torch.randn(1, 4, 8, 8, generator=generator), torch.tensor([500.0])
    with torch.no_grad():
        return theirs(x, t, torch.randn(1, 5, ours.config.context, generator=generator)).sample


@pytest.mark.parametrize("how", [attach, merge])
def test_lora_of_kohya_on_linear_maps_and_convolutions_is_the_definition_in_diffusers_network(tmp_path, how):
    ours, theirs = unets(TINY_UNET)
    bare, tensors, deltas = answer(ours), {}, {}
    for i, stem in enumerate(PLACES):
        down, up, delta = low(theirs, stem, seed=i)
        name = kohya(stem)
        tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.alpha": torch.tensor(1.5)}
        deltas[stem] = 0.7 * (1.5 / 3) * delta
    lora = read(save(tmp_path, tensors))
    wanted = their_answer(with_delta(theirs, deltas), ours)
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    with how(lora, ours, None, scale=0.7) as attached:
        assert str(attached.report) == "21 of 21 tensors applied, 0 unknown"
        assert relative_error(answer(ours), wanted) < 2e-5
        assert list(ours.state_dict()) == list(before)
    assert relative_error(bare, wanted) > 1e-3
    assert torch.equal(answer(ours), bare)
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())
    assert not any(module._forward_hooks for module in ours.modules())


def test_every_way_of_naming_the_same_change_gives_the_same_change(tmp_path):
    ours, theirs = unets(TINY_UNET)
    text = texts(TINY_TEXT)[0]
    down, up, _ = low(theirs, QUERY)
    spoken = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"
    processor = QUERY.replace(".to_q", ".processor.to_q_lora")
    ways = {
        "kohya": (f"{kohya(QUERY)}.lora_down.weight", f"{kohya(QUERY)}.lora_up.weight"),
        "CompVis": (f"{spoken}.lora_down.weight", f"{spoken}.lora_up.weight"),
        "PEFT": (f"unet.{QUERY}.lora_A.weight", f"unet.{QUERY}.lora_B.weight"),
        "PEFT alone": (f"base_model.model.{QUERY}.lora_A.weight", f"base_model.model.{QUERY}.lora_B.weight"),
        "processor": (f"unet.{processor}.down.weight", f"unet.{processor}.up.weight"),
        "older": (f"{processor}.down.weight", f"{processor}.up.weight"),
        "between": (f"unet.{QUERY}.lora.down.weight", f"unet.{QUERY}.lora.up.weight"),
    }
    answers = []
    for name, keys in ways.items():
        path = save(tmp_path, dict(zip(keys, (down, up), strict=True)), f"{name}.safetensors")
        with attach(read(path), ours, text):
            answers.append(answer(ours))
    assert all(torch.equal(found, answers[0]) for found in answers)
    assert not torch.equal(answers[0], answer(ours))


@pytest.mark.parametrize(
    "name",
    [
        f"lora_te_{WORDS.replace('.', '_')}.lora_down.weight",
        f"lora_te1_{WORDS.replace('.', '_')}.lora_down.weight",
        f"text_encoder.{WORDS}.lora_A.weight",
        f"text_encoder.{WORDS}.lora_linear_layer.down.weight",
        f"text_encoder.{WORDS.replace('v_proj', 'to_v_lora')}.down.weight",
    ],
)
def test_the_text_encoder_has_a_scale_of_its_own(tmp_path, name):
    ours, theirs = texts(TINY_TEXT)
    down, up = random(2, 32), random(32, 2)
    other = name.replace("down.", "up.").replace("lora_A", "lora_B")
    with attach(read(save(tmp_path, {name: down, other: up})), None, ours, scale=9.0, text_scale=0.5):
        found = answer(ours)
    parts = dict(theirs.named_modules())
    layer = parts[WORDS if WORDS in parts else WORDS.removeprefix("text_model.")]
    with torch.no_grad():
        bare = theirs(torch.arange(10)[None]).last_hidden_state
        layer.weight = nn.Parameter(layer.weight + 0.5 * up @ down)  # ours shares the old one
        wanted = theirs(torch.arange(10)[None]).last_hidden_state
    assert relative_error(found, wanted) < 2e-5
    assert relative_error(bare, wanted) > 1e-4


def reference_deltas():
    """(file's tensors, place, dW by its definition written out) for the other kinds of factors."""
    g = lambda *shape: random(*shape, seed=len(shape))  # noqa: E731
    cp = {"lora_down.weight": g(3, 32, 1, 1), "lora_up.weight": g(32, 3, 1, 1), "lora_mid.weight": g(3, 3, 3, 3)}
    yield (
        "LoCon with mid",
        CONV,
        cp,
        torch.einsum(
            "or,rskl,si->oikl",
            cp["lora_up.weight"][..., 0, 0],
            cp["lora_mid.weight"],
            cp["lora_down.weight"][..., 0, 0],
        ),
    )
    a, b, c, d = random(32, 4, seed=1), random(4, 32, seed=2), random(32, 4, seed=3), random(4, 32, seed=4)
    loha = {"hada_w1_a": a, "hada_w1_b": b, "hada_w2_a": c, "hada_w2_b": d}
    yield "LoHa", VALUE, loha, (a @ b) * (c @ d)
    b, d = random(4, 32 * 9, seed=2), random(4, 32 * 9, seed=4)
    flat = {"hada_w1_a": a, "hada_w1_b": b, "hada_w2_a": c, "hada_w2_b": d}
    yield "LoHa of a convolution", CONV, flat, ((a @ b) * (c @ d)).reshape(32, 32, 3, 3)
    w = {f"hada_w{i}_{x}": random(4, 32, seed=i + 5 * (x == "a")) for i in (1, 2) for x in "ab"}
    t = {f"hada_t{i}": random(4, 4, 3, 3, seed=i) for i in (1, 2)}
    halves = [torch.einsum("rskl,ro,si->oikl", t[f"hada_t{i}"], w[f"hada_w{i}_a"], w[f"hada_w{i}_b"]) for i in (1, 2)]
    yield "LoHa with t1 and t2", CONV, w | t, halves[0] * halves[1]
    w1, w2a, w2b = random(4, 8, seed=1), random(8, 2, seed=2), random(2, 4, seed=3)
    yield "LoKr", VALUE, {"lokr_w1": w1, "lokr_w2_a": w2a, "lokr_w2_b": w2b}, torch.kron(w1, w2a @ w2b)
    w1a, w1b, w2 = random(4, 2, seed=1), random(2, 8, seed=2), random(8, 4, 3, 3, seed=3)
    kernel = torch.stack([torch.kron(w1a @ w1b, w2[:, :, i, j]) for i in range(3) for j in range(3)], dim=-1)
    yield (
        "LoKr of a convolution",
        CONV,
        {"lokr_w1_a": w1a, "lokr_w1_b": w1b, "lokr_w2": w2},
        kernel.reshape(32, 32, 3, 3),
    )
    t2, w2a, w2b = random(2, 2, 3, 3, seed=1), random(2, 8, seed=2), random(2, 4, seed=3)
    core = torch.einsum("rskl,ro,si->oikl", t2, w2a, w2b)
    kernel = torch.stack([torch.kron(w1, core[:, :, i, j]) for i in range(3) for j in range(3)], dim=-1)
    with_t2 = {"lokr_w1": w1, "lokr_w2_a": w2a, "lokr_w2_b": w2b, "lokr_t2": t2}
    yield "LoKr with t2", CONV, with_t2, kernel.reshape(32, 32, 3, 3)
    yield "full", VALUE, {"diff": g(32, 32)}, g(32, 32)


KINDS = {name: rest for name, *rest in reference_deltas()}
UNDIVIDED = {"full"}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("naming", ["as it came", "kohya", "peft"])
def test_every_kind_is_its_definition_and_stays_it_through_a_file(tmp_path, name, naming):
    place, roles, delta = KINDS[name]
    ours, theirs = unets(TINY_UNET)
    rank = {"LoCon with mid": 3, "LoKr": 2, "LoKr of a convolution": 2, "LoKr with t2": 2}.get(name, 4)
    scale = 1.0 if name in UNDIVIDED else 2.0 / rank
    tensors = {f"{kohya(place)}.{role}": tensor for role, tensor in roles.items()}
    lora = read(save(tmp_path, tensors | {f"{kohya(place)}.alpha": torch.tensor(2.0)}))
    if naming != "as it came":
        write(lora, tmp_path / "b.safetensors", naming, TINY_UNET, TINY_TEXT)
        lora = read(tmp_path / "b.safetensors")
    wanted = their_answer(with_delta(theirs, {place: 9 * scale * delta}), ours)
    bare = answer(ours)
    for how in (attach, merge):
        with how(lora, ours, None, 9):
            assert relative_error(answer(ours), wanted) < 2e-5
    assert torch.equal(answer(ours), bare)
    assert relative_error(bare, wanted) > 1e-4


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("stem", [QUERY, FIRST])
@pytest.mark.parametrize("naming", ["kohya", "peft"])
def test_dora_turns_the_weight_and_sets_its_length(tmp_path, stem, axis, naming):
    ours, theirs = unets(TINY_UNET)
    down, up, delta = low(theirs, stem)
    weight = their_layer(theirs, stem).weight.detach()
    shape = [1] * weight.ndim
    shape[axis] = weight.shape[axis]
    magnitude = random(*shape).abs() + 1
    name = kohya(stem)
    tensors = {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up, f"{name}.dora_scale": magnitude}
    write(read(save(tmp_path, tensors)), tmp_path / "b.safetensors", naming, TINY_UNET, TINY_TEXT)
    lora = read(tmp_path / "b.safetensors")
    turned = weight + delta
    lengths = (turned**2).sum([d for d in range(weight.ndim) if d != axis], keepdim=True).sqrt()
    wanted = their_answer(with_delta(theirs, {stem: 0.6 * (magnitude * turned / lengths - weight)}), ours)
    for how in (attach, merge):
        with how(lora, ours, None, 0.6):
            assert relative_error(answer(ours), wanted) < 2e-5


def two_loras(tmp_path):
    theirs = unets(TINY_UNET)[1]
    for i in range(2):
        down, up, _ = low(theirs, QUERY, seed=7 * i + 1)
        yield read(save(tmp_path, {f"unet.{QUERY}.lora_A.weight": down, f"unet.{QUERY}.lora_B.weight": up}, f"{i}.st"))


def test_several_add_up_and_come_off_in_any_order(tmp_path):
    ours, theirs = unets(TINY_UNET)
    one, two = two_loras(tmp_path)
    bare = answer(ours)
    delta = sum(next(iter(lora.changes.values())).factors.product() for lora in (one, two))
    wanted = their_answer(with_delta(theirs, {QUERY: delta}), ours)
    for first, second in ((attach, attach), (merge, merge), (merge, attach), (attach, merge)):
        a = first(one, ours, None)
        alone = answer(ours)
        b = second(two, ours, None)
        assert relative_error(answer(ours), wanted) < 2e-5
        b.detach()
        assert torch.equal(answer(ours), alone)
        b = second(two, ours, None)
        a.detach()
        a.detach()
        assert relative_error(answer(ours), wanted) > 1e-5
        b.detach()
        assert torch.equal(answer(ours), bare)


def test_the_very_parameters_of_the_base_come_back(tmp_path):
    ours = unets(TINY_UNET)[0].bfloat16()
    parameters = dict(ours.named_parameters())
    with merge(next(two_loras(tmp_path)), ours, None):
        changed = [name for name, value in ours.named_parameters() if value is not parameters[name]]
        assert changed == ["down.0.attn.0.block.self.q.weight"]
        assert ours.get_parameter(changed[0]).dtype == torch.bfloat16
    assert all(value is parameters[name] for name, value in ours.named_parameters())


def test_a_scale_of_zero_is_the_base(tmp_path):
    ours = unets(TINY_UNET)[0]
    bare = answer(ours)
    with attach(next(two_loras(tmp_path)), ours, None, 0) as attached:
        assert torch.equal(answer(ours), bare)
        assert attached.report.applied == 2


def test_alpha_is_found_in_the_metadata_of_diffusers(tmp_path):
    ours = unets(TINY_UNET)[0]
    down, up = random(4, 32), random(32, 4)
    tensors = {f"unet.{QUERY}.lora_A.weight": down, f"unet.{QUERY}.lora_B.weight": up}

    def scale(**told):
        about = {"lora_adapter_metadata": json.dumps({f"unet.{key}": value for key, value in told.items()})}
        return next(iter(read(save(tmp_path, tensors, metadata=about)).changes.values())).scale

    assert scale(lora_alpha=8) == 2
    assert scale(lora_alpha=8, alpha_pattern={QUERY: 2}) == 0.5
    assert scale(lora_alpha=8, use_rslora=True) == 4
    assert scale() == scale(lora_alpha="much") == 1
    assert ours.config is TINY_UNET


def test_the_names_we_write_are_those_that_diffusers_reads(tmp_path):
    theirs = unets(TINY_UNET)[1]
    tensors = {}
    for i, stem in enumerate(PLACES):
        down, up, _ = low(theirs, stem, seed=i)
        tensors |= {f"unet.{stem}.lora_A.weight": down, f"unet.{stem}.lora_B.weight": up}
    tensors |= {f"text_encoder.{WORDS}.lora_A.weight": random(2, 32)}
    tensors |= {f"text_encoder.{WORDS}.lora_B.weight": random(32, 2)}
    lora = read(save(tmp_path, tensors))
    write(lora, tmp_path / "peft.safetensors", "peft", TINY_UNET, TINY_TEXT)
    same = load_file(tmp_path / "peft.safetensors")
    assert same.keys() == tensors.keys() and all(torch.equal(same[key], tensors[key]) for key in tensors)

    write(lora, tmp_path / "kohya.safetensors", "kohya", TINY_UNET, TINY_TEXT)
    converted, _ = to_diffusers(load_file(tmp_path / "kohya.safetensors"))
    found = {tuple(part or "" for part in (split(key) or ("", ""))): tensor for key, tensor in converted.items()}
    table = layers(TINY_UNET, TINY_TEXT)
    theirs_by_layer = {(table[stem], role): tensor for (stem, role), tensor in found.items()}
    ours_by_layer = {
        (table[stem], role): tensor for key, tensor in tensors.items() for stem, role in [split(key) or ("", "")]
    }
    assert theirs_by_layer.keys() == ours_by_layer.keys()
    assert all(torch.equal(theirs_by_layer[key], ours_by_layer[key]) for key in ours_by_layer)


def test_names_of_the_full_size_model_are_unique_and_all_known():
    table = layers(UNetConfig(), TextConfig())
    for naming in ("kohya", "peft"):
        names = written(naming, UNetConfig(), TextConfig())
        assert len(set(names.values())) == len(names)
        assert all(table[name] == layer for layer, name in names.items())
    with torch.device("meta"):
        networks = {"unet": UNet(UNetConfig()), "text": TextEncoder(TextConfig())}
    wide = {
        Layer(part, name)
        for part, network in networks.items()
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }
    assert wide <= set(table.values())
    assert len([layer for layer in wide if ".block." in layer.name]) == 16 * 10
    assert len(unet_names(UNetConfig())) + len(text_names(TextConfig())) == 882


def test_what_is_unknown_is_counted_and_nothing_known_is_an_error(tmp_path):
    ours = unets(TINY_UNET)[0]
    down, up = random(2, 32), random(32, 2)
    known = {f"unet.{QUERY}.lora_A.weight": down, f"unet.{QUERY}.lora_B.weight": up}
    other = {"lora_te2_text_model_x.lora_down.weight": down, "lora_te2_text_model_x.lora_up.weight": up}
    other |= {"remark": torch.ones(3)}
    with attach(read(save(tmp_path, known | other)), ours, None) as attached:
        assert str(attached.report) == "2 of 5 tensors applied, 3 unknown"
        assert set(attached.report.unknown) == {"remark", "lora_te2_text_model_x"}
    for how in (attach, merge):
        with pytest.raises(WeightsError, match="0 of 3 tensors applied"):
            how(read(save(tmp_path, other)), ours, None)
    with pytest.raises(WeightsError, match="is no LoRA"):
        read(save(tmp_path, {"remark": torch.ones(3)}))
    with pytest.raises(WeightsError, match="no layer of a model of these sizes"):
        write(read(save(tmp_path, other)), tmp_path / "b.safetensors")


BAD = {
    "without its other half": ({"lora_A.weight": random(2, 32)}, "has no lora_up.weight"),
    "with ranks that differ": ({"lora_A.weight": random(2, 32), "lora_B.weight": random(32, 3)}, "do not fit each"),
    "with NaN": ({"lora_A.weight": random(2, 32) / 0 * 0, "lora_B.weight": random(32, 2)}, "NaN or infinity"),
    "with two alphas": (
        {"lora_A.weight": random(2, 32), "lora_B.weight": random(32, 2), "alpha": torch.ones(2)},
        "alpha has 2 numbers",
    ),
    "with half a LoKr": ({"lokr_w1": random(2, 2)}, "do not fit each"),
    "with both spellings": ({"lora_A.weight": random(2, 32), "lora_down.weight": random(2, 32)}, "twice"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_file_is_refused_in_one_line(tmp_path, name):
    roles, message = BAD[name]
    path = save(tmp_path, {f"unet.{QUERY}.{role}": tensor for role, tensor in roles.items()})
    with pytest.raises(WeightsError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_lora_for_another_model_is_refused_and_leaves_nothing(tmp_path):
    ours = unets(TINY_UNET)[0]
    good = {f"unet.{QUERY}.lora_A.weight": random(2, 32), f"unet.{QUERY}.lora_B.weight": random(32, 2)}
    key = f"unet.{DOWN0}attn2.to_k"
    wide = {f"{key}.lora_A.weight": random(2, 1024), f"{key}.lora_B.weight": random(32, 2)}
    for how in (attach, merge):
        with pytest.raises(WeightsError, match=r"another kind of model: its .* is \[32, 1024\], this model's is"):
            how(read(save(tmp_path, good | wide)), ours, None)
    assert not any(module._forward_hooks for module in ours.modules())
    twice = {f"{kohya(QUERY)}.lora_down.weight": random(2, 32), f"{kohya(QUERY)}.lora_up.weight": random(32, 2)}
    with pytest.raises(WeightsError, match="one layer twice"):
        attach(read(save(tmp_path, good | twice)), ours, None)


def test_a_file_of_torch_save_is_read_without_running_it(tmp_path):
    down, up = random(2, 32), random(32, 2)
    tensors = {f"{kohya(QUERY)}.lora_down.weight": down, f"{kohya(QUERY)}.lora_up.weight": up}
    torch.save(tensors, tmp_path / "a.pt")
    torch.save({"state_dict": tensors}, tmp_path / "b.bin", _use_new_zipfile_serialization=False)
    for name in ("a.pt", "b.bin"):
        (change,) = read(tmp_path / name).changes.values()
        assert torch.equal(change.factors.product(), up @ down)
    (tmp_path / "c.pt").write_bytes(b"no such thing at all")
    with pytest.raises(WeightsError):
        read(tmp_path / "c.pt")
    with pytest.raises(WeightsError, match="cannot be read"):
        read(tmp_path / "none.safetensors")


def test_a_header_whose_length_begins_like_a_pickle_is_still_safetensors(tmp_path):
    roles = {"lora_A.weight": random(2, 32), "lora_B.weight": random(32, 2)}
    path = save(tmp_path, {f"unet.{QUERY}.{role}": tensor for role, tensor in roles.items()})
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    longer = length + (0x80 - length) % 256
    path.write_bytes(longer.to_bytes(8, "little") + raw[8 : 8 + length] + b" " * (longer - length) + raw[8 + length :])
    assert len(read(path).changes) == 1


def test_a_lora_can_be_made_in_memory():
    change = Change.of({"lora_down.weight": random(2, 32), "lora_up.weight": random(32, 2)})
    with attach(Lora("mine", {f"unet.{QUERY}": change}), unets(TINY_UNET)[0], None) as attached:
        assert attached.report.applied == 2
