"""The blind index of names: under which key each number stands, so that another key can take its place."""

import sqlalchemy as sa
from alembic import op

revision: str = "0074"
down_revision: str | None = "0073"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Null: under the key that was there before it was noted.
    op.add_column("identity_index", sa.Column("key_id", sa.String()))


def downgrade() -> None:
    with op.batch_alter_table("identity_index") as table:
        table.drop_column("key_id")
