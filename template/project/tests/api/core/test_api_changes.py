"""Tests that the API still works for clients of its stored OpenAPI document, `openapi.json`."""

from tests.suite.api_changes import FindChanges
from tests.support.app import app_of_tests


def test_no_change_breaks_a_client(find_api_changes: FindChanges) -> None:
    changes = find_api_changes(app_of_tests().openapi())

    # To store the present API: uv run pytest tests/api/core/test_api_changes.py --store-openapi
    assert changes == []
