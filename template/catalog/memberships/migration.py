"""The tables of invitations, of the tokens in e-mails, and of requests for a new password."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime

revision = "memberships_0001"
down_revision = None
branch_labels = ("memberships",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(50), nullable=False),
        sa.Column("inviter_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("mailed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_invitations_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["inviter_id"], ["core_users.id"], name=op.f("fk_invitations_inviter_id")),
        sa.UniqueConstraint("organisation_id", "email", name=op.f("uq_invitations_organisation_id_email")),
    )
    op.create_index(op.f("ix_invitations_organisation_id"), "invitations", ["organisation_id", "created_at", "id"])
    op.create_index(op.f("ix_invitations_inviter_id"), "invitations", ["inviter_id"])
    op.create_table(
        "one_time_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_tokens")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_one_time_tokens_organisation_id"),
        ),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_one_time_tokens_secret_hash")),
    )
    op.create_index(
        op.f("ix_one_time_tokens_organisation_id"),
        "one_time_tokens",
        ["organisation_id", "created_at", "id"],
    )
    op.create_index(op.f("ix_one_time_tokens_owner_id"), "one_time_tokens", ["owner_id"])
    op.create_table(
        "password_reset_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_reset_requests")),
    )
    op.create_index(op.f("ix_password_reset_requests_created_at"), "password_reset_requests", ["created_at"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("password_reset_requests")
    op.drop_table("one_time_tokens")
    op.drop_table("invitations")
