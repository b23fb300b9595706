"""A gateway is one folder, and a service has only the gateways that its modules need."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.drawn import one_of
from tests.support.services import ROOT, Service, copy_template, write_service

GATEWAYS = sorted(path.parent for path in (ROOT / "template" / "gateways").glob("*/gateway.yml"))
KEYS = {
    "name": str,
    "title": str,
    "requires": str,
    "protocol": str,
    "client": str,
    "settings": str,
    "double": str,
    "server": dict,
    "dependencies": list,
    "test_dependencies": list,
    "test_settings": dict,
}
FILES = {"gateway.yml", "client.py", "double.py", "fixtures.py", "test_client.py", "test_double.py", "env.example"}

each_gateway = pytest.mark.parametrize("folder", GATEWAYS, ids=lambda folder: folder.name)


@each_gateway
def test_gateway_yml_is_complete(folder: Path) -> None:
    gateway = read_gateway(folder)

    assert {key: type(value) for key, value in gateway.items()} == KEYS
    assert gateway["name"] == folder.name
    assert set(gateway["server"]) in (set(), {"class", "fixture"})


@each_gateway
def test_folder_has_the_files_of_a_gateway(folder: Path) -> None:
    expected = FILES | ({"server.py"} if read_gateway(folder)["server"] else set())

    assert {path.name for path in folder.iterdir() if not path.name.startswith((".", "__"))} == expected


@each_gateway
def test_sources_contain_no_jinja(folder: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in folder.iterdir() if path.suffix in {".py", ".example"}]

    assert [mark for mark in ("{{", "{%", "{#") for source in sources if mark in source] == []


MAY_NAME_REDIS = {
    ".env.example",
    "docs/runbooks/deploy.md",
    *(f"src/{package}/core/{file}.py" for package in ("clinic_service", "library") for file in ("config", "limits")),
}


@pytest.mark.parametrize("case", ["blank", "patients", "tickets", "empty", "blank-async", "empty-async"])
def test_a_service_without_worker_and_gateways_does_not_mention_them(
    written: Callable[[str], Service], case: str
) -> None:
    traces = re.compile(r"celery|worker\.py|redis|gateway|smtp|aiosmtpd|trustme", re.IGNORECASE)
    # The answers file describes all catalog modules, and the plugin is the same in each service.
    files = {
        path: content.decode()
        for path, content in written(case).files.items()
        if path != ".copier-answers.yml" and not path.startswith("tests/suite/")
    }
    # These describe the layers, to which a team may add gateways.
    for path in ("pyproject.toml", "docs/checks.md"):
        files[path] = re.sub(r"`gateways`|\(gateways\)|core builds on gateways", "", files[path])
    # Processes may count the requests of clients in a Redis.
    for path in MAY_NAME_REDIS.intersection(files):
        files[path] = re.sub("redis", "", files[path], flags=re.IGNORECASE)

    found = {path: traces.findall(path + content) for path, content in files.items()}

    assert {path: names for path, names in found.items() if names} == {}
    assert not any((written(case).folder / "src").glob("*/gateways"))


def test_a_service_declares_the_dependencies_of_its_modules(written: Callable[[str], Service]) -> None:
    declared = written("defaults").files["pyproject.toml"].decode()

    assert re.findall(r'"(celery\[redis\]|celery-types|aiosmtpd|trustme)>=', declared) == [
        "celery[redis]",
        "aiosmtpd",
        "celery-types",
        "trustme",
    ]


BELL: dict[str, str] = {
    "gateway.yml": """
name: bell
title: Bell
protocol: BellGateway
client: LoudBell
settings: BellSettings
double: SilentBell
server: {}
dependencies: []
test_dependencies: []
test_settings: {bell_tower: north}
""",
    "env.example": """
# Where the bell hangs.
BELL_TOWER=north
""",
    "client.py": '''
"""A bell."""

from typing import Protocol

from pydantic_settings import BaseSettings, SettingsConfigDict


class BellError(Exception):
    """The bell was not heard."""


class BellGateway(Protocol):
    """What rings."""

    def ring(self) -> None:
        """Ring once."""


class BellSettings(BaseSettings):
    """Where the bell hangs."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    bell_tower: str


