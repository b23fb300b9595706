"""Fixtures: the template and services."""

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cases import CASES
from tests.support.environments import locked
from tests.support.in_process import compiled_once
from tests.support.servers import Server, serving
from tests.support.services import Service, copy_template, write_service
from tests.support.subsets import SEED

pytest_plugins = ["pytester", "tests.support.groups"]
# These tests run in services: tests/test_overlay.py.
collect_ignore = ["overlay"]


def pytest_report_header() -> str:
    """Show the seed in the first lines of a run."""
    return f"seed of the random subsets of the catalog: {SEED}"


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    """Cache compiled Jinja sources for all services of this process."""
    with compiled_once():
        yield


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if hasattr(request.config, "workerinput") else folder


@pytest.fixture(scope="session")
def template(shared_folder: Path) -> Path:
    """A copy of the template in the working tree: one for all workers, because services record its path."""
    folder = shared_folder / "template"
    with locked(folder.with_suffix(".lock")):
        return folder if folder.exists() else copy_template(folder)


@pytest.fixture(scope="session")
def written(template: Path, shared_folder: Path) -> Callable[[str], Service]:
    """Return the service of a case: `written("defaults")`. It is written once per run, for all workers.

    A test that changes a service, or measures its coverage, works on a `Service.copy`.
    """
    services: dict[str, Service] = {}

    def write(case: str) -> Service:
        if case not in services:
            services[case] = load_or_write(template, shared_folder / f"service-{case}", case)
        return services[case]

    return write


def load_or_write(template: Path, folder: Path, case: str) -> Service:
    """Return the service in a folder, which another worker may have written."""
    stored = folder.with_suffix(".pickle")
    with locked(folder.with_suffix(".lock")):
        if not stored.exists():
            stored.write_bytes(pickle.dumps(write_service(template, folder, CASES[case])))
        service: Service = pickle.loads(stored.read_bytes())
    return service


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    with serving() as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A PostgreSQL server without databases."""
    yield shared_server
    shared_server.drop_all()


@pytest.fixture(params=[pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in CASES])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service]) -> Service:
    """The service of each case."""
    return written(request.param)
