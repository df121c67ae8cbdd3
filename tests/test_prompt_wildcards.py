"""Wildcards: the seed decides, the bounds hold, and no file outside the folder is read."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.errors import RecipeError
from safelight.prompts.wildcards import MOST_DRAWS, expand, names


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "wildcards"
    (place / "places").mkdir(parents=True)
    (place / "animal.txt").write_text("# beasts\ncat\n\n3::dog\n{white|black} horse\n", encoding="utf-8-sig")
    (place / "places" / "city.txt").write_text("Paris\nRome\n")
    (place / "again.txt").write_text("a __again__\n")
    (place / "empty.txt").write_text("# nothing\n")
    (place / "binary.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "secret.txt").write_text("secret\n")
    (place / "link.txt").symlink_to(tmp_path / "secret.txt")
    return place


def drawn(text, folder=None, seeds=200):
    return Counter(expand(text, seed, folder)[0] for seed in range(seeds))


def test_the_seed_and_nothing_else_decides():
    text = "{a|b|c|d} {e|f|g|h} {i|j|k|l}"
    assert expand(text, 7) == expand(text, 7)
    assert len(drawn(text)) > 20
    assert expand(text, 7)[0] != expand(text, 7, purpose="negative prompt")[0]


def test_the_words_of_a_seed_never_change():
    """Recorded on purpose: a later version that draws otherwise would change what a seed means."""
    text = "{a|b|c|d|e|f|g|h} {2$$i|j|k|l} {1-3$$ and $$m|n|o}"
    assert [expand(text, seed)[0] for seed in (0, 1, 2**64 - 1)] == [
        "c i, j o and n and m",
        "f i, k n and m",
        "h j, i m",
    ]


def test_options_come_about_equally_often_and_weights_make_them_likelier():
    even = drawn("{a|b}", seeds=1000)
    assert 400 < even["a"] < 600
    heavy = drawn("{3::a|b}", seeds=1000)
    assert 680 < heavy["a"] < 820
    assert set(drawn("{0::a|b}")) == {"b"}


def test_several_are_drawn_without_repetition():
    for text in drawn("{2$$a|b|c}"):
        first, second = text.split(", ")
        assert first != second
    assert set(drawn("{2$$ and $$a|b}")) == {"a and b", "b and a"}
    assert {len(text.split(", ")) for text in drawn("{1-3$$a|b|c}")} == {1, 2, 3}
    assert {len(text.split(", ")) for text in drawn("{9$$a|b|c}")} == {3}
    assert set(drawn("{0$$a|b}")) == {""}


def test_a_wildcard_is_a_line_of_its_file_and_lines_may_hold_more(folder):
    found = drawn("a __animal__ in __places/city__", folder, 400)
    beasts = Counter()
    for text, count in found.items():
        beasts[text.split(" in ")[0]] += count
    assert set(beasts) == {"a cat", "a dog", "a white horse", "a black horse"}
    assert beasts["a dog"] > beasts["a cat"]
    assert names(folder) == ["again", "animal", "binary", "empty", "link", "places/city"]


def test_braces_nest_and_brackets_protect_their_bars():
    assert set(drawn("{a|{b|c}} d")) == {"a d", "b d", "c d"}
    assert set(drawn("{[a|b]|c}")) == {"[a|b]", "c"}
    assert set(drawn("{[a|b}")) == {"[a", "b"}


@pytest.mark.parametrize(
    "text", ["{prompt}", "a {b} c", "{", "}", "a | b", "}{|", "[a|b]", "____", "_a_", "{$$}", "[|", "\\|"]
)
def test_what_is_no_choice_is_text(text):
    assert expand(text, 0) == (text, ())


def test_a_backslash_makes_braces_and_underscores_text():
    assert expand(r"\{a|b\} \__c__ \(d\)", 0)[0] == r"{a|b} __c__ \(d\)"


def test_draws_are_told(folder):
    _, draws = expand("{a|a} __places/city__", 0, folder)
    assert [draw.source for draw in draws] == ["{a|a}", "__places/city__"]
    assert draws[0].chosen == "a" and draws[1].chosen in ("Paris", "Rome")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__animl__", r"no wildcard __animl__ .* Did you mean 'animal'"),
        ("__../secret__", "leads out of the folder"),
        ("__places/../../secret__", "leads out of the folder"),
        ("__/etc/passwd__", "leads out of the folder"),
        ("__link__", "leads out of the folder"),
        ("__again__", "more than 64 deep"),
        ("__empty__", "no lines to choose from"),
        ("__binary__", "not UTF-8"),
        ("{0::c|" * 70 + "a" + "}" * 70, "more than 64 deep"),
        ("{a|a}" * (MOST_DRAWS + 1), "more than 1000 choices"),
        ("{" + "a" * 17_000 + "|" + "b" * 17_000 + "}", "beyond 16384 characters"),
    ],
)
def test_what_cannot_be_or_grows_too_large_is_refused_in_one_line(folder, text, said):
    with pytest.raises(RecipeError, match=said) as caught:
        expand(text, 0, folder)
    assert "\n" not in str(caught.value)


def test_a_wildcard_without_a_folder_says_what_to_do(tmp_path):
    with pytest.raises(RecipeError, match="no folder of wildcards is known; name it with --wildcards"):
        expand("__animal__", 0)
    with pytest.raises(RecipeError, match="there is no folder"):
        expand("__animal__", 0, tmp_path / "none")


@settings(max_examples=500)
@given(st.lists(st.sampled_from([*"{}[]|$:\\_ a2-", "$$", "__", "2$$", "3::", "\n"]), max_size=60).map("".join))
def test_no_text_fails_but_by_our_own_error(text):
    try:
        expanded, draws = expand(text, 3)
    except RecipeError:
        return
    assert draws or len(expanded) <= len(text)
