"""The fixtures of a service: documented, listed by `pytest --fixtures`, and each used by some test."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.services import Service

# Lists the fixtures as `pytest --fixtures` does, and those that tests use, directly or through another fixture.
LIST = """
import sys
import pytest

class Collector:
    def pytest_collection_finish(self, session):
        self.used = {name for item in session.items for name in item.fixturenames}

collector = Collector()
assert pytest.main(["--fixtures", "--no-cov"], plugins=[collector]) == 0
print("used: " + " ".join(collector.used))
"""
ADDED = '\n\n@pytest.fixture\ndef new_year() -> str:\n    """The next New Year."""\n    return "2031-01-01"\n'
# The services with all modules, with own modules alone, and with none. The sync form has the same fixtures.
CASES = ("everything-async", "blank", "empty")


class Listed(NamedTuple):
    """The fixtures of a service that are listed: their names, files and docstrings; and the names of used ones."""

    fixtures: list[tuple[str, str, str]]
    used: set[str]

    def in_fixtures(self) -> set[str]:
        """Return the names of those in the folder `tests/fixtures`."""
        return {name for name, path, _ in self.fixtures if path.startswith("tests/fixtures/")}


@pytest.fixture(scope="module")
def listed(written: Callable[[str], Service]) -> Callable[[str], Listed]:
    """Return the listed fixtures of a service."""
    return cache(lambda case: read_list(written(case).run("python", "-c", LIST)))


def read_list(output: str) -> Listed:
    """Return the listed fixtures of the folder `tests`."""
    entries = re.findall(r"^(\w+)(?: \[\w+ scope\])? -- (tests/\S+):\d+\n    (.+)$", output, re.MULTILINE)
    return Listed(entries, {*output.rpartition("used: ")[2].split()})


each_case = pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in CASES])


@each_case
def test_every_fixture_is_used_and_has_a_docstring(listed: Callable[[str], Listed], case: str) -> None:
    found = listed(case)

    assert len(found.in_fixtures()) >= 15
    assert found.in_fixtures() - found.used == set()
    assert [name for name, _, text in found.fixtures if text == "no docstring available"] == []


@each_case
def test_documentation_names_fixtures_that_exist(
    listed: Callable[[str], Listed], written: Callable[[str], Service], case: str
) -> None:
    document = (written(case).folder / "docs/testing.md").read_text(encoding="utf-8")
    _, _, table = document.partition("\n| fixture | what you get |\n|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()

    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert len(named) >= 15
    assert named - listed(case).in_fixtures() == set()


@pytest.mark.xdist_group("everything-async")
def test_service_of_the_catalog_has_at_least_25_fixtures(listed: Callable[[str], Listed]) -> None:
    assert len(listed("everything-async").in_fixtures()) >= 25


@pytest.mark.xdist_group("empty")
def test_fixture_that_a_team_adds_is_listed(written: Callable[[str], Service], tmp_path: Path) -> None:
    service = written("empty").copy(tmp_path / "service")
    with (service.folder / "tests/fixtures/core/clock.py").open("a", encoding="utf-8") as file:
        file.write(ADDED)

    output = service.run("pytest", "--fixtures", "--no-cov", "tests/unit/core/test_clock.py")

    assert ("new_year", "tests/fixtures/core/clock.py", "The next New Year.") in read_list(output).fixtures
