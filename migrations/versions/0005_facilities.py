"""Facilities, and apart from them where they are; the funds they accept, and staff on a night."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "facilities",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), index=True),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column(
            "kind",
            choice(
                "emergency_shelter",
                "assessment_center",
                "safe_house",
                "group_home",
                "residential_treatment",
                "transitional_living",
                "foster_home",
                "therapeutic_foster_home",
                "secure_detention",
            ),
            nullable=False,
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("region", sa.String()),
        sa.Column("county", sa.String()),
        sa.Column("place", sa.String()),
        sa.Column("duty_phone", sa.String()),
        sa.Column("population", choice("trafficking_only", "mixed")),
        sa.Column("admits", sa.JSON()),
        sa.Column("services", sa.JSON()),
        sa.Column("languages", sa.JSON()),
        sa.Column("declines", sa.JSON()),
        sa.Column("night_ratio", sa.Integer()),
        sa.Column("funds_known", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("length(county) = 5 AND rtrim(county, '0123456789') = ''", name="county_shape"),
        sa.CheckConstraint("night_ratio >= 0", name="night_ratio_not_negative"),
        sa.CheckConstraint("length(place) = 7 AND rtrim(place, '0123456789') = ''", name="place_shape"),
        sa.CheckConstraint("length(state) = 2 AND rtrim(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="state_shape"),
    )
    op.create_table(
        "facility_points",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column("latitude", sa.Double(), nullable=False),
        sa.Column("longitude", sa.Double(), nullable=False),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_range"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_range"),
    )
    op.create_table(
        "facility_addresses",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column("shown", choice("by_phone", "on_screen"), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
    )
    op.create_table(
        "facility_funds",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id"), primary_key=True, index=True),
    )
    op.create_table(
        "night_staffing",
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
        sa.Column("night", sa.Date(), primary_key=True),
        sa.Column("awake_staff", sa.Integer(), nullable=False),
        sa.Column("stated_at", instant(), nullable=False),
        sa.Column("stated_by", sa.String(), nullable=False),
        sa.CheckConstraint("awake_staff >= 0", name="awake_staff_not_negative"),
    )


def downgrade() -> None:
    for table in ("night_staffing", "facility_funds", "facility_addresses", "facility_points", "facilities"):
        op.drop_table(table)
