"""`phasework add` in a terminal, and with a file; it changes nothing before its last question is answered."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.services import Service, write_service
from tests.support.terminal import CLEAR, CTRL_C, CTRL_D, DOWN, ENTER, UP, WIDTH, Terminal
from tests.support.updates import ANSWERS, COMMAND, WORKING_TREE, LivingService, Versions, git, make_versions

# They share a service, which each test copies.
pytestmark = pytest.mark.xdist_group("add")

TYPES = [
    *("str", "text", "int", "decimal", "money", "float", "bool", "date", "datetime", "time", "duration", "uuid"),
    *("email", "url", "phone", "country", "currency", "str[]", "json", "texts", "record"),
]

LOANS: dict[str, Any] = {
    "phase": 2,
    "coverage": 85,
    "fields": {
        "title": "str",
        "copies": "int = 1",
        "fee": "decimal? = 2.50",
        "site": "url?",
        "extra": "json",
        "kind": ["short", "long"],
        "ticket": "-> tickets",
        "renewed": "-> loans?",
    },
    "unique": ["title", "copies"],
    "search": ["site"],
    "states": {"requested": ["active", "rejected"], "active": ["returned"], "returned": [], "rejected": []},
}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """The template as a repository with a version."""
    return make_versions(tmp_path_factory.mktemp("versions"))


@pytest.fixture(scope="module")
def committed(versions: Versions, tmp_path_factory: pytest.TempPathFactory) -> LivingService:
    """A service with tickets that its team has committed."""
    return versions.write(tmp_path_factory.mktemp("committed") / "service", {"modules": ["tickets"]})


@pytest.fixture
def service(committed: LivingService, tmp_path: Path) -> LivingService:
    """A copy of it that a test can change."""
    return committed.copy(tmp_path / "service")


@pytest.fixture
def open_terminal(service: LivingService) -> Iterator[Callable[..., Terminal]]:
    """Start the command in a terminal: `open_terminal("patients")`."""
    terminals: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        terminals.append(Terminal([*COMMAND, "add", *arguments], service.folder, WORKING_TREE))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.process.close(force=True)


def read_service(service: LivingService) -> dict[str, Any]:
    """Return the files of a service; the order of the answers does not matter."""
    tracked = git(service.folder, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    files = {path: (service.folder / path).read_bytes() for path in tracked}
    return files | {ANSWERS: yaml.safe_load(files[ANSWERS])}


def begin(terminal: Terminal) -> None:
    """Answer up to the fields."""
    terminal.answer("Which module?", UP)
    terminal.answer("Name of the module", "loans")
    terminal.answer("Name of one record")
    terminal.answer("Phase of loans", CLEAR + "2")
    terminal.answer("Minimum coverage of loans", CLEAR + "85")


def add_field(terminal: Terminal, name: str, kind: str, *details: str, more: str = "y") -> None:
    """Answer the questions about a field; `details` answer the questions about its type."""
    terminal.answer("Name of field", name)
    terminal.answer(f"Type of {name}", DOWN * TYPES.index(kind))
    for question, typed in zip(QUESTIONS[kind], details, strict=True):
        terminal.answer(question, typed)
    terminal.answer("Add another field?", more)


OPTIONAL, DEFAULT = "optional?", "Default of"
QUESTIONS = {kind: [OPTIONAL, DEFAULT] for kind in TYPES} | {
    "datetime": [OPTIONAL],
    "json": [OPTIONAL],
    "texts": ["Which texts?"],
    "record": ["Which module?", OPTIONAL],
}


def test_a_whole_conversation_writes_the_described_module(
    service: LivingService, versions: Versions, tmp_path: Path, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    begin(terminal)
    add_field(terminal, "title", "str", "n", "")
    add_field(terminal, "copies", "int", "n", "1")
    add_field(terminal, "fee", "decimal", "y", "2.50")
    add_field(terminal, "site", "url", "y", "")
    add_field(terminal, "extra", "json", "")
    add_field(terminal, "kind", "texts", "short, long")
    add_field(terminal, "ticket", "record", "", "n")
    terminal.answer("Name of field", "renewed")
    terminal.answer("Type of renewed", UP)
    terminal.answer("Which module?", UP)
    terminal.answer("Add another field?", "n")
    terminal.answer("Which fields are unique?", " " + DOWN + " ")
    terminal.answer("Which fields does the search", DOWN + " ")
    terminal.answer("States, separated by commas", "requested, active, returned, rejected")
    terminal.answer("follow requested?", DOWN + " " + DOWN * 2 + " ")
    terminal.answer("follow active?", DOWN * 2 + " ")
    terminal.answer("follow returned?")
    terminal.answer("follow rejected?")
    terminal.answer("Add this to the service?", "y")

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    shown = "\n".join(terminal.lines).partition("\nloans:")[2].partition("\n? Add this")[0]
    assert yaml.safe_load(f"loans:{shown}") == {"loans": LOANS}
    answers = {
        "modules": ["tickets"],
        "own_modules": {"loans": LOANS},
        "plan": {"loans": {"coverage": 85, "phase": 2}, "tickets": {"coverage": 85, "phase": 1}},
    }
    fresh = write_service(versions.folder, tmp_path / "fresh", answers)
    assert read_service(service) == {**fresh.files, ANSWERS: fresh.answers}

    tests = [path for path in fresh.files if Path(path).match("test_loans_*.py") and "performance" not in path]
    assert len(tests) == 4
    runnable = Service(service.folder, fresh.files)
    runnable.run_suite("--no-cov", "-p", "no:randomly", *tests)
    runnable.run("ruff", "check")
    runnable.run("ruff", "format", "--check")
    runnable.check_types("src", *tests)


def test_every_question_refuses_a_wrong_answer_immediately(
    service: LivingService, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    terminal.answer("Which module?", UP)
    for question, wrong, sentence, right in [
        (
            "Name of the module",
            "Loans",
            "use a-z, 0-9 and _, at most 30, a letter first, for the name of a module",
            "pages",
        ),
        ("Name of one record", "Page", "pages.entity: use OwnPage or another name", "WebPage"),
        (
            "Phase of pages",
            "soon",
            'pages.phase: use a whole number from 1 to 9, not "soon".',
            "2",
        ),
        ("Minimum coverage", "101", 'pages.coverage: use a whole number from 0 to 100, not "101".', "90"),
        ("Name of field 1", "class", "pages.fields.class: use another name because", "state"),
    ]:
        terminal.answer(question, CLEAR + wrong)
        terminal.wait_for(sentence[:WIDTH].rpartition(" ")[0])
        terminal.answer(question, CLEAR + right)
    terminal.answer("Type of state", DOWN * TYPES.index("texts"))
    terminal.answer("Which texts?", "a, a")
    terminal.wait_for("pages.fields.state: use each choice only once.")
    terminal.answer("Which texts?", CLEAR + "a")
    terminal.answer("Add another field?", "y")
    terminal.answer("Name of field 2", "state")
    terminal.wait_for("pages.fields: there is already a field state")
    terminal.answer("Name of field 2", CLEAR + "organisation")
    terminal.answer("Type of organisation", UP)
    terminal.answer("Which module?")
    terminal.answer("Is organisation optional?", "y")
    terminal.wait_for("pages.fields.organisation: use page_organisation or another name")
    terminal.answer("Name of field 2", "copies")
    terminal.answer("Type of copies", DOWN * TYPES.index("int"))
    terminal.answer("Is copies optional?", "n")
    terminal.answer("Default of copies", "many")
    terminal.wait_for("pages.fields.copies: use a whole number")
    terminal.answer("Default of copies", CLEAR)
    terminal.answer("Add another field?", "n")
    terminal.answer("Which fields are unique?", "")
    terminal.answer("States, separated by commas", "open")
    terminal.wait_for("pages.fields.state: use another name because")
    terminal.answer("States, separated by commas", CLEAR)
    terminal.wait_for("Add this to the service?")
    assert [line for line in terminal.lines if len(line) > WIDTH] == []
    terminal.type("n" + ENTER)

    assert terminal.finish() == 1
    assert terminal.lines[-1] == "Nothing was changed."
    assert service.status() == []


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_nothing_changes_if_the_user_cancels(
    service: LivingService, open_terminal: Callable[..., Terminal], key: str
) -> None:
    terminal = open_terminal()
    begin(terminal)
    terminal.wait_for("Name of field 1")
    terminal.type(key)

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was changed."
    assert service.status() == []


def test_nothing_changes_if_the_user_cancels_a_list(
    service: LivingService, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    terminal.wait_for("Which module?")
    terminal.type(CTRL_C)

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was changed."
    assert service.status() == []


def test_a_named_module_of_the_catalog_is_added_with_what_it_needs(
    service: LivingService, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal("journeys")
    terminal.answer("journeys needs patients. Add it too?")
    for question in (
        "Phase of patients",
        "Minimum coverage of patients",
        "Phase of journeys",
    ):
        terminal.answer(question)
    terminal.answer("Minimum coverage of journeys", CLEAR + "70")
    terminal.answer("Add this to the service?")

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    assert service.answers()["modules"] == ["tickets", "patients", "journeys"]
    assert service.answers()["plan"]["journeys"] == {"coverage": 70, "phase": 1}
    assert (service.folder / "tests/unit/phase1/test_journeys_service.py").is_file()


def test_a_file_adds_modules_of_both_kinds(service: LivingService, tmp_path: Path) -> None:
    file = tmp_path / "modules.yml"
    file.write_text("loans:\n  fields:\n    title: str\n    patient: -> patients\npatients:\n  phase: 5\n")

    run = subprocess.run(
        [*COMMAND, "add", "--from", str(file)],
        cwd=service.folder,
        env=WORKING_TREE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert service.answers()["modules"] == ["tickets", "patients"]
    assert service.answers()["own_modules"] == {"loans": {"fields": {"title": "str", "patient": "-> patients"}}}
    assert service.answers()["plan"]["patients"] == {"phase": 5, "coverage": 85}
    assert (service.folder / "tests/unit/phase1/test_loans_service.py").is_file()
    assert (service.folder / "tests/unit/phase5/test_patients_service.py").is_file()


def test_changes_that_are_not_committed_are_refused_before_the_first_question(
    service: LivingService, open_terminal: Callable[..., Terminal]
) -> None:
    service.write("README.md", "Mine.")
    terminal = open_terminal()

    assert terminal.finish() == 1
    assert "not committed" in terminal.lines[0]