class LoudBell:
    """A bell that is heard."""

    def __init__(self, settings: BellSettings) -> None:
        self.tower = settings.bell_tower

    def ring(self) -> None:
        """Ring once."""
        print(f"{self.tower}: ding")
''',
    "double.py": '''
"""A double of the bell."""


class SilentBell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        """Count."""
        self.rings += 1
''',
    "test_double.py": '''
"""The double of the bell."""

from tests.support.gateways.bell import SilentBell


def test_rings_are_counted(mock_bell: SilentBell) -> None:
    mock_bell.ring()

    assert mock_bell.rings == 1
''',
    "fixtures.py": '''
"""The bell."""

import pytest

from tests.support.gateways.bell import SilentBell


@pytest.fixture
def mock_bell() -> SilentBell:
    """A bell that counts."""
    return SilentBell()
''',
    "test_client.py": '''
"""How the bell rings."""

import pytest

from your_service.gateways.bell import BellSettings, LoudBell


def test_the_bell_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    LoudBell(BellSettings(_env_file=None, bell_tower="south")).ring()

    assert capsys.readouterr().out == "south: ding\\n"
''',
}
TASKS_OF_ROOMS: dict[str, str] = {
    "env.example": """
# How often the bell rings.
ROOMS_INTERVAL_SECONDS=3600
""",
    "tasks.md": "# Tasks of rooms\n\nThe bell rings again after an hour.\n",
    "tasks.py": '''
"""The bell of the rooms."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ...core.tasks import Schedule, Worker, task


class TaskSettings(BaseSettings):
    """When the bell rings."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    rooms_interval_seconds: float = Field(default=3600, gt=0)


def schedule(settings: TaskSettings) -> Schedule:
    """Return what is begun again and again."""
    return {"rooms.ring": {"task": "rooms.ring", "schedule": settings.rooms_interval_seconds}}


@task(name="rooms.ring")
async def ring(worker: Worker) -> None:
    """Ring the bell."""
    worker.bell.ring()
''',
    "test_tasks.py": '''
"""When the bell of the rooms rings."""

from your_service.core.tasks import Worker
from your_service.modules.rooms.tasks import ring

from tests.support.gateways.bell import SilentBell
from tests.support.worker import in_worker


async def test_the_bell_rings(celery_app: Worker, mock_bell: SilentBell) -> None:
    await in_worker(ring.run)

    assert mock_bell.rings == 1
''',
    "test_worker.py": '''
"""The bell of the rooms, on the way through queue and worker."""

import pytest

from your_service.modules.rooms.tasks import ring

from tests.support.gateways.bell import SilentBell
from tests.support.worker import in_worker


@pytest.mark.usefixtures("celery_worker")
async def test_a_worker_rings_the_bell(mock_bell: SilentBell) -> None:
    await in_worker(ring.delay().get, timeout=5, interval=0.001)

    assert mock_bell.rings == 1
''',
}

# In the application, too.
ROUTE_OF_ROOMS: dict[str, str] = {
    "router.py": '''

@router.post("/{room_id}/ring", response_model=RoomRead)
async def ring_room(room_id: UUID, service: Service, bell: BellDep, call: CallDep) -> Room:
    """Ring the bell of a room."""
    room = await service.get(room_id)
    await call(bell.ring)
    return room
