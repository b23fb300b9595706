"""How patients are recognised, however they are spelled: no database, no clock."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

NAME_KEY_LENGTH = 200

# Unicode decomposes an é into e and an accent, and leaves these letters whole.
_WHOLE_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
_LETTERS_MARKS_AND_NUMBERS = "LMN"

_PHONE = re.compile(r"\+?[0-9]{3,15}")
_PHONE_PUNCTUATION = re.compile(r"[\s()\[\]./\u2010-\u2015-]")
# In +49 (0)30 the zero is dialled within the country only.
_DOMESTIC_ZERO = re.compile(r"^\s*((?:\+|00)[\s0-9]*)\(0\)")


def name_key(name: str) -> str:
    """Return what the spellings of one name share: its letters and digits, without case and diacritics."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(_WHOLE_LETTERS)
    return "".join(filter(_distinguishes, letters))[:NAME_KEY_LENGTH]


def _distinguishes(character: str) -> bool:
    # Vowel signs of the Indic scripts are marks as well, and no diacritics: they do not combine.
    is_diacritic = unicodedata.combining(character) != 0
    return not is_diacritic and unicodedata.category(character)[0] in _LETTERS_MARKS_AND_NUMBERS


def phone_key(phone: str) -> str:
    """Return what the spellings of one telephone number share: its digits, after a + if it is international."""
    dialled = _PHONE_PUNCTUATION.sub("", _DOMESTIC_ZERO.sub(r"\1", phone))
    return re.sub(r"^00", "+", dialled)


def is_phone(text: str) -> bool:
    """Tell whether `text` can be dialled: an internal line of three digits is the shortest, E.164 allows fifteen."""
    return _PHONE.fullmatch(phone_key(text)) is not None


def email_key(email: str) -> str:
    """Return what the spellings of one e-mail address share: it without case."""
    return email.casefold()


KEYS: Mapping[str, Callable[[str], str]] = {
    "given_name": name_key,
    "family_name": name_key,
    "phone": phone_key,
    "email": email_key,
}
"""The fields that are compared in any spelling; the key of `phone` is kept in `phone_key`, and so on."""


class DuplicateReason(StrEnum):
    """Why two records are likely to be the same person, the strongest reason first."""

    NAME_AND_BIRTH_DATE = "name_and_birth_date"
    PHONE = "phone"
    EMAIL = "email"


RECOGNISED_BY: Mapping[DuplicateReason, tuple[str, ...]] = {
    DuplicateReason.NAME_AND_BIRTH_DATE: ("name_key", "birth_date"),
    DuplicateReason.PHONE: ("phone_key",),
    DuplicateReason.EMAIL: ("email_key",),
}
"""What two records have in common, for each reason."""


def likely_reasons(one: object, other: object) -> list[DuplicateReason]:
    """Return why two records are likely to be the same person; what is empty is no reason."""
    return [reason for reason, columns in RECOGNISED_BY.items() if _have_in_common(one, other, columns)]


def changed_reasons(before: object, after: object) -> list[DuplicateReason]:
    """Return the reasons that a change of a record may bring about: those that it leaves alone are known."""
    kept = likely_reasons(before, after)
    return [reason for reason in RECOGNISED_BY if reason not in kept]


def _have_in_common(one: object, other: object, columns: tuple[str, ...]) -> bool:
    values = [(getattr(one, column), getattr(other, column)) for column in columns]
    return all(ours is not None and ours == theirs for ours, theirs in values)


def fill_gaps(details: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `others` for what is empty in `details`."""
    gaps = [field for field, value in details.items() if value is None]
    return {field: others[field] for field in gaps if others[field] is not None}


def is_past(birth_date: date, now: datetime) -> bool:
    """Tell whether `birth_date` has begun somewhere on Earth; `now` is in UTC."""
    # The first to begin a day are the Line Islands, at UTC+14.
    return birth_date <= (now + timedelta(hours=14)).date()
