"""Reads the fixtures in a file without importing it."""

import ast
from dataclasses import dataclass
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture in the source of a test suite."""

    name: str
    type: str
    """The annotation of what it returns."""


def read_fixtures(file: Path) -> list[Fixture]:
    """Return the fixtures that a file defines, in its order."""
    functions = [node for node in parse(file).body if isinstance(node, Function)]
    return [
        Fixture(name, ast.unparse(node.returns) if node.returns else "")
        for node in functions
        if (name := fixture_name(node))
    ]


def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def fixture_name(function: Function) -> str:
    """Return the name of the fixture that a function defines with `@pytest.fixture`, or an empty text."""
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        if isinstance(call.func, ast.Attribute) and call.func.attr == "fixture":
            names = [ast.literal_eval(word.value) for word in call.keywords if word.arg == "name"]
            return str(names[0]) if names else function.name
    return ""
