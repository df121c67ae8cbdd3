"""Scenes as files: whole or not at all, kept where they are, in any number of processes."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from safelight.cli import main
from safelight.errors import OutputError
from safelight.scenes import files
from safelight.scenes.files import in_order, write, write_scenes
from safelight.scenes.grammar import Scene, scene
from safelight.scenes.render import render
from safelight.scenes.shards import ranges, write_shards


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def square(number):
    return number * number


def fail_at_three(number):
    if number == 3:
        raise OutputError("three")
    return number


def test_a_scene_is_a_picture_a_truth_and_a_caption(tmp_path):
    written = list(write_scenes(tmp_path / "deep" / "folder", seed=2, count=2, size=64))
    for index, (path, text) in enumerate(written):
        assert path.name == f"scene-2-{index:06d}.png"
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture), render(scene(2, index), 64).pixels)
        assert path.with_suffix(".txt").read_text() == f"{text}\n"
        truth = json.loads(path.with_suffix(".json").read_text())
        assert Scene.from_json(json.dumps(truth["scene"])) == scene(2, index)
    assert len(list((tmp_path / "deep" / "folder").iterdir())) == 6


def test_masks_are_written_when_asked_and_hold_the_ids(tmp_path):
    ((path, _),) = write_scenes(tmp_path, seed=0, count=1, size=64, masks=True)
    with Image.open(path.with_suffix(".mask.png")) as mask:
        assert mask.mode == "P"
        assert np.array_equal(np.asarray(mask), render(scene(0, 0), 64).ids)
        colours = mask.convert("RGB").getcolors()
    assert colours is not None
    assert len(colours) == len(np.unique(render(scene(0, 0), 64).ids))


def test_several_processes_write_the_same_files_in_the_same_order(tmp_path):
    alone = list(write_scenes(tmp_path / "one", seed=1, count=7, size=32))
    together = list(write_scenes(tmp_path / "two", seed=1, count=7, size=32, workers=2))
    assert [(path.name, text) for path, text in alone] == [(path.name, text) for path, text in together]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_is_there_is_kept_and_what_is_missing_is_made(tmp_path, monkeypatch):
    whole = list(write_scenes(tmp_path, seed=3, count=3, size=32))
    before = contents(tmp_path)
    (tmp_path / "scene-3-000001.png").unlink()
    (tmp_path / "scene-3-000002.json").unlink()
    drawn = []
    monkeypatch.setattr(files, "render", lambda shown, size: drawn.append(shown) or render(shown, size))
    assert list(write_scenes(tmp_path, seed=3, count=3, size=32)) == whole
    assert drawn == [scene(3, 1), scene(3, 2)]
    assert contents(tmp_path) == before
    list(write_scenes(tmp_path, seed=3, count=1, size=32, masks=True))
    assert (tmp_path / "scene-3-000000.mask.png").exists()


def test_pictures_of_another_size_are_never_mixed_in(tmp_path):
    list(write_scenes(tmp_path, seed=0, count=1, size=32))
    with pytest.raises(OutputError, match="32x32 pixels, not 64x64"):
        list(write_scenes(tmp_path, seed=0, count=1, size=64))
    (tmp_path / "scene-0-000000.png").write_bytes(b"hello")
    with pytest.raises(OutputError, match="no picture of ours"):
        list(write_scenes(tmp_path, seed=0, count=1, size=32))


def test_held_out_scenes_have_names_of_their_own(tmp_path):
    ((path, _),) = write_scenes(tmp_path, seed=0, count=1, size=32, held_out=True)
    assert path.name == "held-out-0-000000.png"


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")

    def breaks(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(target, breaks)
    assert contents(tmp_path) == {"file": b"old"}


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        list(write_scenes(tmp_path / "file", seed=0, count=1, size=32))
    with pytest.raises(OutputError, match="cannot write"):
        list(write_shards(tmp_path / "file", seed=0, count=1, shards=1, size=32))


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_are_answered_in_their_order_and_their_errors_come_through(workers):
    assert list(in_order(square, range(20), workers)) == [number**2 for number in range(20)]
    answers = in_order(fail_at_three, range(50), workers)
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OutputError, match="three"):
        next(answers)


def test_jobs_are_not_all_handed_out_at_once():
    asked = []
    answers = in_order(square, (asked.append(number) or number for number in range(1000)), 2)
    next(answers)
    answers.close()
    assert len(asked) < 20


# Shards.


def test_scenes_are_dealt_to_shards_evenly():
    assert [len(run) for run in ranges(10, 3)] == [3, 3, 4]
    assert [index for run in ranges(10, 3) for index in run] == list(range(10))
    assert [list(run) for run in ranges(2, 5)] == [[0], [1]]


def test_a_shard_holds_the_same_files_scene_by_scene_with_the_picture_last(tmp_path):
    list(write_scenes(tmp_path / "folder", seed=4, count=5, size=32, masks=True))
    written = list(write_shards(tmp_path / "shards", seed=4, count=5, shards=2, size=32, masks=True))
    assert [(path.name, scenes) for path, scenes in written] == [
        ("scenes-4-000000-000001.tar", 2),
        ("scenes-4-000002-000004.tar", 3),
    ]
    found, names = {}, []
    for path, _ in written:
        with tarfile.open(path) as tar:
            for member in tar:
                found[member.name] = tar.extractfile(member).read()
                names.append(member.name)
                assert (member.mtime, member.uid, member.uname) == (0, 0, "")
    assert found == contents(tmp_path / "folder")
    assert [name.split(".", 1)[1] for name in names[:4]] == ["json", "txt", "mask.png", "png"]
    assert len({name.split(".", 1)[0] for name in names[:4]}) == 1
    Image.open(io.BytesIO(found["scene-4-000003.png"])).verify()


def test_shards_are_the_same_from_several_processes_and_kept_when_they_are_there(tmp_path, monkeypatch):
    list(write_shards(tmp_path / "one", seed=5, count=4, shards=2, size=32))
    list(write_shards(tmp_path / "two", seed=5, count=4, shards=2, size=32, workers=2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    monkeypatch.setattr(files, "render", None)
    assert len(list(write_shards(tmp_path / "one", seed=5, count=4, shards=2, size=32))) == 2


def test_shards_of_something_else_are_never_mixed_in(tmp_path):
    ((path, _),) = write_shards(tmp_path, seed=0, count=1, shards=1, size=32)
    with pytest.raises(OutputError, match="32x32 pixels, not 64x64"):
        list(write_shards(tmp_path, seed=0, count=1, shards=1, size=64))
    with pytest.raises(OutputError, match="without masks"):
        list(write_shards(tmp_path, seed=0, count=1, shards=1, size=32, masks=True))
    path.write_bytes(b"no tar at all")
    with pytest.raises(OutputError, match="no shard of ours"):
        list(write_shards(tmp_path, seed=0, count=1, shards=1, size=32))


# The commands.


def test_the_command_writes_a_folder_and_tells_each_picture(tmp_path, capsys):
    arguments = ["scenes", "render", "-o", str(tmp_path), "--count", "2", "--size", "32", "--seed", "6", "--json"]
    assert main([*arguments, "--masks"]) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["index"] for line in lines] == [0, 1]
    assert lines[1]["path"] == str(tmp_path / "scene-6-000001.png")
    assert lines[1]["caption"]
    assert "2 scenes of seed 6" in err
    assert len(contents(tmp_path)) == 8


def test_the_command_writes_shards(tmp_path, capsys):
    arguments = ["scenes", "render", "-o", str(tmp_path), "--count", "3", "--size", "32", "--shards", "2", "--json"]
    assert main(arguments) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["scenes"] for line in lines] == [1, 2]
    assert sorted(contents(tmp_path)) == ["scenes-0-000000-000000.tar", "scenes-0-000001-000002.tar"]


def test_the_command_refuses_a_place_with_other_pictures(tmp_path, capsys):
    arguments = ["scenes", "render", "-o", str(tmp_path), "--count", "1", "--size"]
    assert main([*arguments, "32"]) == 0
    assert main([*arguments, "64"]) == 2
    assert "choose another place" in capsys.readouterr().err


def test_a_contact_sheet_of_one_noun_is_drawn_and_an_unknown_noun_is_refused(tmp_path, capsys):
    path = tmp_path / "sheet.png"
    assert main(["scenes", "sheet", "-o", str(path), "--size", "32", "--noun", "cat"]) == 0
    with Image.open(path) as page:
        assert page.height < 2 * 32 < page.width
    assert main(["scenes", "sheet", "-o", str(path), "--noun", "cta"]) == 2
    assert "Did you mean 'cat'" in capsys.readouterr().err
