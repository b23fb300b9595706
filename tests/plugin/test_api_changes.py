"""Each change of an API that breaks a client is found, and no other change is."""

import json
from typing import Any

import pytest

from phasework_suite.api_changes import find_breaking_changes

Schema = dict[str, Any]

LOAN: Schema = {
    "type": "object",
    "required": ["title", "kind"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 80},
        "kind": {"$ref": "#/components/schemas/LoanKind"},
        "copies": {"type": "integer", "minimum": 0, "default": 1},
        "fee": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "due": {"type": "string", "format": "date"},
    },
}


def content(schema: Schema, kind: str = "application/json") -> Schema:
    """Return a body."""
    return {"content": {kind: {"schema": schema}}}


REFERENCE = {"$ref": "#/components/schemas/Loan"}
PART_OF = {"anyOf": [REFERENCE, {"type": "null"}]}
DOCUMENT: Schema = {
    "paths": {
        "/status": {"get": {"responses": {"200": content({"type": "object"})}}},
        "/loans": {
            "get": {
                "security": [{"HTTPBearer": []}],
                "parameters": [
                    {"name": "kind", "in": "query", "schema": {"type": "string", "enum": ["short", "long"]}}
                ],
                "responses": {"200": content({"type": "array", "items": REFERENCE})},
            },
            "post": {
                "requestBody": content(LOAN) | {"required": True},
                "responses": {"201": content(REFERENCE), "default": {"$ref": "#/components/responses/Problem"}},
            },
        },
        "/loans/{loan_id}": {
            "patch": {
                "parameters": [{"name": "loan_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": content({"type": "object"}),
                "responses": {"200": content(REFERENCE)},
            }
        },
    },
    "components": {
        "schemas": {
            "Loan": LOAN | {"properties": LOAN["properties"] | {"part_of": PART_OF}},
            "LoanKind": {"type": "string", "enum": ["short", "long"]},
            "Problem": {"type": "object", "properties": {"title": {"type": "string"}}},
        },
        "responses": {"Problem": content({"$ref": "#/components/schemas/Problem"}, "application/problem+json")},
    },
}

REQUEST = "paths /loans post requestBody content application/json schema"
FIELDS = f"{REQUEST} properties"
STORED = "components schemas Loan"
QUERY = "paths /loans get parameters 0"
POST = "(POST /loans)"
PATCHED = "paths /loans/{loan_id} patch"
GONE = None
QUERIES = DOCUMENT["paths"]["/loans"]["get"]["parameters"]


def edited(place: str, value: Any) -> Schema:
    """Return the document with another value at a place; None removes it."""
    # Unlike `deepcopy`, this does not keep what two schemas share.
    document: Schema = json.loads(json.dumps(DOCUMENT))
    *steps, last = (int(step) if len(step) == 1 else step for step in place.split())
    found: Any = document
    for step in steps:
        found = found[step]
    if value is GONE:
        del found[last]
    else:
        found[last] = value
    return document


BREAKING: list[tuple[str, Any, str]] = [
    ("paths /status", GONE, "the operation is removed (GET /status)"),
    ("paths /loans post", GONE, f"the operation is removed {POST}"),
    ("paths /status get security", [{"HTTPBearer": []}], "a token is needed now (GET /status)"),
    ("paths /loans get parameters", [], "the query parameter `kind` is removed (GET /loans)"),
    (f"{QUERY} required", True, "the query parameter `kind` is required now (GET /loans)"),
    (f"{QUERY} schema enum", ["long"], "the query parameter `kind` can no longer be 'short' (GET /loans)"),
    (
        f"{PATCHED} parameters 0 schema format",
        "uuid",
        "the path parameter 1 has the format uuid now, not of any text (PATCH /loans/{loan_id})",
    ),
    (f"{PATCHED} requestBody required", True, "a request body is required now (PATCH /loans/{loan_id})"),
    (f"{PATCHED} requestBody", {}, "the request can no longer be application/json (PATCH /loans/{loan_id})"),
    ("paths /loans post responses", {}, f"the response 201 is removed {POST}"),
    (
        "paths /status get responses 200",
        content({}, "text/csv"),
        "the response can no longer be application/json (GET /status)",
    ),
    (f"{REQUEST} required", ["title", "kind", "fee"], f"`fee` in the request is required now {POST}"),
    (f"{FIELDS} fee", GONE, f"`fee` in the request is removed {POST}"),
    (f"{FIELDS} title type", "integer", f"`title` in the request can no longer be string {POST}"),
    (f"{FIELDS} title maxLength", 79, f"`title` in the request must have a maxLength of 79 now {POST}"),
    (f"{FIELDS} title minLength", 2, f"`title` in the request must have a minLength of 2 now {POST}"),
    (f"{FIELDS} title pattern", "[A-Z]", f"`title` in the request must have a pattern of [A-Z] now {POST}"),
    (f"{FIELDS} copies minimum", 1, f"`copies` in the request must have at least 1 as its value now {POST}"),
    (f"{FIELDS} copies exclusiveMinimum", 0, f"`copies` in the request must have more than 0 as its value now {POST}"),
    (f"{FIELDS} copies maximum", 9, f"`copies` in the request must have at most 9 as its value now {POST}"),
    (f"{FIELDS} copies exclusiveMaximum", 9, f"`copies` in the request must have less than 9 as its value now {POST}"),
    (f"{FIELDS} copies enum", [1, 2], f"`copies` in the request must be one of 1, 2 now {POST}"),
    (
        f"{FIELDS} fee",
        {"type": "number", "exclusiveMinimum": 0},
        f"`fee` in the request can no longer be string {POST}",
    ),
    (
        f"{FIELDS} fee anyOf 0 exclusiveMinimum",
        1,
        f"`fee` in the request must have more than 1 as its value now {POST}",
    ),
    (f"{FIELDS} tags items type", "integer", f"`tags[]` in the request can no longer be string {POST}"),
    (f"{FIELDS} tags maxItems", 3, f"`tags` in the request must have a maxItems of 3 now {POST}"),
    (
        f"{PATCHED} requestBody content application/json schema additionalProperties",
        False,
        "the request can have no other fields any longer (PATCH /loans/{loan_id})",
    ),
    ("components schemas LoanKind enum", ["long"], f"`kind` in the request can no longer be 'short' {POST}"),
    (f"{STORED} properties fee", GONE, "`[].fee` in the response is removed (GET /loans)"),
    (f"{STORED} required", ["kind"], "`[].title` in the response can be missing now (GET /loans)"),
    (f"{STORED} properties copies type", "string", "`[].copies` in the response can be string now (GET /loans)"),
    (
        f"{STORED} properties copies type",
        ["integer", "null"],
        "`[].copies` in the response can be null now (GET /loans)",
    ),
    (
        f"{STORED} properties due format",
        GONE,
        "`[].due` in the response has the format of any text now, not date (GET /loans)",
    ),
    ("components schemas Problem properties title", GONE, f"`title` in the response is removed {POST}"),
]
HARMLESS: list[tuple[str, Any]] = [
    ("paths /fines", {"get": {"responses": {}}}),
    ("paths /loans get security", []),
    ("paths /loans get parameters 0 schema enum", ["short", "long", "none"]),
    (f"{REQUEST} required", ["title"]),
    (f"{REQUEST} additionalProperties", True),
    (f"{FIELDS} author", {"type": "string"}),
    (f"{FIELDS} due format", GONE),
    (f"{FIELDS} title maxLength", GONE),
    (f"{FIELDS} title minLength", 0),
    (f"{FIELDS} copies type", "number"),
    (f"{FIELDS} copies minimum", -1),
    (f"{FIELDS} copies default", 2),
    (f"{FIELDS} fee anyOf 0", {"type": "number", "minimum": 0}),
    (f"{FIELDS} tags items", {}),
    (f"{STORED} properties title maxLength", 90),
    (f"{STORED} properties copies enum", [1, 2]),
    (f"{STORED} properties fee", {"type": "string"}),
    (f"{STORED} properties author", {"type": "string"}),
    (f"{STORED} properties title format", "uri"),
    ("components schemas LoanKind enum", ["short", "long", "none"]),
    ("paths /loans post responses 409", {"description": "Conflict"}),
    ("paths /loans post responses default", GONE),
]


@pytest.mark.parametrize(("place", "value", "sentence"), BREAKING)
def test_a_change_that_breaks_a_client_is_found(place: str, value: Any, sentence: str) -> None:
    assert sentence in find_breaking_changes(DOCUMENT, edited(place, value))


@pytest.mark.parametrize(("place", "value"), HARMLESS)
def test_no_other_change_is_found(place: str, value: Any) -> None:
    assert find_breaking_changes(DOCUMENT, edited(place, value)) == []


def test_parameters_in_the_path_have_no_names_for_clients() -> None:
    renamed = json.loads(json.dumps(DOCUMENT).replace("loan_id", "id"))

    assert find_breaking_changes(DOCUMENT, renamed) == []


def test_a_change_of_many_operations_is_one_sentence() -> None:
    before, after = (
        {
            "paths": {
                f"/{path}": {"get": {"responses": {"200": content({"properties": {field: {}}})}}} for path in "abcd"
            }
        }
        for field in ("name", "title")
    )

    assert find_breaking_changes(before, after) == ["`name` in the response is removed (GET /a, GET /b and 2 more)"]


def test_parts_of_a_schema_are_joined() -> None:
    before, after = (edited(f"{FIELDS} fee", {"allOf": [{"type": "number"}, {"minimum": least}]}) for least in (0, 1))

    assert find_breaking_changes(before, after) == [
        f"`fee` in the request must have at least 1 as its value now {POST}"
    ]


TEST = """
import json
from pathlib import Path

def test_no_change_breaks_a_client(find_api_changes):
    assert find_api_changes(json.loads(Path("api.json").read_text())) == []
"""


def test_the_document_is_stored_on_request(shop: pytest.Pytester) -> None:
    shop.makepyfile(TEST)
    removed = edited("paths /loans post", GONE)

    def run(document: Schema, *options: str) -> pytest.RunResult:
        (shop.path / "api.json").write_text(json.dumps(document), encoding="utf-8")
        return shop.runpytest_inprocess("-p", "phasework_suite.api_changes", "-rs", *options)

    nothing_stored = run(DOCUMENT)
    stored = run(DOCUMENT, "--store-openapi")
    broken = run(removed)
    stored_again = run(removed, "--store-openapi")
    added = run(DOCUMENT)

    nothing_stored.assert_outcomes(skipped=1)
    nothing_stored.stdout.fnmatch_lines("*there is no openapi.json: when you release the API, run this test with *")
    stored.assert_outcomes(passed=1)
    broken.assert_outcomes(failed=1)
    broken.stdout.fnmatch_lines("*the operation is removed (POST /loans)*")
    stored_again.assert_outcomes(passed=1)
    added.assert_outcomes(passed=1)
    assert json.loads((shop.path / "openapi.json").read_text(encoding="utf-8")) == removed
