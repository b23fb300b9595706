"""The template, and the services that are written from it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cases import CASES
from tests.support.services import Service, copy_template, write_service


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as it stands in the working tree."""
    return copy_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def written(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Service]:
    """Write the service of a case, once a run: `written("defaults")`."""
    services: dict[str, Service] = {}

    def write(case: str) -> Service:
        if case not in services:
            services[case] = write_service(template, tmp_path_factory.mktemp("services") / case, CASES[case])
        return services[case]

    return write


@pytest.fixture(params=[pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in CASES])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service]) -> Service:
    """The service of each case in turn."""
    return written(request.param)
