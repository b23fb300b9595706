"""The template that this service was written from: its own files say what it offers and what it allows."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment

from .answers import Answers, read_yaml
from .git import GitError, run_git

# How Copier shortens the address of a template.
SHORT = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}
Module = dict[str, Any]


class Template:
    """The rules of a template, and the modules in its catalog."""

    def __init__(self, folder: Path) -> None:
        environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder), extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"]
        )
        self._problem = environment.get_template("template/macros/problem.jinja")
        self._field_types = vars(environment.get_template("template/macros/field_types.jinja").module)
        self._names = vars(environment.get_template("template/macros/names.jinja").module)
        self._modules = vars(environment.get_template("template/macros/modules.jinja").module)
        self._reserved = read_yaml(folder / "template/macros/reserved.yml")
        self.catalog: list[Module] = [
            read_yaml(file) for file in sorted(folder.glob("template/catalog/*/module.yml"), key=Path.as_posix)
        ]

    @property
    def field_types(self) -> list[str]:
        """The types that a field may have, besides a list of choices and a reference."""
        return list(self._field_types["named_types"])

    @property
    def types_with_default(self) -> list[str]:
        """Those of the types that take a default."""
        return list(self._field_types["types_with_default"])

    def problem(self, answers: Answers) -> str:
        """Return what Copier would refuse these answers for, in one sentence, or an empty text."""
        sentence = self._problem.render(answers, catalog=self.catalog, reserved=[self._reserved])
        return sentence.removeprefix("own_modules: ").removeprefix("own_modules.")

    def entity_of(self, name: str) -> str:
        """Return the entity of a module that names none."""
        return str(self._names["entity_of"](name, {}))

    def plan_of(self, answers: Answers) -> dict[str, dict[str, int]]:
        """Return phase and coverage of each module, as the plan says or else the module itself."""
        default = json.loads(self._modules["default_plan"](self.catalog, answers["modules"], answers["own_modules"]))
        return {name: entry | (answers["plan"].get(name) or {}) for name, entry in default.items()}


@contextmanager
def open_template(answers: Answers) -> Iterator[Template]:
    """Fetch the template at the version that the service is at; exit where that fails."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            run_git("clone", "--quiet", "--", expand(str(answers["_src_path"])), folder)
            run_git("checkout", "--quiet", "--detach", str(answers["_commit"]), "--", cwd=Path(folder))
        except GitError as error:
            sys.exit(f"The template cannot be read: {error}")
        yield Template(Path(folder))


def expand(address: str) -> str:
    """Return the address of a template as git takes it."""
    for short, full in SHORT.items():
        if address.startswith(short):
            return full + address.removeprefix(short)
    return str(Path(address).expanduser()) if address.startswith("~") else address
