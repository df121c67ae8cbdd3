"""Where models live: names, nearest names, the default model, and a home that cannot be written to."""

import json
import shutil
from pathlib import Path

import pytest

from model_files import folder_model, networks, single_model
from safelight.errors import OutputError, WeightsError
from safelight.weights import library
from safelight.weights.hashes import hash_files


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    path = tmp_path_factory.mktemp("master")
    folder_model(path / "model", made=networks())
    single_model(path / "one.safetensors", made=networks())
    return path


def put(master, home, *names):
    for name in names:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".safetensors"):
            shutil.copyfile(master / "one.safetensors", home / name)
        else:
            shutil.copytree(master / "model", home / name)


def test_the_home_is_the_environments_or_the_users_cache(monkeypatch, tmp_path):
    assert library.home() == tmp_path / "home"
    monkeypatch.setenv("SAFELIGHT_HOME", "~/models")
    assert library.home() == Path.home() / "models"
    monkeypatch.delenv("SAFELIGHT_HOME")
    assert library.home() == Path.home() / ".cache" / "safelight" / "models"


def test_an_empty_library_is_no_error():
    assert set(library.models()) <= {"bundled"}
    assert library.default() == "bundled"


def test_models_are_folders_and_files_one_or_two_levels_down(master, home):
    put(master, home, "CompVis/stable-diffusion-v1-4", "mine", "files/dreamy.safetensors", ".pulling/half")
    (home / "notes").mkdir()
    (home / "notes" / "a.txt").write_text("no model")
    names = set(library.models()) - {"bundled"}
    assert names == {"CompVis/stable-diffusion-v1-4", "mine", "files/dreamy.safetensors"}


def test_a_model_is_found_by_name_by_the_end_of_its_name_and_by_path(master, home, tmp_path):
    put(master, home, "CompVis/stable-diffusion-v1-4", "files/dreamy.safetensors")
    whole = home / "CompVis" / "stable-diffusion-v1-4"
    assert library.find("CompVis/stable-diffusion-v1-4") == whole
    assert library.find("stable-diffusion-v1-4") == whole
    assert library.find("dreamy") == library.find("dreamy.safetensors") == home / "files" / "dreamy.safetensors"
    assert library.find(str(master / "model")) == master / "model"
    assert library.find(master / "model") == master / "model"
    shutil.copytree(master / "model", tmp_path / "here")
    assert library.find("here") == Path("here")
    assert library.name_of(whole) == "CompVis/stable-diffusion-v1-4"


def test_outside_the_library_a_model_is_called_by_the_last_part_of_its_path(tmp_path, monkeypatch):
    assert library.name_of(tmp_path / "secret" / "dreamy.safetensors") == "dreamy.safetensors"
    assert library.name_of(Path("there") / "model") == "model"
    assert library.name_of(Path()) == tmp_path.name
    assert library.name_of(Path("there") / "..") == tmp_path.name
    assert library.name_of(Path("/")) == "model"


def test_the_end_of_two_names_is_not_enough(master, home):
    put(master, home, "a/model", "b/model")
    with pytest.raises(WeightsError, match=r"a/model or b/model; write the whole name"):
        library.find("model")


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (
            "CompViz/stable-difusion-v1-4",
            r"Did you mean 'CompVis/stable-diffusion-v1-4'.*fetch it: safelight models",
        ),
        ("nothing", "no model 'nothing' on this machine"),
        ("./nothing", "no such file or folder"),
        ("/nothing/at/all.safetensors", "no such file or folder"),
        ("", "no such file or folder"),
        ("~nobody-of-that-name/x", "no such file or folder"),
        ("a\0b", "no model"),
        ("n" * 100_000, "no model"),
        ("../" * 50 + "etc/nowhere", "no such file or folder"),
    ],
)
def test_a_model_that_is_not_there_is_one_clear_line(master, home, name, word):
    put(master, home, "CompVis/stable-diffusion-v1-4")
    with pytest.raises(WeightsError, match=word) as caught:
        library.find(name)
    assert len(str(caught.value)) < 1000


def test_the_default_model_is_remembered(master, home, tmp_path):
    put(master, home, "maker/model")
    assert library.use("maker/model") == home / "maker" / "model"
    assert library.default() == "maker/model"
    shutil.copytree(master / "model", tmp_path / "here")
    library.use("here")
    assert library.default() == str(tmp_path / "here")  # a name that would change with the working folder is no name
    with pytest.raises(WeightsError):
        library.use("nowhere")
    assert library.default() == str(tmp_path / "here")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\xff"])
def test_a_damaged_memory_is_an_empty_one(home, text):
    home.mkdir()
    (home / "library.json").write_text(text, "latin-1")
    assert library.default() == "bundled"
    library.remember("default", "other")
    assert json.loads((home / "library.json").read_text()) == {"default": "other"}


def test_a_home_that_cannot_be_written_to_says_so(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(OutputError, match="set SAFELIGHT_HOME"):
        library.remember("default", "x")
    assert library.models().keys() <= {"bundled"}


def test_hashes_are_kept_and_follow_the_files(home, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"first")
    two.write_bytes(b"second")
    both = hash_files([one, two])
    assert both == "da83f63e1a473003712c18f5afc5a79044221943d1083c7c5a7ac7236d85e8d2"  # of b"firstsecond"
    assert hash_files([two, one]) != both
    assert len(json.loads((home / "hashes.json").read_text())) == 2
    kept = json.loads((home / "hashes.json").read_text())
    (home / "hashes.json").write_text(json.dumps(dict.fromkeys(kept, "0" * 64)))
    assert hash_files([one, two]) == "0" * 64  # not computed again
    one.write_bytes(b"other")
    assert hash_files([one, two]) not in (both, "0" * 64)


def test_a_home_that_cannot_be_written_to_hashes_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SAFELIGHT_HOME", str(tmp_path / "file" / "home"))
    assert len(hash_files([tmp_path / "file"])) == 64


def test_a_file_that_is_gone_cannot_be_hashed(tmp_path):
    with pytest.raises(WeightsError, match="gone cannot be read"):
        hash_files([tmp_path / "gone"])
