"""Reads and writes the file with counts that may only fall."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any

from .check import Unusable
from .project import Project

FILE = "phasework-ratchet.toml"
ABOUT = """\
# Numbers that may only fall: `phasework check ratchet --update` lowers them.
# To allow more, raise a number by hand.
"""

Table = Mapping[str, int | Sequence[str]]
"""The count of each file, or lists of what is allowed."""


def stored(project: Project) -> dict[str, Any]:
    """Return the tables of the file, or nothing if there is none."""
    try:
        return tomllib.loads(read(project))
    except ValueError as error:
        raise Unusable(f"{FILE} is not valid TOML: {error}.") from None


def counts(project: Project, name: str) -> dict[str, int] | None:
    """Return the stored count of each file, or None if there is no table with this name."""
    table = stored(project).get(name)
    if table is None:
        return None
    if not isinstance(table, dict) or not all(type(count) is int and count >= 0 for count in table.values()):
        raise Unusable(f"{FILE}: [{name}] must have one number for each file.")
    return table


def edges(project: Project) -> list[str] | None:
    """Return the stored imports inside of cycles, or None if there is no such table."""
    table = stored(project).get("cycles")
    if table is None:
        return None
    found = table.get("edges") if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(edge, str) for edge in found):
        raise Unusable(f"{FILE}: [cycles] must have a list of texts called edges.")
    return found


def write(project: Project, tables: Mapping[str, Table]) -> str:
    """Write the file and return what changed, as a unified diff."""
    before, after = read(project), to_toml(tables)
    if before != after:
        try:
            (project.root / FILE).write_text(after, encoding="utf-8", newline="\n")
        except OSError as error:
            raise Unusable(f"{FILE} cannot be written: {error.strerror}.") from None
    return "".join(unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), FILE, FILE, n=1))


def read(project: Project) -> str:
    """Return the text of the file, which is empty if there is none."""
    try:
        return (project.root / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise Unusable(f"{FILE} cannot be read: {error}.") from None


def to_toml(tables: Mapping[str, Table]) -> str:
    """Return the text of the file: one line for each number and each text of a list, in order."""
    parts = [ABOUT]
    for name, table in tables.items():
        lines = [f"\n[{name}]\n"]
        for key, value in sorted(table.items()):
            if isinstance(value, int):
                lines.append(f"{quote(key)} = {value}\n")
            else:
                lines += [f"{key} = [\n", *(f"    {quote(text)},\n" for text in value), "]\n"]
        parts += lines
    return "".join(parts)


def quote(text: str) -> str:
    """Return a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
