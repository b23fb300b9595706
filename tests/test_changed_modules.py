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
    rate: decimal(8,4, 0..)
    least: int
    most: int
    kind: [short, long]
    note: text?
    member: -> members
    due: date?
  unique: [title]
  search: [title]
  check: [least <= most]
  states:
    requested: [active]
    active: []
"""
ID = 'UUID("00000000-0000-4000-8000-00000000000{}")'.format
NOW = "dt.datetime(2030, 1, 1, tzinfo=dt.UTC)"
COMMON = {"organisation_id": ID("0"), "created_at": NOW, "updated_at": NOW, "member_id": ID("a")}
FULL = {
    "id": ID("1"), "title": '"Dune"', "code": '"D-1"', "copies": "2", "fee": 'Decimal("2.50")', "rate": 'Decimal("0.1234")',
    "least": "1", "most": "5", "kind": '"short"', "note": '"Sand"', "due": "dt.date(2030, 5, 1)", "state": '"requested"',
}  # fmt: skip
SPARSE = {
    "id": ID("2"), "title": '"Emma"', "code": "None", "copies": "0", "fee": "None", "rate": 'Decimal("7.0000")',
    "least": "3", "most": "3", "kind": '"long"', "note": "None", "due": "None", "state": '"active"',
}  # fmt: skip
ROWS = {
    "core_organisations": [{"id": ID("0"), "name": '"Ours"'}],
    "members": [{"id": ID("a"), "organisation_id": ID("0"), "created_at": NOW, "updated_at": NOW, "name": '"Ada"'}],
    "loans": [COMMON | FULL, COMMON | SPARSE],
}
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
    columns: Mapping[str, str] = field(default_factory=dict)
    """The new names of columns."""


NONE: Values = ("None", "None")
FIRST = "loans:\n  fields:\n"


def both(value: str) -> Values:
    """Return the same value for both loans."""
    return value, value


MORE = """    more: text?
    until: {type: "datetime?", help: When it must be back}
    van: -> vans?
    extra: json?
    amount: decimal? = 1.00
    place: "str(2..80) = 50%: a & b"
    about: text = plain red
    pages: int(-9..99) = -3
    score: decimal = 2.50
    price: money = 12.5 EUR
    toll: money(0..)?
    budget: decimal(18,4, 0..) = 0.0002
    zone: {type: str, pattern: "[A-Z]{2}:[0-9]+", default: "AB:1"}
    home: country = NL
    open: bool = true
    since: date = 2024-02-29
    key_code: uuid = 12345678-1234-4234-8234-123456789abc
    contact: email = ada@example.com
    site: url = https://example.com/loans
    size: "[small, large] = small"
    owner: -> users?
"""
CHANGES = {
    "more": Change(
        {
            FIRST: FIRST + MORE,
            "unique: [title]\n  search: [title]": "unique: [code, [member, title]]\n  search: [title, note]\n  versioned: true",
            "[short, long]": "{choices: [short, long, endless], help: For how long}",
            "active: []": "active: [lost]\n    lost: []",
        },
        after=dict.fromkeys(("more", "until", "van_id", "extra", "amount", "toll_amount", "toll_currency", "owner_id"), NONE)
        | {
            "version": both("1"),
            "place": both("'50%: a & b'"), "about": both("'plain red'"), "pages": both("-3"), "score": both("Decimal('2.50')"),
            "price_amount": both("Decimal('12.5000')"), "price_currency": both("'EUR'"), "budget": both("Decimal('0.0002')"),
            "zone": both("'AB:1'"), "home": both("'NL'"),
            "open": both("True"), "since": both("datetime.date(2024, 2, 29)"),
            "key_code": both("UUID('12345678-1234-4234-8234-123456789abc')"),
            "contact": both("'ada@example.com'"), "site": both("'https://example.com/loans'"), "size": both("'small'"),
        },
    ),
    "less": Change(
        {
            "    title: str\n    code: str?\n    copies: int = 1\n": "    code: str?\n", "    most: int\n": "",
            "    member: -> members\n": "", "  unique: [title]\n  search: [title]\n  check: [least <= most]\n": "",
            "  states:\n    requested: [active]\n    active: []\n": "",
        },
        undone={"title": NONE, "member_id": NONE, "most": NONE, "copies": both("1"), "state": both("'requested'")},
    ),
    "other names": Change(
        {
            "title: str\n": "name: {type: str, was: title}\n", "copies: int = 1": "number: {type: int, was: copies}",
            "member: -> members": "borrower: {type: -> members, was: member}", "most: int": "upmost: {type: int, was: most}",
            "rate: decimal(8,4, 0..)": "share: {type: 'decimal(8,4, 0..)', was: rate}", "<= most": "<= upmost",
            "[title]\n  search: [title]": "[name]\n  search: [name]",
        },
        columns={"title": "name", "copies": "number", "member_id": "borrower_id", "most": "upmost", "rate": "share"},
    ),
    "stricter": Change(
        {
            "fee: decimal?": "fee: decimal(0..) = 1.00", "[short, long]": '"[short, middle] = middle"',
            "requested: [active]\n    active: []": "requested: []", "copies: int": "copies: int(..5)",
            "    code: str?\n": '    code: {type: "str?", pattern: "[A-Z]-[0-9]+"}\n',
        },
        after={"fee": ("Decimal('2.50')", "Decimal('1.00')"), "kind": ("'short'", "'middle'"), "state": both("'requested'")},
        undone={"fee": ("Decimal('2.50')", "Decimal('1.00')"), "kind": ("'short'", "'middle'"), "state": both("'requested'")},
    ),
    "looser": Change(
        {
            "title: str": "title: str?", "copies: int = 1": "copies: int?", "note: text?": "note: str?", "code: str?": "code: text?",
            "unique: [title]\n  search: [title]\n  check: [least <= most]\n": "check: [least <= most, copies <= most]\n",
            "fee: decimal?": "fee: decimal(14,3)?", "rate: decimal(8,4, 0..)": "rate: decimal(16,6, -1..)",
        },
        after={"fee": ("Decimal('2.500')", "None"), "rate": ("Decimal('0.123400')", "Decimal('7.000000')")},
    ),
    "references": Change(
        {
            "members:\n  fields:\n": "members:\n  fields:\n    favourite: -> loans?\n",
            "vans:\n": "shelves:\n  fields:\n    name: str\nvans:\n", FIRST: f"{FIRST}    van: -> vans?\n    shelf: -> shelves?\n",
        },
        after={"van_id": NONE, "shelf_id": NONE},
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
        revisions = revisions_of(name, before, after, old, fresh, revised)
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
) -> dict[str, str]:
    """Return the next migrations of a module."""
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
    assert "%%" not in result["sql"]
    for number, row in enumerate(result["inserted"]):
        assert result["before"][number] == row | {key: values[number] for key, values in change.undone.items()}
        kept = {change.columns.get(key, key): value for key, value in row.items()}
        expected = kept | {key: values[number] for key, values in change.after.items()}
        assert result["after"][number] == {key: expected[key] for key in result["after"][number]}
