"""Referrals."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False, unique=True),
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("status", choice("open", "placed", "withdrawn", "closed"), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("opened_at", instant()),
        sa.Column("urgency", sa.Integer()),
        sa.Column("needed_from", sa.Date()),
        sa.Column("nights_needed", sa.Integer()),
        sa.Column("home_latitude", sa.Double()),
        sa.Column("home_longitude", sa.Double()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "home_latitude BETWEEN -90 AND 90 AND home_longitude BETWEEN -180 AND 180", name="home_point_range"
        ),
        sa.CheckConstraint("(home_latitude IS NULL) = (home_longitude IS NULL)", name="home_point_whole"),
        sa.CheckConstraint("nights_needed >= 1", name="nights_needed_positive"),
        sa.CheckConstraint("urgency BETWEEN 1 AND 4", name="urgency_range"),
    )
    op.create_index(None, "referrals", ["created_at", "id"])
    op.create_index(None, "referrals", ["status"])


def downgrade() -> None:
    op.drop_table("referrals")
