"""What would have opened a bed, kept for each decision that found none."""

import sqlalchemy as sa
from alembic import op

revision: str = "0067"
down_revision: str | None = "0066"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "gap_unlocks",
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), primary_key=True),
        sa.Column("night", sa.Date(), nullable=False, index=True),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("sets", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("gap_unlocks")
