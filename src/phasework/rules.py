"""The template's questions, catalog and rules, read from its own files."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml
from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment

from .answers import EMPTY_ANSWERS, Answers

Module = dict[str, Any]
# Questions whose prompt has another name in copier.yml: docs/decisions/0021-read-every-answer.md.
PROMPTS = {"ticked_modules": "modules"}
PACKAGED = Path(__file__).with_name("data")
REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the template, as it is asked after the answers so far."""

    name: str
    type: str
    help: str
    default: Any
    choices: tuple[tuple[str, str], ...]
    """The labels and values to choose from; empty for a text."""
    several: bool
    """Whether several choices are allowed."""
    asked: bool
    """Whether the question is asked after the answers so far; if not, its default is used."""


class Rules:
    """The questions, the catalog and the refusals of the template."""

    def __init__(self, folder: Path) -> None:
        self._environment = SandboxedEnvironment(
            loader=FileSystemLoader(folder), extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"]
        )
        # The macros read the answers that Copier was given: none here.
        self._environment.globals["_copier_conf"] = {"data": {}, "defaults": False}
        self._problem = self._environment.get_template("template/macros/problem.jinja")
        described = read_questions(folder)
        self._questions = {
            PROMPTS.get(name, name): entry for name, entry in described.items() if entry.get("when") is not False
        }
        # Hidden questions whose default is data, for example the catalog.
        self._data = {
            name: entry["default"]
            for name, entry in described.items()
            if entry.get("when") is False and not isinstance(entry["default"], str)
        }

    @property
    def catalog(self) -> list[Module]:
        """The modules of the catalog, sorted by name."""
        modules: list[Module] = self._data["catalog"]
        return sorted(modules, key=lambda module: str(module["name"]))

    @property
    def field_types(self) -> list[str]:
        """The types of fields, without choices and references."""
        return list(self._macros("field_types")["named_types"])

    @property
    def types_with_default(self) -> list[str]:
        """The types of fields that can have a default."""
        return list(self._macros("field_types")["types_with_default"])

    @property
    def type_table(self) -> dict[str, dict[str, Any]]:
        """The table of field types, by name."""
        table: dict[str, dict[str, Any]] = self._macros("field_types")["field_types"]
        return table

    @property
    def reserved(self) -> dict[str, list[str]]:
        """The names that cannot be used, by what they would be the names of."""
        names: dict[str, list[str]] = self._macros("reserved")["reserved"]
        return names

    @property
    def description_keys(self) -> list[str]:
        """The keys of the description of an own module."""
        return list(self._macros("own_checks")["description_keys"])

    @property
    def form_keys(self) -> list[str]:
        """The keys of the long form of a field."""
        return list(self._macros("field_forms")["form_keys"])

    @property
    def question_names(self) -> list[str]:
        """The names of the questions in their order."""
        return [name for name, entry in self._questions.items() if "help" in entry]

    def question(self, name: str, answers: Answers) -> Question:
        """Return a question, given the answers so far."""
        entry = self._questions[name]

        def render(text: Any) -> Any:
            return self._environment.from_string(text).render(self._data | answers) if isinstance(text, str) else text

        several = entry.get("multiselect", False)
        kind = render(entry["type"])
        default = render(entry["default"])
        if isinstance(default, str) and (several or kind != "str"):
            default = yaml.safe_load(default)
        return Question(
            name=name,
            type=kind,
            help=render(entry["help"]),
            default=default,
            choices=tuple((label, value) for label, value in json.loads(render(entry.get("choices", "[]")))),
            several=several,
            asked=all(yaml.safe_load(str(render(entry.get(key, "true")))) for key in ("when", "ask")),
        )

    def with_defaults(self, answers: Answers) -> Answers:
        """Return the answers with the defaults of the questions that are not answered."""
        complete: Answers = {}
        for name in self.question_names:
            complete[name] = answers[name] if name in answers else self.question(name, complete).default
        return complete

    def problem(self, answers: Answers) -> str:
        """Return the sentence with which Copier refuses these answers, or an empty text."""
        # No answer is asked for any more, so all of them are read.
        return self._problem.render(self._data | answers, _copier_conf={"data": {}, "defaults": True})

    def service_modules(self, answers: Answers) -> list[Module]:
        """Return the modules of a service as the template's sources use them."""
        modules = self._macros("modules")["all_modules"](
            self.catalog, *(answers.get(name) or empty for name, empty in EMPTY_ANSWERS.items())
        )
        # Names are marked only for the sources.
        text = json.dumps(json.loads(modules), ensure_ascii=False)
        return cast("list[Module]", json.loads(text.replace(json.dumps(self._macros("names")["mark"])[1:-1], "")))

    def entity_of(self, name: str) -> str:
        """Return the default entity of an own module."""
        return str(self._macros("names")["entity_of"](name, {}))

    def plan_of(self, answers: Answers) -> dict[str, dict[str, int]]:
        """Return the phase and coverage of each module: from the plan, else from the module."""
        complete_plan = self._macros("modules")["complete_plan"]
        plan = complete_plan(self.catalog, answers["modules"], answers["own_modules"], answers["plan"])
        return cast("dict[str, dict[str, int]]", json.loads(plan))

    def render_macro(self, file: str, name: str, *arguments: Any) -> str:
        """Return what a macro of the template prints."""
        return str(self._macros(file)[name](*arguments))

    def _macros(self, file: str) -> dict[str, Any]:
        return vars(self._environment.get_template(f"template/macros/{file}.jinja").module)


@cache
def load_rules() -> Rules:
    """Return the rules of the template that contains this program."""
    return Rules(data_folder())


def data_folder() -> Path:
    """Return the folder with the files of the template that contains this program."""
    return PACKAGED if PACKAGED.is_dir() else REPOSITORY


def read_questions(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the questions in a template's copier.yml."""

    class Loader(yaml.SafeLoader):
        """Includes other files as Copier does."""

    def include(_: Loader, node: yaml.ScalarNode) -> list[Any]:
        files = sorted(folder.glob(node.value), key=Path.as_posix)
        return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]

    Loader.add_constructor("!include", include)
    # A subclass of SafeLoader, which makes no objects.
    content = yaml.load((folder / "copier.yml").read_text(encoding="utf-8"), Loader)
    return {name: entry for name, entry in content.items() if not name.startswith("_")}
