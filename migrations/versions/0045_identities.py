"""Who a young person is, sealed under her or his own key. What goes down the stairs again is not put into clear."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0045"
down_revision: str | None = "0044"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "minor_identities",
        sa.Column("minor_id", sa.String(), sa.ForeignKey("minors.id"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("written_at", instant(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("minor_identities")
