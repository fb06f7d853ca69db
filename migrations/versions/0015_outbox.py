"""What happened and who is to be told: the transactional outbox."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None

WAITING = sa.text("delivered_at IS NULL AND dead_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), nullable=False, index=True),
        sa.Column("facility_id", sa.String()),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("once", sa.String(), unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("due_at", instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", instant()),
        sa.Column("delivered_at", instant()),
        sa.Column("dead_at", instant()),
    )
    op.create_index(
        "ix_outbox_events_waiting",
        "outbox_events",
        ["due_at", "seq"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    op.drop_table("outbox_events")
