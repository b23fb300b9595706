"""Which passwords and refresh tokens are accepted, and how they are hashed."""

import re
import secrets
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from unicodedata import normalize
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

MIN_CHARACTERS = 15
"""The shortest password where nothing else is asked for (NIST SP 800-63B-4, section 3.1.1.2)."""
MAX_CHARACTERS = 128
"""The same section requires that 64 are allowed. More would be work for the server alone."""
JUDGED_CHARACTERS = 72
"""How much of a password zxcvbn judges, which takes much longer for longer texts."""
MIN_SCORE = 3
"""The score of zxcvbn for a password that needs more than 10^8 guesses."""

HASHER = PasswordHash((Argon2Hasher(),))


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a refresh token says: the organisation, the sign-in, and its newest secret."""

    organisation_id: UUID
    sign_in_id: UUID
    secret: str

    def __str__(self) -> str:
        return f"{self.organisation_id.hex}.{self.sign_in_id.hex}.{self.secret}"

    @classmethod
    def read(cls, token: str) -> "RefreshToken":
        """Return what a token says; raise `ValueError` for a text of another form."""
        organisation_id, sign_in_id, secret = token.split(".")
        return cls(UUID(organisation_id), UUID(sign_in_id), secret)


def new_secret() -> str:
    """Return a secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_of_secret(secret: str) -> str:
    """Return the SHA-256 of a secret in hexadecimal digits."""
    return sha256(secret.encode()).hexdigest()


def is_secret(secret: str, stored: str) -> bool:
    """Return whether `stored` is the hash of `secret`."""
    return secrets.compare_digest(hash_of_secret(secret), stored)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return HASHER.hash(_normal(password))


def is_password(password: str, stored: str | None) -> bool:
    """Return whether `stored` is the hash of `password`. Without one, return False after the same time."""
    return HASHER.verify(_normal(password), stored or _hash_of_nobody()) and stored is not None


def fault_of_password(password: str, *known: str) -> str | None:
    """Return why a new password is refused, or None. `known` are texts about the person, such as name and address.

    NIST SP 800-63B-4, section 3.1.1.2: a minimum length, no passwords that are common or expected, and no rules about
    kinds of characters.
    """
    password = _normal(password)
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        return f"must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters"
    words = [word for text in known for word in re.findall(r"\w+", text)]
    score: int = zxcvbn(password[:JUDGED_CHARACTERS], words)["score"]
    return None if score >= MIN_SCORE else "is easy to guess: use several words that do not belong together"


def _normal(password: str) -> str:
    # Keyboards write the same letter in different ways.
    return normalize("NFKC", password)


@cache
def _hash_of_nobody() -> str:
    return HASHER.hash(new_secret())
