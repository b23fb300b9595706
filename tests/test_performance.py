"""The performance tests of a service: budgets and thresholds that hold, and that a slow or failing service misses.

Budgets are set for each form, so each form is measured. Load tests are the same in both: each fault is planted in one of them.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.drawn import one_of
from tests.support.services import Service, with_load_tools

BENCHMARKS = ("pytest", "tests/performance", "--no-cov", "-q")
# The load ends after a number of requests; the seconds only limit how long that may take.
LOAD = ("python", "-m", "tests.performance.load", "--users", "2", "--seconds", "60", "--max-p95", "5000")

pytestmark = pytest.mark.xdist_group("performance")


@pytest.fixture
def copied(written: Callable[[str], Service], tmp_path: Path) -> Callable[[str], Service]:
    """Return a copy of a service that has what its load tests need: `copied("defaults")`."""
    return lambda case: with_load_tools(written(case).copy(tmp_path / case))


# Beside other programs a benchmark may take several times as long; `make test-all` checks it against its own budget.
@pytest.mark.parametrize("margin", [3, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "case",
    [
        *one_of("defaults", "async", grouped=False),
        *(pytest.param(case, marks=pytest.mark.long) for case in ("everything", "everything-async")),
    ],
)
def test_benchmarks_keep_their_budgets(copied: Callable[[str], Service], case: str, margin: int) -> None:
    service = copied(case)
    budgets = service.folder / "tests/performance/budgets.ini"
    text = budgets.read_text(encoding="utf-8")
    raised, number = re.subn(r"(?<== )[\d.]+$", lambda budget: str(margin * float(budget[0])), text, flags=re.MULTILINE)
    budgets.write_text(raised, encoding="utf-8")

    output = service.run(*BENCHMARKS)

    results = re.findall(r"_benchmark\.py::test_\w+ +[\d.]+ +\d+  (\w+)$", output, re.MULTILINE)
    assert number >= 12
    assert results == ["ok"] * number


def test_slow_service_is_over_its_budget_and_no_budget_is_an_error(copied: Callable[[str], Service]) -> None:
    service = copied("defaults")
    delay(service, "src/{package}/modules/patients/service.py", "def _contains(self, text: str)")
    budgets = service.folder / "tests/performance/budgets.ini"
    budgets.write_text(budgets.read_text(encoding="utf-8").replace("read_token", "something_else"), encoding="utf-8")

    output = service.run(*BENCHMARKS, "-k", "patients or read_token", expect=pytest.ExitCode.TESTS_FAILED)

    over = [line.split()[0] for line in output.splitlines() if line.endswith("OVER")]
    assert over == ["tests/performance/test_patients_benchmark.py::test_search"]
    assert "budgets.ini has no budget 'read_token' for test_read_token in [core]." in output


def test_service_under_load_meets_the_thresholds(copied: Callable[[str], Service]) -> None:
    service = copied("async")
    stop_load_after(service, "num_requests", 20)

    output = service.run(*LOAD)

    assert "All thresholds are met." in output


# The master and the workers of the next test are what `--processes` starts.
@pytest.mark.long
def test_processes_share_the_load(copied: Callable[[str], Service]) -> None:
    output = copied("defaults").run(*LOAD, "--processes", "2", "--seconds", "6")

    assert "All thresholds are met." in output


def test_master_checks_the_requests_of_its_workers(copied: Callable[[str], Service]) -> None:
    output = copied("defaults").run("python", "-c", MASTER_AND_WORKERS)

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
    size = ["--users", "4", "--seconds", "6", "--max-p95", "5000"]
    code = main(["--url", url, *size, "--master", "--expect-workers", "2", "--master-bind-port", port])
    ended = [worker.wait(120) for worker in workers]
sys.stdout.flush()
print(f"The workers ended with {ended}.")
sys.exit(code)
"""


def test_slow_service_misses_the_percentile(copied: Callable[[str], Service]) -> None:
    service = copied("async")
    stop_load_after(service, "num_requests", 20)

    output = service.run(*LOAD, "--max-p95", "1", expect=1)

    assert "MISSED: max-p95: " in output
    assert "MISSED: max-failures" not in output


def test_failing_route_misses_the_share_of_failures(copied: Callable[[str], Service]) -> None:
    service = copied("defaults")
    fail(service, "src/{package}/modules/tickets/router.py", "def list_tickets(")
    stop_load_after(service, "num_failures", 1)

    output = service.run(*LOAD, expect=1)

    assert "MISSED: max-failures: " in output
    assert "MISSED: max-p95" not in output


def test_service_that_cannot_start_is_not_a_missed_threshold(copied: Callable[[str], Service]) -> None:
    service = copied("defaults")
    main = service.folder / "src" / service.package / "main.py"
    main.write_text("raise ImportError('Planted')\n", encoding="utf-8")

    output = service.run(*LOAD, expect=2)

    assert "ImportError: Planted" in output


def test_url_requires_a_token(copied: Callable[[str], Service]) -> None:
    output = copied("async").run(*LOAD, "--url", "http://127.0.0.1:9", expect=2, variables={"LOAD_TOKEN": ""})

    assert output.startswith("--url requires LOAD_TOKEN, the token of an admin")


def test_is_not_part_of_other_runs(copied: Callable[[str], Service]) -> None:
    service = copied("defaults")
    for folder in ("build", ".hidden"):
        (service.folder / folder).mkdir()
        (service.folder / folder / "test_left_out.py").write_text("def test_it() -> None: ...\n", encoding="utf-8")

    collected = [service.run("pytest", "--collect-only", "-q", "--no-cov", *options) for options in ([], ["."])]

    assert [output for output in collected if "tests/performance" in output or "test_left_out.py" in output] == []
    assert all("tests/unit/core/test_clock.py" in output for output in collected)


STOP = """

def stop_after_enough(environment: Environment, **_: Any) -> None:
    import gevent

    def count(**_: Any) -> None:
        if environment.stats.total.{figure} >= {least}:
            gevent.spawn(environment.runner.quit)

    environment.events.request.add_listener(count)


events.init.add_listener(stop_after_enough)
"""


def stop_load_after(service: Service, figure: str, least: int) -> None:
    """End a load test once a figure of Locust's is at least so high, however long that takes."""
    with (service.folder / "tests/performance/locustfile.py").open("a", encoding="utf-8") as file:
        file.write(STOP.format(figure=figure, least=least))


def delay(service: Service, file: str, function: str) -> None:
    """Make a function slow."""
    plant(service, file, function, "import time; time.sleep(0.05)")


def fail(service: Service, file: str, function: str) -> None:
    """Make a function fail."""
    plant(service, file, function, "raise RuntimeError('Planted')")


def plant(service: Service, file: str, function: str, statement: str) -> None:
    """Insert a statement at the beginning of a function."""
    path = service.folder / file.format(package=service.package)
    before, name, after = path.read_text(encoding="utf-8").partition(function)
    signature, colon, body = after.partition(":\n")
    assert colon, f"{function} is not in {path}"
    indent = body[: len(body) - len(body.lstrip())]
    path.write_text(f"{before}{name}{signature}{colon}{indent}{statement}\n{body}", encoding="utf-8")
