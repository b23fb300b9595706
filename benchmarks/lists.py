"""Compare lists of tickets in a table of a million rows with those in a table of a thousand, on PostgreSQL.

A search needs a server with the extension pg_trgm, which the embedded one lacks: name one in `TEST_DATABASE_URL`.
"""

from benchmarks.ratios import print_ratio
from tests.support.services import Service

GOAL = 3.0
SMALL, LARGE = 1_000, 1_000_000


def compare_lists(service: Service) -> None:
    """Print the milliseconds of each list, and how many times longer the large table takes."""
    program = PROGRAM.format(package=service.package, small=SMALL, large=LARGE)
    for line in service.run("python", "-c", program).splitlines():
        name, small, large = line.split()
        print(f"{name} of tickets: {float(small):.1f} ms in {SMALL:,} rows, {float(large):.1f} ms in {LARGE:,}")
        print_ratio(float(large) / float(small), GOAL)


# Prints one line for each list, with the median milliseconds in the small and in the large table.
PROGRAM = """
import os
from statistics import median
from time import perf_counter
from uuid import UUID

from alembic import command
from sqlalchemy import create_engine, make_url, text

from {package}.core.database import open_sessions
from {package}.core.events import EventBus
from {package}.core.tenancy import organisation_scope
from {package}.modules.tickets.schemas import TicketQuery
from {package}.modules.tickets.service import TicketService
from tests.suite.embedded_postgres import embedded_address
from tests.suite.postgres import configure_alembic
from tests.suite.run import begin

ORGANISATION, USER = UUID(int=1), UUID(int=2)
ROUNDS = 15
OWNER = '''
INSERT INTO core_organisations (id, name) VALUES (:organisation, 'Clinic');
INSERT INTO core_accounts (id, email, subject, created_at, updated_at) VALUES (:user, 'ada@example.com', 'ada', now(), now());
INSERT INTO core_users (id, organisation_id, account_id, created_at, updated_at, name, role, active)
VALUES (:user, :organisation, :user, now(), now(), 'Ada', 'member', true);
'''
TICKETS = '''
INSERT INTO tickets (id, organisation_id, created_at, updated_at, title, description, priority, state, requester_id, version)
SELECT gen_random_uuid(), :organisation, now() + n * interval '1 second', now(), 'Ticket ' || md5(n::text), 'Printer ' || md5((-n)::text),
       n % 4, (ARRAY['open', 'in_progress', 'waiting', 'resolved', 'closed'])[1 + n % 5], :user, 1
FROM generate_series(1, :rows) n
'''


def milliseconds(service, query):
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        service.list(query)
        times.append(1000 * (perf_counter() - started))
        service.session.expunge_all()
    return median(times)


def measure(server, rows):
    url = server.set(database=f"lists_{{rows}}")
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {{url.database}}"))
        connection.execute(text(f"CREATE DATABASE {{url.database}}"))
    command.upgrade(configure_alembic(url), "heads")
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in OWNER.strip().split(";")[:-1]:
            connection.execute(text(statement), {{"organisation": ORGANISATION, "user": USER}})
        connection.execute(text(TICKETS), {{"organisation": ORGANISATION, "user": USER, "rows": rows}})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        trigrams = connection.scalar(text("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')"))
    queries = {{"page": TicketQuery(), "filtered_page": TicketQuery(state="waiting", priority="high")}}
    if trigrams:
        queries |= {{"rare_search": TicketQuery(search="1c3f9a"), "common_search": TicketQuery(search="printer")}}
    with open_sessions(engine)() as session, organisation_scope(ORGANISATION):
        service = TicketService(session, EventBus(session))
        found = {{name: milliseconds(service, query) for name, query in queries.items()}}
    engine.dispose()
    return found


with begin() as run:
    server = make_url(os.environ.get("TEST_DATABASE_URL") or embedded_address(run)).set(drivername="postgresql+psycopg")
    small, large = measure(server, {small}), measure(server, {large})
    for name in small:
        print(name, small[name], large[name])
"""
