"""The plugin and the commands in `scripts/` work in a service of each form, on one worker and on two."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.overlay import add_overlay
from tests.support.services import Service


@pytest.mark.parametrize(
    ("case", "workers"),
    [
        pytest.param("defaults", "0", marks=pytest.mark.xdist_group("defaults")),
        pytest.param("async", "2", marks=pytest.mark.xdist_group("async")),
        pytest.param("defaults", "2", marks=[pytest.mark.xdist_group("defaults"), pytest.mark.long]),
        pytest.param("async", "0", marks=[pytest.mark.xdist_group("async"), pytest.mark.long]),
    ],
)
def test_overlay_passes_in_each_form(
    written: Callable[[str], Service], case: str, workers: str, tmp_path: Path
) -> None:
    service = written(case).copy(tmp_path / "service")
    tests = [path for path in add_overlay(service) if "/test_" in path]

    service.run("ruff", "check", *tests)
    output = service.run_suite("--no-cov", "-n", workers, *tests)

    assert "postgresql: embedded" in output
    assert re.search(r"\d\d passed", output)
