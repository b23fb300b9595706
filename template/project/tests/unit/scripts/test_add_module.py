"""A module is asked for, and becomes the answers that change."""

import argparse
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from questionary import Choice

from scripts.add_module import change_answers, describe, main, read_arguments, read_whole_answers
from scripts.template import Template

ANSWERS: dict[str, Any] = {"domain": "post", "modules": [], "own_modules": {"sacks": {"fields": {}}}, "plan": {}}
YES, NO, ENTER, CTRL_C = True, False, None, KeyboardInterrupt
OWN, TEXTS, RECORD = "one of your own", "one of some texts", "a record of another module"


class Person:
    """Answers the questions in this order; `ENTER` takes what is offered."""

    def __init__(self) -> None:
        self.says: list[Any] = []

    def will_say(self, *answers: Any) -> None:
        self.says += answers

    def text(self, question: str, default: str = "") -> "Reply":
        return Reply(self.says.pop(0), default)

    def confirm(self, question: str, default: bool = True) -> "Reply":
        return Reply(self.says.pop(0), default)

    def select(self, question: str, choices: Sequence[str | Choice], *_: Any, **__: Any) -> "Reply":
        values = [choice.value if isinstance(choice, Choice) else choice for choice in choices]
        said = self.says.pop(0)
        assert said in {*values, ENTER, CTRL_C}, question
        return Reply(said, values[0])

    def checkbox(self, question: str, choices: Sequence[str], **_: Any) -> "Reply":
        said = self.says.pop(0)
        assert set(said or []) <= set(choices), question
        return Reply(said, [])


class Reply:
    """What a question of questionary returns."""

    def __init__(self, said: Any, default: Any) -> None:
        self.said, self.default = said, default

    def unsafe_ask(self) -> Any:
        if self.said is CTRL_C:
            raise KeyboardInterrupt
        return self.default if self.said is ENTER else self.said


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """Somebody who is asked everything that was foreseen."""
    person = Person()
    for kind in ("text", "confirm", "select", "checkbox"):
        monkeypatch.setattr(f"questionary.{kind}", getattr(person, kind))
    yield person
    assert person.says == []


def asked(*arguments: str) -> argparse.Namespace:
    return read_arguments(arguments)


def test_a_module_of_ones_own_is_asked_for_bit_by_bit(template: Template, person: Person) -> None:
    person.will_say(OWN, "parcels", ENTER, "2", "85")
    person.will_say("title", "str", YES, "none", YES)
    person.will_say("count", "int", NO, YES)
    person.will_say("kind", TEXTS, "a, b", YES)
    person.will_say("sack", RECORD, "sacks", NO, YES)
    person.will_say("parent", RECORD, "parcels", NO)
    person.will_say(["title"], ["kind"])
    person.will_say("open, closed", ["closed"], [], YES)

    assert describe(template, ANSWERS, asked()) == {
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
            "search": ["kind"],
            "states": {"open": ["closed"], "closed": []},
        }
    }


