"""Programs outside that an agency wants told."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False, index=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("purpose", choice("events", "messages"), nullable=False),
        sa.Column("kinds", sa.JSON()),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("previous_secret", sa.String()),
        sa.Column("previous_until", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("disabled_at", instant()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous_whole"),
    )


def downgrade() -> None:
    op.drop_table("webhook_endpoints")
