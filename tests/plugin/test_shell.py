"""The variables of the shell that steer libraries do not reach the tests.

tests/plugin/test_runs.py and tests/test_services.py run whole suites with all harmful values.
"""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import chain
from unittest import mock

import pytest

from phasework_suite.shell import STEERING, TERMINAL, forget, pytest_addhooks
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


def test_password_of_the_given_server_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://ada@localhost/clinic_test")
    for name in ("PGPASSWORD", "PGUSER"):
        monkeypatch.setenv(name, "secret")

    forget()

    assert (os.environ.get("PGPASSWORD"), os.environ.get("PGUSER")) == ("secret", None)
