"""Describes existing tables as own modules, with a comment at each thing that a description cannot express."""

import datetime as dt
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from .database_tables import Column, ForeignKey, Table
from .rules import Module, Rules

TYPES: Mapping[type | None, str] = {
    bool: "bool",
    int: "int",
    dt.date: "date",
    dt.datetime: "datetime",
    dt.time: "time",
    dt.timedelta: "duration",
    UUID: "uuid",
    dict: "json",
}
"""The types of fields by the Python types of columns; those of texts and of numbers with a point depend on more."""
LONGEST = 200
"""The characters of a `str`; a longer text is a `text`."""
LONGEST_NAME = {"module": 30, "field": 25}
OF_EACH_RECORD = ("id", "created_at", "updated_at")
UNCOUNTABLE = ("children", "data", "equipment", "feedback", "information", "media", "people", "staff")
PROBE = "probes"
TITLE = {"title": "str"}
PART_OF = "part of "

NAME = r'"?(\w+)"?'
CAST = r"(?:::[\w ]+(?:\[\])?)"
CHOICES = re.compile(
    rf"\(*{NAME}\)*{CAST}?\s*(?:IN|= ANY)\s*\(+(?:ARRAY\[)?((?:'[^']*'{CAST}?(?:, *)?)+)[\])]+.*", re.IGNORECASE
)
"""A constraint that lists the choices of a column, as PostgreSQL and SQLite return it."""
TEXT = re.compile(r"'((?:[^']|'')*)'")
BETWEEN = re.compile(rf"{NAME} BETWEEN (\S+) AND (\S+)", re.IGNORECASE)
LIMIT = re.compile(rf"\(*{NAME}\)*{CAST}?\s*(>=|<=|>|<)\s*\(*'?(-?\d+(?:\.\d+)?)'?\)*{CAST}?\)*")
COMPARISON = re.compile(rf"\(*{NAME}\)*{CAST}?\s*(>=|<=|>|<|<>|!=)\s*\(*{NAME}\)*{CAST}?\)*")
LITERAL = re.compile(rf"\(*(?:'((?:[^']|'')*)'|(-?[\d.]+|true|false))\)*{CAST}?\)*", re.IGNORECASE)
"""A default that is a value, not the result of a function."""

OF_FIELD = re.compile(r"own_modules\.(\w+)\.fields\.(\w+): (.*)", re.DOTALL)
OF_KEY = re.compile(r"own_modules\.(\w+)(?:\.(\w+))?: (.*)", re.DOTALL)
OPTIONAL = re.compile(r"use -> (\w+)\? ")
ANOTHER_NAME = re.compile(r"use (\w+) or another name")

Candidate = tuple[Any, str]
"""A field as it could be written, and what this does not express."""


