"""Who the house says lives there, and who last confirmed its beds."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "residents",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("bed_id", sa.String()),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), index=True),
        sa.Column("trafficking", choice("verified", "at_risk", "screening_pending", "none")),
        sa.Column("age", sa.Integer()),
        sa.Column("present_from", sa.Date()),
        sa.Column("present_until", sa.Date()),
        sa.Column("closed_at", instant()),
        sa.CheckConstraint("age BETWEEN 0 AND 150", name="age_range"),
        sa.CheckConstraint("present_until >= present_from", name="dates_run_forward"),
        sa.ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
    )
    op.create_index(None, "residents", ["facility_id", "bed_id"])
    op.create_table(
        "confirmations",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False, index=True),
        sa.Column("confirmed_at", instant(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("beds", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    for table in ("confirmations", "residents"):
        op.drop_table(table)
