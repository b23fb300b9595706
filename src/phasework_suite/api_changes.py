"""Compares the API with its OpenAPI document in `openapi.json`: which changes break a client that knows this one?

A team stores the document when it releases the API, with `--store-openapi`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from .openapi import METHODS, Schema, resolved
from .schema_changes import Comparison

FILE = "openapi.json"
FEW = 2
"""As many operations as a sentence names."""
FindChanges = Callable[[Schema], list[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that stores the document."""
    parser.getgroup("service").addoption(
        "--store-openapi", action="store_true", help=f"store the OpenAPI document of the API in {FILE}"
    )


@pytest.fixture
def find_api_changes(pytestconfig: pytest.Config) -> FindChanges:
    """Return a function that takes the OpenAPI document of the API, and returns what breaks clients of the stored one.

    With `--store-openapi`, it stores the document first. Without a stored document, it skips the test.
    """
    file = pytestconfig.rootpath / FILE

    def find(document: Schema) -> list[str]:
        if pytestconfig.getoption("store_openapi"):
            file.write_text(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
        if not file.exists():
            pytest.skip(f"there is no {FILE}: when you release the API, run this test with --store-openapi")
        return find_breaking_changes(json.loads(file.read_text(encoding="utf-8")), document)

    return find


def find_breaking_changes(before: Schema, after: Schema) -> list[str]:
    """Return what breaks clients that know the OpenAPI document `before`, each with the operations where it does."""
    old, new = _operations(before), _operations(after)
    places: dict[str, list[str]] = {}
    for key, operation in old.items():
        changes = _changes(operation, new[key], before, after) if key in new else ["the operation is removed"]
        for change in dict.fromkeys(changes):
            places.setdefault(change, []).append(f"{operation['method']} {operation['path']}")
    return [f"{change} ({_few(names)})" for change, names in places.items()]


def _few(names: list[str]) -> str:
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")


def _operations(document: Schema) -> dict[str, Schema]:
    """Return the operations by what clients know of them: parameters in the path have a position, but no name."""
    return {
        f"{method} {re.sub('{.*?}', '{}', path)}": {**item[method], "method": method.upper(), "path": path}
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    }


def _changes(old: Schema, new: Schema, before: Schema, after: Schema) -> Iterator[str]:
    """Yield what breaks clients of an operation."""
    if new.get("security") and not old.get("security"):
        yield "a token is needed now"
    parameters = _parameters(old), _parameters(new)
    for name, parameter in parameters[0].items():
        if name not in parameters[1]:
            yield f"the {name} is removed"
        else:
            yield from Comparison(before, after, name).changes(parameter["schema"], parameters[1][name]["schema"])
    for name, parameter in parameters[1].items():
        if parameter.get("required") and not parameters[0].get(name, {}).get("required"):
            yield f"the {name} is required now"
    bodies = old.get("requestBody", {}), new.get("requestBody", {})
    if bodies[1].get("required") and not bodies[0].get("required"):
        yield "a request body is required now"
    yield from _content_changes(*bodies, Comparison(before, after, "request"))
    for status, response in old["responses"].items():
        if status in new["responses"]:
            answers = resolved(response, before), resolved(new["responses"][status], after)
            yield from _content_changes(*answers, Comparison(before, after, "response", in_response=True))
        elif status.startswith("2"):
            yield f"the response {status} is removed"


def _parameters(operation: Schema) -> dict[str, Schema]:
    """Return the parameters of an operation by what clients know of them."""
    order = re.findall("{(.*?)}", operation["path"])
    names = {name: f"path parameter {place}" for place, name in enumerate(order, 1)}
    return {
        names[each["name"]] if each["in"] == "path" else f"{each['in']} parameter `{each['name']}`": each
        for each in operation.get("parameters", [])
    }


def _content_changes(old: Schema, new: Schema, comparison: Comparison) -> Iterator[str]:
    contents: tuple[Mapping[str, Any], ...] = old.get("content", {}), new.get("content", {})
    for kind, content in contents[0].items():
        if kind not in contents[1]:
            yield f"the {comparison.label} can no longer be {kind}"
        else:
            yield from comparison.changes(content.get("schema", {}), contents[1][kind].get("schema", {}))
