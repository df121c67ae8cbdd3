"""`safelight prompt` and the figures behind it."""

import json

import pytest
import torch
from typer.testing import CliRunner

from safelight.cli.app import app
from safelight.errors import SafelightError
from safelight.prompts.conditioning import Conditioner
from safelight.prompts.report import report
from tiny import tiny_model


@pytest.fixture(scope="module")
def conditioner():
    model = tiny_model()
    return Conditioner(model.tokenizer, model.text.network)


def shown(*arguments):
    done = CliRunner().invoke(app, ["prompt", *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def read(conditioner, text, **how):
    (laid,) = conditioner.read(text).stretches[0].branches[0].blend
    with torch.inference_mode():
        return report(conditioner, laid, **how)


def test_a_row_tells_of_its_words_weights_and_factor(conditioner):
    (row,) = read(conditioner, "a (red:1.4) car")
    assert [word.text for word in row.words] == ["a", "red", "car"]
    assert [word.weight for word in row.words] == [1.0, 1.4, 1.0]
    assert all(word.effective == pytest.approx(word.weight * row.factor) for word in row.words)
    assert row.tokens == sum(len(word.ids) for word in row.words) and row.room == 75
    assert read(conditioner, "a (red:1.4) car", weighting="comfy")[0].factor == 1
    assert read(conditioner, "a red car")[0].factor == 1


def test_a_word_moves_the_context_by_what_leaving_it_out_changes(conditioner):
    (row,) = read(conditioner, "a red car", weighting="comfy")
    encoder, tokenizer = conditioner.encoder, conditioner.tokenizer
    with torch.inference_mode():
        ids = tokenizer.batch(["a red car"])
        whole, empty = encoder(ids, 1), encoder(tokenizer.batch([""]), 1)
        count = len(tokenizer.encode("red"))
        seen = torch.ones(1, 77, dtype=torch.bool)
        seen[0, 2 : 2 + count] = False
        without = torch.where(seen[..., None], encoder(ids, 1, None, seen), empty)
    expected = float((whole - without).norm() / (whole - empty).norm())
    assert row.words[1].moves == pytest.approx(expected, rel=1e-4)
    assert all(word.moves > 0 for word in row.words)


def test_a_word_alone_moves_nearly_everything(conditioner):
    ((word,),) = [row.words for row in read(conditioner, "car")]
    assert word.moves == pytest.approx(1, abs=0.1)  # what comes after it stands one place further on


def test_a_word_of_weight_zero_moves_less_with_comfys_weighting(conditioner):
    kept, dropped = (read(conditioner, f"a (red:{w}) car", weighting="comfy")[0].words[1].moves for w in (1.0, 0.0))
    assert dropped < kept


def test_words_that_were_not_taught_are_told(conditioner):
    (row,) = read(conditioner, "a red zebra, 7", with_encoder=False)
    assert [word.text for word in row.words if word.unknown] == ["zebra"]
    (row,) = read(conditioner, "a red zebra, 7", with_encoder=False, knows={"a", "zebra"})
    assert [word.text for word in row.words if word.unknown] == ["red"]
    assert all(word.moves is None and word.effective is None for word in row.words)


def test_the_command_shows_words_rows_and_what_they_do():
    out = shown("a (red:1.5) sports car BREAK at night <lora:ink:0.7>")
    assert "asks for the lora ink at 0.7" in out
    assert "row 1 of 2, 4 of 75 tokens; all weights times" in out
    assert "weight 1.5" in out and "moves 0." in out
    assert "row 2 of 2, 2 of 75 tokens" in out


def test_the_command_tells_what_is_cut_and_strict_refuses():
    long = "a " * 78 + "end"
    assert "CUT, not read at all: a a a end" in shown(long, "--prompt-syntax", "plain", "--tokens-only")
    assert "CUT" not in shown(long, "--tokens-only")
    with pytest.raises(SafelightError, match="longer than 75 tokens"):
        shown(long, "--prompt-syntax", "plain", "--strict-prompt", "--tokens-only")


def test_the_command_fills_in_styles_wildcards_and_templates(tmp_path):
    (tmp_path / "beast.txt").write_text("cat\n")
    out = shown("a __beast__", "--wildcards", str(tmp_path), "--style", "Pixel Art", "--tokens-only")
    assert "chance: __beast__ is cat" in out
    assert "prompt: a cat, pixel art" in out
    assert "negative prompt: blurry, photo" in out
    assert "prompt: a cat, neon" in shown("--template", "lighting=neon; subject=a cat", "--tokens-only")


def test_the_command_shows_stretches_branches_and_blends():
    out = shown("[a cat:a dog:0.25] AND a bus : 0.4", "--steps", "8", "--tokens-only")
    assert "steps 1 to 2 of 8" in out and "steps 3 to 8 of 8" in out
    assert "AND, part 2 of 2, weight 0.4" in out
    assert "blend, 75% of" in shown("a cat :: 3 | a dog :: 1", "--tokens-only")
    assert "and 17 more stretches" in shown("[a|b]", "--steps", "25", "--tokens-only")


def test_json_holds_everything_one_object_a_prompt(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("a cat\na (dog:1.2) --seed 3 --negative-prompt blurry\n")
    first, second = map(json.loads, shown("--file", str(path), "--json").splitlines())
    assert first["prompt"]["text"] == "a cat"
    (row,) = second["prompt"]["stretches"][0]["branches"][0]["blend"][0]["rows"]
    assert [word["weight"] for word in row["words"]] == [1.0, 1.2]
    assert all(word["moves"] is not None for word in row["words"])
    assert second["negative_prompt"]["text"] == "blurry"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of a prompt"),
        (["a", "--template", "subject=b"], "give one of a prompt"),
        (["a", "--prompt-syntax", "waited"], "Did you mean 'weighted'"),
        (["a", "--prompt-weighting", "comfi"], "Did you mean 'comfy'"),
        (["a", "--clip-skip", "9"], "out of range; this text encoder has 1 to"),
        (["a", "--steps", "0"], "steps 0 is out of range"),
        (["a", "--style", "wattercolor"], "Did you mean 'watercolor'"),
        (["a", "--model", "nowhere"], "no model 'nowhere'"),
        (["(" * 65], "more than 64 brackets"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(arguments, said):
    with pytest.raises(SafelightError, match=said) as caught:
        shown(*arguments)
    assert "\n" not in str(caught.value)
