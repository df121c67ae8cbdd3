"""Words into the numbers that CLIP's text encoder reads: byte-pair encoding, exactly as OpenAI's CLIP does it.

    text -> clean -> split into words -> bytes as letters -> merge pairs, best known pair first -> ids

Cleaning mends broken Unicode (ftfy), undoes HTML escapes, makes every run of white space one space, lowers the case.
Every word ends in a letter marked `</w>`, so that "car" in "car" and in "carpet" are different pieces. Two files hold
all that is learned: `vocab.json` (piece -> id) and `merges.txt` (pairs of pieces, earlier is stronger). Their size sets
the size of the tokenizer: CLIP's has 49,408 pieces, the bundled model's 2,048, and both are this class.

Paper: Radford et al. 2021 (CLIP, arXiv 2103.00020); Sennrich et al. 2016 (byte-pair encoding, arXiv 1508.07909).
Shapes: B batch, T tokens (77 with start and end). Read next: `text.py`, which turns the ids into vectors;
`train/vocabulary.py`, which learns the two files.
"""

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from safelight.errors import WeightsError

if TYPE_CHECKING:  # imported when the first tokenizer is built: `safelight --help` needs neither
    from tokenizers import Encoding
    from tokenizers.pre_tokenizers import PreTokenizer

__all__ = ["END", "END_OF_WORD", "START", "Token", "Tokenizer", "byte_letters", "clean", "splitter"]

START, END, END_OF_WORD = "<|startoftext|>", "<|endoftext|>", "</w>"

# CLIP's definition of a word: an English ending, a run of letters, ONE digit, or a run of anything else.
WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"

# Printable ASCII without "&" and without control characters: nothing here for ftfy or `html.unescape` to mend
# (a test holds this against both), so the usual English prompt does not wait 0.2 s for ftfy's import.
PLAIN = re.compile(r"[\t\n\r -%'-~]*")


def mend(text: str) -> str:
    """Clean `text` as OpenAI's CLIP does, all but the lower case.

    `ftfy.fix_text` repairs mojibake, straightens quotes, composes accents (NFC) and drops control characters; HTML
    escapes are undone twice ("&amp;amp;" is "&"); every run of white space becomes one space, none at either end.
    """
    if not PLAIN.fullmatch(text):
        import ftfy

        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return " ".join(text.split())


def clean(text: str) -> str:
    """Return `text` as the merges will see it: mended, and in lower case."""
    return mend(text).lower()


def splitter() -> "PreTokenizer":
    """Return what cuts clean text into words and writes each word's UTF-8 bytes as letters, one for each of 256."""
    from tokenizers import Regex, pre_tokenizers

    words = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    # use_regex=True would cut once more by GPT-2's rules, which are not CLIP's: "should've" would come out different.
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([words, letters])


class Token(NamedTuple):
    """One token of a text: its id, the letters it stands for, and which word of the text it belongs to, from 0."""

    id: int
    text: str
    word: int


class Tokenizer:
    """CLIP's tokenizer over the two files `vocab` (vocab.json) and `merges` (merges.txt).

    Nothing in it changes after construction, so threads may share one. (The library's own truncation and padding are
    settings of a shared object, the source of "Already borrowed" errors in servers; they are not used here.)

    Args:
        vocab: JSON object, piece -> id; holds the 256 byte letters, alone and as word endings, and start and end.
        merges: one pair of pieces a line, strongest first, after a line "#version: 0.2".
        length: T, the tokens of one row of a batch, start and end included.

    Attributes:
        start, end: ids of the two marks; `end` also fills a row up to its length.
        length: T.
        size: how many ids there are; what the text encoder's table of vectors must hold.
        comma: the id of a comma that stands alone.

    Raises:
        WeightsError: a file is missing, is not what it should be, or lacks a piece.
    """

    def __init__(self, vocab: Path, merges: Path, length: int = 77) -> None:
        from tokenizers import AddedToken
        from tokenizers import Tokenizer as Words
        from tokenizers.models import BPE

        for file in (vocab, merges):
            if not file.is_file():
                raise WeightsError(f"no tokenizer file {file}; a model needs both vocab.json and merges.txt")
        try:
            pieces = BPE.from_file(str(vocab), str(merges), end_of_word_suffix=END_OF_WORD)
        except Exception as error:  # the library raises bare Exception
            raise WeightsError(f"{vocab} and {merges.name} are not a byte-pair vocabulary: {error}") from error
        self._words = Words(pieces)
        self._words.pre_tokenizer = splitter()

        alphabet = byte_letters()
        needed = [START, END, *alphabet, *(letter + END_OF_WORD for letter in alphabet)]
        missing = [piece for piece in needed if self._words.token_to_id(piece) is None]
        if missing:
            raise WeightsError(f"{vocab} lacks {len(missing)} pieces of a CLIP vocabulary, {missing[0]!r} is the first")
        self.size = self._words.get_vocab_size()
        self.start, self.end = self._id(START), self._id(END)
        self.comma = self._id("," + END_OF_WORD)
        self.length = length
        # Written out in a prompt, the two marks are the marks.
        self._words.add_special_tokens([AddedToken(mark, normalized=False) for mark in (START, END)])

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, however many, without start and end."""
        return self._encoding(clean(text)).ids

    def tokens(self, text: str) -> list[Token]:
        """Return the tokens of `text` with the letters that each stands for, in lower case; ids as `encode` has them.

        A letter of several bytes may be spread over several tokens; each of them shows it.
        """
        cleaned = clean(text)
        encoding = self._encoding(cleaned)
        words = (-1 if word is None else word for word in encoding.word_ids)
        return [
            Token(id, cleaned[begin:end], word)
            for id, (begin, end), word in zip(encoding.ids, encoding.offsets, words, strict=True)
        ]

    def batch(self, texts: Sequence[str]) -> Tensor:
        """Return (B, T) int64: each row is start, at most T - 2 ids, end, and end again up to T.

        A longer text is cut without a word; `truncated` says what was lost.
        """
        rows = torch.full((len(texts), self.length), self.end, dtype=torch.int64)
        for row, text in zip(rows, texts, strict=True):
            ids = [self.start, *self.encode(text)[: self.length - 2]]
            row[: len(ids)] = torch.tensor(ids)
        return rows

    def truncated(self, text: str) -> str | None:
        """Return the end of `text` that does not fit into one row, or None when all of it fits.

        It begins with the first word that is not read whole, is mended, and keeps its case.
        """
        mended = mend(text)
        lowered = mended.lower()
        encoding = self._encoding(lowered)
        room = self.length - 2
        if len(encoding) <= room:
            return None
        first = encoding.word_ids.index(encoding.word_ids[room])
        begin = encoding.offsets[first][0]
        # A few letters grow when lowered ("İ"); the offsets are then true of the lowered text alone.
        return (mended if len(lowered) == len(mended) else lowered)[begin:]

    def _encoding(self, cleaned: str) -> "Encoding":
        return self._words.encode(cleaned, add_special_tokens=False)

    def _id(self, piece: str) -> int:
        number = self._words.token_to_id(piece)
        assert number is not None, piece
        return number


def byte_letters() -> list[str]:
    """Return the 256 letters that stand for the bytes 0 to 255 in vocabularies of GPT-2's family, in CLIP's order.

    A printable byte of Latin-1 stands for itself and comes first; the 68 others borrow the letters from U+0100 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(code) for code in (*printable, *range(0x100, 0x100 + 256 - len(printable)))]
