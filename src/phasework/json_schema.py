"""JSON Schemas of the answers, for editors: they accept all that the template accepts, and refuse most of the rest.

They are made from the template's own table of types, its reserved names and its questions. The version is draft 7, which
all editors know. https://github.com/redhat-developer/yaml-language-server shows `patternErrorMessage`.
"""

import re
from typing import Any

from .rules import Rules

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
PHASE = {"type": "integer", "minimum": 1, "maximum": 9, "description": "The step of the delivery plan."}
COVERAGE = {"type": "integer", "minimum": 0, "maximum": 100, "description": "The minimum coverage in percent."}
FIELD_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,24}$"}
ROUTES = ["create", "list", "get", "update", "move", "delete", "restore"]
ACTION = {"type": "string", "pattern": rf"^({'|'.join(ROUTES)}|move\.\w+)$"}
TYPES = {"bool": "boolean", "float": "number", "int": "integer", "str": "string"}
"""The types of JSON by those of questions; the others are described below."""
OF_ANY_QUESTION = ("boolean", "integer", "null", "number", "string")


def answers_schema(rules: Rules) -> Schema:
    """Return the JSON Schema of a file with answers: `--data-file`, or `.copier-answers.yml` of a service."""
    plan = {
        "type": ["object", "null"],
        "additionalProperties": _mapping({"phase": PHASE, "coverage": COVERAGE}),
        "description": "Phase and coverage of each module.",
    }
    questions = {name: _question(rules, name) for name in rules.question_names}
    modules = {"type": "array", "uniqueItems": True, "items": {"enum": [module["name"] for module in rules.catalog]}}
    described = {
        "coverage_total": {**questions["coverage_total"], **COVERAGE},
        "package_name": {**questions["package_name"], "pattern": "^[a-z][a-z0-9_]{0,29}$"},
        "modules": {**questions["modules"], **modules},
        "own_modules": {"oneOf": [{"type": "null"}, {"$ref": "#/definitions/own_modules"}]},
        "plan": plan,
        "repository_folder": {"type": "string", "description": "The folder of the service in its repository."},
    }
    return {
        "$schema": DRAFT,
        "title": "Answers to the questions of Phasework",
        **_mapping(questions | described),
        # What Copier stores.
        "patternProperties": {"^_": {}},
        "definitions": {"own_modules": _own_modules(rules), **_definitions(rules)},
    }


def own_modules_schema(rules: Rules) -> Schema:
    """Return the JSON Schema of a file with own modules at its top, as `phasework add --from` reads it.

    There, a module without fields is one of the catalog, with its phase and coverage.
    """
    catalog = _mapping({"phase": PHASE, "coverage": COVERAGE})
    names = [module["name"] for module in rules.catalog]
    return {
        "$schema": DRAFT,
        "title": "Modules of a service by Phasework",
        "type": "object",
        "properties": {
            name: {"anyOf": [{**catalog, "type": ["object", "null"]}, _reference("module")]} for name in names
        },
        "additionalProperties": _reference("module"),
        "propertyNames": _own_modules(rules)["propertyNames"],
        "definitions": _definitions(rules),
    }


def _question(rules: Rules, name: str) -> Schema:
    question = rules.question(name, rules.with_defaults({}))
    schema: Schema = {"description": question.help, "default": question.default}
    if question.choices and not question.several:
        schema["enum"] = [value for _, value in question.choices]
    elif question.type in TYPES:
        schema["type"] = TYPES[question.type]
    return schema


def _own_modules(rules: Rules) -> Schema:
    reserved = rules.reserved
    names = [*reserved["keywords"], *reserved["standard_library"], *reserved["modules"], *reserved["devices"]]
    return {
        "type": "object",
        "description": "Your own modules by name: snake_case, plural.",
        "propertyNames": {"pattern": "^(?!core_|pg_|sqlite_)[a-z][a-z0-9_]{0,29}$", "not": {"enum": names}},
        "additionalProperties": _reference("module"),
    }


