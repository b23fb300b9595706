"""Tests of docker-compose.yml: all containers start in order and work together."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import yaml

from tests.support.engine import Stack, needs_engine, run
from tests.support.services import Service, lock

pytestmark = needs_engine()

# A password with characters that need encoding in a URL.
PASSWORD = "p@ss:w/rd?#%"
PASSWORDS = {"POSTGRES_PASSWORD": PASSWORD, "SERVICE_PASSWORD": f"{PASSWORD}'s"}
REQUIRED = {**PASSWORDS, "JWT_SECRET": "a key for the tests of the compose file"}
SETTINGS = {
    **REQUIRED,
    # Free ports.
    "PORT": "0",
    "PROMETHEUS_PORT": "0",
    "SMTP_HOST": "localhost",
    "EMAIL_SENDER": "us@example.com",
    "REMINDER_INTERVAL_SECONDS": "1",
}
# The official image always uses UTF-8; other images may need this setting.
UTF_8 = {"services": {"postgres": {"environment": {"LANG": "C.UTF-8"}}}}
OURS = ("migrate", "app", "worker")
# Runs a statement with the settings of a container, and prints the error or nothing.
EXECUTE = """
import os, sys, psycopg
with psycopg.connect(os.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
    try:
        connection.execute(sys.argv[1])
    except psycopg.Error as error:
        print(type(error).__name__)
"""


@contextmanager
def stack_of(service: Service, folder: Path, settings: Mapping[str, str]) -> Iterator[Stack]:
    """Yield the stack of a copy of a service within a `with` block, and remove everything afterwards."""
    shutil.copytree(service.folder, folder, ignore=shutil.ignore_patterns(".*_cache", "__pycache__", ".coverage*"))
    (folder / "utf8.yml").write_text(yaml.safe_dump(UTF_8), encoding="utf-8")
    lock(folder)
    name = f"compose{uuid4().hex[:8]}"
    stack = Stack(folder, name, {"IMAGE": name, **settings}, ("docker-compose.yml", "utf8.yml"))
    try:
        yield stack
    finally:
        stack.compose("--profile", "test", "--profile", "monitoring", "down", "--volumes", "--rmi", "local")
        run("docker", "image", "rm", "--force", name, check=False)


@pytest.fixture(scope="module")
def stack(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The running stack of the default service."""
    with stack_of(written("defaults"), tmp_path_factory.mktemp("compose") / "service", SETTINGS) as stack:
        stack.compose("up", "--build", "--detach")
        yield stack


def state(stack: Stack, service: str) -> dict[str, Any]:
    """Return the state of a container."""
    found: dict[str, Any] = stack.container(service)["State"]
    return found


def until(happens: Callable[[], bool], stack: Stack, patience: float = 90) -> None:
    """Wait until `happens` is true; fail with the logs of all containers after a timeout."""
    deadline = time.monotonic() + patience
    while not happens():
        assert time.monotonic() < deadline, stack.compose("ps") + stack.compose("logs", "--tail", "20")
        time.sleep(0.5)


def request(stack: Stack, method: str, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send a request to the running service and return the response."""
    address = stack.compose("port", "app", "8000")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"http://{address}{path}", data, headers, method=method), timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


def query(stack: Stack, statement: str) -> str:
    """Query the database of the service."""
    client = ("psql", "--host", "127.0.0.1", "--username", "app", "--tuples-only", "--no-align")
    password = ("exec", "-T", "-e", f"PGPASSWORD={PASSWORD}", "postgres")
    return stack.compose(*password, *client, "--command", statement)


def execute(stack: Stack, service: str, statement: str) -> str:
    """Run a statement in the database as the service does, and return the name of the error or nothing."""
    return stack.compose("exec", "-T", service, "python", "-c", EXECUTE, statement)


@pytest.mark.parametrize("service", ["app", "worker", "postgres", "redis"])
def test_every_container_becomes_healthy(stack: Stack, service: str) -> None:
    until(lambda: state(stack, service)["Health"]["Status"] == "healthy", stack)


def test_migrations_finish_before_other_containers_start(stack: Stack) -> None:
    migrated = state(stack, "migrate")

    migrated_at = datetime.fromisoformat(migrated["FinishedAt"])
    assert (migrated["Status"], migrated["ExitCode"]) == ("exited", 0)
    assert all(
        migrated_at < datetime.fromisoformat(state(stack, service)["StartedAt"]) for service in ("app", "worker")
    )


def test_a_request_writes_to_postgresql(stack: Stack) -> None:
    until(lambda: state(stack, "app")["Health"]["Status"] == "healthy", stack)
    arguments = ("--organisation", "Acme", "--email", "ada@example.com")
    token = stack.compose("exec", "-T", "app", "python", "-m", "clinic_service.create_token", *arguments)
    patient = {"given_name": "Grace", "family_name": "Hopper", "birth_date": "1906-12-09"}

    answer = request(stack, "POST", "/patients", token, patient)

    assert query(stack, f"SELECT family_name FROM patients WHERE id = '{answer['id']}'") == "Hopper"


@pytest.mark.parametrize("service", ["app", "worker"])
def test_the_service_can_change_rows_but_no_tables(stack: Stack, service: str) -> None:
    refused = (
        "CREATE TABLE notes ()",
        "ALTER TABLE patients ADD COLUMN note text",
        "TRUNCATE patients CASCADE",
        "DROP TABLE patients CASCADE",
        "COPY patients TO PROGRAM 'true'",
        "CREATE ROLE other",
    )

    assert {execute(stack, service, statement) for statement in refused} == {"InsufficientPrivilege"}
    assert execute(stack, service, "DELETE FROM patients WHERE false") == ""


def test_a_database_without_the_role_gets_it(stack: Stack) -> None:
    # As after an update from a version with a single role.
    query(stack, "DROP OWNED BY service")
    query(stack, "DROP ROLE service")

    stack.compose("up", "--no-build", "--detach")

    assert execute(stack, "app", "DELETE FROM patients WHERE false") == ""


def test_a_task_passes_through_redis_to_the_worker(stack: Stack) -> None:
    done = r"Task appointments.send_reminders["
    until(
        lambda: any(done in line and "succeeded" in line for line in stack.compose("logs", "worker").splitlines()),
        stack,
    )

    keys = stack.compose("exec", "-T", "redis", "redis-cli", "keys", "*").splitlines()

    assert "clinic_service:_kombu.binding.celery" in keys


@pytest.mark.parametrize("service", OURS)
def test_our_containers_have_minimal_rights(stack: Stack, service: str) -> None:
    host, user = stack.container(service)["HostConfig"], stack.container(service)["Config"]["User"]

    assert (host["ReadonlyRootfs"], host["CapDrop"], user) == (True, ["ALL"], "10001:10001")
    assert host["SecurityOpt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", OURS)
def test_our_containers_have_limits(stack: Stack, service: str) -> None:
    host = stack.container(service)["HostConfig"]

    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (2**30, 2 * 10**9, 256)


def test_containers_get_only_their_own_secrets(stack: Stack) -> None:
    variables = {service: " ".join(stack.container(service)["Config"]["Env"]) for service in OURS}

    assert [service for service, names in variables.items() if "JWT_SECRET=" in names] == ["app"]
    assert [service for service, names in variables.items() if "SMTP_HOST=" in names] == ["worker"]


def test_ports_are_only_open_on_this_machine(stack: Stack) -> None:
    bindings = [
        binding["HostIp"]
        for service in ("app", "worker", "postgres", "redis")
        for port in stack.container(service)["NetworkSettings"]["Ports"].values()
        for binding in port or []
    ]

    assert bindings == ["127.0.0.1"]


def test_rolling_back_to_an_older_image(stack: Stack) -> None:
    query(stack, "INSERT INTO alembic_version VALUES ('patients_0099')")
    try:
        # The procedure in docs/runbooks/roll-back.md, and the command that it warns about.
        stack.compose("up", "--no-build", "--no-deps", "--force-recreate", "--detach", "app", "worker")
        until(lambda: state(stack, "app")["Health"]["Status"] == "healthy", stack)
        assert stack.start("run", "--rm", "migrate").returncode != 0
    finally:
        query(stack, "DELETE FROM alembic_version WHERE version_num = 'patients_0099'")


def test_the_worker_stops_on_a_signal(stack: Stack) -> None:
    stack.compose("stop", "worker")

    assert state(stack, "worker")["ExitCode"] == 0


def test_prometheus_scrapes_the_service(stack: Stack) -> None:
    prometheus = yaml.safe_load((stack.folder / "docker-compose.yml").read_text(encoding="utf-8"))["services"][
        "prometheus"
    ]
    there = run("docker", "image", "inspect", prometheus["image"], check=False).returncode == 0
    if not there and run("docker", "pull", prometheus["image"], check=False).returncode:
        pytest.skip(f"{prometheus['image']} cannot be pulled")
    stack.compose("--profile", "monitoring", "up", "--detach", "prometheus")

    def is_seen() -> bool:
        address = stack.compose("--profile", "monitoring", "port", "prometheus", "9090")
        try:
            with urlopen(f"http://{address}/api/v1/query?query=up", timeout=5) as response:
                return [sample["value"][1] for sample in json.load(response)["data"]["result"]] == ["1"]
        except OSError:
            return False

    until(is_seen, stack)


@pytest.mark.parametrize("missing", PASSWORDS)
def test_a_missing_password_is_named(written: Callable[[str], Service], missing: str) -> None:
    others = {name: value for name, value in REQUIRED.items() if name != missing}
    said = Stack(written("defaults").folder, "none", others).start("config").stderr

    assert f"{missing} is not set; docs/docker.md shows how to add it to .env" in said


def test_the_tests_need_no_key_for_tokens(written: Callable[[str], Service]) -> None:
    run = Stack(written("defaults").folder, "none", PASSWORDS).start("--profile", "test", "config")

    assert "JWT_SECRET" not in run.stderr
    assert yaml.safe_load(run.stdout)["services"]["app"]["environment"]["JWT_SECRET"] is None


# The whole suite builds nothing more, but takes minutes.
@pytest.mark.parametrize(
    "command", [["pytest", "--no-cov", "tests/integration"], pytest.param([], marks=pytest.mark.long)]
)
def test_the_suite_passes_in_the_image(written: Callable[[str], Service], tmp_path: Path, command: list[str]) -> None:
    with stack_of(written("patients"), tmp_path / "service", REQUIRED) as stack:
        output = stack.compose("--profile", "test", "run", "--rm", "test", *command)

    assert "postgresql: app_test on postgres, from TEST_DATABASE_URL" in output
    assert " passed in " in output
