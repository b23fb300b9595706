"""Asks for a module of one's own: one thing at a time, and each answer is judged as it comes."""

from dataclasses import dataclass, field, replace
from typing import Any

from questionary import Choice

from .answers import Answers
from .prompts import Check, ask_list, ask_number, ask_text, choose, confirm, refused, tick
from .template import Module, Template

COVERAGE = 80
CHOICES = "one of some texts"
REFERENCE = "a record of another module"
# Stands in for the fields until there is one: a module without fields is refused.
SOME_FIELDS = {"title": "str"}


@dataclass
class OwnModule:
    """A module, as far as it is described, and those that judge it: the template, and what else the service has."""

    template: Template
    answers: Answers
    name: str = ""
    description: Module = field(default_factory=dict)

    def problem(self, **more: Any) -> str:
        """Return what would be refused of the module, were `more` in its description."""
        described = {"fields": SOME_FIELDS} | self.description | more
        own_modules = self.answers["own_modules"] | {self.name: described}
        return self.template.problem(self.answers | {"own_modules": own_modules})

    def problem_of_field(self, name: str, written: Any) -> str:
        """Return what would be refused of the module with this field besides those that it has."""
        return self.problem(fields=self.fields | {name: written})

    @property
    def fields(self) -> Module:
        """The fields so far."""
        fields: Module = self.description.get("fields", {})
        return fields


def ask_module(template: Template, answers: Answers) -> dict[str, Module]:
    """Return a module by its name, described as `own_modules` of the answers has it."""
    module = OwnModule(template, answers)
    ask_name(module)
    phases = [entry["phase"] for entry in template.plan_of(answers).values()]
    module.description |= ask_plan(module.name, lambda entry: module.problem(**entry), max(phases, default=1), COVERAGE)
    ask_fields(module)
    for key, question in (("unique", "Unique within an organisation:"), ("search", "Searched for a text:")):
        attempts: dict[str, Module] = {name: {key: [name]} for name in module.fields}
        usable = [name for name, attempt in attempts.items() if not module.problem(**attempt)]
        if ticked := tick(question, usable):
            module.description[key] = ticked
    ask_states(module)
    return {module.name: module.description}


def ask_name(module: OwnModule) -> None:
    """Ask for the name and the entity."""

    def check_name(name: str) -> str:
        if name in module.answers["own_modules"]:
            return f"{name}: the service has a module of this name; choose another one."
        problem = replace(module, name=name).problem()
        # That can be told at the next question.
        return "" if problem.startswith(f"{name}.entity: ") else problem

    module.name = ask_text("Its name, the plural in snake_case, as in loans:", check_name)
    derived = module.template.entity_of(module.name)
    default = f"Own{derived}" if module.problem(entity=derived) else derived
    entity = ask_text("One of them, in CamelCase:", lambda entity: module.problem(entity=entity), default)
    if entity != derived:
        module.description["entity"] = entity


def ask_plan(name: str, check: Check, phase: int, coverage: int) -> dict[str, int]:
    """Ask when a module is due and how much of it must be covered; both are checked as in `{"phase": 2}`."""
    return {
        "phase": ask_number(f"The phase in which {name} is due:", lambda number: check({"phase": number}), phase),
        "coverage": ask_number(
            f"How much of {name} must be covered, in percent:", lambda number: check({"coverage": number}), coverage
        ),
    }


def ask_fields(module: OwnModule) -> None:
    """Ask for the fields, of which there is one at least."""
    while True:
        name = ask_text(f"Field {len(module.fields) + 1}, its name:", lambda name: check_field_name(module, name))
        written = ask_type(module, name)
        if refused(module.problem_of_field(name, written)):
            continue
        module.description["fields"] = module.fields | {name: written}
        if not confirm("Add another field?"):
            return


def check_field_name(module: OwnModule, name: str) -> str:
    """Return what is wrong with the name of a field."""
    if name in module.fields:
        return f"{module.name}.fields: there is a field {name} already; choose another name."
    return module.problem_of_field(name, "str")


def ask_type(module: OwnModule, name: str) -> Any:
    """Ask for the type of a field and what belongs to it, and return it as it is written in YAML."""
    kind = choose(f"The type of {name}:", [*module.template.field_types, CHOICES, REFERENCE])
    if kind == CHOICES:
        return ask_list("The texts, separated by commas:", lambda texts: module.problem_of_field(name, texts))
    if kind == REFERENCE:
        return ask_reference(module)
    written = f"{kind}?" if confirm("Optional?", default=False) else kind
    if kind not in module.template.types_with_default:
        return written

    def with_default(text: str) -> str:
        return f"{written} = {text}" if text else written

    question = "Its default (Enter for none):"
    return with_default(ask_text(question, lambda text: module.problem_of_field(name, with_default(text))))


def ask_reference(module: OwnModule) -> str:
    """Ask which module a field refers to."""
    others = sorted([*module.answers["modules"], *module.answers["own_modules"]])
    itself = Choice(f"{module.name} (itself, optional)", module.name)
    target = choose("To which module:", [*others, itself])
    # The first record of a module that requires another one of itself could never be made.
    optional = target == module.name or confirm("Optional?", default=False)
    return f"-> {target}?" if optional else f"-> {target}"


def ask_states(module: OwnModule) -> None:
    """Ask for the states, and for the moves from one to another."""

    def check_states(states: list[str]) -> str:
        if len(set(states)) < len(states):
            return f"{module.name}.states: a state stands twice; each is allowed once."
        return module.problem(states={state: [] for state in states}) if states else ""

    states = ask_list("Its states by commas, the first one initial (Enter for none):", check_states)
    if states:
        moves = {state: tick(f"From {state} to:", states) for state in states}
        module.description["states"] = moves
        if unreached := [state for state in states[1:] if not any(state in to for to in moves.values())]:
            print(f"Nothing leads to {', '.join(unreached)}.")