def _definitions(rules: Rules) -> Schema:
    keys: Schema = {
        "entity": {
            "type": "string",
            "pattern": "^[A-Z][A-Za-z0-9]{0,29}$",
            "description": "The singular in CamelCase.",
        },
        "phase": PHASE,
        "coverage": COVERAGE,
        "fields": {
            "type": "object",
            "minProperties": 1,
            "description": "The type of each field.",
            "propertyNames": {**FIELD_NAME, "not": {"enum": [*rules.reserved["keywords"], *rules.reserved["fields"]]}},
            "additionalProperties": _reference("field"),
        },
        "unique": {
            "type": "array",
            "items": {"anyOf": [FIELD_NAME, {"type": "array", "uniqueItems": True, "items": FIELD_NAME}]},
            "description": "Fields that are unique, each alone; a list stands for fields that are unique together.",
        },
        "check": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "string", "pattern": r"^\s*\w+\s*(>|>=|<|<=|!=)\s*\w+\s*$"},
            "description": "Rules that compare two fields, as in ends > starts.",
        },
        "sort": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": FIELD_NAME,
            "description": "Fields, and created_at, by which a request may sort the list.",
        },
        "delete": {"enum": ["soft"], "description": "Whether deleted records stay, and can be restored."},
        "versioned": {"type": "boolean", "description": "Whether a request must name the version that it changes."},
        "routes": {
            "type": "array",
            "uniqueItems": True,
            "items": {"enum": ROUTES},
            "description": "The routes to write.",
        },
        "admin": {"type": "array", "uniqueItems": True, "items": ACTION, "description": "What only admins may do."},
        "roles": {
            "type": "object",
            "propertyNames": ACTION,
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "The roles that may do what.",
        },
        "search": {
            "type": "array",
            "uniqueItems": True,
            "items": FIELD_NAME,
            "description": "Fields that a search covers.",
        },
        "states": {
            "type": "object",
            "minProperties": 1,
            "description": "The states that may follow each state; the first one is the initial state.",
            "propertyNames": {**FIELD_NAME, "not": {"enum": rules.reserved["states"]}},
            # A list of states, or what each of them needs.
            "additionalProperties": {
                "type": ["array", "object", "null"],
                "items": {"type": "string"},
                "uniqueItems": True,
            },
        },
    }
    known = {key: keys.get(key, {}) for key in rules.description_keys}
    choices = {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}}
    short = {
        "type": "string",
        "pattern": _short_forms(rules),
        "patternErrorMessage": f"Use {', '.join(rules.field_types)}, -> MODULE or a list of choices, with ? for optional.",
    }
    long = {
        "type": {"anyOf": [_reference("short"), choices]},
        "choices": choices,
        "optional": {"type": "boolean", "description": "Whether it may be missing or null."},
        "default": {"type": list(OF_ANY_QUESTION), "description": "The value of a request without one."},
        "pattern": {"type": "string", "maxLength": 60, "description": "What the whole text of a str must match."},
        "digits": {"type": "integer", "minimum": 1, "maximum": 18, "description": "All digits of a decimal."},
        "places": {"type": "integer", "minimum": 0, "maximum": 17, "description": "Those after the point."},
        "was": {**FIELD_NAME, "description": "The earlier name of a renamed field, which keeps its values."},
        "help": {"type": "string", "description": "What it is, for OpenAPI and the column."},
    }
    long_form = _mapping({key: long.get(key, {}) for key in rules.form_keys})
    return {
        "module": {**_mapping(known), "required": ["fields"]},
        "field": {"anyOf": [_reference("short"), choices, long_form]},
        "short": short,
    }


def _short_forms(rules: Rules) -> str:
    """Return the pattern of a field in its short form: a type with what it can have, a reference, or choices."""
    types = rules.type_table
    words = []
    for name in rules.field_types:
        limits = r"( *\(.*\))?" if types[name].get("bounds") or name == "decimal" else ""
        words.append(rf"{re.escape(name)}{limits} *\??{_default(types[name].get('default'))}")
    return rf"^\s*({'|'.join(words)}|-> *[a-z]\w*\*? *\??|file *\??|\[.*\] *\??( *=.*)?|part of \w+)\s*$"


def _default(default: Schema | None) -> str:
    """Return the pattern of a default; only those that mean the same in every engine say what is allowed."""
    if not default:
        return ""
    pattern = default["pattern"].strip()
    is_plain = not re.search(r"\\[Z1-9]|\(\?[=!<]|\{\D", pattern)
    return f"( *= *({pattern}))?" if is_plain else "( *=.*)?"


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _reference(definition: str) -> Schema:
    return {"$ref": f"#/definitions/{definition}"}
