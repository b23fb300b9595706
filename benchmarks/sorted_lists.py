"""Compare the statement of a list with filter, order and page with the same one by hand, in a million rows on PostgreSQL.

The list of an own module has the indexes that the template writes. The statement by hand has an index of exactly its filter
and its order.
"""

from benchmarks.ratios import print_ratio
from tests.support.services import Service

GOAL = 1.3
ROWS = 1_000_000
MODULES = {
    "loans": {
        "fields": {"title": "str", "kind": ["short", "long"], "copies": "int(0..)", "due": "date"},
        "sort": ["due"],
    }
}
ANSWERS = {"domain": "blank", "project_name": "Library", "own_modules": MODULES}


def compare_sorted_lists(service: Service) -> None:
    """Print the milliseconds of each statement, and how many times longer that of the service takes."""
    for line in service.run("python", "-c", PROGRAM.replace("ROWS", str(ROWS))).splitlines():
        name, generated, by_hand = line.split()
        print(f"{name} of loans in {ROWS:,} rows: {float(generated):.2f} ms, by hand {float(by_hand):.2f} ms")
        print_ratio(float(generated) / float(by_hand), GOAL)


# Prints one line for each page, with the median milliseconds of the statement of the service and of the one by hand.
PROGRAM = r"""
import os
from statistics import median
from time import perf_counter
from uuid import UUID

from alembic import command
from sqlalchemy import create_engine, event, make_url, text

from library.core.database import open_sessions
from library.core.events import EventBus
from library.core.tenancy import organisation_scope
from library.modules.loans.schemas import LoanQuery
from library.modules.loans.service import LoanService
from tests.suite.embedded_postgres import embedded_address
from tests.suite.postgres import configure_alembic
from tests.suite.run import begin

ORGANISATION = UUID(int=1)
ROUNDS = 51
OWNER = "INSERT INTO core_organisations (id, name) VALUES (:organisation, 'Library')"
LOANS = '''
INSERT INTO loans (id, organisation_id, created_at, updated_at, title, kind, copies, due)
SELECT gen_random_uuid(), :organisation, now() + n * interval '1 second', now(), 'Loan ' || n,
       (ARRAY['short', 'long'])[1 + n % 2], n % 100, date '2030-01-01' + (hashint4(n) & 4095)
FROM generate_series(1, ROWS) n
'''
INDEX = "CREATE INDEX by_hand ON loans (organisation_id, kind, due, created_at, id)"
COLUMNS = "id, organisation_id, created_at, updated_at, title, kind, copies, due"
BY_HAND = f'''
SELECT {COLUMNS} FROM loans
WHERE organisation_id = %(organisation)s AND kind = 'short' AND due >= '2033-01-01' AND copies >= 10 {{}}
ORDER BY due, created_at, id LIMIT 51
'''
AFTER = "AND (due, created_at, id) > (%(due)s, %(created_at)s, %(id)s)"
FILTERS = {"kind": ["short"], "due_from": "2033-01-01", "copies_from": 10, "sort": "due"}


def milliseconds(connection, statement, parameters):
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        rows = connection.exec_driver_sql(statement, parameters).all()
        times.append(1000 * (perf_counter() - started))
        assert len(rows) == 51, len(rows)
    return median(times)


with begin() as run:
    server = make_url(os.environ.get("TEST_DATABASE_URL") or embedded_address(run)).set(drivername="postgresql+psycopg")
    url = server.set(database="sorted_lists")
    with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS sorted_lists"))
        connection.execute(text("CREATE DATABASE sorted_lists"))
    command.upgrade(configure_alembic(url), "heads")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(OWNER), {"organisation": ORGANISATION})
        connection.execute(text(LOANS), {"organisation": ORGANISATION})
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2:4]))
    with open_sessions(engine)() as session, organisation_scope(ORGANISATION):
        service = LoanService(session, EventBus(session))
        first = service.list(LoanQuery(**FILTERS))
        last = first.items[-1]
        lists = {"first_page": statements[-1]}
        service.list(LoanQuery(**FILTERS, cursor=first.next))
        lists["next_page"] = statements[-1]
        place = {"organisation": ORGANISATION, "due": last.due, "created_at": last.created_at, "id": last.id}
    by_hand = {"first_page": BY_HAND.format(""), "next_page": BY_HAND.format(AFTER)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        generated = {name: milliseconds(connection, *statement) for name, statement in lists.items()}
        connection.execute(text(INDEX))
        connection.execute(text("VACUUM ANALYZE"))
        for name, statement in by_hand.items():
            print(name, generated[name], milliseconds(connection, statement, place))
    engine.dispose()
"""
