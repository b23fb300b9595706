"""The constants of the tests."""

from datetime import UTC, datetime
from uuid import UUID

TEST_JWT_SECRET = "a key of the tests, which protects nothing"
# Tokens outlive every moment that a test freezes the clock at.
TOKEN_EXPIRY = datetime(2200, 1, 1, tzinfo=UTC)
FROZEN_NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
# Whom a token names that says nothing else; no rows are stored for them.
TEST_USER_ID = UUID("00000000-0000-4000-8000-000000000001")
TEST_ORGANISATION_ID = UUID("00000000-0000-4000-8000-000000000002")
