"""Each receiver of an event gets a delivery of its own; an event is first handed on, then delivered."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None

TO_HAND_ON = sa.text("handed_on_at IS NULL AND dead_at IS NULL")
TO_SEND = sa.text("delivered_at IS NULL AND dead_at IS NULL")
SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.drop_index("ix_outbox_events_waiting", "outbox_events")
    op.add_column("outbox_events", sa.Column("handed_on_at", instant()))
    _index_events(TO_HAND_ON)
    op.create_table(
        "outbox_deliveries",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("event_seq", SEQ, sa.ForeignKey("outbox_events.seq"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("next_try_at", instant(), nullable=False),
        sa.Column("claim", sa.String()),
        sa.Column("claimed_until", instant()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.String()),
        sa.Column("delivered_at", instant()),
        sa.Column("dead_at", instant()),
        sa.UniqueConstraint("event_seq", "channel", "target"),
    )
    op.create_index("ix_outbox_deliveries_target", "outbox_deliveries", ["target", "created_at", "id"])
    op.create_index(
        "ix_outbox_deliveries_waiting",
        "outbox_deliveries",
        ["next_try_at"],
        sqlite_where=TO_SEND,
        postgresql_where=TO_SEND,
    )


def downgrade() -> None:
    op.drop_table("outbox_deliveries")
    op.drop_index("ix_outbox_events_waiting", "outbox_events")
    with op.batch_alter_table("outbox_events") as batch:
        batch.drop_column("handed_on_at")
    _index_events(TO_SEND)


def _index_events(waiting: sa.TextClause) -> None:
    op.create_index(
        "ix_outbox_events_waiting", "outbox_events", ["due_at", "seq"], sqlite_where=waiting, postgresql_where=waiting
    )
