"""The performance tier of a service: budgets and thresholds that are kept, and that a slow or failing service misses."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.services import Service

CASES = {"sync": "defaults", "async": "async"}
BENCHMARKS = ("pytest", "tests/performance", "--no-cov", "-q")
LOAD = ("python", "-m", "tests.performance.load", "--users", "2", "--seconds", "3")


@pytest.fixture(params=[pytest.param(form, marks=pytest.mark.xdist_group(case)) for form, case in CASES.items()])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service, in each form, with its group `performance`."""
    return with_its_group(written(CASES[request.param]).copy(tmp_path / "service"))


def with_its_group(service: Service) -> Service:
    """Return the service in an environment that holds its group `performance` as well."""
    groups = tomllib.loads((service.folder / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return replace(service, besides=tuple(groups["performance"]))


def test_benchmarks_keep_their_budgets(service: Service) -> None:
    output = service.run(*BENCHMARKS)

    verdicts = re.findall(r"_benchmark\.py::test_\w+ +[\d.]+ +\d+  (\w+)$", output, re.MULTILINE)
    assert verdicts == ["ok"] * 12


def test_slow_service_is_over_its_budget(service: Service) -> None:
    delay(service, "src/{package}/modules/patients/service.py", "def _contains(self, text: str)")

    output = service.run(*BENCHMARKS, "-k", "patients", expect=pytest.ExitCode.TESTS_FAILED)

    over = [line.split()[0] for line in output.splitlines() if line.endswith("OVER")]
    assert over == ["tests/performance/test_patients_benchmark.py::test_search"]


def test_benchmark_without_a_budget_fails(service: Service) -> None:
    budgets = service.folder / "tests/performance/budgets.ini"
    budgets.write_text(budgets.read_text(encoding="utf-8").replace("read_token", "something_else"), encoding="utf-8")

    output = service.run(*BENCHMARKS, "-k", "read_token", expect=pytest.ExitCode.TESTS_FAILED)

    assert "budgets.ini has no budget 'read_token' for test_read_token in [core]." in output


@pytest.mark.parametrize("options", [[], ["--processes", "2"]])
def test_service_under_load_holds_the_thresholds(service: Service, options: list[str]) -> None:
    # This machine may have other things to do.
    output = service.run(*LOAD, "--max-p95", "5000", *options)

    assert "All thresholds are met." in output


@pytest.mark.xdist_group("defaults")
def test_master_judges_what_its_workers_did(written: Callable[[str], Service]) -> None:
    service = with_its_group(written("defaults"))

    output = service.run("python", "-c", MASTER_AND_WORKERS)

    assert "All thresholds are met." in output
    assert output.splitlines()[-1] == "The workers ended with [0, 0]."


MASTER_AND_WORKERS = """
import os, subprocess, sys
from tests.performance.load import LOCUST, main, start_service
from tests.suite.programs import free_port

port = str(free_port())
with start_service() as (url, token):
    os.environ["LOAD_TOKEN"] = token
    workers = [subprocess.Popen([*LOCUST, "--worker", "--master-host", "127.0.0.1", "--master-port", port]) for _ in range(2)]
    size = ["--users", "4", "--seconds", "3", "--max-p95", "5000"]
    code = main(["--url", url, *size, "--master", "--expect-workers", "2", "--master-bind-port", port])
    ended = [worker.wait(30) for worker in workers]
sys.stdout.flush()
print(f"The workers ended with {ended}.")
sys.exit(code)
"""


def test_slow_service_misses_the_percentile(service: Service) -> None:
    output = service.run(*LOAD, expect=1, variables={"LOAD_MAX_P95": "1"})

    assert "MISSED: max-p95: " in output
    assert "MISSED: max-failures" not in output


def test_failing_route_misses_the_share_of_failures(service: Service) -> None:
    fail(service, "src/{package}/modules/tickets/service.py", "def _order(self)")

    output = service.run(*LOAD, "--max-p95", "5000", expect=1)

    assert "MISSED: max-failures: " in output


def test_service_that_cannot_start_is_no_miss(service: Service) -> None:
    (service.folder / "src" / service.package / "main.py").write_text(
        "raise ImportError('Planted')\n", encoding="utf-8"
    )

    output = service.run(*LOAD, expect=2)

    assert "ImportError: Planted" in output


def test_url_takes_a_token(service: Service) -> None:
    output = service.run(*LOAD, "--url", "http://127.0.0.1:9", expect=2, variables={"LOAD_TOKEN": ""})

    assert output.startswith("--url requires LOAD_TOKEN, the token of an admin")


def test_is_part_of_no_other_run(service: Service) -> None:
    for folder in ("build", ".hidden"):
        (service.folder / folder).mkdir()
        (service.folder / folder / "test_left_out.py").write_text("def test_it() -> None: ...\n", encoding="utf-8")

    collected = [service.run("pytest", "--collect-only", "-q", "--no-cov", *options) for options in ([], ["."])]

    assert [output for output in collected if "tests/performance" in output or "test_left_out.py" in output] == []
    assert all("tests/unit/core/test_clock.py" in output for output in collected)


def delay(service: Service, file: str, function: str) -> None:
    """Make a function slow."""
    plant(service, file, function, "import time; time.sleep(0.05)")


def fail(service: Service, file: str, function: str) -> None:
    """Make a function fail."""
    plant(service, file, function, "raise RuntimeError('Planted')")


def plant(service: Service, file: str, function: str, statement: str) -> None:
    """Begin a function with a statement."""
    path = service.folder / file.format(package=service.package)
    before, name, after = path.read_text(encoding="utf-8").partition(function)
    signature, colon, body = after.partition(":\n")
    assert colon, f"{function} is not in {path}"
    path.write_text(f"{before}{name}{signature}{colon}        {statement}\n{body}", encoding="utf-8")
