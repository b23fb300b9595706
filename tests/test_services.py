"""Every service that is written is clean; its suite passes in any order, on one worker or two, and reaches its targets."""

import json
from collections.abc import Callable

import pytest

from tests.support.services import Service

KINDS = ("sixty", "everything", "defaults", "async", "blank", "patients")
"""Services of every kind; the others differ from these in what is written, not in how it runs."""


def test_ruff_finds_nothing(service: Service) -> None:
    service.run("ruff", "check", ".")


def test_is_formatted(service: Service) -> None:
    service.run("ruff", "format", "--check", "--diff", ".")


def test_mypy_finds_nothing(service: Service) -> None:
    service.run("mypy")


def test_suite_passes_in_random_order(service: Service) -> None:
    service.run_suite()

    assert below_target(service) == {}


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in KINDS],
)
def test_suite_passes_in_another_order_on_two_workers(written: Callable[[str], Service], case: str) -> None:
    service = written(case)

    service.run_suite("-n", "2")

    assert below_target(service) == {}


def below_target(service: Service) -> dict[str, float]:
    """Return what the last run covered of each module that missed its target, by coverage's own figures."""
    covered = covered_percent(service)
    return {name: covered[name] for name, plan in service.plan.items() if covered[name] < plan["coverage"]}


def covered_percent(service: Service) -> dict[str, float]:
    """Return the percentage of statements and branches that the last run covered, by module."""
    files = json.loads(service.run("coverage", "json", "-q", "-o", "-"))["files"]
    percent = {}
    for module in service.modules:
        parts = [file["summary"] for path, file in files.items() if f"/modules/{module}/" in path]
        covered = sum(part["covered_lines"] + part["covered_branches"] for part in parts)
        percent[module] = 100 * covered / sum(part["num_statements"] + part["num_branches"] for part in parts)
    return percent
