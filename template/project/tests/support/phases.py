"""Marks every test with its tier and its phase, and sums a run up by phase."""

from collections import defaultdict
from collections.abc import Mapping

import pytest

from tests.support.places import LABELS, PHASES, TIERS, find_place, read_phases
from tests.support.summary import Result, read_results, write_table


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: a test in tests/{tier}.")
    for phase in PHASES:
        config.addinivalue_line("markers", f"{phase}: a test of a module of {phase}.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by its place."""
    phases = read_phases(config.rootpath)
    for item in items:
        if item.path.is_relative_to(config.rootpath):
            for marker in filter(None, find_place(item.path.relative_to(config.rootpath).as_posix(), phases)):
                item.add_marker(marker)


def tally(results: Mapping[str, Result], phases: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return a row a phase, and a row a tier for the tests that have none: tests, passed, failed, seconds."""
    groups = defaultdict(list)
    for nodeid, result in results.items():
        groups[find_place(nodeid, phases).label].append(result)
    return [(label, *_sum_up(groups[label])) for label in LABELS if label in groups]


def _sum_up(results: list[Result]) -> tuple[str, ...]:
    passed = sum(result.passed and not result.failed for result in results)
    failed = sum(result.failed for result in results)
    seconds = sum(result.seconds_in_all for result in results)
    return str(len(results)), str(passed), str(failed), f"{seconds:.1f}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print a line a phase; of a single one pytest's own last line says as much."""
    rows = tally(read_results(config), read_phases(config.rootpath))
    if len(rows) > 1:
        write_table(terminalreporter, "phases", ("phase", ">tests", ">passed", ">failed", ">seconds"), rows)
