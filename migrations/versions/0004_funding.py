"""Funders, funds, and their dated limits with the clocks of each."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "funders",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), index=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
    )
    op.create_table(
        "funds",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("funder_id", sa.String(), sa.ForeignKey("funders.id"), index=True),
        sa.Column("program", sa.String()),
        sa.Column("last_resort", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )
    op.create_table(
        "fund_limits",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id"), nullable=False, index=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("citation", sa.String()),
        sa.Column("min_age", sa.Integer()),
        sa.Column("max_age", sa.Integer()),
        sa.Column("leaves_at_age", sa.Integer()),
        sa.Column("residence_basis", sa.JSON()),
        sa.Column("residence_counties", sa.JSON()),
        sa.Column("residence_places", sa.JSON()),
        sa.Column("residence_states", sa.JSON()),
        sa.Column("custody_allow", sa.JSON()),
        sa.Column("custody_deny", sa.JSON()),
        sa.Column("trafficking", sa.JSON()),
        sa.Column("genders", sa.JSON()),
        sa.Column("facility_kinds", sa.JSON()),
        sa.Column("excluded_facility_kinds", sa.JSON()),
        sa.Column("requires", sa.JSON()),
        sa.Column("beds_per_night", sa.Integer()),
        sa.Column("nights_left", sa.Integer()),
        sa.Column("rate_cents", sa.Integer()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("beds_per_night >= 0 AND nights_left >= 0 AND rate_cents >= 0", name="counts_not_negative"),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="dates_run_forward"),
        sa.CheckConstraint("leaves_at_age BETWEEN 0 AND 150", name="leaves_at_age_range"),
        sa.CheckConstraint("max_age BETWEEN 0 AND 150", name="max_age_range"),
        sa.CheckConstraint("min_age BETWEEN 0 AND 150", name="min_age_range"),
        sa.CheckConstraint(
            "residence_basis IS NOT NULL OR (residence_counties IS NULL AND residence_places"
            " IS NULL AND residence_states IS NULL)",
            name="residence_has_basis",
        ),
        sa.UniqueConstraint("fund_id", "position"),
    )
    op.create_table(
        "fund_clocks",
        sa.Column("limit_id", sa.String(), sa.ForeignKey("fund_limits.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("unit", choice("night", "day", "business_day"), nullable=False),
        sa.Column("window", choice("stay", "chain", "trailing", "fiscal_year", "lifetime"), nullable=False),
        sa.Column("window_days", sa.Integer()),
        sa.Column("window_months", sa.Integer()),
        sa.Column("scope", choice("fund", "facility"), nullable=False),
        sa.Column("gap_days", sa.Integer(), nullable=False),
        sa.Column("absence", choice("pauses", "counts"), nullable=False),
        sa.Column("fiscal_year_start", sa.String()),
        sa.Column("extension_by", sa.Integer()),
        sa.Column("extension_times", sa.Integer()),
        sa.Column("extension_approval", sa.String()),
        sa.CheckConstraint('"limit" >= 0 AND gap_days >= 0', name="counts_not_negative"),
        sa.CheckConstraint("unit = 'night' OR \"window\" IN ('stay', 'chain')", name="days_within_a_stay"),
        sa.CheckConstraint(
            "(extension_approval IS NULL) = (extension_by IS NULL) AND (extension_approval IS"
            " NULL) = (extension_times IS NULL)",
            name="extension_whole",
        ),
        sa.CheckConstraint(
            "\"window\" <> 'fiscal_year' OR fiscal_year_start IS NOT NULL", name="fiscal_year_has_start"
        ),
        sa.CheckConstraint(
            "fiscal_year_start LIKE '__-__' AND fiscal_year_start <> '02-29'", name="fiscal_year_start_shape"
        ),
        sa.CheckConstraint(
            "\"window\" <> 'trailing' OR (window_days IS NULL) <> (window_months IS NULL)",
            name="trailing_has_one_length",
        ),
        sa.CheckConstraint("window_days >= 1", name="window_days_positive"),
        sa.CheckConstraint("window_months >= 1", name="window_months_positive"),
    )


def downgrade() -> None:
    for table in ("fund_clocks", "fund_limits", "funds", "funders"):
        op.drop_table(table)
