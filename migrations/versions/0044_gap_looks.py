"""Up to which night nights slept unpaid were looked for, so that none is missed however long nobody looked."""

import sqlalchemy as sa
from alembic import op

revision: str = "0044"
down_revision: str | None = "0043"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table("gap_looks", sa.Column("night", sa.Date(), primary_key=True))


def downgrade() -> None:
    op.drop_table("gap_looks")
