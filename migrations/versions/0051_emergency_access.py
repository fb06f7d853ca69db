"""Emergency access: who took it, to whose record, why, until when, and the review."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0051"
down_revision: str | None = "0050"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "emergency_accesses",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False, index=True),
        sa.Column("person_id", sa.String(), sa.ForeignKey("people.id"), nullable=False, index=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("owner_id", sa.String(), sa.ForeignKey("agencies.id"), nullable=False),
        sa.Column("grant_id", sa.String(), sa.ForeignKey("grants.id"), nullable=False, index=True),
        sa.Column("reason", choice("life_in_danger", "medical", "missing", "threat"), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("until", instant(), nullable=False),
        sa.Column("ended_at", instant()),
        sa.Column("review_due_at", instant(), nullable=False, index=True),
        sa.Column("reviewed_at", instant()),
        sa.Column("reviewed_by", sa.String()),
        sa.Column("justified", sa.Boolean()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("opened_at < until AND until < review_due_at", name="in_order"),
        sa.CheckConstraint(
            "(reviewed_at IS NULL) = (reviewed_by IS NULL) AND (reviewed_at IS NULL) = (justified IS NULL)",
            name="reviewed_whole",
        ),
        sa.CheckConstraint("reviewed_by <> person_id", name="reviewed_by_another"),
    )
    op.create_index(None, "emergency_accesses", ["agency_id", "opened_at", "id"])
    op.create_index(None, "emergency_accesses", ["owner_id", "opened_at", "id"])
    with op.batch_alter_table("people") as table:
        table.add_column(sa.Column("emergency_until", instant()))


def downgrade() -> None:
    with op.batch_alter_table("people") as table:
        table.drop_column("emergency_until")
    op.drop_table("emergency_accesses")
