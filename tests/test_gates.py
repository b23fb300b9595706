"""Tests of the coverage gates: a module below its target fails the run; partial runs are not judged."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cases import LIBRARY
from tests.support.services import Service, write_service

pytestmark = pytest.mark.xdist_group("gates")

# Importing a module covers most of its lines: only a high target shows whether its tests ran.
TAGS = {"domain": "blank", "own_modules": {"tags": LIBRARY["tags"] | {"coverage": 95}}}


@pytest.fixture
def library(template: Path, tmp_path: Path) -> Service:
    """A service that tests can break."""
    return write_service(template, tmp_path / "library", TAGS)


def test_whole_service_below_its_target_fails_the_run(template: Path, tmp_path: Path) -> None:
    library = write_service(template, tmp_path / "library", TAGS | {"coverage_total": 100})
    (library.folder / "src" / library.package / "untested.py").write_text("ANSWER = 42\n")

    output = library.run_suite(expect=1)

    assert verdicts(output)["total"] == "BELOW ITS GATE"


def test_failing_test_fails_a_run_that_reaches_its_targets(library: Service) -> None:
    (library.folder / "tests" / "unit" / "test_wrong.py").write_text("def test_wrong() -> None:\n    assert 1 == 2\n")

    output = library.run_suite(expect=1)

    assert set(verdicts(output).values()) == {"ok"}


@pytest.mark.parametrize("part", [["-k", "tags"], ["-m", "phase1"], ["tests/unit/phase1"], ["--no-cov"]])
def test_part_of_a_run_is_not_judged(library: Service, part: list[str]) -> None:
    output = library.run_suite(*part)

    assert verdicts(output) == {}


def test_shards_are_judged_together(library: Service, tmp_path: Path) -> None:
    elsewhere = replace(library, folder=shutil.copytree(library.folder, tmp_path / "elsewhere"))
    unjudged = [
        library.run_suite("-m", "unit", variables={"COVERAGE_FILE": ".coverage.unit"}),
        elsewhere.run_suite("-m", "api", variables={"COVERAGE_FILE": str(library.folder / ".coverage.api")}),
    ]
    library.run("coverage", "combine")

    output = library.run("python", "-m", "tests.suite.gates")

    assert [verdicts(shard) for shard in unjudged] == [{}, {}]
    assert verdicts(output) == {"tags": "ok", "total": "ok"}


def test_shards_that_are_below_a_gate_together_fail(library: Service) -> None:
    library.run_suite("tests/api/core/test_main.py")

    output = library.run("python", "-m", "tests.suite.gates", expect=1)

    assert verdicts(output)["tags"] == "BELOW ITS GATE"
    assert "Gates that were missed: tags" in output


def verdicts(output: str) -> dict[str, str]:
    """Return the verdict of each module in the table of gates."""
    rows = re.finditer(r"^(\w+) .* %  +(ok|BELOW ITS GATE|never imported)$", output, re.MULTILINE)
    return {row[1]: row[2] for row in rows}
