"""A fault that is planted in a service fails its run, and the run says what is wrong.

Each run holds several faults, and tests beside them that pass. Each form has one run of faulty tests, and one that misses
its coverage gates: on one worker in one form, on two in the other.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

CASES = {"sync": "defaults", "async": "async"}
WORKERS = {"sync": "0", "async": "2"}

FAULTS = "tests/unit/test_faults.py"
TESTS = """
import asyncio
import time
from unittest.mock import AsyncMock

from sqlalchemy import func, insert, select

from {package}.core.tenancy import Organisation


async def test_forgets():
    asyncio.sleep(0)


async def test_forgets_a_mock():
    AsyncMock().send()


async def test_leaks(engine):
    async with engine.begin() as connection:
        await connection.execute(insert(Organisation).values(name="Left behind"))


async def test_finds_nothing(db_session):
    assert await db_session.scalar(select(func.count(Organisation.id))) == 0


async def test_sleeps():
    time.sleep(0.12)


async def test_innocent():
    pass


# The last one: what it leaves is freed after it, wherever that is.
async def test_forgets_in_a_cycle():
    kept = [asyncio.sleep(0)]
    kept.append(kept)
"""


@pytest.fixture(params=[pytest.param(form, marks=pytest.mark.xdist_group(case)) for form, case in CASES.items()])
def form(request: pytest.FixtureRequest) -> str:
    """Each form of a service in turn."""
    return str(request.param)


@pytest.fixture
def service(form: str, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service, which the test may break."""
    return written(CASES[form]).copy(tmp_path / "service")


def test_faulty_tests_fail_with_the_reason(service: Service, form: str) -> None:
    text = TESTS.format(package=service.package)
    text = text if form == "async" else text.replace("async ", "").replace("await ", "")
    (service.folder / FAULTS).write_text(text, encoding="utf-8")

    output = service.run("pytest", FAULTS, "--budgets", "-p", "no:randomly", expect=1)

    assert re.findall(rf"^FAILED {FAULTS}::(\w+)", output, re.MULTILINE) == [
        "test_forgets",
        "test_forgets_a_mock",
        "test_leaks",
    ]
    assert "3 failed, 4 passed" in output
    assert output.count("was never awaited") >= 3
    assert "in test_forgets_in_a_cycle" in output
    assert "LeakError: This commit would have left its rows behind for every other test." in output
    assert f"OVER     {FAULTS}::test_sleeps" in output
    assert "Over budget: 1; the run fails." in output


def test_modules_below_their_gates_fail_the_run(service: Service, form: str) -> None:
    keep_tests(service, "tests/api/core/test_main.py")
    add_module_that_no_test_imports(service)
    set_gates(service, "patients: 85", "tickets: 10", "forgotten: 1")

    output = service.run("pytest", "-n", WORKERS[form], expect=1)

    verdicts = dict(re.findall(r"^(\w+) .* %  +(ok|BELOW ITS GATE|never imported)$", output, re.MULTILINE))
    assert verdicts == {
        "patients": "BELOW ITS GATE",
        "tickets": "ok",
        "forgotten": "never imported",
        "total": "ok",
    }


def keep_tests(service: Service, kept: str) -> None:
    """Delete every other file of tests: what is left is the whole suite."""
    for file in service.folder.glob("tests/*/**/test_*.py"):
        if file != service.folder / kept:
            file.unlink()


def add_module_that_no_test_imports(service: Service) -> None:
    """Write the module `forgotten`."""
    forgotten = service.folder / "src" / service.package / "modules" / "forgotten"
    forgotten.mkdir()
    (forgotten / "__init__.py").touch()
    (forgotten / "service.py").write_text("ANSWER = 42\n", encoding="utf-8")


def set_gates(service: Service, *gates: str) -> None:
    """Replace the coverage gates of the service."""
    settings = service.folder / "pytest.ini"
    before, _, _ = settings.read_text(encoding="utf-8").partition("coverage_total =")
    lines = ["coverage_total = 10", "coverage_gates =", *(f"    {gate}" for gate in gates)]
    settings.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
