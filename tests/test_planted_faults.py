"""Faults that are planted in a service fail its run, and the output names each of them.

One run per form shows all faults. tests/plugin/ tests each check by itself.
"""

import re
from collections.abc import Callable

import pytest

from tests.support.services import Service

CASES = {"sync": "defaults", "async": "async"}
KEPT = "tests/api/core/test_main.py"
FAULTS = "tests/unit/test_faults.py"
SOURCE = """\
import asyncio
import gc
import time
from unittest.mock import AsyncMock

from sqlalchemy import func, insert, select

from your_service.core.tenancy import Organisation


async def test_forgets_a_coroutine():
    asyncio.sleep(0)


async def test_forgets_a_mock():
    AsyncMock().send()


async def test_forgets_in_a_cycle():
    kept = [asyncio.sleep(0)]
    kept.append(kept)


async def test_frees_the_cycle():
    gc.collect()


async def test_leaks(engine):
    async with engine.begin() as connection:
        await connection.execute(insert(Organisation).values(name="Left behind"))


async def test_finds_nothing(db_session):
    assert await db_session.scalar(select(func.count(Organisation.id))) == 0


async def test_sleeps():
    time.sleep(2)
"""
# Code of a module that no test imports, in a folder that is no package.
REPORT = "src/{package}/modules/tickets/exports/csv_report.py"


@pytest.fixture(
    scope="module", params=[pytest.param(form, marks=pytest.mark.xdist_group(CASES[form])) for form in CASES]
)
def output(
    request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The output of a run with all faults, in each form. The other tests are left out: they cannot fail it."""
    service = written(CASES[request.param]).copy(tmp_path_factory.mktemp("faults") / "service")
    for file in service.folder.glob("tests/*/**/test_*.py"):
        if file != service.folder / KEPT:
            file.unlink()
    source = SOURCE.replace("your_service", service.package)
    if request.param == "sync":
        source = source.replace("async ", "").replace("await ", "")
    (service.folder / FAULTS).write_text(source, encoding="utf-8")
    settings = service.folder / "pytest.ini"
    lower_gates = re.sub(
        r"^(    \w+:|coverage_total =) \d+$", r"\1 10", settings.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    settings.write_text(lower_gates.replace("patients: 10", "patients: 85"), encoding="utf-8")
    report = service.folder / REPORT.format(package=service.package)
    report.parent.mkdir()
    report.write_text("ANSWER = 42\n" * 2000, encoding="utf-8")
    return service.run("pytest", "--budgets", "-p", "no:randomly", expect=pytest.ExitCode.TESTS_FAILED)


@pytest.mark.parametrize("name", ["test_forgets_a_coroutine", "test_forgets_a_mock"])
def test_forgotten_coroutine_fails_its_test(output: str, name: str) -> None:
    assert f"FAILED {FAULTS}::{name}" in output


def test_forgotten_coroutine_is_reported_with_its_test(output: str) -> None:
    assert "coroutine 'sleep' was never awaited" in output
    assert "in test_forgets_in_a_cycle" in output


def test_commit_past_the_fixtures_fails_its_test_and_stores_nothing(output: str) -> None:
    assert f"FAILED {FAULTS}::test_leaks" in output
    assert "LeakError: All other tests would see the rows of this commit." in output
    assert f"FAILED {FAULTS}::test_finds_nothing" not in output


def test_slow_unit_test_is_over_its_budget(output: str) -> None:
    assert f" 0.100 s  OVER    {FAULTS}::test_sleeps" in output
    assert re.search(r"^Over budget: \d+; the run fails\.$", output, re.MULTILINE)


def test_modules_below_their_gates_are_named(output: str) -> None:
    assert re.findall(r"^(\w+) .* BELOW ITS GATE$", output, re.MULTILINE) == ["patients", "tickets"]
