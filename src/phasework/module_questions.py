"""Asks about an own module, one thing at a time, and checks each answer at once."""

from dataclasses import dataclass, field, replace
from typing import Any

from questionary import Choice

from .answers import Answers
from .console import show
from .prompts import Check, ask_list, ask_number, ask_text, choose, confirm, show_problem, tick
from .rules import Module, Rules

CHOICES = "one of several texts"
REFERENCE = "a record of another module"
# Used until there is a field, because a module without fields is refused.
PLACEHOLDER_FIELDS = {"title": "str"}


PHASE = """A phase (1 to 9) is a step of your delivery plan, with its own tests, marker,
coverage gates and CI job: phase 1 can be live, with its tests green, while
phase 2 still changes."""


@dataclass
class OwnModule:
    """A module that is being described, with the rules and the other answers of the service."""

    rules: Rules
    answers: Answers
    name: str = ""
    description: Module = field(default_factory=dict)

    def problem(self, **more: Any) -> str:
        """Return what is wrong with the module if its description also has `more`."""
        described = {"fields": PLACEHOLDER_FIELDS} | self.description | more
        own_modules = self.answers["own_modules"] | {self.name: described}
        return module_problem(self.rules, self.answers | {"own_modules": own_modules})

    def problem_of_field(self, name: str, written: Any) -> str:
        """Return what is wrong with the module if it also has this field."""
        return self.problem(fields=self.fields | {name: written})

    @property
    def fields(self) -> Module:
        """The fields so far."""
        fields: Module = self.description.get("fields", {})
        return fields


def module_problem(rules: Rules, answers: Answers) -> str:
    """Return what is wrong with the answers; a sentence about an own module begins with the module."""
    return rules.problem(answers).removeprefix("own_modules: ").removeprefix("own_modules.")


def ask_module(rules: Rules, answers: Answers) -> dict[str, Module]:
    """Return an own module by its name, described as in the answer `own_modules`."""
    module = OwnModule(rules, answers)
    ask_name(module)
    if not answers["own_modules"]:
        show(PHASE, "dim")
    phases = [entry["phase"] for entry in rules.plan_of(answers).values()]
    coverage = rules.plan_of(answers | {"own_modules": {module.name: {}}})[module.name]["coverage"]
    module.description |= ask_plan(module.name, lambda entry: module.problem(**entry), max(phases, default=1), coverage)
    ask_fields(module)
    for key, question in (
        ("unique", "Which fields are unique?"),
        ("search", "Which fields does the search cover?"),
    ):
        attempts: dict[str, Module] = {name: {key: [name]} for name in module.fields}
        usable = [name for name, attempt in attempts.items() if not module.problem(**attempt)]
        if ticked := tick(question, usable):
            module.description[key] = ticked
    ask_states(module)
    return {module.name: module.description}


def ask_name(module: OwnModule) -> None:
    """Ask for the module's name and its entity."""

    def check_name(name: str) -> str:
        if name in module.answers["own_modules"]:
            return f"{name}: the service has a module of this name; choose another name."
        problem = replace(module, name=name).problem()
        # The next question asks for the entity.
        return "" if problem.startswith(f"{name}.entity: ") else problem

    module.name = ask_text("Name of the module, a plural in snake_case, for example loans:", check_name)
    derived = module.rules.entity_of(module.name)
    default = f"Own{derived}" if module.problem(entity=derived) else derived
    entity = ask_text("Name of one record, in CamelCase:", lambda entity: module.problem(entity=entity), default)
    if entity != derived:
        module.description["entity"] = entity


def ask_plan(name: str, check: Check, phase: int, coverage: int) -> dict[str, int]:
    """Ask for a module's phase and coverage; `check` gets each as in `{"phase": 2}`."""
    return {
        "phase": ask_number(
            f"Phase of {name}, 1 (delivered first) to 9:", lambda number: check({"phase": number}), phase
        ),
        "coverage": ask_number(
            f"Minimum coverage of {name}, in percent:", lambda number: check({"coverage": number}), coverage
        ),
    }


def ask_fields(module: OwnModule) -> None:
    """Ask for the fields, at least one."""
    while True:
        name = ask_text(f"Name of field {len(module.fields) + 1}:", lambda name: check_field_name(module, name))
        if not name:
            return
        written = ask_type(module, name)
        if show_problem(module.problem_of_field(name, written)):
            continue
        module.description["fields"] = module.fields | {name: written}
        if not confirm("Add another field?"):
            return


def check_field_name(module: OwnModule, name: str) -> str:
    """Return what is wrong with a field's name; no name ends the fields."""
    if not name and module.fields:
        return ""
    if name in module.fields:
        return f"{module.name}.fields: there is already a field {name}; choose another name."
    return module.problem_of_field(name, "str")


def ask_type(module: OwnModule, name: str) -> Any:
    """Ask for a field's type and its details, and return the field as it is written in YAML."""
    kind = choose(f"Type of {name}:", [*module.rules.field_types, CHOICES, REFERENCE])
    if kind == CHOICES:
        return ask_list("Which texts? Separate them with commas:", lambda texts: module.problem_of_field(name, texts))
    if kind == REFERENCE:
        return ask_reference(module, name)
    written = f"{kind}?" if confirm(f"Is {name} optional?", default=False) else kind
    if kind not in module.rules.types_with_default:
        return written

    def with_default(text: str) -> str:
        return f"{written} = {text}" if text else written

    question = f"Default of {name} (Enter for none):"
    return with_default(ask_text(question, lambda text: module.problem_of_field(name, with_default(text))))


def ask_reference(module: OwnModule, name: str) -> str:
    """Ask which module a field refers to."""
    others = sorted([*module.answers["modules"], *module.answers["own_modules"]])
    itself = Choice(f"{module.name} (itself; always optional)", module.name)
    target = choose("Which module?", [*others, itself])
    # With a required reference to its own module, no first record could be created.
    optional = target == module.name or confirm(f"Is {name} optional?", default=False)
    return f"-> {target}?" if optional else f"-> {target}"


def ask_states(module: OwnModule) -> None:
    """Ask for the states and for the transitions between them."""

    def check_states(states: list[str]) -> str:
        if len(set(states)) < len(states):
            return f"{module.name}.states: a state is listed twice; each is allowed once."
        chain = {state: states[number : number + 1] for number, state in enumerate(states, 1)}
        return module.problem(states=chain) if states else ""

    states = ask_list("States, separated by commas, the initial one first (Enter for none):", check_states)
    if states:
        module.description["states"] = ask_transitions(module, states)


def ask_transitions(module: OwnModule, states: list[str]) -> dict[str, list[str]]:
    """Ask for the states that can follow each state, until every state can be reached."""
    following: dict[str, list[str]] = {state: [] for state in states}
    while True:
        for state in states:
            choices = [Choice(other, other, checked=other in following[state]) for other in states]
            following[state] = tick(f"Which states can follow {state}?", choices)
        if not show_problem(module.problem(states=following)):
            return following
