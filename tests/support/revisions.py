"""Revisions that tests write by hand."""

_TEXT = '''"""{about}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = "{previous}"
branch_labels = None
depends_on = {depends_on!r}


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def revision(
    name: str,
    previous: str,
    upgrade: str,
    downgrade: str = "pass",
    *,
    about: str = "A revision",
    depends_on: str | None = None,
) -> str:
    """Return the text of a revision with these statements."""
    return _TEXT.format(
        name=name, previous=previous, upgrade=upgrade, downgrade=downgrade, about=about, depends_on=depends_on
    )
