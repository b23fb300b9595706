"""Tests of each procedure in docs/how-to/update-a-service.md, and of what an update refuses."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from phasework.questionnaire import ask_questions
from phasework.rules import load_rules
from phasework.updates import update
from tests.support.edits import CHANGES
from tests.support.person import ENTER, answering
from tests.support.revisions import revision
from tests.support.services import Service
from tests.support.subsets import offered_in
from tests.support.terminal import CLEAR, CTRL_C, DOWN, Terminal
from tests.support.updates import (
    COMMAND,
    FIRST,
    WORKING_TREE,
    LivingService,
    ServiceCache,
    Versions,
    commit_all,
    git,
    make_versions,
)

pytestmark = pytest.mark.xdist_group("updates")

NEXT = "v0.2.0"
UNDO = "git restore --source=HEAD --staged --worktree . && git clean -fd"
LOANS: dict[str, Any] = {
    "fields": {"title": "str"},
    "states": {"requested": ["active"], "active": []},
}
MEMBERS: dict[str, Any] = {"fields": {"name": "str"}}
ANSWERS: dict[str, Any] = {
    "project_name": "Library",
    "modules": ["patients"],
    "own_modules": {"loans": LOANS, "members": MEMBERS},
}
SERVICE = "src/library/modules/loans/service.py"
TESTS = "tests/unit/phase1/test_loans_service.py"
OWN_TEST = '"""Loans: ours."""\n\n\ndef test_ours() -> None:\n    assert True\n'


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """The template with a version that changes the core, the suite, the README and the dependencies."""
    versions = make_versions(tmp_path_factory.mktemp("versions"))
    chosen = ("a dependency updated", "the core: a listing", "the README: a section added", "the suite: a plugin file")
    versions.release(NEXT, *(CHANGES[change] for change in chosen))
    return versions


@pytest.fixture(scope="module")
def service_cache(versions: Versions, tmp_path_factory: pytest.TempPathFactory) -> ServiceCache:
    """A cache of services before an update."""
    return ServiceCache(versions, tmp_path_factory.mktemp("service_cache"))


@pytest.fixture(autouse=True)
def cached_services(service_cache: ServiceCache) -> Iterator[None]:
    """Use the cache for the old service of updates in this process."""
    with service_cache.serve_old_services():
        yield


@pytest.fixture(scope="module")
def first(versions: Versions, tmp_path_factory: pytest.TempPathFactory) -> LivingService:
    """A service of the first version."""
    return versions.write(tmp_path_factory.mktemp("first") / "library", ANSWERS)


@pytest.fixture
def service(first: LivingService, tmp_path: Path) -> LivingService:
    """A service of the first version with a few lines of its team."""
    service = first.copy(tmp_path / "library")
    service.edit("README.md", "# Library", "# The library in our street")
    service.write(SERVICE, service.read(SERVICE).replace("\n\n", "\n\n# Ours: the rules of loans.\n\n", 1))
    service.write(TESTS, service.read(TESTS).replace("\n\n", "\n\n# Ours: the tests of loans.\n\n", 1))
    service.write("tests/unit/phase1/test_loans_of_ours.py", OWN_TEST)
    service.commit()
    return service


def test_an_improvement_is_merged(service: LivingService) -> None:
    outcome = service.update(version=None)

    assert outcome.code == 0
    assert outcome.names("merged with your changes") == ["README.md"]
    assert service.answers()["_commit"] == NEXT
    assert "## Read the logs" in service.read("README.md")
    assert service.read("README.md").startswith("# The library in our street\n")
    assert "fastapi>=0.163,<0.165" in service.read("pyproject.toml")
    assert "# Ours: the rules of loans." in service.read(SERVICE)
    assert "The dependencies have changed: run `uv lock` and `git add uv.lock`.\n" in outcome.printed


LISTS_OF_MODULES = {
    ".copier-answers.yml",
    ".github/workflows/test-deploy.yml",
    "README.md",
    "pytest.ini",
    "src/library/modules/__init__.py",
    "tests/conftest.py",
    "tests/performance/budgets.ini",
    "tests/performance/locustfile.py",
}


def test_a_module_of_the_catalog_is_added(service: LivingService) -> None:
    outcome = service.update({"modules": ["patients", "tickets"]})

    assert outcome.code == 0
    assert "tickets_router," in service.read("src/library/modules/__init__.py")
    assert service.answers()["plan"]["tickets"] == {"coverage": 85, "phase": 1}
    assert service.answers()["_commit"] == FIRST
    assert (service.folder / "migrations/versions/tickets_0001.py").exists()
    assert outcome.names("The tables") == []


def test_an_own_module_is_added(service: LivingService) -> None:
    fines = {"phase": 2, "fields": {"amount": "decimal", "loan": "-> loans"}}

    outcome = service.update({"own_modules": ANSWERS["own_modules"] | {"fines": fines}})

    assert outcome.code == 0
    assert outcome.printed.startswith("Added fines:\n")
    # Only files that list the modules or phases change: examples show a module that is there already.
    assert {line[3:] for line in service.status() if line.startswith("M")} == LISTS_OF_MODULES
    assert (service.folder / "tests/unit/phase2/test_fines_service.py").exists()
    assert "# Ours: the rules of loans." in service.read(SERVICE)
    assert "The tables of" not in outcome.printed
    assert "uv lock" not in outcome.printed


def test_the_first_own_module_changes_no_example(versions: Versions, tmp_path: Path) -> None:
    service = versions.write(tmp_path / "library", {"project_name": "Library", "modules": ["patients", "tickets"]})

    outcome = service.update({"own_modules": {"fines": {"fields": {"title": "str"}}}})

    assert outcome.code == 0
    # The page on tests says how to adapt an own module, the workflow names no module, and records of own modules store who acts.
    changed = {line[3:] for line in service.status() if line.startswith("M")}
    assert changed == LISTS_OF_MODULES - {WORKFLOW} | {"docs/testing.md", "src/library/core/actors.py"}


def test_an_own_module_gets_a_field_and_a_state_and_the_next_migration(service: LivingService) -> None:
    first = service.read("migrations/versions/loans_0001.py")
    further = {
        "fields": {"title": "str", "due": "date?"},
        "states": {"requested": ["active"], "active": ["lost"], "lost": []},
    }

    outcome = service.update({"own_modules": {"loans": further, "members": MEMBERS}})

    assert outcome.code == 0
    assert "due: " in service.read("src/library/modules/loans/models.py")
    assert "LOST" in service.read("src/library/modules/loans/models.py")
    assert service.read("migrations/versions/loans_0001.py") == first
    [line] = outcome.names("migrations that follow yours")
    assert re.fullmatch(r"migrations/versions/loans_0002_[a-f][0-9a-f]{3}\.py, after loans_0001", line)
    assert 'op.add_column("loans", sa.Column("due", sa.Date(), nullable=True))' in service.read(line.split(",")[0])
    assert "The tables of" not in outcome.printed


def test_the_next_migration_follows_those_of_the_team(service: LivingService) -> None:
    ours = revision("loans_0002_ours", "loans_0001", 'op.create_index("ours", "loans", ["title"])')
    service.write("migrations/versions/loans_0002_ours.py", ours)
    service.commit()
    further = {"fields": {"title": "str", "due": "date?"}, "states": LOANS["states"]}

    first = service.update({"own_modules": {"loans": further, "members": MEMBERS}})
    service.commit()
    last = service.update({"own_modules": {"loans": LOANS, "members": MEMBERS}}, accept_data_loss=True)

    [added], [removed] = (outcome.names("migrations that follow yours") for outcome in (first, last))
    assert added.endswith(", after loans_0002_ours")
    assert removed.endswith(f", after {Path(added.split(',')[0]).stem}")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "str?"}, "Existing rows would lose data: loans.title is removed. Nothing was changed."),
        (
            {"title": "str", "due": "date"},
            "own_modules.loans.fields.due: use a default for the existing rows, or ? after the type, because due becomes required.",
        ),
    ],
)
def test_a_change_that_loses_data_is_refused(service: LivingService, fields: dict[str, str], reason: str) -> None:
    before = service.status()

    outcome = service.update({"own_modules": {"loans": LOANS | {"fields": fields}, "members": MEMBERS}})

    assert outcome.code == 1
    assert outcome.printed.startswith(reason)
    assert service.status() == before


def test_a_removed_module_is_named_first(service: LivingService) -> None:
    outcome = service.update({"own_modules": {"members": MEMBERS}}, pretend=True)

    assert outcome.printed.startswith("Removed loans (nothing is written):\n")


def test_a_revision_that_no_database_has_is_rewritten(service: LivingService) -> None:
    further = {"fields": {"title": "str", "due": "date?"}, "states": LOANS["states"]}

    outcome = service.update({"own_modules": {"loans": further, "members": MEMBERS}}, rewrite_migrations=True)

    assert '"due"' in service.read("migrations/versions/loans_0001.py")
    assert "The tables of" not in outcome.printed


def test_changes_in_a_removed_module_are_kept(service: LivingService) -> None:
    written = service.read(SERVICE)

    outcome = service.update({"own_modules": {"members": MEMBERS}})

    assert outcome.code == 0
    assert outcome.names("no longer part of the service") == [
        f"{path} -> removed/{path}" for path in (SERVICE, "tests/unit/phase1/test_loans_of_ours.py", TESTS)
    ]
    assert "Take what you need from `removed/`, and delete it: the hooks do not let you commit it.\n" in outcome.printed
    assert service.read(f"removed/{SERVICE}") == written
    assert not list((service.folder / "src/library/modules/loans").glob("*.py"))
    assert (service.folder / "migrations/versions/loans_0001.py").exists()
    assert "loans" not in service.answers()["plan"]


def test_a_service_passes_after_every_kind_of_update(
    service: LivingService, versions: Versions, tmp_path: Path
) -> None:
    fines = {"phase": 2, "fields": {"amount": "decimal", "member": "-> members"}}
    further = {
        "fields": {"name": {"type": "str", "was": "title"}, "due": "date?", "copies": "int(0..99) = 1"},
        "unique": ["name"],
        "states": {"requested": ["active"], "active": ["lost"], "lost": []},
    }
    ways: list[tuple[dict[str, Any], str]] = [
        ({"modules": ["patients", "tickets"]}, ""),
        ({"own_modules": {"loans": LOANS, "members": MEMBERS, "fines": fines}}, ""),
        ({"own_modules": {"loans": further, "members": MEMBERS, "fines": fines}}, ""),
        ({"plan": {"loans": {"phase": 4}}}, ""),
        ({"coverage_total": 90, "plan": {"fines": {"coverage": 95}}, "python_version": "3.11"}, ""),
        ({"modules": ["tickets"]}, "Drop the patients"),
        ({"database_access": "async"}, ""),
    ]
    assert service.update(version=NEXT).code == 0
    for changes, message in ways:
        service.commit()
        assert service.update(changes).code == 0
        if message:
            Service(service.folder, service.files()).run("python", "-m", "scripts.new_migration", message)

    # All other files equal those of a new service, whose suites tests/test_services.py and tests/test_subsets.py run.
    new = versions.write(tmp_path / "new", service.answers(), NEXT)
    tests = TESTS.replace("phase1", "phase4")
    edited = {"README.md", SERVICE, tests, tests.replace("_service", "_of_ours")}
    assert {path for path in differences(service, new) if not path.startswith("migrations/versions/")} == edited
    runnable = Service(service.folder, service.files())
    runnable.run_suite("--no-cov", "-k", "loans or fines or migrations")
    runnable.run("ruff", "check")
    runnable.run("ruff", "format", "--check")
    runnable.check_types()


def differences(service: LivingService, other: LivingService) -> set[str]:
    """Return the files that two services do not have in common, other than caches."""
    found = {path for path, _ in service.files().items() ^ other.files().items()}
    return {path for path in found if "cache" not in path}


def test_files_kept_twice_get_two_names(service: LivingService) -> None:
    service.update({"own_modules": {"members": MEMBERS}})
    service.commit()
    service.update({"own_modules": ANSWERS["own_modules"]})
    service.commit()
    service.add_line(SERVICE, "# Ours: once more.")
    service.commit()

    service.update({"own_modules": {"members": MEMBERS}})

    assert "# Ours: the rules of loans.\n" in service.read(f"removed/{SERVICE}")
    assert service.read(f"removed-2/{SERVICE}").endswith("# Ours: once more.\n")


def test_tests_follow_the_phase_of_their_module(service: LivingService) -> None:
    outcome = service.update({"plan": {"loans": {"phase": 4}}})

    assert outcome.code == 0
    assert outcome.names("moved") == [
        f"{path} -> {path.replace('phase1', 'phase4')}" for path in ("tests/unit/phase1/test_loans_of_ours.py", TESTS)
    ]
    assert "# Ours: the tests of loans.\n" in service.read(TESTS.replace("phase1", "phase4"))
    assert service.answers()["plan"] == {
        "loans": {"coverage": 80, "phase": 4},
        "members": {"coverage": 80, "phase": 1},
        "patients": {"coverage": 85, "phase": 3},
    }


def test_a_phase_may_be_changed_in_the_description(service: LivingService) -> None:
    service.update({"own_modules": {"loans": LOANS | {"phase": 5}, "members": MEMBERS}})

    assert (service.folder / TESTS.replace("phase1", "phase5")).exists()


def test_targets_and_the_lowest_python_are_changed(service: LivingService) -> None:
    changes = {"coverage_total": 90, "plan": {"loans": {"coverage": 95}}, "python_version": "3.13"}

    outcome = service.update(changes)

    assert outcome.code == 0
    assert 'requires-python = ">=3.13"' in service.read("pyproject.toml")
    assert "coverage_total = 90\n" in service.read("pytest.ini")
    assert "    loans: 95\n    members: 80\n    patients: 85\n" in service.read("pytest.ini")


def test_sync_becomes_async(service: LivingService) -> None:
    outcome = service.update({"database_access": "async"})

    assert outcome.code == 0
    assert "async def " in service.read(SERVICE) + service.read("src/library/core/resource.py")
    assert "# Ours: the rules of loans." in service.read(SERVICE)
    assert "pytest-asyncio" in service.read("pyproject.toml")
    assert "The tables of" not in outcome.printed


def test_a_renamed_file_is_updated_under_its_new_name(service: LivingService) -> None:
    git(service.folder, "mv", "docs/testing.md", "docs/how-we-test.md")
    service.commit()

    outcome = service.update(version=NEXT)

    assert outcome.code == 0
    assert "No test leaves a file behind." in service.read("docs/how-we-test.md")
    assert not (service.folder / "docs/testing.md").exists()


def test_a_deleted_file_stays_deleted(service: LivingService) -> None:
    git(service.folder, "rm", "--quiet", "docs/testing.md")
    service.commit()

    outcome = service.update(version=NEXT)

    assert outcome.names("changed by the template; you had deleted them, so they stay deleted") == ["docs/testing.md"]
    assert not (service.folder / "docs/testing.md").exists()


def test_a_conflict_is_reported_with_its_lines_and_resolved_with_git(service: LivingService) -> None:
    service.edit("README.md", "## Check the code", "## Check our code")
    service.commit()

    outcome = service.update(version=NEXT)

    lines = service.read("README.md").splitlines()
    first, last = lines.index("<<<<<<< yours") + 1, lines.index(f">>>>>>> template {NEXT}") + 1
    assert outcome.code == 3
    assert outcome.names("in CONFLICT") == [f"README.md: {first}-{last}"]
    assert "UU README.md" in service.status()
    git(service.folder, "checkout", "--ours", "README.md")
    service.commit()
    assert "## Check our code" in service.read("README.md")


def test_a_file_name_that_is_not_utf_8_stays(service: LivingService) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    service.write(name, "Ours.\n")
    service.commit()

    assert service.update(version=NEXT).code == 0
    assert service.read(name) == "Ours.\n"


def test_nothing_is_written_if_git_cannot_merge(service: LivingService) -> None:
    git(service.folder, "config", "merge.conflictStyle", "none-that-git-knows")

    outcome = service.update(version=NEXT)

    assert outcome.code == 1
    assert outcome.printed.startswith("git: ")
    assert service.status() == []


def test_a_file_that_is_not_utf_8_can_be_in_conflict(service: LivingService) -> None:
    readme = service.folder / "README.md"
    readme.write_bytes(service.read("README.md").replace("## Check the code", "## Räum auf").encode("latin-1"))
    service.commit()

    outcome = service.update(version=NEXT)

    assert outcome.code == 3
    assert [line.partition(":")[0] for line in outcome.names("in CONFLICT")] == ["README.md"]
    assert "## Räum auf".encode("latin-1") in readme.read_bytes()


def test_a_list_that_is_not_utf_8_is_not_merged_as_a_list(service: LivingService) -> None:
    text = service.read("pyproject.toml") + "# Ours.\n"
    (service.folder / "pyproject.toml").write_text(text, encoding="utf-16")
    service.commit()

    outcome = service.update(version=NEXT)

    assert outcome.names("in CONFLICT") == ["pyproject.toml: all of it"]
    assert (service.folder / "pyproject.toml").read_text(encoding="utf-16") == text


def test_an_update_is_undone(service: LivingService) -> None:
    before = service.files()
    outcome = service.update({"modules": [], "plan": {"loans": {"phase": 2}}}, version=NEXT)
    assert service.files() != before

    assert UNDO in outcome.printed
    subprocess.run(UNDO, shell=True, cwd=service.folder, check=True, capture_output=True)

    assert service.files() == before


def test_an_update_with_conflicts_is_undone_only_in_its_folder(service: LivingService, tmp_path: Path) -> None:
    inner = service.copy(tmp_path / "everything" / "library")
    shutil.rmtree(inner.folder / ".git")
    inner.edit("README.md", "## Check the code", "## Check our code")
    notes = inner.folder.with_name("notes.txt")
    notes.write_text("Committed\n", encoding="utf-8")
    commit_all(notes.parent, "Begin")
    before = inner.files()
    notes.write_text("Not committed\n", encoding="utf-8")

    outcome = inner.update(version=NEXT)
    assert outcome.names("in CONFLICT") != []
    subprocess.run(UNDO, shell=True, cwd=inner.folder, check=True, capture_output=True)

    assert inner.files() == before
    assert notes.read_text(encoding="utf-8") == "Not committed\n"


def test_an_update_interrupted_while_writing_is_undone(service: LivingService) -> None:
    before = service.files()
    # git is killed while it writes the first of these files.
    (service.folder / ".git/info/attributes").write_text("tests/unit/** filter=end\n")
    git(service.folder, "config", "filter.end.smudge", "kill -TERM $PPID")

    outcome = service.update({"modules": [], "plan": {"loans": {"phase": 2}}}, version=NEXT)

    assert outcome.code == 1
    assert UNDO in outcome.printed
    assert service.status() != []
    git(service.folder, "config", "--unset", "filter.end.smudge")
    subprocess.run(UNDO, shell=True, cwd=service.folder, check=True, capture_output=True)
    assert service.files() == before
    assert service.status() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals for one program")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "terminated"]
)
def test_an_update_that_is_stopped_before_it_writes_leaves_nothing_behind(
    service: LivingService, tmp_path: Path, number: int, code: int
) -> None:
    before = service.files()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    run = subprocess.Popen(
        [*COMMAND, "update", "--defaults"],
        cwd=service.folder,
        env=WORKING_TREE | {"TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
        # Background processes ignore Ctrl-C, and so do the programs that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not any(temporary.glob("phasework-update-*")) and run.poll() is None:
        time.sleep(0.02)

    # Repeatedly, because Python ignores the signal at some places.
    for _ in range(60):
        run.send_signal(number)
        time.sleep(0.5)
        if run.poll() is not None:
            break

    _, output = run.communicate(timeout=30)
    # A signal after the clean-up ends Python immediately.
    assert run.returncode in (code, -number), output
    assert service.files() == before
    assert service.status() == []
    assert list(temporary.iterdir()) == []


def test_pretend_writes_nothing(service: LivingService) -> None:
    before = service.files()
    changes = {"plan": {"loans": {"phase": 4}}}

    pretended = service.update(changes, version=NEXT, pretend=True)

    assert service.files() == before
    assert service.status() == []
    done = service.update(changes, version=NEXT)
    assert pretended.code == done.code
    # Everything except the next steps.
    printed, summary = pretended.printed.splitlines()[1:], done.printed.splitlines()[1:]
    assert printed == summary[: summary.index("")]


def test_the_command_takes_the_options_of_copier(service: LivingService, tmp_path: Path) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(yaml.safe_dump({"coverage_total": 80}), encoding="utf-8")
    command = [
        *COMMAND,
        "update",
        "--defaults",
        "--vcs-ref",
        ":current:",
        "--data-file",
        str(file),
    ]
    command += ["--data", "plan={loans: {phase: 3}}"]

    run = subprocess.run(command, cwd=service.folder, env=WORKING_TREE, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert f"Changed answers, at the template's {FIRST}:\n" in run.stdout
    assert service.answers()["plan"]["loans"]["phase"] == 3
    assert service.answers()["coverage_total"] == 80


@pytest.fixture
def terminal(service: LivingService) -> Iterator[Terminal]:
    """A terminal in which an update asks."""
    terminal = Terminal([*COMMAND, "update"], service.folder, WORKING_TREE)
    yield terminal
    terminal.process.close(force=True)


def test_nothing_changes_if_the_user_cancels(service: LivingService, terminal: Terminal) -> None:
    terminal.wait_for("What is the name of the service?")
    terminal.type(CTRL_C)

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was changed."
    assert service.status() == []


def test_each_question_is_asked_again_and_enter_keeps_the_answer(service: LivingService, terminal: Terminal) -> None:
    before = service.answers()
    # The package and existing own modules are not asked for again.
    for question in (
        "name of the service?",
        "one sentence?",
        "do you want to choose from?",
        "Which modules does it have?",
        "Keep this plan?",
        "in percent?",
        "How does it",
        "lowest",
    ):
        terminal.answer(question)

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    assert service.answers() == before | {"_commit": NEXT}


def test_answers_can_be_changed(service: LivingService, terminal: Terminal) -> None:
    before = service.answers()
    terminal.answer("name of the service?")
    terminal.answer("one sentence?", CLEAR + "Lends books.")
    terminal.answer("do you want to choose from?")
    terminal.answer("Which modules does it have?", DOWN * offered_in("clinic").index("tickets") + " ")
    terminal.answer("Keep this plan?", "n")
    terminal.answer("Phase of loans", CLEAR + "4")
    for question in (
        "loans",
        "members",
        "members",
        "patients",
        "patients",
        "tickets",
        "tickets",
        "in percent?",
        "How does it",
        "lowest",
    ):
        terminal.answer(question)

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    assert service.answers() == before | {
        "_commit": NEXT,
        "description": "Lends books.",
        "modules": ["patients", "tickets"],
        "plan": before["plan"] | {"loans": {"coverage": 80, "phase": 4}, "tickets": {"coverage": 85, "phase": 1}},
    }


def test_without_a_terminal_the_option_for_defaults_is_named(service: LivingService) -> None:
    run = subprocess.run(
        [*COMMAND, "update"],
        cwd=service.folder,
        env=WORKING_TREE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert run.stderr.startswith("Questions need a terminal: change answers with --data or --data-file")


WORKFLOW = ".github/workflows/test-deploy.yml"
AT_ROOT = ".github/workflows/services-library.yml"
HOOKS = ".pre-commit-config.yaml"
EDIT = ("  # Do not cancel a run on main, which may be deploying.\n", "  # Ours: a run on main may be deploying.\n")


@pytest.fixture
def repository(first: LivingService, tmp_path: Path) -> LivingService:
    """A repository with the service in a subfolder, as versions before this one wrote it."""
    repository = LivingService(tmp_path / "all")
    first.copy(repository.folder / "services" / "library")
    (repository.folder / "services/library/.git").rename(repository.folder / ".git")
    repository.write("notes.txt", "Committed\n")
    repository.commit()
    return repository


@pytest.fixture
def inner(repository: LivingService) -> LivingService:
    """The service in the repository."""
    return LivingService(repository.folder / "services" / "library")


def test_a_service_in_a_subfolder_of_a_repository_is_updated(repository: LivingService, inner: LivingService) -> None:
    inner.add_line("README.md", "Ours.")
    repository.commit()

    outcome = inner.update({"plan": {"loans": {"phase": 4}}}, version=NEXT)

    assert outcome.code == 0
    assert inner.read("README.md").endswith("Ours.\n")
    assert (inner.folder / TESTS.replace("phase1", "phase4")).exists()
    assert not (repository.folder / "tests").exists()


@pytest.mark.parametrize("hooks", ["", "# Ours.\nrepos: []\n", "repos:\n- repo: meta\n  hooks:\n  - id: identity\n"])
def test_the_workflow_moves_to_the_root_with_the_edits_of_the_team(
    repository: LivingService, inner: LivingService, hooks: str
) -> None:
    inner.edit(WORKFLOW, *EDIT)
    if hooks:
        repository.write(HOOKS, hooks)
    repository.commit()
    before = repository.files()

    outcome = inner.update()

    assert outcome.code == 0
    assert not (inner.folder / ".github").exists()
    assert EDIT[1] in repository.read(AT_ROOT)
    assert "working-directory: services/library" in repository.read(AT_ROOT)
    assert "files: ^(services/library/|" in inner.read(HOOKS)
    assert inner.answers()["repository_folder"] == "services/library"
    if hooks.endswith("[]\n"):
        assert repository.read(HOOKS) == hooks
        assert "Add these lines to the list `repos`" in outcome.printed
        assert "- id: services-library" in outcome.printed
    else:
        assert repository.read(HOOKS).startswith(hooks)
        assert "- id: services-library" in repository.read(HOOKS)
    undo = outcome.printed.partition("To undo the update:\n")[2].splitlines()[0]
    subprocess.run(undo, shell=True, cwd=inner.folder, check=True, capture_output=True)
    assert repository.files() == before
    assert repository.status() == []


def test_edits_of_the_workflow_at_the_root_are_merged(repository: LivingService, inner: LivingService) -> None:
    inner.update()
    repository.commit()
    repository.edit(AT_ROOT, *EDIT)
    repository.write(HOOKS, "repos: []\n")
    repository.commit()
    before = repository.files()

    outcome = inner.update({"python_version": "3.13"})

    assert outcome.code == 0
    assert outcome.names("merged with your changes") == [f"../../{AT_ROOT}"]
    assert EDIT[1] in repository.read(AT_ROOT)
    assert 'UV_PYTHON: "3.13"' in repository.read(AT_ROOT)
    # The team's own file: an update adds the hook only once.
    assert repository.read(HOOKS) == "repos: []\n"
    undo = outcome.printed.partition("To undo the update:\n")[2].splitlines()[0]
    subprocess.run(undo, shell=True, cwd=inner.folder, check=True, capture_output=True)
    assert repository.files() == before


def test_a_conflict_at_the_root_is_one_of_git(repository: LivingService, inner: LivingService) -> None:
    inner.update()
    repository.commit()
    repository.write(AT_ROOT, repository.read(AT_ROOT).replace('UV_PYTHON: "3.11"', 'UV_PYTHON: "3.12"'))
    repository.commit()

    outcome = inner.update({"python_version": "3.13"})

    assert outcome.code == 3
    assert [line.partition(":")[0] for line in outcome.names("in CONFLICT")] == [f"../../{AT_ROOT}"]
    assert f"UU {AT_ROOT}" in repository.status()


def test_a_workflow_that_the_team_deleted_stays_deleted(repository: LivingService, inner: LivingService) -> None:
    inner.update()
    repository.commit()
    (repository.folder / AT_ROOT).unlink()
    repository.commit()

    outcome = inner.update({"python_version": "3.13"})

    assert outcome.code == 0
    assert outcome.names("changed by the template; you had deleted them") == [f"../../{AT_ROOT}"]
    assert not (repository.folder / AT_ROOT).exists()


def test_a_service_that_moves_takes_its_workflow_along(repository: LivingService, inner: LivingService) -> None:
    inner.update()
    repository.commit()
    repository.edit(AT_ROOT, *EDIT)
    (repository.folder / "apps").mkdir()
    inner.folder.rename(repository.folder / "apps/books")
    repository.commit()

    outcome = LivingService(repository.folder / "apps/books").update()

    assert outcome.code == 0
    assert not (repository.folder / AT_ROOT).exists()
    assert EDIT[1] in repository.read(".github/workflows/apps-books.yml")
    assert "services/library" not in repository.read(".github/workflows/apps-books.yml")


@pytest.mark.parametrize("folder", ["services/library", "apps/books"])
def test_a_workflow_that_the_team_renamed_is_followed(
    repository: LivingService, inner: LivingService, folder: str
) -> None:
    inner.update()
    other, renamed = ".github/workflows/a-stock.yml", ".github/workflows/library.yaml"
    stock = repository.read(AT_ROOT).replace("services/library", "services/stock")
    repository.write(other, stock)
    repository.write(renamed, repository.read(AT_ROOT).replace(*EDIT))
    (repository.folder / AT_ROOT).unlink()
    (repository.folder / folder).parent.mkdir(exist_ok=True)
    inner.folder.rename(repository.folder / folder)
    repository.commit()

    outcome = LivingService(repository.folder / folder).update({"python_version": "3.13"})

    assert outcome.code == 0
    assert f"../../{renamed}" in outcome.names("merged with your changes")
    assert EDIT[1] in repository.read(renamed)
    assert 'UV_PYTHON: "3.13"' in repository.read(renamed)
    assert f"working-directory: {folder}\n" in repository.read(renamed)
    assert sorted(path.name for path in (repository.folder / other).parent.iterdir()) == ["a-stock.yml", "library.yaml"]
    assert repository.read(other) == stock


def test_git_knows_the_folder_better_than_an_answer(repository: LivingService, inner: LivingService) -> None:
    inner.update()
    repository.commit()

    outcome = inner.update({"repository_folder": "elsewhere"})

    assert outcome.code == 0
    assert outcome.printed.startswith("There is nothing to do")


def test_changes_at_the_root_are_committed_first(repository: LivingService, inner: LivingService) -> None:
    repository.write(AT_ROOT, "name: Ours\n")
    repository.write("notes.txt", "Not committed\n")

    outcome = inner.update()

    assert outcome.code == 1
    assert outcome.printed.startswith(f"Some changes are not committed: {AT_ROOT}. ")


def test_a_folder_that_no_workflow_can_name_keeps_its_files(first: LivingService, tmp_path: Path) -> None:
    repository = LivingService(tmp_path / "all")
    inner = first.copy(repository.folder / "our services" / "library")
    (inner.folder / ".git").rename(repository.folder / ".git")
    repository.commit()

    outcome = inner.update({"python_version": "3.13"})

    assert outcome.code == 0
    assert 'UV_PYTHON: "3.13"' in inner.read(WORKFLOW)
    assert not (repository.folder / ".github").exists()


REFUSED: dict[str, tuple[dict[str, Any], str | None, str]] = {
    "another package": (
        {"package_name": "lending"},
        ":current:",
        'package_name: use library, which your team\'s code imports, not "lending".',
    ),
    "a bad answer": (
        {"coverage_total": 101},
        ":current:",
        'coverage_total: use a whole number from 0 to 100, not "101".',
    ),
    "no question": ({"colour": "red"}, ":current:", "colour: there is no such question; "),
    "no version": ({}, "v9.9.9", "Unknown revision: 'v9.9.9'"),
    "a plan of a module that is not there": (
        {"plan": {"fines": {"phase": 1}}},
        ":current:",
        'plan: use loans, members or patients (a module of the service), not "fines".',
    ),
}


@pytest.mark.parametrize(("changes", "version", "sentence"), REFUSED.values(), ids=REFUSED)
def test_invalid_options_are_refused(
    service: LivingService, changes: dict[str, Any], version: str | None, sentence: str
) -> None:
    before = service.files()

    outcome = service.update(changes, version=version)

    assert outcome.code == 1
    assert sentence in outcome.printed
    assert "\n" not in outcome.printed
    assert service.files() == before


LAX = {
    "template/macros/own_checks.jinja": (
        "{% if name.endswith('_id') %}",
        "{% if name == 'nothing' %}",
    )
}
"""A version of the template that allowed the names of references to end with `_id`."""


@pytest.mark.parametrize("asked", [False, True], ids=["defaults", "asked"])
def test_an_answer_that_is_no_longer_allowed_is_named(versions: Versions, tmp_path: Path, asked: bool) -> None:
    if "v0.0.9" not in git(versions.folder, "tag"):
        versions.release("v0.0.9", LAX)
    loans = {"fields": {"member_id": "-> members"}}
    service = versions.write(
        tmp_path / "library", ANSWERS | {"own_modules": {"members": MEMBERS, "loans": loans}}, "v0.0.9"
    )
    before = service.files()
    sentence = (
        'own_modules.loans.fields.member_id: use member, because a reference adds _id to its name, not "member_id".'
    )

    if asked:
        with answering() as person:
            person.will_say(*[ENTER] * 4)
            with pytest.raises(SystemExit) as refusal:
                ask_questions(load_rules(), {}, service.answers())
        output = str(refusal.value)
        assert output.endswith(" Change it with --data-file, or keep the version with --vcs-ref :current:.")
    else:
        output = service.update(version=FIRST).printed

    assert sentence in output
    assert service.files() == before
    assert service.status() == []


def test_uncommitted_changes_are_refused(service: LivingService) -> None:
    service.add_line("README.md", "Not committed.")

    assert service.update().printed == (
        "Some changes are not committed: README.md. Commit or stash them, so that you can undo the update."
    )
    assert service.read("README.md").endswith("Not committed.\n")


def test_a_service_outside_of_git_is_refused(service: LivingService, tmp_path: Path) -> None:
    (service.folder / ".git").rename(tmp_path / "elsewhere")

    assert service.update().printed == (
        "The service is not in a git repository, which is needed to undo an update: "
        'run `git init --initial-branch main && git add . && git commit -m "Write the service"` in its folder.'
    )


def test_a_service_that_is_not_committed_is_refused(service: LivingService) -> None:
    shutil.rmtree(service.folder / ".git")
    git(service.folder, "init", "--quiet")

    assert service.update().printed.startswith("The repository has no commit, which is needed to undo an update: run")


def test_the_reason_of_git_is_shown(service: LivingService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    output = service.update().printed

    assert output.startswith("git: detected dubious ownership in repository at '")
    assert f"git config --global --add safe.directory {service.folder}" in output
    assert "\n" not in output
    assert "commit" not in output


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    missing = LivingService(tmp_path / "nowhere")
    with pytest.raises(SystemExit) as refusal:
        update(missing.folder, {})

    # No advice to make a repository, perhaps of somebody's home.
    assert str(refusal.value) == (
        f"There is no .copier-answers.yml in {missing.folder}: run the command in the folder of a service."
    )


def test_without_git_an_update_is_refused(service: LivingService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert service.update().printed == "git: not installed."


@pytest.mark.parametrize("operation", ["merge", "cherry-pick", "revert", "rebase"])
def test_an_update_waits_until_git_is_done(service: LivingService, operation: str) -> None:
    folder = service.folder
    git(folder, "checkout", "--quiet", "-b", "other")
    service.add_line("README.md", "Theirs.")
    service.commit()
    git(folder, "checkout", "--quiet", "-")
    service.add_line("README.md", "Ours.")
    service.commit()
    git(folder, operation, "other", expect=1)
    if operation != "rebase":
        git(folder, "checkout", "HEAD", "--", ".")
    before = service.files()

    output = service.update(version=NEXT).printed

    assert output.startswith(f"A {operation} is in progress: finish or abort it")
    assert service.files() == before


def test_edits_of_the_suite_are_replaced_and_kept(service: LivingService) -> None:
    untouched = service.copy(service.folder.with_name("untouched"))
    service.add_line("tests/suite/gates.py", "# Ours: no gate for us.")
    (service.folder / "tests/suite/redis.py").unlink()
    service.commit()

    outcome = service.update(version=NEXT)

    assert untouched.update(version=NEXT).code == outcome.code == 0
    assert {path: content for path, content in service.files().items() if path.startswith("tests/suite/")} == {
        path: content for path, content in untouched.files().items() if path.startswith("tests/suite/")
    }
    assert outcome.names("owned by the template and replaced") == [
        "tests/suite/gates.py -> removed/tests/suite/gates.py"
    ]
    assert service.read("removed/tests/suite/gates.py").endswith("# Ours: no gate for us.\n")


def test_rewording_a_migration_does_not_change_its_tables(service: LivingService, versions: Versions) -> None:
    file = "template/project/migrations/versions/core_0001.py.jinja"
    # Older than `NEXT`, because other tests update to the newest version.
    first = "The tables of organisations, accounts, users, events and stored responses."
    versions.release("v0.1.1", {file: (first, "Creates the tables.")})
    before = service.read("migrations/versions/core_0001.py")

    outcome = service.update(version="v0.1.1")

    assert outcome.code == 0
    assert "The tables of" not in outcome.printed
    assert service.read("migrations/versions/core_0001.py") == before


@pytest.mark.parametrize("text", ["", "[]", "a: [", "package_name: library\n"])
def test_damaged_answers_are_reported(service: LivingService, text: str) -> None:
    service.write(".copier-answers.yml", text)
    service.commit()

    outcome = service.update()

    assert outcome.printed.startswith(".copier-answers.yml ")
    assert outcome.printed.endswith("restore it from an earlier commit.")
    assert "\n" not in outcome.printed


def test_an_answers_file_of_another_name_is_used(versions: Versions, tmp_path: Path) -> None:
    folder, name = tmp_path / "library", ".copier-answers.phasework.yml"
    copier.run_copy(str(versions.folder), folder, ANSWERS, vcs_ref=FIRST, answers_file=name, defaults=True, quiet=True)
    service = LivingService(folder)
    service.write(".copier-answers.yml", "_src_path: gh:ada/docs\n_commit: v1.0.0\nproject_name: Docs\n")
    service.commit()

    outcome = service.update({"coverage_total": 90}, version=NEXT)

    assert outcome.code == 0, outcome.printed
    assert service.read(".copier-answers.yml").startswith("_src_path: gh:ada/docs\n")
    recorded = yaml.safe_load(service.read(name))
    assert (recorded["_commit"], recorded["coverage_total"]) == (NEXT, 90)
    assert [path for path in service.status() if "answers" in path] == [f"M  {name}"]


def test_a_file_that_git_ignores_is_not_overwritten(service: LivingService) -> None:
    service.add_line(".gitignore", "tests/support/tidy.py")
    service.commit()
    service.write("tests/support/tidy.py", "# Ours, and in no commit.\n")

    outcome = service.update(version=NEXT)

    assert outcome.code == 1
    assert "tests/support/tidy.py is ignored by git" in outcome.printed
    assert service.read("tests/support/tidy.py") == "# Ours, and in no commit.\n"


LOSES: dict[str, tuple[dict[str, Any], str]] = {
    "phase": (
        {"plan": {"loans": {"phase": 4}}},
        "plan.loans.phase: use `phasework update` to move its tests, not `copier update`, which would delete",
    ),
    "catalog": (
        {"modules": []},
        "modules: use `phasework update` to remove patients, not `copier update`, which would delete your",
    ),
    "own": (
        {"own_modules": {"members": MEMBERS}},
        "own_modules: use `phasework update` to remove loans, not `copier update`,",
    ),
    "tables": (
        {"own_modules": {"loans": {"fields": {"title": "text"}}, "members": MEMBERS}},
        "own_modules.loans: use `phasework update` to change it, not `copier update`, which would rewrite",
    ),
    "package": (
        {"package_name": "lending"},
        'package_name: use library, which your team\'s code imports, not "lending".',
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), LOSES.values(), ids=LOSES)
def test_copier_refuses_to_lose_files(service: LivingService, changes: dict[str, Any], sentence: str) -> None:
    before = service.files()

    run = copier_update(
        service,
        "--vcs-ref",
        ":current:",
        *(
            f"--data={key}={json.dumps(value) if not isinstance(value, str) else value}"
            for key, value in changes.items()
        ),
    )

    assert run.returncode == 1
    assert sentence in run.stderr
    assert service.files() == before
    assert service.status() == []


def test_plain_copier_merges_an_improvement_and_a_module(service: LivingService) -> None:
    run = copier_update(service, "--data=modules=[patients, tickets]")

    assert run.returncode == 0, run.stderr
    assert "`phasework update` keeps and follows them" in run.stderr
    assert service.answers()["_commit"] == NEXT
    assert service.read("README.md").startswith("# The library in our street\n")
    assert sorted(service.answers()["plan"]) == ["loans", "members", "patients", "tickets"]


def test_plain_copier_updates_with_the_recorded_answers(service: LivingService) -> None:
    run = copier_update(service)

    assert run.returncode == 0, run.stderr
    assert service.answers()["_commit"] == NEXT


def test_plain_copier_says_what_it_loses(service: LivingService, versions: Versions) -> None:
    # Older than `NEXT`, because other tests update to the newest version.
    docs = "template/project/docs"
    git(versions.folder, "mv", f"{docs}/errors.md", f"{docs}/problems.md")
    chosen = ("the README: a section added", "the suite: a plugin file")
    versions.release("v0.1.2", *(CHANGES[change] for change in chosen))
    service.add_line("docs/errors.md", "Ours.")
    git(service.folder, "mv", "docs/testing.md", "docs/how-we-test.md")
    service.edit("README.md", "## Check the code", "## Check our code")
    service.commit()

    run = copier_update(service, "--vcs-ref=v0.1.2")

    assert run.returncode == 0
    assert "deletes your changes in files that the template moves or no longer has" in run.stderr
    assert not (service.folder / "docs/errors.md").exists()
    assert "Ours." not in service.read("docs/problems.md")
    assert "does not follow files that you renamed" in run.stderr
    assert "No test leaves a file behind." not in service.read("docs/how-we-test.md")
    assert "exits with 0 even if files are in conflict: `git diff --check` names them" in run.stderr
    assert "README.md" in git(service.folder, "diff", "--check", expect=2)


def test_a_version_that_changes_first_migrations_adds_the_next_one(
    service: LivingService, versions: Versions, tmp_path: Path
) -> None:
    # Older than `NEXT`, because other tests update to the newest version.
    column = "        {{ column('updated_at', 'UtcDateTime()') }}\n"
    more = column.replace("updated_at", "checked_at").replace(")')", ")', true)")
    versions.release("v0.1.3", {"template/catalog/_own/migration.py.jinja": (column, column + more)})
    first = service.read("migrations/versions/loans_0001.py")
    other = service.copy(tmp_path / "other")

    outcome = service.update(version="v0.1.3")
    run = copier_update(other, "--vcs-ref=v0.1.3")

    loans, members = sorted(line.split(",")[0] for line in outcome.names("migrations that follow yours"))
    assert 'sa.Column("checked_at", UtcDateTime(), nullable=True)' in service.read(loans)
    assert members.startswith("migrations/versions/members_0002_")
    assert run.returncode == 0, run.stderr
    assert service.read("migrations/versions/loans_0001.py") == first
    assert other.read("migrations/versions/loans_0001.py") == first


def copier_update(service: LivingService, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `copier update`."""
    command = [sys.executable, "-m", "copier", "update", "--defaults", *options]
    return subprocess.run(command, cwd=service.folder, capture_output=True, text=True, check=False)
