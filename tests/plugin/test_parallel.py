"""The whole suite runs on several processors, with all e2e tests on one of them."""

import os
import re

import pytest

from tests.plugin.projects import INI, Project

E2E_TEST = """
import os
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", range(4))
def test_program(number):
    with Path("workers").open("a") as file:
        print(os.environ["PYTEST_XDIST_WORKER"], file=file)
"""


def use_workers(project: Project) -> None:
    """Let the project use two processors."""
    project.write("pytest.ini", INI.replace("addopts =", "addopts =\n    --numprocesses=auto --maxprocesses=2"))


def test_whole_suite_uses_workers(unit_project: Project) -> None:
    use_workers(unit_project)
    # The tests of a file stay on one worker.
    unit_project.write("tests/unit/test_other.py", "def test_it():\n    assert True\n")
    workers = min(2, os.cpu_count() or 1)

    output = unit_project.run("-v")

    assert len(set(re.findall(r"\[gw\d\]", output))) == workers
    assert "coverage gates" in output


@pytest.mark.parametrize("options", [["-n", "0"], ["tests/unit"], ["-k", "light"], ["--budgets"], ["-s"]])
def test_other_runs_use_none(unit_project: Project, options: list[str]) -> None:
    use_workers(unit_project)

    output = unit_project.run("-v", *options)

    assert "[gw" not in output


def test_e2e_tests_run_on_one_worker(unit_project: Project) -> None:
    unit_project.write("tests/e2e/test_one.py", E2E_TEST)
    unit_project.write("tests/e2e/test_other.py", E2E_TEST)

    unit_project.run("-n", "2", "tests/e2e", "tests/unit", "--no-cov")

    workers = (unit_project.folder / "workers").read_text(encoding="utf-8").split()
    assert (len(workers), len(set(workers))) == (8, 1)
