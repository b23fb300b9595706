"""The fixtures of a service: documented, listed by `pytest --fixtures`, and each used by some test."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service, write_service

# Prints the fixtures that tests use, directly or through another fixture.
USED = """
import sys
import pytest

class Collector:
    def pytest_collection_finish(self, session):
        self.used = {name for item in session.items for name in item.fixturenames}

collector = Collector()
assert pytest.main(["--collect-only", "-qq", "--no-cov"], plugins=[collector]) == 0
sys.stderr.write("used: " + " ".join(collector.used))
"""
CASES = [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("defaults", "async", "blank", "empty")]


@pytest.mark.xdist_group("defaults")
def test_default_service_has_at_least_25_fixtures(written: Callable[[str], Service]) -> None:
    assert len(fixtures_of(written("defaults"), "tests/fixtures/")) >= 25


@pytest.mark.parametrize("case", CASES)
def test_every_fixture_is_used(written: Callable[[str], Service], case: str) -> None:
    service = written(case)

    used = service.run("python", "-c", USED).rpartition("used: ")[2].split()

    assert set(fixtures_of(service, "tests/fixtures/")) - set(used) == set()


@pytest.mark.parametrize("case", CASES)
def test_every_fixture_has_a_docstring(written: Callable[[str], Service], case: str) -> None:
    fixtures = fixtures_of(written(case), "tests/")

    assert {name for name, text in fixtures.items() if text == "no docstring available"} == set()


@pytest.mark.parametrize("case", CASES)
def test_documentation_names_fixtures_that_exist(written: Callable[[str], Service], case: str) -> None:
    service = written(case)
    document = (service.folder / "docs/testing.md").read_text(encoding="utf-8")
    _, _, table = document.partition("\n| fixture | what you get |\n|---|---|\n")
    rows = table.partition("\n\n")[0].splitlines()

    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}

    assert len(named) >= 15
    assert named - set(fixtures_of(service, "tests/fixtures/")) == set()


def test_fixture_that_a_team_adds_is_listed(template: Path, tmp_path: Path) -> None:
    service = write_service(template, tmp_path / "service", {"modules": []})
    with (service.folder / "tests/fixtures/core/clock.py").open("a", encoding="utf-8") as file:
        file.write(
            '\n\n@pytest.fixture\ndef new_year() -> str:\n    """The next New Year."""\n    return "2031-01-01"\n'
        )

    assert fixtures_of(service, "tests/fixtures/")["new_year"] == "The next New Year."


def fixtures_of(service: Service, folder: str) -> dict[str, str]:
    """Return the fixtures that `pytest --fixtures` lists below a folder, with the first lines of their docstrings."""
    output = service.run("pytest", "--fixtures", "--no-cov")
    entries = re.findall(r"^(\w+)(?: \[\w+ scope\])? -- (\S+):\d+\n    (.+)$", output, re.MULTILINE)
    return {name: text for name, path, text in entries if path.startswith(folder)}
