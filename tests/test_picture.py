import errno
import io
import json
import math
import os
import struct
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from recipes import outcome, recipes
from safelight.errors import NumericalError, OutputError, PictureError
from safelight.metadata import open_image
from safelight.picture import (
    Picture,
    Provenance,
    compare,
    explain,
    from_tensor,
    read_metadata,
)
from safelight.recipe import Defaults, Recipe

SUFFIXES = [".png", ".jpg", ".jpeg", ".webp"]
RECIPE = Recipe(prompt="a red car", negative_prompt="rain", seed=7, model_hash="ab" * 32).resolved(Defaults())
PROVENANCE = Provenance(
    safelight="0.1.0",
    torch="2.13.0",
    python="3.11.7",
    platform="Linux x86_64",
    device="cpu (AVX2)",
    dtype="float32",
    attention="fused",
    threads=2,
    model_hash="ab" * 32,
)


def noise(height=24, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def picture(recipe=RECIPE, height=24, width=16):
    return Picture(noise(height, width), recipe, PROVENANCE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


# -- Round trips -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(recipe=recipes(), seed=st.integers(0, 2**32), width=st.integers(1, 40), height=st.integers(1, 40))
@settings(max_examples=40)
def test_recipe_and_provenance_survive_every_kind_of_file(folder, suffix, recipe, seed, width, height):
    before = Picture(noise(height, width, seed), recipe, PROVENANCE)
    before.save(folder / f"a{suffix}")
    after = Picture.open(folder / f"a{suffix}")
    assert after.recipe == recipe
    assert after.provenance == PROVENANCE
    found = read_metadata(folder / f"a{suffix}")
    assert (found.recipe, found.provenance, found.source, found.left_out) == (recipe, PROVENANCE, "safelight", [])
    assert after.pixels.shape == before.pixels.shape
    if suffix in (".png", ".webp"):
        assert np.array_equal(after.pixels, before.pixels)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("character", ["x", "é", "😀", "\uffff", "\0", "<", '"', "\U000e0001"])
def test_the_longest_prompts_of_any_characters_survive_every_kind_of_file(folder, suffix, character):
    recipe = Recipe(prompt=character * 16_384, negative_prompt=character * 16_384)
    picture(recipe).save(folder / f"long{suffix}")
    assert Picture.open(folder / f"long{suffix}").recipe == recipe


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_longest_prompts_without_any_repetition_survive(folder, suffix):
    points = np.random.default_rng(0).integers(0x10000, 0x10FFFF, (2, 16_384))
    prompt, negative = ("".join(map(chr, row)) for row in points.tolist())
    recipe = Recipe(prompt=prompt, negative_prompt=negative)
    picture(recipe).save(folder / f"random{suffix}")
    assert Picture.open(folder / f"random{suffix}").recipe == recipe


def test_a_picture_without_provenance_keeps_its_recipe(folder):
    Picture(noise(), RECIPE).save(folder / "bare.webp")
    assert Picture.open(folder / "bare.webp").provenance is None


def test_a_jpeg_is_close_to_its_pixels_and_keeps_colour_at_full_resolution(folder):
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, ::2] = (200, 30, 30)  # red and black columns, which halved colour would smear
    Picture(pixels, RECIPE).save(folder / "a.jpg")
    assert compare(pixels, Picture.open(folder / "a.jpg").pixels).psnr > 38
    Picture(pixels, RECIPE).save(folder / "b.jpg", quality=20)
    assert (folder / "b.jpg").stat().st_size < (folder / "a.jpg").stat().st_size


def test_a_webp_with_a_quality_is_smaller_than_the_lossless_one(folder):
    big = picture(height=128, width=128)
    big.save(folder / "a.webp")
    big.save(folder / "b.webp", quality=50)
    assert (folder / "b.webp").stat().st_size < (folder / "a.webp").stat().st_size


# -- What other programs find ------------------------------------------------------------------------------------------


def test_a_png_has_our_chunk_and_the_parameters_and_none_that_others_mistake(folder):
    picture().save(folder / "a.png")
    with Image.open(folder / "a.png") as image:
        assert set(image.info) == {"parameters", "safelight"}
        assert image.info["parameters"].startswith("a red car\nNegative prompt: rain\nSteps: 50, Sampler: PLMS, ")
        assert ", Size: 16x24, " in image.info["parameters"]
        made = json.loads(image.info["safelight"])
    assert made["recipe"]["seed"] == 7
    assert made["provenance"]["torch"] == "2.13.0"


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_jpeg_and_webp_have_the_parameters_where_others_look_for_them(folder, suffix):
    picture(Recipe(prompt="märchen 😀", steps=5)).save(folder / f"a{suffix}")
    with Image.open(folder / f"a{suffix}") as image:
        comment = image.getexif().get_ifd(0x8769)[0x9286]
        assert "comment" not in image.info
    assert comment[:8] == b"UNICODE\0"
    assert b"\x92\x86\0\7" in (folder / f"a{suffix}").read_bytes()  # of the type UNDEFINED, which piexif insists on
    assert comment[8:].decode("utf-16-be").startswith("märchen 😀\nSteps: 5, ")


def test_a_jpeg_begins_as_jpegs_begin_and_its_segments_fit(folder):
    picture(Recipe(prompt="😀" * 16_384)).save(folder / "a.jpg")
    data = (folder / "a.jpg").read_bytes()
    assert data[:4] == b"\xff\xd8\xff\xe0"
    assert data[6:11] == b"JFIF\0"
    with Image.open(folder / "a.jpg") as image:
        image.load()
        kinds = [body[:28] for marker, body in image.applist if marker == "APP1"]
    assert sum(kind.startswith(b"http://ns.adobe.com/xap/1.0/") for kind in kinds) == 1
    assert sum(kind.startswith(b"http://ns.adobe.com/xmp/") for kind in kinds) > 1


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_the_xmp_is_xml(folder, suffix):
    from xml.etree import ElementTree

    picture(Recipe(prompt="a <b> & 'c' \"d\" \0 \uffff")).save(folder / f"x{suffix}")
    with Image.open(folder / f"x{suffix}") as image:
        image.load()
        root = ElementTree.fromstring(image.info["xmp"])
    made = root.find(".//{urn:safelight:picture#}made")
    assert made is not None
    assert json.loads(made.text or "")["recipe"]["prompt"] == "a <b> & 'c' \"d\" \0 \uffff"


def test_our_property_is_found_where_a_tool_made_an_attribute_of_it(folder):
    made = json.dumps({"recipe": {"prompt": "<a>", "seed": 3}}).replace('"', "&quot;").replace("<", "&lt;")
    xmp = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description safelight:made="{made}"/></x:xmpmeta>'
    Image.fromarray(noise()).save(folder / "attribute.webp", xmp=xmp.encode())
    assert read_metadata(folder / "attribute.webp").recipe == Recipe(prompt="<a>", seed=3)


FOREIGN = (
    "a castle\nNegative prompt: fog\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 5, Size: 512x512, ENSD: 1"
)


def foreign(path, text=FOREIGN, after=False, encoding="utf-16-be"):
    image = Image.fromarray(noise())
    if path.suffix == ".png":
        chunks = PngImagePlugin.PngInfo()
        if after:
            chunks.add(b"tEXt", b"parameters\0" + text.encode("latin-1"), after_idat=True)
        else:
            chunks.add_text("parameters", text)
        image.save(path, pnginfo=chunks)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode(encoding)
        image.save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_parameters_of_other_programs_are_read(folder, suffix):
    found = read_metadata(foreign(folder / f"foreign{suffix}"))
    assert (found.source, found.provenance) == ("parameters", None)
    assert (found.recipe.prompt, found.recipe.seed, found.recipe.sampler) == ("a castle", 5, "dpmpp_2m")
    assert [line.partition(":")[0] for line in found.left_out] == ["Ensd 1"]


def test_parameters_after_the_pixels_and_in_the_other_order_of_bytes_are_read(folder):
    assert read_metadata(foreign(folder / "after.png", after=True)).recipe.seed == 5
    assert read_metadata(foreign(folder / "little.jpg", encoding="utf-16-le")).recipe.prompt == "a castle"
    assert read_metadata(foreign(folder / "bom.jpg", encoding="utf-16")).recipe.prompt == "a castle"


def test_our_own_json_is_believed_before_the_parameters(folder):
    recipe = Recipe(prompt="a\nNegative prompt: b\nSteps: 1, Seed: 9, Size: 8x8", seed=4)
    picture(recipe).save(folder / "both.png")
    assert read_metadata(folder / "both.png").recipe == recipe


# -- Files that nobody vouches for -------------------------------------------------------------------------------------


def refusal(path):
    with pytest.raises(PictureError) as caught:
        read_metadata(path)
    with pytest.raises(PictureError):
        Picture.open(path)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 500
    assert str(path) in line
    return line


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_picture_without_a_recipe_is_refused_and_says_so(folder, suffix):
    Image.fromarray(noise()).save(folder / f"none{suffix}")
    assert "holds no recipe" in refusal(folder / f"none{suffix}")


def test_what_is_no_picture_is_refused(tmp_path):
    assert "there is no picture" in refusal(tmp_path / "missing.png")
    assert "is a folder, not a picture" in refusal(tmp_path)
    (tmp_path / "empty.png").write_bytes(b"")
    assert "is not a PNG, JPEG or WebP picture" in refusal(tmp_path / "empty.png")
    (tmp_path / "text.png").write_text("hello")
    assert "is not a PNG, JPEG or WebP picture" in refusal(tmp_path / "text.png")
    Image.fromarray(noise()).save(tmp_path / "gif.png", format="GIF")
    assert "is not a PNG, JPEG or WebP picture" in refusal(tmp_path / "gif.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_does_not_make_us_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "is no file" in refusal(tmp_path / "pipe.png")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cut_anywhere_gives_the_whole_recipe_or_one_clean_error(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    picture().save(whole)
    data = whole.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 150)):
        path = tmp_path / f"cut{suffix}"
        path.write_bytes(data[:length])
        found, refusal = outcome(read_metadata, path)
        assert "\n" not in refusal if found is None else found.recipe == RECIPE
        opened, _ = outcome(Picture.open, path)
        if opened is not None:  # only the mark of the end was cut
            assert length > len(data) - 20
            assert compare(opened.pixels, Picture.open(whole).pixels).same


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
@settings(max_examples=60)
def test_a_file_with_damaged_bytes_gives_a_recipe_or_one_clean_error(folder, suffix, data):
    whole = folder / f"sound{suffix}"
    if not whole.exists():
        picture().save(whole)
    damaged = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, min(len(damaged), 1500) - 1))] = data.draw(st.integers(0, 255))
    path = folder / f"damaged{suffix}"
    path.write_bytes(damaged)
    for read in (read_metadata, Picture.open):
        found, refusal = outcome(read, path)
        assert found is not None or "\n" not in refusal


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks, width=8, height=8, pixels=None):
    raw = pixels if pixels is not None else b"".join(b"\0" + bytes(3 * width) for _ in range(height))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def ours(text):
    return chunk(b"tEXt", b"safelight\0" + text.encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "in braces"),
        ("{}", "no part 'recipe'"),
        ('{"recipe": 3}', "no part 'recipe'"),
        ('{"recipe": {"seed": -1}}', "seed -1 is out of range"),
        ('{"recipe": {"sede": 1}}', "there is no field 'sede'. Did you mean 'seed'"),
        ('{"recipe": {"seed": 1, "seed": 2}}', "'seed' is given twice"),
        ('{"recipe": {"behaviour": 99}}', "belongs to a newer Safelight"),
        ('{"recipe": ' + "[" * 100_000, "nested too deeply"),
        ('{"recipe": {"guidance_scale": NaN}}', "NaN is not a number"),
        ('{"recipe": {"seed": ' + "9" * 10_000 + "}}", "thousands of digits"),
        ('{"recipe": {"prompt": "' + "x" * 20_000 + '"}}', "prompt is 20000 characters"),
    ],
)
def test_a_broken_recipe_in_a_picture_is_refused_in_one_line(tmp_path, text, said):
    (tmp_path / "a.png").write_bytes(png(ours(text)))
    line = refusal(tmp_path / "a.png")
    assert "holds a recipe that cannot be used" in line
    assert said in line


