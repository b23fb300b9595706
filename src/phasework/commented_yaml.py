"""Writes described tables as YAML, with the comments."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from .described_tables import Described

WIDTH = 100
HEADER = """\
Own modules for existing tables. Read each comment. Then run `phasework add --from FILE` in a
service, or put them below `own_modules:` in a file for `phasework new --data-file FILE`.
Not read: views, triggers, exclusion constraints, and whether a constraint is deferrable."""


def to_commented_yaml(modules: Sequence[Described]) -> str:
    """Return the modules in the form that `phasework add --from` reads."""
    return (
        "\n".join([*comments([HEADER], ""), *(line for module in modules for line in ["", *lines_of(module)])]) + "\n"
    )


def lines_of(module: Described) -> Iterator[str]:
    """Yield the lines of a module; one without fields is a comment."""
    yield from comments(module.notes, "")
    if not module.fields:
        yield f"# {module.name}: no field is left"
        return
    yield f"{module.name}:"
    if entity := module.keys.get("entity"):
        yield f"  entity: {entity}"
    yield "  fields:"
    for name, notes in module.field_notes.items():
        if name not in module.fields:
            yield from comments(
                [f"{name} is {note}" if note.startswith("left out") else note for note in notes], "    "
            )
            continue
        yield from comments(notes, "    ")
        yield f"    {name}: {in_flow(module.written(name))}"
    for key, value in module.keys.items():
        if key != "entity":
            yield f"  {key}: {in_flow(value)}"


def comments(texts: Sequence[str], indent: str) -> Iterator[str]:
    """Yield the lines of comments."""
    for text in texts:
        for line in text.splitlines():
            yield from textwrap.wrap(line, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ")


def in_flow(value: Any) -> str:
    """Return a value in one line of YAML."""
    return yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True).removesuffix("...\n").strip()
