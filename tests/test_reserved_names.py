"""The reserved names are exactly the names that the generated code uses."""

import ast
import keyword
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS as POSTGRESQL_WORDS
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

from tests.support.services import Service
from tests.support.strategies import RESERVED

# The names that no entity can have, in some modules or in all.
ENTITIES = {name for key, names in RESERVED.items() if key.startswith("entities") for name in names}
# The generated files of a module `things` define names with `Thing`, which are not reserved. No entity begins with Test.
OWN = re.compile(r"(Test)?(Member|Loan|Label|Remark|Shelf|Holiday|Visit|Stop)([A-Z]\w*)?")


def test_keywords() -> None:
    assert RESERVED["keywords"] == [word for word in keyword.kwlist if word.islower()]


def test_standard_library() -> None:
    modules = {name for name in sys.stdlib_module_names if name.islower() and not name.startswith("_")}

    assert modules - set(RESERVED["standard_library"]) == set()


def test_attributes_of_pydantic_models() -> None:
    attributes = {name for name in dir(pydantic.BaseModel) if re.fullmatch("[a-z][a-z0-9_]*", name)}

    assert {name for name in attributes if not name.startswith("model_")} - set(RESERVED["fields"]) == set()


def test_columns_and_methods_of_the_base_classes(written: Callable[[str], Service]) -> None:
    core = written("blank").folder / "src/library/core"
    columns = set(_attributes(core / "tenancy.py", "Record")) | set(_attributes(core / "schemas.py", "ListQuery"))

    assert {name for name in columns if not name.startswith("_")} - set(RESERVED["fields"]) == set()


@pytest.mark.parametrize("file", ["models", "schemas", "service", "router"])
def test_names_that_a_module_imports(written: Callable[[str], Service], file: str) -> None:
    modules = written("blank").folder / "src/library/modules"

    names = {name for path in modules.glob(f"*/{file}.py") for name in _names(path)}

    # The schemas import these, but no entity, so that modules may be named `currencies` and `fields`.
    assert {name for name in names if _could_be_an_entity(name)} - ENTITIES - {"Currency", "Field"} == set()


def test_words_of_sql() -> None:
    words = {*POSTGRESQL_WORDS, *SQLiteIdentifierPreparer.reserved_words}

    assert {word for word in words if re.fullmatch("[a-z][a-z_]*", word)} - set(RESERVED["sql"]) == set()


def test_names_that_the_tests_of_a_module_import(written: Callable[[str], Service]) -> None:
    tests = written("blank").folder / "tests"
    patterns = ("fixtures/*.py", "unit/phase*/*.py", "api/test_loans_api.py", "**/test_loans_races.py")
    files = [path for pattern in patterns for path in tests.glob(pattern)]

    names = {name for path in files for name in _names(path)}

    assert {name for name in names if _could_be_an_entity(name)} - ENTITIES == set()


def test_folders_next_to_the_fixtures_of_the_modules(written: Callable[[str], Service]) -> None:
    fixtures = written("defaults").folder / "tests/fixtures"

    folders = {path.name for path in fixtures.iterdir() if path.is_dir() and path.name.isidentifier()}

    assert folders - {"__pycache__"} - set(RESERVED["modules"]) == set()


def test_files_of_the_service_itself(written: Callable[[str], Service]) -> None:
    of_a_module = [
        re.escape(file).replace("loans", "([a-z]\\w*)") for file in written("blank").files if "loans" in file
    ]

    service = written("defaults")

    matches = [re.fullmatch("|".join(of_a_module), file) for file in service.files]
    names = {name for match in matches if match for name in match.groups() if name}

    assert names - set(service.modules) - set(RESERVED["modules"]) == set()


def test_fixtures_of_the_core(written: Callable[[str], Service]) -> None:
    fixtures = {
        node.name
        for path in (written("blank").folder / "tests/fixtures/core").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }

    entities = {
        match[1] for name in fixtures for match in [re.match(r"(?:test|make)_([a-z]+)(?:_id)?$", name)] if match
    }

    assert {entity.capitalize() for entity in entities} - ENTITIES == set()


def test_packages_that_a_service_declares(written: Callable[[str], Service]) -> None:
    project = tomllib.loads((written("everything-async").folder / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=]", requirement)[0].replace("-", "_") for requirement in declared}
    # A distribution with another import name.
    imported = {
        "celery_types": "celery",
        "fhir.resources": "fhir",
        "import_linter": "importlinter",
        "pyjwt": "jwt",
        "pytest_xdist": "xdist",
        "pyyaml": "yaml",
        "types_pyyaml": "yaml",
    }
    names = {imported.get(name, name) for name in names}

    assert names - set(RESERVED["packages"]) == set()


def _attributes(path: Path, class_name: str) -> Iterator[str]:
    classes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    for node in next(found for found in classes if found.name == class_name).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        if isinstance(node, ast.FunctionDef):
            yield node.name


def _names(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        yield from _bound(node)


def _bound(node: Any) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        yield node.name
    if isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _could_be_an_entity(name: str) -> bool:
    return name[0].isupper() and "_" not in name and not OWN.fullmatch(name)
