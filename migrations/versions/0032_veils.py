"""Houses that an answer called not available show the agency that asked no open bed that night."""

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "veils",
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agencies.id"), primary_key=True),
        sa.Column("night", sa.Date(), primary_key=True),
        sa.Column("facility_id", sa.String(), sa.ForeignKey("facilities.id"), primary_key=True),
    )
    op.create_index(None, "veils", ["facility_id"])


def downgrade() -> None:
    op.drop_table("veils")
