"""How a text is divided into chunks, and how chunks are scored; without database and clock."""

import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

CHUNK_LENGTH = 1000
"""The most characters of a chunk."""
OVERLAP = 200
"""The most characters that a chunk has in common with the one before it; less than half a chunk."""
# Where a chunk ends if possible: after a paragraph, a line, a sentence, a word.
ENDS = ("\n\n", "\n", ". ", "。", " ")
COMPOUND = re.compile(r"[^\W_]+(?:[-‐‑][^\W_]+)*")
HYPHEN = re.compile("[-‐‑]")
BLANK = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and the position of its first character."""

    start: int
    text: str


def divide(text: str, length: int = CHUNK_LENGTH, overlap: int = OVERLAP) -> list[Piece]:
    """Divide a text into pieces of at most `length` characters, in order, without those that are blank.

    Each piece repeats at most `overlap` characters of the one before it, from the beginning of a word if there is one.
    """
    return [piece for piece in _pieces(text, length, overlap) if not piece.text.isspace()]


def _pieces(text: str, length: int, overlap: int) -> Iterator[Piece]:
    start, end = 0, 0
    while end < len(text):
        end = _end(text, start, length)
        yield Piece(start, text[start:end])
        start = _beginning(text, end - overlap, end)


def _end(text: str, start: int, length: int) -> int:
    if len(text) - start <= length:
        return len(text)
    # In the second half, so that no chunk is too short to tell what it is about.
    ends = (text.rfind(mark, start + length // 2, start + length) + len(mark) for mark in ENDS)
    return next((end for end in ends if end > start + length // 2), start + length)


def _beginning(text: str, first: int, last: int) -> int:
    blank = BLANK.search(text, first - 1, last)
    return blank.end() if blank else first


def words_of(text: str) -> set[str]:
    """Return the different words of a text, without case and accents.

    A compound with hyphens counts as its parts and as one word: "COVID-19" is `covid`, `19` and `covid19`.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
    words: set[str] = set()
    for compound in COMPOUND.findall(plain):
        parts = HYPHEN.split(compound)
        words |= {*parts, "".join(parts)}
    return words


def joined(words: Collection[str]) -> str:
    """Return words in order, with a space before and after each, so that ` word ` is found in it."""
    return f" {' '.join(sorted(words))} "


def rarity(total: int, number: int) -> float:
    """Return the weight of a word that `number` of `total` chunks have: the fewer, the more it says."""
    return math.log(1 + (1 + total) / (1 + number))


def keyword_share(vector_weight: float) -> float:
    """Return the weight of the words, which with that of the meaning is 1."""
    return round(1 - vector_weight, 9)


def keyword_score(found: Collection[str], weights: Mapping[str, float]) -> float:
    """Return the share of a query's words that were found, by their weights: from 0 to 1."""
    return sum(weights[word] for word in found) / sum(weights.values()) if found else 0.0


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of the angle between two vectors: from -1 to 1."""
    product: float = sum(map(mul, one, other))
    return product / (math.hypot(*one) * math.hypot(*other))
