"""`phasework add` asks for a module, or reads it from a file, and turns it into changed answers."""

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from phasework import cli
from phasework.answers import Answers
from phasework.commands.add import add_modules, describe
from phasework.modules import change_answers, common_domain, read_all_answers
from phasework.rules import Rules
from tests.support.person import CTRL_C, CTRL_D, ENTER, NO, OWN_MODULE, REFERENCE, TEXTS, YES, Person, answering
from tests.support.subsets import offered_in

OTHERS = ", ".join(name for name in offered_in("clinic") if name != "tickets")
SACKS = {"fields": {"title": "str"}}


@pytest.fixture
def answers(rules: Rules) -> Answers:
    """The answers of a service with tickets and an own module."""
    return rules.with_defaults({"modules": ["tickets"], "own_modules": {"sacks": SACKS}})


@pytest.fixture
def modules_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file of modules: `modules_file("patients:")`."""

    def write(text: str) -> Path:
        file = tmp_path / "modules.yml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_an_own_module_is_described_step_by_step(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say(OWN_MODULE, "parcels", ENTER, "2", "85")
    person.will_say("title", "str", YES, "none", YES)
    person.will_say("count", "int", NO, ENTER, YES)
    person.will_say("kind", TEXTS, "a, b", YES)
    person.will_say("sack", REFERENCE, "sacks", NO, YES)
    person.will_say("parent", REFERENCE, "parcels", NO)
    person.will_say(["title"], ["title"])
    person.will_say("open, closed", ["closed"], [], YES)

    assert describe(rules, answers, [], None) == {
        "parcels": {
            "phase": 2,
            "coverage": 85,
            "fields": {
                "title": "str? = none",
                "count": "int",
                "kind": ["a", "b"],
                "sack": "-> sacks",
                "parent": "-> parcels?",
            },
            "unique": ["title"],
            "search": ["title"],
            "states": {"open": ["closed"], "closed": []},
        }
    }


def test_a_refused_answer_is_explained_and_the_question_asked_again(
    rules: Rules, answers: Answers, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(OWN_MODULE, "sacks", "Loans", "parcels", "parcel", "Parcel", "soon", "1", "101", "80")
    person.will_say("class", "title", "str", NO, ENTER, YES)
    person.will_say("title", "count", "int", NO, "many", "3", NO)
    person.will_say([], [], "open, open", "", NO)

    assert describe(rules, answers, [], None) == {}
    printed = " ".join(capsys.readouterr().out.split())
    for sentence in (
        "sacks: the service has a module of this name; choose another name.",
        "use a-z, 0-9 and _, at most 30, a letter first, for the name of a module",
        "parcels.entity: use a capital letter",
        'parcels.phase: use a whole number from 1 to 9, not "soon".',
        'parcels.coverage: use a whole number from 0 to 100, not "101".',
        "parcels.fields.class: ",
        "parcels.fields: there is already a field title; choose another name.",
        "parcels.fields.count: use a whole number",
        "parcels.states: a state is listed twice; each is allowed once.",
    ):
        assert sentence in printed


def test_an_unreachable_state_is_asked_about_again(
    rules: Rules, answers: Answers, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(OWN_MODULE, "parcels", ENTER, ENTER, ENTER, "title", "str", NO, ENTER, NO, [], [])
    person.will_say("open, closed, lost", ["closed"], [], [], ENTER, ["lost"], ENTER, YES)

    described = describe(rules, answers, [], None)

    assert described["parcels"]["states"] == {"open": ["closed"], "closed": ["lost"], "lost": []}
    assert "parcels.states: use lost after another state, as in closed: [lost]," in capsys.readouterr().out


def test_enter_ends_the_fields(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say(OWN_MODULE, "parcels", ENTER, ENTER, ENTER, "title", "str", NO, ENTER, YES, "", [], [], ENTER, YES)

    assert describe(rules, answers, [], None)["parcels"]["fields"] == {"title": "str"}


def test_the_default_entity_is_allowed(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say(OWN_MODULE, "pages", ENTER, ENTER, ENTER, "title", "str", NO, ENTER, NO, [], [], ENTER, YES)

    assert describe(rules, answers, [], None)["pages"]["entity"] == "OwnPage"


def test_needed_modules_are_added_with_a_module_of_the_catalog(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say("journeys", YES, ENTER, ENTER, "0", "4", "95", YES)

    described = describe(rules, answers, [], None)

    assert described == {"patients": {"phase": 3, "coverage": 85}, "journeys": {"phase": 4, "coverage": 95}}
    changes = change_answers(rules, answers, described)
    assert changes["modules"] == ["tickets", "patients", "journeys"]
    assert changes["plan"] == answers["plan"] | described


def test_a_named_module_is_not_asked_for(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say(ENTER, ENTER, YES)

    assert describe(rules, answers, ["patients"], None) == {"patients": {"phase": 3, "coverage": 85}}


def test_needed_modules_can_be_declined(rules: Rules, answers: Answers, person: Person) -> None:
    person.will_say(NO)

    assert describe(rules, answers, ["journeys"], None) == {}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("ships", f'"ships" is not a module that can be added; {OTHERS} can be.'),
        ("tickets", "tickets: the service has this module already."),
        ("sacks", "sacks: the service has this module already."),
    ],
)
def test_a_module_that_cannot_be_added_is_refused(rules: Rules, answers: Answers, name: str, sentence: str) -> None:
    with pytest.raises(SystemExit) as error:
        describe(rules, answers, [name], None)

    assert error.value.code == sentence


def test_only_own_modules_are_offered_if_the_service_has_the_whole_catalog(
    rules: Rules, answers: Answers, person: Person
) -> None:
    person.will_say(CTRL_C)

    with pytest.raises(KeyboardInterrupt):
        describe(rules, answers | {"modules": offered_in("clinic")}, [], None)

    assert person.asked[0].startswith("Name of the module")


def test_a_service_without_a_domain_gets_that_of_its_first_module(rules: Rules) -> None:
    answers = rules.with_defaults({"domain": "blank"})

    assert change_answers(rules, answers, {"tickets": {}}) == {
        "domain": "clinic",
        "modules": ["tickets"],
        "plan": {"tickets": {"phase": 1, "coverage": 85}},
    }


def test_a_service_without_a_domain_gets_the_one_that_offers_all_its_modules() -> None:
    assert common_domain([["clinic", "platform"], ["platform"]]) == "platform"
    assert common_domain([["clinic"], ["platform"]]) == "clinic"


def test_a_file_describes_modules_of_both_kinds(
    rules: Rules, answers: Answers, modules_file: Callable[[str], Path]
) -> None:
    file = modules_file("parcels: {phase: 4, fields: {title: str}}\npatients:\n")

    changes = change_answers(rules, answers, describe(rules, answers, [], file))

    assert changes == {
        "modules": ["tickets", "patients"],
        "own_modules": {"sacks": SACKS, "parcels": {"phase": 4, "fields": {"title": "str"}}},
        "plan": answers["plan"] | {"parcels": {"phase": 4, "coverage": 80}, "patients": {"phase": 3, "coverage": 85}},
    }


REFUSED = {
    "an empty file": ("", "FILE describes no module."),
    "a list": ("[loans]", "FILE: use a mapping of each module's name"),
    "an unknown type": (
        "loans: {fields: {title: number}}",
        "loans.fields.title: use int or decimal",
    ),
    "no YAML": ("loans: {", "FILE: line 1, column 9: close the bracket or brace before it."),
    "a module without what it needs": ("journeys:", "modules: tick patients, which journeys needs,"),
    "a module that exists": ("tickets:", "tickets: the service has a module of this name already: leave it out,"),
    "an own module that exists": ("sacks: {fields: {title: str}}", "sacks: the service has a module of this name"),
    "a file of answers": ("own_modules: {}", "FILE: leave out own_modules; write each module by its name at the top"),
    "a wrong plan": ("patients: {phase: 0}", 'plan.patients.phase: use a whole number from 1 to 9, not "0".'),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_refused_file_gets_one_sentence(
    rules: Rules, answers: Answers, modules_file: Callable[[str], Path], text: str, sentence: str
) -> None:
    file = modules_file(text)

    with pytest.raises(SystemExit) as error:
        change_answers(rules, answers, describe(rules, answers, [], file))

    output = str(error.value.code).replace(str(file), "FILE")
    assert output.startswith(sentence)
    assert "\n" not in output


def test_invalid_answers_of_the_service_are_named(rules: Rules, answers: Answers) -> None:
    with pytest.raises(SystemExit, match=r"The recorded answers are refused: plan\.sacks\.phase: use a whole number"):
        describe(rules, answers | {"plan": {"sacks": {"phase": 0}}}, [], None)


def test_questions_that_were_not_asked_have_empty_answers(tmp_path: Path) -> None:
    file = tmp_path / ".copier-answers.yml"
    file.write_text("_src_path: gh:ada/template\n_commit: v1.0.0\nplan: null\n")

    assert read_all_answers(file).items() >= {"modules": [], "own_modules": {}, "plan": {}}.items()


def test_a_damaged_answer_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".copier-answers.yml"
    file.write_text("_src_path: gh:ada/template\n_commit: v1.0.0\nmodules: 5\n")

    with pytest.raises(SystemExit, match="modules is not a list: restore it from an earlier commit"):
        read_all_answers(file)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The changes that updates were started with."""

    def update(_: Path, changes: Mapping[str, Any]) -> int:
        started.append(changes)
        return 7

    started: list[Mapping[str, Any]] = []
    monkeypatch.setattr("phasework.commands.add.update", update)
    return started


