"""The Redis of the e2e tests: the one in REDIS_URL, else the redis-server of the machine, else fakeredis from PyPI.

All keys of a process have the same prefix, so other programs may use the Redis in REDIS_URL too.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from .programs import ProgramFailed, free_port, running
from .run import Run

FAKE = "from fakeredis import TcpFakeServer; TcpFakeServer(('127.0.0.1', {port}), server_type='redis').serve_forever()"
CONNECT_TIMEOUT = 5.0
"""Seconds that a Redis has to respond."""


class RedisUnavailable(RuntimeError):
    """The tests have no Redis; the message says why, and what to do."""


def pytest_report_header() -> list[str]:
    """Return the header line about the Redis of the e2e tests, if the service has a worker."""
    return [f"redis: {describe()}"] if is_installed("redis") else []


def is_installed(package: str) -> bool:
    """Return whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def describe() -> str:
    """Return a text that names the Redis of the run, without its password."""
    if given := os.environ.get("REDIS_URL"):
        url = urlsplit(given)
        return f"{url.hostname}:{url.port or 6379}{url.path}, from REDIS_URL"
    if program := shutil.which("redis-server"):
        return program
    return "fakeredis" if is_installed("fakeredis") else "none"


@contextmanager
def redis_server(run: Run, log: Path) -> Iterator[str]:
    """Yield the URL of a Redis; raise RedisUnavailable if there is none."""
    if given := os.environ.get("REDIS_URL"):
        require_response(given)
        try:
            yield given
        finally:
            remove_keys(given, prefix(run))
        return
    port = free_port()
    with running(command(port), log, os.environ) as server:
        try:
            server.wait_for_port(port)
        except ProgramFailed as error:
            raise unavailable(str(error)) from None
        yield f"redis://127.0.0.1:{port}/0"


def require_response(url: str) -> None:
    """Raise RedisUnavailable unless the Redis at `url` responds."""
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        with Redis.from_url(url, socket_connect_timeout=CONNECT_TIMEOUT, retry=Retry(NoBackoff(), 0)) as redis:
            redis.ping()
    except (RedisError, ValueError) as error:
        raise unavailable(str(error)) from None


def unavailable(reason: str) -> RedisUnavailable:
    """Return an error that says which Redis failed, why, and what to do."""
    return RedisUnavailable(
        f"Redis ({describe()}) cannot be used: {reason} Run `uv sync` to install fakeredis, or set REDIS_URL to a Redis."
    )


def prefix(run: Run) -> str:
    """Return the prefix of the keys of this process."""
    return f"tests-{run.name}-{run.worker}:"


def command(port: int) -> list[str]:
    """Return the command that starts a server without persistence."""
    if program := shutil.which("redis-server"):
        return [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    return [sys.executable, "-c", FAKE.format(port=port)]


def remove_keys(url: str, key_prefix: str) -> None:
    """Delete the keys with this prefix."""
    from redis import Redis

    with Redis.from_url(url) as redis:
        for key in redis.scan_iter(match=f"{key_prefix}*"):
            redis.delete(key)
