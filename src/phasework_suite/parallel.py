"""Runs the whole suite on several processors, with all e2e tests on one worker: each worker would start their programs."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from .gates import is_whole_run


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Use no workers for a part of the suite, which is faster without them; otherwise let xdist count the processors."""
    option = config.option
    needs_one_process = option.usepdb or option.trace or option.capture == "no" or option.budgets
    return None if is_whole_run(config) and not needs_one_process else 0


class FileScheduling(LoadScopeScheduling):
    """Sends the tests of a file to a worker together, and all e2e tests to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling | None:
    """Replace the scheduler that `-n` selects."""
    return FileScheduling(config, log) if config.option.dist == "load" else None
