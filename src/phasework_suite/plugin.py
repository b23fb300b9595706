"""Begins the run, tells the workers of pytest-xdist about it, and ends it."""

from contextlib import ExitStack
from typing import Any

import pytest

from .run import Run, begin
from .service import service_of
from .waiting import start_timeout

RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Read the name of the service's package from pytest.ini."""
    parser.addini("service_package", "the package in src/ that the tests are about", default="")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check which service is tested, and begin a run or join the run of the controller."""
    service_of(config)
    try:
        start_timeout()
    except ValueError:
        raise pytest.UsageError("TEST_START_TIMEOUT must be a number of seconds, such as 600.") from None
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[RUN] = Run(worker["run"], worker["workerid"], worker["port"])
        return
    stack = ExitStack()
    config.stash[RUN] = stack.enter_context(begin())
    config.add_cleanup(stack.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist which run it belongs to."""
    run = node.config.stash[RUN]
    node.workerinput |= {"run": run.name, "port": run.port}
