"""Writes the file for a new test of a module."""

import ast
import re
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from phasework_suite.places import find_module

from .answers import find_answers_file, read_answers
from .fixtures import parse, read_fixtures

DEFAULT_NAME = "scenarios"
LINE_LENGTH = 120
TEST = '''\
"""{title}: {name}."""

import pytest

{imports}

from tests.support.factories import Factory
from tests.test_utils import TenantContext


{found}
    {await_}make_{entity}()
    expected = {await_}make_{entity}()

    found = {await_}{entity}_service.get(expected.id)

    assert found == expected


{hidden}
    hidden = {await_}make_{entity}()

    with TenantContext(other_org), pytest.raises(NotFound):
        {await_}{entity}_service.get(hidden.id)
'''


@dataclass(frozen=True, slots=True)
class Service:
    """The service that the test is written for."""

    root: Path
    package: str
    is_async: bool

    @property
    def modules(self) -> list[str]:
        """The names of the service's modules."""
        return sorted(file.parent.name for file in self.root.glob(f"src/{self.package}/modules/*/service.py"))


@dataclass(frozen=True, slots=True)
class Module:
    """What a test of a module uses."""

    name: str
    entity_name: str
    """The name of a record in the names of fixtures: `<entity_name>_service`, `make_<entity_name>`."""
    service: str
    entity: str
    imports: dict[str, str]
    """Where the module's fixtures import names from."""


def open_service(root: Path) -> Service:
    """Return the service in a folder; exit if there is none."""
    answers = read_answers(find_answers_file(root), required=("package_name", "database_access"))
    return Service(root, answers["package_name"], answers["database_access"] == "async")


def new_test(service: Service, module: str, name: str, phase: int | None = None) -> str:
    """Write the file and return its path in the service; exit with one sentence, and write nothing, if it cannot."""
    if module not in service.modules:
        sys.exit(f'There is no module "{module}"; the modules are: {", ".join(service.modules) or "none yet"}.')
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        sys.exit(f'Use a-z, 0-9 and _, a letter first, not "{name}".')
    folder = service.root / "tests" / "unit" / f"phase{phase}" if phase else find_folder(service, module)
    file = folder / f"test_{module}_{name}.py"
    path = file.relative_to(service.root).as_posix()
    if file.exists():
        sys.exit(f"{path} exists: choose another name.")
    source = write_source(service, read_module(service, module), name)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8", newline="\n")
    return path


def find_folder(service: Service, module: str) -> Path:
    """Return the folder of the module's phase; exit if the module has no tests yet."""
    for file in sorted(service.root.glob(f"tests/unit/phase[1-9]/test_{module}_*.py")):
        if find_module(file.name, service.modules) == module:
            return file.parent
    sys.exit(f"{module}: no test shows the phase of this module yet: name a phase from 1 to 9 with --phase.")


def read_module(service: Service, module: str) -> Module:
    """Return what the fixtures of a module provide; exit if there is no service or no factory."""
    file = service.root / "tests" / "fixtures" / f"{module}.py"
    types = {fixture.name: fixture.type for fixture in read_fixtures(file)} if file.exists() else {}
    makers = [name.removeprefix("make_") for name in types if name.startswith("make_")]
    names = [name for name in makers if f"{name}_service" in types]
    if not names:
        path = file.relative_to(service.root).as_posix()
        sys.exit(f"{module}: define the fixtures <entity>_service and make_<entity> in {path} first.")
    # A module with several kinds of records is named after one of them.
    [name] = get_close_matches(module, names, n=1, cutoff=0)
    entity = types[f"make_{name}"].removeprefix("Factory[").removesuffix("]")
    return Module(module, name, types[f"{name}_service"], entity, read_imports(file))


def read_imports(file: Path) -> dict[str, str]:
    """Return the imported names in a file, each with the module that it comes from."""
    imports = [node for node in parse(file).body if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.name: str(node.module) for node in imports for name in node.names}


def write_source(service: Service, module: Module, name: str) -> str:
    """Return the source of a file with two tests that pass."""
    parts = f"{service.package}.modules.{module.name}"
    paths = {
        "NotFound": f"{service.package}.core.errors",
        "Organisation": f"{service.package}.core.tenancy",
        module.entity: module.imports.get(module.entity, f"{parts}.models"),
        module.service: module.imports.get(module.service, f"{parts}.service"),
    }
    define = "async def" if service.is_async else "def"
    fixtures = [
        f"{module.entity_name}_service: {module.service}",
        f"make_{module.entity_name}: Factory[{module.entity}]",
    ]
    return TEST.format(
        title=module.name.replace("_", " ").capitalize(),
        name=name.replace("_", " "),
        imports="\n".join(write_import(path, paths) for path in sorted(set(paths.values()))),
        entity=module.entity_name,
        await_="await " if service.is_async else "",
        found=write_head(f"{define} test_get_returns_the_record", fixtures),
        hidden=write_head(f"{define} test_other_organisations_do_not_find_it", [*fixtures, "other_org: Organisation"]),
    )


def write_import(path: str, paths: dict[str, str]) -> str:
    """Return the import of all names that come from `path`."""
    names = sorted(name for name in paths if paths[name] == path)
    line = f"from {path} import {', '.join(names)}"
    return line if len(line) <= LINE_LENGTH else write_lines(f"from {path} import (", names, ")")


def write_head(head: str, parameters: list[str]) -> str:
    """Return the first line of a test, or several lines if it is too long."""
    line = f"{head}({', '.join(parameters)}) -> None:"
    return line if len(line) <= LINE_LENGTH else write_lines(f"{head}(", parameters, ") -> None:")


def write_lines(head: str, items: list[str], tail: str) -> str:
    """Return a list with one item per line."""
    return "\n".join([head, *(f"    {item}," for item in items), tail])
