"""Tests of the rules for passwords and refresh tokens."""

from uuid import UUID

import pytest

from your_service.modules.auth import rules
from your_service.modules.auth.rules import (
    RefreshToken,
    fault_of_password,
    hash_of_secret,
    hash_password,
    is_password,
    is_secret,
    new_secret,
)

GOOD = "plum anchor violet 43"
EASY = "is easy to guess: use several words that do not belong together"
LENGTH = "must have 15 to 128 characters"


def test_a_token_is_read_as_it_was_written() -> None:
    token = RefreshToken(UUID(int=1), UUID(int=2), "secret")

    assert str(token) == f"{1:032x}.{2:032x}.secret"
    assert RefreshToken.read(str(token)) == token


@pytest.mark.parametrize("text", ["", "a.b.c", f"{1:032x}.{2:032x}", f"{1:032x}.{2:032x}.a.b"])
def test_another_text_is_no_token(text: str) -> None:
    with pytest.raises(ValueError, match=r"unpack|hexadecimal"):
        RefreshToken.read(text)


def test_each_secret_is_different_and_long() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}


def test_a_secret_has_one_hash() -> None:
    stored = hash_of_secret("secret")

    assert len(stored) == 64
    assert is_secret("secret", stored)
    assert not is_secret("Secret", stored)


def test_a_password_is_verified() -> None:
    stored = hash_password(GOOD)

    assert stored.startswith("$argon2id$")
    assert is_password(GOOD, stored)
    assert not is_password(GOOD + ".", stored)


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password(GOOD) != hash_password(GOOD)


def test_nobody_has_a_password() -> None:
    assert not is_password(GOOD, None)


def test_the_way_of_typing_a_letter_does_not_matter() -> None:
    composed, decomposed = "caf\u00e9 anchor violet", "cafe\u0301 anchor violet"

    assert is_password(decomposed, hash_password(composed))


@pytest.mark.parametrize("stored", ["a stored hash", None])
def test_one_hash_is_verified_with_and_without_a_password(monkeypatch: pytest.MonkeyPatch, stored: str | None) -> None:
    verified: list[str] = []

    def verify(password: str, hashed: str) -> bool:
        verified.append(hashed)
        return False

    monkeypatch.setattr(rules.HASHER, "verify", verify)

    assert not is_password(GOOD, stored)
    assert len(verified) == 1


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        (GOOD, None),
        ("correct horse battery staple", None),
        ("14 characters.", LENGTH),
        ("plum anchor 15.", None),
        ("plum anchor violet " * 7, LENGTH),
        ("passwordpassword", EASY),
        ("aaaaaaaaaaaaaaaa", EASY),
        ("123456789012345", EASY),
        ("qwertyuiopasdfghjkl", EASY),
        ("lovelacelovelace", EASY),
        ("e\u0301" * 15, EASY),
        ("e\u0301" * 14, LENGTH),
    ],
)
def test_passwords_that_are_refused(password: str, fault: str | None) -> None:
    assert fault_of_password(password, "Ada Lovelace", "ada@example.com") == fault
