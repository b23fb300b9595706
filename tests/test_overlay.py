"""The plugin and the commands in `scripts/` work in a service of each form, on one worker and on two."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.overlay import add_overlay
from tests.support.services import Service


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("defaults", "async")]
)
def test_overlay_passes_in_each_form(written: Callable[[str], Service], case: str, tmp_path: Path) -> None:
    service = written(case).copy(tmp_path / "service")
    tests = [path for path in add_overlay(service) if "/test_" in path]

    service.run("ruff", "check", *tests)
    alone = service.run_suite("--no-cov", *tests)
    together = service.run_suite("--no-cov", "-n", "2", *tests)

    assert "postgresql: embedded" in alone
    assert passed(alone) == passed(together)


def passed(output: str) -> list[str]:
    """Return how many tests passed."""
    return re.findall(r"\d+ passed", output)
