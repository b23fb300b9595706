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
from tests.support.subsets import offered_in

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


MODULES = " or ".join(", ".join(offered_in("clinic")).rsplit(", ", 1))
NAME_RULE = "a-z, 0-9 and _, at most 30, a letter first"
SHORT_NAME_RULE = "a-z, 0-9 and _, at most 25, a letter first"
TYPES = (
    "str, text, int, decimal, money, float, bool, date, datetime, time, duration, uuid, email, url, phone, country, currency, str[], json, "
    "a list of choices or -> MODULE, with ? for optional and = for a default"
)
KEYS = "the keys entity, phase, coverage, fields, unique, search, states, sort, check, delete, versioned, routes, admin or roles"
PROJECT_NAME_RULE = "1 to 60 letters, digits, spaces and . , & ' ( ) + -, a letter or digit first"
DESCRIPTION_RULE = "one line of 1 to 200 characters without backslashes and three double quotes in a row"
QUESTIONS = "coverage_total, database_access, description, domain, modules, own_modules, package_name, plan, project_name, python_version, repository_folder"

BAD_ANSWERS: dict[str, tuple[Answers, str]] = {
    # --- texts
    "project name with quotes": (
        {"project_name": 'The "Clinic"'},
        f'project_name: use {PROJECT_NAME_RULE}, not "The "Clinic"".',
    ),
    "project name with a backslash": (
        {"project_name": "a\\b"},
        f'project_name: use {PROJECT_NAME_RULE}, not "a\\b".',
    ),
    "project name with a newline": (
        {"project_name": "a\nb"},
        f'project_name: use {PROJECT_NAME_RULE}, not "a b".',
    ),
    "project name with braces": (
        {"project_name": "{{ braces }}"},
        f'project_name: use {PROJECT_NAME_RULE}, not "{{{{ braces }}}}".',
    ),
    "project name with an emoji": (
        {"project_name": "Clinic 🏥"},
        f'project_name: use {PROJECT_NAME_RULE}, not "Clinic 🏥".',
    ),
    "project name of wide letters": (
        {"project_name": "字" * 31},
        'project_name: use at most 60 characters, of which those outside of ASCII count twice, not "字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字".',
    ),
    "project name that a terminal would obey": (
        {"project_name": "a\x1b[31mb"},
        f'project_name: use {PROJECT_NAME_RULE}, not "a [31mb".',
    ),
    "no project name": ({"project_name": ""}, f'project_name: use {PROJECT_NAME_RULE}, not "".'),
    "package outside of the folder": (
        {"package_name": "../evil"},
        f'package_name: use {NAME_RULE}, not "../evil".',
    ),
    "package named as a keyword": (
        {"package_name": "import"},
        "package_name: use another name because Python, a library, Windows or a folder of the service has the name import.",
    ),
    "package named as a device": (
        {"package_name": "nul"},
        "package_name: use another name because Python, a library, Windows or a folder of the service has the name nul.",
    ),
    "package named as a library": (
        {"package_name": "fastapi"},
        "package_name: use another name because Python, a library, Windows or a folder of the service has the name fastapi.",
    ),
    "description that turns its direction": (
        {"description": "a\u202eb"},
        f'description: use {DESCRIPTION_RULE}, not "a b".',
    ),
    "description with half of a character": (
        {"description": "a\ud800b"},
        f'description: use {DESCRIPTION_RULE}, not "a b".',
    ),
    "description of two lines": (
        {"description": "one\ntwo"},
        f'description: use {DESCRIPTION_RULE}, not "one two".',
    ),
    "description with three double quotes": (
        {"description": 'a """b'},
        f'description: use {DESCRIPTION_RULE}, not "a """b".',
    ),
    "description with a space at its end": (
        {"description": "text "},
        f'description: use {DESCRIPTION_RULE}, not "text ".',
    ),
    "total coverage in words": (
        {"coverage_total": "most"},
        'coverage_total: use a whole number from 0 to 100, not "most".',
    ),
    "total coverage above 100": (
        {"coverage_total": 101},
        'coverage_total: use a whole number from 0 to 100, not "101".',
    ),
    "total coverage that is true": (
        {"coverage_total": True},
        "coverage_total: use a whole number from 0 to 100, not true (yes, on or true without quotes).",
    ),
    # --- wrong types
    "no project name at all": (
        {"project_name": None},
        "project_name: use text, in quotes where YAML reads something else, not an empty value.",
    ),
    "YAML's no as a description": (
        {"description": False},
        "description: use text, in quotes where YAML reads something else, not true or false.",
    ),
    "YAML's date as a project name": (
        {"project_name": date(2024, 2, 29)},
        "project_name: use text, in quotes where YAML reads something else, not a date.",
    ),
    "domain that is a mapping": (
        {"domain": {"clinic": 1}},
        "domain: use text, in quotes where YAML reads something else, not a mapping.",
    ),
    "domain that is empty": ({"domain": ""}, 'domain: use clinic, platform or blank, not "".'),
    "domain beyond the BMP": ({"domain": "🏥"}, "domain: use one of the choices of the question."),
    "module beyond the BMP": (
        {"modules": ["patients", "🏥"]},
        f'modules: use {MODULES}, not "🏥".',
    ),
    "modules that are text": (
        {"modules": "patients"},
        "modules: use a list of names, as in [patients, tickets], not text.",
    ),
    "modules that are a number": (
        {"modules": 5},
        "modules: use a list of names, as in [patients, tickets], not a number.",
    ),
    "a module twice": ({"modules": ["tickets", "tickets"]}, "modules: use each module only once."),
    "modules that hold nothing": (
        {"modules": [None]},
        "modules: use names in the list, as in [patients, tickets], not an empty value.",
    ),
    "own modules that are bytes": (
        {"domain": "blank", "own_modules": b"loans"},
        "own_modules: use a mapping, not bytes.",
    ),
    "total coverage that is not YAML": (
        {"coverage_total": "[80"},
        "coverage_total: use a whole number from 0 to 100.",
    ),
    "an answer to what is computed": (
        {"service_modules": [{"name": "../../evil"}]},
        f"service_modules: there is no such question; use {QUESTIONS}.",
    ),
    "an answer to a function of Jinja": (
        {"range": 5},
        f"range: there is no such question; use {QUESTIONS}.",
    ),
    # --- choices
    "unknown domain": ({"domain": "bank"}, 'domain: use clinic, platform or blank, not "bank".'),
    "domain that looks like Jinja": ({"domain": "{{ a }}"}, 'domain: use clinic, platform or blank, not "{{ a }}".'),
    "unknown module": (
        {"modules": ["patients", "patience"]},
        f'modules: use {MODULES}, not "patience".',
    ),
    "unknown database access": (
        {"database_access": "threads"},
        'database_access: use sync or async, not "threads".',
    ),
    "old Python": ({"python_version": "3.10"}, 'python_version: use 3.11, 3.12, 3.13 or 3.14, not "3.10".'),
    # --- catalog modules
    "a module without what it needs": (
        {"modules": ["journeys"]},
        "modules: tick patients, which journeys needs, or untick journeys.",
    ),
    # --- names of modules
    "own modules that are not a mapping": (
        {"own_modules": ["loans"]},
        "own_modules: use a mapping of each module's name to its description, or {}, not \"['loans']\".",
    ),
    "keyword: class": (
        own("class"),
        "own_modules.class: use class_items or another name, because this one is a keyword of Python.",
    ),
    "keyword: import": (
        own("import"),
        "own_modules.import: use import_items or another name, because this one is a keyword of Python.",
    ),
    "standard library": (
        own("queue"),
        "own_modules.queue: use queue_items or another name, because Python's standard library has a module of this name.",
    ),
    "spaces and capitals": (
        own("Order Items"),
        f'own_modules: use {NAME_RULE}, for the name of a module, not "Order Items".',
    ),
    "leading digit": (own("9lives"), f'own_modules: use {NAME_RULE}, for the name of a module, not "9lives".'),
    "accents": (own("données"), f'own_modules: use {NAME_RULE}, for the name of a module, not "données".'),
    "eighty letters": (
        own("a" * 80),
        f'own_modules: use {NAME_RULE}, for the name of a module, not "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...".',
    ),
    "traversal": (own("../evil"), f'own_modules: use {NAME_RULE}, for the name of a module, not "../evil".'),
    "YAML's no": (
        own(False),
        f"own_modules: use {NAME_RULE}, for the name of a module, not false (no, off or false without quotes).",
    ),
    "name of the tests": (
        own("tests"),
        "own_modules.tests: use tests_items or another name, because the service itself uses this one.",
    ),
    "name of the core": (
        own("core"),
        "own_modules.core: use core_items or another name, because the service itself uses this one.",
    ),
    "name of the gateways": (
        own("gateways"),
        "own_modules.gateways: use gateways_items or another name, because the service itself uses this one.",
    ),
    "name of Alembic's": (
        own("heads"),
        "own_modules.heads: use heads_items or another name, because the service itself uses this one.",
    ),
    "name beyond the BMP": (own("🏥"), f'own_modules: use {NAME_RULE}, for the name of a module, not "🏥".'),
    "table of the core": (
        own("core_users"),
        "own_modules.core_users: use core_users_items or another name, because the service itself uses this one.",
    ),
    "device of Windows": (
        own("aux"),
        "own_modules.aux: use aux_items or another name, because the service itself uses this one.",
    ),
    "table of PostgreSQL": (
        own("pg_class"),
        "own_modules.pg_class: use pg_class_items or another name, because the service itself uses this one.",
    ),
    "name that the sync form replaces": (
        own("async_sessionmaker"),
        "own_modules.async_sessionmaker: use async_sessionmaker_items or another name, because the service itself uses this one.",
    ),
    "a million letters": (
        own("a" * 10**6),
        f'own_modules: use {NAME_RULE}, for the name of a module, not "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...".',
    ),
    "named as a ticked module": (
        own("patients") | {"domain": "clinic"},
        "own_modules.patients: use patients_items or another name, because a module of the catalog that is ticked has this one.",
    ),
    "named as a table of a ticked module": (
        own("practitioners") | {"domain": "clinic"},
        "own_modules.practitioners: use practitioners_items or another name, because a module of the catalog that is ticked has this one.",
    ),
    "two modules of one entity": (
        {"domain": "blank", "own_modules": {"boxes": {"fields": {"a": "str"}}, "box": {"fields": {"a": "str"}}}},
        "own_modules.box.entity: use OwnBox or another name, because boxes has the entity Box.",
    ),
    "entity of a ticked module": (
        own("people", entity="Patient") | {"domain": "clinic"},
        "own_modules.people.entity: use OwnPatient or another name, because patients has the entity Patient.",
    ),
    "entity that is another's fixture": (
        {"domain": "blank", "own_modules": {"loans": {"fields": {"a": "str"}}, "loan_ids": {"fields": {"a": "str"}}}},
        "own_modules.loan_ids.entity: use OwnLoanId or another name, because loans has the name test_loan_id, too.",
    ),
    "entity that is another's class": (
        {
            "domain": "blank",
            "own_modules": {"loans": {"fields": {"a": "str"}}, "loan_services": {"fields": {"a": "str"}}},
        },
        "own_modules.loan_services.entity: use OwnLoanService or another name, because loans has the name LoanService, too.",
    ),
    "entity whose query the code imports": (
        own("lists"),
        "own_modules.lists.entity: use OwnList or another name, because the generated code uses List.",
    ),
    "entity in lower case": (
        own(entity="loan"),
        'own_modules.loans.entity: use a capital letter, then at most 29 letters and digits, not "loan".',
    ),
    "entity that the code uses": (
        own("pages"),
        "own_modules.pages.entity: use OwnPage or another name, because the generated code uses Page.",
    ),
    "entity that pytest would collect": (
        own("test_results"),
        "own_modules.test_results.entity: use OwnTestResult or another name, because pytest takes TestResult for a class of tests.",
    ),
    # --- descriptions
    "description that is not a mapping": (
        {"domain": "blank", "own_modules": {"loans": "title: str"}},
        f'own_modules.loans: use {KEYS}, not "title: str".',
    ),
    "unknown key": (own(colour="red"), f'own_modules.loans: use {KEYS}, not "colour".'),
    "phase 0": (own(phase=0), 'own_modules.loans.phase: use a whole number from 1 to 9, not "0".'),
    "phase in words": (
        own(phase="two"),
        'own_modules.loans.phase: use a whole number from 1 to 9, not "two".',
    ),
    "coverage 101": (
        own(coverage=101),
        'own_modules.loans.coverage: use a whole number from 0 to 100, not "101".',
    ),
    "coverage in bytes": (
        own(coverage=b"\x80"),
        "own_modules.loans.coverage: use a whole number from 0 to 100, not \"b'\\x80'\".",
    ),
    "no fields": (
        own(fields={}),
        'own_modules.loans.fields: use a mapping of at least one field to its type, as in title: str, not "{}".',
    ),
    # --- fields
    "unknown type": (
        field("colour"),
        f'own_modules.loans.fields.copies: use {TYPES}, not "colour".',
    ),
    "type that is a number": (field(5), f'own_modules.loans.fields.copies: use {TYPES}, not "5".'),
    "type that is empty": (field(None), f"own_modules.loans.fields.copies: use {TYPES}, not an empty value."),
    "field id": (
        field("int", "id"),
        "own_modules.loans.fields.id: use loan_id or another name, because the generated code uses this one.",
    ),
    "field metadata": (
        field("json", "metadata"),
        "own_modules.loans.fields.metadata: use loan_metadata or another name, because the generated code uses this one.",
    ),
    "field model_config": (
        field("json", "model_config"),
        "own_modules.loans.fields.model_config: use loan_model_config or another name, because the generated code uses this one.",
    ),
    "field class": (
        field("int", "class"),
        "own_modules.loans.fields.class: use another name because this one is a keyword of Python.",
    ),
    "field with a capital": (
        field("int", "Copies"),
        f'own_modules.loans.fields: use {SHORT_NAME_RULE}, for the name of a field, not "Copies".',
    ),
    "column that PostgreSQL has": (
        field("int", "xmin"),
        "own_modules.loans.fields.xmin: use loan_xmin or another name, because the generated code uses this one.",
    ),
    "letter that reads like a digit": (
        field("int", "l"),
        "own_modules.loans.fields.l: use loan_l or another name, because the generated code uses this one.",
    ),
    "choices whose type is a schema": (
        field(["a", "b"], "update"),
        "own_modules.loans.fields.update: use another name because the generated code uses LoanUpdate, the type of the choices.",
    ),
    "choices whose type is that of others": (
        own(fields={"a_b": ["a"], "a__b": ["b"]}),
        "own_modules.loans.fields.a_b: use another name because the field a__b uses LoanAB, the type of the choices.",
    ),
    "YAML's yes as a field": (
        field("int", True),
        f"own_modules.loans.fields: use {SHORT_NAME_RULE}, for the name of a field, not true (yes, on or true without quotes).",
    ),
    "empty list of choices": (
        field([]),
        'own_modules.loans.fields.copies: use at least one choice, as in [short, long], not "[]".',
    ),
    "choice that is YAML's no": (
        field(["yes", False]),
        "own_modules.loans.fields.copies: use choices of 1 to 30 letters, digits, spaces and _ . + / - (yes, no and numbers in quotes), not false (no, off or false without quotes).",
    ),
    "choice that is a list": (
        field([["a"]]),
        "own_modules.loans.fields.copies: use choices of 1 to 30 letters, digits, spaces and _ . + / - (yes, no and numbers in quotes), not \"['a']\".",
    ),
    "choice twice": (
        field(["a", "a"]),
        "own_modules.loans.fields.copies: use each choice only once.",
    ),
    "default that is not an int": (
        field("int = many"),
        'own_modules.loans.fields.copies: use a whole number of at most 18 digits for the default, not "many".',
    ),
    "default that is not a decimal": (
        field("decimal = 1.005"),
        'own_modules.loans.fields.copies: use a number of at most 10 digits before the point and 2 after it for the default, not "1.005".',
    ),
    "default that is not a bool": (
        field("bool = 1"),
        'own_modules.loans.fields.copies: use true or false for the default, not "1".',
    ),
    "default that is not a day": (
        field("date = 2023-02-29"),
        'own_modules.loans.fields.copies: use a day as in 2030-12-31 for the default, not "2023-02-29".',
    ),
    "default with a quote": (
        field('str = a"b'),
        'own_modules.loans.fields.copies: use text of 1 to 60 characters without quotes and backslashes for the default, not "a"b".',
    ),
    "default of foreign digits": (
        field("int = ١٢"),
        'own_modules.loans.fields.copies: use a whole number of at most 18 digits for the default, not "١٢".',
    ),
    "default that is not a public address": (
        field("email = ada@clinic.local"),
        'own_modules.loans.fields.copies: use an address in lower case with a public domain, as in ada@example.com for the default, not "ada@clinic.local".',
    ),
    "default that is not canonical": (
        field("url = https://example.com/a/../b"),
        'own_modules.loans.fields.copies: use an address in its canonical form, as in https://example.com/ for the default, not "https://example.com/a/../b".',
    ),
    "default of spaces": (
        field("str = '  '"),
        "own_modules.loans.fields.copies: use text of 1 to 60 characters without quotes and backslashes for the default, not \"'  '\".",
    ),
    "default of wide letters": (
        field(f"str = {'字' * 32}"),
        'own_modules.loans.fields.copies: use at most 60 characters, of which those outside of ASCII count twice, not "字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字字".',
    ),
    "default of a type that takes none": (
        field("json = 1"),
        'own_modules.loans.fields.copies: leave out "= 1", because the type json takes no default.',
    ),
    "reference to nothing": (
        field("-> readers"),
        'own_modules.loans.fields.copies: use loans (a module of the service), not "readers".',
    ),
    "reference to an unticked module": (
        field("-> patients") | {"domain": "clinic", "modules": ["tickets"]},
        'own_modules.loans.fields.copies: use loans or tickets (a module of the service), not "patients".',
    ),
    "reference whose column exists": (
        own(fields={"loan": "-> loans?", "loan_id": "int"}),
        "own_modules.loans.fields.loan: use another name because a reference is stored as loan_id, and another field has that name.",
    ),
    "reference to itself that is required": (
        field("-> loans"),
        "own_modules.loans: use -> loans? (an optional reference), because the required references among loans form a cycle.",
    ),
    "optional links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": "-> books*?"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.books: leave out the ?, because a record may have no books.",
    ),
    "links to no module": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "readers": "-> readers*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        'own_modules.loans.fields.readers: use books or loans (a module of the service), not "readers".',
    ),
    "bounds of links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": {"type": "-> books*", "max": 3}}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.books: leave out the bounds, because the type links takes none.",
    ),
    "renamed links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": {"type": "-> books*", "was": "titles"}}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.books: leave out was, because a table of links cannot be renamed.",
    ),
    "links and a reference of one name": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "book": "-> books", "books": "-> books*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.books: use another name because the service uses book_id already.",
    ),
    "links with a reserved name": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "organisations": "-> books*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.organisations: use another name because the service uses organisation_id already.",
    ),
    "links to itself with its own name": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "loans": "-> loans*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.loans: use another name because the service uses loan_id already.",
    ),
    "links that are called like a class": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "reads": "-> books*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.reads: use another name because the generated code uses LoanRead, the class of the links.",
    ),
    "links and choices of one name": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "kinds": "-> books*", "kind": ["a", "b"]}},
                "books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.kinds: use another name because the field kind uses LoanKind, the class of the links.",
    ),
    "a module with the table of links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": "-> books*"}},
                "books": {"fields": {"title": "str"}},
                "loans_books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans_books: use loans_books_items or another name, because the links loans.books have a table of this name.",
    ),
    "a module with the class of links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": "-> books*"}},
                "books": {"fields": {"title": "str"}},
                "loan_books": {"fields": {"title": "str"}},
            }
        },
        "own_modules.loans.fields.books: use another name because loan_books uses LoanBook, the class of the links.",
    ),
    "unique links": (
        {
            "own_modules": {
                "loans": {"fields": {"title": "str", "books": "-> books*"}, "unique": ["books"]},
                "books": {"fields": {"title": "str"}},
            }
        },
        'own_modules.loans.unique: use fields of type str, int, decimal, date, datetime, time, uuid, email, url or phone, not "books".',
    ),
    "nothing but links": (
        {"own_modules": {"loans": {"fields": {"books": "-> books*"}}, "books": {"fields": {"title": "str"}}}},
        "own_modules.loans.fields.books: use at least one field beside it, because a record has no other values.",
    ),
    "a long table of links": (
        {
            "own_modules": {
                "a" * 29 + "s": {"fields": {"title": "str", "b" * 14 + "s": "-> books*"}},
                "books": {"fields": {"title": "str"}},
            }
        },
        f"own_modules.{'a' * 29}s.fields.{'b' * 14}s: use a shorter name, because the table {'a' * 29}s_{'b' * 14}s of the links may have 44 characters.",
    ),
    "links to a module of the catalog": (
        own(fields={"title": "str", "patients": "-> patients*"}) | {"domain": "clinic", "modules": ["patients"]},
        'own_modules.loans.fields.patients: use loans (a module of the service), not "patients".',
    ),
    "part of no module": (
        field("part of readers"),
        'own_modules.loans.fields.copies: use loans (a module of the service), not "readers".',
    ),
    "part of a module of the catalog": (
        field("part of patients") | {"domain": "clinic", "modules": ["patients"]},
        'own_modules.loans.fields.copies: use loans (a module of the service), not "patients".',
    ),
    "optional part": (
        {"own_modules": {"loans": {"fields": {"copies": "part of books?"}}, "books": {"fields": {"title": "str"}}}},
        "own_modules.loans.fields.copies: leave out the ?, because a part always belongs to one of books.",
    ),
    "part of two modules": (
        {
            "own_modules": {
                "loans": {"fields": {"book": "part of books", "member": "part of members"}},
                "books": {"fields": {"title": "str"}},
                "members": {"fields": {"name": "str"}},
            }
        },
        "own_modules.loans.fields.book: use -> books (a reference), because a record is part of one other at most, here of books.",
    ),
    "part without values": (
        {"own_modules": {"loans": {"fields": {"book": "part of books"}}, "books": {"fields": {"title": "str"}}}},
        "own_modules.loans.fields.book: use at least one field beside it, because a part has no other values.",
    ),
    "part of itself": (
        own(fields={"title": "str", "loan": "part of loans"}),
        "own_modules.loans: use -> loans? (an optional reference), because the required references among loans form a cycle.",
    ),
    "parts of each other": (
        {
            "own_modules": {
                "hens": {"fields": {"name": "str", "egg": "part of eggs"}},
                "eggs": {"fields": {"name": "str", "hen": "part of hens"}},
            }
        },
        "own_modules.hens: use -> eggs? (an optional reference), because the required references among hens, eggs form a cycle.",
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
        "own_modules.hens: use -> eggs? (an optional reference), because the required references among hens, eggs form a cycle.",
    ),
    # --- unique, search
    "unique that is not a list": (
        own(unique="title"),
        'own_modules.loans.unique: use a list of fields, as in [title], not "title".',
    ),
    "unique without a field": (
        own(unique=["name"]),
        'own_modules.loans.unique: use title (a field of the module), not "name".',
    ),
    "unique of a list": (
        own(unique=[["title"]]),
        'own_modules.loans.unique: use a field, or a list of at least two fields within the list, not "[title]".',
    ),
    "unique of an unknown field, together with another": (
        own(unique=[["title", "name"]]),
        'own_modules.loans.unique: use title (a field of the module), not "name".',
    ),
    "unique of a text without end, together with another field": (
        own(fields={"title": "str", "notes": "text"}, unique=[["title", "notes"]]),
        'own_modules.loans.unique: use fields of type str, int, decimal, date, datetime, time, uuid, email, url, phone or bool, choices and references, not "notes".',
    ),
    "unique of few values": (
        own(fields={"open": "bool", "kind": ["a", "b"]}, unique=[["open", "kind"]]),
        "own_modules.loans.unique: use at least one field of type str, int, decimal, date, datetime, time, uuid, email, url or phone in [open, kind], because there are few values of the others.",
    ),
    "unique twice in one list": (
        own(unique=[["title", "title"]]),
        "own_modules.loans.unique: use each field only once.",
    ),
    "unique alone and together": (
        own(fields={"title": "str", "isbn": "str"}, unique=["isbn", ["title", "isbn"]]),
        "own_modules.loans.unique: leave out [title, isbn], because isbn is unique already.",
    ),
    "unique lists that contain each other": (
        own(fields={"a": "str", "b": "str", "c": "str"}, unique=[["a", "b", "c"], ["c", "a"]]),
        "own_modules.loans.unique: leave out [a, b, c], because c and a are unique already.",
    ),
    "unique lists that differ in a choice only": (
        own(fields={"a": "str", "b": "bool", "c": "bool"}, unique=[["a", "b"], ["a", "c"]]),
        "own_modules.loans.unique: use a field of type str, int, decimal, date, datetime, time, uuid, email, url or phone in [a, b] that is not in [a, c].",
    ),
    "the same unique list twice": (
        own(fields={"a": "str", "b": "bool"}, unique=[["a", "b"], ["a", "b"]]),
        "own_modules.loans.unique: use each list of fields only once.",
    ),
    # --- sort
    "sort that is no list": (
        own(sort="title"),
        'own_modules.loans.sort: use a list of fields, as in [title], not "title".',
    ),
    "sort by no field": (
        own(sort=[]),
        'own_modules.loans.sort: use at least one field, as in [title], not "[]".',
    ),
    "sort by an unknown field": (
        own(sort=["created_at", "name"]),
        'own_modules.loans.sort: use title (a field of the module), not "name".',
    ),
    "sort by a choice": (
        own(fields={"kind": ["a", "b"]}, sort=["kind"]),
        'own_modules.loans.sort: use fields of type str, int, decimal, float, date, datetime or email, not "kind".',
    ),
    "sort twice by a field": (
        own(sort=["created_at", "created_at"]),
        "own_modules.loans.sort: use each field only once.",
    ),
    "field with the name of the parameter": (
        own(fields={"sort": "int"}, sort=["sort"]),
        "own_modules.loans.fields.sort: use another name because a list that can be sorted has a parameter sort.",
    ),
    # --- check
    "check that is no list": (
        own(check="ends > starts"),
        'own_modules.loans.check: use a list of rules, as in [ends > starts], not "ends > starts".',
    ),
    "check with another operator": (
        own(fields={"a": "int", "b": "int"}, check=["a = b"]),
        'own_modules.loans.check: use two fields with >, >=, <, <= or != between them, as in ends > starts, not "a = b".',
    ),
    "check with a number": (
        own(fields={"a": "int"}, check=["a > 0"]),
        'own_modules.loans.check: use a (a field of the module), not "0".',
    ),
    "check of a field with itself": (
        own(fields={"a": "int"}, check=["a > a"]),
        'own_modules.loans.check: use two different fields, not "a > a".',
    ),
    "check of a date and a time": (
        own(fields={"a": "date", "b": "datetime"}, check=["a > b"]),
        'own_modules.loans.check: use two numbers (int, decimal), two fields of type date, or two of type datetime, not "a > b".',
    ),
    "check that the defaults break": (
        own(fields={"a": "int = 1", "b": "int = 2"}, check=["a > b"]),
        'own_modules.loans.check: use defaults for which a > b is true, not "2 and 1".',
    ),
    "check with one great default": (
        own(fields={"a": "int", "b": "int = 2000"}, check=["a > b"]),
        "own_modules.loans.check: use a default for a, too, or none for b, because the tests need numbers that go with it.",
    ),
    "check of a date with a default": (
        own(fields={"a": "date", "b": "date = 2030-01-01"}, check=["a > b"]),
        "own_modules.loans.check: leave out the default of b, which a > b compares.",
    ),
    "checks that contradict each other": (
        own(fields={"a": "int", "b": "int"}, check=["a > b", "b > a"]),
        "own_modules.loans.check: use each pair of fields only once.",
    ),
    "checks that contradict each other in a circle": (
        own(fields={"a": "int", "b": "int", "c": "int"}, check=["a > b", "b > c", "c > a"]),
        "own_modules.loans.check: leave out one of a > b, b > c, c > a, because no record can follow all of them.",
    ),
    "check that follows from others": (
        own(fields={"a": "int", "b": "int", "c": "int"}, check=["a > b", "b > c", "a > c"]),
        "own_modules.loans.check: leave out a > c, because a is compared with a field that is compared with c.",
    ),
    # --- delete
    "delete that is not soft": (
        own(delete=True),
        "own_modules.loans.delete: use soft, or leave it out, not true (yes, on or true without quotes).",
    ),
    "field with the name of the time of deletion": (
        own(fields={"deleted_at": "datetime"}, delete="soft"),
        "own_modules.loans.fields.deleted_at: use another name because a module with delete: soft has a field deleted_at already.",
    ),
    "entity that a model with delete: soft uses": (
        own(entity="Restorable", delete="soft"),
        "own_modules.loans.entity: use OwnRestorable or another name, because the model of a module with delete: soft uses Restorable.",
    ),
    "field with the name of the version": (
        own(fields={"version": "str"}, versioned=True),
        "own_modules.loans.fields.version: use another name because a module with versioned: true has a field version already.",
    ),
    "entity that the code of versions uses": (
        own(entity="VersionedRecord", versioned=True),
        "own_modules.loans.entity: use OwnVersionedRecord or another name, because the code of a module with versioned: true uses VersionedRecord.",
    ),
    "part of the users of the core": (
        own(fields={"name": "str", "owner": "part of users"}),
        'own_modules.loans.fields.owner: use loans (a module of the service), not "users".',
    ),
    "entity of the users to whom a record refers": (
        own(entity="User", fields={"name": "str", "owner": "-> users"}),
        "own_modules.loans.entity: use OwnUser or another name, because the core has a User.",
    ),
    # --- routes, admin, roles
    "routes that are not a list": (
        own(routes="list"),
        'own_modules.loans.routes: use a list of routes, as in [list, get], not "list".',
    ),
    "unknown route": (
        own(routes=["list", "get", "read"]),
        'own_modules.loans.routes: use create, list, get, update or delete, not "read".',
    ),
    "route to move without states": (
        own(routes=["list", "get", "move"]),
        'own_modules.loans.routes: use create, list, get, update or delete, not "move".',
    ),
    "routes without those that read": (
        own(routes=["create"]),
        "own_modules.loans.routes: use list and get in it, because the tests of the other routes read with them.",
    ),
    "route twice": (
        own(routes=["list", "get", "get"]),
        "own_modules.loans.routes: use each route only once.",
    ),
    "admin that is no list": (
        own(admin=True),
        "own_modules.loans.admin: use a list of actions, as in [create, delete], not true (yes, on or true without quotes).",
    ),
    "admin of a route that is left out": (
        own(routes=["list", "get"], admin=["delete"]),
        'own_modules.loans.admin: use list or get, not "delete".',
    ),
    "admin of an unknown transition": (
        own(states={"open": ["closed"], "closed": []}, admin=["move.open"]),
        'own_modules.loans.admin: use create, list, get, update, move, delete or move.closed, not "move.open".',
    ),
    "roles that are a list": (
        own(roles=["create"]),
        "own_modules.loans.roles: use a mapping of each action to its roles, as in create: [librarian, admin], not \"['create']\".",
    ),
    "roles of an unknown action": (
        own(roles={"read": ["admin"]}),
        'own_modules.loans.roles: use create, list, get, update or delete, not "read".',
    ),
    "a role that is no list": (
        own(roles={"create": "librarian"}),
        'own_modules.loans.roles.create: use a list of roles, as in [librarian, admin], not "librarian".',
    ),
    "a role with a capital letter": (
        own(roles={"create": ["Librarian", "admin"]}),
        'own_modules.loans.roles.create: use a-z, 0-9 and _, at most 25, a letter first, for the name of a role, not "Librarian".',
    ),
    "roles without admin": (
        own(roles={"create": ["librarian"]}),
        "own_modules.loans.roles.create: use [librarian, admin], because admins may do everything.",
    ),
    "an entity that the routes with roles use": (
        own(name="roles", admin=["create"]),
        "own_modules.roles.entity: use OwnRole or another name, because the routes of a module with admin or roles use Role.",
    ),
    "an action in admin and in roles": (
        own(admin=["create"], roles={"create": ["librarian", "admin"]}),
        "own_modules.loans.roles.create: leave out create here or in admin, because both say who may do it.",
    ),
    "unique of a truth value": (
        own(fields={"open": "bool"}, unique=["open"]),
        'own_modules.loans.unique: use fields of type str, int, decimal, date, datetime, time, uuid, email, url or phone, not "open".',
    ),
    "search in a number": (
        own(fields={"copies": "int"}, search=["copies"]),
        'own_modules.loans.search: use fields of type str, text, email or url, not "copies".',
    ),
    "search twice in a field": (
        own(search=["title", "title"]),
        "own_modules.loans.search: use each field only once.",
    ),
    # --- states
    "no states": (
        own(states={}),
        'own_modules.loans.states: use a mapping of each state to a list of the next states, as in open: [closed], not "{}".',
    ),
    "states that are a list": (
        own(states=["open"]),
        "own_modules.loans.states: use a mapping of each state to a list of the next states, as in open: [closed], not \"['open']\".",
    ),
    "an entity that a service whose moves need fields uses": (
        own(fields={"note": "str?"}, entity="Needs", states={"open": {"closed": {"needs": ["note"]}}, "closed": []}),
        "own_modules.loans.entity: use OwnNeeds or another name, because the service of a module whose moves need fields uses Needs.",
    ),
    "a move that needs something else than a field": (
        states(open={"closed": ["title"]}, closed=[]),
        "own_modules.loans.states.open.closed: use {} or the key needs, as in {needs: [title]}, not \"['title']\".",
    ),
    "a move that needs a text": (
        states(open={"closed": {"needs": "title"}}, closed=[]),
        'own_modules.loans.states.open.closed.needs: use a list of fields, as in [title], not "title".',
    ),
    "a move that needs an unknown field": (
        states(open={"closed": {"needs": ["name"]}}, closed=[]),
        'own_modules.loans.states.open.closed.needs: use title (a field of the module), not "name".',
    ),
    "a move that needs a field that every record has": (
        states(open={"closed": {"needs": ["title"]}}, closed=[]),
        'own_modules.loans.states.open.closed.needs: use optional fields without a default that are no references, not "title".',
    ),
    "unknown target": (
        states(open=["closed"]),
        'own_modules.loans.states.open: use open (a state of the module) or add closed: [], not "closed".',
    ),
    "target that is a list": (
        states(open=[["open"]]),
        "own_modules.loans.states.open: use open (a state of the module), not \"['open']\".",
    ),
    "state whose constant reads like a digit": (
        states(o=[]),
        "own_modules.loans.states.o: use is_o or another name, because the generated code uses this one.",
    ),
    "target that is not a list": (
        states(open="closed", closed=[]),
        'own_modules.loans.states.open: use a list of states, as in [closed], not "closed".',
    ),
    "target twice": (
        states(open=["closed", "closed"], closed=[]),
        "own_modules.loans.states.open: use each state only once.",
    ),
    "state that cannot be printed, and an unknown target": (
        own(states={"open": ["closed"], "\x00": []}),
        f'own_modules.loans.states: use {SHORT_NAME_RULE}, for the name of a state (yes, no, on and off in quotes), not " ".',
    ),
    "YAML's on as a state": (
        own(states={True: []}),
        f"own_modules.loans.states: use {SHORT_NAME_RULE}, for the name of a state (yes, no, on and off in quotes), not true (yes, on or true without quotes).",
    ),
    "a state that nothing leads to": (
        states(open=["closed"], lost=[], closed=[]),
        "own_modules.loans.states: use lost after another state, as in open: [closed, lost], because no state leads to it.",
    ),
    "states that lead only to each other": (
        states(open=[], lost=["found"], found=["lost"]),
        "own_modules.loans.states: use lost after another state, as in open: [lost], because no state leads to it.",
    ),
    "the field of a reference with _id": (
        own(fields={"customer_id": "-> loans?"}),
        'own_modules.loans.fields.customer_id: use customer, because a reference adds _id to its name, not "customer_id".',
    ),
    "the field of a reference with _id and no other name": (
        own(fields={"class_id": "-> loans?"}),
        'own_modules.loans.fields.class_id: use class_record, because a reference adds _id to its name, not "class_id".',
    ),
    "field state in a module with states": (
        own(fields={"state": "str"}, states={"open": []}),
        "own_modules.loans.fields.state: use another name because a module with states has a field state already.",
    ),
    # --- the plan
    "plan that is not a mapping": (
        own() | {"plan": ["loans"]},
        "plan: use a line for each module, as in patients: {phase: 3, coverage: 85}, not \"['loans']\".",
    ),
    "number as a plan": (
        own() | {"plan": 5},
        'plan: use a line for each module, as in patients: {phase: 3, coverage: 85}, not "5".',
    ),
    "plan of a module that is not there": (
        own() | {"plan": {"patients": {"phase": 1}}},
        'plan: use loans (a module of the service), not "patients".',
    ),
    "plan of nothing": (
        own() | {"plan": {None: {"phase": 1}}},
        "plan: use loans (a module of the service), not an empty value.",
    ),
    "planned phase 0": (
        own() | {"plan": {"loans": {"phase": 0}}},
        'plan.loans.phase: use a whole number from 1 to 9, not "0".',
    ),
    "planned phase in words": (
        own() | {"plan": {"loans": {"phase": "two"}}},
        'plan.loans.phase: use a whole number from 1 to 9, not "two".',
    ),
    "planned coverage 101": (
        own() | {"plan": {"loans": {"coverage": 101}}},
        'plan.loans.coverage: use a whole number from 0 to 100, not "101".',
    ),
    "planned coverage -1": (
        own() | {"plan": {"loans": {"coverage": -1}}},
        'plan.loans.coverage: use a whole number from 0 to 100, not "-1".',
    ),
    "plan with an unknown key": (
        own() | {"plan": {"loans": {"target": 5}}},
        'plan.loans: use the keys phase or coverage, not "target".',
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
        .endswith('own_modules.loans.phase: use a whole number from 1 to 9, not "0".')
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
    """Return the questions of copier.yml that are never asked."""
    tree = yaml.compose((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert isinstance(tree, yaml.MappingNode)
    asked = {"ticked_modules", *QUESTIONS.split(", ")}
    return [name.value for name, _ in tree.value if name.value[0] != "_" and name.value not in asked]


@pytest.mark.parametrize("name", computed_questions())
def test_refuses_an_answer_to_a_computed_question(template: Path, tmp_path: Path, name: str) -> None:
    answers: tuple[Any, ...] = ([], "text", "[", "", 5, None)
    for answer in answers:
        sentence = write(template, tmp_path / "service", own() | {name: answer})

        assert sentence == f"{name}: there is no such question; use {QUESTIONS}."
        assert not (tmp_path / "service").exists()


@pytest.mark.parametrize(
    "text", ["patients", "[patients", "- patients\n  - tickets", "[[patients]]", "{patients: 1}", ""]
)
def test_refuses_text_that_is_not_a_list_of_modules(template: Path, tmp_path: Path, text: str) -> None:
    sentence = write(template, tmp_path / "service", {"modules": text})

    assert sentence == "modules: use a list of names, as in [patients, tickets], not text."
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
        ("Fahrradwerkstatt Köln", "fahrradwerkstatt_koeln"),
        ("Café Señor Łódź", "cafe_senor_lodz"),
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
