"""Tests of the migrations that follow when an own module changes, with rows on SQLite and PostgreSQL."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from phasework.field_changes import find_obstacles, rows_of
from phasework.next_revisions import TableChange, write_revisions
from phasework.rules import Module, load_rules
from phasework.tables import Table, read_imports, read_tables
from tests.support.descriptions import migrations_of, modules_of
from tests.support.servers import Server
from tests.support.services import Service

pytestmark = pytest.mark.xdist_group("blank")

PROGRAM = str(Path(__file__).with_name("support") / "migrate_rows.py")
BEFORE = """
members:
  fields:
    name: str
vans:
  fields:
    name: str
loans:
  fields:
    title: str
    code: str?
    copies: int = 1
    fee: decimal?
    kind: [short, long]
    note: text?
    member: -> members
    due: date?
  unique: [title]
  search: [title]
  states:
    requested: [active]
    active: []
"""
ID, MEMBER = ('UUID("00000000-0000-4000-8000-00000000000{}")'.format, 'UUID("00000000-0000-4000-8000-00000000000a")')
NOW = "dt.datetime(2030, 1, 1, tzinfo=dt.UTC)"
COMMON = {"organisation_id": ID("0"), "created_at": NOW, "updated_at": NOW}
ROWS = {
    "core_organisations": [{"id": ID("0"), "name": '"Ours"'}],
    "members": [COMMON | {"id": MEMBER, "name": '"Ada"'}],
    "loans": [
        COMMON
        | {
            "id": ID("1"), "title": '"Dune"', "code": '"D-1"', "copies": "2", "fee": 'Decimal("2.50")', "kind": '"short"',
            "note": '"Sand"', "member_id": MEMBER, "due": "dt.date(2030, 5, 1)", "state": '"requested"',
        },
        COMMON
        | {
            "id": ID("2"), "title": '"Emma"', "code": "None", "copies": "0", "fee": "None", "kind": '"long"',
            "note": "None", "member_id": MEMBER, "due": "None", "state": '"active"',
        },
    ],
}  # fmt: skip
COLUMNS = {"core_organisations": {"id": "sa.Uuid()", "name": "sa.String(200)"}}

Values = tuple[str, str]
Results = dict[str, list[dict[str, Any]]]
"""What the program prints: for each change, the results on SQLite and on PostgreSQL."""


@dataclass(frozen=True)
class Change:
    """A change of descriptions: replaced texts, and the values of both loans where they are not the ones from before."""

    edits: Mapping[str, str]
    after: Mapping[str, Values] = field(default_factory=dict)
    undone: Mapping[str, Values] = field(default_factory=dict)
    """The values after a downgrade."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """The earlier names of fields."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The new names of columns."""


NONE: Values = ("None", "None")
FIELDS = "  fields:\n    title: str\n"


def adds(*fields: str) -> dict[str, str]:
    """Return the edit that adds fields to loans."""
    return {FIELDS: FIELDS + "".join(f"    {line}\n" for line in fields)}


def both(value: str) -> Values:
    """Return the same value for both loans."""
    return value, value


