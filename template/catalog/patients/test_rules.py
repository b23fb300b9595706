"""Tests of the functions that compare patients."""

from dataclasses import dataclass, replace
from datetime import date

import pytest

from your_service.modules.patients.rules import (
    changed_reasons,
    check_phone,
    likely_reasons,
    name_key,
    phone_key,
)


@dataclass(frozen=True)
class Person:
    """The fields by which patients are compared."""

    name_key: str = "adalovelace"
    birth_date: date = date(1990, 5, 17)
    phone_key: str | None = "+4930123456"
    email: str | None = "ada@example.com"


ADA = Person()
STRANGER = Person("gracehopper", date(1985, 12, 9), "+4930654321", "grace@example.com")
UNREACHABLE = replace(ADA, phone_key=None, email=None)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ada", "ada"),
        ("  Anne   Marie ", "annemarie"),
        ("Anne-Marie", "annemarie"),
        ("ANNE MARIE", "annemarie"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O\u00b4Brien", "obrien"),
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("Müller", "muller"),
        ("Weiß", "weiss"),
        ("Łukasz", "lukasz"),
        ("Søren", "soren"),
        ("Đorđe", "dorde"),
        ("Ægir", "aegir"),
        ("Œuvrard", "oeuvrard"),
        ("\ufb01lip", "filip"),
        ("Henry 8", "henry8"),
        ("Αθηνά", "αθηνα"),
        ("--", ""),
    ],
)
def test_name_key_ignores_how_a_name_is_spelled(name: str, key: str) -> None:
    assert name_key(name) == key


def test_name_key_keeps_the_vowels_of_indic_scripts() -> None:
    assert name_key("मीरा") != name_key("मारी")


def test_name_key_fits_its_column() -> None:
    ligature_of_eighteen_letters = "\ufdfa"

    assert len(name_key(ligature_of_eighteen_letters * 200)) == 200


@pytest.mark.parametrize(
    "spelling",
    [
        "+4930123456",
        "+49 30 123456",
        "+49 (30) 12-34-56",
        "+49 [30] 123.456",
        "+49/30/123456",
        "+49\u00a030\u2011123\u2013456",
        "004930123456",
        "00 49 30 123456",
        "(00 49) 30 123456",
        "+49 (0)30 123456",
        "+49(0)30 123456",
        "0049 (0) 30 123456",
        " +49 (0) 30 123456 ",
    ],
)
def test_phone_key_ignores_how_a_number_is_spelled(spelling: str) -> None:
    assert phone_key(spelling) == "+4930123456"


@pytest.mark.parametrize(
    ("phone", "key"),
    [
        ("030 123456", "030123456"),
        ("(0)30 123456", "030123456"),
        ("555 00 12", "5550012"),
        ("+49 30 1(0)2", "+493012"),
    ],
)
def test_phone_key_keeps_dialled_zeros(phone: str, key: str) -> None:
    assert phone_key(phone) == key


@pytest.mark.parametrize("phone", ["112", "+49 30 123456", "(030) 123-456", "1" * 15, "+" + "1" * 15])
def test_a_phone_has_three_to_fifteen_digits(phone: str) -> None:
    assert check_phone(phone) == phone


@pytest.mark.parametrize(
    "text",
    ["", "11", "1" * 16, "none", "+", "030 CALL ME", "030+123456", "030 123, 030 456", "030*123", "\u0661\u0662\u0663"],
)
def test_other_text_is_not_a_phone(text: str) -> None:
    with pytest.raises(ValueError, match=r"^A phone number must have 3 to 15 digits\.$"):
        check_phone(text)


@pytest.mark.parametrize(
    ("other", "reasons"),
    [
        (replace(STRANGER, name_key=ADA.name_key, birth_date=ADA.birth_date), ["name_and_birth_date"]),
        (replace(STRANGER, phone_key=ADA.phone_key), ["phone"]),
        (replace(STRANGER, email=ADA.email), ["email"]),
        (UNREACHABLE, ["name_and_birth_date"]),
        (ADA, ["name_and_birth_date", "phone", "email"]),
    ],
)
def test_likely_reasons(other: Person, reasons: list[str]) -> None:
    assert likely_reasons(ADA, other) == reasons


@pytest.mark.parametrize(
    "other",
    [
        STRANGER,
        replace(STRANGER, name_key=ADA.name_key),
        replace(STRANGER, birth_date=ADA.birth_date),
        replace(STRANGER, phone_key=None, email=None),
    ],
)
def test_different_people_give_no_reason(other: Person) -> None:
    assert likely_reasons(ADA, other) == []


def test_empty_values_are_no_reason() -> None:
    other = replace(STRANGER, phone_key=None, email=None)

    assert likely_reasons(UNREACHABLE, other) == []


@pytest.mark.parametrize(
    ("after", "reasons"),
    [
        (ADA, []),
        (replace(ADA, name_key="adabyron"), ["name_and_birth_date"]),
        (replace(ADA, birth_date=date(1990, 5, 18)), ["name_and_birth_date"]),
        (replace(ADA, phone_key="030"), ["phone"]),
        (replace(ADA, email="countess@example.com"), ["email"]),
    ],
)
def test_changed_reasons(after: Person, reasons: list[str]) -> None:
    assert changed_reasons(ADA, after) == reasons