def test_a_refused_answer_is_told_and_asked_for_again(
    template: Template, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(OWN, "sacks", "bad", "parcels", "Bad", "Parcel", ENTER, ENTER)
    person.will_say("bad", "title", "str", NO, "bad", "", YES)
    person.will_say("title", "count", "int", NO, NO)
    person.will_say([], [], "open, open", "", NO)

    assert describe(template, ANSWERS, asked()) == {}
    assert capsys.readouterr().out.partition("\n\n")[0].splitlines() == [
        "sacks: the service has a module of this name; choose another one.",
        "bad: it is bad.",
        "parcels.entity: it is bad.",
        "parcels.fields: one is bad.",
        "parcels.fields: one is bad.",
        "parcels.fields: there is a field title already; choose another name.",
        "parcels.states: a state stands twice; each is allowed once.",
    ]


def test_a_state_that_nothing_leads_to_is_told(
    template: Template, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.will_say(OWN, "parcels", ENTER, ENTER, ENTER, "title", "str", NO, ENTER, NO, [], [])
    person.will_say("open, closed, lost", ["closed"], [], [], NO)

    describe(template, ANSWERS, asked())

    assert "Nothing leads to lost." in capsys.readouterr().out.splitlines()


def test_an_entity_that_is_refused_is_not_offered(template: Template, person: Person) -> None:
    person.will_say(OWN, "bads", ENTER, ENTER, ENTER, "title", "str", NO, ENTER, NO, [], [], ENTER, YES)

    assert describe(template, ANSWERS, asked())["bads"]["entity"] == "OwnBad"


def test_a_module_of_the_catalog_comes_with_what_it_needs(template: Template, person: Person) -> None:
    person.will_say("vans", YES, ENTER, ENTER, "0", "4", "95", YES)

    described = describe(template, ANSWERS, asked())

    assert described == {"garages": {"phase": 2, "coverage": 70}, "vans": {"phase": 4, "coverage": 95}}
    assert change_answers(template, ANSWERS, described) == {"modules": ["garages", "vans"], "plan": described}


def test_a_module_that_is_named_is_not_asked_for(template: Template, person: Person) -> None:
    person.will_say(ENTER, ENTER, YES)

    assert describe(template, ANSWERS, asked("garages")) == {"garages": {"phase": 2, "coverage": 70}}


def test_what_a_module_needs_can_be_declined(template: Template, person: Person) -> None:
    person.will_say(NO)

    assert describe(template, ANSWERS, asked("vans")) == {}


def test_an_unknown_module_is_told_the_others(template: Template) -> None:
    with pytest.raises(SystemExit) as error:
        describe(template, ANSWERS, asked("ships"))

    assert error.value.code == '"ships" is no module of the catalog that can be added; garages, vans can be.'


@pytest.mark.parametrize("name", ["vans", "sacks"])
def test_a_module_that_is_there_is_told(template: Template, name: str) -> None:
    with pytest.raises(SystemExit) as error:
        describe(template, ANSWERS | {"modules": ["garages", "vans"]}, asked(name))

    assert error.value.code == f"{name}: the service has this module already."


def test_the_last_module_of_the_catalog_leaves_ones_own(template: Template, person: Person) -> None:
    answers = ANSWERS | {"modules": ["garages", "vans"]}
    person.will_say(CTRL_C)

    with pytest.raises(KeyboardInterrupt):
        describe(template, answers, asked())


def test_a_service_without_a_domain_takes_that_of_its_first_module(template: Template) -> None:
    changes = change_answers(template, ANSWERS | {"domain": "blank"}, {"ships": {}})

    assert changes == {"domain": "sea", "modules": ["ships"], "plan": {"ships": {"phase": 1, "coverage": 70}}}


def test_a_file_describes_modules_of_both_kinds(template: Template, tmp_path: Path) -> None:
    file = tmp_path / "modules.yml"
    file.write_text("parcels: {phase: 4, fields: {title: str}}\ngarages:\n")

    described = describe(template, ANSWERS, asked("--from", str(file)))

    assert change_answers(template, ANSWERS, described) == {
        "modules": ["garages"],
        "own_modules": {"sacks": {"fields": {}}, "parcels": {"phase": 4, "fields": {"title": "str"}}},
        "plan": {"garages": {"phase": 2, "coverage": 70}, "parcels": {"phase": 4, "coverage": 80}},
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "FILE describes no module."),
        ("bad: {fields: {title: str}}", "bad: it is bad."),
        (
            "sacks: {fields: {title: str}}",
            "sacks: the service has a module of this name already: leave it out, or choose another name.",
        ),
        ("garages: {phase: 0}", "plan.garages.phase: it is bad."),
        ("own_modules: {}", "FILE: leave out own_modules; each module stands at the top by its name, as in loans: ..."),
    ],
)
def test_a_file_that_is_refused_gets_one_sentence(template: Template, tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "modules.yml"
    file.write_text(text)

    with pytest.raises(SystemExit) as error:
        change_answers(template, ANSWERS, describe(template, ANSWERS, asked("--from", str(file))))

    assert str(error.value.code).replace(str(file), "FILE") == sentence


def test_answers_that_are_refused_already_are_named(template: Template) -> None:
    answers = ANSWERS | {"plan": {"sacks": {"phase": 0}}}

    with pytest.raises(SystemExit, match=r"\.copier-answers\.yml: plan\.sacks\.phase: it is bad\."):
        describe(template, answers, asked())


def test_what_was_not_asked_is_empty(tmp_path: Path) -> None:
    file = tmp_path / ".copier-answers.yml"
    file.write_text("_src_path: gh:ada/template\n_commit: v1.0.0\nplan: null\n")

    assert read_whole_answers(file).items() >= {"modules": [], "own_modules": {}, "plan": {}}.items()


def test_an_answer_that_was_damaged_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".copier-answers.yml"
    file.write_text("_src_path: gh:ada/template\n_commit: v1.0.0\nmodules: 5\n")

    with pytest.raises(SystemExit, match="modules is no list: take it from an earlier commit"):
        read_whole_answers(file)


def test_without_a_terminal_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(SystemExit, match="pass that by --from FILE"):
        main([])


class Keyboard(io.StringIO):
    """The input of a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def updates(template: Template, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The changes that an update was begun with, for a service that is in order."""

    @contextmanager
    def open_template(_: dict[str, Any]) -> Iterator[Template]:
        yield template

    def update(_: Path, changes: Mapping[str, Any]) -> int:
        begun.append(changes)
        return 7

    begun: list[Mapping[str, Any]] = []
    monkeypatch.setattr("sys.stdin", Keyboard())
    monkeypatch.setattr("scripts.add_module.open_repository", lambda _: None)
    monkeypatch.setattr("scripts.add_module.read_answers", lambda _: ANSWERS)
    monkeypatch.setattr("scripts.add_module.open_template", open_template)
    monkeypatch.setattr("scripts.add_module.update", update)
    return begun


def test_the_update_is_run_and_its_exit_code_returned(person: Person, updates: list[Mapping[str, Any]]) -> None:
    person.will_say("garages", ENTER, ENTER, YES)

    assert main([]) == 7
    assert updates == [{"modules": ["garages"], "plan": {"garages": {"phase": 2, "coverage": 70}}}]


@pytest.mark.parametrize(("said", "code"), [(NO, 1), (CTRL_C, 130)])
def test_nothing_is_changed_for_somebody_who_leaves(
    person: Person, updates: list[Mapping[str, Any]], capsys: pytest.CaptureFixture[str], said: object, code: int
) -> None:
    person.will_say("garages", ENTER, ENTER, said)

    assert main([]) == code
    assert capsys.readouterr().out.endswith("\nNothing was changed.\n")
    assert updates == []


def test_a_file_and_a_name_are_too_much(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(["garages", "--from", "modules.yml"])

    assert "name modules of the catalog in FILE as well" in capsys.readouterr().err
