"""Ordinary edits of teams, and ordinary changes of template versions."""

import re
from collections.abc import Callable, Mapping

from .updates import Changes, LivingService

PACKAGE = "src/clinic_service"
WORKFLOW = ".github/workflows/test-deploy.yml"
TICKETS = f"{PACKAGE}/modules/tickets"

ROUTE = '''

@router.get("/{ticket_id}/version", response_model=int)
async def read_version(ticket_id: UUID, service: Service) -> int:
    """Return how many times a ticket has changed."""
    ticket = await service.get(ticket_id)
    return ticket.version
'''
METHOD = '''    async def close(self, ticket_id: UUID) -> Ticket:
        """Close a ticket."""
        return await self.move_to(ticket_id, TicketState.CLOSED)

'''
TEST = """

def test_a_ticket_of_ours_has_a_title(test_ticket: Ticket) -> None:
    assert test_ticket.title
"""
FIXTURE = '''

@pytest.fixture
async def urgent_ticket(make_ticket: Factory[Ticket]) -> Ticket:
    """A ticket that cannot wait."""
    return await make_ticket(priority="urgent")
'''
FILE_OF_FIXTURES = '''"""Fixtures of our own."""

import pytest


@pytest.fixture
def greeting() -> str:
    """What we say first."""
    return "Good morning"
'''


def in_form(service: LivingService, source: str) -> str:
    """Return a source, which is in async form, in the form of a service."""
    is_async = service.answers()["database_access"] == "async"
    return source if is_async else re.sub(r"\basync (?=def )|\bawait ", "", source)


def add_code(service: LivingService, path: str, source: str) -> None:
    """Append a source, which is in async form."""
    service.write(path, service.read(path) + in_form(service, source))


def insert(service: LivingService, path: str, before: str, text: str) -> None:
    """Insert a text before the first place that the pattern `before` matches."""
    written = service.read(path)
    found = re.search(before, written, re.MULTILINE)
    assert found, f"{path} has no {before!r}"
    service.write(path, written[: found.start()] + text + written[found.start() :])


def add_dependency(service: LivingService, requirement: str) -> None:
    """Add a dependency in alphabetical order, as `uv add` does."""
    before, rest = service.read("pyproject.toml").split("dependencies = [\n", 1)
    listed, after = rest.split("]\n", 1)
    lines = sorted([*listed.splitlines(), f'    "{requirement}",'])
    service.write("pyproject.toml", f"{before}dependencies = [\n{chr(10).join(lines)}\n]\n{after}")


def add_fixture_file(service: LivingService) -> None:
    """Add a fixture file and register it in conftest.py."""
    service.write("tests/fixtures/greetings.py", FILE_OF_FIXTURES)
    service.edit("tests/conftest.py", "\n]\n", '\n    "tests.fixtures.greetings",\n]\n')


EDITS: Mapping[str, Callable[[LivingService], None]] = {
    "the title of the README": lambda service: service.edit(
        "README.md", "# Clinic Service", "# The clinic on the hill"
    ),
    "a paragraph of the README": lambda service: service.edit(
        "README.md", "\n## Start\n", "\nWe run it for four clinics.\n\n## Start\n"
    ),
    "a section of the README": lambda service: service.add_line(
        "README.md", "\n## Who to ask\n\nThe team on the second floor."
    ),
    "a dependency (httpx)": lambda service: add_dependency(service, "httpx>=0.28,<1"),
    "a dependency (tenacity)": lambda service: add_dependency(service, "tenacity>=9,<10"),
    "a setting": lambda service: insert(
        service,
        f"{PACKAGE}/core/config.py",
        r"(?<=\n\n)    jwt_|(?<=\n\n)    # RFC 7518",
        '    greeting: str = Field(default="Hello", description="What we say first.")\n',
    ),
    "a line of .env.example": lambda service: service.add_line(
        ".env.example", "\n# What we say first.\nGREETING=Hello"
    ),
    "a variable of docker-compose.yml": lambda service: insert(
        service, "docker-compose.yml", "      JWT_SECRET_PREVIOUS:$", "      GREETING:\n"
    ),
    "a route": lambda service: add_code(service, f"{TICKETS}/router.py", ROUTE),
    "a method of a service": lambda service: insert(
        service, f"{TICKETS}/service.py", r"^    (async )?def unassign\(", in_form(service, METHOD)
    ),
    "a test": lambda service: add_code(service, "tests/unit/phase1/test_tickets_service.py", TEST),
    "a fixture": lambda service: add_code(service, "tests/fixtures/tickets.py", FIXTURE),
    "a file of fixtures": add_fixture_file,
    "a rule of ruff": lambda service: service.edit("pyproject.toml", '    "I",\n', '    "I",\n    "ICN",\n'),
    "a budget": lambda service: service.edit("pytest.ini", "    api: 1 s\n", "    api: 2 s\n"),
    "a line of the workflow": lambda service: service.edit(
        WORKFLOW, "    branches: [main, develop]\n", "    branches: [main, develop, release]\n"
    ),
    "a variable of the image": lambda service: service.edit("Dockerfile", "EXPOSE 8000\n", "ENV TZ=UTC\nEXPOSE 8000\n"),
    "a line of .gitignore": lambda service: service.add_line(".gitignore", ".idea/"),
}

