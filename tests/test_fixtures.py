"""The fixtures of a service: enough of them, each used by some test, and documented when a team adds one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cases import CASES
from tests.support.services import Service, write_service

# Prints the fixtures that no test of the suite asks for, not even through another fixture.
UNUSED = """
import sys
import pytest
from scripts.fixture_files import find_fixture_files, read_fixtures
from scripts.list_fixtures import ROOT

class Collector:
    def pytest_collection_finish(self, session):
        self.used = {name for item in session.items for name in item.fixturenames}

collector = Collector()
assert pytest.main(["--collect-only", "-qq", "--no-cov"], plugins=[collector]) == 0
fixtures = [fixture.name for file in find_fixture_files(ROOT / "tests") for fixture in read_fixtures(file)]
sys.stderr.write(f"unused: {sorted(set(fixtures) - collector.used)} of {len(fixtures)}")
"""


@pytest.mark.xdist_group("defaults")
def test_default_service_has_at_least_25_fixtures(written: Callable[[str], Service]) -> None:
    documented = fixtures_in(written("defaults"))

    assert len(documented) == len(set(documented)) >= 25


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("defaults", "async", "blank", "empty")],
)
def test_every_fixture_is_used(written: Callable[[str], Service], case: str) -> None:
    service = written(case)

    output = service.run("python", "-c", UNUSED)

    assert output.endswith(f"unused: [] of {len(fixtures_in(service))}")


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in CASES])
def test_command_writes_what_the_template_wrote(written: Callable[[str], Service], case: str) -> None:
    service = written(case)

    output = service.run("python", "-m", "scripts.list_fixtures")

    assert output == "The catalogue of fixtures in docs/testing.md is current.\n"


def test_fixture_that_is_not_documented_fails_the_suite(template: Path, tmp_path: Path) -> None:
    service = write_service(template, tmp_path / "service", {"modules": []})
    with (service.folder / "tests/fixtures/core/clock.py").open("a", encoding="utf-8") as file:
        file.write(
            '\n\n@pytest.fixture\ndef new_year() -> str:\n    """The next New Year."""\n    return "2031-01-01"\n'
        )
    only = ("--no-cov", "-k", "documentation_lists")

    assert "Not in it yet: ['new_year']" in service.run_suite(*only, expect=1)

    service.run("python", "-m", "scripts.list_fixtures")
    service.run_suite(*only)
    assert "new_year" in fixtures_in(service)


def fixtures_in(service: Service) -> list[str]:
    """Return the names of the fixtures in docs/testing.md that are for every folder of tests."""
    document = (service.folder / "docs/testing.md").read_text(encoding="utf-8")
    _, _, tables = document.partition("<!-- fixtures:")
    files = tables.partition("<!-- end of the fixtures -->")[0].split("### ")
    lines = [line for file in files if file.startswith("`tests/fixtures/") for line in file.splitlines()]
    return [line.split("`")[1] for line in lines if line.startswith("| `")]
