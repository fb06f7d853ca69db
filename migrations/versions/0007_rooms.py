"""Units and beds, and the nights on which a bed cannot be slept in."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("genders", sa.JSON()),
        sa.Column("min_age", sa.Integer()),
        sa.Column("max_age", sa.Integer()),
        sa.Column("max_age_gap_years", sa.Integer()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("max_age_gap_years >= 0", name="max_age_gap_not_negative"),
        sa.CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
        sa.CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
        sa.UniqueConstraint("facility_id", "id"),
    )
    op.create_table(
        "beds",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", choice("open", "held", "occupied", "cleaning", "offline"), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("held_for", sa.String()),
        sa.Column("confirmed_at", instant()),
        sa.Column("confirmed_by", sa.String()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmation_whole"),
        sa.CheckConstraint("held_for IS NULL OR status = 'held'", name="held_for_a_held_bed"),
        sa.ForeignKeyConstraint(["facility_id", "unit_id"], ["units.facility_id", "units.id"]),
        sa.UniqueConstraint("facility_id", "id"),
    )
    op.create_index(None, "beds", ["facility_id", "unit_id"])
    op.create_table(
        "bed_unavailable",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("bed_id", sa.String(), sa.ForeignKey("beds.id"), nullable=False, index=True),
        sa.Column("from_night", sa.Date(), nullable=False),
        sa.Column("until_night", sa.Date(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.CheckConstraint("until_night >= from_night", name="dates_run_forward"),
    )


def downgrade() -> None:
    for table in ("bed_unavailable", "beds", "units"):
        op.drop_table(table)
