"""What the template offers and allows is read from its own files."""

from pathlib import Path

import pytest

from scripts.template import Template, expand


def test_a_problem_is_told_as_the_template_tells_it(template: Template) -> None:
    assert template.problem({"own_modules": {"bad": {}}, "plan": {}}) == "bad: it is bad."
    assert template.problem({"own_modules": {"good": {"fields": {}}}, "plan": {}}) == ""


def test_the_catalog_is_sorted(template: Template) -> None:
    assert [module["name"] for module in template.catalog] == ["garages", "ships", "vans"]


def test_types_and_entities_are_those_of_the_template(template: Template) -> None:
    assert template.field_types == ["str", "int"]
    assert template.types_with_default == ["str"]
    assert template.entity_of("parcels") == "Parcel"


def test_the_plan_goes_before_what_the_module_says(template: Template) -> None:
    answers = {"modules": ["vans"], "own_modules": {"parcels": {"phase": 4}}, "plan": {"vans": {"phase": 9}}}

    assert template.plan_of(answers) == {
        "vans": {"phase": 9, "coverage": 90},
        "parcels": {"phase": 4, "coverage": 80},
    }


@pytest.mark.parametrize(
    ("address", "expanded"),
    [
        ("gh:ada/template", "https://github.com/ada/template"),
        ("gl:ada/template", "https://gitlab.com/ada/template"),
        ("git+https://example.com/template", "https://example.com/template"),
        ("git@example.com:template.git", "git@example.com:template.git"),
        ("/srv/template", "/srv/template"),
        ("~/template", str(Path.home() / "template")),
    ],
)
def test_an_address_is_written_in_full(address: str, expanded: str) -> None:
    assert expand(address) == expanded
