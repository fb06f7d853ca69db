"""What was published: each table of counts as it left, with what it hid."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0061"
down_revision: str | None = "0060"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "published_tables",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("kind", choice("network", "turned_away", "unmet", "nights"), nullable=False),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id"), index=True),
        sa.Column("first", sa.Date(), nullable=False, index=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("published_at", instant(), nullable=False),
        sa.Column("most_small", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("floor_reason", sa.String()),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("once", sa.String(), nullable=False, unique=True),
        sa.CheckConstraint("until > first", name="dates_run_forward"),
    )


def downgrade() -> None:
    op.drop_table("published_tables")
