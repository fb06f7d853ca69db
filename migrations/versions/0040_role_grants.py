"""Roles that take two people: who asked for them, and who agreed."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | None = None
depends_on: str | None = None

ROLES = (
    "intake_coordinator",
    "facility_staff",
    "funder_analyst",
    "partner",
    "supervisor",
    "administrator",
    "security_administrator",
    "auditor",
)


def upgrade() -> None:
    op.create_table(
        "role_grants",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("role", choice(*ROLES), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", instant(), nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", instant()),
        sa.Column("agreed", sa.Boolean()),
    )


def downgrade() -> None:
    op.drop_table("role_grants")
