"""Image prompts reach the UNet as they do in diffusers, and files are read strictly."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from references import relative_error, unets
from safelight.adapters.ip_adapter import cross_sites, image_prompt, look, prepare, read
from safelight.errors import WeightsError
from safelight.models.attention import edit_attention
from safelight.models.unet import UNet, UNetConfig

CONFIG = UNetConfig(channels=(32, 64), attention=(True, True), blocks=1, heads=4, context=32, groups=8)


def weights(unet, seed=0, embedding=20):
    """A file's tensors, numbered by diffusers' own list of a UNet's attention."""
    generator = torch.Generator().manual_seed(seed)
    found = {
        "image_proj.proj.weight": (128, embedding),
        "image_proj.proj.bias": (128,),
        "image_proj.norm.weight": (32,),
        "image_proj.norm.bias": (32,),
    }
    for number, (name, _) in enumerate(unet.attn_processors.items()):
        if "attn2" in name:
            width = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
            found |= {f"ip_adapter.{number}.to_{kind}_ip.weight": (width, 32) for kind in "kv"}
    return {name: torch.randn(*shape, generator=generator) * 0.3 for name, shape in found.items()}


@pytest.fixture(scope="module")
def pair():
    ours, theirs = unets(CONFIG)
    return ours.double(), theirs.double()


def nested(tensors):
    """The two dicts that a .bin file holds."""
    roots = ("image_proj", "ip_adapter")
    return {r: {n.removeprefix(r + "."): t for n, t in tensors.items() if n.startswith(r)} for r in roots}


def test_the_unet_sees_a_picture_as_that_of_diffusers_does(pair, tmp_path):
    ours, theirs = pair
    plain = dict(theirs.attn_processors)
    files, generator = [weights(theirs, seed) for seed in (0, 1)], torch.Generator().manual_seed(9)
    x, context = (torch.randn(*s, generator=generator).double() for s in ((2, 4, 8, 8), (2, 5, 32)))
    embeddings = [torch.randn(1, 20, generator=generator).double() for _ in files]
    t = torch.tensor([20.0, 700.0])
    prompts = []
    for i, (tensors, embedding, scale) in enumerate(zip(files, embeddings, (0.6, 1.3), strict=True)):
        save_file(tensors, tmp_path / f"{i}.safetensors")
        prompts.append(image_prompt(read(tmp_path / f"{i}.safetensors", ours), ours, embedding, scale))
    try:
        theirs._load_ip_adapter_weights([nested(tensors) for tensors in files], low_cpu_mem_usage=False)
        for processor in theirs.attn_processors.values():
            if "IPAdapter" in type(processor).__name__:
                processor.scale = [0.6, 1.3]
        theirs.double()
        given = [torch.cat([torch.zeros_like(e), e])[:, None] for e in embeddings]
        with torch.no_grad():
            wanted = theirs(x, t, context, added_cond_kwargs={"image_embeds": given}).sample
    finally:
        theirs.set_attn_processor(plain)
        theirs.encoder_hid_proj = None
        theirs.config.encoder_hid_dim_type = None
    with torch.no_grad():
        bare = ours(x, t, context)
        with look(ours, prompts, [False, True]):
            found = ours(x, t, context)
        # The time embedding's angles are float32 on both sides.
        assert relative_error(found, wanted) < 1e-6 and relative_error(bare, wanted) > 1e-3
        assert torch.equal(ours(x, t, context), bare)  # nothing stays


def test_a_scale_of_zero_costs_and_changes_nothing_and_other_edits_see_only_words(pair, tmp_path):
    ours, theirs = pair
    save_file(weights(theirs), tmp_path / "a.safetensors")
    adapter = read(tmp_path / "a.safetensors", ours)
    x, t, context = torch.randn(1, 4, 8, 8).double(), torch.zeros(1), torch.randn(1, 5, 32).double()
    seen = []

    def watch(site, q, k, v, attend):
        seen.append(k.shape[2])
        return attend(q, k, v)

    with torch.no_grad():
        with look(ours, [image_prompt(adapter, ours, torch.ones(1, 20).double(), 0)], [True]):
            assert torch.equal(ours(x, t, context), ours(x, t, context))
            assert not any("forward" in module.__dict__ for module in ours.modules())
        prompt = image_prompt(adapter, ours, torch.ones(1, 20).double())
        with edit_attention(ours, watch, lambda site: site.kind == "cross"), look(ours, [prompt], [True]):
            ours(x, t, context)
    assert set(seen) == {5} and len(seen) == len(cross_sites(ours))


def test_both_kinds_of_file_are_the_same_and_v1_has_sixteen_places(pair, tmp_path):
    ours, theirs = pair
    tensors = weights(theirs)
    save_file(tensors, tmp_path / "a.safetensors")
    torch.save(nested(tensors), tmp_path / "a.bin")
    a, b = (read(tmp_path / name, ours) for name in ("a.safetensors", "a.bin"))
    assert torch.equal(a.weight, b.weight) and torch.equal(a.maps[-1][1], b.maps[-1][1])
    with torch.device("meta"):
        places = cross_sites(UNet(UNetConfig()))
    widths = [attention.q.out_features for _, attention in places]
    assert widths == [320] * 2 + [640] * 2 + [1280] * 5 + [640] * 3 + [320] * 3 + [1280]


def test_files_that_do_not_fit_are_refused_in_one_line(pair, tmp_path):
    ours, theirs = pair
    good, path = weights(theirs), tmp_path / "a.safetensors"
    bad = {
        "to_v_ip.weight is missing": {k: v for k, v in good.items() if k != "ip_adapter.3.to_v_ip.weight"},
        "is \\[7\\]": good | {"image_proj.norm.bias": torch.ones(7)},
        "nothing here is called ip_adapter.99": good | {"ip_adapter.99.to_k_ip.weight": torch.ones(2, 2)},
        "IP-Adapter Plus": good | {"image_proj.latents": torch.ones(1, 16, 32)},
        "FaceID": good | {"image_proj.proj.2.weight": torch.ones(2, 2)},
        "no IP-Adapter": {"other": torch.ones(2)},
    }
    for message, tensors in bad.items():
        save_file(tensors, path)
        with pytest.raises(WeightsError, match=message) as caught:
            read(path, ours)
        assert "\n" not in str(caught.value)
    save_file(good, path)
    with pytest.raises(WeightsError, match="width 20"):
        image_prompt(read(path, ours), ours, torch.zeros(1, 21).double())


def test_pictures_are_prepared_as_transformers_prepares_them():
    import transformers

    name = "CLIPImageProcessorPil" if hasattr(transformers, "CLIPImageProcessorPil") else "CLIPImageProcessor"
    processor = getattr(transformers, name)(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    rng = np.random.default_rng(0)
    for shape in ((50, 77, 3), (91, 40, 3), (32, 32, 3), (20, 33, 3)):
        picture = Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8))
        wanted = processor(picture, return_tensors="pt")["pixel_values"]
        assert relative_error(prepare(picture, 32), wanted) < 1e-5, shape
