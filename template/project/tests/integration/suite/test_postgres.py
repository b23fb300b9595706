"""What is told of a PostgreSQL that cannot be used."""

import pytest

from tests.support.embedded_postgres import PostgresUnavailable
from tests.support.postgres import make_database
from tests.support.run import Run


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://localhost:1/clinic_test")

    with pytest.raises(PostgresUnavailable, match=r"\(clinic_test on localhost:1, from .*\) cannot be used: .+"):
        make_database(Run("0badcafe", "gw7", 0))
