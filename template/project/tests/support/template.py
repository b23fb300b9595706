"""A template that is small enough for a unit test: it knows two types of field, and refuses what is called bad."""

from pathlib import Path

FILES = {
    "template/macros/problem.jinja": """
{%- for name, module in own_modules.items() -%}
  {%- if name == 'bad' or module is not mapping -%}
    own_modules.{{ name }}: it is bad.
  {%- elif module.entity == 'Bad' -%}
    own_modules.{{ name }}.entity: it is bad.
  {%- elif 'bad' in module.fields or 'bad' in module.fields.values() or 'str = bad' in module.fields.values() -%}
    own_modules.{{ name }}.fields: one is bad.
  {%- elif 'count' in (module.search or []) or 'count' in (module.unique or []) -%}
    own_modules.{{ name }}: a count cannot be used.
  {%- endif -%}
{%- endfor -%}
{%- for name, entry in plan.items() if entry.phase == 0 -%}
  plan.{{ name }}.phase: it is bad.
{%- endfor -%}
""",
    "template/macros/field_types.jinja": """
{%- set named_types = ['str', 'int'] -%}
{%- set types_with_default = ['str'] -%}
""",
    "template/macros/names.jinja": """
{%- macro entity_of(name, description) -%}{{ name | capitalize | replace('s', '') }}{%- endmacro -%}
""",
    "template/macros/modules.jinja": """
{%- macro default_plan(catalog, modules, own_modules) -%}
  {%- set plan = {} -%}
  {%- for module in catalog if module.name in modules -%}
    {%- set _ = plan.update({module.name: {'phase': module.phase, 'coverage': module.coverage}}) -%}
  {%- endfor -%}
  {%- for name, module in own_modules.items() -%}
    {%- set _ = plan.update({name: {'phase': module.phase or 1, 'coverage': 80}}) -%}
  {%- endfor -%}
  {{- plan | to_json -}}
{%- endmacro -%}
""",
    "template/macros/reserved.yml": "keywords: [class]\n",
    "template/catalog/vans/module.yml": (
        "{name: vans, title: Vans, phase: 3, coverage: 90, domains: [post], needs: [garages]}\n"
    ),
    "template/catalog/garages/module.yml": "{name: garages, title: Garages, phase: 2, coverage: 70, domains: [post]}\n",
    "template/catalog/ships/module.yml": "{name: ships, title: Ships, phase: 1, coverage: 70, domains: [sea]}\n",
}


def write_template(folder: Path) -> Path:
    """Write the template into a folder and return that."""
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
