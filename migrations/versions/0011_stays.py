"""Stays with their payers and nights away, and the holidays that business days leave out."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "stays",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id")),
        sa.Column("outside_facility", sa.String()),
        sa.Column("bed_id", sa.String()),
        sa.Column("outside_bed", sa.String()),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("left_on", sa.Date()),
        sa.Column("expected_until", sa.Date()),
        sa.Column("in_house", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("left_on >= admitted_on", name="dates_run_forward"),
        sa.CheckConstraint("expected_until >= admitted_on", name="expected_runs_forward"),
        sa.CheckConstraint("(facility_id IS NULL) <> (outside_facility IS NULL)", name="one_facility"),
        sa.ForeignKeyConstraint(["facility_id", "bed_id"], ["beds.facility_id", "beds.id"]),
    )
    op.create_index(None, "stays", ["facility_id", "bed_id"])
    op.create_table(
        "stay_payers",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), nullable=False, index=True),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id"), nullable=False, index=True),
        sa.Column("paid_from", sa.Date(), nullable=False),
        sa.Column("paid_until", sa.Date()),
        sa.CheckConstraint("paid_until >= paid_from", name="dates_run_forward"),
    )
    op.create_table(
        "stay_absences",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), nullable=False, index=True),
        sa.Column("away_from", sa.Date(), nullable=False),
        sa.Column("away_until", sa.Date(), nullable=False),
        sa.CheckConstraint("away_until >= away_from", name="dates_run_forward"),
    )
    op.create_table(
        "holidays",
        sa.Column("state", sa.String(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.CheckConstraint("length(state) = 2 AND rtrim(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="state_shape"),
    )


def downgrade() -> None:
    for table in ("holidays", "stay_absences", "stay_payers", "stays"):
        op.drop_table(table)
