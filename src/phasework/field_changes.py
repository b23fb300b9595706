"""Compares two descriptions of an own module: what happens to its rows, and what they would lose."""

import operator
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from .python_text import quote
from .table_changes import Replaced, Rows, renamed
from .tables import Table

Description = Mapping[str, Any]
"""A module with its fields in the form in which the template's sources use it."""

BOUNDS = (("min", operator.gt), ("max", operator.lt))
SIZES = {"Money": (12, 2), "BigInteger": (19, 0)}
"""The digits of numbers without sizes of their own: all, and after the point."""
LARGE = 10**9


def rows_of(before: Description, after: Description) -> Rows:
    """Return what a change of a description means for the rows of its table."""
    old = {field["name"]: field for field in before["fields"]}
    known = {name for field in before["fields"] for name in _columns(field)}
    kept = {name for field in after["fields"] for name in _columns(field)}
    columns: dict[str, str] = {}
    for field in after["fields"]:
        was = old.get(field.get("was") or "")
        if was and len(was["columns"]) == len(field["columns"]):
            pairs = zip(_columns(was), _columns(field), strict=True)
            columns |= {one: other for one, other in pairs if one not in kept and other not in known}
    defaults = _defaults(after)
    optional = {columns.get(name, name) for field in before["fields"] if field["optional"] for name in _columns(field)}
    return Rows(
        renamed=columns,
        defaults=defaults,
        old_defaults=_defaults(before),
        filled={name: value for name, value in defaults.items() if name in optional},
        replaced=_replaced(before, after, columns),
        limited=_limited(before, after, columns),
    )


def find_obstacles(table: Table, new: Table, after: Description, rows: Rows) -> Iterator[str]:
    """Yield what no migration can do, and what to write instead."""
    before = renamed(table, new, rows.renamed)
    for field in after["fields"]:
        name, column = field["name"], _columns(field)[0]
        key = f"own_modules.{after['name']}.fields.{name}"
        if column not in new.columns:
            continue
        is_new = column not in before.columns
        if (
            not new.columns[column].nullable
            and (is_new or before.columns[column].nullable)
            and column not in rows.defaults
        ):
            yield f"{key}: use a default for the existing rows, or ? after the type, because {name} becomes required."
        elif not is_new and conversion(before.columns[column].type, new.columns[column].type) is None:
            yield f"{key}: use another name for the field, because PostgreSQL cannot convert its values to {field['type']}."
        elif column in rows.replaced and not rows.replaced[column].value:
            yield f"{key}: use a default for the rows with a removed choice, or ? after the type."


def find_losses(old: Table, new: Table | None, rows: Rows) -> Iterator[str]:
    """Yield what the rows of a table would lose, or why they may not fit."""
    if new is None:
        yield f"{old.name} is removed"
        return
    before = renamed(old, new, rows.renamed)
    for name, column in before.columns.items():
        if name not in new.columns:
            yield f"{new.name}.{name} is removed"
        elif name in rows.limited or conversion(column.type, new.columns[name].type) is False:
            yield f"{new.name}.{name} allows fewer values"
    for name, entry in rows.replaced.items():
        yield f"{new.name}.{name} becomes {entry.value} where it is {' or '.join(entry.lost) or 'another value'}"


def _defaults(module: Description) -> dict[str, str]:
    fields = [field for field in module["fields"] if not field["optional"] and field["default"] is not None]
    states = {"state": quote(module["states"][0]["name"])} if module["states"] else {}
    version = {"version": "1"} if module["versioned"] else {}
    defaults = {column["name"]: column["default"] for field in fields for column in field["columns"]}
    return defaults | states | version


def _columns(field: Mapping[str, Any]) -> list[str]:
    return [column["name"] for column in field["columns"]]


def _replaced(before: Description, after: Description, columns: Mapping[str, str]) -> dict[str, Replaced]:
    old = {columns.get(field["column"], field["column"]): field for field in before["fields"]}
    found = {}
    for field in after["fields"]:
        was = old.get(field["column"])
        if field["type"] != "choice" or was is None:
            continue
        lost = [quote(choice) for choice in (was.get("choices") or []) if choice not in field["choices"]]
        if lost or was["type"] != "choice":
            value = field["default"] or ("None" if field["optional"] else "")
            found[field["column"]] = Replaced([*map(quote, field["choices"])], value, lost)
    states = [state["name"] for state in after["states"]]
    lost = [quote(state["name"]) for state in before["states"] if state["name"] not in states]
    if states and lost:
        found["state"] = Replaced([*map(quote, states)], quote(states[0]), lost)
    return found


def _limited(before: Description, after: Description, columns: Mapping[str, str]) -> list[str]:
    old = {columns.get(name, name): field for field in before["fields"] for name in _columns(field)}
    changes = [(_columns(field)[0], field) for field in after["fields"]]
    return [column for column, field in changes if _is_narrower(old.get(column) or field, field)]


def _is_narrower(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return new["pattern"] not in (None, old["pattern"]) or any(
        new[key] is not None and (old[key] is None or is_beyond(_order(new[key]), _order(old[key])))
        for key, is_beyond in BOUNDS
    )


def _order(bound: str) -> Any:
    try:
        return Decimal(bound)
    except InvalidOperation:
        # A day, in a form that sorts as text.
        return bound


def conversion(old: str, new: str) -> bool | None:
    """Return whether each value of a type fits into another one; None if values cannot be converted."""
    if old == new:
        return True
    old_kind, old_sizes = _parse(old)
    new_kind, new_sizes = _parse(new)
    if old_kind in ("String", "Text") and new_kind in ("String", "Text"):
        return (new_sizes or (LARGE,))[0] >= (old_sizes or (LARGE,))[0]
    if len(old_sizes) == 2 == len(new_sizes):
        return new_sizes[1] >= old_sizes[1] and new_sizes[0] - new_sizes[1] >= old_sizes[0] - old_sizes[1]
    return None


def _parse(kind: str) -> tuple[str, tuple[int, ...]]:
    name = kind.partition("(")[0].rpartition(".")[2]
    return name, SIZES.get(name) or tuple(map(int, re.findall(r"\d+", kind.partition("(")[2])))
