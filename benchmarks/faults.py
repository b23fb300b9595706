"""Play races, overload and outages against a service: two server processes on PostgreSQL, on this machine only.

If there is a PgBouncer, a third run connects through it.

Prints one line for each play: writes that were acknowledged and lost, things that happened twice, unexpected server errors (all
must be 0), and the longest wait for a response in seconds. The number of requests is fixed, and each request has a timeout.
"""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException
from itertools import count, cycle
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests.support.services import Service, copy_template, write_service

CLIENTS = 50
"""How many requests run at a time."""
TIMEOUT = 30.0
"""Seconds that a response may take."""
MARKER = "Zyxomarker"
"""A part of each name: personal data that no log may contain."""
SMTP_TIMEOUT = 2
"""Seconds that the worker waits for a reply of the mail server."""
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OURS = "faults"
"""The name of our own connections to the database."""
UNAVAILABLE = 503
"""The status that outages may cause, with Retry-After."""


@dataclass(frozen=True)
class Response:
    """A response, or status 0 if the server closed the connection without one."""

    status: int
    body: Any


@dataclass
class Play:
    """What happened in a play."""

    lost: int = 0
    double: int = 0
    errors: int = 0
    longest: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, happened twice or failed."""
        return not (self.lost or self.double or self.errors)


@dataclass
class World:
    """The running service, and the requests that a play sends to it."""

    urls: Sequence[str]
    token: str
    database: str
    settings: Mapping[str, str]
    """The environment variables of the servers."""
    logs: Sequence[Path]
    tell: Callable[[str], int]
    """Tells the mail server to `confirm` e-mails or to `wait`; returns the largest number of e-mails to one person."""
    scale: int
    """The number of rounds or records of a play."""
    play: Play = field(default_factory=Play)
    allowed: frozenset[int] = frozenset()
    """The server errors that the play expects."""
    lock: Lock = field(default_factory=Lock)
    numbers: Iterator[int] = field(default_factory=partial(count, 1))

    def __post_init__(self) -> None:
        """Send the requests to all servers in turn."""
        self.next_url = cycle(self.urls)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Send a request to one of the servers and note how long it took and whether it failed."""
        with self.lock:
            address = urlsplit(next(self.next_url)).netloc
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        started = time.perf_counter()
        connection = HTTPConnection(address, timeout=TIMEOUT)
        try:
            connection.request(
                method,
                path,
                content,
                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **names},
            )
            answer = connection.getresponse()
            text = answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            response = Response(answer.status, json.loads(text) if text and is_json else text)
        except (HTTPException, OSError):
            response = Response(0, None)
        finally:
            connection.close()
        with self.lock:
            self.play.longest = max(self.play.longest, time.perf_counter() - started)
            is_error = response.status == 0 or response.status >= 500
            self.play.errors += is_error and response.status not in self.allowed
        return response

    def send_all(self, requests: Sequence[Callable[[], Response]]) -> list[Response]:
        """Send requests at the same time, as many as there are clients."""
        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(lambda request: request(), requests))

    def create(self, path: str, body: Mapping[str, Any]) -> str:
        """Create a record and return its id; it must succeed."""
        response = self.send("POST", path, body)
        assert response.status == 201, response
        return str(response.body["id"])

    def patient(self, **values: str) -> dict[str, str]:
        """Return the body of a new patient, each time of another person."""
        number = next(self.numbers)
        birth_date = f"19{number % 90 + 10}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        name = {"given_name": f"{MARKER} {number}", "family_name": f"Family {number}"}
        return {**name, "birth_date": birth_date, **values}

    def query(self, statement: str, *values: object) -> Any:
        """Return the first value that a statement returns."""
        with psycopg.connect(self.database, autocommit=True, application_name=OURS) as connection:
            row = connection.execute(statement.encode(), values).fetchone()
        return row[0] if row else None


def play_references(world: World) -> None:
    """Start journeys for patients, and change them, while they are merged."""
    definition_id = world.create("/journey-definitions", {"name": f"Definition {uuid4()}", "stages": ["Only"]})
    for _ in range(world.scale):
        survivor_id, duplicate_id = (world.create("/patients", world.patient()) for _ in range(2))
        journey = {"patient_id": duplicate_id, "definition_id": definition_id}
        address = {"address": f"{MARKER} Street {uuid4()}"}
        change = partial(world.send, "PATCH", f"/patients/{duplicate_id}", address)
        merge = partial(world.send, "POST", f"/patients/{survivor_id}/merge", {"duplicate_id": duplicate_id})
        start = partial(world.send, "POST", "/journeys", journey)
        changed, *_ = world.send_all([change, start, merge, start, start])
        stored = world.query("SELECT address FROM patients WHERE id = %s", survivor_id)
        world.play.lost += changed.status == 200 and stored != address["address"]
    merged = "SELECT count(*) FROM journeys JOIN patients p ON p.id = patient_id WHERE p.merged_into_id IS NOT NULL"
    world.play.lost += world.query(merged)