def test_damaged_provenance_costs_only_itself(tmp_path):
    (tmp_path / "a.png").write_bytes(png(ours('{"recipe": {"seed": 3}, "provenance": {"torch": 5}}')))
    found = read_metadata(tmp_path / "a.png")
    assert found.recipe == Recipe(seed=3)
    assert (found.provenance, found.left_out) == (None, ["provenance (damaged)"])


def test_provenance_of_a_newer_version_is_read_as_far_as_it_is_known(tmp_path):
    made = {"recipe": {"seed": 3}, "provenance": {**PROVENANCE.model_dump(), "moon": "full"}}
    (tmp_path / "a.png").write_bytes(png(ours(json.dumps(made))))
    assert read_metadata(tmp_path / "a.png").provenance == PROVENANCE


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    bomb = zlib.compress(bytes(200_000_000), 9)
    files = {
        "ztxt": png(chunk(b"zTXt", b"safelight\0\0" + bomb)),
        "itxt": png(chunk(b"iTXt", b"safelight\0\1\0\0\0" + bomb)),
        "iccp": png(chunk(b"iCCP", b"p\0\0" + bomb), ours('{"recipe": {}}')),
        "long": png(ours('{"recipe": {"prompt": "' + "x" * 3_000_000 + '"}}')),
        "wide": png(ours('{"recipe": {}}'), width=100_000, height=100_000, pixels=b""),
        "large": png(ours('{"recipe": {}}'), width=12_000, height=9_000, pixels=b""),
        "tall": png(ours('{"recipe": {}}'), width=4_200, height=4_200, pixels=b""),
        "none": png(ours('{"recipe": {}}'), width=0, height=0, pixels=b""),
    }
    for name, data in files.items():
        path = tmp_path / f"{name}.png"
        path.write_bytes(data)
        tracemalloc.start()
        refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
        tracemalloc.stop()
    assert "pixels are too many" in refusal(tmp_path / "tall.png")


