"""`safelight models`: what it prints, and the exit code that scripts rely on."""

import json
import shutil
import stat

import pytest
import torch

from model_files import edit, edit_json, folder_model, networks, raw, single_model, vocabulary
from safelight.cli import main
from safelight.weights import library
from safelight.weights.checkpoint import open_model
from test_safetensors_file import HOSTILE


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    path = tmp_path_factory.mktemp("master")
    made = networks()
    folder_model(path / "model", made=made)
    single_model(path / "one.safetensors", made=made)
    return path


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch, master):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(master / "model", tmp_path / "model")
    shutil.copyfile(master / "one.safetensors", tmp_path / "one.safetensors")
    vocabulary(tmp_path)
    return tmp_path


@pytest.fixture
def say(capsys):
    """Run the command line in this process; return its exit code, stdout and stderr."""

    def run(*arguments):
        code = main(["models", *map(str, arguments)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return run


# -- check -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model", "one.safetensors"])
def test_check_has_a_line_for_every_tensor_and_ends_with_0(say, name):
    code, out, err = say("check", name)
    lines = out.splitlines()
    files = open_model(library.find(name))
    assert code == 0
    assert err == ""
    assert lines[-1].startswith(f"{len(lines) - 1} matched, 0 ignored, 0 missing")
    assert len(lines) - 1 == len(files.report.rows) > 300
    for word in (
        "unet down.0.attn.0.block.cross.k.weight = ",
        "vae decoder.mid.attn.q.weight = ",
        "text tokens.weight = ",
    ):
        assert any(word in line for line in lines)


def test_check_as_json_is_one_object_with_every_row(say):
    code, out, _ = say("check", "model", "--json")
    result = json.loads(out)
    assert code == 0
    assert result["ok"] is True
    assert result["counts"]["matched"] == len(result["rows"])
    assert {row["part"] for row in result["rows"]} == {"text", "unet", "vae"}


def test_check_of_a_spoilt_model_names_each_fault_and_ends_with_2(say):
    def spoil(tensors, _):
        tensors.pop("conv_in.weight")
        tensors["surprise\u00e9"] = torch.zeros(1)
        tensors["conv_out.bias"] = torch.zeros(5)
        tensors["conv_norm_out.weight"][3] = float("nan")

    edit(library.find("model") / "unet" / "diffusion_pytorch_model.safetensors", spoil)
    code, out, _ = say("check", "model", "--quiet")
    lines = out.splitlines()
    assert code == 2
    assert lines[-1].endswith("0 ignored, 1 missing, 1 misshapen, 1 unexpected, 1 not finite")
    assert len(lines) == 5
    for word in (
        "missing: unet conv_in.weight",
        "misshapen: unet conv_out.bias",
        "unexpected: surprise",
        "norm_out.weight",
    ):
        assert any(word in line for line in lines)
    code, out, _ = say("check", "model", "--json")
    assert code == 2
    assert json.loads(out)["ok"] is False


@pytest.mark.parametrize("wrong", HOSTILE)
def test_check_ends_with_2_and_one_line_for_a_hostile_file(say, here, wrong):
    header, body, length, _ = HOSTILE[wrong]
    raw(here / "hostile.safetensors", header, body, length)
    raw(here / "model" / "vae" / "diffusion_pytorch_model.safetensors", header, body, length)
    for name in ("hostile.safetensors", "model"):
        code, out, err = say("check", name)
        assert code == 2
        assert out == ""
        assert len(err.splitlines()) == 1
        assert "fault of ours" not in err


def test_check_ends_with_2_for_what_is_no_model_at_all(say, here):
    (here / "empty").mkdir()
    (here / "text.safetensors").write_text("hello")
    (here / "a.ckpt").write_bytes(b"\x80\x04.")
    for name in ("nowhere", "empty", "text.safetensors", "a.ckpt", "/dev/null", "", "n" * 5000):
        code, _, err = say("check", name)
        assert code == 2, name
        assert len(err.splitlines()) == 1
    code, out, _ = say("check", "nowhere", "--json")
    assert code == 2
    assert json.loads(out)["ok"] is False


def test_a_fault_of_ours_in_examining_a_file_is_still_a_2(say, monkeypatch):
    def fail(*_):
        raise RuntimeError("surprise")

    monkeypatch.setattr("safelight.weights.checkpoint.from_folder", fail)
    code, _, err = say("check", "model")
    assert code == 2
    assert "cannot be examined: RuntimeError: surprise" in err


def test_names_out_of_a_file_cannot_speak_to_the_terminal(say, here):
    edit_json(here / "model" / "unet" / "config.json", act_fn="\x1b[31mred\nline")
    code, _, err = say("check", "model")
    assert code == 2
    assert "\x1b" not in err
    assert len(err.splitlines()) == 1


# -- show, list, use ---------------------------------------------------------------------------------------------------


def test_show_says_sizes_hashes_format_dtype_and_parameters(say):
    code, out, _ = say("show", "model", "--json")
    about = json.loads(out)
    files = open_model(library.find("model"))
    assert code == 0
    assert about["hash"] == files.hash
    assert about["format"] == "diffusers folder"
    assert about["dtype"] == "F32"
    counts = {
        "text": sum(p.numel() for p in files.load_text().parameters()),
        "unet": sum(p.numel() for p in files.load_unet().parameters()),
        "vae": sum(p.numel() for p in files.load_vae().parameters()),
    }
    assert about["parameters"] == {**counts, "total": sum(counts.values())}
    assert set(about["files"]) == {
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    }
    for name, entry in about["files"].items():
        assert entry["bytes"] == (library.find("model") / name).stat().st_size
        assert len(entry["sha256"]) == 64
    assert about["unet"]["channels"] == [32, 64]
    assert about["defaults"]["sampler"] == "dpmpp_2m"

    code, out, _ = say("show", "model")
    assert code == 0
    assert files.hash in out
    assert str(counts["unet"]) in out.replace(",", "")


def test_show_of_a_single_file_has_its_own_sha256(say):
    about = json.loads(say("show", "one.safetensors", "--json")[1])
    assert about["format"] == "one CompVis safetensors file"
    assert about["files"]["one.safetensors"]["sha256"] == about["hash"]


def test_list_and_use(say, here):
    shutil.copytree(here / "model", here / "home" / "maker" / "model")
    code, out, err = say("list")
    assert code == 0
    assert "maker/model" in out
    assert str(here / "home") in err
    code, out, _ = say("use", "maker/model")
    assert code == 0
    assert "maker/model" in out
    lines = [json.loads(line) for line in say("list", "--json")[1].splitlines()]
    assert [line["name"] for line in lines if line["default"]] == ["maker/model"]
    assert next(line for line in lines if line["name"] == "maker/model")["bytes"] > 100_000
    assert json.loads(say("use", "one.safetensors", "--json")[1])["default"] == str(here / "one.safetensors")
    lines = [json.loads(line) for line in say("list", "--json")[1].splitlines()]
    assert [line["name"] for line in lines if line["default"]] == [str(here / "one.safetensors")]


def test_a_model_that_cannot_be_opened_does_not_become_the_default(say, here):
    (here / "model" / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    assert say("use", "model")[0] == 2
    assert say("use", "nowhere")[0] == 2
    assert library.default() == "bundled"


def test_a_library_that_cannot_be_written_to_is_one_line(say, here, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(here / "one.safetensors" / "home"))
    code, _, err = say("use", "model")
    assert code == 2
    assert "set SAFELIGHT_HOME" in err
    assert say("show", "model")[0] == 0


def test_a_file_that_may_not_be_read_is_one_line(say, here):
    import os

    file = here / "model" / "unet" / "diffusion_pytorch_model.safetensors"
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    code, _, err = say("check", "model")
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert code == 2
    assert "Permission denied" in err
