"""How it is known that nights long over were slept elsewhere: a supervisor's words."""

import sqlalchemy as sa
from alembic import op

revision: str = "0043"
down_revision: str | None = "0042"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("stay_absences") as table:
        table.add_column(sa.Column("note", sa.String()))


def downgrade() -> None:
    with op.batch_alter_table("stay_absences") as table:
        table.drop_column("note")