PROJECT = "template/project"
CORE = f"{PROJECT}/src/{{{{ package_name }}}}/core"

CHANGES: Mapping[str, Changes] = {
    "a dependency updated": {"copier.yml": ("'fastapi>=0.163,<0.164'", "'fastapi>=0.163,<0.165'")},
    "a dependency added": {"copier.yml": ("'uvicorn>=0.38,<1',", "'structlog>=25.1,<26', 'uvicorn>=0.38,<1',")},
    "a development tool added": {
        f"{PROJECT}/pyproject.toml.jinja": ('    "mypy>=2.4,<3",\n', '    "freezegun>=1.5,<2",\n    "mypy>=2.4,<3",\n')
    },
    "the core: a listing": {
        f"{CORE}/resource.py.jinja": (
            "        query = query or ListQuery()\n",
            "        query = ListQuery() if query is None else query\n",
        )
    },
    "the core: a setting added": {
        f"{CORE}/config.py.jinja": (
            "    # RFC 7518",
            '    log_level: str = Field(default="INFO", description="What is logged.")\n    # RFC 7518',
        ),
        f"{PROJECT}/.env.example.jinja": (
            "\n# The secret key that signs",
            "\n# What is logged.\nLOG_LEVEL=INFO\n\n# The secret key that signs",
        ),
    },
    "the core: a file of fixtures added": {
        f"{PROJECT}/tests/conftest.py.jinja": ("'identity']", "'identity', 'logs']"),
        f"{PROJECT}/tests/fixtures/core/logs.py": '"""Fixtures of logs."""\n',
    },
    "the README: a section reworded": {
        f"{PROJECT}/README.md.jinja": (
            "The tests need no server and no settings.",
            "The tests need no server, no network and no settings.",
        )
    },
    "the README: a section added": {
        f"{PROJECT}/README.md.jinja": (
            "## Check the code\n",
            "## Read the logs\n\nIt logs to the standard output.\n\n## Check the code\n",
        )
    },
    "a module: its service": {
        "template/catalog/tickets/service.py": (
            "        return await self._change(ticket, changes.model_dump(exclude_unset=True))\n",
            "        changed = await self._change(ticket, changes.model_dump(exclude_unset=True))\n        return changed\n",
        )
    },
    "a module: a route added": {
        "template/catalog/tickets/router.py": (
            '@router.patch("/{ticket_id}"',
            '@router.get("/{ticket_id}/state", response_model=TicketState)\nasync def read_state(ticket_id: UUID, service: Service) -> TicketState:\n    """Return the state of a ticket."""\n    return (await service.get(ticket_id)).state\n\n\n@router.patch("/{ticket_id}"',
        )
    },
    "a module: a test added": {
        "template/catalog/tickets/test_service.py": (
            "async def test_delete(",
            "async def test_a_ticket_has_an_identifier(self, test_ticket: Ticket) -> None:\n        assert test_ticket.id\n\n    async def test_delete(",
        )
    },
    "a module: a fixture added": {
        "template/catalog/tickets/fixtures.py": (
            "@pytest.fixture\ndef test_ticket_id(",
            '@pytest.fixture\nasync def closed_ticket(make_ticket: Factory[Ticket]) -> Ticket:\n    """A ticket that is closed."""\n    return await make_ticket()\n\n\n@pytest.fixture\ndef test_ticket_id(',
        )
    },
    "the suite: a budget": {f"{PROJECT}/pytest.ini.jinja": ("    integration: 500 ms\n", "    integration: 600 ms\n")},
    "the suite: a plugin file": {
        f"{PROJECT}/tests/conftest.py.jinja": (
            '    "tests.suite",\n',
            '    "tests.suite",\n    "tests.support.tidy",\n',
        ),
        f"{PROJECT}/tests/support/tidy.py": '"""Leaves no file behind."""\n',
        f"{PROJECT}/docs/testing.md.jinja": (
            "\n## How tests are isolated\n",
            "\nNo test leaves a file behind.\n\n## How tests are isolated\n",
        ),
    },
    "the workflow: a step added": {
        f"{PROJECT}/.github/workflows/{{{{ workflow }}}}.yml.jinja": (
            "      - run: uv run --locked coverage xml\n",
            "      - run: uv run --locked coverage xml\n      - run: uv run --locked coverage json\n",
        )
    },
    "the image: another server option": {
        f"{PROJECT}/Dockerfile.jinja": ('"--timeout-graceful-shutdown", "8",', '"--timeout-graceful-shutdown", "9",')
    },
    "a rule of ruff added": {f"{PROJECT}/pyproject.toml.jinja": ('    "W",\n', '    "W",\n    "YTT",\n')},
}
