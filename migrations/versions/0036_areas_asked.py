"""Which places to avoid an agency asked about last when: how many it may ask about within a day is counted."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "areas_asked",
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), primary_key=True),
        sa.Column(
            "kind",
            sa.Enum("county", "list", "circle", name="areakind", native_enum=False, create_constraint=True, length=40),
            primary_key=True,
        ),
        sa.Column("place", sa.String(), primary_key=True),
        sa.Column("asked_at", instant(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("areas_asked")
