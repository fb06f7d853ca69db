"""What a bed was before it was turned, and until when one is offline."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice, instant

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | None = None
depends_on: str | None = None

_STATES = ("open", "held", "occupied", "cleaning", "offline")


def upgrade() -> None:
    # As a constraint of the column it comes and goes with the column on both databases, and no table is copied.
    check = "CONSTRAINT ck_beds_until_of_an_offline_bed CHECK (offline_until IS NULL OR status = 'offline')"
    op.execute(f"ALTER TABLE beds ADD COLUMN offline_until DATE {check}")
    op.create_table(
        "bed_changes",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("bed_id", sa.String(), sa.ForeignKey("beds.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by", sa.String()),
        sa.Column("said", sa.Boolean(), nullable=False),
        sa.Column("status", choice(*_STATES), nullable=False),
        sa.Column("was_status", choice(*_STATES), nullable=False),
        sa.Column("was_reason", sa.String()),
        sa.Column("was_held_for", sa.String()),
        sa.Column("was_offline_until", sa.Date()),
        sa.Column("was_confirmed_at", instant()),
        sa.Column("was_confirmed_by", sa.String()),
        sa.Column("left", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("listed", sa.String(), sa.ForeignKey("residents.id")),
        sa.Column("undoes", sa.String(), sa.ForeignKey("bed_changes.id")),
        sa.UniqueConstraint("bed_id", "version"),
    )


def downgrade() -> None:
    op.drop_table("bed_changes")
    op.drop_column("beds", "offline_until")
