"""The examples in docs/reference/examples are accepted, and give services that pass in both forms."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from phasework.json_schema import own_modules_schema
from phasework.modules import change_answers
from phasework.rules import load_rules
from tests.support.drawn import one_of
from tests.support.services import ROOT, Service, write_service
from tests.test_services import pass_suite, without_core

EXAMPLES = ("chinook", "gtfs", "rental")
CASES = [f"{name}-{form}" for name in EXAMPLES for form in ("sync", "async")]


def read(name: str) -> dict[str, Any]:
    """Return the own modules of an example."""
    modules: dict[str, Any] = yaml.safe_load((ROOT / f"docs/reference/examples/{name}.yml").read_text(encoding="utf-8"))
    return modules


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_can_be_added_to_a_service(name: str) -> None:
    rules = load_rules()

    changes = change_answers(rules, rules.with_defaults({"domain": "blank"}), read(name))

    assert changes["own_modules"] == read(name)
    assert list(Draft7Validator(own_modules_schema(rules)).iter_errors(read(name))) == []
    assert len(read(name)) >= {"rental": 15}.get(name, 10)


@pytest.mark.parametrize("case", one_of(*CASES))
def test_an_example_is_clean(template: Path, tmp_path: Path, case: str) -> None:
    service = write_example(template, tmp_path / "service", case)

    service.run("ruff", "check")
    service.run("ruff", "format", "--check", "--diff")
    service.check_types()


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_the_suite_of_an_example_passes(template: Path, tmp_path: Path, case: str) -> None:
    service = write_example(template, tmp_path / "service", case)

    pass_suite(service, Path(sys.executable), 2, *without_core(service))


def write_example(template: Path, folder: Path, case: str) -> Service:
    """Write the service of an example in a form, such as `gtfs-sync`."""
    name, form = case.split("-")
    return write_service(template, folder, {"domain": "blank", "own_modules": read(name), "database_access": form})
