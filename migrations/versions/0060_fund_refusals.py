"""The gap ledger: by which rules each fund refused, decision by decision."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import choice

revision: str = "0060"
down_revision: str | None = "0055"
branch_labels: str | None = None
depends_on: str | None = None

_KINDS = (
    "emergency_shelter", "assessment_center", "safe_house", "group_home", "residential_treatment",
    "transitional_living", "foster_home", "therapeutic_foster_home", "secure_detention",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "decisions_counted",
        sa.Column("run_id", sa.String(), sa.ForeignKey("ranking_runs.id"), primary_key=True),
        sa.Column("referral_id", sa.String(), sa.ForeignKey("referrals.id"), nullable=False, index=True),
        sa.Column("night", sa.Date(), nullable=False, index=True),
    )
    op.create_table(
        "fund_refusals",
        sa.Column("run_id", sa.String(), sa.ForeignKey("decisions_counted.run_id"), primary_key=True),
        sa.Column("fund_id", sa.String(), sa.ForeignKey("funds.id"), primary_key=True),
        sa.Column("rule", sa.String(), primary_key=True),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("facility_kind", choice(*_KINDS), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("decisive", sa.Boolean(), nullable=False),
    )
    op.create_index(None, "fund_refusals", ["fund_id", "night"])


def downgrade() -> None:
    op.drop_table("fund_refusals")
    op.drop_table("decisions_counted")
