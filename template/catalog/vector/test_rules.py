"""Tests of chunking and scoring."""

import math
from itertools import pairwise
from random import Random

import pytest

from your_service.modules.vector.rules import (
    CHUNK_LENGTH,
    OVERLAP,
    Piece,
    cosine,
    divide,
    joined,
    keyword_score,
    keyword_share,
    rarity,
    words_of,
)

SOME = "Take one tablet. Drink a glass of water.\nCall us.\n\nDo not drive."


def random_text(seed: int) -> str:
    """Return a text of words, blanks, line breaks and long lines without any."""
    random = Random(seed)
    parts = ["a", "insulin", "grün", "疫苗。", " ", "  ", "\n", "\n\n", ". ", "x" * 60, " " * 50, "👩‍⚕️"]
    return "".join(random.choice(parts) for _ in range(random.randrange(1, 120))).strip() or "a"


@pytest.mark.parametrize("seed", range(60))
def test_any_text_is_divided_without_loss(seed: int) -> None:
    text = random_text(seed)
    random = Random(seed)
    length = random.randrange(8, 120)
    overlap = random.randrange(length // 2)

    pieces = divide(text, length, overlap)

    covered = "".join(" " if letter.isspace() else "?" for letter in text)
    for piece in pieces:
        assert text[piece.start : piece.start + len(piece.text)] == piece.text
        assert 0 < len(piece.text) <= length
        assert not piece.text.isspace()
        covered = covered[: piece.start] + " " * len(piece.text) + covered[piece.start + len(piece.text) :]
    assert covered.isspace()
    for one, following in pairwise(pieces):
        assert one.start < following.start
        assert one.start + len(one.text) - following.start <= overlap
        assert one.start + len(one.text) < following.start + len(following.text)


def test_a_short_text_is_one_piece() -> None:
    assert divide("x") == [Piece(0, "x")]
    assert divide("Take one tablet.") == [Piece(0, "Take one tablet.")]
    assert divide("x" * CHUNK_LENGTH) == [Piece(0, "x" * CHUNK_LENGTH)]


def test_a_text_without_blanks_is_divided_by_length() -> None:
    text = "x" * (CHUNK_LENGTH + 1)

    pieces = divide(text)

    assert [(piece.start, len(piece.text)) for piece in pieces] == [
        (0, CHUNK_LENGTH),
        (CHUNK_LENGTH - OVERLAP, OVERLAP + 1),
    ]


@pytest.mark.parametrize(
    ("length", "first"),
    [
        (60, "Take one tablet. Drink a glass of water.\nCall us.\n\n"),
        (48, "Take one tablet. Drink a glass of water.\n"),
        (30, "Take one tablet. "),
        (12, "Take one "),
        (4, "Take"),
    ],
)
def test_a_piece_ends_at_the_best_place_in_its_second_half(length: int, first: str) -> None:
    assert divide(SOME, length, 0)[0].text == first


def test_a_chinese_sentence_is_not_broken() -> None:
    assert divide("接种疫苗。请喝水。", 8, 0) == [Piece(0, "接种疫苗。"), Piece(5, "请喝水。")]


def test_a_piece_repeats_the_last_words_of_the_one_before() -> None:
    pieces = divide("one two three four five six seven", 15, 6)

    assert [piece.text for piece in pieces] == ["one two three ", "three four ", "four five six ", "six seven"]


def test_blank_pieces_are_left_out() -> None:
    assert divide(f"one{' ' * 40}two", 10, 0) == [Piece(0, "one       "), Piece(40, "   two")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("COVID-19", {"covid", "19", "covid19"}),
        ("covid 19", {"covid", "19"}),
        ("covid19", {"covid19"}),
        ("Long-COVID‑19", {"long", "covid", "19", "longcovid19"}),
        ("Müller Straße ＡＢＣ", {"muller", "strasse", "abc"}),
        ("El Niño, İstanbul", {"el", "nino", "istanbul"}),
        ("snake_case 100% (5 mg/l)", {"snake", "case", "100", "5", "mg", "l"}),
        ("- -19 19-", {"19"}),
        ("接种疫苗", {"接种疫苗"}),
        ("!?", set()),
    ],
)
def test_words_are_compared_without_case_accents_and_signs(text: str, words: set[str]) -> None:
    assert words_of(text) == words


def test_a_word_is_found_between_spaces() -> None:
    assert joined({"tablet", "one"}) == " one tablet "


def test_a_rare_word_says_more() -> None:
    assert rarity(10, 0) > rarity(10, 1) > rarity(10, 10) > 0
    assert rarity(0, 0) > 0
    assert math.isclose(rarity(8, 2), math.log(4))


def test_both_weights_are_one() -> None:
    assert [keyword_share(weight) for weight in (0, 0.7, 1)] == [1, 0.3, 0]


def test_the_keyword_score_is_the_share_of_the_weights() -> None:
    weights = {"asthma": 3.0, "in": 0.5, "children": 1.5}

    scores = [keyword_score(found, weights) for found in ([], ["in"], ["asthma", "in"], [*weights])]

    assert scores == [0, 0.1, 0.7, 1]
    assert keyword_score([], {}) == 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 0], [2, 0], 1),
        ([1, 0], [0, 3], 0),
        ([1, 1], [-1, -1], -1),
        ([3, 4], [4, 3], 0.96),
    ],
)
def test_the_cosine_compares_directions(one: list[float], other: list[float], expected: float) -> None:
    assert math.isclose(cosine(one, other), expected, abs_tol=1e-12)
