"""Tests of the image of a service."""

import gzip
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.support.engine import docker, inspect, needs_engine, run
from tests.support.services import Service, lock

pytestmark = needs_engine()

PLANTED = "a-secret-that-must-stay-outside-of-every-layer"
VERSION = "0123abc"
SETTINGS = ("--env", "DATABASE_URL={}:////tmp/service.db", "--env", "JWT_SECRET=a key for the tests of the image")
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")
MEGABYTE = 1_000_000
# Prints the seconds that the processes of a container have used, without this one.
PROCESSOR_TIME = """
import os
from pathlib import Path

others = [path for path in Path("/proc").glob("[0-9]*/stat") if path.parent.name != str(os.getpid())]
ticks = [path.read_text().rpartition(")")[2].split()[11:15] for path in others]
print(sum(int(tick) for used in ticks for tick in used) / os.sysconf("SC_CLK_TCK"))
"""


@pytest.fixture(scope="module")
def image(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image of the default service, built in a folder with secrets and history."""
    folder = tmp_path_factory.mktemp("image") / "service"
    shutil.copytree(written("defaults").folder, folder, ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    for place in (".env", "src/.env", ".git/config", "secrets.txt", "tests/.env.production"):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(PLANTED, encoding="utf-8")
    lock(folder)
    name = f"image-{uuid4().hex[:8]}"
    docker("build", "--quiet", "--build-arg", f"VERSION={VERSION}", "--tag", name, str(folder))
    yield name
    docker("image", "rm", "--force", name)


@pytest.fixture
def container(image: str) -> Iterator[str]:
    """A new container with minimal rights."""
    name = docker("run", "--detach", *HARDENED, *settings(), "--publish", "127.0.0.1::8000", image)
    yield name
    docker("rm", "--force", "--volumes", name)


def settings() -> tuple[str, ...]:
    """Return the settings of a container with a database in its temporary folder."""
    return tuple(setting.format("sqlite") for setting in SETTINGS)


def in_container(image: str, *command: str) -> str:
    """Run a command in a new container and return its output."""
    return docker("run", "--rm", *HARDENED, *settings(), image, *command)


def test_has_a_version_label(image: str) -> None:
    labels = inspect(image)["Config"]["Labels"]

    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.title"] == "Clinic Service"


def test_does_not_run_as_root(image: str) -> None:
    assert inspect(image)["Config"]["User"] == "10001:10001"
    assert in_container(image, "id", "-u") == "10001"


def test_starts_within_two_seconds_of_processor_time(container: str) -> None:
    wait_for_answer(container)

    # Unlike the time on the clock, it does not depend on what else the machine does.
    assert float(docker("exec", container, "python", "-c", PROCESSOR_TIME)) < 2


def test_becomes_healthy_after_the_migrations(container: str) -> None:
    wait_for_answer(container)
    assert answer(container, "/ready") == 503

    docker("exec", container, "alembic", "upgrade", "heads")

    assert answer(container, "/ready") == 200
    deadline = time.monotonic() + 60
    while inspect(container)["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, docker("logs", container)
        time.sleep(0.2)


def test_stops_without_being_killed(container: str) -> None:
    wait_for_answer(container)

    docker("stop", "--time", "10", container)

    # Docker kills what has not stopped by then: the exit code would be 137.
    assert inspect(container)["State"]["ExitCode"] in (0, 143)


def test_runs_the_migrations(image: str) -> None:
    done = run("docker", "run", "--rm", *HARDENED, *settings(), image, "alembic", "upgrade", "heads")

    assert "Running upgrade" in done.stderr


def test_contains_only_what_runs(image: str) -> None:
    assert in_container(image, "ls", "--almost-all", "/app").split() == ["alembic.ini", "migrations"]


@pytest.mark.parametrize("name", ["gcc", "cc", "g++", "ld", "make", "uv", "git", "ruff", "mypy", "pytest"])
def test_contains_no_development_tools(image: str, name: str) -> None:
    assert in_container(image, "python", "-c", f"import shutil; print(shutil.which('{name}'))") == "None"


def test_contains_no_tests_and_test_dependencies(image: str) -> None:
    program = "from importlib.metadata import distributions as d; print(*sorted(x.name.lower() for x in d()))"

    installed = in_container(image, "python", "-c", program).split()

    assert "clinic-service" in installed
    assert {"pytest", "coverage", "mypy", "ruff", "time-machine", "fakeredis", "locust"}.isdisjoint(installed)
    assert in_container(image, "find", "/app", "/opt", "-path", "*site-packages/tests*").split() == []


def test_no_layer_contains_a_secret(image: str, tmp_path: Path) -> None:
    docker("save", "--output", str(tmp_path / "image.tar"), image)

    assert list(layers_holding(PLANTED.encode(), tmp_path / "image.tar")) == []
    # Check that the search works.
    assert list(layers_holding(b"script_location = %(here)s/migrations", tmp_path / "image.tar")) != []


def test_adds_less_than_150_megabytes_to_python(
    image: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    record_testsuite_property("image_megabytes", inspect(image)["Size"] / MEGABYTE)

    sizes = [int(line.split()[0]) for line in in_container(image, "du", "--bytes", "-s", "/app", "/opt").splitlines()]

    assert sum(sizes) < 150 * MEGABYTE


def answer(container: str, path: str) -> int:
    """Return the status of a response of the service in a container."""
    address = docker("port", container, "8000").splitlines()[0]
    try:
        with urlopen(f"http://{address}{path}", timeout=5) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def wait_for_answer(container: str) -> None:
    """Wait until the service in a container runs."""
    deadline = time.monotonic() + 60
    while True:
        try:
            assert answer(container, "/health") == 200
            return
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline, docker("logs", container)
            time.sleep(0.02)


def layers_holding(needle: bytes, archive: Path) -> Iterator[str]:
    """Yield the files of a saved image that contain these bytes, including compressed layers."""
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None and holds(needle, content):
                yield member.name


def holds(needle: bytes, content: IO[bytes]) -> bool:
    """Return whether a file contains these bytes."""
    compressed = content.read(2) == b"\x1f\x8b"
    content.seek(0)
    stream = gzip.GzipFile(fileobj=content) if compressed else content
    rest = b""
    while chunk := stream.read(MEGABYTE):
        if needle in rest + chunk:
            return True
        rest = chunk[-len(needle) :]
    return False
