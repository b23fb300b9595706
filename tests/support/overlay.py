"""Copies tests of the plugin and of `scripts/` into a service; they are written for the async form, like the template."""

from jinja2 import Environment, FileSystemLoader

from .services import ROOT, Service

FOLDER = ROOT / "tests" / "overlay"
# Renders a test like the code of a service.
CODE = """\
{%- from 'template/macros/python.jinja' import python with context -%}
{%- call python() %}{% include path %}{% endcall %}
"""


def add_overlay(service: Service) -> list[str]:
    """Write the tests into the folder `tests` of a service, and return their paths in the service."""
    environment = Environment(
        loader=FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        keep_trailing_newline=True,
    )
    written = []
    for source in sorted(FOLDER.rglob("*.py")):
        target = service.folder / "tests" / source.relative_to(FOLDER)
        text = environment.from_string(CODE).render(service.answers, path=source.relative_to(ROOT).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        written.append(target.relative_to(service.folder).as_posix())
    return written