@dataclass(slots=True)
class Described:
    """An own module that stands for a table, and the comments about it."""

    name: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Each field as it is written; those that are left out have comments only."""
    keys: dict[str, Any] = field(default_factory=dict)
    """The keys besides the fields."""
    notes: list[str] = field(default_factory=list)
    field_notes: dict[str, list[str]] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)

    @property
    def description(self) -> Module:
        """The module as in the answer `own_modules`."""
        return {"fields": {name: self.written(name) for name in self.fields}, **self.keys}

    def written(self, name: str) -> Any:
        """Return a field as it is written: in the long form if there is a help."""
        short = self.fields[name]
        if name not in self.helps:
            return short
        return {"choices" if isinstance(short, list) else "type": short, "help": self.helps[name]}

    def note(self, name: str, text: str) -> None:
        """Add a comment about a field."""
        self.field_notes.setdefault(name, []).extend([text] if text else [])

    def leave_out(self, name: str, reason: str) -> None:
        """Leave out a field."""
        self.fields.pop(name, None)
        self.note(name, f"left out: {reason}")

    def rename(self, old: str, new: str) -> None:
        """Give a field another name; it keeps its place."""
        self.note(old, f"the column is called {old}")
        for place in ("fields", "field_notes", "helps"):
            named = getattr(self, place)
            setattr(self, place, {new if name == old else name: value for name, value in named.items()})
        if "unique" in self.keys:
            self.keys["unique"] = [_renamed(each, old, new) for each in self.keys["unique"]]
        if "check" in self.keys:
            self.keys["check"] = [re.sub(rf"\b{old}\b", new, each) for each in self.keys["check"]]


def _renamed(names: str | list[str], old: str, new: str) -> str | list[str]:
    if isinstance(names, list):
        return [new if name == old else name for name in names]
    return new if names == old else names


@dataclass
class Describer:
    """Describes the tables of a database, in a service that has these answers."""

    rules: Rules
    answers: Mapping[str, Any]
    tables: Sequence[Table]
    accepted: dict[str, bool] = field(default_factory=dict)

    def describe(self) -> list[Described]:
        """Return a module for each table; the template accepts them together."""
        modules = {name: module for module in map(self.describe_table, self.tables) if (name := module.name)}
        while problem := self.problem({name: each.description for name, each in modules.items() if each.fields}):
            self.settle(modules, problem)
        return list(modules.values())

    @cached_property
    def names(self) -> dict[str, str]:
        """The name of the module for each table."""
        names: dict[str, str] = {}
        for table in self.tables:
            name = plural(snake(table.name))[: LONGEST_NAME["module"]].strip("_")
            problem = self.problem({name: {"fields": TITLE}})
            found = OF_KEY.match(problem)
            suggested = ANOTHER_NAME.match(found[3]) if found and not found[2] else None
            names[table.name] = free_name(suggested[1] if suggested else name, names.values(), "module")
        return names

    def problem(self, modules: Mapping[str, Module]) -> str:
        """Return the sentence with which the template refuses these modules, or an empty text."""
        return self.rules.problem({**self.answers, "own_modules": {**self.answers["own_modules"], **modules}})

    def accepts(self, written: Any) -> bool:
        """Return whether a field can be written like this."""
        key = repr(written)
        if key not in self.accepted:
            targets = {name: {"fields": TITLE} for name in self.names.values()}
            self.accepted[key] = not self.problem(targets | {PROBE: {"fields": {"probe": written} | TITLE}})
        return self.accepted[key]

    def describe_table(self, table: Table) -> Described:
        """Return the module for a table."""
        module = Described(self.names[table.name], notes=[f"Table {table.name}.", *table.notes])
        references = {key.columns[0]: key for key in table.foreign_keys if len(key.columns) == 1}
        rules = Constraints(table.checks)
        keys = [*table.unique, table.primary_key]
        named: dict[str, str] = {}
        for column in table.columns:
            if is_part_of_each_record(table, column, references):
                continue
            reference = references.get(column.name)
            name = free_name(field_name(column, reference), named.values(), "field")
            named[column.name] = name
            module.field_notes[name] = []
            if column.computed:
                module.leave_out(name, "the database computes it")
                continue
            has_parent = any(str(written).startswith(PART_OF) for written in module.fields.values())
            candidates = (
                self.references(table, column, reference, has_parent) if reference else ways_to_write(column, rules)
            )
            accepted: Iterator[Candidate] = filter(lambda each: self.accepts(each[0]), candidates)
            if (column.name,) in keys:
                accepted = iter(sorted(accepted, key=lambda each: not self.can_be_unique([each[0]])))
            written = next(accepted, None)
            if written is None:
                module.leave_out(name, f"no type is like {column.sql}")
                continue
            module.fields[name] = written[0]
            module.note(name, "; ".join(filter(None, [written[1], column.domain])))
            if column.comment and self.accepts({"type": "str", "help": column.comment}):
                module.helps[name] = column.comment
            else:
                module.note(name, column.comment or "")
        self.describe_keys(module, table, named)
        self.describe_checks(module, rules, named)
        return module

    def references(self, table: Table, column: Column, key: ForeignKey, has_parent: bool) -> Iterator[Candidate]:
        """Yield the ways to write a foreign key; a table is part of at most one other."""
        if key.cascades and not column.nullable and not has_parent and key.table in self.names:
            yield f"{PART_OF}{self.names[key.table]}", ""
        lost = [f"the column refers to {key.table}"] if key.table not in self.names else []
        lost += ["deleted with the record to which it refers"] * key.cascades
        if key.table in self.names:
            to_itself = key.table == table.name
            lost += ["optional here, because it refers to its own table"] if to_itself and not column.nullable else []
            yield f"-> {self.names[key.table]}{'?' if column.nullable or to_itself else ''}", "; ".join(lost)
        for written, more in ways_to_write(column, Constraints([])):
            yield written, "; ".join([*lost, *filter(None, [more])])

    def describe_keys(self, module: Described, table: Table, named: Mapping[str, str]) -> None:
        """Add what is unique, and the comments about the table."""
        keys = dict.fromkeys([*table.unique, *([table.primary_key] if set(table.primary_key) <= named.keys() else [])])
        unique: list[Any] = []
        for columns in keys:
            names = [named.get(column, column) for column in columns]
            key = names[0] if len(names) == 1 else names
            if set(names) <= module.fields.keys() and self.can_be_unique([module.fields[name] for name in names]):
                unique.append(key)
            elif names:
                module.notes.append(f"Not expressed: unique ({', '.join(columns)}).")
        if unique:
            module.keys["unique"] = unique
        module.notes += [f"Not expressed: a unique index {index}." for index in table.unique_indexes]
        module.notes += [
            f"Not expressed: a foreign key ({', '.join(key.columns)}) to {key.table}."
            for key in table.foreign_keys
            if len(key.columns) > 1
        ]

    def describe_checks(self, module: Described, rules: "Constraints", named: Mapping[str, str]) -> None:
        """Add the rules across fields, and comments about the others."""
        targets = {name: {"fields": TITLE} for name in self.names.values()}
        for first, sign, second in rules.comparisons:
            names = named.get(first, ""), named.get(second, "")
            checks = [*module.keys.get("check", []), f"{names[0]} {sign} {names[1]}"]
            known = {name: module.fields[name] for name in names if name in module.fields}
            if len(known) == 2 and not self.problem(targets | {PROBE: {"fields": module.fields, "check": checks}}):
                module.keys["check"] = checks
            else:
                module.notes.append(f"Not expressed: CHECK ({first} {sign} {second}).")
        module.notes += [f"Not expressed: CHECK ({text})." for text in rules.others]

    def settle(self, modules: Mapping[str, Described], problem: str) -> None:
        """Change what the template refuses, and say so in a comment; exit if that is not possible."""
        if (found := OF_FIELD.match(problem)) and found[1] in modules and found[2] in modules[found[1]].fields:
            self.settle_field(modules[found[1]], found[2], found[3])
            return
        found = OF_KEY.match(problem)
        if not found or found[1] not in modules:
            sys.exit(f"These tables cannot be described: {problem}")
        module, key, reason = modules[found[1]], found[2], found[3]
        optional, suggested = OPTIONAL.match(reason), ANOTHER_NAME.match(reason)
        if optional:
            ways = f"-> {optional[1]}", f"{PART_OF}{optional[1]}"
            for name in [name for name, written in module.fields.items() if written in ways]:
                module.fields[name] = f"-> {optional[1]}?"
                module.note(name, "optional here, because required references form a cycle")
        elif key == "entity" and suggested:
            module.keys["entity"] = suggested[1]
        elif key in module.keys:
            module.notes.append(f"Not expressed: {key} {module.keys.pop(key)}: {reason}")
        else:
            module.fields.clear()
            module.notes.append(f"Left out: {reason}")

    def settle_field(self, module: Described, name: str, reason: str) -> None:
        """Give a field that is refused another name, or leave it out."""
        suggested = ANOTHER_NAME.match(reason)
        owner = self.rules.render_macro("names", "singular", module.name)
        other = suggested[1] if suggested else free_name(f"{owner}_{name}", module.field_notes, "field")
        if "another name" in reason and other not in module.field_notes and not name.startswith(f"{owner}_"):
            module.rename(name, other)
        else:
            module.leave_out(name, reason)

    def can_be_unique(self, fields: Sequence[Any]) -> bool:
        """Return whether the values of fields that are written like this can be unique together."""
        targets = {name: {"fields": TITLE} for name in self.names.values()}
        probes = {f"probe_{number}": written for number, written in enumerate(fields)}
        key = list(probes) if len(probes) > 1 else "probe_0"
        return not self.problem(targets | {PROBE: {"fields": probes, "unique": [key]}})


def is_part_of_each_record(table: Table, column: Column, references: Mapping[str, ForeignKey]) -> bool:
    """Return whether each record has this column anyway: its key, and when it was written."""
    is_key = table.primary_key == (column.name,) and column.python in (int, UUID) and column.name not in references
    return is_key or (snake(column.name) in OF_EACH_RECORD and column.name not in references)


class Constraints:
    """What the check constraints of a table say."""

    def __init__(self, checks: Sequence[str]) -> None:
        self.choices: dict[str, list[str]] = {}
        self.limits: dict[str, list[tuple[str, str]]] = {}
        """The signs and numbers of the limits of each column."""
        self.comparisons: list[tuple[str, str, str]] = []
        self.others: list[str] = []
        for check in checks:
            text = " ".join(check.split())
            parts = re.split(" AND ", BETWEEN.sub(r"\1 >= \2 AND \1 <= \3", text), flags=re.IGNORECASE)
            if found := CHOICES.fullmatch(text):
                self.choices[found[1]] = TEXT.findall(found[2])
            elif not self._read(parts):
                self.others.append(text)

    def _read(self, parts: Sequence[str]) -> bool:
        """Remember limits or comparisons; return whether there is nothing else."""
        limits = [found for part in parts if (found := LIMIT.fullmatch(part.strip()))]
        compared = [found for part in parts if (found := COMPARISON.fullmatch(part.strip()))]
        if len(limits) == len(parts):
            for each in limits:
                self.limits.setdefault(each[1], []).append((each[2], each[3]))
        elif len(compared) == len(parts):
            self.comparisons += [(each[1], each[2].replace("<>", "!="), each[3]) for each in compared]
        return len(parts) in (len(limits), len(compared))

    def bounds(self, column: Column) -> str:
        """Return the bounds of a column as they are written, or an empty text if they cannot be written."""
        least, most = "", ""
        for sign, number in self.limits.get(column.name, []):
            excluded = len(sign) == 1
            if excluded and column.python is not int:
                return ""
            text = str(int(number) + (1 if sign == ">" else -1)) if excluded else number
            least, most = (text, most) if sign[0] == ">" else (least, text)
        return f"{least}..{most}" if least or most else ""


def ways_to_write(column: Column, rules: Constraints) -> Iterator[Candidate]:
    """Yield the ways to write a column, the most exact one first."""
    choices = rules.choices.get(column.name, column.choices)
    bounds = rules.bounds(column)
    limits = "; ".join(f"{column.name} {sign} {number}" for sign, number in rules.limits.get(column.name, []))
    default, lost = find_default(column)
    mark = "?" if column.nullable else ""
    ends = [(f"{mark}{default}", lost)]
    if default:
        ends.append((mark, f"default {column.default}"))
    for end, more in ends if choices else []:
        yield (f"[{', '.join(choices)}]{end}" if end else list(choices)), more
    listed = f"one of {', '.join(choices)}" if choices else ""
    for kind, less in find_types(column):
        for end, more in ends if bounds else []:
            yield f"{bounded(kind, bounds)}{end}", "; ".join(filter(None, [less, more, listed]))
        for end, more in ends:
            yield f"{kind}{end}", "; ".join(filter(None, [less, more, listed, limits]))


def bounded(kind: str, bounds: str) -> str:
    """Return a type with bounds, after the digits of a decimal."""
    return f"{kind.removesuffix(')')}, {bounds})" if kind.endswith(")") else f"{kind}({bounds})"


def find_types(column: Column) -> Iterator[tuple[str, str]]:
    """Yield the types of fields for a column, the most exact one first, and what each does not express."""
    if column.python is str:
        if column.length:
            yield f"{'str' if column.length <= LONGEST else 'text'}(..{column.length})", ""
            yield "text", ""
        else:
            yield "text", ""
            yield "str", f"at most {LONGEST} characters here"
    elif column.python is float:
        yield "float", ""
    elif column.python is Decimal:
        if column.digits:
            yield f"decimal({column.digits[0]}, {column.digits[1]})", ""
        yield "decimal", f"12 digits here, 2 of them after the point; {column.sql} in the table"
    elif column.python is list:
        yield "str[]", ""
    elif column.python is dt.datetime:
        yield "datetime", "" if column.has_zone else "with a time zone here"
    elif column.python in TYPES:
        yield TYPES[column.python], ""


def find_default(column: Column) -> tuple[str, str]:
    """Return the default as it is written after a type, and what is not expressed."""
    if column.default is None or column.default.upper() == "NULL":
        return "", ""
    found = LITERAL.fullmatch(column.default.strip())
    if not found:
        return "", f"default {column.default}"
    text = found[2] or found[1].replace("''", "'")
    if column.python is bool:
        text = {"1": "true", "0": "false"}.get(text, text.lower())
    return f" = {text}", ""


def field_name(column: Column, reference: ForeignKey | None) -> str:
    """Return the name of a field for a column: a reference adds `_id` to its name."""
    name = snake(column.name)
    return name.removesuffix("_id") if reference and name != "id" else name


def free_name(name: str, taken: Any, kind: str) -> str:
    """Return the name, shortened, or with a number if it is taken."""
    name = name[: LONGEST_NAME[kind]].strip("_")
    name = name if re.match("[a-z]", name) else f"{kind}_{name}".strip("_")
    return (
        name
        if name not in taken
        else next(each for number in range(2, 999) if (each := f"{name[:22]}_{number}") not in taken)
    )


def snake(name: str) -> str:
    """Return a name in snake_case: `AlbumId` becomes `album_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def plural(name: str) -> str:
    """Return the plural of a name, if it is a singular: `category` becomes `categories`."""
    if name.endswith(UNCOUNTABLE) or re.search(r"[^su]s$", name):
        return name
    if re.search(r"[^aeiou]y$", name):
        return f"{name[:-1]}ies"
    return f"{name}es" if re.search(r"(s|x|z|ch|sh)$", name) else f"{name}s"
