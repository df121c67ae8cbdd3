"""`<lora:name:0.8>` is taken out of a prompt and read; everything else in angle brackets stays."""

import pytest

from safelight.errors import RecipeError
from safelight.prompts.mentions import Mention, mentions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<lora:ink>", Mention("lora", "ink")),
        ("<lora:ink:0.8>", Mention("lora", "ink", 0.8)),
        ("<LORA: ink : -.5 >", Mention("lora", "ink", -0.5)),
        ("<lora:ink:0.5:0.8>", Mention("lora", "ink", 0.8, 0.5)),
        ("<lora:ink:0.8:0.8>", Mention("lora", "ink", 0.8)),
        ("<lora:ink:te=0.5:unet=0.8>", Mention("lora", "ink", 0.8, 0.5)),
        ("<lyco:ink:0.7:dyn=4>", Mention("lora", "ink", 0.7)),
        ("<hypernet:glow:0.3>", Mention("hypernet", "glow", 0.3)),
        ("<lora:a folder/ink v1.2:1>", Mention("lora", "a folder/ink v1.2", 1.0)),
    ],
)
def test_a_mention_says_what_file_and_how_much_of_it(text, expected):
    assert mentions(f"a cat {text}, sitting") == ("a cat , sitting", (expected,))


def test_several_mentions_keep_their_order():
    text, found = mentions("<lora:a:1><lora:b:2> a cat<hypernet:c>")
    assert text == " a cat"
    assert [mention.name for mention in found] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["<b>", "<lora>", "a < b", "<lora:open", "<loral:x:1>", "lora:x:1", "<<>>"])
def test_other_angle_brackets_are_text(text):
    assert mentions(text) == (text, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<lora:>", "names no file"),
        ("<lora::0.8>", "names no file"),
        ("<lora:x:much>", "'much' is no scale"),
        ("<lora:x:1:2:3>", "3 scales"),
        ("<lora:x:nan>", "out of range"),
        ("<lora:x:1e9>", "out of range"),
        ("<lora:x:" + "y" * 500 + ">", r"is no scale"),
        ("<lora:x\n:y>", r"is no scale"),
    ],
)
def test_a_mention_that_cannot_be_read_is_refused_in_one_short_line(text, said):
    with pytest.raises(RecipeError, match=said) as caught:
        mentions(text)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200
