"""Agencies' own sign-ins: where they stand, who is bound to whom there, and who is on the way."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0066"
down_revision: str | None = "0065"
branch_labels: str | None = None
depends_on: str | None = None

_IN_USE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "agency_sign_ins",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_secret", sa.String(), nullable=False),
        sa.Column("acr", sa.String()),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("ended_at", instant()),
    )
    for name, column in (("one", "agency_id"), ("word", "word")):
        op.create_index(
            f"ix_agency_sign_ins_{name}",
            "agency_sign_ins",
            [column],
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        )
    op.create_table(
        "agency_identities",
        sa.Column("sign_in_id", sa.String(), sa.ForeignKey("agency_sign_ins.id"), primary_key=True),
        sa.Column("subject", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("bound_at", instant(), nullable=False),
        sa.Column("last_used_at", instant()),
        sa.UniqueConstraint("sign_in_id", "person_id"),
    )
    op.create_table(
        "departures",
        sa.Column("state_sha256", sa.String(), primary_key=True),
        sa.Column("sign_in_id", sa.String(), sa.ForeignKey("agency_sign_ins.id"), nullable=False, index=True),
        sa.Column("purpose", choice("sign_in", "prove", "bind"), nullable=False),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), index=True),
        sa.Column("enrolment_id", sa.String(), sa.ForeignKey("enrolments.id"), index=True),
        sa.Column("back_to", sa.String(), nullable=False),
        sa.Column("shift", sa.Boolean(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
    )


def downgrade() -> None:
    for table in ("departures", "agency_identities", "agency_sign_ins"):
        op.drop_table(table)
