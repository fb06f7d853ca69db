"""Licences, and safeguards with their evidence."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "licences",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), nullable=False, index=True),
        sa.Column("status", choice("active", "provisional", "suspended", "expired", "none")),
        sa.Column("valid_from", sa.Date()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("capacity", sa.Integer()),
        sa.Column("min_age", sa.Integer()),
        sa.Column("max_age", sa.Integer()),
        sa.Column("genders", sa.JSON()),
        sa.Column("infants", sa.Boolean()),
        sa.Column("evidence", sa.String()),
        sa.Column("recorded_at", instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        sa.CheckConstraint("expires_on >= valid_from", name="dates_run_forward"),
        sa.CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
        sa.CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
    )
    op.create_table(
        "safeguard_evidence",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column(
            "code",
            choice(
                "egress",
                "fire_clearance",
                "outside_contact",
                "remote",
                "equal_activities",
                "awake_night_staff",
                "education",
                "grievance_contact",
            ),
            primary_key=True,
        ),
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("value", sa.String()),
        sa.Column("verified_on", sa.Date()),
        sa.Column("verified_by", sa.String()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("recorded_at", instant(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "value IS NULL OR (code = 'egress' AND value IN ('unlocked', 'delayed_release',"
            " 'locked_with_release', 'locked_no_release')) OR (code = 'outside_contact' AND"
            " value IN ('open', 'reviewed_individually', 'blanket_ban')) OR (code NOT IN"
            " ('egress', 'outside_contact') AND value IN ('true', 'false'))",
            name="value_of_code",
        ),
    )


def downgrade() -> None:
    for table in ("safeguard_evidence", "licences"):
        op.drop_table(table)
