"""Reads fixtures out of their files, which are not imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture, as its source tells."""

    name: str
    scope: str
    summary: str
    """The first line of the docstring."""
    type: str
    """The annotation of what it returns."""


def find_fixture_files(tests: Path) -> list[Path]:
    """Return the files in tests/fixtures/ that tests/conftest.py names, in its order."""
    constants = (node for node in ast.walk(parse(tests / "conftest.py")) if isinstance(node, ast.Constant))
    named = [str(constant.value) for constant in constants if str(constant.value).startswith("tests.fixtures.")]
    return [tests.parent.joinpath(*name.split(".")).with_suffix(".py") for name in named]


def find_conftest_files(tests: Path) -> list[Path]:
    """Return the files of fixtures that are for one folder of tests alone."""
    return sorted(tests.glob("*/**/conftest.py"), key=Path.as_posix)


def read_fixtures(file: Path) -> list[Fixture]:
    """Return the fixtures of a file, in its order."""
    return [fixture for node in parse(file).body if (fixture := _read_fixture(node))]


def parse(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def _read_fixture(node: ast.stmt) -> Fixture | None:
    if not isinstance(node, Function) or not (options := list(_options(node))):
        return None
    return Fixture(
        name=options[0].get("name", node.name),
        scope=options[0].get("scope", "function"),
        summary=(ast.get_docstring(node) or "").partition("\n")[0],
        type=ast.unparse(node.returns) if node.returns else "",
    )


def _options(node: Function) -> Iterator[dict[str | None, Any]]:
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        if isinstance(call.func, ast.Attribute) and call.func.attr == "fixture":
            yield {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}
