"""Marks every test with its tier and its phase, which follow from its folder."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TIERS = ("unit", "api", "integration", "e2e", "performance")
PHASES = tuple(f"phase{number}" for number in range(1, 10))


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: a test in tests/{tier}.")
    for phase in PHASES:
        config.addinivalue_line("markers", f"{phase}: a test of a module of {phase}.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by the folders that it lies in."""
    for item in items:
        for folder in item.path.relative_to(TESTS).parts[:-1]:
            if folder in TIERS or folder in PHASES:
                item.add_marker(folder)
