"""A service and its migrations behind a real PgBouncer in transaction mode, with the settings of its runbook."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import psycopg
import pytest

from benchmarks.faults import Play, World, play_deadlocks, play_locked_table, play_lost_connections, running
from tests.support.services import Service

pytestmark = pytest.mark.skipif(
    shutil.which("pgbouncer") is None, reason="no PgBouncer: `pgbouncer` is not on the PATH"
)

# The index is created outside of a transaction.
REVISION = """
from alembic import op

revision = "core_0099"
down_revision = "{head}"
branch_labels = depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY by_name ON core_users (name)")
    op.execute("CREATE TABLE limits AS SELECT current_setting('lock_timeout') AS seconds")
"""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("async", marks=pytest.mark.xdist_group("pgbouncer-async")),
        pytest.param("defaults", marks=[pytest.mark.xdist_group("pgbouncer-defaults"), pytest.mark.long]),
    ],
)
def service(
    request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory
) -> Service:
    """A copy of the default service in each form."""
    return written(request.param).copy(tmp_path_factory.mktemp("pgbouncer") / "service")


@pytest.fixture(scope="module")
def world(service: Service) -> Iterator[World]:
    """The running service."""
    with running(service, scale=1, pgbouncer=True) as world:
        yield world


@pytest.fixture(autouse=True)
def _play(world: World) -> None:
    world.play, world.allowed = Play(), frozenset()


def test_requests_get_no_server_error(world: World) -> None:
    reads = [partial(world.send, "GET", f"/patients?limit={number % 7 + 1}") for number in range(300)]
    writes = [partial(world.send, "POST", "/patients", world.patient()) for _ in range(100)]

    statuses = {response.status for response in world.send_all([*reads, *writes])}

    assert statuses == {200, 201}


@pytest.mark.parametrize("play", [play_deadlocks, play_locked_table, play_lost_connections])
def test_races_and_outages_do_no_harm(world: World, play: Callable[[World], None]) -> None:
    play(world)

    assert world.play.holds, world.play


def test_a_migration_changes_no_connection(world: World, service: Service) -> None:
    versions = service.folder / "migrations/versions"
    head = max(path.stem for path in versions.glob("core_*.py"))
    (versions / "core_0099.py").write_text(REVISION.format(head=head), encoding="utf-8")

    service.run("alembic", "upgrade", "heads", variables=world.settings)

    # In its transactions, a migration waits for ten seconds, also after one that has committed.
    assert world.query("SELECT seconds FROM limits") == "10s"
    url = world.settings["DATABASE_URL"].replace("+psycopg", "")
    with ExitStack() as stack:
        # Each of these transactions has another connection of PostgreSQL.
        connections = [stack.enter_context(psycopg.connect(url)) for _ in range(10)]
        assert {connection.execute("SHOW lock_timeout").fetchone() for connection in connections} == {("0",)}
