"""Which warnings were given before a stay's cliff."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "cap_warnings",
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), primary_key=True),
        sa.Column("cliff", sa.Date(), primary_key=True),
        sa.Column("nights", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id")),
        sa.Column("approval", sa.String()),
        sa.CheckConstraint("nights >= 1", name="nights_positive"),
    )


def downgrade() -> None:
    op.drop_table("cap_warnings")
