"""The commits of a team, in their order: the edits of `edits.py`, and what else teams do.

They work on services of all versions in the history of this repository, in both forms. The names of the team's tests end in
`_of_ours`.
"""

import re
from collections.abc import Callable, Mapping

from .edits import EDITS, PACKAGE, TICKETS, add_code, insert
from .services import Service
from .updates import LivingService, git

Commit = Callable[[LivingService], object]

FORMAT = "the code formatted with other settings"
"""This commit writes no line of its own."""

MODELS = '''"""The table of {name}."""

from uuid import UUID, uuid4

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ...core.database import Base


class {entity}(Base):
    """One of our {name}."""

    __tablename__ = "{name}"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(String(200))
'''
MIGRATION = '''"""The table of {name}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}_0001"
down_revision = None
branch_labels = ("{name}",)
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "{name}",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_{name}")),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("{name}")
'''
TEST_OF_MODELS = '''"""Tests of {name}."""

from clinic_service.modules.{name}.models import {entity}


def test_our_{name}_of_ours() -> None:
    assert {entity}(title="A").title == "A"
'''
TEST_OF_ROUTE = """

async def test_the_version_of_ours(
    client: CLIENT, auth_headers: dict[str, str], test_ticket_id: UUID
) -> None:
    response = await client.get(f"{URL}/{test_ticket_id}/version", headers=auth_headers)

    assert response.json() == 1
"""
TESTS_OF_FIXTURES = '''"""Tests of our own fixtures."""

from clinic_service.modules.tickets.models import Ticket


def test_the_greeting_of_ours(greeting: str) -> None:
    assert greeting == "Good morning"


def test_the_ticket_of_ours(urgent_ticket: Ticket) -> None:
    assert urgent_ticket.priority == "urgent"
'''
TEST_OF_RECORD = '''"""More tests of {name}s."""

from clinic_service.modules.{name}s.models import {entity}


def test_a_{name}_of_ours(test_{name}: {entity}) -> None:
    assert test_{name}.title
'''
TEST_IN_CORE = """

def test_{place}_of_ours() -> None:
    assert __name__
"""
HOOK = r"""  - repo: local
    hooks:
      - id: no-tabs
        name: no tabs
        entry: '\t'
        language: pygrep
        types: [python]
"""
MAIL = """
  # The e-mail of a machine for development is at http://127.0.0.1:8025.
  mailpit:
    image: axllent/mailpit:v1.27
    profiles: [mail]
    ports: ["127.0.0.1:8025:8025"]
"""


def add_module(service: LivingService, name: str, entity: str) -> None:
    """Add a module by hand: its table, its migration, its tests and its coverage gate."""
    for path, source in (
        (f"{PACKAGE}/modules/{name}/__init__.py", '"""Our {name}."""\n'),
        (f"{PACKAGE}/modules/{name}/models.py", MODELS),
        (f"migrations/versions/{name}_0001.py", MIGRATION),
        (f"tests/unit/phase1/test_{name}_models.py", TEST_OF_MODELS),
    ):
        service.write(path, source.format(name=name, entity=entity))
    insert(
        service,
        f"{PACKAGE}/modules/__init__.py",
        r"^from \.tickets",
        f"from .{name}.models import {entity}  # noqa: F401 - its table\n",
    )
    insert(service, "pytest.ini", r"^.*\n.*budgets =", f"    {name}: 90\n")


def add_test_of_route(service: LivingService) -> None:
    """Add a test of the new route."""
    path = "tests/api/test_tickets_api.py"
    client = "AsyncClient" if "AsyncClient" in service.read(path) else "TestClient"
    add_code(service, path, TEST_OF_ROUTE.replace("CLIENT", client))


def add_tests_of_core(service: LivingService) -> None:
    """Add a test to the files about the core, whose places changed several times."""
    for name in ("errors", "health", "metrics", "security", "transactions"):
        for path in find(service, f"tests/api/**/test_{name}*.py"):
            add_code(service, path, TEST_IN_CORE.format(place=name))


def find(service: LivingService, *patterns: str) -> list[str]:
    """Return the files that match one of the patterns."""
    found = {path for pattern in patterns for path in service.folder.glob(pattern)}
    return sorted(path.relative_to(service.folder).as_posix() for path in found)


