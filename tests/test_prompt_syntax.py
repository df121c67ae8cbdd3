"""Brackets, weights, AND, blends: AUTOMATIC1111's published cases, compel's signs, and text that is nothing of it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.errors import RecipeError
from safelight.prompts.brackets import DEEPEST, read
from safelight.prompts.syntax import SYNTAXES, parse
from safelight.prompts.weights import comfyui, weigh

SNIPPETS = st.sampled_from(
    [*"()[]:|\\ ,.+-", "::", "a", "cat", "word++", "b--", ")1.3", ":1.2)", ":0.5]", ":3]", "AND", "BREAK", " 7",
     "é", "日", "\n", "\x00", "<lora:x:1>", "{a|b}", "0.5", ":-1", "1e9", "_"]
)  # fmt: skip


def pieces(text, signs=True):
    return [[piece.text, piece.weight] for piece in weigh(text, signs)]


def schedule(text, steps=10, syntax="weighted"):
    """[[last step, text], ...] of a prompt without AND, its weights still in brackets."""
    from safelight.prompts.brackets import render

    prompt = parse(text, syntax)
    (source,) = prompt.branches
    ((_, nodes),) = source.blend
    return [[last, render(nodes, last, steps)] for _, last in prompt.stretches(steps)]


# What parse_prompt_attention of AUTOMATIC1111's web UI is documented to return.
A1111_WEIGHTS = [
    ("normal text", [["normal text", 1.0]]),
    ("an (important) word", [["an ", 1.0], ["important", 1.1], [" word", 1.0]]),
    ("(unbalanced", [["unbalanced", 1.1]]),
    (r"\(literal\]", [["(literal]", 1.0]]),
    ("(unnecessary)(parens)", [["unnecessaryparens", 1.1]]),
    (
        "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
        [
            ["a ", 1.0],
            ["house", 1.5730000000000004],
            [" ", 1.1],
            ["on", 1.0],
            [" a ", 1.1],
            ["hill", 0.55],
            [", sun, ", 1.1],
            ["sky", 1.4641000000000006],
            [".", 1.1],
        ],
    ),
]

# What its get_learned_conditioning_prompt_schedules is documented to return for 10 steps.
A1111_SCHEDULES = [
    ("test", [[10, "test"]]),
    ("a [b:3]", [[3, "a "], [10, "a b"]]),
    ("a [b: 3]", [[3, "a "], [10, "a b"]]),
    ("a [[[b]]:2]", [[2, "a "], [10, "a [[b]]"]]),
    ("[(a:2):3]", [[3, ""], [10, "(a:2)"]]),
    ("a [b : c : 1] d", [[1, "a b  d"], [10, "a  c  d"]]),
    ("a[b:[c:d:2]:1]e", [[1, "abe"], [2, "ace"], [10, "ade"]]),
    ("a [unbalanced", [[10, "a [unbalanced"]]),
    ("a [b:.5] c", [[5, "a  c"], [10, "a b c"]]),
    ("a [{b|d{:.5] c", [[5, "a  c"], [10, "a {b|d{ c"]]),
    ("((a][:b:c [d:3]", [[3, "((a][:b:c "], [10, "((a][:b:c d"]]),
    ("[a|(b:1.1)]", [[i, "(b:1.1)" if i % 2 == 0 else "a"] for i in range(1, 11)]),
    ("[fe|]male", [[i, "male" if i % 2 == 0 else "female"] for i in range(1, 11)]),
    ("[fe|||]male", [[i, "female" if i % 4 == 1 else "male"] for i in range(1, 11)]),
]


@pytest.mark.parametrize("signs", [True, False])
@pytest.mark.parametrize(("text", "expected"), A1111_WEIGHTS)
def test_weights_are_those_of_automatic1111s_documentation_to_the_last_bit(text, expected, signs):
    assert pieces(text, signs) == expected


@pytest.mark.parametrize("syntax", ["weighted", "a1111"])
@pytest.mark.parametrize(("text", "expected"), A1111_SCHEDULES)
def test_schedules_are_those_of_automatic1111s_documentation(text, expected, syntax):
    assert schedule(text, syntax=syntax) == expected


def test_the_worked_example_of_a_scheduled_landscape_comes_out():
    text = (
        "fantasy landscape with a [mountain:lake:0.25] and [an oak:a christmas tree:0.75]"
        "[ in foreground::0.6][: in background:0.25] [shoddy:masterful:0.5]"
    )
    assert schedule(text, 100) == [
        [25, "fantasy landscape with a mountain and an oak in foreground shoddy"],
        [50, "fantasy landscape with a lake and an oak in foreground in background shoddy"],
        [60, "fantasy landscape with a lake and an oak in foreground in background masterful"],
        [75, "fantasy landscape with a lake and an oak in background masterful"],
        [100, "fantasy landscape with a lake and a christmas tree in background masterful"],
    ]


def test_a_number_with_a_point_is_a_share_of_the_steps_and_one_without_is_a_step():
    assert schedule("[a:b:0.5]", 7) == [[3, "a"], [7, "b"]]
    assert schedule("[a:b:5]", 7) == [[5, "a"], [7, "b"]]
    assert schedule("[a:b:1.0]", 7) == schedule("[a:b:99]", 7) == [[7, "a"]]
    assert schedule("[a:b:0]", 7) == schedule("[a:b:-3]", 7) == [[7, "b"]]


def test_round_and_square_brackets_may_cross():
    assert pieces("(a [b) c]") == [["a ", 1.1], ["b", 1.1 * (1 / 1.1)], [" c", 1 / 1.1]]


def test_a_backslash_makes_the_next_character_text():
    assert pieces(r"\(a\) \[b\] \\ c\:1.2") == [["(a) [b] \\ c:1.2", 1.0]]
    assert schedule(r"\[a:b:0.5\]") == [[10, r"\[a:b:0.5\]"]]
    assert schedule(r"[a\:b:c:0.5]") == [[5, r"a\:b"], [10, "c"]]
    assert pieces("end\\") == [["end", 1.0]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a tall++ man", [["a ", 1.0], ["tall", 1.1**2], [" man", 1.0]]),
        ("a tall- man", [["a ", 1.0], ["tall", 0.9], [" man", 1.0]]),
        ("(a b)1.3 c", [["a b", 1.3], [" c", 1.0]]),
        ("(a b)++, c", [["a b", 1.1**2], [", c", 1.0]]),
        ("(a (b)1.2)0.5", [["a ", 0.5], ["b", 0.6]]),
        ("(a)---", [["a", 0.9**3]]),
        ("sky+", [["sky", 1.1]]),
        ("(soft+ light:1.2)", [["soft", 1.1 * 1.2], [" light", 1.2]]),
    ],
)
def test_compels_signs_weigh_words_and_brackets(text, expected):
    found = pieces(text)
    assert [text for text, _ in found] == [text for text, _ in expected]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in expected])


@pytest.mark.parametrize(
    "text",
    [
        "C++ code",
        "18+",
        "black-and-white",
        "t-shirt",
        "a - b",
        "1 + 1 = 2",
        "word+-",
        "x++y",
        "rock 'n'+",
        "A+",
        "--ar",
    ],
)
def test_signs_that_end_no_word_are_text(text):
    assert pieces(text) == [[text, 1.0]]


def test_a_sign_or_number_after_a_bracket_counts_only_before_something_else_than_a_letter():
    assert pieces("(red)-haired") == [["red", 1.1], ["-haired", 1.0]]
    assert pieces("(cat)2x") == [["cat", 1.1], ["2x", 1.0]]
    assert pieces("a) 1.3") == [["a) 1.3", 1.0]]
    assert pieces("a)1.3") == [["a)1.3", 1.0]]


def test_compels_signs_are_text_to_automatic1111():
    assert pieces("a tall++ man, (a b)1.3", signs=False) == [["a tall++ man, ", 1.0], ["a b", 1.1], ["1.3", 1.0]]


def test_break_is_a_mark_of_its_own_even_in_brackets_and_twice():
    found = weigh("a BREAK BREAK (b BREAK c) BREAKFAST")
    assert [piece.breaks for piece in found] == [False, True, True, False, True, False, False]
    assert [piece.text for piece in found] == ["a", "", "", "b", "", "c", " BREAKFAST"]


def test_comfyui_takes_a_written_weight_as_it_stands_and_knows_no_square_brackets():
    def theirs(text):
        return [[piece.text, piece.weight] for piece in comfyui(text)]

    assert theirs("a (b (c:1.3) d:1.2)") == [["a ", 1.0], ["b ", 1.2], ["c", 1.3], [" d", 1.2]]
    assert theirs("((a)) [b]") == [["a", pytest.approx(1.21)], [" [b]", 1.0]]
    assert theirs(r"\(a\) \n (open") == [[r"(a) \n (open", 1.0]]


def test_and_makes_branches_with_weights():
    branches = parse("a cat :1.2 AND a dog AND a mouse: -0.5").at(1, 10)
    assert [branch.weight for branch in branches] == [1.2, 1.0, -0.5]
    assert [branch.blend[0].pieces[0].text.strip() for branch in branches] == ["a cat", "a dog", "a mouse"]
    assert len(parse("SAND and BAND").at(1, 10)) == 1


def test_a_number_at_the_end_of_a_prompt_without_and_is_text_but_for_automatic1111():
    assert parse("a clock at 10:30").at(1, 1)[0].weight == 1
    assert parse("a clock at 10:30").at(1, 1)[0].blend[0].pieces[0].text == "a clock at 10:30"
    assert parse("a clock at 10:30", "a1111").at(1, 1)[0].weight == 30


def test_a_blend_mixes_texts_by_shares_of_one():
    (branch,) = parse("a cat :: 0.6 | a (tiger) :: 0.2").at(1, 10)
    assert [text.share for text in branch.blend] == pytest.approx([0.75, 0.25])
    assert [[piece.text.strip() for piece in text.pieces] for text in branch.blend] == [["a cat"], ["a", "tiger", ""]]
    assert len(parse("a | b").at(1, 1)[0].blend) == len(parse("a :: 0.6").at(1, 1)[0].blend) == 1
    assert len(parse("a :: 0.6 | b").at(1, 1)[0].blend) == 2
    assert len(parse("(a :: 0.6 | b)").at(1, 1)[0].blend) == 1
    assert len(parse("a :: 0.6 | b", "a1111").at(1, 1)[0].blend) == 1


def test_a_blend_and_a_schedule_and_an_and_live_together():
    first, second = parse("[a:b:0.5] :: 1 | c :: 3 AND d : 0.5").at(10, 10)
    assert [(text.share, text.pieces[0].text.strip()) for text in first.blend] == [(0.25, "b"), (0.75, "c")]
    assert (second.weight, second.blend[0].pieces[0].text.strip()) == (0.5, "d")


def test_a_blend_of_nothing_is_refused():
    with pytest.raises(RecipeError, match="must not add up to 0"):
        parse("a :: 1 | b :: -1")


def test_plain_reads_every_bracket_as_text():
    text = "(a:1.3) [b|c] AND d :: 1 | e++ \\("
    (branch,) = parse(text, "plain").at(1, 10)
    assert branch.blend[0].pieces[0].text == text
    assert parse(text, "plain").stretches(10) == ((1, 10),)


@pytest.mark.parametrize("bracket", ["(", "["])
def test_brackets_beyond_the_depth_are_refused_in_one_line(bracket):
    parse(bracket * DEEPEST + "a").at(1, 1)
    for syntax in ("weighted", "a1111"):
        with pytest.raises(RecipeError, match=r"more than 64 brackets .* at character 65 of") as caught:
            parse(bracket * (DEEPEST + 1) + "a", syntax)
        assert "\n" not in str(caught.value)


def test_twenty_thousand_brackets_exhaust_nothing():
    for text in ("()" * 20_000, "[a:" * 60 + "b" + ":0.5]" * 60, ")]" * 20_000, "[a|b]" * 6_000):
        assert parse(text).at(1, 10)
    with pytest.raises(RecipeError):
        parse("(" * 20_000)


def test_an_unknown_syntax_is_refused_with_the_known_ones():
    with pytest.raises(RecipeError, match="'weighted'"):
        parse("a", "weighed")


@settings(max_examples=300)
@given(st.lists(SNIPPETS, max_size=40).map("".join), st.sampled_from(SYNTAXES), st.integers(1, 30))
def test_no_text_fails_but_by_our_own_error(text, syntax, steps):
    try:
        prompt = parse(text, syntax)
    except RecipeError:
        return
    stretches = prompt.stretches(steps)
    assert stretches[0][0] == 1 and stretches[-1][1] == steps
    for first, last in stretches:
        assert prompt.at(first, steps) == prompt.at(last, steps)
        for branch in prompt.at(first, steps):
            assert branch.blend and all(piece.text or piece.breaks for t in branch.blend for piece in t.pieces[1:])


@settings(max_examples=300)
@given(st.lists(SNIPPETS, max_size=30).map("".join))
def test_nodes_of_text_are_the_text_again(text):
    try:
        nodes, bars = read(text)
    except RecipeError:
        return
    if all(isinstance(node, str) for node in nodes):
        assert "".join(nodes) == text
    assert all(nodes[i] == "|" for i in bars)


def test_twenty_thousand_random_strings_raise_nothing_but_our_own_error(monkeypatch):
    """A sample of what benchmarks/fuzz_prompts.py does ten million times."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    from fuzz_prompts import some

    tried, _, failure = some((1, 20_000))
    assert (tried, failure) == (20_000, "")
