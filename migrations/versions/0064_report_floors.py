"""From how many young people on a count may leave, each change of it kept."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0064"
down_revision: str | None = "0063"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "report_floors",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("most_small", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.CheckConstraint("most_small BETWEEN 4 AND 50", name="most_small_range"),
        sa.CheckConstraint("most_small >= 10 OR reason IS NOT NULL", name="reason_below_the_default"),
    )


def downgrade() -> None:
    op.drop_table("report_floors")
