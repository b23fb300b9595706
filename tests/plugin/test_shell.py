"""The variables of the shell that steer libraries or the service do not reach the tests.

tests/plugin/test_runs.py and tests/test_services.py run whole suites with all harmful values.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from unittest import mock

import pytest

from phasework_suite.shell import STEERING, TERMINAL, forget, pytest_addhooks, settings_of_service
from tests.support import harmful

PATTERNS = [*chain.from_iterable(STEERING.values())]


@pytest.fixture(autouse=True)
def environment_of_the_test() -> Iterator[None]:
    """Restore all variables after the test: our own programs need some of them."""
    with mock.patch.dict(os.environ):
        os.environ.pop("TEST_DATABASE_URL", None)
        yield


@pytest.mark.parametrize("pattern", [*PATTERNS, *TERMINAL])
def test_each_variable_has_a_harmful_value_in_the_runs(pattern: str) -> None:
    assert any(fnmatchcase(name.upper(), pattern) for name in harmful.HARMFUL)


@pytest.mark.parametrize("name", harmful.STEERING)
def test_variable_that_steers_a_library_is_removed_when_the_plugin_is_loaded(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, harmful.STEERING[name])

    pytest_addhooks()

    assert name not in os.environ


@pytest.mark.parametrize("name", harmful.TERMINAL)
def test_variable_that_steers_the_output_is_removed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, harmful.TERMINAL[name])

    forget(TERMINAL)

    assert name not in os.environ


@pytest.mark.parametrize(
    "name", ["COVERAGE_FILE", "DATABASE_URL", "PYTHONPATH", "REDIS_URL", "TEST_DATABASE_URL", "TZ"]
)
def test_other_variables_are_kept(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "kept")

    forget()

    assert os.environ[name] == "kept"


CREDENTIALS = ("PGPASSFILE", "PGPASSWORD", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT")


def test_credentials_of_the_given_server_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://ada@localhost/clinic_test")
    for name in (*CREDENTIALS, "PGSSLMODE", "PGUSER"):
        monkeypatch.setenv(name, "secret")

    forget()

    assert [name for name in os.environ if name.startswith("PG")] == [*CREDENTIALS]


def test_settings_of_the_service_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (
        "ENVIRONMENT=development\n# The key:\n# JWT_SECRET=\n#   echo JWT_ISSUER=me >> .env\nREDIS_URL=redis://x\n"
    )
    (tmp_path / ".env.example").write_text(example, encoding="utf-8")
    monkeypatch.setattr("phasework_suite.shell.ROOT", tmp_path)
    for name in ("ENVIRONMENT", "jwt_secret", "JWT_ISSUER", "REDIS_URL"):
        monkeypatch.setenv(name, "set")

    pytest_addhooks()

    assert {name for name, value in os.environ.items() if value == "set"} == {"JWT_ISSUER", "REDIS_URL"}


def test_a_service_without_an_example_of_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phasework_suite.shell.ROOT", tmp_path)

    assert settings_of_service() == []
