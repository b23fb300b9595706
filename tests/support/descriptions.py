"""The first migrations of modules that a test describes, written without a service."""

import yaml

from phasework.answers import EMPTY_ANSWERS
from phasework.rules import Module, Rules

SOURCE = "{% from 'template/macros/python.jinja' import code with context %}{{ code(module, file) }}"
CONTEXT = {"package_name": "library", "database_access": "sync", "python_version": "3.11"}
FILES = ("migration.py", "migration_of_deferred_references.py")


def modules_of(rules: Rules, description: str) -> dict[str, Module]:
    """Return the own modules that a YAML text describes, by name."""
    answers = EMPTY_ANSWERS | {"own_modules": yaml.safe_load(description)}
    assert rules.problem(rules.with_defaults({"project_name": "Library", "domain": "blank", **answers})) == ""
    return {module["name"]: module for module in rules.service_modules(answers)}


def migrations_of(rules: Rules, modules: dict[str, Module]) -> dict[str, str]:
    """Return the migrations of modules by their ids, as the template writes them."""
    written = {}
    for name, module in modules.items():
        written[f"{name}_0001"] = rules._environment.from_string(SOURCE).render(module=module, file=FILES[0], **CONTEXT)
        for deferred in module["deferred_migrations"]:
            written[deferred["revision"]] = rules._environment.from_string(SOURCE).render(
                module=module | deferred, file=FILES[1], **CONTEXT
            )
    return written
