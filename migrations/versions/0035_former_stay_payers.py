"""What was said of who paid a stay beside the ledger, before somebody put it right."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "former_stay_payers",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), nullable=False, index=True),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("fund_id", sa.String()),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("corrected_at", instant(), nullable=False),
        sa.Column("corrected_by", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("former_stay_payers")
