"""A limit says how many nights it may pay in all; how many are left is counted over the ledger."""

from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | None = None
depends_on: str | None = None


# Both databases rewrite the CHECK along with the name.
def upgrade() -> None:
    op.execute("ALTER TABLE fund_limits RENAME COLUMN nights_left TO nights_granted")


def downgrade() -> None:
    op.execute("ALTER TABLE fund_limits RENAME COLUMN nights_granted TO nights_left")
