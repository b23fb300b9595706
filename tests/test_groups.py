"""The tests of a group run on one worker, so that they share fixtures and never run in parallel."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.support.services import ROOT

CONFTEST = 'pytest_plugins = ["tests.support.groups"]\n'
TESTS = """
import os
from pathlib import Path

import pytest

NUMBERS = [pytest.param(n, marks=pytest.mark.xdist_group(f"group-{n % 3}")) for n in range(30)]


@pytest.mark.parametrize("number", NUMBERS)
def test_of_a_group(number: int, record: Path) -> None:
    with record.open("a") as file:
        file.write(f"{number % 3} {os.environ['PYTEST_XDIST_WORKER']}\\n")


@pytest.fixture
def record() -> Path:
    return Path(__file__).with_name("record")
"""


def test_each_group_stays_on_one_worker(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    # The groups alternate, so that a scheduler that ignores them would split each.
    (tmp_path / "test_groups.py").write_text(TESTS, encoding="utf-8")

    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "-c", str(tmp_path / "pytest.ini"), str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    workers = defaultdict(set)
    for line in (tmp_path / "record").read_text(encoding="utf-8").splitlines():
        group, worker = line.split()
        workers[group].add(worker)
    assert [len(of_a_group) for of_a_group in workers.values()] == [1, 1, 1]
    assert set.union(*workers.values()) == {"gw0", "gw1"}
