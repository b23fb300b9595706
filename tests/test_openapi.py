"""The running service does what its OpenAPI document says, whatever it is sent: on PostgreSQL, with an admin's token."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.services import Service

CASES = ("everything", "blank-async")
SCHEMATHESIS = "schemathesis>=4.32,<5"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
OPTIONS = (
    *("--checks", ",".join(CHECKS)),
    *("--phases", "coverage,fuzzing", "--max-examples", "3", "--seed", "1"),
    *("--continue-on-failure", "--warnings", "off", "--no-color"),
)


@pytest.fixture(params=[pytest.param(case, marks=pytest.mark.xdist_group(f"openapi-{case}")) for case in CASES])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service]) -> Service:
    """A service with every module of the catalog, and one with every type of field, in each form, beside schemathesis."""
    return replace(written(request.param), besides=(SCHEMATHESIS,))


def test_nothing_contradicts_the_document(service: Service) -> None:
    output = service.run("python", "-c", RUN, SCHEMATHESIS_RUN, *OPTIONS)

    assert "No issues found" in output


def test_what_postgresql_does_not_store_is_refused(service: Service) -> None:
    output = service.run("python", "-c", RUN, TRAPS)

    assert output.splitlines()[-1] == "server errors: []"


# Serves the service as a load run does, and calls its first argument, a program, with the URL and a token.
RUN = """
import subprocess, sys

from tests.performance.load import own_service

with own_service() as (url, token):
    program, *arguments = sys.argv[1:]
    sys.exit(subprocess.run([sys.executable, "-c", program, url, token, *arguments]).returncode)
"""

SCHEMATHESIS_RUN = """
import sys

from schemathesis.cli import schemathesis

url, token, *options = sys.argv[1:]
schemathesis(["run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}", *options])
"""

# SQLite stores all of these; schemathesis makes hardly any of them.
TRAPS = r"""
import json
import re
import sys
from urllib.parse import quote
from uuid import UUID

from httpx2 import Client

HUGE = [2**63, -(2**63) - 1, 10**30, 1e308, float("inf"), float("nan")]
TEXTS = ["a\0b", "030\0123456", "\ud800", "9" * 400, "1e999", "NaN", "a@b\0.com", "https://example.com/\ud800"]
TIMES = ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
OBJECTS = [{"k": "\0"}, {"k": "\ud800"}, {"\0": 1}, {"k": 10**400}, ["\0"]]
EXAMPLES = {"uuid": str(UUID(int=1)), "date": "2020-01-01", "date-time": "2030-01-01T00:00:00Z"}
PLAIN = {"integer": 1, "number": 1, "boolean": True, "array": ["x"], "object": {}, "string": "x"}


def resolved(schema):
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    return document["components"]["schemas"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema


def example(schema):
    schema = resolved(schema)
    formats = EXAMPLES | {"email": "a@example.com", "uri": "https://example.com/"}
    return schema.get("enum", [None])[0] or formats.get(schema.get("format")) or PLAIN.get(schema.get("type"), "1")


def bodies(operation):
    content = operation.get("requestBody", {}).get("content", {})
    schema = resolved(content["application/json"]["schema"]) if content else {}
    fields = schema.get("properties", {})
    required = {name: example(fields[name]) for name in schema.get("required", [])}
    for name in fields:
        for trap in TEXTS + HUGE + TIMES + OBJECTS:
            yield name, "", json.dumps(required | {name: trap})


def queries(operation):
    for parameter in operation.get("parameters", []):
        for trap in TEXTS + HUGE + TIMES if parameter["in"] == "query" else []:
            yield parameter["name"], f"?{parameter['name']}=" + quote(str(trap).encode(errors="surrogatepass")), None


url, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
with Client(base_url=url, headers=headers, timeout=10) as client:
    document = client.get("/openapi.json").json()
    failed = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for name, query, body in [*bodies(operation), *queries(operation)]:
                address = re.sub(r"\{[^}]+\}", EXAMPLES["uuid"], path) + query
                if client.request(method.upper(), address, content=body).status_code >= 500:
                    failed.append((method, path, name, query or body))
print("server errors:", failed)
"""