CHANGES = {
    "optional fields": Change(
        adds("more: text?", "until: datetime?", "van: -> vans?", "extra: json?", "amount: decimal? = 1.00"),
        after=dict.fromkeys(("more", "until", "van_id", "extra", "amount"), NONE),
    ),
    "required fields with defaults": Change(
        adds(
            'place: "str = 50%: a & b"', "about: text = plain red", "pages: int = -3", "score: decimal = 2.50",
            "open: bool = true", "since: date = 2024-02-29", "key_code: uuid = 12345678-1234-4234-8234-123456789abc",
            "contact: email = ada@example.com", "site: url = https://example.com/loans",
        ),
        after={
            "place": both("'50%: a & b'"), "about": both("'plain red'"), "pages": both("-3"), "score": both("Decimal('2.50')"),
            "open": both("True"), "since": both("datetime.date(2024, 2, 29)"),
            "key_code": both("UUID('12345678-1234-4234-8234-123456789abc')"),
            "contact": both("'ada@example.com'"), "site": both("'https://example.com/loans'"),
        },
    ),
    "removed fields": Change(
        {
            "    title: str\n    code: str?\n    copies: int = 1\n": "    code: str?\n",
            "    member: -> members\n": "", "  unique: [title]\n  search: [title]\n": "",
        },
        undone={"title": NONE, "member_id": NONE, "copies": both("1")},
    ),
    "renamed fields": Change(
        {"title: str\n": "name: str\n", "copies: int": "number: int", "member:": "borrower:", "[title]\n  search: [title]": "[name]\n  search: [name]"},
        renamed={"name": "title", "number": "copies", "borrower": "member"},
        columns={"title": "name", "copies": "number", "member_id": "borrower_id"},
    ),
    "an optional field becomes required": Change(
        {"fee: decimal?": "fee: decimal = 1.00"},
        after={"fee": ("Decimal('2.50')", "Decimal('1.00')")}, undone={"fee": ("Decimal('2.50')", "Decimal('1.00')")},
    ),
    "required fields become optional": Change({"title: str": "title: str?", "copies: int = 1": "copies: int?"}),
    "other texts": Change({"note: text?": "note: str?", "code: str?": "code: text?"}),
    "a choice more": Change({"[short, long]": "[short, long, endless]"}),
    "other unique fields and search": Change({"unique: [title]\n  search: [title]": "unique: [code]\n  search: [title, note]"}),
    "no unique field and no search": Change({"  unique: [title]\n  search: [title]\n": ""}),
    "a state more": Change({"active: []": "active: [lost]\n    lost: []"}),
    "a state less": Change(
        {"requested: [active]\n    active: []": "requested: []"},
        after={"state": both("'requested'")}, undone={"state": both("'requested'")},
    ),
    "no states": Change(
        {"  states:\n    requested: [active]\n    active: []\n": ""}, undone={"state": both("'requested'")}
    ),
    "a reference to a new module": Change(
        adds("shelf: -> shelves?") | {"vans:\n": "shelves:\n  fields:\n    name: str\nvans:\n"}, after={"shelf_id": NONE}
    ),
    "references in both directions": Change(
        {"members:\n  fields:\n": "members:\n  fields:\n    favourite: -> loans?\n"} | adds("van: -> vans?"),
        after={"van_id": NONE},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def results(
    written: Callable[[str], Service], shared_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Results:
    """What becomes of the rows in each change, on SQLite and on PostgreSQL: one program runs all of them."""
    folder = tmp_path_factory.mktemp("changes")
    service = written("blank")
    cases = {
        name: case_of(change, service, folder / str(number)) for number, (name, change) in enumerate(CHANGES.items())
    }
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    shared_server.query("postgres", "CREATE DATABASE changes")
    urls = (f"sqlite:///{folder}/loans.db", shared_server.url("changes").replace("postgresql", "postgresql+psycopg", 1))
    output = service.run("python", PROGRAM, str(folder / "cases.json"), *urls)
    results: Results = json.loads(output.splitlines()[-1])
    return results


def case_of(change: Change, service: Service, folder: Path) -> dict[str, Any]:
    """Write the migrations of a change into three folders, and return the case for the program."""
    rules = load_rules()
    described = BEFORE
    for text, other in change.edits.items():
        assert described.count(text) == 1, text
        described = described.replace(text, other)
    before, after = modules_of(rules, BEFORE), modules_of(rules, described)
    core = service.files["migrations/versions/core_0001.py"].decode()
    old, fresh = ({"core_0001": core} | migrations_of(rules, modules) for modules in (before, after))
    revised = old | {name: text for name, text in fresh.items() if name.rpartition("_")[0] not in before}
    written: list[str] = []
    for name in before:
        revisions = revisions_of(name, before, after, old, fresh, revised, change.renamed)
        revised |= revisions
        written += revisions
    for name, migrations in (("old", old), ("fresh", fresh), ("revised", revised)):
        (folder / name).mkdir(parents=True)
        for revision, text in migrations.items():
            (folder / name / f"{revision}.py").write_text(text, encoding="utf-8")
    columns = [tables_of("loans", migrations)["loans"].columns.values() for migrations in (old, fresh)]
    types, types_after = ({column.name: column.type for column in side} for side in columns)
    members = {column.name: column.type for column in tables_of("members", old)["members"].columns.values()}
    return {
        **{name: str(folder / name) for name in ("old", "fresh", "revised")},
        "columns": COLUMNS | {"members": members, "loans": types},
        "after": types_after,
        "rows": ROWS,
        # What a downgrade cannot fill again becomes optional.
        "lost": [name for name, values in change.undone.items() if values == NONE],
        "tables": ["loans", "members"],
        "revisions": written,
    }


def revisions_of(
    name: str,
    before: dict[str, Module],
    after: dict[str, Module],
    old: dict[str, str],
    fresh: dict[str, str],
    known: dict[str, str],
    renamed: Mapping[str, str],
) -> dict[str, str]:
    """Return the next migrations of a module."""
    for field_ in after[name]["fields"]:
        field_["was"] = renamed.get(field_["name"])
    tables, changed = (tables_of(name, migrations) for migrations in (old, fresh))
    rows = rows_of(before[name], after[name])
    assert list(find_obstacles(tables[name], changed[name], after[name], rows)) == []
    imports = {key: line for text in [*old.values(), *fresh.values()] for key, line in read_imports(text).items()}
    return write_revisions(TableChange(name, tables, changed, {name: rows}), known, imports)


def tables_of(name: str, migrations: Mapping[str, str]) -> dict[str, Table]:
    """Return the tables of a module."""
    return read_tables(text for revision, text in migrations.items() if revision.rpartition("_")[0] == name)


@pytest.mark.parametrize("database", [0, 1], ids=["sqlite", "postgresql"])
@pytest.mark.parametrize("name", CHANGES)
def test_rows_survive(results: Results, name: str, database: int) -> None:
    result, change = results[name][database], CHANGES[name]

    assert result["differs"] == result["differs_before"] == []
    for number, row in enumerate(result["inserted"]):
        assert result["before"][number] == row | {key: values[number] for key, values in change.undone.items()}
        kept = {change.columns.get(key, key): value for key, value in row.items()}
        expected = kept | {key: values[number] for key, values in change.after.items()}
        assert result["after"][number] == {key: expected[key] for key in result["after"][number]}
