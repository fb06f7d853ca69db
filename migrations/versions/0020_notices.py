"""What an agency's people were told."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("event_id", sa.String(), nullable=False, unique=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("facility_id", sa.String()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("seen_at", instant()),
        sa.Column("seen_by", sa.String()),
    )
    op.create_index(None, "notices", ["agency_id", "seq"])


def downgrade() -> None:
    op.drop_table("notices")
