"""Runs the whole suite on several processors, with all e2e tests on one worker: each worker would start their programs."""

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from .gates import is_whole_run


@pytest.hookimpl(tryfirst=True)  # before xdist reads the number of workers
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Use the workers of pytest.ini only for the whole suite: a part of it is faster without them."""
    option = config.option
    defaults = config._parser.parse_known_args(config.getini("addopts"))
    if not getattr(option, "numprocesses", None) or option.numprocesses != defaults.numprocesses:
        return
    needs_one_process = option.usepdb or option.trace or option.capture == "no" or option.budgets
    whole = is_whole_run(config) and not needs_one_process
    option.numprocesses = count_workers(option.maxprocesses, count_processors()) if whole else 0


def count_workers(limit: int, processors: int) -> int:
    """Return how many workers make a run faster: none on a single processor."""
    workers = min(limit, processors)
    return workers if workers > 1 else 0


def count_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class FileScheduling(LoadScopeScheduling):
    """Sends the tests of a file to a worker together, and all e2e tests to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling | None:
    """Replace the scheduler that `-n` selects."""
    return FileScheduling(config, log) if config.option.dist == "load" else None