def play_deadlocks(world: World) -> None:
    """Merge patients crosswise, and change definitions while they are deleted."""
    for _ in range(world.scale):
        ids = [world.create("/patients", world.patient()) for _ in range(4)]
        definitions = [
            world.create("/journey-definitions", {"name": f"Definition {uuid4()}", "stages": ["Only"]})
            for _ in range(4)
        ]
        merges = [
            partial(world.send, "POST", f"/patients/{one}/merge", {"duplicate_id": other})
            for one in ids
            for other in ids
            if one != other
        ]
        changes = [
            request
            for path in (f"/journey-definitions/{definition_id}" for definition_id in definitions)
            for request in (
                partial(world.send, "PATCH", path, {"stages": ["Another"]}),
                partial(world.send, "DELETE", path),
                partial(world.send, "PATCH", path, {"name": f"Definition {uuid4()}"}),
            )
        ]
        world.send_all([*merges, *changes])
        survivors = "SELECT count(*) FROM patients WHERE id = ANY(%s::uuid[]) AND merged_into_id IS NULL"
        # Each merge but the last has a survivor and a duplicate, so one patient is left.
        world.play.lost += abs(world.query(survivors, ids) - 1)


def play_repetitions(world: World) -> None:
    """Send the same request many times: without a key to register a patient, with a key to create a ticket."""
    for _ in range(world.scale):
        patient = world.patient(phone=f"+49 30 {next(world.numbers):06}")
        title = f"Ticket {uuid4()}"
        ticket = {"title": title, "description": "It does not work."}
        send_ticket = partial(world.send, "POST", "/tickets", ticket, Idempotency_Key=str(uuid4()))
        world.send_all([partial(world.send, "POST", "/patients", patient)] * CLIENTS)
        world.send_all([send_ticket] * CLIENTS)
        counts = (
            world.query("SELECT count(*) FROM patients WHERE phone = %s", patient["phone"]),
            world.query("SELECT count(*) FROM tickets WHERE title = %s", title),
        )
        world.play.lost += counts.count(0)
        world.play.double += sum(max(stored - 1, 0) for stored in counts)


def play_assignments(world: World) -> None:
    """Assign tickets automatically: all users get the same number."""
    users = 10
    world.query("UPDATE core_users SET active = false WHERE id NOT IN (SELECT requester_id FROM tickets) RETURNING 1")
    world.query(
        "WITH accounts AS (INSERT INTO core_accounts (id, email, subject, created_at, updated_at) "
        "SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user' || n, now(), now() "
        "FROM generate_series(1, %s) n RETURNING id, email) "
        "INSERT INTO core_users (id, organisation_id, account_id, name, role, active, created_at, updated_at) "
        "SELECT gen_random_uuid(), organisation_id, accounts.id, accounts.email, 'member', true, now(), now() "
        "FROM core_users, accounts RETURNING 1",
        users - 1,
    )
    world.query("UPDATE tickets SET state = 'closed' RETURNING 1")
    tickets = [
        world.create("/tickets", {"title": f"Ticket {uuid4()}", "description": "It does not work."})
        for _ in range(users * world.scale)
    ]
    assign = [
        partial(world.send, "POST", f"/tickets/{ticket_id}/assign-automatically", {"version": 1})
        for ticket_id in tickets
    ]
    assigned = [response.body["assignee_id"] for response in world.send_all(assign) if response.status == 200]
    loads = Counter(assigned)
    world.play.lost += len(tickets) - len(assigned)
    world.play.double += sum(max(load - world.scale, 0) for load in loads.values())


def play_large_bodies(world: World) -> None:
    """Send large bodies without a token while others work: they are refused, and the others do not wait for them."""
    body = b"[" + b"{}," * 5_000_000 + b"{}]"
    refused = [partial(world.send, "POST", "/patients", body, Authorization="")] * 4
    reads = [partial(world.send, "GET", "/patients?limit=1")] * (10 * world.scale)
    # The server may close the connection before it has read everything.
    world.allowed = frozenset({0})
    responses = world.send_all([*refused, *reads])
    world.play.errors += sum(response.status not in (0, 413) for response in responses[: len(refused)])
    world.play.errors += sum(response.status != 200 for response in responses[len(refused) :])


