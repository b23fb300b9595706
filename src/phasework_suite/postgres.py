"""The PostgreSQL databases of a run: one per process, each a copy of a database that was created by the migrations."""

import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from .database_url import check, describe, given_url
from .embedded_postgres import PostgresUnavailable, embedded_address, start_once
from .plugin import RUN
from .programs import ROOT, listens
from .run import Run
from .shell import STEERING, forget
from .waiting import wait_for

if TYPE_CHECKING:
    from alembic.config import Config

LOCK_NOT_AVAILABLE = "55P03"
COMMENT = "tests on {host}, port {port}"
"""The comment on a database of a run, from which later runs find out whether that run has ended."""


def pytest_configure(config: pytest.Config) -> None:
    """Drop the databases of the run at its end, if it uses the server in TEST_DATABASE_URL."""
    run = config.stash[RUN]
    if run.is_controller and given_url() is not None:
        config.add_cleanup(lambda: drop_databases(run))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the embedded server for the tests that need it, so that it is ready when they run."""
    needed = any("postgres_url" in getattr(item, "fixturenames", ()) for item in session.items)
    if needed and given_url() is None and not session.config.option.collectonly:
        start_once(session.config.stash[RUN])


@pytest.fixture(scope="session")
def postgres_url(pytestconfig: pytest.Config) -> URL:
    """The URL of the PostgreSQL database of this process, with every table of the migrations."""
    try:
        return make_database(pytestconfig.stash[RUN])
    except PostgresUnavailable as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def second_postgres_url(pytestconfig: pytest.Config, postgres_url: URL) -> Iterator[URL]:
    """The URL of a PostgreSQL database for a single test, with every table of the migrations."""
    run = pytestconfig.stash[RUN]
    name = name_database(run, f"{run.worker}_temporary")
    with administration(postgres_url.set(database="postgres")) as connection:
        create(connection, name, name_database(run, "template"), run)
        try:
            yield postgres_url.set(database=name)
        finally:
            drop(connection, name)


def make_database(run: Run) -> URL:
    """Return the URL of the database of this process, with every table; raise PostgresUnavailable."""
    # The driver would prefer these variables to the URL.
    forget(STEERING["PostgreSQL"])
    server = find_server(run)
    name = name_database(run, run.worker)
    try:
        with administration(server) as connection:
            # The controller drops databases only if this folder exists.
            run.folder.mkdir(exist_ok=True)
            template = server.set(database=name_database(run, "template"))
            migrate_once(connection, template, run)
            create(connection, name, str(template.database), run)
    except DBAPIError as error:
        raise PostgresUnavailable(
            f"PostgreSQL ({describe()}) cannot be used: {str(error.orig).strip()}. Its user must be allowed to "
            "connect to the database postgres and to create databases."
        ) from error
    return server.set(database=name)


def find_server(run: Run) -> URL:
    """Return the server in TEST_DATABASE_URL, or else the embedded server."""
    given = given_url()
    if given is not None:
        return given.set(database="postgres")
    return make_url(embedded_address(run)).set(drivername="postgresql+psycopg")


def name_database(run: Run, part: str) -> str:
    """Return the name of a database of the run, within the 63 bytes that PostgreSQL allows."""
    url = given_url()
    service = (url.database or "").removesuffix("_test") if url else "service"
    return f"{service[:30]}_{run.name}_{part}_test"


@contextmanager
def administration(server: URL) -> Iterator[Connection]:
    """Yield a connection that can create and drop databases."""
    with create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        yield connection


def migrate_once(connection: Connection, template: URL, run: Run) -> None:
    """Create the database that the others are copied from, unless another process of the run has done so."""
    # Held until the connection closes: the other processes wait for the template.
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": int(run.name, 16)})
    if connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": template.database}):
        return
    drop_old_databases(connection)
    create(connection, str(template.database), "template1", run)
    try:
        migrate(template)
    except BaseException:
        drop(connection, str(template.database))
        raise


def migrate(url: URL) -> None:
    """Run every migration on the database at `url`; raise PostgresUnavailable if one fails."""
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(configure_alembic(url), "heads")
    except (CommandError, DBAPIError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise PostgresUnavailable(f"A migration has failed: {str(reason).strip()}") from error


def configure_alembic(url: URL) -> "Config":
    """Return the configuration for Alembic's commands on the database at `url`."""
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = url.render_as_string(hide_password=False)
    return config


def create(connection: Connection, name: str, template: str, run: Run) -> None:
    """Create a database of the run as a copy of another."""
    quoted = quote(connection, name)
    comment = COMMENT.format(host=platform.node(), port=run.port).replace("'", "''")
    connection.exec_driver_sql(f"CREATE DATABASE {quoted} TEMPLATE {quote(connection, template)}")
    connection.exec_driver_sql(f"COMMENT ON DATABASE {quoted} IS '{comment}'")


def drop(connection: Connection, name: str) -> None:
    """Drop a database, and close the connections to it."""
    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(connection, name)} WITH (FORCE)")


def quote(connection: Connection, name: str) -> str:
    """Return a name as SQL quotes it."""
    return connection.dialect.identifier_preparer.quote(name)


def drop_databases(run: Run) -> None:
    """Drop the databases of the run on the server in TEST_DATABASE_URL."""
    if given_url() is None or not run.folder.exists():
        return
    with administration(find_server(run)) as connection:
        select = text("SELECT datname FROM pg_database WHERE datname LIKE :pattern")
        for name in connection.scalars(select, {"pattern": f"%\\_{run.name}\\_%\\_test"}).all():
            drop(connection, name)
    shutil.rmtree(run.folder)


def drop_old_databases(connection: Connection) -> None:
    """Drop the databases of runs on this machine that were killed."""
    beginning = COMMENT.format(host=platform.node(), port="")
    select = text(
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE '%\\_test'"
    )
    for name, comment in connection.execute(select).all():
        port = str(comment).removeprefix(beginning)
        if port.isdigit() and not listens(int(port)):
            drop(connection, name)


def empty_tables(url: URL, metadata: MetaData) -> None:
    """Delete all rows of the tables in `metadata`; raise NotATestDatabase unless `url` is a test database."""
    check(url)
    engine = create_engine(url, poolclass=NullPool)
    # If another program uses the tables, try again: waiting for its lock could end in a deadlock.
    wait_for(lambda: truncate(engine, metadata), "no program to use the tables")


def truncate(engine: Engine, metadata: MetaData) -> bool:
    """Delete all rows of the tables; return whether all tables were free."""
    try:
        with engine.begin() as connection:
            tables = ", ".join(quote(connection, table) for table in metadata.tables)
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '100ms'; TRUNCATE {tables}")
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            return False
        raise
    return True
