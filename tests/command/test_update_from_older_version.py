"""A service of the last version that had its own updater becomes one of this version, and keeps every line of its team."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.services import Service
from tests.support.updates import FIRST, LivingService, Versions, clone_history, git, replace

pytestmark = pytest.mark.xdist_group("older version")

OLDER = "ed3961cc767d20b5e14ec29c0a951c0a4d267bda"
ANSWERS: dict[str, Any] = {
    "project_name": "Library",
    "domain": "clinic",
    "modules": ["appointments", "patients", "tickets"],
    "own_modules": {"loans": {"fields": {"title": "str", "patient": "-> patients?"}, "unique": ["title"]}},
}
OWN_TEST = '''"""Tickets: what team-6 expects."""

from library.modules.tickets.models import Ticket


def test_a_ticket_has_a_title(test_ticket: Ticket) -> None:
    assert test_ticket.title
'''
EDITED = {
    ".gitignore",
    "README.md",
    "docs/ours.md",
    "src/library/modules/loans/models.py",
    "src/library/modules/tickets/service.py",
    "tests/unit/phase1/test_tickets_of_ours.py",
    "tests/unit/phase1/test_tickets_service.py",
}
LEFT = (
    "scripts/update.py",
    "scripts/add_module.py",
    "tests/support/gates.py",
    "tests/unit/suite",
    "tests/unit/scripts/test_update.py",
)
"""What the service no longer has."""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """This repository with its history, in which the working tree is version 0.2.0."""
    return clone_history(tmp_path_factory.mktemp("versions") / "phasework", {FIRST: OLDER}, "v0.2.0")


def edit(service: LivingService) -> None:
    """Edit the service as a team does, including files that the template no longer writes."""
    service.write("README.md", replace(service.folder / "README.md", "# Library\n", "# Library of team-1\n"))
    for number, path in enumerate(("src/library/modules/tickets/service.py", "src/library/modules/loans/models.py"), 2):
        service.add_line(path, f"\n# team-{number} goes on here.")
    service.add_line("tests/unit/phase1/test_tickets_service.py", "\n# team-4 tests more here.")
    service.add_line("scripts/update.py", "# team-5 changed the updater.")
    service.write("tests/unit/phase1/test_tickets_of_ours.py", OWN_TEST)
    service.add_line("tests/support/gates.py", "# team-7 changed the gates.")
    service.add_line(".gitignore", "team-8/")
    service.write("docs/ours.md", "team-9 explains.\n")


def lines_of(service: LivingService) -> set[str]:
    """Return the lines that the team wrote, wherever they are."""
    texts = [content.decode() for content in service.files().values()]
    return {line.strip() for text in texts for line in text.splitlines() if "team-" in line}


def resolve(service: LivingService) -> None:
    """Resolve each conflict: take the new version, and add the lines of the team again."""
    for path in git(service.folder, "diff", "--name-only", "--diff-filter=U").splitlines():
        lines = [line for line in service.read(path).splitlines() if "team-" in line]
        git(service.folder, "checkout", "--theirs", "--", path)
        for line in lines:
            service.add_line(path, f"\n{line}")


def test_its_service_is_updated_and_keeps_every_line_of_its_team(versions: Versions, tmp_path: Path) -> None:
    service = versions.write(tmp_path / "library", ANSWERS)
    edit(service)
    service.commit()
    before = lines_of(service)
    assert len(before) == 9

    # No version is released yet, so the first revisions still change.
    outcome = service.update(version="v0.2.0", rewrite_migrations=True)

    assert outcome.code in (0, 3), outcome.printed
    assert lines_of(service) == before
    resolve(service)
    assert lines_of(service) == before
    assert [path for path in LEFT if (service.folder / path).exists()] == []
    assert service.read("removed/scripts/update.py").endswith("# team-5 changed the updater.\n")
    assert service.read("removed/tests/support/gates.py").endswith("# team-7 changed the gates.\n")
    assert sorted(path.name for path in (service.folder / "scripts").glob("*.py")) == [
        "__init__.py",
        "new_migration.py",
    ]
    assert "questionary" not in service.read("pyproject.toml")
    service.commit()
    # All other files equal those of a new service, whose suites tests/test_services.py and tests/test_subsets.py run.
    new = versions.write(tmp_path / "new", service.answers(), "v0.2.0").files()
    differing = {path for path, _ in service.files().items() ^ new.items()}
    assert {path for path in differing if not path.startswith("removed/")} == EDITED
    runnable = Service(service.folder, service.files())
    runnable.run_suite("--no-cov", "-k", "tickets or loans or migrations")
    runnable.run("ruff", "check")
    runnable.check_types()
