"""The Redis of the e2e tests: which one is used, and which keys are deleted."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from phasework_suite.programs import free_port
from phasework_suite.redis import RedisUnavailable, command, describe, prefix, pytest_report_header, redis_server
from phasework_suite.run import Run

RUN = Run("0badcafe", "gw7", 0)
# Replaces the program, and takes the options that we give it.
REDIS_SERVER = """#!{python}
import argparse
from fakeredis import TcpFakeServer
parser = argparse.ArgumentParser()
for name in ("bind", "port", "save", "appendonly"):
    parser.add_argument("--" + name, required=True)
given = parser.parse_args()
TcpFakeServer((given.bind, int(given.port)), server_type="redis").serve_forever()
"""


@pytest.fixture
def redis_from_pypi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a Redis from PyPI."""
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setattr("shutil.which", lambda _: None)
    with redis_server(RUN, tmp_path / "log") as url:
        yield url


@pytest.fixture
def keys(redis_from_pypi: str) -> Callable[[], list[str]]:
    """Return the keys in that Redis."""
    return lambda: sorted(str(key) for key in Redis.from_url(redis_from_pypi, decode_responses=True).scan_iter())


def test_given_redis_keeps_the_keys_of_others(
    redis_from_pypi: str,
    keys: Callable[[], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_from_pypi)
    with Redis.from_url(redis_from_pypi) as redis:
        redis.set("theirs", "1")

        with redis_server(RUN, tmp_path / "log") as given:
            redis.set(f"{prefix(RUN)}celery", "1")
            during = keys()

    assert given == redis_from_pypi
    assert (len(during), keys()) == (2, ["theirs"])


def test_given_redis_that_does_not_respond_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("REDIS_URL", f"redis://ada:secret@127.0.0.1:{port}/0")

    with pytest.raises(RedisUnavailable) as error, redis_server(RUN, tmp_path / "log"):
        pass

    assert str(error.value).startswith(f"Redis (127.0.0.1:{port}/0, from REDIS_URL) cannot be used: ")
    assert "secret" not in str(error.value)


def test_redis_that_does_not_start_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setattr("phasework_suite.redis.FAKE", "raise ImportError('not for this machine')")
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(RedisUnavailable, match="not for this machine") as error, redis_server(RUN, tmp_path / "log"):
        pass

    assert "Run `uv sync` to install fakeredis, or set REDIS_URL to a Redis." in str(error.value)


def test_redis_of_the_machine_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    program = tmp_path / "redis-server"
    program.write_text(REDIS_SERVER.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", {"redis-server": str(program)}.get)

    with redis_server(RUN, tmp_path / "log") as url, Redis.from_url(url) as redis:
        assert redis.ping()


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost:6380/3",
        "redis://ada:secret@localhost:6380/3",
        "rediss://localhost:6380/3?password=secret",
    ],
)
def test_header_names_the_given_redis_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    assert pytest_report_header() == ["redis: localhost:6380/3, from REDIS_URL"]


@pytest.mark.usefixtures("nothing_given")
def test_redis_of_the_machine_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", {"redis-server": "/usr/bin/redis-server"}.get)

    assert describe() == "/usr/bin/redis-server"
    assert command(6380)[:5] == ["/usr/bin/redis-server", "--bind", "127.0.0.1", "--port", "6380"]


@pytest.mark.usefixtures("nothing_given")
def test_redis_from_pypi_comes_second() -> None:
    assert describe() == "fakeredis"
    assert "TcpFakeServer(('127.0.0.1', 6380)" in command(6380)[-1]


@pytest.mark.usefixtures("nothing_given")
def test_service_without_redis_has_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phasework_suite.redis.is_installed", lambda _: False)

    assert describe() == "none"
    assert pytest_report_header() == []


def test_each_process_of_a_run_has_its_own_keys() -> None:
    assert prefix(RUN) == "tests-0badcafe-gw7:"
