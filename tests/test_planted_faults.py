"""A fault that is planted in a service fails its run, and the run says what is wrong.

Whatever the fault does not need is left out of the run: it fails for nothing else.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

CASES = {"sync": "defaults", "async": "async"}


@pytest.fixture(params=[pytest.param(form, marks=pytest.mark.xdist_group(CASES[form])) for form in CASES])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service, in each form, that the test may break."""
    return written(CASES[request.param]).copy(tmp_path / "service")


class TestForgottenCoroutine:
    """A coroutine that is never awaited."""

    @pytest.mark.parametrize("call", ["asyncio.sleep(0)", "AsyncMock().send()"])
    def test_fails_its_test(self, service: Service, call: str) -> None:
        plant(service, IMPORTS, f"{define(service)} test_forgets():\n    {call}", "def test_innocent():\n    pass")

        output = service.run("pytest", FAULT, expect=1)

        assert f"FAILED {FAULT}::test_forgets" in output
        assert "was never awaited" in output
        assert "1 failed, 1 passed" in output

    def test_names_its_test_wherever_it_is_freed(self, service: Service) -> None:
        cycle = "    kept = [asyncio.sleep(0)]\n    kept.append(kept)"
        plant(service, IMPORTS, f"{define(service)} test_forgets():\n{cycle}")

        output = service.run("pytest", FAULT, expect=1)

        assert "coroutine 'sleep' was never awaited" in output
        assert "in test_forgets" in output


class TestLeak:
    """A row that is committed past the fixtures."""

    def test_fails_the_test_that_commits(self, service: Service) -> None:
        plant(service, imports_of_rows(service), leaking_tests(service))

        output = service.run("pytest", FAULT, "-p", "no:randomly", expect=1)

        assert f"FAILED {FAULT}::test_leaks" in output
        assert "LeakError: This commit would have left its rows behind for every other test." in output
        assert "1 failed, 1 passed" in output


class TestSlowTest:
    """A unit test that takes longer than 100 ms."""

    def test_fails_a_run_with_budgets(self, service: Service) -> None:
        plant(service, "import time", "def test_sleeps():\n    time.sleep(0.12)")

        output = service.run("pytest", FAULT, "--budgets", expect=1)

        assert f"  0.100 s  OVER     {FAULT}::test_sleeps" in output
        assert "Over budget: 1; the run fails." in output


class TestModuleBelowItsGate:
    """A module whose tests do not reach its target."""

    @pytest.mark.parametrize("options", [[], ["-n", "2"]])
    def test_fails_the_run(self, service: Service, options: list[str]) -> None:
        keep_tests(service, "tests/api/core/test_main.py")
        set_gates(service, "patients: 85", "tickets: 10")

        output = service.run("pytest", *options, expect=1)

        assert [line.split()[0] for line in output.splitlines() if line.endswith("BELOW ITS GATE")] == ["patients"]
        assert [line.split()[0] for line in output.splitlines() if line.endswith("ok")] == ["tickets", "total"]


class TestModuleNeverImported:
    """A module that no test knows of."""

    def test_fails_the_run(self, service: Service) -> None:
        keep_tests(service, "tests/unit/core/test_clock.py")
        forgotten = service.folder / "src" / service.package / "modules" / "forgotten"
        forgotten.mkdir()
        (forgotten / "__init__.py").touch()
        (forgotten / "service.py").write_text("ANSWER = 42\n")
        set_gates(service, "forgotten: 1")

        output = service.run("pytest", expect=1)

        assert "forgotten  -         0.0 %   1 %  never imported" in output


FAULT = "tests/unit/test_fault.py"
IMPORTS = "import asyncio\nfrom unittest.mock import AsyncMock"


def plant(service: Service, *parts: str) -> None:
    """Write the file that holds the fault."""
    (service.folder / FAULT).write_text("\n\n\n".join(parts) + "\n", encoding="utf-8")


def define(service: Service) -> str:
    """Return how a test begins in the service's form."""
    return "async def" if service.answers["database_access"] == "async" else "def"


def imports_of_rows(service: Service) -> str:
    """Return what a test needs to add organisations and to count them."""
    return f"from sqlalchemy import func, insert, select\n\nfrom {service.package}.core.tenancy import Organisation"


def leaking_tests(service: Service) -> str:
    """Return a test that commits a row on a connection of its own, and one that would find it."""
    source = """\
async def test_leaks(engine):
    async with engine.begin() as connection:
        await connection.execute(insert(Organisation).values(name="Left behind"))


async def test_finds_nothing(db_session):
    assert await db_session.scalar(select(func.count(Organisation.id))) == 0"""
    return source if define(service) == "async def" else source.replace("async ", "").replace("await ", "")


def keep_tests(service: Service, kept: str) -> None:
    """Leave out every other file of tests: what is left is the whole suite."""
    for file in service.folder.glob("tests/*/**/test_*.py"):
        if file != service.folder / kept:
            file.unlink()


def set_gates(service: Service, *gates: str) -> None:
    """Replace the coverage gates of the service."""
    settings = service.folder / "pytest.ini"
    before, _, _ = settings.read_text(encoding="utf-8").partition("coverage_total =")
    lines = ["coverage_total = 10", "coverage_gates =", *(f"    {gate}" for gate in gates)]
    settings.write_text(before + "\n".join(lines) + "\n", encoding="utf-8")