def move(service: LivingService, old: str, new: str) -> None:
    """Move a file with git."""
    (service.folder / new).parent.mkdir(parents=True, exist_ok=True)
    git(service.folder, "mv", old, new)


def delete(service: LivingService, *patterns: str) -> None:
    """Delete the files that match one of the patterns."""
    for path in find(service, *patterns):
        (service.folder / path).unlink()


def move_the_image(service: LivingService) -> None:
    """Move the Dockerfile, and leave a link in its place."""
    move(service, "Dockerfile", "deploy/Dockerfile")
    (service.folder / "Dockerfile").symlink_to("deploy/Dockerfile")


def use_crlf(service: LivingService, *paths: str) -> None:
    """Write the line ends of Windows."""
    for path in paths:
        file = service.folder / path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))


def runnable(service: LivingService) -> Service:
    """Return a service whose commands can be run."""
    return Service(service.folder, service.files())


def restyle(service: LivingService) -> None:
    """Sort the imports and format the code with the settings of the service."""
    runnable(service).run("ruff", "check", "--select", "I", "--fix", "--quiet")
    runnable(service).run("ruff", "format", "--quiet")


def replace_pattern(service: LivingService, path: str, pattern: str, text: str) -> None:
    """Replace what a pattern matches once."""
    changed, number = re.subn(pattern, text, service.read(path), flags=re.MULTILINE)
    assert number == 1, f"{path} has {pattern!r} {number} times"
    service.write(path, changed)


OWN: Mapping[str, Commit] = {
    "tests of the fixtures": lambda service: service.write("tests/unit/core/test_our_fixtures.py", TESTS_OF_FIXTURES),
    "a test of the route": add_test_of_route,
    "tests of the core": add_tests_of_core,
    "tests of an own module": lambda service: service.write(
        "tests/unit/phase2/test_loans_late.py", TEST_OF_RECORD.format(name="loan", entity="Loan")
    ),
    "tests of another one": lambda service: service.write(
        "tests/unit/phase1/test_visits_late.py", TEST_OF_RECORD.format(name="visit", entity="Visit")
    ),
    "a module by hand": lambda service: add_module(service, "opening_hours", "OpeningHour"),
    "another module by hand": lambda service: add_module(service, "prices", "Price"),
    "a marker": lambda service: insert(
        service, "pytest.ini", r"^pythonpath =", "markers =\n    slow: takes more than a second\n"
    ),
    "a warning that is accepted": lambda service: insert(
        service, "pytest.ini", r"(?<=^    error\n)", "    ignore:is deprecated:PendingDeprecationWarning\n"
    ),
    "the bound of a dependency": lambda service: replace_pattern(
        service, "pyproject.toml", r'"alembic>=[^"]*"', '"alembic>=1.17.1,<2"'
    ),
    "a hook of pre-commit": lambda service: service.write(
        ".pre-commit-config.yaml", service.read(".pre-commit-config.yaml") + HOOK
    ),
    "a service of docker-compose.yml": lambda service: insert(service, "docker-compose.yml", r"^\nvolumes:", MAIL),
    "the description of a route": lambda service: replace_pattern(
        service, f"{TICKETS}/router.py", r'"""List tickets, .*"""', '"""List the tickets of our clinic."""'
    ),
    "a page about tests renamed": lambda service: move(service, "docs/testing.md", "docs/how-we-test.md"),
    "a file of tests renamed": lambda service: move(
        service, "tests/unit/phase1/test_tickets_service.py", "tests/unit/phase1/test_tickets_of_our_clinic.py"
    ),
    "files deleted": lambda service: delete(
        service,
        "renovate.json",
        "docs/performance.md",
        "tests/api/**/test_tenancy*.py",
        "tests/unit/core/test_clock.py",
    ),
    "another line length": lambda service: replace_pattern(
        service, "pyproject.toml", r"^line-length = 120$", "line-length = 88"
    ),
    "one import per line": lambda service: insert(
        service, "pyproject.toml", r"^known-first-party", "force-single-line = true\n"
    ),
    FORMAT: restyle,
    "a folder for the image": move_the_image,
    "a link": lambda service: (service.folder / "AGENTS.md").symlink_to("README.md"),
    "the line ends of Windows": lambda service: use_crlf(service, "README.md", "pytest.ini", "docker-compose.yml"),
}

COMMITS: Mapping[str, Commit] = {**EDITS, **OWN}
