"""The suites pass on every Python that a service supports and that this machine has."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cases import CASES
from tests.support.environments import find_python
from tests.support.services import Service, write_service


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("case", ["defaults", "async", "blank"])
def test_suite_passes(written: Callable[[str], Service], case: str, version: str) -> None:
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        pytest.skip("tests/test_services.py runs it")
    python = find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")

    # What is covered is the same on each of them, and to measure it takes a third of the time.
    replace(written(case), python=python).run_suite("--no-cov")


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
@pytest.mark.parametrize("case", ["defaults", "blank-async"])
def test_ruff_is_content_with_a_higher_lowest_version(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str, version: str
) -> None:
    service = write_service(template, tmp_path / "service", CASES[case] | {"python_version": version})

    # Ruff takes the settings beside the files that it checks, and needs no Python of that version.
    written(case).run("ruff", "check", str(service.folder))
    written(case).run("ruff", "format", "--check", "--diff", str(service.folder))