def play_locked_table(world: World) -> None:
    """Lock one table: requests that need no row of it succeed."""
    world.allowed = frozenset({UNAVAILABLE})
    with psycopg.connect(world.database) as connection:
        connection.execute("LOCK TABLE tickets")
        stuck = [partial(world.send, "GET", "/tickets")] * 10
        others = [partial(world.send, "GET", "/patients?limit=1")] * (10 * world.scale)
        waiting, served = world.send_all(stuck), world.send_all(others)
    world.play.errors += sum(response.status != UNAVAILABLE for response in waiting)
    world.play.errors += sum(response.status != 200 for response in served)


def play_lost_connections(world: World) -> None:
    """End all connections to the database while records are created: what was acknowledged is stored."""
    world.allowed = frozenset({UNAVAILABLE})

    def outage() -> Response:
        world.query(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name <> %s",
            OURS,
        )
        return Response(200, None)

    bodies = [world.patient() for _ in range(20 * world.scale)]
    requests: list[Callable[[], Response]] = [partial(world.send, "POST", "/patients", body) for body in bodies]
    for position in range(0, len(requests), 20):
        requests.insert(position + 10, outage)
    responses = [response for response in world.send_all(requests) if response.body is not None]
    created = [response.body["id"] for response in responses if response.status == 201]
    stored = world.query("SELECT count(*) FROM patients WHERE id = ANY(%s::uuid[])", created)
    world.play.lost += len(created) - stored
    world.allowed = frozenset()
    world.send_all([partial(world.send, "GET", "/patients?limit=1")] * 10)


def play_reminders(world: World) -> None:
    """Change an appointment while the mail server does not confirm its reminder: nobody waits, and it is not repeated."""
    practitioner = {"name": f"{MARKER} {uuid4()}", "time_zone": "UTC", "slot_minutes": 15}
    practitioner_id = world.create("/practitioners", practitioner)
    week = [{"weekday": day, "starts_at": "00:00", "ends_at": "23:30"} for day in WEEK]
    world.send("PUT", f"/practitioners/{practitioner_id}/working-hours", {"working_hours": week})
    soon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
    patients = [world.create("/patients", world.patient(email=f"patient{n}@example.com")) for n in range(10)]
    starts = [soon + timedelta(hours=hours) for hours in range(len(patients))]
    bookings = [
        {"practitioner_id": practitioner_id, "patient_id": patient_id, "starts_at": start.isoformat()}
        for patient_id, start in zip(patients, starts, strict=True)
    ]
    first_id = world.create("/appointments", bookings[0])
    deadline = time.monotonic() + TIMEOUT
    while world.tell("wait") == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    later = (soon + timedelta(minutes=15)).isoformat()
    world.play.longest, world.play.lost = 0, int(world.tell("wait") == 0)
    responses = world.send_all(
        [
            partial(world.send, "POST", f"/appointments/{first_id}/reschedule", {"starts_at": later}),
            *(partial(world.send, "POST", "/appointments", booking) for booking in bookings[1:]),
        ]
    )
    world.play.lost += sum(response.status not in (200, 201) for response in responses)
    # Long enough for two attempts of the worker. A reminder may be sent once more, because the appointment was moved.
    time.sleep(2 * SMTP_TIMEOUT + 1)
    world.play.double += max(world.tell("confirm") - 2, 0)


def play_logs(world: World) -> None:
    """Search for names, and look for them in the logs of the servers."""
    world.send_all([partial(world.send, "GET", f"/patients?search={MARKER}")] * 10)
    world.play.lost += sum(log.read_text(encoding="utf-8").count(MARKER) for log in world.logs)


PLAYS: Mapping[str, Callable[[World], None]] = {
    "7 references to what is merged": play_references,
    "8 deadlocks and deletions": play_deadlocks,
    "9 repeated requests": play_repetitions,
    "10 automatic assignments": play_assignments,
    "11 large bodies without a token": play_large_bodies,
    "12 a locked table": play_locked_table,
    "13, 14 a silent mail server": play_reminders,
    "15 names in logs": play_logs,
    "16 lost connections": play_lost_connections,
}


