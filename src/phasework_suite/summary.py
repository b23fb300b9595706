"""The parts of the tables at the end of a run: the results of its tests, and aligned columns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import pytest


@dataclass(slots=True)
class Result:
    """The result of one test."""

    seconds: float = 0.0
    """The time of the test function."""
    seconds_in_all: float = 0.0
    """The time of the function, and of the setup and teardown of fixtures."""
    slowdown: float = 1.0
    """How many times slower than an idle machine this one was during the function."""
    passed: bool = False
    failed: bool = False

    def add(self, report: pytest.TestReport) -> None:
        """Add pytest's report on its setup, its call or its teardown."""
        self.seconds_in_all += report.duration
        self.failed = self.failed or report.failed
        if report.when == "call":
            self.seconds = report.duration
            self.slowdown = getattr(report, "slowdown", 1.0)
            self.passed = report.passed


def read_results(config: pytest.Config) -> dict[str, Result]:
    """Return the result of each test so far, by node id; under xdist those of all workers."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    results: defaultdict[str, Result] = defaultdict(Result)
    for report in chain.from_iterable(reporter.stats.values() if reporter else []):
        # A subtest has its own class of reports; the report on its test includes it.
        if type(report) is pytest.TestReport:
            results[report.nodeid].add(report)
    return results


def align(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; `>` before a heading aligns its column to the right."""
    names = [heading.removeprefix(">") for heading in headings]
    columns = []
    for heading, *cells in zip(headings, names, *rows, strict=True):
        width = max(map(len, cells))
        columns.append([cell.rjust(width) if heading.startswith(">") else cell.ljust(width) for cell in cells])
    return ["  ".join(line).rstrip() for line in zip(*columns, strict=True)]


def write_table(
    reporter: pytest.TerminalReporter,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Print a table below its title."""
    reporter.section(title)
    for line in align(headings, rows):
        reporter.line(line)
