"""Files of prompts, and places in a picture with a prompt of their own."""

import pytest
import torch

from safelight.errors import RecipeError
from safelight.prompts.files import read_prompts
from safelight.prompts.regions import PLACES, area, region


def written(tmp_path, text):
    path = tmp_path / "prompts.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_is_a_prompt_and_may_have_options(tmp_path):
    path = written(
        tmp_path,
        "\ufeff# cars\n\na red car, it's new\r\n"
        'a blue truck --seed 7 --steps 30 --negative-prompt "people, \\"text\\""\n'
        '--prompt "a bus" --width=256 --cfg_scale 4.5 --model 15\n'
        "a t-shirt - plain -- nothing\n",
    )
    lines = read_prompts(path)
    assert [line.number for line in lines] == [3, 4, 5, 6]
    assert [line.fields for line in lines] == [
        {"prompt": "a red car, it's new"},
        {"prompt": "a blue truck", "seed": 7, "steps": 30, "negative_prompt": 'people, "text"'},
        {"prompt": "a bus", "width": 256, "guidance_scale": 4.5, "model": "15"},
        {"prompt": "a t-shirt - plain -- nothing"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ok\na cat --sed 3\n", r"line 2: there is no option --sed\. Did you mean .*'seed'"),
        ("a cat --seed 3 and more\n", "line 1: 'and more' is no option"),
        ("a cat --seed 3 --seed 4\n", "seed is given twice"),
        ("a cat --seed\n", "is no option"),
        ("# nothing\n", "no line to draw"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path, text, said):
    with pytest.raises(RecipeError, match=said) as caught:
        read_prompts(written(tmp_path, text))
    assert "prompts.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RecipeError, match="No such file"):
        read_prompts(tmp_path / "none.txt")
    (tmp_path / "bad.txt").write_bytes(b"a\xff")
    with pytest.raises(RecipeError, match="not UTF-8, at byte 1"):
        read_prompts(tmp_path / "bad.txt")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left: a red car", {"prompt": "a red car", "weight": 1.0, "box": PLACES["left"]}),
        ("Top-Right half@1.5 : a: b", {"prompt": "a: b", "weight": 1.5, "box": PLACES["top right"]}),
        ("0, 0,.5,1: x", {"prompt": "x", "weight": 1.0, "box": (0.0, 0.0, 0.5, 1.0)}),
        ("masks/my mask.PNG@0.5: x", {"prompt": "x", "weight": 0.5, "mask": "masks/my mask.PNG"}),
        ("C:\\m.png: x.png: y", {"prompt": "x.png: y", "weight": 1.0, "mask": "C:\\m.png"}),
        ("left:", {"prompt": "", "weight": 1.0, "box": PLACES["left"]}),
    ],
)
def test_a_region_is_a_place_and_a_prompt(text, expected):
    assert region(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a red car", "no place and colon"),
        ("lefft: a car", "Did you mean 'left'"),
        ("0,0,1: a car", "needs four numbers"),
        ("0.5,0,0.5,1: a car", "no left, top, right, bottom"),
        ("0,0,nan,1: a car", "no left, top, right, bottom"),
        ("left@11: a", "no number from 0 to 10"),
        ("left@much: a", "'much' of the region"),
    ],
)
def test_a_region_that_is_none_is_refused(text, said):
    with pytest.raises(RecipeError, match=said):
        region(text)


def test_an_area_is_the_share_of_each_cell():
    half = area(PLACES["left"], 2, 4)
    assert half.shape == (1, 1, 2, 4)
    assert half[0, 0].tolist() == [[1, 1, 0, 0]] * 2
    assert float(area((0.0, 0.0, 1 / 3, 0.5), 5, 8).sum()) == pytest.approx(40 / 6)
    thirds = [area(PLACES[name], 8, 8) for name in ("left third", "middle third", "right third")]
    assert torch.allclose(sum(thirds), torch.ones(1, 1, 8, 8))
