"""Tokens into rows of T: where rows end, what a comma does, and words that are vectors."""

import pytest

from safelight.errors import RecipeError
from safelight.models.tokenizer import Tokenizer
from safelight.prompts.chunks import Words, cut, rows
from safelight.prompts.weights import Piece, weigh
from tiny import vocabulary


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(*vocabulary())


def lengths(text, tokenizer, words=None):
    return [len(row.slots) for row in rows(weigh(text), tokenizer, words)]


def test_an_empty_prompt_is_one_empty_row(tokenizer):
    assert lengths("", tokenizer) == [0]
    (row,) = rows([Piece("")], tokenizer)
    assert row.ids(tokenizer) == [tokenizer.start, *[tokenizer.end] * 76]
    assert row.weights(77) == [1.0] * 77


def test_a_short_prompt_has_the_ids_of_the_plain_batch(tokenizer):
    (row,) = rows([Piece("a red car on a road")], tokenizer)
    assert row.ids(tokenizer) == tokenizer.batch(["a red car on a road"])[0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a " * 75, [75]),
        ("a " * 76, [75, 1]),
        ("a " * 160, [75, 75, 10]),
        ("a " * 60 + ", " + "a " * 20, [61, 20]),  # the comma is token 61; 15 after it wait for 5 more
        ("a " * 54 + ", " + "a " * 25, [75, 5]),  # more than 20 tokens back: the row is filled
        ("a " * 55 + ", " + "a " * 25, [56, 25]),
        ("a " * 74 + ", " + "a " * 5, [75, 5]),
        ("a " * 75 + ", " + "a " * 5, [75, 6]),  # a comma that comes first is where AUTOMATIC1111 puts it
        ("a BREAK a a", [1, 2]),
        ("BREAK a", [0, 1]),
        ("a BREAK", [1]),
    ],
)
def test_rows_end_at_commas_breaks_and_the_last_place(tokenizer, text, expected):
    assert lengths(text, tokenizer) == expected


def test_without_commas_rows_are_filled(tokenizer):
    pieces = weigh("a " * 60 + ", " + "a " * 20)
    assert [len(row.slots) for row in rows(pieces, tokenizer, commas=False)] == [75, 6]


def test_all_tokens_are_there_in_order(tokenizer):
    text = "a red car, on a mountain road, " * 30
    slots = [slot.id for row in rows([Piece(text)], tokenizer) for slot in row.slots]
    assert slots == tokenizer.encode(text)


def test_weights_and_words_go_with_their_tokens(tokenizer):
    (row,) = rows(weigh("a (red car:1.3), on"), tokenizer)
    spelled = {}
    for slot in row.slots:
        spelled.setdefault((slot.word, slot.weight), []).append(slot.text)
    assert {key: "".join(letters) for key, letters in spelled.items()} == {
        (0, 1.0): "a",
        (1, 1.3): "red",
        (2, 1.3): "car",
        (3, 1.0): ",",
        (4, 1.0): "on",
    }
    assert row.weights(77) == [1.0, *(slot.weight for slot in row.slots), *[1.0] * (76 - len(row.slots))]


def test_a_word_of_vectors_takes_their_place_and_stays_whole(tokenizer):
    words = Words({"My-Style": 3, "my-style-2": 2})
    (row,) = rows(weigh("a (MY-STYLE:1.2), my-style-2 my-styles"), tokenizer, words)
    assert [slot.id for slot in row.slots][1:4] == [-1, -2, -3]
    assert [slot.id for slot in row.slots][5:7] == [-4, -5]
    assert {slot.weight for slot in row.slots[1:4]} == {1.2}
    assert sum(slot.id < 0 for slot in row.slots) == 5
    assert lengths("a " * 73 + "my-style a", tokenizer, words) == [73, 4]


def test_a_word_of_more_vectors_than_a_row_is_refused(tokenizer):
    with pytest.raises(RecipeError, match="'big' has 76 vectors; a row has room for 75"):
        rows([Piece("big")], tokenizer, Words({"big": 76}))


@pytest.mark.parametrize("text", ["(a:101)", "(a:-1000)", "(a:" + "9" * 400 + ")"])
def test_a_weight_out_of_measure_is_refused(tokenizer, text):
    with pytest.raises(RecipeError, match="out of range; use -100 to 100"):
        rows(weigh(text), tokenizer)


def test_plain_text_is_cut_where_the_tokenizer_cuts_it(tokenizer):
    row, lost = cut("a " * 75 + "red car", tokenizer)
    assert row.ids(tokenizer) == tokenizer.batch(["a " * 75 + "red car"])[0].tolist()
    assert lost == "red car"
    assert cut("a red car", tokenizer)[1] is None
