"""The need profile of a minor, without identity."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "minors",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("born_on", sa.Date()),
        sa.Column("age_min", sa.Integer()),
        sa.Column("age_max", sa.Integer()),
        sa.Column("gender", choice("female", "male", "nonbinary")),
        sa.Column("custody", choice("none", "parent", "dependent", "ward_state", "ward_justice", "tribal")),
        sa.Column("trafficking", choice("verified", "at_risk", "screening_pending")),
        sa.Column("infants", sa.Integer()),
        sa.Column("services", sa.JSON()),
        sa.Column("services_required", sa.JSON()),
        sa.Column("languages", sa.JSON()),
        sa.Column("conditions", sa.JSON()),
        sa.Column("approvals", sa.JSON()),
        sa.Column("history", choice("complete")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("age_min >= 0 AND age_max >= age_min AND age_max <= 150", name="age_range_order"),
        sa.CheckConstraint("(age_min IS NULL) = (age_max IS NULL)", name="age_range_whole"),
        sa.CheckConstraint("infants >= 0", name="infants_not_negative"),
    )
    op.create_table(
        "minor_places",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("basis", choice("residence", "found", "jurisdiction"), primary_key=True),
        sa.Column("county", sa.String()),
        sa.Column("place", sa.String()),
        sa.Column("state", sa.String()),
        sa.Column("none", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(county) = 5 AND rtrim(county, '0123456789') = ''", name="county_shape"),
        sa.CheckConstraint("length(place) = 7 AND rtrim(place, '0123456789') = ''", name="place_shape"),
        sa.CheckConstraint("length(state) = 2 AND rtrim(state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="state_shape"),
    )
    op.create_table(
        "minor_avoids",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("kind", choice("county", "circle", "facility"), nullable=False),
        sa.Column("county", sa.String()),
        sa.Column("facility", sa.String(), index=True),
        sa.Column("latitude", sa.Double()),
        sa.Column("longitude", sa.Double()),
        sa.Column("kilometres", sa.Double()),
        sa.CheckConstraint(
            "(kind = 'circle') = (latitude IS NOT NULL) AND (kind = 'circle') = (longitude IS"
            " NOT NULL) AND (kind = 'circle') = (kilometres IS NOT NULL)",
            name="circle_of_kind",
        ),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180 AND kilometres >= 0", name="circle_range"
        ),
        sa.CheckConstraint("(kind = 'county') = (county IS NOT NULL)", name="county_of_kind"),
        sa.CheckConstraint("length(county) = 5 AND rtrim(county, '0123456789') = ''", name="county_shape"),
        sa.CheckConstraint("(kind = 'facility') = (facility IS NOT NULL)", name="facility_of_kind"),
    )
    op.create_table(
        "minor_wishes",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("facility", sa.String(), primary_key=True),
        sa.Column("wish", choice("prefer", "refuse"), primary_key=True),
    )
    op.create_table(
        "minor_keep_apart",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("other_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True, index=True),
    )
    op.create_table(
        "minor_siblings",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("sibling_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True, index=True),
    )
    op.create_table(
        "interstate_approvals",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("from_state", sa.String(), primary_key=True),
        sa.Column("to_state", sa.String(), primary_key=True),
        sa.CheckConstraint(
            "length(from_state) = 2 AND rtrim(from_state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="from_state_shape"
        ),
        sa.CheckConstraint(
            "length(to_state) = 2 AND rtrim(to_state, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') = ''", name="to_state_shape"
        ),
    )


def downgrade() -> None:
    for table in (
        "interstate_approvals",
        "minor_siblings",
        "minor_keep_apart",
        "minor_wishes",
        "minor_avoids",
        "minor_places",
        "minors",
    ):
        op.drop_table(table)
