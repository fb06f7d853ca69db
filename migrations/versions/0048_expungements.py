"""Expungements: what one person asked for and another agreed to, which is the tombstone of a record."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0048"
down_revision: str | None = "0047"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "expungements",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column(
            "reason",
            choice("court_order", "young_person_asks", "kept_long_enough", "entered_by_mistake"),
            nullable=False,
        ),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", instant(), nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", instant()),
        sa.Column("agreed", sa.Boolean()),
        sa.CheckConstraint("NOT agreed OR decided_by <> asked_by", name="takes_two"),
    )


def downgrade() -> None:
    op.drop_table("expungements")
