"""The coverage gates of a service bite: a module below its target fails the run, and only a whole run is judged."""

from pathlib import Path

import pytest

from tests.support.cases import LIBRARY
from tests.support.services import Service, write_service

pytestmark = pytest.mark.xdist_group("gates")

# Most of a module is declared, and covered by its import: only a high target tells whether its tests ran.
TAGS = {"domain": "blank", "own_modules": {"tags": LIBRARY["tags"] | {"coverage": 95}}}


@pytest.fixture
def library(template: Path, tmp_path: Path) -> Service:
    """A service that the test may break."""
    return write_service(template, tmp_path / "library", TAGS)


def test_module_below_its_target_fails_the_run(library: Service) -> None:
    for tests in library.folder.glob("tests/*/**/test_tags_*.py"):
        tests.unlink()

    output = library.run_suite(expect=1)

    assert verdicts(output) == {"tags": "BELOW ITS TARGET", "total": "ok"}


def test_module_that_nothing_imports_fails_the_run(library: Service) -> None:
    forgotten = library.folder / "src" / library.package / "modules" / "forgotten"
    forgotten.mkdir()
    (forgotten / "service.py").write_text("ANSWER = 42\n")
    with (library.folder / "pytest.ini").open("a") as settings:
        settings.write("    forgotten: 1\n")

    output = library.run_suite(expect=1)

    assert verdicts(output)["forgotten"] == "BELOW ITS TARGET"


def test_whole_service_below_its_target_fails_the_run(template: Path, tmp_path: Path) -> None:
    library = write_service(template, tmp_path / "library", TAGS | {"coverage_total": 100})
    (library.folder / "src" / library.package / "untested.py").write_text("ANSWER = 42\n")

    output = library.run_suite(expect=1)

    assert verdicts(output)["total"] == "BELOW ITS TARGET"


def test_failing_test_fails_a_run_that_reaches_its_targets(library: Service) -> None:
    (library.folder / "tests" / "unit" / "test_wrong.py").write_text("def test_wrong() -> None:\n    assert 1 == 2\n")

    output = library.run_suite(expect=1)

    assert set(verdicts(output).values()) == {"ok"}


@pytest.mark.parametrize("part", [["-k", "tags"], ["-m", "phase1"], ["tests/unit/phase1"], ["--no-cov"]])
def test_part_of_a_run_is_not_judged(library: Service, part: list[str]) -> None:
    output = library.run_suite(*part)

    assert verdicts(output) == {}


def verdicts(output: str) -> dict[str, str]:
    """Return what the table of gates says of each module."""
    table = [line.split() for line in output.splitlines() if " %  target " in line]
    return {name: " ".join(verdict) for name, _, _, _, _, _, *verdict in table}
