"""Styles, templates and what puts them together."""

import pytest

from safelight.errors import RecipeError
from safelight.prompts.finishing import finish, known_styles, wildcards_folder
from safelight.prompts.styles import Style, apply, bundled, read_styles, select
from safelight.prompts.template import PARTS, assemble, parts


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "styles.csv"
    path.write_bytes(
        '\ufeffname,prompt,negative_prompt\r\nInk,"ink drawing of {prompt}, fine lines",photo\r\n'
        'Plain,"one, two",\r\n------,,\r\n"Two lines","a\nb",\r\n'.encode()
    )
    return path


def test_a_style_is_put_around_the_prompt_or_after_it(file):
    known = read_styles(file)
    assert apply([known["Ink"]], "a cat", "blurry") == ("ink drawing of a cat, fine lines", "blurry, photo")
    assert apply([known["Plain"]], "a cat", "") == ("a cat, one, two", "")
    assert apply([known["Plain"], known["Ink"]], "a cat")[0] == "ink drawing of a cat, one, two, fine lines"
    assert apply([known["Plain"]], "")[0] == "one, two"
    assert apply([Style("x", "{prompt}, y", "")], "") == ("y", "")
    assert known["Two lines"].prompt == "a\nb"


def test_a_prompt_that_holds_the_word_prompt_in_braces_is_put_in_once():
    style = Style("x", "{prompt} and {prompt}", "")
    assert apply([style], "{prompt}")[0] == "{prompt} and {prompt}"


def test_styles_of_the_older_format_are_read(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("name, text\nInk, ink drawing\n")
    assert read_styles(path)["Ink"] == Style("Ink", "ink drawing", "")


def test_styles_are_found_in_any_case_and_missed_ones_are_named_with_the_nearest(file):
    known = read_styles(file)
    assert [style.name for style in select(["ink", "Plain"], known)] == ["Ink", "Plain"]
    with pytest.raises(RecipeError, match=r"no style 'Inkk'\. Did you mean 'Ink'"):
        select(["Inkk"], known)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n", "the first line"),
        (b"", "the first line"),
        (b'name,prompt\nInk,"open', "line 2"),
        (b"name,prompt\n\xff,\n", "not UTF-8, at byte 12"),
        (b"name,prompt\n" + b"x" * 4_000_001, "larger than 4 MB"),
        (b'name,prompt\nInk,"' + b"x" * 200_000 + b'"\n', "line 2"),
    ],
)
def test_a_file_of_styles_that_cannot_be_read_is_named_in_one_line(tmp_path, data, said):
    path = tmp_path / "styles.csv"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=said) as caught:
        read_styles(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(RecipeError, match="No such file"):
        read_styles(tmp_path / "none.csv")


def test_the_styles_that_come_along_work_and_ones_own_go_over_them(file, tmp_path):
    for style in bundled().values():
        prompt, _ = apply([style], "a cat")
        assert "a cat" in prompt and prompt != "a cat"
    assert set(known_styles(None)) == set(bundled())
    assert {"Ink", "watercolor"} <= set(known_styles(file))
    assert "Ink" in known_styles(None, [tmp_path / "nowhere", tmp_path])


def test_a_template_joins_its_parts_in_their_order():
    text = "quality=best quality; lighting = golden hour ;subject=a cat,; detail="
    assert assemble(parts(text)) == "a cat, golden hour, best quality"
    assert assemble({name: name for name in reversed(PARTS)}) == "subject, style, lighting, detail, quality"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject=a; colour=red", "no part 'colour'"),
        ("style=oil", "needs a subject"),
        ("a cat", "'a cat' has no name"),
        ("subject=a; subject=b", "given twice"),
    ],
)
def test_a_template_that_is_none_is_refused(text, said):
    with pytest.raises(RecipeError, match=said):
        assemble(parts(text))


def test_finishing_is_template_then_styles_then_wildcards(tmp_path):
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards" / "beast.txt").write_text("cat\n")
    known = {"ink": Style("ink", "ink drawing of {prompt}, __beast__", "{photo|photo}")}
    done = finish(
        None,
        "blurry",
        template="subject=a __beast__",
        style_names=["ink"],
        known=known,
        wildcards_in=wildcards_folder(None, [tmp_path]),
    )
    assert (done.prompt, done.negative_prompt) == ("ink drawing of a cat, cat", "blurry, photo")
    assert [draw.source for draw in done.draws] == ["__beast__", "__beast__", "{photo|photo}"]
    with pytest.raises(RecipeError, match="not both"):
        finish("a cat", template="subject=a dog")