def test_a_fault_of_ours_is_not_blamed_on_the_file_and_a_lack_of_memory_stays_one(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    picture().save(path)
    for fault in (AttributeError("ours"), MemoryError(), OSError("ours")):
        with pytest.raises(type(fault)) as caught, open_image(path):
            raise fault
        assert caught.value is fault

    def none_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr(Image, "open", none_left)
    with pytest.raises(MemoryError):
        read_metadata(path)


def test_one_picture_can_be_opened_while_another_thread_holds_one_open(tmp_path):
    path = tmp_path / "a.png"
    picture().save(path)
    with open_image(path), ThreadPoolExecutor(1) as other:
        assert other.submit(read_metadata, path).result(timeout=20).recipe == RECIPE


@pytest.mark.parametrize("inside", ["&#" + "9" * 5000 + ";", "&#x110000;", "&#0;"])
def test_xmp_with_characters_that_there_are_not_is_refused(tmp_path, inside):
    Image.fromarray(noise()).save(tmp_path / "a.webp", xmp=f"<safelight:made>{inside}</safelight:made>".encode())
    assert "holds a recipe that cannot be used" in refusal(tmp_path / "a.webp")


def test_an_extended_xmp_that_is_cut_short_is_passed_over(tmp_path):
    picture().save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    cut = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + b"\0\0"
    (tmp_path / "a.jpg").write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(cut) + 2) + cut + data[2:])
    assert read_metadata(tmp_path / "a.jpg").recipe == RECIPE