def test_the_update_is_run_and_its_exit_code_returned(
    rules: Rules, answers: Answers, person: Person, updates: list[Mapping[str, Any]]
) -> None:
    person.will_say("patients", ENTER, ENTER, YES)

    assert add_modules(rules, Path(), answers, [], None) == 7
    plan = answers["plan"] | {"patients": {"phase": 3, "coverage": 85}}
    assert updates == [{"modules": ["tickets", "patients"], "plan": plan}]


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ([NO], 1),
        ([CTRL_C], 130),
    ],
)
def test_nothing_changes_if_the_user_cancels_at_the_end(
    rules: Rules,
    answers: Answers,
    person: Person,
    updates: list[Mapping[str, Any]],
    capsys: pytest.CaptureFixture[str],
    output: Sequence[Any],
    code: int,
) -> None:
    person.will_say("patients", ENTER, ENTER, *output)

    assert left(rules, answers) == code
    assert capsys.readouterr().err == "Nothing was changed.\n"
    assert updates == []


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_nothing_changes_if_the_user_cancels_at_any_question(
    rules: Rules, answers: Answers, updates: list[Mapping[str, Any]], capsys: pytest.CaptureFixture[str], key: Any
) -> None:
    whole = [OWN_MODULE, "parcels", ENTER, "2", "85", "title", "str", NO, ENTER, NO, [], [], "a, b", ["b"], []]
    for number in range(len(whole)):
        with answering() as person:
            person.will_say(*whole[:number], key)

            assert left(rules, answers) == 130

        assert capsys.readouterr().err == "Nothing was changed.\n"
    assert updates == []


def left(rules: Rules, answers: Answers) -> object:
    """Return the exit code after the user cancels."""
    try:
        return add_modules(rules, Path(), answers, [], None)
    except SystemExit as error:
        return error.code


def test_without_a_terminal_the_option_for_a_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("sys.argv", ["phasework", "add"])

    with pytest.raises(SystemExit, match="pass it with --from FILE"):
        cli.app()


def test_a_file_and_a_name_are_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["phasework", "add", "patients", "--from", "modules.yml"])

    with pytest.raises(SystemExit) as error:
        cli.app()

    assert error.value.code == 2
    assert "write modules of the catalog into the file" in " ".join(capsys.readouterr().err.split())
