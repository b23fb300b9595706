"""Marks each test with its tier and its phase, and prints the results of each phase."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from .places import LABELS, PHASES, TIERS, find_place, read_phases
from .service import service_of
from .summary import Result, read_results, write_table


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: a test in tests/{tier}.")
    for phase in PHASES:
        config.addinivalue_line("markers", f"{phase}: a test of a module of {phase}.")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import the tests of other tiers when `-m` names a tier: they would all be deselected."""
    selected = config.option.markexpr
    other = selected in TIERS and collection_path in {
        config.rootpath / "tests" / tier for tier in TIERS if tier != selected
    }
    return True if other else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by the folder of its file."""
    phases = read_phases(service_of(config))
    for item in items:
        if item.path.is_relative_to(config.rootpath):
            for marker in filter(None, find_place(item.path.relative_to(config.rootpath).as_posix(), phases)):
                item.add_marker(marker)


def tally(results: Mapping[str, Result], phases: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the rows of the table: one per phase, and one per tier for the tests without a phase."""
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
    """Print the table, unless it has a single row: pytest's last line says the same."""
    rows = tally(read_results(config), read_phases(service_of(config)))
    if len(rows) > 1:
        write_table(terminalreporter, "phases", ("phase", ">tests", ">passed", ">failed", ">seconds"), rows)
