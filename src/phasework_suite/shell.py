"""The variables of the shell that steer libraries or the service: the tests, and the programs that they start, run without them.

The tests have their own settings, in `tests/support/`.
"""

import os
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import chain

import pytest

from .programs import ROOT

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
# The data file of a run, what coverage itself sets to measure programs, and the Redis of the tests.
KEPT = {"COVERAGE_FILE", "COVERAGE_PROCESS_CONFIG", "REDIS_URL"}
# What the server in TEST_DATABASE_URL may require, and what libpq does not use otherwise.
CREDENTIALS = {"PGPASSFILE", "PGPASSWORD", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT"}


def settings_of_service() -> list[str]:
    """Return the names of the service's settings: all of them are in `.env.example`."""
    example = ROOT / ".env.example"
    return re.findall(r"^(?:# )?(\w+)=", example.read_text(encoding="utf-8"), re.MULTILINE) if example.is_file() else []


def forget(patterns: Iterable[str] = tuple(chain.from_iterable(STEERING.values()))) -> None:
    """Remove the variables with these names; credentials for the server in TEST_DATABASE_URL are kept."""
    kept = KEPT | CREDENTIALS if os.environ.get("TEST_DATABASE_URL") else KEPT
    for name in {*os.environ} - kept:
        if any(fnmatchcase(name.upper(), pattern) for pattern in patterns):
            del os.environ[name]


def pytest_addhooks() -> None:
    """Remove the variables as soon as pytest loads this file: some libraries read them when they are imported."""
    forget()
    forget(settings_of_service())


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Remove the variables that steer the output of programs."""
    forget(TERMINAL)
