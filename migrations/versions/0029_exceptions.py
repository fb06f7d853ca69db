"""Who let a rule be waived for whom and where, why and until when, and the second person."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "exceptions",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("party", choice("facility", "agency", "funder", "young_person"), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", instant(), nullable=False),
        sa.Column("recorded_at", instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("second_due_at", instant(), nullable=False),
        sa.Column("second_at", instant()),
        sa.Column("second_by", sa.String()),
        sa.CheckConstraint("(second_at IS NULL) = (second_by IS NULL)", name="second_whole"),
        sa.CheckConstraint("second_by <> recorded_by", name="second_is_another"),
    )
    op.create_index(None, "exceptions", ["referral_id", "facility_id"])


def downgrade() -> None:
    op.drop_table("exceptions")
