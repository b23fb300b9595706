"""Time budgets: how long one test may take, and how long all tests of a tier may take together.

`pytest.ini` holds the budgets. The end of a run shows its slowest tests; with `--budgets`, the run fails if a test or a tier is
over its budget. The time of a test is the time of its function. The time of its fixtures is only added to its tier.
The times are converted to those of an idle machine: a run often measures how long a fixed piece of work takes, and Linux tells how
long a test waited for a processor.
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from .places import TIERS, find_place
from .summary import Result, read_results, write_table

SHOWN = 5
UNITS = {"ms": 0.001, "s": 1.0}
LINE = re.compile(r"(\w+)\s*:\s*(\d+(?:\.\d+)?)\s*(ms|s)")

SCHEDULING = Path("/proc/thread-self/schedstat")
WORK = [{"number": number, "text": f"Record {number}"} for number in range(9000)]
IDLE_SECONDS = 0.020
"""The time of the work on an idle machine."""
INTERVAL = 3.0
"""Seconds after which the work is measured again."""
REPEATS = 5
"""How often it is measured at once after a test that seems to be over its budget: the worst time counts."""

Budgets = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Timing:
    """The time that a test or a tier took, and its budget."""

    name: str
    seconds: float
    budget: float | None

    @property
    def is_over(self) -> bool:
        """Whether it took longer than its budget."""
        return self.budget is not None and self.seconds > self.budget

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table. The time is rounded up, so that a time over the budget never looks equal to it."""
        budget = "-" if self.budget is None else f"{self.budget:.3f} s"
        return f"{math.ceil(self.seconds * 1000) / 1000:.3f} s", budget, "OVER" if self.is_over else "ok", self.name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Read the budgets from pytest.ini, and `--budgets` from the command line."""
    parser.addini("test_budgets", "the maximum time of a test, by tier, such as 'unit: 100 ms'", type="linelist")
    parser.addini("suite_budgets", "the maximum time of all tests of a tier, such as 'unit: 60 s'", type="linelist")
    parser.addoption("--budgets", action="store_true", help="Fail if a test or a tier takes longer than its budget.")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse invalid budgets."""
    for setting in ("test_budgets", "suite_budgets"):
        read_budgets(config, setting)


def read_budgets(config: pytest.Config, setting: str) -> Budgets:
    """Return the seconds of each tier in a setting of pytest.ini; raise UsageError for an invalid line."""
    budgets = {}
    for line in config.getini(setting):
        match = LINE.fullmatch(line)
        if not match or match[1] not in TIERS:
            raise pytest.UsageError(
                f"pytest.ini: {setting} has the line {line!r}; a line is a tier ({', '.join(TIERS)}) and its time, "
                "as in 'unit: 100 ms' or 'e2e: 5 s'."
            )
        budgets[match[1]] = float(match[2]) * UNITS[match[3]]
    return budgets


def time_tests(results: Mapping[str, Result], budgets: Budgets) -> list[Timing]:
    """Return the time of each test."""
    return [
        Timing(nodeid, result.seconds / result.slowdown, budgets.get(_tier(nodeid)))
        for nodeid, result in results.items()
    ]


def time_tiers(results: Mapping[str, Result], budgets: Budgets) -> list[Timing]:
    """Return the time of all tests of each tier."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for nodeid, result in results.items():
        seconds[_tier(nodeid)] += result.seconds_in_all / result.slowdown
    return [Timing(f"all {tier} tests", seconds[tier], budgets.get(tier)) for tier in TIERS if tier in seconds]


def _tier(nodeid: str) -> str:
    return find_place(nodeid, {}).tier or ""


def measure_slowdown() -> float:
    """Return how many times slower than an idle machine this one is, at least 1."""
    started = perf_counter()
    json.loads(json.dumps(WORK))
    return max(1.0, (perf_counter() - started) / IDLE_SECONDS)


def waited_for_processor() -> float:
    """Return the seconds that this thread waited while other programs used the processors; 0 if the system does not tell."""
    try:
        return int(SCHEDULING.read_text(encoding="ascii").split()[1]) / 1e9
    except OSError:
        return 0.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> Generator[None, Any, Any]:
    """Tell the summary, in the report of a test, how slow the machine was."""
    report = yield
    stash = item.config.stash
    waited = stash.get(WAITED, 0.0)
    stash[WAITED] = waited_for_processor()
    if call.when == "call":
        measured, before = stash.get(SLOWDOWN, (-math.inf, 1.0))
        budget = read_budgets(item.config, "test_budgets").get(_tier(item.nodeid), math.inf)
        is_over = call.duration > budget * before
        if is_over or perf_counter() > measured + INTERVAL:
            slowdown = max(measure_slowdown() for _ in range(REPEATS if is_over else 1))
            stash[SLOWDOWN] = perf_counter(), slowdown
        ran = max(call.duration - (stash[WAITED] - waited), 0.001)
        report.slowdown = max(before, stash[SLOWDOWN][1], call.duration / ran)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare the times with the budgets."""
    config = session.config
    results = read_results(config)
    tests = time_tests(results, read_budgets(config, "test_budgets"))
    tiers = time_tiers(results, read_budgets(config, "suite_budgets"))
    config.stash[TESTS] = tests
    config.stash[OVER] = over = [timing for timing in (*tiers, *tests) if timing.is_over]
    if over and config.option.budgets and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


SLOWDOWN = pytest.StashKey[tuple[float, float]]()
WAITED = pytest.StashKey[float]()
TESTS = pytest.StashKey[list[Timing]]()
OVER = pytest.StashKey[list[Timing]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the slowest tests, and the slowest ones over their budget; with `--budgets`, all of those."""
    tests, over = config.stash.get(TESTS, []), config.stash.get(OVER, [])
    enforced = config.option.budgets
    shown = {*(slowest(tests) if len(tests) > SHOWN else ()), *(over if enforced else slowest(over))}
    if not shown:
        return
    rows = [timing.row for timing in slowest(shown, len(shown))]
    write_table(terminalreporter, "slowest tests", (">time", ">budget", "result", "test"), rows)
    if over:
        consequence = "the run fails" if enforced else "use --budgets to list all of them and to fail the run"
        terminalreporter.line(f"Over budget: {len(over)}; {consequence}.")


def slowest(timings: Iterable[Timing], number: int = SHOWN) -> list[Timing]:
    """Return the slowest timings, the slowest first."""
    return nlargest(number, timings, key=lambda timing: timing.seconds)
