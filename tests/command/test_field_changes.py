"""Tests of what changes of an own module are refused, and of the losses that must be confirmed."""

import pytest

from phasework.field_changes import find_losses, find_obstacles, rows_of
from phasework.rules import Rules
from phasework.tables import read_tables
from tests.support.descriptions import migrations_of, modules_of

BEFORE = """
members:
  fields:
    name: str
loans:
  fields:
    title: str
    code: str?
    copies: int = 1
    kind: [short, long]
    note: text?
    rate: decimal(8,4, 0..)
    pages: int(..99)
    day: date(2020-01-01..)
    member: -> members?
  states:
    requested: [active, lost]
    active: []
    lost: []
"""
KEY = "own_modules.loans.fields."
NEEDS_DEFAULT = "use a default for the existing rows, or ? after the type, because {} becomes required."
OBSTACLES = {
    "fields:\n    title": ("fields:\n    due: date\n    title", KEY + "due: " + NEEDS_DEFAULT.format("due")),
    "code: str?": ("code: str", KEY + "code: " + NEEDS_DEFAULT.format("code")),
    "member: -> members?": ("member: -> members", KEY + "member: " + NEEDS_DEFAULT.format("member")),
    "copies: int = 1": (
        "copies: str = many",
        KEY + "copies: use another name for the field, because PostgreSQL cannot convert its values to str.",
    ),
    "title: str": (
        "title: date = 2030-01-01",
        KEY + "title: use another name for the field, because PostgreSQL cannot convert its values to date.",
    ),
    "[short, long]": (
        "[short]",
        KEY + "kind: use a default for the rows with a removed choice, or ? after the type.",
    ),
}
LOSSES = {
    "    title: str\n": ("", "loans.title is removed"),
    "    member: -> members?\n": ("", "loans.member_id is removed"),
    "note: text?": ("note: str?", "loans.note allows fewer values"),
    "rate: decimal(8,4, 0..)": ("rate: decimal(8,2, 0..)", "loans.rate allows fewer values"),
    "pages: int(..99)": ("pages: int(1..99)", "loans.pages allows fewer values"),
    "day: date(2020-01-01..)": ("day: date(2020-01-02..)", "loans.day allows fewer values"),
    "requested: [active, lost]\n    active: []\n    lost: []": (
        "requested: [active]\n    active: []",
        'loans.state becomes "requested" where it is "lost"',
    ),
    "  states:\n    requested: [active, lost]\n    active: []\n    lost: []\n": ("", "loans.state is removed"),
}
HARMLESS = {
    "code: str?": "code: text?",
    "title: str": "title: str?",
    "[short, long]": "[short, long, endless]",
    "rate: decimal(8,4, 0..)": "rate: decimal(10,4, -1..)",
    "pages: int(..99)": "pages: int(..100)",
    "day: date(2020-01-01..)": "day: date",
    "rate: decimal(8,4, 0..)\n    pages: int(..99)": "pace: {type: 'decimal(8,4, 0..)', was: rate}\n    pages: int(..99)",
    "copies: int = 1": "copies: int = 2",
    "note: text?": "note: text?\n    due: date?",
    "fields:\n    title": "fields:\n    open: bool = true\n    title",
    "  states:\n": "  unique: [title]\n  search: [title]\n  states:\n",
    "    lost: []": "    lost: [found]\n    found: []",
}


def problems(rules: Rules, old: str, new: str) -> tuple[list[str], list[str]]:
    """Return what is said about a change of the loans: obstacles and losses."""
    before, after = (modules_of(rules, text) for text in (BEFORE, BEFORE.replace(old, new)))
    table, changed = (
        read_tables(text for name, text in migrations_of(rules, modules).items() if name.startswith("loans_"))["loans"]
        for modules in (before, after)
    )
    rows = rows_of(before["loans"], after["loans"])
    return [*find_obstacles(table, changed, after["loans"], rows)], [*find_losses(table, changed, rows)]


@pytest.mark.parametrize("old", OBSTACLES)
def test_an_impossible_change_is_explained(rules: Rules, old: str) -> None:
    new, expected = OBSTACLES[old]

    obstacles, _ = problems(rules, old, new)

    assert obstacles == [expected]


@pytest.mark.parametrize("old", LOSSES)
def test_a_loss_is_named(rules: Rules, old: str) -> None:
    new, expected = LOSSES[old]

    assert problems(rules, old, new) == ([], [expected])


@pytest.mark.parametrize("old", HARMLESS)
def test_other_changes_need_no_confirmation(rules: Rules, old: str) -> None:
    assert problems(rules, old, HARMLESS[old]) == ([], [])
