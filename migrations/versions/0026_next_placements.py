"""Which stay a referral goes on from."""

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "next_placements",
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), primary_key=True),
        sa.Column("stay_id", sa.String(), sa.ForeignKey("stays.id"), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("next_placements")