''',
    "test_api.py": """

async def test_the_bell_of_a_room_rings(member_client: AsyncClient, test_room_id: UUID, mock_bell: SilentBell) -> None:
    response = await member_client.post(f"{URL}/{test_room_id}/ring")

    assert (response.status_code, mock_bell.rings) == (status.HTTP_200_OK, 1)
""",
}


@pytest.fixture(scope="module")
def template_with_bell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with an additional gateway, and a renamed copy of tickets with a task and a route that call it."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    write_files(template / "template" / "gateways" / "bell", BELL)
    rooms = template / "template" / "catalog" / "rooms"
    write_files(rooms, TASKS_OF_ROOMS)
    for source in rooms.with_name("tickets").iterdir():
        text = source.read_text(encoding="utf-8").replace("ticket", "room").replace("Ticket", "Room")
        text = text.replace("gateways: []", "gateways: [bell]").replace("worker: false", "worker: true")
        text = text.replace("e2e_environment: {}", 'e2e_environment: {ROOMS_INTERVAL_SECONDS: "0.5"}')
        if source.name == "module.yml":
            text += "request_gateways: [bell]\n"
        text += ROUTE_OF_ROOMS.get(source.name, "")
        if source.name == "test_api.py":
            after = "from tests.support.factories import Factory, Payload\n"
            text = text.replace(after, after + "from tests.support.gateways.bell import SilentBell\n")
        if source.name == "router.py":
            text = text.replace(
                "from ...core.resource", "from ...core.gateways import BellDep, CallDep\nfrom ...core.resource"
            )
        (rooms / source.name).write_text(text, encoding="utf-8")
    return template


@pytest.mark.xdist_group("bell")
@pytest.mark.parametrize("database_access", one_of("sync", "async", grouped=False))
def test_a_new_gateway_is_written_with_a_module_that_needs_it(
    template_with_bell: Path, tmp_path: Path, database_access: str
) -> None:
    answers = {"modules": ["rooms"], "database_access": database_access}
    service = write_service(template_with_bell, tmp_path / "service", answers)

    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", "--diff", ".")
    if database_access == "async":
        # The source of both forms, with all its types.
        service.check_types()
    # The rest of the suite is that of tickets: tests/test_subsets.py runs suites of random modules, with their gates.
    service.run_suite("--no-cov", "-k", "room or bell")

    assert service.modules == ["rooms"]
    assert {"tests/unit/phase1/test_rooms_service.py", "tests/api/test_rooms_api.py"} <= service.files.keys()

    assert {path for path in service.files if re.search(r"gateways/\w+\.py$", path) and "__init__" not in path} == {
        "src/clinic_service/gateways/bell.py",
        "tests/fixtures/gateways/bell.py",
        "tests/support/gateways/bell.py",
        "tests/integration/gateways/test_bell.py",
        "tests/unit/gateways/test_bell_double.py",
    }
    assert b"BELL_TOWER=north" in service.files[".env.example"]
    assert b"ROOMS_INTERVAL_SECONDS=3600" in service.files[".env.example"]
    assert service.files["docker-compose.yml"].count(b"BELL_TOWER:") == 2


def test_a_gateway_of_the_application_needs_no_worker(template_with_bell: Path, tmp_path: Path) -> None:
    template = tmp_path / "template"
    shutil.copytree(template_with_bell, template)
    rooms = template / "template" / "catalog" / "rooms"
    for name in ("env.example", "tasks.md", "tasks.py", "test_tasks.py", "test_worker.py"):
        (rooms / name).unlink()
    module = rooms / "module.yml"
    text = module.read_text(encoding="utf-8").replace("\ngateways: [bell]", "\ngateways: []")
    text = re.sub(r"e2e_environment: .*", "e2e_environment: {}", text.replace("worker: true", "worker: false"))
    module.write_text(text, encoding="utf-8")

    service = write_service(template, tmp_path / "service", {"modules": ["rooms"]})

    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", "--diff", ".")
    service.check_types()
    service.run_suite("--no-cov", "-k", "bell or gateways or main or env_example")
    assert not [path for path in service.files if path.endswith("worker.py")]
    assert service.files["docker-compose.yml"].count(b"BELL_TOWER:") == 1


def test_a_new_gateway_is_not_written_without_such_a_module(template_with_bell: Path, tmp_path: Path) -> None:
    service = write_service(template_with_bell, tmp_path / "service", {"modules": ["patients", "appointments"]})

    assert [path for path in service.files if "bell" in path] == []


def read_gateway(folder: Path) -> dict[str, Any]:
    """Return the gateway.yml of a folder."""
    gateway: dict[str, Any] = yaml.safe_load((folder / "gateway.yml").read_text(encoding="utf-8"))
    return gateway


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files into a new folder."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text.lstrip("\n"), encoding="utf-8")
