"""What follows a stay: the plan, and what is in it."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | None = None
depends_on: str | None = None

_KINDS = ("support_group", "mentoring", "counseling", "education", "health", "legal", "family", "housing")


def upgrade() -> None:
    op.create_table(
        "aftercare_plans",
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "aftercare_items",
        sa.Column("stay_id", sa.String(), sa.ForeignKey("aftercare_plans.stay_id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("kind", choice(*_KINDS), nullable=False),
        sa.Column("with_whom", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date()),
    )


def downgrade() -> None:
    op.drop_table("aftercare_items")
    op.drop_table("aftercare_plans")
