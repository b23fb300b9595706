"""The tables of passwords, second factors, sign-ins and API keys."""

import sqlalchemy as sa
from alembic import op

from your_service.core.database import UtcDateTime

revision = "auth_0001"
down_revision = None
branch_labels = ("auth",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "auth_passwords",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(255), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_auth_passwords")),
        sa.ForeignKeyConstraint(["account_id"], ["core_accounts.id"], name=op.f("fk_auth_passwords_account_id")),
    )
    op.create_table(
        "auth_second_factors",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_auth_second_factors")),
        sa.ForeignKeyConstraint(["account_id"], ["core_accounts.id"], name=op.f("fk_auth_second_factors_account_id")),
    )
    op.create_table(
        "auth_recovery_codes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "hash", name=op.f("pk_auth_recovery_codes")),
        sa.ForeignKeyConstraint(["account_id"], ["core_accounts.id"], name=op.f("fk_auth_recovery_codes_account_id")),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("refreshed_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_sign_ins_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_users.id"], name=op.f("fk_sign_ins_user_id")),
    )
    op.create_index(op.f("ix_sign_ins_organisation_id"), "sign_ins", ["organisation_id", "created_at", "id"])
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"])
    op.create_table(
        "auth_api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("read_only", sa.Boolean(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_api_keys")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["core_organisations.id"],
            name=op.f("fk_auth_api_keys_organisation_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_users.id"], name=op.f("fk_auth_api_keys_user_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["core_users.id"], name=op.f("fk_auth_api_keys_created_by_id")),
    )
    op.create_index(
        op.f("ix_auth_api_keys_organisation_id"),
        "auth_api_keys",
        ["organisation_id", "created_at", "id"],
    )
    op.create_index(op.f("ix_auth_api_keys_user_id"), "auth_api_keys", ["user_id"])


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("auth_api_keys")
    op.drop_table("sign_ins")
    op.drop_table("auth_recovery_codes")
    op.drop_table("auth_second_factors")
    op.drop_table("auth_passwords")