def test_a_file_of_absurd_length_is_not_read(tmp_path):
    with (tmp_path / "sparse.png").open("wb") as file:
        file.write(png(ours('{"recipe": {}}')))
        file.truncate(2**30)
    assert "bytes are too many" in refusal(tmp_path / "sparse.png")


def test_an_endless_xmp_is_refused(tmp_path):
    Image.fromarray(noise()).save(tmp_path / "a.webp", xmp=b"<safelight:made>" + b" " * 5_000_000)
    assert "XMP is too long" in refusal(tmp_path / "a.webp")


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1", "I;16"])
def test_pictures_of_other_colour_modes_are_read_as_rgb(tmp_path, mode):
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("safelight", '{"recipe": {}}')
    image = Image.new(mode, (8, 6)) if mode == "I;16" else Image.fromarray(noise(6, 8)).convert(mode)
    image.save(tmp_path / "a.png", pnginfo=chunks)
    assert Picture.open(tmp_path / "a.png").pixels.shape == (6, 8, 3)


# -- Outputs that cannot be written ------------------------------------------------------------------------------------


def failure(path, **options):
    before = sorted(path.parent.rglob("*")) if path.parent.is_dir() else None
    with pytest.raises(OutputError) as caught:
        picture().save(path, **options)
    if before is not None:
        assert sorted(path.parent.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_leaves_nothing_behind_and_the_old_file_as_it_was(tmp_path, monkeypatch, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert failure(tmp_path / f"a{suffix}").endswith("cannot be written: the disk is full")
    assert (tmp_path / f"a{suffix}").read_bytes() == b"old"


def test_ctrl_c_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        picture().save(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_places_where_nothing_can_be_written_are_named(tmp_path):
    assert "there is no folder" in failure(tmp_path / "missing" / "a.png")
    (tmp_path / "folder.png").mkdir()
    assert "is a folder; name a file in it" in failure(tmp_path / "folder.png")
    (tmp_path / "file").write_text("")
    assert "cannot be written: Not a directory" in failure(tmp_path / "file" / "a.png")
    assert "cannot be written: File name too long" in failure(tmp_path / ("x" * 300 + ".png"))
    assert "cannot be the name of a file" in failure(tmp_path / "a\0b.png")


def test_a_folder_without_permission_is_named(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refused)  # root, who runs tests in containers, may write anywhere
    assert "cannot be written: Permission denied" in failure(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a", "a.gif", "a.png.txt", ".png", "a.PNGX"])
def test_another_suffix_is_refused_with_the_three_that_are_known(tmp_path, name):
    with pytest.raises(PictureError, match=r"must end in \.png, \.jpg or \.webp"):
        picture().save(tmp_path / name)


def test_a_suffix_may_be_in_capitals_and_a_file_may_be_replaced(tmp_path):
    picture().save(tmp_path / "A.PNG")
    picture(Recipe(seed=8)).save(str(tmp_path / "A.PNG"))
    assert read_metadata(str(tmp_path / "A.PNG")).recipe == Recipe(seed=8)
    assert [path.name for path in tmp_path.iterdir()] == ["A.PNG"]


@pytest.mark.parametrize(("name", "quality"), [("a.jpg", 0), ("a.webp", 101), ("a.png", 90), ("a.jpg", True)])
def test_a_quality_without_meaning_is_refused(tmp_path, name, quality):
    with pytest.raises(PictureError, match="has no meaning"):
        picture().save(tmp_path / name, quality=quality)


# -- Pixels ------------------------------------------------------------------------------------------------------------


def test_a_tensor_becomes_pixels_as_diffusers_rounds_them():
    import torch

    torch.manual_seed(0)
    tensor = torch.randn(3, 9, 7)
    expected = ((tensor / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy() * 255).round().astype("uint8")
    assert np.array_equal(from_tensor(tensor), expected)
    assert from_tensor(torch.full((3, 1, 1), -1.0)).max() == 0
    assert from_tensor(torch.full((3, 1, 1), 2.0, dtype=torch.bfloat16)).min() == 255


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_tensor_with_nan_never_becomes_black(wrong):
    import torch

    tensor = torch.zeros(3, 4, 4)
    tensor[1, 2, 3] = wrong
    with pytest.raises(NumericalError, match="NaN or infinity"):
        from_tensor(tensor)


def test_a_picture_is_frozen_down_to_its_pixels():
    pixels = noise()
    kept = Picture(pixels, RECIPE)
    pixels[:] = 0
    assert kept.pixels.any()
    with pytest.raises(ValueError, match="read-only"):
        kept.pixels[0, 0, 0] = 1
    assert kept.image().size == (16, 24)


@pytest.mark.parametrize("pixels", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_rgb_of_8_bits_is_no_picture(pixels):
    with pytest.raises(PictureError, match="needs uint8 pixels"):
        Picture(pixels, RECIPE)


def test_a_picture_is_the_same_as_itself():
    found = compare(noise(), noise())
    assert (found.same, found.differing, found.largest, found.mean, found.psnr) == (True, 0, 0, 0.0, math.inf)


def test_differences_are_counted_in_pixels_and_measured_in_channels():
    a = np.zeros((10, 10, 3), np.uint8)
    b = a.copy()
    b[0, 0], b[1, 1, 2] = (255, 1, 0), 3
    found = compare(a, b)
    assert (found.same, found.differing, found.largest) == (False, 2, 255)
    assert found.mean == pytest.approx((255 + 1 + 3) / 300)
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / ((255**2 + 1 + 9) / 300)))
    assert compare(b, a) == found


def test_pictures_of_different_sizes_are_not_compared():
    with pytest.raises(PictureError, match="16x24 and 8x24"):
        compare(noise(), noise(width=8))


# -- Provenance --------------------------------------------------------------------------------------------------------


def test_equal_environments_leave_nothing_to_explain():
    assert explain(PROVENANCE, PROVENANCE) == []


@pytest.mark.parametrize("field", list(Provenance.model_fields))
def test_each_field_that_differs_is_explained_in_words(field):
    values = {"threads": 3, "alone": False, "rescued": ("UNet", "autoencoder")}
    other = PROVENANCE.model_copy(update={field: values.get(field, "other")})
    (line,) = explain(PROVENANCE, other)
    words = {"alone": "yes then, no now", "rescued": "nothing then, UNet, autoencoder now"}
    assert words.get(field, f"{getattr(PROVENANCE, field)} then, {getattr(other, field)} now") in line
    assert "_" not in line.split(":")[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_shared_calls_and_rescues_are_carried_and_files_from_before_are_read(folder, suffix):
    made = PROVENANCE.model_copy(update={"alone": False, "rescued": ("UNet", "autoencoder")})
    Picture(noise(), RECIPE, made).save(folder / f"shared{suffix}")
    assert read_metadata(folder / f"shared{suffix}").provenance == made
    old = {name: value for name, value in PROVENANCE.model_dump().items() if name not in ("alone", "rescued")}
    (folder / "old.png").write_bytes(png(ours(json.dumps({"recipe": {}, "provenance": old}))))
    found = read_metadata(folder / "old.png").provenance
    assert found is not None
    assert (found.alone, found.rescued) == (True, ())


def test_the_weights_are_the_first_explanation():
    other = PROVENANCE.model_copy(update={"model_hash": "other", "torch": "3", "python": "4"})
    assert [line.split(":")[0] for line in explain(PROVENANCE, other)] == ["the weights", "torch", "Python"]


def test_here_and_now_are_described():
    import torch

    import safelight

    here = Provenance.here("cpu", torch.float32, "fused", "ab" * 32)
    assert here == Provenance.here(torch.device("cpu"), "float32", "fused", "ab" * 32)
    assert (here.safelight, here.torch, here.dtype) == (safelight.__version__, torch.__version__, "float32")
    assert here.device.startswith("cpu (")
    assert (here.alone, here.rescued) == (True, ())
    shared = Provenance.here("cpu", "float32", "fused", "ab" * 32, alone=False, rescued=("UNet",))
    assert (shared.alone, shared.rescued) == (False, ("UNet",))
    assert here.threads == torch.get_num_threads()


def test_pictures_are_read_and_written_without_torch():
    import subprocess
    import sys

    code = "import sys, safelight.picture; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"


def test_encoded_bytes_do_not_depend_on_when_or_where():
    from safelight.picture import _jpeg, _png, _webp

    for encode in (_png, _jpeg, _webp):
        assert encode(picture(), None) == encode(picture(), None)
    assert io.BytesIO(_png(picture(), None)).read(4) == b"\x89PNG"
