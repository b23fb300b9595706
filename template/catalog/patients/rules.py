"""Pure functions that compare patients, whatever the spelling of names and phone numbers."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

NAME_KEY_LENGTH = 200

# Unicode decomposes é into e and an accent, but does not decompose these letters.
_UNDECOMPOSED_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
_LETTERS_MARKS_AND_NUMBERS = "LMN"

_PHONE = re.compile(r"\+?[0-9]{3,15}")
_PHONE_PUNCTUATION = re.compile(r"[\s()\[\]./\u2010-\u2015-]")
# The zero of +49 (0)30 is dialled only within the country.
_DOMESTIC_ZERO = re.compile(r"^\s*((?:\+|00)[\s0-9]*)\(0\)")


def name_key(name: str) -> str:
    """Return the letters and digits of a name without case and diacritics, for comparing spellings."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(_UNDECOMPOSED_LETTERS)
    return "".join(filter(_is_significant, letters))[:NAME_KEY_LENGTH]


def _is_significant(character: str) -> bool:
    # Vowel signs of Indic scripts are marks too, but no diacritics: their combining class is 0.
    is_diacritic = unicodedata.combining(character) != 0
    return not is_diacritic and unicodedata.category(character)[0] in _LETTERS_MARKS_AND_NUMBERS


def phone_key(phone: str) -> str:
    """Return the digits of a phone number, after a + if it is international, for comparing spellings."""
    dialled = _PHONE_PUNCTUATION.sub("", _DOMESTIC_ZERO.sub(r"\1", phone))
    return re.sub(r"^00", "+", dialled)


def check_phone(text: str) -> str:
    """Return a phone number; raise `ValueError` unless it has three digits (an extension) to fifteen (E.164)."""
    if not _PHONE.fullmatch(phone_key(text)):
        raise ValueError("A phone number must have 3 to 15 digits.")
    return text


KEYS: Mapping[str, Callable[[str], str]] = {
    "given_name": name_key,
    "family_name": name_key,
    "phone": phone_key,
}
"""The function that computes the key of each field; the key of `phone` is stored in `phone_key`, and so on."""


class DuplicateReason(StrEnum):
    """Why two records are likely to be the same person; the strongest reason comes first."""

    NAME_AND_BIRTH_DATE = "name_and_birth_date"
    PHONE = "phone"
    EMAIL = "email"


COMPARED_COLUMNS: Mapping[DuplicateReason, tuple[str, ...]] = {
    DuplicateReason.NAME_AND_BIRTH_DATE: ("name_key", "birth_date"),
    DuplicateReason.PHONE: ("phone_key",),
    DuplicateReason.EMAIL: ("email",),
}
"""The columns that must be equal, for each reason."""


def compared_values(record: object, reason: DuplicateReason) -> tuple[Any, ...] | None:
    """Return the values of a record that must be equal; None if one of them is empty, because it does not count."""
    values = tuple(getattr(record, column) for column in COMPARED_COLUMNS[reason])
    return None if None in values else values


def likely_reasons(one: object, other: object) -> list[DuplicateReason]:
    """Return why two records are likely to be the same person."""
    compared = {reason: compared_values(one, reason) for reason in DuplicateReason}
    return [reason for reason, values in compared.items() if values and values == compared_values(other, reason)]


def changed_reasons(before: object, after: object) -> list[DuplicateReason]:
    """Return the reasons whose columns differ between a record before and after a change."""
    unchanged = likely_reasons(before, after)
    return [reason for reason in COMPARED_COLUMNS if reason not in unchanged]
