#!/usr/bin/env bash
# SQLAlchemy 2.1.9 on SQLite: `email VARCHAR(60) UNIQUE` is reflected without its unique constraint, and `email VARCHAR UNIQUE` with it: its
# pattern for the constraint of a column stops at the parentheses of the type. `ON DELETE CASCADE` next to a column is lost, and the same
# foreign key below the columns keeps it. No warning. Models that are made from such a schema accept duplicates, and delete no children.
#
# Output seen on 2026-11-30:
#   VARCHAR UNIQUE               -> [['email']]
#   VARCHAR(60) UNIQUE           -> []
#   UNIQUE (email)               -> [['email']]
#   REFERENCES next to a column  -> {}
#   FOREIGN KEY below            -> {'ondelete': 'CASCADE'}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlalchemy==2.1.9

"$folder/venv/bin/python" - >"$folder/seen" <<'PYTHON'
from sqlalchemy import create_engine, inspect

TABLES = {
    "VARCHAR UNIQUE": "email VARCHAR UNIQUE",
    "VARCHAR(60) UNIQUE": "email VARCHAR(60) UNIQUE",
    "UNIQUE (email)": "email VARCHAR(60), UNIQUE (email)",
    "REFERENCES next to a column": "owner INTEGER REFERENCES owners (id) ON DELETE CASCADE",
    "FOREIGN KEY below": "owner INTEGER, FOREIGN KEY (owner) REFERENCES owners (id) ON DELETE CASCADE",
}
with create_engine("sqlite://").begin() as connection:
    connection.exec_driver_sql("CREATE TABLE owners (id INTEGER PRIMARY KEY)")
    for number, columns in enumerate(TABLES.values()):
        connection.exec_driver_sql(f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, {columns})")
    inspector = inspect(connection)
    for number, name in enumerate(TABLES):
        if "KEY" in name or "REFERENCES" in name:
            found = inspector.get_foreign_keys(f"t{number}")[0]["options"]
        else:
            found = [each["column_names"] for each in inspector.get_unique_constraints(f"t{number}")]
        print(f"{name:<28} -> {found}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
VARCHAR UNIQUE               -> [['email']]
VARCHAR(60) UNIQUE           -> []
UNIQUE (email)               -> [['email']]
REFERENCES next to a column  -> {}
FOREIGN KEY below            -> {'ondelete': 'CASCADE'}
EXPECTED
