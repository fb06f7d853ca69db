"""Why a supervisor looked at a whole decision."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "whole_views",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), nullable=False, index=True),
        sa.Column("viewed_at", instant(), nullable=False),
        sa.Column("viewed_by", sa.String(), nullable=False),
        sa.Column("reason", choice("safety_concern", "complaint", "court_asks", "case_review"), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("whole_views")
