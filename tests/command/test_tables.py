"""Tests of reading the tables that migrations create."""

from typing import Any

import pytest
import yaml

from phasework.rules import Rules
from phasework.table_changes import create_table
from phasework.tables import UnknownStatement, read_tables
from tests.support.cases import LIBRARY, LIMITS
from tests.support.descriptions import migrations_of, modules_of

CREATE = 'def upgrade() -> None:\n    op.create_table("loans", sa.Column("id", sa.Uuid(), nullable=False){})\n    {}\n'


@pytest.mark.parametrize("described", [LIBRARY, LIMITS], ids=["library", "limits"])
def test_what_is_read_creates_the_same_tables(rules: Rules, described: dict[str, Any]) -> None:
    for name, text in migrations_of(rules, modules_of(rules, yaml.safe_dump(described, sort_keys=False))).items():
        if not name.endswith("_0001"):
            continue
        tables = read_tables([text])

        lines = [line for table in tables.values() for line in create_table(table)]

        code = "def upgrade() -> None:\n" + "\n".join(f"    {line}" for line in lines)
        assert read_tables([code]) == tables


@pytest.mark.parametrize(
    ("item", "statement"),
    [("", 'op.execute("SELECT 1")'), ("", "if True:\n        pass"), (', sa.Identity("id")', "pass"), ("", "call()")],
)
def test_other_statements_are_not_understood(item: str, statement: str) -> None:
    with pytest.raises(UnknownStatement):
        read_tables([CREATE.format(item, statement)])
