"""What people prove themselves with: enrolment links, passwords, authenticators, recovery codes, devices, guesses."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | None = None
depends_on: str | None = None


def _person(*, primary_key: bool = False, index: bool | None = None) -> sa.Column[str]:
    whose = sa.ForeignKey("people.id")
    return sa.Column("person_id", sa.String(), whose, nullable=False, primary_key=primary_key, index=index)


def upgrade() -> None:
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(), primary_key=True),
        _person(index=True),
        sa.Column("token_sha256", sa.String(), nullable=False, unique=True),
        sa.Column("totp_secret", sa.String(), nullable=False),
        sa.Column("anew", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant()),
    )
    op.create_table(
        "passwords",
        _person(primary_key=True),
        sa.Column("argon2", sa.String(), nullable=False),
        sa.Column("set_at", instant(), nullable=False),
    )
    op.create_table(
        "authenticators",
        _person(primary_key=True),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("added_at", instant(), nullable=False),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_sha256", sa.String(), primary_key=True),
        _person(index=True),
        sa.Column("used_at", instant()),
    )
    op.create_table(
        "devices",
        sa.Column("token_sha256", sa.String(), primary_key=True),
        _person(primary_key=True, index=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("first_seen_at", instant(), nullable=False),
        sa.Column("last_seen_at", instant(), nullable=False),
    )
    op.create_table(
        "guess_quotas",
        sa.Column("of", sa.String(), primary_key=True),
        sa.Column("free_at", sa.Double(), nullable=False),
    )
    with op.batch_alter_table("sign_ins") as table:
        table.add_column(sa.Column("device", sa.String()))
        table.add_column(sa.Column("shift", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("sign_ins") as table:
        table.alter_column("shift", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("sign_ins") as table:
        table.drop_column("shift")
        table.drop_column("device")
    for name in ("guess_quotas", "devices", "recovery_codes", "authenticators", "passwords", "enrolments"):
        op.drop_table(name)
