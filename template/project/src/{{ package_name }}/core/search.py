"""Indexes for searches in text, written by migrations."""

from alembic import op

SUFFIX = "_trigrams"


def create_search_index(table: str, *columns: str) -> None:
    """Create an index of the trigrams of `columns`, on a PostgreSQL server that has the extension pg_trgm.

    Without the index, a search reads all rows.
    """
    if op.get_context().dialect.name != "postgresql":
        return
    indexed = ", ".join(f'"{column}" gin_trgm_ops' for column in columns)
    op.execute(f"""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
                CREATE EXTENSION IF NOT EXISTS pg_trgm;
                CREATE INDEX "ix_{table}{SUFFIX}" ON "{table}" USING gin ({indexed});
            END IF;
        END $$
    """)


def is_compared(name: str | None, kind: str, _: object) -> bool:
    """Return whether a table or index of the database must be in the models, too; Alembic calls it `include_name`."""
    return not (kind == "index" and name is not None and name.endswith(SUFFIX))
