"""The vocabulary learned for the bundled model: CLIP's format, the defined merges, the same every time."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest

from safelight.errors import TrainingError
from safelight.models.tokenizer import END, END_OF_WORD, START, Tokenizer, byte_letters
from safelight.train.vocabulary import count_words, english, join, learn, train_tokenizer

TEXTS = [
    "a red car on a mountain road, at night",
    "two red cars",
    "a watercolor painting of a résumé",
    "hugs pug pun bun hugs",
    "the quick brown fox jumps over the lazy dog, and they'd say it shouldn't have",
    "a cinematic portrait of a medieval warrior, golden hour lighting, ultra-detailed armor texture, dramatic sky",
]
TEXTS = [text for text in TEXTS for _ in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vocabulary")
    train_tokenizer(TEXTS, 600, folder)
    return folder


def read(folder):
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    merges = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    return vocabulary, merges


def test_the_files_have_clips_layout(folder):
    vocabulary, merges = read(folder)
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    assert list(vocabulary.values()) == list(range(600))
    assert pieces[:256] == byte_letters()
    assert pieces[256:512] == [letter + END_OF_WORD for letter in byte_letters()]
    assert pieces[-2:] == [START, END]
    assert merges[0] == "#version: 0.2"
    assert merges[-1] == ""
    assert pieces[512:-2] == list(dict.fromkeys(line.replace(" ", "") for line in merges[1:-1]))


def test_every_merge_is_of_two_pieces_known_before_it(folder):
    vocabulary, merges = read(folder)
    for line in merges[1:-1]:
        left, right = line.split(" ")
        assert vocabulary[left] < vocabulary[left + right] > vocabulary[right]


def test_each_merge_is_of_the_commonest_pair_counted_afresh():
    """The definition, with nothing kept from one round to the next."""
    counted = count_words(TEXTS)
    known = {letter for word in counted for letter in word}
    merges = learn(counted, 60, known)
    words = [(list(word), count) for word, count in counted.items()]
    for merge in merges:
        pairs = Counter()
        for word, count in words:
            for pair in pairwise(word):
                pairs[pair] += count
        assert pairs[merge] == max(pairs.values())
        assert merge == max(pair for pair in pairs if pairs[pair] == pairs[merge])
        for word, _ in words:
            join(word, merge)
    assert len({left + right for left, right in merges} - known) == 60


def test_a_word_of_one_letter_repeated_is_joined_from_the_left():
    word = list("aaaaa")
    join(word, ("a", "a"))
    assert word == ["aa", "aa", "a"]
    assert learn(Counter({tuple("aaaaa"): 2}), 1, {"a"}) == [("a", "a")]


def test_our_tokenizer_reads_it_and_the_words_of_the_texts_are_single_pieces(folder):
    tokenizer = Tokenizer(folder / "vocab.json", folder / "merges.txt")
    assert (tokenizer.size, tokenizer.start, tokenizer.end) == (600, 598, 599)
    assert [len(tokenizer.encode(word)) for word in ("red", "a", ",", "watercolor", "Shouldn")] == [1, 1, 1, 1, 1]
    assert len(tokenizer.encode("zebra")) > 1


def test_transformers_reads_it_and_agrees(folder):
    from transformers import CLIPTokenizer

    ours = Tokenizer(folder / "vocab.json", folder / "merges.txt")
    theirs = CLIPTokenizer.from_pretrained(str(folder))
    texts = [*TEXTS, "a zebra in the rain", "should've", "日本語 😀 4k, 8-bit", "re\u0301sume\u0301", "red " * 100, ""]
    for text in texts:
        assert ours.encode(text) == theirs(text, add_special_tokens=False).input_ids
    rows = theirs(texts, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
    assert ours.batch(texts).tolist() == rows.tolist()


def test_the_same_texts_give_the_same_files_in_any_order_and_in_any_process(folder, tmp_path):
    train_tokenizer(reversed(TEXTS), 600, tmp_path / "reversed")
    code = "import sys, json, pathlib; from safelight.train.vocabulary import train_tokenizer as t;"
    code += "t(json.loads(sys.argv[1]), 600, pathlib.Path(sys.argv[2]))"
    source = str(Path(__file__).parent.parent / "src")
    environment = os.environ | {"PYTHONHASHSEED": "77", "PYTHONPATH": source}
    command = [sys.executable, "-c", code, json.dumps(TEXTS), str(tmp_path / "process")]
    subprocess.run(command, check=True, env=environment)
    for name in ("vocab.json", "merges.txt"):
        expected = (folder / name).read_bytes()
        assert (tmp_path / "reversed" / name).read_bytes() == expected
        assert (tmp_path / "process" / name).read_bytes() == expected


def test_nothing_but_the_two_files_is_left_behind(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["merges.txt", "vocab.json"]


def test_a_size_below_the_bytes_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="513 is too small"):
        train_tokenizer(TEXTS, 513, tmp_path)
    train_tokenizer([], 514, tmp_path)


def test_texts_too_poor_to_fill_the_vocabulary_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(TrainingError, match=r"give 51\d pieces, not 2048"):
        train_tokenizer(["a b cd cd"], 2048, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_english_text_is_a_megabyte_of_words_and_begins_the_same_each_time():
    texts = list(english())
    assert sum(map(len, texts)) > 800_000
    assert sum(text.split().count("the") for text in texts) > 5000
    assert list(islice(english(), 500)) == texts[:500]
