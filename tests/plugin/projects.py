"""Writes a small project with the whole plugin, and runs its tests in a separate process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import ROOT

PLUGIN = ROOT / "src" / "phasework_suite"

INI = """\
[pytest]
testpaths = tests
pythonpath = . src
# Hypothesis is installed here, not in a service, and slow to import.
addopts =
    --import-mode=importlib --strict-markers --strict-config
    --cov=shop --cov-branch --cov-config=pyproject.toml --cov-report=
    -p no:hypothesispytest
filterwarnings = error
service_package = shop
coverage_total = 50
coverage_gates =
    parcels: 80
test_budgets =
    unit: 100 ms
"""
# As in a service.
COVERAGE = """
[tool.coverage.report]
include_namespace_packages = true

[tool.coverage.run]
relative_files = true
disable_warnings = ["no-sysmon"]
"""
MIGRATION = """
from alembic import op
from sqlalchemy import Column, Text

revision = "parcels_0001"
down_revision = None


def upgrade():
    op.create_table("parcels", Column("title", Text))


def downgrade():
    op.drop_table("parcels")
"""
ALEMBIC_ENV = """
from alembic import context
from sqlalchemy import NullPool, create_engine

with create_engine(context.config.attributes["database_url"], poolclass=NullPool).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""
PARCELS = """
def price(weight):
    if weight > 10:
        return 2 * weight
    return weight


def postage():
    return 1
"""
UNIT_TEST = """
from shop.modules.parcels.service import postage, price


def test_light():
    assert price(1) == 1


def test_heavy():
    assert price(11) == 22


def test_postage():
    assert postage() == 1
"""
DATABASE_TEST = """
import pytest
from sqlalchemy import MetaData, NullPool, create_engine, text
from tests.suite.postgres import empty_tables


@pytest.fixture
def connection(postgres_url):
    with create_engine(postgres_url, poolclass=NullPool).begin() as connection:
        yield connection


@pytest.mark.parametrize("number", range(4))
def test_parcel_is_stored(postgres_url, connection, number):
    connection.execute(text("INSERT INTO parcels VALUES ('A book')"))

    assert connection.scalar(text("SELECT count(*) FROM parcels")) == 1
    connection.rollback()


def test_second_database_is_another_one(postgres_url, second_postgres_url):
    assert postgres_url.database != second_postgres_url.database


def test_tables_are_emptied(postgres_url):
    engine = create_engine(postgres_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO parcels VALUES ('A book')"))
        metadata = MetaData()
        metadata.reflect(connection, only=["parcels"])

    empty_tables(postgres_url, metadata)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM parcels")) == 0


def test_database_knows_all_letters(connection):
    assert connection.scalar(text("SELECT lower('É')")) == "é"
"""
FILES = {
    "pytest.ini": INI,
    "pyproject.toml": COVERAGE,
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": ALEMBIC_ENV,
    "migrations/script.py.mako": "",
    "migrations/versions/parcels_0001.py": MIGRATION,
    "src/shop/__init__.py": "",
    "src/shop/modules/parcels/__init__.py": "",
    "src/shop/modules/parcels/service.py": PARCELS,
    "tests/__init__.py": "",
    "tests/conftest.py": 'pytest_plugins = ["tests.suite"]\n',
    "tests/unit/phase1/test_parcels_service.py": UNIT_TEST,
    "tests/integration/test_parcels.py": DATABASE_TEST,
}
# Variables of our own run must not change the run of the project.
OURS = ("COVERAGE_", "PG", "PYTEST_", "PYTHONPATH", "REDIS_URL", "TEST_DATABASE_")


@dataclass(frozen=True)
class Project:
    """A service in a folder, with one module that is tested on PostgreSQL."""

    folder: Path

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the only `old` in a file."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.write(path, text.replace(old, new))

    def run(self, *options: str, expect: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """Run its tests and return the output; another exit code than `expect` fails the test."""
        return self.run_python("-m", "pytest", *options, expect=expect, variables=variables)

    def run_python(self, *command: str, expect: int = 0, variables: Mapping[str, str] | None = None) -> str:
        """Run Python in its folder and return the output; another exit code than `expect` fails the test."""
        run = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=environment() | dict(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert run.returncode == expect, run.stdout
        return run.stdout


def environment() -> dict[str, str]:
    """Return our environment variables without those that would change the run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def write_project(folder: Path, *, with_database: bool = True) -> Project:
    """Write the project, with or without the tests that use a database."""
    project = Project(folder)
    for path, text in FILES.items():
        if with_database or not path.startswith("tests/integration/"):
            project.write(path, text)
    shutil.copytree(PLUGIN, folder / "tests" / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    return project
