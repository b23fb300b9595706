"""The running service conforms to its OpenAPI document for generated requests, on PostgreSQL, with an admin's token.

It contains the records of a load test, so that not every response is a 404.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service, with_load_tools, write_service
from tests.support.subsets import domain_of, draw_subsets

CASES = ("everything", "blank-async", "everything-async", "blank")
# A random module of the catalog, with what it needs, and own modules with all types of fields.
SHORT = ("a module", "blank-async")
[MODULE] = draw_subsets(1, most=1)
# Every check but one. The document cannot describe everything that is refused: an unknown time zone, a slot that is taken, a NUL
# in a text.
OPTIONS = (
    *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
    *("--phases", "coverage,fuzzing", "--seed", "1"),
    *("--continue-on-failure", "--warnings", "off", "--no-color"),
)


@pytest.mark.parametrize(
    ("case", "examples"),
    [pytest.param(case, "1", marks=pytest.mark.xdist_group(f"openapi {case}")) for case in SHORT]
    + [
        pytest.param(case, "20", marks=[pytest.mark.xdist_group(f"openapi {case}"), pytest.mark.long]) for case in CASES
    ],
)
def test_every_response_is_documented_and_none_is_a_server_error(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str, examples: str
) -> None:
    module = {"domain": domain_of(MODULE), "modules": list(MODULE)}
    service = write_service(template, tmp_path / "service", module) if case in SHORT[:1] else written(case)
    service = with_load_tools(service)
    programs = json.dumps([TRAPS, SCHEMATHESIS_RUN])

    output = service.run("python", "-c", RUN, programs, *OPTIONS, "--max-examples", examples)

    lines = output.splitlines()
    assert "limits that are not JSON Schema: []" in lines
    assert "server errors: []" in lines
    assert "No issues found" in output
    assert lines[-1] == "never found: []"


# Serves the service and stores records as a load run does. Runs the programs in its first argument with the URL, a token, and the
# identifiers of the records by the names of the parameters and fields that take them.
RUN = r"""
import json
import os
import re
import subprocess
import sys

from locust.env import Environment
from tests.performance.load import start_service
from tests.performance.locustfile import seed

from httpx2 import Client

OTHER_NAMES = {"definition_id": "journey_definition_id", "duplicate_id": "patient_id"}


def limits_of_pydantic(part):
    # findings/pydantic-schema-keeps-replaced-bounds.sh
    if isinstance(part, dict):
        yield from part.keys() & {"ge", "gt", "le", "lt"}
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from limits_of_pydantic(inner)


def find_stored(url, token):
    stored = {}
    with Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        document = client.get("/openapi.json").json()
        print("limits that are not JSON Schema:", sorted({*limits_of_pydantic(document)}), flush=True)
        for path in document["paths"]:
            if item := re.fullmatch(r"(/[^{]+)/{(\w+_id)}", path):
                records = client.get(item[1], params={"limit": 200}).json().get("items", [])
                stored[item[2]] = [record["id"] for record in records]
    stored |= {other: stored[name] for other, name in OTHER_NAMES.items() if name in stored}
    return {name: found for name, found in stored.items() if found}


with start_service() as (url, token):
    os.environ["LOAD_TOKEN"] = token
    seed(Environment(host=url))
    programs, *arguments = sys.argv[1:]
    stored = json.dumps(find_stored(url, token))
    runs = [
        subprocess.run([sys.executable, "-c", program, url, token, stored, *arguments]).returncode
        for program in json.loads(programs)
    ]
    sys.exit(any(runs))
"""

# Replaces generated ids by ids of stored records.
SCHEMATHESIS_RUN = """
import json
import sys
from collections import defaultdict
from itertools import cycle
from uuid import UUID

import schemathesis
from schemathesis.cli import schemathesis as command

url, token, stored, *options = sys.argv[1:]
identifiers = {name: cycle(found) for name, found in json.loads(stored).items()}
answers = defaultdict(set)


def is_identifier(value):
    try:
        UUID(value)
    except (AttributeError, TypeError, ValueError):
        return False
    return True


@schemathesis.hook
def before_call(context, case, kwargs):
    for values in (case.path_parameters, case.query, case.body):
        for name in identifiers.keys() & (values if isinstance(values, dict) else {}).keys():
            if is_identifier(values[name]):
                values[name] = next(identifiers[name])


@schemathesis.hook
def after_call(context, case, response):
    answers[case.operation.label].add(response.status_code)


try:
    command(["run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {token}", *options])
finally:
    # Any other status than these means that the record was found.
    known = {label: codes for label, codes in answers.items() if any(f"{{{name}}}" in label for name in identifiers)}
    print("never found:", [label for label, codes in known.items() if codes <= {401, 404, 405, 422}])
"""

# Schemathesis rarely generates these, and SQLite would store them. Each is sent to the last stored record: others refer to the first.
TRAPS = r"""
import json
import sys
from collections import defaultdict
from itertools import count
from urllib.parse import quote
from uuid import UUID, uuid4

from httpx2 import Client

HUGE = [2**63, -(2**63) - 1, 10**30, 1e308, float("inf"), float("nan")]
TEXTS = ["a\0b", "030\0123456", "\ud800", "9" * 400, "1e999", "NaN", "a@b\0.com", "https://example.com/\ud800"]
TIMES = ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
DEEP = json.loads('{"k": ' * 300 + "1" + "}" * 300)
OBJECTS = [DEEP, {"k": "\0"}, {"k": "\ud800"}, {"\0": 1}, {"k": 10**400}, {"k": float("nan")}, ["\0"]]
EXAMPLES = {"uuid": str(UUID(int=1)), "date": "2020-01-01", "date-time": "2030-01-01T00:00:00Z"}
PLAIN = {"integer": 1, "number": 1, "boolean": True, "array": ["x"], "object": {}}


def resolved(schema):
    schema = schema["anyOf"][0] if "anyOf" in schema else schema
    return document["components"]["schemas"][schema["$ref"].split("/")[-1]] if "$ref" in schema else schema


def example(schema):
    schema = resolved(schema)
    # What is unique is not refused for that.
    number = next(numbers)
    formats = EXAMPLES | {"email": f"a{number}@example.com", "uri": f"https://example.com/{number}"}
    return schema.get("enum", [None])[0] or formats.get(schema.get("format")) or PLAIN.get(schema.get("type"), f"{number}")


def bodies(operation):
    content = operation.get("requestBody", {}).get("content", {})
    # Files have another type.
    schema = resolved(content.get("application/json", {}).get("schema", {}))
    fields = schema.get("properties", {})
    for name in fields:
        for trap in TEXTS + HUGE + TIMES + OBJECTS:
            required = {other: stored.get(other) or example(fields[other]) for other in schema.get("required", [])}
            yield name, "", json.dumps(required | {name: trap})


def queries(operation):
    for parameter in operation.get("parameters", []):
        for trap in TEXTS + HUGE + TIMES if parameter["in"] == "query" else []:
            yield parameter["name"], f"?{parameter['name']}=" + quote(str(trap).encode(errors="surrogatepass")), None


url, token, stored, *_ = sys.argv[1:]
stored = {name: found[-1] for name, found in json.loads(stored).items()}
numbers = count(1)
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
with Client(base_url=url, headers=headers, timeout=10) as client:
    document = client.get("/openapi.json").json()
    failed = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for name, query, body in [*bodies(operation), *queries(operation)]:
                # A load test does not store each kind of record.
                address = path.format_map(defaultdict(uuid4, stored)) + query
                if client.request(method.upper(), address, content=body).status_code >= 500:
                    failed.append((method, path, name, query or body))
print("server errors:", failed)
"""
