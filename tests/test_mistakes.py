"""Mistakes of newcomers in the YAML of a data file: each is refused in one sentence that says what to write instead."""

import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest
import yaml

from phasework.answers import read_given
from phasework.commands.new import refuse_unknown
from phasework.rules import load_rules
from tests.support.in_process import write

KEYS = "the keys entity, phase, coverage, fields, unique, search, states, sort, check, delete, versioned, routes, admin or roles"
NAME_RULE = "a-z, 0-9 and _, at most 30, a letter first, for the name of a module"
STATE_RULE = "a-z, 0-9 and _, at most 25, a letter first, for the name of a state (yes, no, on and off in quotes)"
QUESTIONS = "coverage_total, database_access, description, domain, modules, own_modules, package_name, plan, project_name, python_version, repository_folder"


def loans(description: str) -> str:
    """Return a data file with a module that has this description, beside a module `members`."""
    members = "  members:\n    fields:\n      name: str\n"
    return f"domain: blank\nown_modules:\n{members}  loans:\n{indent(dedent(description), '    ')}"


def field(line: str) -> str:
    """Return a data file with a field."""
    return loans(f"fields:\n  title: str\n  {line}\n")


MISTAKES: dict[str, tuple[str, str]] = {
    # --- other words
    "own_module": (
        "own_module:\n  loans:\n    fields:\n      title: str\n",
        f"own_module: there is no such question; use {QUESTIONS}.",
    ),
    "a module at the top of the file": (
        "loans:\n  fields:\n    title: str\n",
        "loans: use it below own_modules, indented, because it describes a module.",
    ),
    "field instead of fields": (loans("field:\n  title: str\n"), f'own_modules.loans: use {KEYS}, not "field".'),
    "optimistic locking of others": (
        loans("fields: {title: str}\nversion: true\n"),
        f'own_modules.loans: use {KEYS}, not "version".',
    ),
    "the type of a version": (
        loans("fields: {title: str}\nversioned: int\n"),
        'own_modules.loans.versioned: use true or false, not "int".',
    ),
    "state instead of states": (
        loans("fields: {title: str}\nstate:\n  open: []\n"),
        f'own_modules.loans: use {KEYS}, not "state".',
    ),
    "all as modules": ("modules: all\n", "modules: use a list of names, as in [patients, tickets], not text."),
    "modules that are ticked": (
        "modules:\n  patients: true\n",
        "modules: use a list of names, as in [patients, tickets], not a mapping.",
    ),
    # --- types of others
    "varchar of SQL": (field("name: VARCHAR(80)"), 'own_modules.loans.fields.name: use str(..80), not "VARCHAR(80)".'),
    "CharField of Django": (
        field("name: models.CharField(max_length=80)"),
        'own_modules.loans.fields.name: use str(..80), not "models.CharField(max_length=80)".',
    ),
    "a reference to a user": (
        field("owner: -> user"),
        'own_modules.loans.fields.owner: use -> users, the plural, not "user".',
    ),
    "ForeignKey of Django": (
        field("member: ForeignKey(Member)"),
        'own_modules.loans.fields.member: use -> and the name of a module, not "ForeignKey(Member)".',
    ),
    "double of SQL": (field("fee: double"), 'own_modules.loans.fields.fee: use float, not "double".'),
    "a longer varchar": (
        field("name: varchar(255)"),
        'own_modules.loans.fields.name: use text(..255), not "varchar(255)".',
    ),
    "numeric of SQL": (
        field("rate: NUMERIC(10, 4)"),
        'own_modules.loans.fields.rate: use decimal(10,4), not "NUMERIC(10, 4)".',
    ),
    "a length": (field("name: str(80)"), 'own_modules.loans.fields.name: use str(..80), not "str(80)".'),
    "bounds with a hyphen": (
        field("name: str(2-80)"),
        'own_modules.loans.fields.name: use str(2..80), not "str(2-80)".',
    ),
    "bounds with a comma": (
        field("copies: int(0,99)"),
        'own_modules.loans.fields.copies: use int(0..99), not "int(0,99)".',
    ),
    "bounds in brackets": (
        field("copies: int[0..99]"),
        'own_modules.loans.fields.copies: use int(0..99), not "int[0..99]".',
    ),
    "bounds with words": (
        field("name: str(min=2, max=80)"),
        'own_modules.loans.fields.name: use str(2..80), not "str(min=2, max=80)".',
    ),
    "the larger bound first": (
        field("copies: int(99..0)"),
        "own_modules.loans.fields.copies: use a smaller bound first and a larger one after it, not 99..0.",
    ),
    "an empty text": (
        field("name: str(0..80)"),
        'own_modules.loans.fields.name: use a whole number from 1 to 200 for the length, not "0".',
    ),
    "a default that is too large": (
        field("copies: int(0..99) = 100"),
        'own_modules.loans.fields.copies: use a default of at least 0 and at most 99, not "100".',
    ),
    "bounds of a choice": (
        field("kind: {choices: [short, long], max: 5}"),
        "own_modules.loans.fields.kind: leave out the bounds, because the type choice takes none.",
    ),
    "max_length of Django": (
        field("name: {type: str, max_length: 80}"),
        'own_modules.loans.fields.name: use max, not "max_length".',
    ),
    "a regular expression of Python": (
        field(r'isbn: {type: str, pattern: "\\d{13}"}'),
        r'own_modules.loans.fields.isbn.pattern: use at most 60 of the characters a-z A-Z 0-9 _ / : , ; @ # = ! - and space, classes such as [A-Z0-9] (a point is [.]), and counts: ? * + {2} {2,5}, not "\d{13}".',
    ),
    "a pattern with anchors": (
        field('code: {type: str, pattern: "^[A-Z]+$"}'),
        'own_modules.loans.fields.code.pattern: use at most 60 of the characters a-z A-Z 0-9 _ / : , ; @ # = ! - and space, classes such as [A-Z0-9] (a point is [.]), and counts: ? * + {2} {2,5}, not "^[A-Z]+$".',
    ),
    "a pattern with alternatives": (
        field('code: {type: str, pattern: "(A|B)[0-9]"}'),
        'own_modules.loans.fields.code.pattern: use at most 60 of the characters a-z A-Z 0-9 _ / : , ; @ # = ! - and space, classes such as [A-Z0-9] (a point is [.]), and counts: ? * + {2} {2,5}, not "(A|B)[0-9]".',
    ),
    "a pattern with any character": (
        field('code: {type: str, pattern: ".+@.+"}'),
        'own_modules.loans.fields.code.pattern: use at most 60 of the characters a-z A-Z 0-9 _ / : , ; @ # = ! - and space, classes such as [A-Z0-9] (a point is [.]), and counts: ? * + {2} {2,5}, not ".+@.+".',
    ),
    "a pattern with bounds": (
        field('code: {type: "str(..5)", pattern: "[A-Z]+"}'),
        "own_modules.loans.fields.code: leave out the bounds, because the counts of the pattern say how long the text is.",
    ),
    "a pattern of a number": (
        field('code: {type: int, pattern: "[0-9]{4}"}'),
        "own_modules.loans.fields.code: leave out the pattern, because only a str has one.",
    ),
    "a range from right to left": (
        field('code: {type: str, pattern: "[Z-A]{4}"}'),
        'own_modules.loans.fields.code.pattern: use ranges in their order, as in [A-Z], and counts from 1 to 200, the smaller one first, not "[Z-A]{4}".',
    ),
    "a pattern of one text": (
        field('code: {type: str, pattern: "AB"}'),
        'own_modules.loans.fields.code.pattern: use a class that allows at least ten texts, as in [0-9], not "AB".',
    ),
    "a default that the pattern refuses": (
        field('code: {type: str, pattern: "[A-Z]{3}", default: abc}'),
        'own_modules.loans.fields.code: use a default that matches [A-Z]{3}, not "abc".',
    ),
    "regex of JSON Schema": (
        field('code: {type: str, regex: "[A-Z]{3}"}'),
        'own_modules.loans.fields.code: use pattern, not "regex".',
    ),
    "an amount without a currency": (
        field("price: money = 12.50"),
        'own_modules.loans.fields.price: use an amount with its ISO 4217 currency, as in 12.50 EUR for the default, not "12.50".',
    ),
    "more decimals than the currency has": (
        field("price: money = 12.50 JPY"),
        'own_modules.loans.fields.price: use an amount with its ISO 4217 currency, as in 12.50 EUR for the default, not "12.50 JPY".',
    ),
    "bounds with a currency": (
        field("price: money(0 EUR..)"),
        'own_modules.loans.fields.price: use money, with ? for optional and = for a default, not "money(0 EUR..)".',
    ),
    "a file without the module for files": (
        field("photo: file?"),
        "own_modules.loans.fields.photo: leave out this field, or tick media, which stores the files.",
    ),
    "ImageField of Django": (
        field("photo: ImageField"),
        'own_modules.loans.fields.photo: use file, not "ImageField".',
    ),
    "a country that YAML reads as false": (
        field("home: {type: country, default: NO}"),
        'own_modules.loans.fields.home.default: use text in quotes, as in default: "NO", not false (no, off or false without quotes).',
    ),
    "the name of a country": (
        field("home: country = Germany"),
        'own_modules.loans.fields.home: use a country\'s code of ISO 3166 in capitals, as in NL for the default, not "Germany".',
    ),
    "MoneyField of Django": (
        field("price: MoneyField"),
        'own_modules.loans.fields.price: use money, not "MoneyField".',
    ),
    "a precision that no database keeps": (
        field("rate: decimal(20,8)"),
        "own_modules.loans.fields.rate: use at most 18 digits, and fewer places than digits, as in decimal(10,4) or {type: decimal, digits: 10, places: 4}.",
    ),
    "number of TypeScript": (
        field("copies: number?"),
        'own_modules.loans.fields.copies: use int or decimal, not "number?".',
    ),
    "a union of TypeScript": (
        field('kind: \'"short" | "long"\''),
        'own_modules.loans.fields.kind: use [short, long], not ""short" | "long"".',
    ),
    "an optional key of TypeScript": (
        field("due?: date"),
        'own_modules.loans.fields: use due: date?, with the ? after the type, not "due?".',
    ),
    "None of Python": (
        field("due: date | None"),
        'own_modules.loans.fields.due: use date, with ? for optional and = for a default, not "date | None".',
    ),
    "a constraint of SQL": (
        field("isbn: str UNIQUE"),
        'own_modules.loans.fields.isbn: use str, with ? for optional and = for a default, not "str UNIQUE".',
    ),
    "a type as a key": (
        field("copies: {int: {default: 1}}"),
        'own_modules.loans.fields.copies: use the keys type, choices, min, max, pattern, digits, places, optional, default, help or was, not "int".',
    ),
    "a key of another language": (
        field("fee: {type: decimal, nullable: true}"),
        'own_modules.loans.fields.fee: use optional: true, not "nullable".',
    ),
    "a key of JSON Schema": (
        field("kind: {enum: [short, long]}"),
        'own_modules.loans.fields.kind: use choices, not "enum".',
    ),
    "optional in words": (
        field('fee: {type: decimal, optional: "yes"}'),
        'own_modules.loans.fields.fee.optional: use true or false, not "yes".',
    ),
    "a renamed field": (
        field("fee: {type: decimal, renamed_from: price}"),
        'own_modules.loans.fields.fee: use was, not "renamed_from".',
    ),
    "an earlier name that a field has": (
        field("fee: {type: decimal, was: fee}"),
        'own_modules.loans.fields.fee.was: use the earlier name of this field alone, not "fee".',
    ),
    "an earlier name that is none": (
        field("fee: {type: decimal, was: Old Fee}"),
        'own_modules.loans.fields.fee.was: use a-z, 0-9 and _, at most 25, a letter first, for the earlier name of a field, not "Old Fee".',
    ),
    "a default twice": (
        field("copies: {type: int = 1, default: 2}"),
        "own_modules.loans.fields.copies: use default only once, either in type or as a key.",
    ),
    "a default that YAML rounds": (
        field("version: {type: str, default: 1.10}"),
        'own_modules.loans.fields.version.default: use text in quotes, as in default: "1.1", not "1.1".',
    ),
    "Norway": (
        field("country: {type: str, default: NO}"),
        'own_modules.loans.fields.country.default: use text in quotes, as in default: "no", not false (no, off or false without quotes).',
    ),
    "a default that is no choice": (
        field('kind: "[short, long] = medium"'),
        'own_modules.loans.fields.kind: use short or long (a choice) for the default, not "medium".',
    ),
    # --- references
    "ManyToManyField of Django": (
        field("member: ManyToManyField(Member)"),
        'own_modules.loans.fields.member: use -> and the name of a module with * after it, not "ManyToManyField(Member)".',
    ),
    "optional links": (
        field('members: "-> members*?"'),
        "own_modules.loans.fields.members: leave out the ?, because a record may have no members.",
    ),
    "a part of a singular": (
        field("member: part of member"),
        'own_modules.loans.fields.member: use part of members, the plural, not "member".',
    ),
    "links to a singular": (
        field("friends: -> member*"),
        'own_modules.loans.fields.friends: use -> members*, the plural, not "member".',
    ),
    "a module as a type": (field("member: members"), 'own_modules.loans.fields.member: use -> members, not "members".'),
    "the singular of a module": (
        field("member: -> member"),
        'own_modules.loans.fields.member: use -> members, the plural, not "member".',
    ),
    "an arrow of another kind": (
        field("member: → members"),
        'own_modules.loans.fields.member: use -> members, not "→ members".',
    ),
    "an arrow that YAML reads": (
        field("member: > members"),
        "line 9, column 17: write a reference as -> MODULE, or put the text in quotes.",
    ),
    "a list of references": (
        field("members: [-> members]"),
        'own_modules.loans.fields.members: use -> members for one record, and -> members* for several, not "[-> members]".',
    ),
    # --- defaults
    "a default with a comma": (
        field("fee: decimal = 2,50"),
        'own_modules.loans.fields.fee: use a number of at most 10 digits before the point and 2 after it for the default, not "2,50".',
    ),
    "today": (
        field("due: date = today"),
        'own_modules.loans.fields.due: use a day as in 2030-12-31 for the default, not "today".',
    ),
    "True of Python": (
        field("open: bool = True"),
        'own_modules.loans.fields.open: use true or false for the default, not "True".',
    ),
    "a default of choices": (
        field("kind: [short, long] = short"),
        'line 9, column 27: put all of it in quotes, as in "[short, long] = short".',
    ),
    # --- nesting
    "no fields between": (
        loans("title: str\ncopies: int\n"),
        'own_modules.loans: use fields with title indented below it, not "title".',
    ),
    "keys that are not indented": (
        "domain: blank\nown_modules:\n  loans:\n  members:\n    fields:\n      name: str\n",
        f"own_modules.loans: use {KEYS}, indented below it, not an empty value.",
    ),
    "states below fields": (
        loans("fields:\n  title: str\n  states:\n    open: []\n"),
        "own_modules.loans.fields.states: use states next to fields, not below it.",
    ),
    "unique below fields": (
        loans("fields:\n  title: str\n  unique: [title]\n"),
        "own_modules.loans.fields.unique: use unique next to fields, not below it.",
    ),
    "fields as a list": (
        loans("fields:\n  - title: str\n"),
        "own_modules.loans.fields: use a mapping of at least one field to its type, as in title: str, not \"[{'title': 'str'}]\".",
    ),
    "no space after a colon": (
        loans("fields:\n  title:str\n"),
        'own_modules.loans.fields: use a mapping of at least one field to its type, as in title: str, not "title:str".',
    ),
    # --- states
    "an arrow between states": (
        loans("fields: {title: str}\nstates:\n  open: -> closed\n  closed: []\n"),
        'own_modules.loans.states.open: use a list of states, as in [closed], not "-> closed".',
    ),
    "a last state that is not described": (
        loans("fields: {title: str}\nstates:\n  open: [closed]\n"),
        'own_modules.loans.states.open: use open (a state of the module) or add closed: [], not "closed".',
    ),
    "states that YAML reads": (
        loans("fields: {title: str}\nstates:\n  on: [off]\n  off: []\n"),
        f"own_modules.loans.states: use {STATE_RULE}, not true (yes, on or true without quotes).",
    ),
    # --- numbers, phases and the plan
    "a phase in quotes": (
        loans('phase: "2"\nfields: {title: str}\n'),
        'own_modules.loans.phase: use a whole number from 1 to 9 without quotes, not "2".',
    ),
    "a percent sign": (
        loans("coverage: 90%\nfields: {title: str}\n"),
        'own_modules.loans.coverage: use a whole number from 0 to 100, not "90%".',
    ),
    "a share": (
        loans("coverage: 0.9\nfields: {title: str}\n"),
        'own_modules.loans.coverage: use a whole number from 0 to 100, not "0.9".',
    ),
    "a leading zero": (
        loans("coverage: 070\nfields: {title: str}\n"),
        "line 7, column 15: YAML reads 070 as the number 56; write 56, or put the text in quotes.",
    ),
    "hours and minutes": (
        field("slot: [1:30, 2:30]"),
        "line 9, column 14: YAML reads 1:30 as the number 90; write 90, or put the text in quotes.",
    ),
    "a plan by phase": (
        field("copies: int") + "plan:\n  phase1: [loans]\n",
        'plan: use loans or members (a module of the service), not "phase1".',
    ),
    "a phase alone": (
        field("copies: int") + "plan:\n  loans: 2\n",
        'plan.loans: use the keys phase and coverage, as in {phase: 2, coverage: 80}, not "2".',
    ),
    "a plan for a module that is not chosen": (
        "modules: [patients]\nplan:\n  tickets: {phase: 1}\n",
        'plan: use patients (a module of the service), not "tickets".',
    ),
    "a version that YAML rounds": (
        "python_version: 3.10\n",
        'python_version: use 3.11, 3.12, 3.13 or 3.14, not "3.1".',
    ),
    # --- the text itself
    "an anchor that is not there": (
        field("copies: *number"),
        "line 9, column 15: put the text in quotes.",
    ),
    "a name twice below an anchor": (
        "own_modules:\n  loans: &loans\n    fields:\n      title: str\n  members: *loans\n  loans: *loans\n",
        "line 6, column 3: loans is already in line 2; use each name once.",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_phasework_says_what_to_write(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "answers.yml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SystemExit) as refusal:
        check(file)

    assert str(refusal.value).removeprefix(f"{file}: ") == sentence


def check(file: Path) -> None:
    """Check the answers in a file as `phasework new` does; exit if they are refused."""
    rules = load_rules()
    given = read_given([], file)
    refuse_unknown(rules, given)
    sys.exit(rules.problem(rules.with_defaults(given)))


IN_YAML = [name for name, (_, sentence) in MISTAKES.items() if sentence.startswith("line ")]


@pytest.mark.parametrize("name", [name for name in MISTAKES if name not in IN_YAML])
def test_plain_copier_says_the_same_and_writes_nothing(template: Path, tmp_path: Path, name: str) -> None:
    text, sentence = MISTAKES[name]

    assert write(template, tmp_path / "service", yaml.safe_load(text)) == sentence
    assert not (tmp_path / "service").exists()


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    # PowerShell writes UTF-16.
    file = tmp_path / "answers.yml"
    file.write_text("coverage_total: 80\n", encoding="utf-16")

    with pytest.raises(SystemExit, match="save the file as UTF-8; it has another encoding"):
        read_given([], file)
