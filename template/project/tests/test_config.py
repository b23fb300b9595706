"""The constants of the tests."""

from datetime import UTC, datetime

TEST_JWT_SECRET = "a key of the tests, which protects nothing"
# Tokens outlive every moment that a test freezes the clock at.
TOKEN_EXPIRY = datetime(2200, 1, 1, tzinfo=UTC)
FROZEN_NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
