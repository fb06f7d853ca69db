"""What was learnt of what beds are worth to those still to come: dated rows, each with what it was learnt from."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "learnt_prices",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("learnt_at", instant(), nullable=False, index=True),
        sa.Column("learnt_on", sa.Date(), nullable=False),
        sa.Column("nights", sa.Integer(), nullable=False),
        sa.Column("referrals", sa.Integer(), nullable=False),
        sa.Column("history_sha256", sa.String(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.CheckConstraint("nights >= 0 AND referrals >= 0", name="not_negative"),
    )


def downgrade() -> None:
    op.drop_table("learnt_prices")