# Starts PostgreSQL, two servers, a worker and a mail server, prints where they are, and stops them when its input ends.
# For each line of input, it prints the largest number of e-mails to one person. The mail server confirms e-mails only after
# the line "confirm". With a second argument, the settings of PgBouncer, the programs connect through it.
SERVE = r"""
import json
import os
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from tests.suite.postgres import drop_databases, make_database
from tests.suite.programs import free_port, running
from tests.suite.redis import prefix, redis_server
from tests.suite.run import begin
from tests.support.gateways.email_server import SmtpServer
from tests.support.programs import OPTIONS, WORKER
from tests.support.server import create_token, serving, settings_on


@contextmanager
def connected(database, run, pgbouncer):
    if not pgbouncer:
        yield settings_on(database)
        return
    port, socket = free_port(), Path(database.query["host"])
    file = run.folder / "pgbouncer.ini"
    server = f"[databases]\n* = host={socket} user={database.username}\n"
    file.write_text(f"{pgbouncer}\nauth_type = any\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n{server}")
    # It refuses to run as root.
    user = ["--user", socket.owner()] if os.getuid() == 0 else []
    with running(["pgbouncer", *user, str(file)], run.folder / "pgbouncer.log", os.environ) as program:
        program.wait_for_port(port)
        url = database.set(host="127.0.0.1", port=port, query={})
        yield {**settings_on(url), "DATABASE_PGBOUNCER": "true"}


with begin() as run:
    try:
        database = make_database(run)
        logs = [run.folder / f"{name}.log" for name in ("server1", "server2", "worker")]
        with (
            connected(database, run, *sys.argv[2:]) as environment,
            SmtpServer() as mail,
            redis_server(run, run.folder / "redis.log") as redis_url,
            serving(logs[0], environment) as first,
            serving(logs[1], environment) as second,
            running([*WORKER, *OPTIONS], logs[2], {
                **environment, **mail.environment, "REDIS_URL": redis_url, "REDIS_PREFIX": prefix(run),
                "REMINDER_INTERVAL_SECONDS": "0.5", "SMTP_TIMEOUT_SECONDS": sys.argv[1],
            }) as worker,
        ):
            worker.wait_for(r"celery@\S+ ready")
            world = {
                "urls": [first, second],
                "token": create_token(environment, run.folder),
                "database": database.set(drivername="postgresql").render_as_string(hide_password=False),
                "settings": environment,
                "logs": [str(log) for log in logs],
            }
            print(json.dumps(world), flush=True)
            for line in sys.stdin:
                mail.confirms = line.strip() == "confirm"
                received = Counter(message.recipients[0] for message in mail.messages)
                print(max(received.values(), default=0), flush=True)
    finally:
        drop_databases(run)
"""


@contextmanager
def running(service: Service, scale: int, pgbouncer: bool = False) -> Iterator[World]:
    """Run a service on two processes within a `with` block, connected through PgBouncer if `pgbouncer`."""
    recommended = pgbouncer_of(service) if pgbouncer else ""
    with service.talk_to("python", "-c", SERVE, str(SMTP_TIMEOUT), recommended) as (commands, answers):

        def tell(command: str) -> int:
            print(command, file=commands, flush=True)
            return int(answers.readline())

        found = json.loads(answers.readline())
        found["logs"] = [Path(log) for log in found["logs"]]
        yield World(**found, tell=tell, scale=scale)


def pgbouncer_of(service: Service) -> str:
    """Return the settings of PgBouncer that the service recommends."""
    runbook = (service.folder / "docs/runbooks/deploy.md").read_text(encoding="utf-8")
    return runbook.partition("```ini\n")[2].partition("```")[0]


def play_all(service: Service, scale: int, pgbouncer: bool = False) -> dict[str, Play]:
    """Play everything against a service, print a line for each play, and return what happened."""
    plays = {}
    with running(service, scale, pgbouncer) as world:
        for name, play in PLAYS.items():
            world.play, world.allowed = Play(), frozenset()
            play(world)
            happened = plays[name] = world.play
            print(
                f"{name:32} lost {happened.lost}, double {happened.double}, unexpected 5xx {happened.errors}, "
                f"longest wait {happened.longest:.2f} s",
                flush=True,
            )
    return plays


def main() -> None:
    """Play everything against the default service in both forms."""
    with tempfile.TemporaryDirectory(prefix="phasework-faults-") as folder:
        template = copy_template(Path(folder) / "template")
        forms = ("sync", "async")
        services = {form: write_service(template, Path(folder) / form, {"database_access": form}) for form in forms}
        failed = False
        for pgbouncer in (False, True) if shutil.which("pgbouncer") else (False,):
            for form, service in services.items():
                print(f"{form}{', with PgBouncer' if pgbouncer else ''}:")
                failed |= not all(play.holds for play in play_all(service, 5, pgbouncer).values())
    sys.exit(failed)


if __name__ == "__main__":
    main()
