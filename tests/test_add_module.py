"""`python -m scripts.add_module` adds a module by conversation, or from a file; left at any point, it changes nothing."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cases import CASES
from tests.support.services import Service, copy_template, write_service
from tests.support.terminal import CLEAR, CTRL_C, CTRL_D, DOWN, ENTER, UP, WIDTH, Terminal
from tests.support.updates import scripts
from tests.test_bad_answers import BAD_ANSWERS

# They share a service, which each test copies.
pytestmark = pytest.mark.xdist_group("add_module")

ANSWERS = ".copier-answers.yml"
COMMAND = ("python", "-m", "scripts.add_module")
OWN_MODULE = UP + ENTER
"""The last one of the modules that are offered."""
TYPES = ["str", "text", "int", "decimal", "bool", "date", "datetime", "uuid", "email", "url", "json", "texts", "record"]

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
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a repository with a version, which is what an update takes."""
    return commit(copy_template(tmp_path_factory.mktemp("released")), "v1.0.0")


@pytest.fixture(scope="module")
def committed(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service with tickets that its team has committed."""
    service = write_service(released, tmp_path_factory.mktemp("committed") / "service", {"modules": ["tickets"]})
    commit(service.folder)
    return service


@pytest.fixture
def service(committed: Service, tmp_path: Path) -> Service:
    """The same, for a test to change."""
    folder = shutil.copytree(committed.folder, tmp_path / "service")
    return Service(folder, committed.files, committed.python)


@pytest.fixture
def open_terminal(service: Service) -> Iterator[Callable[..., Terminal]]:
    """Start the command in a terminal: `open_terminal("patients")`."""
    terminals: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        terminals.append(Terminal(service.command(*COMMAND, *arguments), service.folder, service.variables))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.process.close(force=True)


def git(folder: Path, *arguments: str) -> str:
    """Run a command of git and return what it printed."""
    names = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
    command = ["git", *names, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path, tag: str = "") -> Path:
    """Commit a folder, in a repository of its own, as the version `tag` if there is one."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    if tag:
        git(folder, "tag", tag)
    return folder


def status(service: Service) -> str:
    """Return what differs from the commit."""
    return git(service.folder, "status", "--porcelain", "--untracked-files=all")


def read_service(service: Service) -> dict[str, Any]:
    """Return what stands in each file of a service; of the answers, the order is not told."""
    tracked = git(service.folder, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    files = {path: (service.folder / path).read_bytes() for path in tracked}
    return files | {ANSWERS: yaml.safe_load(files[ANSWERS])}


# --- Your own module


def begin(terminal: Terminal) -> None:
    """Answer up to the fields."""
    terminal.answer("Which module?", UP)
    terminal.answer("Its name", "loans")
    terminal.answer("One of them")
    terminal.answer("The phase in which loans is due", CLEAR + "2")
    terminal.answer("How much of loans must be covered", CLEAR + "85")


def add_field(terminal: Terminal, name: str, kind: str, *details: str, more: str = "y") -> None:
    """Answer the questions of a field; `details` are what is typed at those that its type brings."""
    terminal.answer("its name:", name)
    terminal.answer(f"The type of {name}", DOWN * TYPES.index(kind))
    for question, typed in zip(QUESTIONS[kind], details, strict=True):
        terminal.wait_for(question)
        terminal.type(typed)
    terminal.wait_for("Add another field?")
    terminal.type(more)


OPTIONAL, DEFAULT = "Optional?", "Its default"
QUESTIONS = {kind: [OPTIONAL, DEFAULT] for kind in TYPES} | {
    "datetime": [OPTIONAL],
    "json": [OPTIONAL],
    "texts": ["The texts"],
    "record": ["To which module", OPTIONAL],
}


def test_a_whole_conversation_writes_what_its_answers_describe(
    service: Service, released: Path, tmp_path: Path, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    begin(terminal)
    add_field(terminal, "title", "str", "n", ENTER)
    add_field(terminal, "copies", "int", "n", "1" + ENTER)
    add_field(terminal, "fee", "decimal", "y", "2.50" + ENTER)
    add_field(terminal, "site", "url", "y", ENTER)
    add_field(terminal, "extra", "json", ENTER)
    add_field(terminal, "kind", "texts", "short, long" + ENTER)
    add_field(terminal, "ticket", "record", ENTER, "n")
    terminal.answer("its name:", "renewed")
    terminal.answer("The type of renewed", UP)
    terminal.answer("To which module", UP)
    terminal.wait_for("Add another field?")
    terminal.type("n")
    terminal.answer("Unique within an organisation", " " + DOWN + " ")
    terminal.answer("Searched", DOWN + " ")
    terminal.answer("Its states", "requested, active, returned, rejected")
    terminal.answer("From requested to", DOWN + " " + DOWN * 2 + " ")
    terminal.answer("From active to", DOWN * 2 + " ")
    terminal.answer("From returned to")
    terminal.answer("From rejected to")
    terminal.wait_for("Add it to the service?")
    terminal.type("y")

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    shown = "\n".join(terminal.lines).partition("\nloans:")[2].partition("\n? Add it")[0]
    assert yaml.safe_load(f"loans:{shown}") == {"loans": LOANS}
    answers = {
        "modules": ["tickets"],
        "own_modules": {"loans": LOANS},
        "plan": {"loans": {"coverage": 85, "phase": 2}, "tickets": {"coverage": 85, "phase": 1}},
    }
    fresh = write_service(released, tmp_path / "fresh", answers)
    assert read_service(service) == {**fresh.files, ANSWERS: fresh.answers}

    tests = [path for path in fresh.files if Path(path).match("test_loans_*.py") and "performance" not in path]
    assert len(tests) == 4
    service.run_suite("--no-cov", "-p", "no:randomly", *tests)
    service.run("ruff", "check")
    service.run("ruff", "format", "--check")
    service.run("mypy", "src", *tests)


def test_a_wrong_answer_is_told_at_once_at_every_question(
    service: Service, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    terminal.answer("Which module?", UP)
    for question, wrong, sentence, right in [
        ("Its name", "Loans", '"Loans" is not allowed as a module\'s name', "pages"),
        ("One of them", "Page", 'pages.entity: "Page" is a name that the generated code uses', "WebPage"),
        ("is due", "soon", 'pages.phase: "soon" is not allowed; a whole number from 1 to 9 is.', "2"),
        ("in percent", "101", 'pages.coverage: "101" is not allowed; a whole number from 0 to 100 is.', "90"),
        ("Field 1", "class", "pages.fields.class: a field cannot bear the name of a Python keyword", "state"),
    ]:
        terminal.answer(question, CLEAR + wrong)
        terminal.wait_for(sentence[:WIDTH].rpartition(" ")[0])
        terminal.answer(question, CLEAR + right)
    terminal.answer("The type of state", DOWN * TYPES.index("texts"))
    terminal.answer("The texts", "a, a")
    terminal.wait_for("pages.fields.state: a choice stands twice in the list")
    terminal.answer("The texts", CLEAR + "a")
    terminal.wait_for("Add another field?")
    terminal.type("y")
    terminal.answer("Field 2", "state")
    terminal.wait_for("pages.fields: there is a field state already")
    terminal.answer("Field 2", CLEAR + "organisation")
    terminal.answer("The type of organisation", UP)
    terminal.answer("To which module")
    terminal.wait_for("Optional?")
    terminal.type("y")
    terminal.wait_for("pages.fields.organisation: this name is taken by the generated code")
    terminal.answer("Field 2", "copies")
    terminal.answer("The type of copies", DOWN * TYPES.index("int"))
    terminal.wait_for("Optional?")
    terminal.type("n")
    terminal.answer("Its default", "many")
    terminal.wait_for('pages.fields.copies: the default "many" is not of type int')
    terminal.answer("Its default", CLEAR)
    terminal.wait_for("Add another field?")
    terminal.type("n")
    terminal.answer("Unique within", "")
    terminal.answer("Its states", "open")
    terminal.wait_for("pages.fields.state: a module with states has a field state already")
    terminal.answer("Its states", CLEAR)
    terminal.wait_for("Add it to the service?")
    assert [line for line in terminal.lines if len(line) > WIDTH] == []
    terminal.type("n")

    assert terminal.finish() == 1
    assert terminal.lines[-1] == "Nothing was changed."
    assert status(service) == ""


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_nothing_is_changed_when_the_person_leaves(
    service: Service, open_terminal: Callable[..., Terminal], key: str
) -> None:
    terminal = open_terminal()
    begin(terminal)
    terminal.wait_for("Field 1")
    terminal.type(key)

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was changed."
    assert status(service) == ""


def test_nothing_is_changed_when_the_person_leaves_a_list(
    service: Service, open_terminal: Callable[..., Terminal]
) -> None:
    terminal = open_terminal()
    terminal.wait_for("Which module?")
    terminal.type(CTRL_C)

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was changed."
    assert status(service) == ""


# --- A module of the catalog


def test_a_module_of_the_catalog_brings_what_it_needs(service: Service, open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal("journeys")
    terminal.wait_for("journeys takes patients as well. Add that, too?")
    terminal.type(ENTER)
    terminal.answer("The phase in which patients is due")
    terminal.answer("How much of patients must be covered", CLEAR + "101")
    terminal.wait_for('plan.patients.coverage: "101" is not allowed; a whole number from 0 to 100 is.')
    terminal.answer("How much of patients must be covered", CLEAR + "70")
    terminal.answer("The phase in which journeys is due", CLEAR + "4")
    terminal.answer("How much of journeys must be covered")
    terminal.wait_for("Add it to the service?")
    terminal.type(ENTER)

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    answers = Service(service.folder, {}).answers
    assert answers["modules"] == ["journeys", "patients", "tickets"]
    assert answers["plan"] == {
        "journeys": {"coverage": 85, "phase": 4},
        "patients": {"coverage": 70, "phase": 3},
        "tickets": {"coverage": 85, "phase": 1},
    }
    assert (service.folder / "tests/unit/phase4/test_journeys_service.py").is_file()


def test_nothing_is_added_without_what_it_needs(service: Service, open_terminal: Callable[..., Terminal]) -> None:
    terminal = open_terminal()
    terminal.answer("Which module?")
    terminal.wait_for("appointments takes patients as well. Add that, too?")
    terminal.type("n")

    assert terminal.finish() == 1
    assert terminal.lines[-1] == "Nothing was changed."
    assert status(service) == ""


# --- From a file


def test_a_file_brings_modules_of_both_kinds(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "modules.yml"
    file.write_text("loans:\n  fields:\n    title: str\n    patient: -> patients\npatients:\n  phase: 5\n")

    service.run(*COMMAND, "--from", str(file))

    answers = Service(service.folder, {}).answers
    assert answers["modules"] == ["patients", "tickets"]
    assert answers["own_modules"] == {"loans": {"fields": {"title": "str", "patient": "-> patients"}}}
    assert answers["plan"]["patients"] == {"phase": 5, "coverage": 85}
    assert (service.folder / "tests/unit/phase1/test_loans_service.py").is_file()
    assert (service.folder / "tests/unit/phase5/test_patients_service.py").is_file()


REFUSED = {
    "an unknown type": (
        "loans: {fields: {title: number}}",
        'loans.fields.title: "number" is no type; allowed are str,',
    ),
    "no YAML": ("loans: {", "FILE: line 1 is no YAML: expected the node content, but found '<stream end>'."),
    "a module without what it needs": ("journeys:", "modules: journeys needs patients; tick patients as well,"),
    "a module that is there": ("tickets:", "tickets: the service has a module of this name already: leave it out,"),
    "a file of answers": (
        "own_modules: {loans: {}}",
        "FILE: leave out own_modules; each module stands at the top by its",
    ),
    "a wrong plan": ("patients: {phase: 0}", 'plan.patients.phase: "0" is not allowed; a whole number from 1 to 9 is.'),
}


def test_a_file_that_is_refused_gets_one_sentence(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "modules.yml"
    said = {}
    for case, (text, _) in REFUSED.items():
        file.write_text(text)
        said[case] = service.run(*COMMAND, "--from", str(file), expect=1).replace(str(file), "FILE")

    assert {case: sentence for case, (_, sentence) in REFUSED.items() if not said[case].startswith(sentence)} == {}
    assert {case: text for case, text in said.items() if text.count("\n") != 1} == {}
    assert status(service) == ""


def test_without_a_terminal_the_file_is_named(service: Service) -> None:
    command = service.command(*COMMAND)
    run = subprocess.run(
        command, cwd=service.folder, env=service.variables, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )

    assert run.returncode == 1
    assert run.stderr == "Questions take a terminal: describe the module in a file, and pass that by --from FILE.\n"


def test_changes_that_are_not_committed_are_refused_before_the_first_question(
    service: Service, open_terminal: Callable[..., Terminal]
) -> None:
    (service.folder / "README.md").write_text("Mine.")
    terminal = open_terminal()

    assert terminal.finish() == 1
    assert "not committed" in terminal.lines[0]


# --- The rules are those of the template


@pytest.fixture(scope="module")
def rules(template: Path) -> Any:
    """What the command judges answers by."""
    return scripts("template").Template(template)


def complete(answers: dict[str, Any]) -> dict[str, Any]:
    """Return answers as an answers file has them, with the defaults of what was not said."""
    blank = answers.get("domain") == "blank"
    defaults = {
        "project_name": "Clinic Service",
        "package_name": "clinic_service",
        "description": "A service.",
        "domain": "clinic",
        "modules": [] if blank else ["appointments", "journeys", "patients", "tickets"],
        "own_modules": {},
        "plan": {},
        "coverage_total": 75,
        "database_access": "sync",
        "python_version": "3.11",
    }
    return defaults | answers


def test_what_copier_refuses_is_refused_in_the_same_words(rules: Any) -> None:
    # The others are about questions that no conversation asks.
    cases = {case: bad for case, bad in BAD_ANSWERS.items() if bad[1].startswith("own_modules.")}
    said = {case: (rules.problem(complete(answers)), sentence) for case, (answers, sentence) in cases.items()}

    expected = {
        case: sentence.removeprefix("own_modules: ").removeprefix("own_modules.")
        for case, (_, sentence) in said.items()
    }
    assert {case: problem for case, (problem, _) in said.items()} == expected


def test_what_copier_takes_is_taken(rules: Any) -> None:
    assert {case: rules.problem(complete(answers)) for case, answers in CASES.items()} == dict.fromkeys(CASES, "")
