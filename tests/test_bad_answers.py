"""Bad answers get one sentence that names the key and what is allowed; nothing is written."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml
from copier.errors import UserMessageError

from tests.support.in_process import sentence_of, write
from tests.support.services import ROOT

Answers = dict[str, Any]


def own(name: Any = "loans", **description: Any) -> Answers:
    """Return the answers for a service with one module."""
    return {"domain": "blank", "own_modules": {name: {"fields": {"title": "str"}} | description}}


def field(written: Any, name: Any = "copies") -> Answers:
    """Return the answers for a service with one module that has one field."""
    return own(fields={name: written})


def states(**transitions: Any) -> Answers:
    """Return the answers for a service with one module that has these states."""
    return own(states=transitions)


NAME_RULE = "a lower-case letter, then at most 29 letters a-z, digits or _."
FIELD_RULE = "a lower-case letter, then at most 24 letters a-z, digits or _."
TYPES = "str, text, int, decimal, bool, date, datetime, uuid, email, url, json, a list of choices, and -> MODULE"
KEYS = "entity, phase, coverage, fields, unique, search, states."
PROJECT_NAME_RULE = "1 to 60 letters, digits, spaces and . , & ' ( ) + - are, with a letter or digit first."
DESCRIPTION_RULE = "one line of 1 to 200 characters without double quotes and backslashes is."

BAD_ANSWERS: dict[str, tuple[Answers, str]] = {
    # --- texts
    "project name with quotes": (
        {"project_name": 'The "Clinic"'},
        f'project_name: "The "Clinic"" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "project name with a backslash": (
        {"project_name": "a\\b"},
        f'project_name: "a\\b" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "project name with a newline": (
        {"project_name": "a\nb"},
        f'project_name: "a b" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "project name with braces": (
        {"project_name": "{{ braces }}"},
        f'project_name: "{{{{ braces }}}}" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "project name with an emoji": (
        {"project_name": "Clinic 🏥"},
        f'project_name: "Clinic 🏥" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "project name of wide letters": (
        {"project_name": "字" * 31},
        f'project_name: "{"字" * 31}" is too long; 60 characters are allowed, and each that is not in ASCII counts twice.',
    ),
    "project name that a terminal would obey": (
        {"project_name": "a\x1b[31mb"},
        f'project_name: "a [31mb" is not allowed; {PROJECT_NAME_RULE}',
    ),
    "no project name": ({"project_name": ""}, f'project_name: "" is not allowed; {PROJECT_NAME_RULE}'),
    "package outside of the folder": (
        {"package_name": "../evil"},
        f'package_name: "../evil" is not allowed; {NAME_RULE}',
    ),
    "package named as a keyword": (
        {"package_name": "import"},
        'package_name: "import" is taken by Python, by a library, by Windows or by a folder of the service; any other name is allowed.',
    ),
    "package named as a device": (
        {"package_name": "nul"},
        'package_name: "nul" is taken by Python, by a library, by Windows or by a folder of the service; any other name is allowed.',
    ),
    "package named as a library": (
        {"package_name": "fastapi"},
        'package_name: "fastapi" is taken by Python, by a library, by Windows or by a folder of the service; any other name is allowed.',
    ),
    "description that turns its direction": (
        {"description": "a\u202eb"},
        f'description: "a b" is not allowed; {DESCRIPTION_RULE}',
    ),
    "description with half of a character": (
        {"description": "a\ud800b"},
        f'description: "a b" is not allowed; {DESCRIPTION_RULE}',
    ),
    "description of two lines": (
        {"description": "one\ntwo"},
        f'description: "one two" is not allowed; {DESCRIPTION_RULE}',
    ),
    "description with double quotes": (
        {"description": 'a "b"'},
        f'description: "a "b"" is not allowed; {DESCRIPTION_RULE}',
    ),
    "description with a space at its end": (
        {"description": "text "},
        f'description: "text " is not allowed; {DESCRIPTION_RULE}',
    ),
    "total coverage in words": (
        {"coverage_total": "most"},
        'coverage_total: "most" is not allowed; a whole number from 0 to 100 is.',
    ),
    "total coverage above 100": (
        {"coverage_total": 101},
        'coverage_total: "101" is not allowed; a whole number from 0 to 100 is.',
    ),
    "total coverage that is true": (
        {"coverage_total": True},
        'coverage_total: "True" is not allowed; a whole number from 0 to 100 is.',
    ),
    # --- wrong types
    "no project name at all": (
        {"project_name": None},
        "project_name: nothing is not allowed; text is, in quotes where YAML would read it as something else.",
    ),
    "YAML's no as a description": (
        {"description": False},
        "description: true or false is not allowed; text is, in quotes where YAML would read it as something else.",
    ),
    "YAML's date as a project name": (
        {"project_name": date(2024, 2, 29)},
        "project_name: a date is not allowed; text is, in quotes where YAML would read it as something else.",
    ),
    "domain that is a mapping": (
        {"domain": {"clinic": 1}},
        "domain: a mapping is not allowed; text is, in quotes where YAML would read it as something else.",
    ),
    "domain that is empty": ({"domain": ""}, 'domain: "" is not allowed; clinic, blank are.'),
    "domain beyond the BMP": ({"domain": "🏥"}, "domain: this text is not allowed; what the question offers is."),
    "module beyond the BMP": (
        {"modules": ["patients", "🏥"]},
        "modules: this text is not allowed; what the question offers is.",
    ),
    "modules that are text": (
        {"modules": "patients"},
        "modules: text is not allowed; a list of names is, as in [patients, tickets].",
    ),
    "modules that are a number": (
        {"modules": 5},
        "modules: a number is not allowed; a list of names is, as in [patients, tickets].",
    ),
    "modules that hold nothing": (
        {"modules": [None]},
        "modules: nothing is not allowed in the list; names are, as in [patients, tickets].",
    ),
    "own modules that are bytes": (
        {"domain": "blank", "own_modules": b"loans"},
        "own_modules: this is not a mapping; a mapping is allowed.",
    ),
    "total coverage that is no YAML": (
        {"coverage_total": "[80"},
        "coverage_total: this text is not allowed; a whole number from 0 to 100 is.",
    ),
    "an answer to what is computed": (
        {"service_modules": [{"name": "../../evil"}]},
        "service_modules: there is no such question; allowed are coverage_total, database_access, description, domain, modules, "
        "own_modules, package_name, plan, project_name, python_version.",
    ),
    "an answer to a function of Jinja": (
        {"range": 5},
        "range: there is no such question; allowed are coverage_total, database_access, description, domain, modules, "
        "own_modules, package_name, plan, project_name, python_version.",
    ),
    # --- choices
    "unknown domain": ({"domain": "bank"}, 'domain: "bank" is not allowed; clinic, blank are.'),
    "domain that looks like Jinja": ({"domain": "{{ a }}"}, 'domain: "{{ a }}" is not allowed; clinic, blank are.'),
    "unknown module": (
        {"modules": ["patients", "patience"]},
        'modules: "patience" is not allowed; appointments, journeys, patients, tickets are.',
    ),
    "unknown database access": (
        {"database_access": "threads"},
        'database_access: "threads" is not allowed; sync, async are.',
    ),
    "old Python": ({"python_version": "3.10"}, 'python_version: "3.10" is not allowed; 3.11, 3.12, 3.13, 3.14 are.'),
    # --- catalog modules
    "a module without what it needs": (
        {"modules": ["journeys"]},
        "modules: journeys needs patients; tick patients as well, or untick journeys.",
    ),
    # --- names of modules
    "own modules that are no mapping": (
        {"own_modules": ["loans"]},
        "own_modules: \"['loans']\" is not a mapping; a mapping of each module's name to its description is allowed, or {}.",
    ),
    "keyword: class": (
        own("class"),
        "own_modules.class: a module cannot bear the name of a Python keyword; any other name is allowed, such as class_items.",
    ),
    "keyword: import": (
        own("import"),
        "own_modules.import: a module cannot bear the name of a Python keyword; any other name is allowed, such as import_items.",
    ),
    "standard library": (
        own("queue"),
        "own_modules.queue: a module cannot bear the name of a module of Python's standard library; "
        "any other name is allowed, such as queue_items.",
    ),
    "spaces and capitals": (
        own("Order Items"),
        f'own_modules: "Order Items" is not allowed as a module\'s name; {NAME_RULE}',
    ),
    "leading digit": (own("9lives"), f'own_modules: "9lives" is not allowed as a module\'s name; {NAME_RULE}'),
    "accents": (own("données"), f'own_modules: "données" is not allowed as a module\'s name; {NAME_RULE}'),
    "eighty letters": (
        own("a" * 80),
        f'own_modules: "{"a" * 37}..." is not allowed as a module\'s name; {NAME_RULE}',
    ),
    "traversal": (own("../evil"), f'own_modules: "../evil" is not allowed as a module\'s name; {NAME_RULE}'),
    "YAML's no": (own(False), f'own_modules: "False" is not allowed as a module\'s name; {NAME_RULE}'),
    "name of the tests": (
        own("tests"),
        "own_modules.tests: this name is taken by the service itself; any other name is allowed, such as tests_items.",
    ),
    "name of the core": (
        own("core"),
        "own_modules.core: this name is taken by the service itself; any other name is allowed, such as core_items.",
    ),
    "name of the gateways": (
        own("gateways"),
        "own_modules.gateways: this name is taken by the service itself; any other name is allowed, such as gateways_items.",
    ),
    "name of Alembic's": (
        own("heads"),
        "own_modules.heads: this name is taken by the service itself; any other name is allowed, such as heads_items.",
    ),
    "name beyond the BMP": (own("🏥"), f'own_modules: "🏥" is not allowed as a module\'s name; {NAME_RULE}'),
    "table of the core": (
        own("core_users"),
        "own_modules.core_users: this name is taken by the service itself; any other name is allowed, such as core_users_items.",
    ),
    "device of Windows": (
        own("aux"),
        "own_modules.aux: this name is taken by the service itself; any other name is allowed, such as aux_items.",
    ),
    "table of PostgreSQL": (
        own("pg_class"),
        "own_modules.pg_class: this name is taken by the service itself; any other name is allowed, such as pg_class_items.",
    ),
    "name that the sync form replaces": (
        own("async_sessionmaker"),
        "own_modules.async_sessionmaker: this name is taken by the service itself; any other name is allowed, "
        "such as async_sessionmaker_items.",
    ),
    "a million letters": (
        own("a" * 10**6),
        f'own_modules: "{"a" * 37}..." is not allowed as a module\'s name; {NAME_RULE}',
    ),
    "named as a ticked module": (
        own("patients") | {"domain": "clinic"},
        "own_modules.patients: a ticked module of the catalog brings this name; choose another one, or untick that module.",
    ),
    "named as a table of a ticked module": (
        own("practitioners") | {"domain": "clinic"},
        "own_modules.practitioners: a ticked module of the catalog brings this name; choose another one, or untick that module.",
    ),
    "two modules of one entity": (
        {"domain": "blank", "own_modules": {"boxes": {"fields": {"a": "str"}}, "box": {"fields": {"a": "str"}}}},
        "own_modules.box.entity: boxes has the entity Box already; any other is allowed, as in entity: OwnBox.",
    ),
    "entity of a ticked module": (
        own("people", entity="Patient") | {"domain": "clinic"},
        "own_modules.people.entity: patients has the entity Patient already; any other is allowed, as in entity: OwnPatient.",
    ),
    "entity that is another's fixture": (
        {"domain": "blank", "own_modules": {"loans": {"fields": {"a": "str"}}, "loan_ids": {"fields": {"a": "str"}}}},
        "own_modules.loan_ids.entity: LoanId would bring the name test_loan_id, which loans brings already; "
        "any other is allowed, as in entity: OwnLoanId.",
    ),
    "entity that is another's class": (
        {
            "domain": "blank",
            "own_modules": {"loans": {"fields": {"a": "str"}}, "loan_services": {"fields": {"a": "str"}}},
        },
        "own_modules.loan_services.entity: LoanService would bring the name LoanService, which loans brings already; "
        "any other is allowed, as in entity: OwnLoanService.",
    ),
    "entity whose query the code imports": (
        own("lists"),
        'own_modules.lists.entity: "List" is a name that the generated code uses; any other is allowed, as in entity: OwnList.',
    ),
    "entity in lower case": (
        own(entity="loan"),
        'own_modules.loans.entity: "loan" is not allowed; a capital letter, then at most 29 letters and digits, is.',
    ),
    "entity that the code uses": (
        own("pages"),
        'own_modules.pages.entity: "Page" is a name that the generated code uses; any other is allowed, as in entity: OwnPage.',
    ),
    "entity that pytest would collect": (
        own("test_results"),
        'own_modules.test_results.entity: "TestResult" would be taken for a test by pytest; '
        "any name that does not begin with Test is allowed.",
    ),
    # --- descriptions
    "description that is no mapping": (
        {"domain": "blank", "own_modules": {"loans": "title: str"}},
        f'own_modules.loans: "title: str" is not a mapping; allowed are the keys {KEYS}',
    ),
    "unknown key": (own(colour="red"), f'own_modules.loans: there is no key "colour"; allowed are {KEYS}'),
    "phase 0": (own(phase=0), 'own_modules.loans.phase: "0" is not allowed; a whole number from 1 to 9 is.'),
    "phase in words": (
        own(phase="two"),
        'own_modules.loans.phase: "two" is not allowed; a whole number from 1 to 9 is.',
    ),
    "coverage 101": (
        own(coverage=101),
        'own_modules.loans.coverage: "101" is not allowed; a whole number from 0 to 100 is.',
    ),
    "coverage in bytes": (
        own(coverage=b"\x80"),
        "own_modules.loans.coverage: \"b'\\x80'\" is not allowed; a whole number from 0 to 100 is.",
    ),
    "no fields": (
        own(fields={}),
        'own_modules.loans.fields: "{}" is not allowed; a mapping of at least one field to its type is, as in title: str.',
    ),
    # --- fields
    "unknown type": (
        field("number"),
        f'own_modules.loans.fields.copies: "number" is no type; allowed are {TYPES} '
        "(each type with ? for optional, and = for a default).",
    ),
    "type that is a number": (field(5), f'own_modules.loans.fields.copies: "5" is no type; allowed are {TYPES}.'),
    "type that is empty": (field(None), f'own_modules.loans.fields.copies: "None" is no type; allowed are {TYPES}.'),
    "field id": (
        field("int", "id"),
        "own_modules.loans.fields.id: this name is taken by the generated code; any other name is allowed, such as loan_id.",
    ),
    "field metadata": (
        field("json", "metadata"),
        "own_modules.loans.fields.metadata: this name is taken by the generated code; any other name is allowed, "
        "such as loan_metadata.",
    ),
    "field model_config": (
        field("json", "model_config"),
        "own_modules.loans.fields.model_config: this name is taken by the generated code; any other name is allowed, "
        "such as loan_model_config.",
    ),
    "field class": (
        field("int", "class"),
        "own_modules.loans.fields.class: a field cannot bear the name of a Python keyword; any other name is allowed.",
    ),
    "field with a capital": (
        field("int", "Copies"),
        f'own_modules.loans.fields: "Copies" is not allowed as a field\'s name; {FIELD_RULE}',
    ),
    "column that PostgreSQL has": (
        field("int", "xmin"),
        "own_modules.loans.fields.xmin: this name is taken by the generated code; any other name is allowed, such as loan_xmin.",
    ),
    "letter that reads like a digit": (
        field("int", "l"),
        "own_modules.loans.fields.l: this name is taken by the generated code; any other name is allowed, such as loan_l.",
    ),
    "choices whose type is a schema": (
        field(["a", "b"], "update"),
        "own_modules.loans.fields.update: its choices would be the type LoanUpdate, which is taken by the generated code; "
        "any other name is allowed.",
    ),
    "choices whose type is that of others": (
        own(fields={"a_b": ["a"], "a__b": ["b"]}),
        "own_modules.loans.fields.a_b: its choices would be the type LoanAB, which is taken by the field a__b; any other name is allowed.",
    ),
    "YAML's yes as a field": (
        field("int", True),
        f'own_modules.loans.fields: "True" is not allowed as a field\'s name; {FIELD_RULE}',
    ),
    "empty list of choices": (
        field([]),
        "own_modules.loans.fields.copies: the list of choices is empty; allowed is a list of texts, as in [short, long].",
    ),
    "choice that is YAML's no": (
        field(["yes", False]),
        'own_modules.loans.fields.copies: "False" is not allowed as a choice; '
        "text of 1 to 30 letters, digits, spaces and _ . + / - is (yes, no and numbers need quotes).",
    ),
    "choice that is a list": (
        field([["a"]]),
        "own_modules.loans.fields.copies: \"['a']\" is not allowed as a choice; "
        "text of 1 to 30 letters, digits, spaces and _ . + / - is (yes, no and numbers need quotes).",
    ),
    "choice twice": (
        field(["a", "a"]),
        "own_modules.loans.fields.copies: a choice stands twice in the list; each is allowed once.",
    ),
    "default that is no int": (
        field("int = many"),
        'own_modules.loans.fields.copies: the default "many" is not of type int; a whole number of at most 18 digits is allowed.',
    ),
    "default that is no decimal": (
        field("decimal = 1.005"),
        'own_modules.loans.fields.copies: the default "1.005" is not of type decimal; '
        "a number of at most 10 digits before the point and 2 after it is allowed.",
    ),
    "default that is no bool": (
        field("bool = 1"),
        'own_modules.loans.fields.copies: the default "1" is not of type bool; true or false is allowed.',
    ),
    "default that is no day": (
        field("date = 2023-02-29"),
        'own_modules.loans.fields.copies: the default "2023-02-29" is not of type date; '
        "the calendar has no such day, and a day as in 2030-12-31 is allowed.",
    ),
    "default with a quote": (
        field('str = a"b'),
        'own_modules.loans.fields.copies: the default "a"b" is not of type str; '
        "text of 1 to 60 characters without quotes and backslashes is allowed.",
    ),
    "default of foreign digits": (
        field("int = ١٢"),
        'own_modules.loans.fields.copies: the default "١٢" is not of type int; a whole number of at most 18 digits is allowed.',
    ),
    "default that is no public address": (
        field("email = ada@clinic.local"),
        'own_modules.loans.fields.copies: the default "ada@clinic.local" is not of type email; '
        "an address as in ada@example.com, its domain in lower case and public, is allowed.",
    ),
    "default that is not canonical": (
        field("url = https://example.com/a/../b"),
        'own_modules.loans.fields.copies: the default "https://example.com/a/../b" is not of type url; '
        "an address as in https://example.com/ in its canonical form is allowed.",
    ),
    "default of spaces": (
        field("str = '  '"),
        "own_modules.loans.fields.copies: the default \"'  '\" is not of type str; "
        "text of 1 to 60 characters without quotes and backslashes is allowed.",
    ),
    "default of wide letters": (
        field(f"str = {'字' * 32}"),
        f'own_modules.loans.fields.copies: the default "{"字" * 32}" is too long; 60 characters are allowed, '
        "and each that is not in ASCII counts twice.",
    ),
    "default of a type that takes none": (
        field("json = 1"),
        'own_modules.loans.fields.copies: the type json takes no default; leave out "= 1".',
    ),
    "reference to nothing": (
        field("-> readers"),
        'own_modules.loans.fields.copies: the service has no module "readers" to refer to; it has loans.',
    ),
    "reference to an unticked module": (
        field("-> patients") | {"domain": "clinic", "modules": ["tickets"]},
        'own_modules.loans.fields.copies: the service has no module "patients" to refer to; it has loans, tickets.',
    ),
    "reference whose column is taken": (
        own(fields={"loan": "-> loans?", "loan_id": "int"}),
        "own_modules.loans.fields.loan: a reference is stored as loan_id, and there is a field of that name; rename one of them.",
    ),
    "reference to itself that is required": (
        field("-> loans"),
        "own_modules.loans: the required references among loans form a cycle; make one of them optional, as in -> loans?.",
    ),
    "cycle of required references": (
        {
            "domain": "blank",
            "own_modules": {
                "hens": {"fields": {"from_egg": "-> eggs"}},
                "eggs": {"fields": {"laid_by": "-> hens"}},
                "nests": {"fields": {"name": "str"}},
            },
        },
        "own_modules.hens: the required references among hens, eggs form a cycle; make one of them optional, as in -> eggs?.",
    ),
    # --- unique, search
    "unique that is no list": (
        own(unique="title"),
        'own_modules.loans.unique: "title" is not a list; a list of fields is allowed, as in [title].',
    ),
    "unique without a field": (
        own(unique=["name"]),
        'own_modules.loans.unique: there is no field "name"; the module has title.',
    ),
    "unique of a list": (
        own(unique=[["title"]]),
        "own_modules.loans.unique: there is no field \"['title']\"; the module has title.",
    ),
    "unique of a truth value": (
        own(fields={"open": "bool"}, unique=["open"]),
        "own_modules.loans.unique: the field open cannot be used here; "
        "fields of type str, int, decimal, date, datetime, uuid, email, url can.",
    ),
    "search in a number": (
        own(fields={"copies": "int"}, search=["copies"]),
        "own_modules.loans.search: the field copies cannot be used here; fields of type str, text, email, url can.",
    ),
    "search twice in a field": (
        own(search=["title", "title"]),
        "own_modules.loans.search: a field stands twice in the list; each is allowed once.",
    ),
    # --- states
    "no states": (
        own(states={}),
        'own_modules.loans.states: "{}" is not allowed; '
        "a mapping of each state to the list of states that follow it is, as in open: [closed].",
    ),
    "states that are a list": (
        own(states=["open"]),
        "own_modules.loans.states: \"['open']\" is not allowed; "
        "a mapping of each state to the list of states that follow it is, as in open: [closed].",
    ),
    "unknown target": (
        states(open=["closed"]),
        'own_modules.loans.states.open: there is no state "closed"; the module has open.',
    ),
    "target that is a list": (
        states(open=[["open"]]),
        "own_modules.loans.states.open: there is no state \"['open']\"; the module has open.",
    ),
    "state whose constant reads like a digit": (
        states(o=[]),
        "own_modules.loans.states.o: this name is taken by the generated code; any other name is allowed, such as is_o.",
    ),
    "target that is no list": (
        states(open="closed", closed=[]),
        'own_modules.loans.states.open: "closed" is not a list; a list of states is allowed.',
    ),
    "target twice": (
        states(open=["closed", "closed"], closed=[]),
        "own_modules.loans.states.open: a state stands twice in the list; each is allowed once.",
    ),
    "state that is no text to print, beside an unknown target": (
        own(states={"open": ["closed"], "\x00": []}),
        f'own_modules.loans.states: " " is not allowed as a state\'s name; {FIELD_RULE[:-1]} (yes, no, on and off need quotes).',
    ),
    "YAML's on as a state": (
        own(states={True: []}),
        f'own_modules.loans.states: "True" is not allowed as a state\'s name; {FIELD_RULE[:-1]} (yes, no, on and off need quotes).',
    ),
    "field state beside states": (
        own(fields={"state": "str"}, states={"open": []}),
        "own_modules.loans.fields.state: a module with states has a field state already; any other name is allowed.",
    ),
    # --- the plan
    "plan that is no mapping": (
        own() | {"plan": ["loans"]},
        "plan: \"['loans']\" is not a mapping; for each module a line as in patients: {phase: 3, coverage: 85} is allowed.",
    ),
    "number as a plan": (
        own() | {"plan": 5},
        'plan: "5" is not a mapping; for each module a line as in patients: {phase: 3, coverage: 85} is allowed.',
    ),
    "plan of a module that is not there": (
        own() | {"plan": {"patients": {"phase": 1}}},
        'plan: the service has no module "patients"; it has loans.',
    ),
    "plan of nothing": (
        own() | {"plan": {None: {"phase": 1}}},
        'plan: the service has no module "None"; it has loans.',
    ),
    "planned phase 0": (
        own() | {"plan": {"loans": {"phase": 0}}},
        'plan.loans.phase: "0" is not allowed; a whole number from 1 to 9 is.',
    ),
    "planned phase in words": (
        own() | {"plan": {"loans": {"phase": "two"}}},
        'plan.loans.phase: "two" is not allowed; a whole number from 1 to 9 is.',
    ),
    "planned coverage 101": (
        own() | {"plan": {"loans": {"coverage": 101}}},
        'plan.loans.coverage: "101" is not allowed; a whole number from 0 to 100 is.',
    ),
    "planned coverage -1": (
        own() | {"plan": {"loans": {"coverage": -1}}},
        'plan.loans.coverage: "-1" is not allowed; a whole number from 0 to 100 is.',
    ),
    "plan with an unknown key": (
        own() | {"plan": {"loans": {"target": 5}}},
        'plan.loans: there is no key "target"; allowed are phase, coverage.',
    ),
}


@pytest.mark.parametrize(("answers", "sentence"), BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_refuses_with_one_sentence_and_writes_nothing(
    template: Path, tmp_path: Path, answers: Answers, sentence: str
) -> None:
    destination = tmp_path / "service"

    with pytest.raises(UserMessageError) as error:
        copier.run_copy(str(template), destination, data=answers, defaults=True, quiet=True)

    assert sentence_of(error.value.message) == sentence
    assert not destination.exists()


def test_the_command_line_prints_the_sentence_and_fails(template: Path, tmp_path: Path) -> None:
    answers = tmp_path / "answers.yml"
    answers.write_text(yaml.safe_dump(own(phase=0)))

    command: list[str | Path] = [
        sys.executable,
        "-m",
        "copier",
        "copy",
        "--defaults",
        "--data-file",
        answers,
        template,
        tmp_path / "service",
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert (
        run.stderr.rstrip()
        .splitlines()[-1]
        .removesuffix("\x1b[39m")
        .endswith('own_modules.loans.phase: "0" is not allowed; a whole number from 1 to 9 is.')
    )
    assert sorted(tmp_path.iterdir()) == [answers]


def test_a_refused_update_changes_nothing(template: Path, tmp_path: Path) -> None:
    copier.run_copy(str(template), tmp_path / "service", data=own(), defaults=True, quiet=True)
    before = {path: path.read_bytes() for path in (tmp_path / "service").rglob("*") if path.is_file()}

    with pytest.raises(UserMessageError):
        copier.run_copy(
            str(template), tmp_path / "service", data=own(phase=0), defaults=True, quiet=True, overwrite=True
        )

    assert {path: path.read_bytes() for path in (tmp_path / "service").rglob("*") if path.is_file()} == before


def computed_questions() -> list[str]:
    """Return the computed questions of copier.yml."""
    tree = yaml.compose((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert isinstance(tree, yaml.MappingNode)
    return [name.value for name, details in tree.value if name.value[0] != "_" and not is_asked(details)]


def is_asked(details: yaml.MappingNode) -> bool:
    """Return whether a question is asked."""
    return "help" in [key.value for key, _ in details.value]


@pytest.mark.parametrize("name", computed_questions())
def test_refuses_an_answer_to_a_computed_question(template: Path, tmp_path: Path, name: str) -> None:
    sentence = write(template, tmp_path / "service", own() | {name: []})

    assert sentence is not None
    assert sentence.startswith(f"{name}: there is no such question;")
    assert not (tmp_path / "service").exists()


GOOD_NAMES = ["orders", "groups", "users", "select_lists", "queues", "news", "staff", "a", "a" * 30, "match"]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_accepts_the_name(template: Path, tmp_path: Path, name: str) -> None:
    copier.run_copy(str(template), tmp_path, data=own(name), defaults=True, quiet=True)

    assert (tmp_path / "src/clinic_service/modules" / name / "service.py").is_file()


@pytest.mark.parametrize(
    ("project_name", "package_name"),
    [
        ("Clinic Service", "clinic_service"),
        ("Bob's & Ann's (new) Clinic", "bob_s_ann_s_new_clinic"),
        ("3D Printing", "d_printing"),
        ("Import", "import_service"),
        ("Tests", "tests_service"),
        ("診療所", "service"),
        ("x" * 60, "x" * 30),
    ],
)
def test_the_package_is_named_after_the_project(
    template: Path, tmp_path: Path, project_name: str, package_name: str
) -> None:
    copier.run_copy(str(template), tmp_path, data=own() | {"project_name": project_name}, defaults=True, quiet=True)

    assert (tmp_path / "src" / package_name / "main.py").is_file()
