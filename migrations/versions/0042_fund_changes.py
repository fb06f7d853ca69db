"""How often funds and their limits had changed when a decision was made: one that saw others is outdated."""

import sqlalchemy as sa
from alembic import op

revision: str = "0042"
down_revision: str | None = "0041"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("run_grounds") as table:
        table.add_column(sa.Column("fund_changes", sa.Integer()))


def downgrade() -> None:
    with op.batch_alter_table("run_grounds") as table:
        table.drop_column("fund_changes")
