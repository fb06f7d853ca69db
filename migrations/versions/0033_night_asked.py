"""The night that a house is asked for stands with the question, also where no bed is kept meanwhile."""

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("offers") as table:
        table.add_column(sa.Column("first_night", sa.Date(), nullable=True))
    op.execute(
        "UPDATE offers SET first_night = coalesce("
        "(SELECT first_night FROM holds WHERE holds.id = offers.hold_id),"
        " (SELECT tonight FROM ranking_runs WHERE ranking_runs.id = offers.run_id))"
    )
    with op.batch_alter_table("offers") as table:
        table.alter_column("first_night", existing_type=sa.Date(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("offers") as table:
        table.drop_column("first_night")
