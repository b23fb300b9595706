"""Constants of the tests."""

from datetime import UTC, datetime
from uuid import UUID

TEST_JWT_SECRET = "a key for the tests, not for production"
# Later than any time at which tests freeze the clock.
TOKEN_EXPIRY = datetime(2200, 1, 1, tzinfo=UTC)
FROZEN_NOW = datetime(2030, 1, 15, 12, 0, tzinfo=UTC)
# Ids without rows; the account and the organisation are those of test tokens.
TEST_USER_ID = UUID("00000000-0000-4000-8000-000000000001")
TEST_ORGANISATION_ID = UUID("00000000-0000-4000-8000-000000000002")
TEST_ACCOUNT_ID = UUID("00000000-0000-4000-8000-000000000003")
