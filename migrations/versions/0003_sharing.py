"""Releases of information, and the grants that say which agency may see which minor."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("signers", sa.JSON(), nullable=False),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant(), nullable=False),
        sa.Column("revoked_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_from < valid_until", name="in_order"),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("minor_id", sa.String(), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column(
            "relation",
            choice("owner", "referred", "offered", "placed", "released", "emergency"),
            nullable=False,
        ),
        sa.Column("release_id", sa.String(), sa.ForeignKey("releases.id"), index=True),
        sa.Column("valid_from", instant(), nullable=False),
        sa.Column("valid_until", instant()),
        sa.CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="in_order"),
        sa.CheckConstraint("relation <> 'released' OR release_id IS NOT NULL", name="released_by"),
    )
    op.create_index(None, "grants", ["agency_id", "minor_id"])


def downgrade() -> None:
    op.drop_table("grants")
    op.drop_table("releases")
