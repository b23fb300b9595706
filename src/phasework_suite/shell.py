"""The variables of the shell that steer libraries: the tests, and the programs that they start, run without them.

The settings of the service are not among them: `tests/support/` sets those.
"""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import chain

import pytest

# By what they steer, in upper or lower case; * stands for any characters.
STEERING = {
    "HTTP clients": ("ALL_PROXY", "FTP_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"),
    "certificates": ("CURL_CA_BUNDLE", "OPENSSL_*", "REQUESTS_CA_BUNDLE", "SSLKEYLOGFILE", "SSL_*"),
    "PostgreSQL": ("PG*", "PSYCOPG_*"),
    "alembic": ("ALEMBIC_*",),
    "boto3": ("AWS_*", "BOTO_*"),
    "celery": ("CELERY_*", "KOMBU_*"),
    "coverage": ("COVERAGE_*",),
    "opentelemetry": ("OTEL_*",),
    "prometheus-client": ("PROMETHEUS_*",),
    "pydantic": ("PYDANTIC_*",),
    "uvicorn": ("FORWARDED_ALLOW_IPS", "UVICORN_*", "WEB_CONCURRENCY"),
    "Python": ("PYTHONASYNCIODEBUG", "PYTHONIOENCODING", "PYTHONWARNINGS"),
}
# Many CI systems set these. They are removed only after pytest has chosen the colours of its own output.
TERMINAL = ("CLICOLOR*", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PYTHON_COLORS", "PY_COLORS")
# The data file of a run, and what coverage itself sets to measure programs.
KEPT = {"COVERAGE_FILE", "COVERAGE_PROCESS_CONFIG"}


def forget(patterns: Iterable[str] = tuple(chain.from_iterable(STEERING.values()))) -> None:
    """Remove the variables with these names; the password of the server in TEST_DATABASE_URL is kept."""
    kept = KEPT | {"PGPASSWORD"} if os.environ.get("TEST_DATABASE_URL") else KEPT
    for name in {*os.environ} - kept:
        if any(fnmatchcase(name.upper(), pattern) for pattern in patterns):
            del os.environ[name]


def pytest_addhooks() -> None:
    """Remove the variables as soon as pytest loads this file: some libraries read them when they are imported."""
    forget()


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Remove the variables that steer the output of programs."""
    forget(TERMINAL)
